"""The buttons behind a mail's links."""

from __future__ import annotations

from bot.core.replies import GONE
from tests.core.replies.talk import (
    receipt_types,
    replies_of,
    types,
)
from tests.harness import TestHouse


def token_of(url: str | None) -> str:
    assert url is not None
    return url.rsplit("/", 1)[1]


async def test_looking_at_a_mails_link_acknowledges_nothing(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person("ana", "EMAIL"))
    token = token_of(house.last_page().ack_url)

    shown = await replies_of(house).mail_page(token)

    assert shown is not None
    assert (shown.subject, shown.contact, shown.state) == ("It burns", "ana", "")
    assert "READ" not in await receipt_types(house, engagement)


async def test_the_mails_button_acknowledges_once(house: TestHouse) -> None:
    await house.engages(await house.has_person("ana", "EMAIL"))
    token = token_of(house.last_page().ack_url)

    first = await replies_of(house).mail_accept(token)
    second = await replies_of(house).mail_accept(token)

    assert first == "Acknowledged. Thank you, ana."
    assert second == "Already acknowledged by ana at 09:30 UTC."


async def test_a_guessed_link_does_not_reach_the_store(house: TestHouse) -> None:
    replies = replies_of(house)
    await house.store.close()

    assert await replies.mail_page("0" * 64) is None
    assert await replies.unsubscribe_page("0" * 64) is None
    for press in (replies.mail_accept, replies.unsubscribe, replies.subscribe_again):
        assert await press("0" * 64) == GONE


async def test_a_forged_token_opens_nothing(house: TestHouse) -> None:
    await house.engages(await house.has_person("ana", "EMAIL"))
    token = token_of(house.last_page().ack_url)
    replies = replies_of(house)

    for forged in (token[:-1] + ("0" if token[-1] != "0" else "1"), "", "x" * 64, token * 2):
        assert await replies.mail_page(forged) is None
        assert "not known" in await replies.mail_accept(forged)
    assert await replies.unsubscribe_page(token) is None


async def test_a_mail_address_is_turned_off_and_back_by_buttons(house: TestHouse) -> None:
    await house.engages(await house.has_person("ana", "EMAIL"))
    token = token_of(house.last_page().unsubscribe_url)
    replies = replies_of(house)

    await replies.unsubscribe(token)
    off = await replies.unsubscribe_page(token)
    await replies.subscribe_again(token)
    words = await types(house, house.last_activation().code)

    assert off is not None
    assert off.is_off
    assert words == "Activated: email of ana can be paged."
