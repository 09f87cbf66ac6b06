from __future__ import annotations

from itertools import pairwise
from uuid import RFC_4122, UUID

from bot.core.channel import Activation, Bundle, Page
from bot.core.ids import new_key, new_secret_key
from tests.core.desk import Desk


def low(key: str) -> int:
    """What a key holds beside the time."""
    return int(key[19:].replace("-", ""), 16)


def test_keys_of_both_kinds_are_uuids_in_the_order_in_which_they_were_made() -> None:
    keys = [make() for make in (new_key, new_secret_key) * 100]

    assert keys == sorted(set(keys))
    assert {(UUID(key).version, UUID(key).variant) for key in keys} == {(7, RFC_4122)}


async def test_the_name_of_one_mail_does_not_tell_those_of_others(desk: Desk) -> None:
    people = [await desk.has_person(f"p{number}", "EMAIL") for number in range(10)]
    for person in people * 3:
        await desk.engages(person)
    await desk.run_due(seconds=20)

    mails = [one for one in desk.messages if isinstance(one, Activation | Page | Bundle)]
    assert {type(mail) for mail in mails} == {Activation, Page, Bundle}
    assert min(abs(low(a.key) - low(b.key)) for a, b in pairwise(mails)) > 2**32


def test_more_keys_than_a_millisecond_counts_are_still_in_order() -> None:
    keys = [new_key() for _ in range(20_000)]

    assert keys == sorted(set(keys))
