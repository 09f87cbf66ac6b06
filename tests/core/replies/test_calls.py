"""What calls say, and which keys count."""

from __future__ import annotations

from bot.core.channel import Page
from bot.core.replies import (
    Acknowledged,
    ActivationCode,
    ActivationPrompt,
    AlreadyClosed,
    CallState,
    Goodbye,
    PagePrompt,
    Unknown,
)
from tests.core.replies.talk import (
    receipt_types,
    replies_of,
    types,
)
from tests.harness import CONTACTS, TestHouse


async def in_call(
    house: TestHouse, url: str | None, key: str | None = None, *, call_sid: str = "CA1"
) -> CallState:
    assert url is not None
    return await replies_of(house).call_step(
        url.rsplit("/", 1)[1],
        call_sid=call_sid,
        step="start" if key is None else "key",
        digits=key,
    )


async def test_only_key_1_acknowledges_a_call(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person("ana", "VOICE"))
    url = house.last_page().voice_url

    states = [await in_call(house, url, key) for key in (None, "2", "7", "", "*")]

    assert all(isinstance(state, PagePrompt) for state in states)
    assert [getattr(state, "wrong_key", None) for state in states] == [
        False,
        False,
        True,
        False,
        True,
    ]
    assert "READ" not in await receipt_types(house, engagement)
    assert await in_call(house, url, "1") == Acknowledged()
    assert "READ" in await receipt_types(house, engagement)


async def test_a_key_that_the_vendor_tells_twice_is_thanked_twice(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person("ana", "VOICE"))
    url = house.last_page().voice_url
    await in_call(house, url, "1")
    before = await receipt_types(house, engagement)

    assert await in_call(house, url, "1") == Acknowledged()
    assert await receipt_types(house, engagement) == before


async def test_a_call_reads_the_page_out(house: TestHouse) -> None:
    await house.engages(await house.has_person("ana", "VOICE"), Subject="Checkout is down")

    state = await in_call(house, house.last_page().voice_url)

    assert isinstance(state, PagePrompt)
    assert isinstance(state.page, Page)
    assert state.page.subject == "Checkout is down"


async def test_a_call_that_comes_too_late_says_so(house: TestHouse) -> None:
    await house.engages(await house.has_person("ana", "VOICE"))
    await types(house, house.last_page().code)

    state = await in_call(house, house.last_page().voice_url)

    assert state == AlreadyClosed("Already acknowledged by ana at 09:30 UTC.")


async def test_another_call_cannot_use_the_token(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person("ana", "VOICE"))
    url = house.last_page().voice_url
    await in_call(house, url)

    assert await in_call(house, url, "1", call_sid="CA2") == Goodbye()
    assert await in_call(house, "https://x/never-made") == Unknown()
    assert "READ" not in await receipt_types(house, engagement)


async def test_a_code_is_only_said_to_whoever_presses_1(house: TestHouse) -> None:
    ana = await house.has_contact()
    await house.has_channel(ana, "VOICE", is_activated=False)
    message = house.last_activation()

    assert await in_call(house, message.voice_url) == ActivationPrompt()
    assert await in_call(house, message.voice_url, "9") == ActivationPrompt(wrong_key=True)
    assert await in_call(house, message.voice_url, "1") == ActivationCode(message.code)


async def test_a_code_that_a_newer_one_has_replaced_is_not_said(house: TestHouse) -> None:
    channel = await house.has_channel(await house.has_contact(), "VOICE", is_activated=False)
    older = house.last_activation()
    house.clock.advance(minutes=5)
    await house.call(CONTACTS, "SendActivationCode", ContactChannelId=channel)

    assert isinstance(await in_call(house, older.voice_url, "1"), AlreadyClosed)
