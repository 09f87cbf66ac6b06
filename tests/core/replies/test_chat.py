"""Codes typed in chat."""

from __future__ import annotations

from dataclasses import replace

from bot.core.store.accounts import Audit
from bot.core.store.engagements import Page as PageRow
from tests.core.replies.talk import (
    CHAT_USER,
    replies_of,
    types,
    wrong,
)
from tests.harness import ACCOUNT, TestHouse


async def test_a_code_typed_in_chat_is_the_chat_users_doing(house: TestHouse) -> None:
    await house.engages(await house.has_person())

    assert await types(house, house.last_page().code) == "Acknowledged the page to ana."
    rows = await house.rows(Audit, operation="AcceptPage")
    assert [row.principal_arn for row in rows] == [CHAT_USER.principal_arn]


async def test_a_chat_user_who_guesses_is_locked_out_alone(house: TestHouse) -> None:
    await house.engages(await house.has_person())
    code = house.last_page().code
    for _ in range(5):
        await types(house, wrong(code))

    assert "15 minutes" in await types(house, code)
    session = CHAT_USER.principal_arn.rpartition("/")[2]
    elsewhere = f"arn:aws:sts::{ACCOUNT}:assumed-role/of-another-channel/{session}"
    again = replace(CHAT_USER, principal_arn=elsewhere)
    words = await replies_of(house).chat_code(caller=again, code=code, incident_arn=None)
    assert "15 minutes" in words
    other = replace(CHAT_USER, principal_arn=f"{CHAT_USER.principal_arn}2")
    words = await replies_of(house).chat_code(caller=other, code=code, incident_arn=None)
    assert words == "Acknowledged the page to ana."


async def test_one_code_of_two_pages_is_only_taken_where_it_is_clear(
    house: TestHouse,
) -> None:
    await house.engages(await house.has_person("ana", "SMS"))
    code = house.last_page().code
    ben = await house.has_person("ben", "EMAIL")
    await house.engages(ben, IncidentId=f"arn:aws:ssm-incidents::{ACCOUNT}:incident-record/p/1")
    rows = {row.contact_arn: row for row in await house.rows(PageRow)}
    twin = next(row for row in rows.values() if row.code == code)
    await house.store.write(
        lambda tx: tx.update(rows[ben], code=code, code_fingerprint=twin.code_fingerprint)
    )

    assert "Several" in await types(house, code)
    thread = f"arn:aws:ssm-incidents::{ACCOUNT}:incident-record/p/1"
    assert await types(house, code, thread=thread) == "Acknowledged the page to ben."
    assert await types(house, code) == "Acknowledged the page to ana."
