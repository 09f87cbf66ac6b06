from __future__ import annotations

import pytest
from sqlalchemy import update

from bot.core.channel import Bundle as BundleMessage
from bot.core.store.bundles import Bundle
from bot.core.store.engagements import Page
from bot.core.store.schema import table_of
from bot.core.store.work import Job
from tests.core.desk import Desk, arn_of


async def has_paged(desk: Desk, times: int, medium: str = "SMS") -> list[str]:
    """Ana was paged so often in one instant; answers the engagements' ARNs."""
    ana = await desk.has_person("ana", medium, minutes=30)
    return [await desk.engages(ana, Subject=f"Number {n}") for n in range(times)]


def told(desk: Desk) -> list[str]:
    """The codes of the messages that page or bundle pages, in their order."""
    return [m.code for m in desk.messages if m.kind in ("page", "bundle")]


def bundles(desk: Desk) -> list[BundleMessage]:
    return [message for message in desk.messages if isinstance(message, BundleMessage)]


async def waiting(desk: Desk) -> int:
    return len([page for page in await desk.rows(Page) if page.waits_until is not None])


@pytest.mark.parametrize(("medium", "seconds"), [("EMAIL", 20), ("SMS", 20), ("VOICE", 100)])
async def test_each_medium_has_the_services_own_limit(
    desk: Desk, medium: str, seconds: int
) -> None:
    await has_paged(desk, 2, medium)

    await desk.run_due(seconds=seconds - 0.001)
    assert len(told(desk)) == 1
    await desk.run_due(seconds=0.001)
    assert len(told(desk)) == 2


async def test_one_alarm_is_set_for_all_that_wait(desk: Desk) -> None:
    await has_paged(desk, 5)

    assert len(await desk.rows(Job, task="leave_together")) == 1


async def test_a_page_exactly_at_the_limit_does_not_wait(desk: Desk) -> None:
    await has_paged(desk, 1)
    desk.clock.advance(seconds=20)
    await desk.engages(arn_of("ana"))

    assert len(told(desk)) == 2


async def test_a_clock_that_was_set_back_delays_nobody_longer_than_the_limit(
    desk: Desk,
) -> None:
    await has_paged(desk, 1)
    desk.clock.advance(hours=-3)
    await desk.engages(arn_of("ana"))

    await desk.run_due(seconds=20)

    assert len(told(desk)) == 2


async def test_pages_whose_alarm_is_lost_leave_with_the_next_one(desk: Desk) -> None:
    await has_paged(desk, 3)
    await desk.store.write(
        lambda tx: tx.delete_where(Job, table_of(Job).c.task == "leave_together")
    )
    desk.clock.advance(minutes=2)
    await desk.engages(arn_of("ana"))

    await desk.run_due(seconds=20)

    [bundle] = bundles(desk)
    assert bundle.count == 3
    assert await waiting(desk) == 0


async def test_an_alarm_that_comes_early_or_twice_sends_nothing_twice(desk: Desk) -> None:
    await has_paged(desk, 3)
    early = update(table_of(Job)).values(due_at=desk.clock.now())
    await desk.store.write(lambda tx: tx.execute(early))

    await desk.run_due()
    assert len(told(desk)) == 1
    await desk.run_due(seconds=20)
    await desk.run_due(seconds=20)

    assert len(told(desk)) == 2


async def test_a_page_that_is_due_again_while_it_waits_goes_on_waiting(desk: Desk) -> None:
    ana = await desk.has_person("ana", "VOICE", minutes=30, retry=1)
    for _ in range(3):
        await desk.engages(ana)

    await desk.run_due(seconds=60)
    await desk.run_due(seconds=40)

    [bundle] = bundles(desk)
    assert (len(told(desk)), bundle.count) == (2, 3)
    assert [page["is_again"] for page in bundle.pages] == [False, False, False]


async def test_the_code_of_a_bundle_is_no_pages_and_nobody_elses_there(desk: Desk) -> None:
    await has_paged(desk, 4)
    await desk.run_due(seconds=20)

    [bundle] = await desk.rows(Bundle)
    pages = await desk.rows(Page)
    assert bundle.code not in {page.code for page in pages}
    assert bundle.page_keys == [page.key for page in reversed(pages[1:])]


async def test_a_bundles_code_is_forgotten_when_those_of_its_pages_are(desk: Desk) -> None:
    await has_paged(desk, 3)
    await desk.run_due(seconds=20)
    [bundle] = await desk.rows(Bundle)

    for _ in range(4):
        await desk.run_due(hours=24, seconds=1)

    assert all(page.closed_at for page in await desk.rows(Page))
    [bundle] = await desk.rows(Bundle)
    assert bundle.closed_at is not None


async def test_a_bundle_says_twenty_of_its_pages_and_counts_them_all(desk: Desk) -> None:
    await has_paged(desk, 60)

    await desk.run_due(seconds=20)

    [bundle] = bundles(desk)
    assert (bundle.count, len(bundle.pages)) == (59, 20)
    assert bundle.pages[0]["subject"] == "Number 59"
