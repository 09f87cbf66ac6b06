from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from bot.core.context import Context
from bot.core.effects import activations
from bot.core.store.accounts import FailedTry
from bot.core.store.engagements import Engagement
from bot.core.store.executor import Store
from tests.harness import ACCOUNT, open_house


async def test_what_is_kept_survives_the_savepoint_that_it_was_kept_in(store: Store) -> None:
    async with open_house(store) as house:

        def work(tx: Any) -> None:
            ctx = Context(house.dispatcher.unit(tx), house.caller, "request")
            activations.count_failure(ctx, "slack", "outside")
            with suppress(ValueError), ctx.savepoint():
                with suppress(LookupError), ctx.savepoint():
                    activations.count_failure(ctx, "slack", "inmost")
                    raise LookupError
                activations.count_failure(ctx, "slack", "inside")
                ctx.add(_other(ctx))
                raise ValueError
            ctx.unit.flush()

        await store.write(work)

        rows = await house.rows(FailedTry)
        assert sorted(row.who for row in rows) == ["inmost", "inside", "outside"]


async def test_a_key_finds_its_row_under_its_whole_arn_alone(store: Store) -> None:
    async with open_house(store) as house:
        arn = await house.engages(await house.has_person("ana"))
        [page] = [one["PageArn"] for one in await house.pages_of(arn)]
        others = [
            arn.replace("/ana/", "/ben/"),
            arn.replace(ACCOUNT, "999999999999"),
            arn.replace("us-east-1", "eu-west-1"),
            arn.replace("engagement", "page"),
            arn + "/",
            arn.rpartition("/")[2],
            page,
        ]

        def find(tx: Any) -> list[bool]:
            ctx = Context(house.dispatcher.unit(tx), house.caller, "request")
            return [ctx.find(Engagement, each) is not None for each in (arn, *others)]

        assert await house.store.write(find) == [True] + [False] * len(others)


@pytest.mark.parametrize("is_written", [False, True])
async def test_an_old_copy_of_a_row_takes_back_no_other_change(
    store: Store, is_written: bool
) -> None:
    async with open_house(store) as house:

        def work(tx: Any) -> None:
            ctx = Context(house.dispatcher.unit(tx), house.caller, "request")
            row = ctx.add(_other(ctx))
            if is_written:
                ctx.unit.flush()
            ctx.update(row, door="reply")
            ctx.update(row, who="somebody")
            ctx.unit.flush()

        await store.write(work)

        [row] = await house.rows(FailedTry)
        assert (row.door, row.who) == ("reply", "somebody")


def _other(ctx: Context) -> FailedTry:
    return FailedTry(account_id=ctx.account_id, door="slack", who="undone", at=ctx.now)
