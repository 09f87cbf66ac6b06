"""What may happen in a step: operators at work, and misfortunes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from tests.simulation.process import Process
from tests.simulation.town import CONTACTS, INCIDENTS, Town, person_plan, team_plan
from tests.simulation.world import World

Step = Callable[[World, Town], Awaitable[None]]


async def engage(world: World, town: Town) -> None:
    contact = world.random.choice([*town.people, *town.plans])
    world.tell(f"{contact} is engaged")

    async def ask(process: Process) -> None:
        answer = await process.answers(
            CONTACTS,
            "StartEngagement",
            ContactId=contact,
            Sender="ops",
            Subject="It burns",
            Content="All of it.",
        )
        town.engagements.append(answer["EngagementArn"])

    await world.survives(ask)


async def open_incident(world: World, town: Town) -> None:
    world.tell("an incident is opened")

    async def ask(process: Process) -> None:
        answer = await process.answers(
            INCIDENTS, "StartIncident", responsePlanArn=town.response_plan
        )
        town.incidents.append(answer["incidentRecordArn"])

    await world.survives(ask)


async def resolve(world: World, town: Town) -> None:
    if town.incidents:
        arn = world.random.choice(town.incidents)
        await _ask(world, INCIDENTS, "UpdateIncidentRecord", arn=arn, status="RESOLVED")


async def stop(world: World, town: Town) -> None:
    if town.engagements:
        arn = world.random.choice(town.engagements)
        await _ask(world, CONTACTS, "StopEngagement", EngagementId=arn, Reason="enough")


async def edit_plan(world: World, town: Town) -> None:
    random = world.random
    arn = random.choice([*town.people, *(p for p in town.plans if not p.endswith("/on-call"))])
    is_person = arn in town.channels
    plan = person_plan(random, town.channels[arn]) if is_person else team_plan(random, town)
    await _ask(world, CONTACTS, "UpdateContact", ContactId=arn, Plan=plan)


async def delete_channel(world: World, town: Town) -> None:
    arn = _channel(world, town)
    await _ask(world, CONTACTS, "DeleteContactChannel", ContactChannelId=arn)


async def deactivate_channel(world: World, town: Town) -> None:
    arn = _channel(world, town)
    await _ask(world, CONTACTS, "DeactivateContactChannel", ContactChannelId=arn)


async def delete_contact(world: World, town: Town) -> None:
    arn = world.random.choice([*town.people, *town.plans])
    await _ask(world, CONTACTS, "DeleteContact", ContactId=arn)


async def mute(world: World, town: Town) -> None:
    arn = world.random.choice([*town.people, *town.plans])
    until = world.clock.now() + timedelta(minutes=world.random.choice((1, 5, 60)))
    await _ask(world, "imbot", "MuteContact", ContactId=arn, Until=until)


async def unmute(world: World, town: Town) -> None:
    arn = world.random.choice([*town.people, *town.plans])
    await _ask(world, "imbot", "UnmuteContact", ContactId=arn)


async def override(world: World, town: Town) -> None:
    """Put somebody else, or nobody, on call for an hour."""
    if town.rotation is None:
        return
    now = world.clock.now()
    people = world.random.sample(town.people, world.random.choice((0, 1)))
    await _ask(
        world,
        CONTACTS,
        "CreateRotationOverride",
        RotationId=town.rotation,
        NewContactIds=people,
        StartTime=now,
        EndTime=now + timedelta(hours=1),
    )


async def die(world: World, _: Town) -> None:
    """Now, or at one of the next commits: just before it, or just after."""
    random = world.random
    if random.random() < 0.4:
        world.kill()
        return
    store = world.process.store
    store.commits_left = random.randint(1, 4)
    store.dies_before_commit = random.random() < 0.5
    when = "before" if store.dies_before_commit else "after"
    world.tell(f"the process will die just {when} its commit number {store.commits_left}")


async def jump(world: World, _: Town) -> None:
    world.jump(timedelta(seconds=world.random.choice((10, 90, 600, 7200))))


async def wait(_: World, __: Town) -> None:
    """Nothing happens but time."""


STEPS: dict[Step, float] = {
    engage: 4,
    open_incident: 4,
    resolve: 1,
    stop: 1,
    edit_plan: 1.5,
    delete_channel: 1,
    deactivate_channel: 0.5,
    delete_contact: 0.5,
    mute: 1,
    unmute: 0.5,
    override: 1,
    die: 2,
    jump: 1,
    wait: 3,
}
PAUSES = (0.0, 0.01, 1.0, 5.0, 20.0, 90.0, 240.0)


async def take_steps(world: World, town: Town, after_each: Callable[[], None]) -> None:
    random = world.random
    await (open_incident if random.random() < 0.5 else engage)(world, town)
    for _ in range(random.randint(2, 5)):
        await asyncio.sleep(random.choice(PAUSES))
        after_each()
        if not world.process.is_alive:
            world.start()
        [step] = random.choices(list(STEPS), list(STEPS.values()))
        await step(world, town)
    await asyncio.sleep(random.choice(PAUSES))
    after_each()


def _channel(world: World, town: Town) -> str:
    return world.random.choice([arn for arns in town.channels.values() for arn in arns])


async def _ask(world: World, service: str, operation: str, **given: Any) -> None:
    shown = ", ".join(f"{name} {_short(value)}" for name, value in given.items())
    world.tell(f"{operation}: {shown}")
    await world.survives(lambda process: process.answers(service, operation, **given))


def _short(value: Any) -> str:
    """A plan is told by its stages: minutes, and whom they tell."""
    if not isinstance(value, dict):
        return str(value)
    return "; ".join(
        f"{stage['DurationInMinutes']} min: {', '.join(map(_target, stage['Targets'])) or '-'}"
        for stage in value["Stages"]
    )


def _target(target: dict[str, Any]) -> str:
    if info := target.get("ChannelTargetInfo"):
        return f"{info['ContactChannelId']} every {info['RetryIntervalInMinutes']} min"
    info = target["ContactTargetInfo"]
    return f"{info['ContactId']}{' (essential)' if info['IsEssential'] else ''}"
