from __future__ import annotations

from bot.app import open_app
from bot.core.store.work import Job
from tests.scenarios.chat import Chat
from tests.scenarios.world import World, open_world


async def test_an_idle_process_hears_of_what_another_one_has_written(postgres_url: str) -> None:
    """The clock stands still, so that nobody polls."""
    async with open_world(postgres_url) as world:
        await world.has_response_plan(topic=await world.has_topic_in_slack())
        chat = Chat(world)

        async with open_app(world.app.settings, clock=world.clock, only="engine"):
            for number in (1, 2, 3):
                await starts(world)
                await world.town.until(lambda n=number: len(chat.cards()) == n)  # type: ignore[misc]


async def test_what_a_process_tells_it_carries_itself_though_no_engine_runs_in_it(
    postgres_url: str,
) -> None:
    async with open_world(postgres_url) as world:
        await world.has_person("ana")
        await world.has_response_plan("ana")
        await starts(world)
        await world.town.until(lambda: world.pages_on("ana"))
        assert await world.app.store.read(lambda tx: tx.select(Job, task="advance_engagement"))


async def starts(world: World) -> None:
    plan = f"arn:aws:ssm-incidents::{world.app.settings.account_id}:response-plan/payments"
    await world.ask("ssm-incidents", "StartIncident", responsePlanArn=plan)
