from __future__ import annotations

import json
import re
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.demo import Demo, open_demo
from bot.playground.slack import INCIDENTS
from tests.playground.browser import Page, find_chromium, open_browser

CHROMIUM = find_chromium()
ANA = '.phone[data-name="ana"]'


@asynccontextmanager
async def opened(tmp_path: Path) -> AsyncIterator[tuple[Demo, Page]]:
    """The demo's page in a browser; what its scripts complain about fails the test."""
    if CHROMIUM is None:
        reason = "NO CHROMIUM FOUND: the demo's page is NOT tested. Install chromium for that."
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.warn(reason, stacklevel=1)
        pytest.skip(reason)
    async with open_demo() as demo, open_browser(CHROMIUM, tmp_path / "profile") as page:
        await page.open(f"{demo.url}/")
        await page.when("return document.querySelector('#channels [aria-current]')")
        yield demo, page
        assert page.faults == []
        assert demo.town.surprises == []


def text_of(selector: str, containing: str) -> str:
    """A condition: the text of the element that holds `containing`."""
    found, part = json.dumps(selector), json.dumps(containing)
    return (
        f"return [...document.querySelectorAll({found})]"
        f".map((node) => node.innerText).find((text) => text.includes({part}))"
    )


async def test_an_incident_is_started_and_acknowledged_on_the_page(tmp_path: Path) -> None:
    async with opened(tmp_path) as (demo, page):
        await page.click("#compose")
        await page.type(
            f"@aws ssm-incidents start-incident --response-plan-arn {demo.plan_arn}"
        )
        card = await page.when(text_of("#messages .message", "Started"))
        assert "Payments are failing" in card
        assert "Acknowledged by" not in card

        text = await page.when(text_of(f"{ANA} .bubble.to_phone", "Reply"))
        code = next(word for word in text.split() if word.isdigit())
        await page.click(f"{ANA} .texter input")
        await page.type(code)

        card = await page.when(text_of("#messages .message", "Acknowledged by"))
        assert "Ana" in card.split("Acknowledged by")[1]
        thanks = await page.when(text_of(f"{ANA} .bubble.to_phone", "cknowledged"))
        assert thanks


async def test_a_call_rings_speaks_and_takes_key_1(tmp_path: Path) -> None:
    async with opened(tmp_path) as (demo, page):
        await page.click('[data-step="1"]')
        await page.when(text_of(f"{ANA} .bubble.to_phone", "Reply"))
        await page.click("#pace button:last-of-type")
        await page.click(f"{ANA} .ringing .answer")
        spoken = await page.when(text_of(f"{ANA} .script", "This is imbot"))
        assert "page" in spoken
        await page.click(f"{ANA} .keypad .key")

        assert await page.when(text_of("#messages .message", "Acknowledged by"))
        assert demo.town.phones["ana"].calls[-1].keys == "1"


async def test_a_button_that_asks_first_does_nothing_until_it_is_confirmed(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as (demo, page):
        await page.click('[data-step="1"]')
        await press(page, "#messages .b-button.danger")
        await page.click("#dialog .dialog-buttons button:first-child")
        assert "Open" in await page.when(text_of("#messages .message", "Status"))

        await press(page, "#messages .b-button.danger")
        await page.click("#dialog .dialog-buttons .danger")
        assert await page.when(text_of("#messages .message", "Resolved"))
        card = demo.town.slack.posts(INCIDENTS)[-1]
        assert card["user"] == demo.town.slack.workspace.bot.id


async def test_the_page_behind_a_mail_s_link_acknowledges_by_its_button(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, page):
        await page.click('[data-step="1"]')
        await page.when(text_of(f"{ANA} .bubble.to_phone", "Reply"))
        await page.click('[data-step="5"]')
        inside = "document.querySelector('#reader iframe')?.contentDocument"
        await page.when("return document.querySelector('#reader .browser')")
        await page.run(
            "new Promise((done) => { const look = () => "
            f"{inside}?.querySelector('form button') ? done(1) : requestAnimationFrame(look);"
            " look(); })"
        )
        await page.run(f"{inside}.querySelector('form button').click()")

        assert await page.when(text_of("#messages .message", "Acknowledged by"))


async def test_nothing_is_wider_than_the_window(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, page):
        await page.click('[data-step="1"]')
        await page.when(text_of("#messages .message", "Started"))
        for width in (1440, 1280, 800, 390):
            await page.resize(width=width, height=800)
            assert await page.run("document.documentElement.scrollWidth") <= width


async def test_ana_acknowledges_by_the_button_of_her_direct_message(tmp_path: Path) -> None:
    async with opened(tmp_path) as (demo, page):
        await page.click('[data-step="1"]')
        await page.when(text_of(f"{ANA} .bubble.to_phone", "Reply"))
        await page.click("#directs button")
        shown = await page.when(text_of("#messages .message", "Acknowledge"))
        assert "Payments are failing" in shown
        assert "Paged by Payments on call (stage 1)" in shown

        await page.click("#messages .b-button.primary")

        assert await page.when(text_of("#messages .message", "Acknowledged by Ana at"))
        assert demo.town.pulse.surprises == []


async def test_a_reply_to_a_mail_acknowledges_on_the_page(tmp_path: Path) -> None:
    async with opened(tmp_path) as (demo, page):
        await page.click('[data-step="1"]')
        await page.when(text_of(f"{ANA} .bubble.to_phone", "Reply"))
        await page.click("#pace button:last-of-type")
        await page.click("#mails li button")
        await page.when("return document.querySelector('#reader .reply-box input')")
        await page.click("#pace button:first-of-type")
        code = re.search(r"Code: (\d{6})", demo.town.mailbox.mails[0].text)
        assert code is not None
        await page.click("#reader .reply-box input")
        await page.type(code[1])

        card = await page.when(text_of("#messages .message", "Acknowledged by"))
        assert "Ana" in card.split("Acknowledged by")[1]
        assert await page.when(text_of("#mails .subject", "Re: "))


async def press(page: Page, selector: str) -> None:
    """Press what may be drawn anew at any moment, where a mouse would miss it."""
    await page.when(
        f"const node = document.querySelector({selector!r}); if (node) node.click();"
        "return Boolean(node);"
    )


async def test_the_card_s_form_is_filled_in_and_sent_on_a_phone_s_width(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as (_, page):
        await page.resize(width=390, height=844)
        await press(page, '[data-step="1"]')
        await page.when(text_of("#messages .message", "Started"))
        await press(page, "#messages .b-actions button:nth-child(3)")
        await page.when("return document.querySelector('#form[open] textarea')")
        assert await page.run("document.querySelector('#form').scrollWidth") <= 390
        assert await page.run("document.documentElement.scrollWidth") <= 390
        await page.run("(document.querySelector('#form [name=impact]').value = '3')")
        await page.run("(document.querySelector('#form [name=summary]').value = 'A cable.')")
        await press(page, "#form [type=submit]")

        card = await page.when(text_of("#messages .message", "3 (Medium)"))
        assert "A cable." in card
        await page.when("return !document.querySelector('#form[open]')")


async def test_a_form_that_is_cancelled_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as (demo, page):
        await page.click('[data-step="1"]')
        await press(page, "#messages .b-actions button:nth-child(4)")
        await press(page, "#form .dialog-buttons button:first-child")
        await page.when("return !document.querySelector('#form[open]')")

        assert not any(demo.town.slack.workspace.modals.values())


async def test_a_message_is_pinned_to_the_timeline_and_edited_on_the_page(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as (_, page):
        await page.resize(width=390, height=844)
        await press(page, '[data-step="1"]')
        await page.when(text_of("#messages .message", "Started"))
        await page.click("#compose")
        await page.type("It was the cabel")
        await page.when(text_of("#messages .message", "It was the cabel"))
        await press(page, "#messages .message:last-child .tool.pin")
        assert await page.when(text_of("#messages .b-context", "ana wrote"))

        await press(page, "#messages .message:last-child .tool.menu")
        await press(page, "#dialog .menu li:nth-child(2) button")
        await page.when("return document.querySelector('#dialog[open] textarea')")
        await page.run("(document.querySelector('#dialog textarea').value = 'The cable')")
        await press(page, "#dialog .dialog-buttons button:last-child")

        assert await page.when(text_of("#messages .b-context", "The cable"))


async def test_the_suggestion_to_pin_a_message_brings_it_onto_the_card(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, page):
        await page.click('[data-step="1"]')
        await page.when(text_of("#messages .message", "Started"))
        await page.when(text_of(f"{ANA} .bubble.to_phone", "Reply"))
        await page.click('[data-step="1"]')
        await page.when(
            "return document.querySelectorAll('#messages .b-button.danger').length === 2"
        )
        await page.click("#steps li:last-child button")

        assert await page.when(text_of("#messages .b-context", "Restarting the card processor"))


async def test_a_card_s_duration_goes_on_while_nothing_changes_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, page):
        await page.click('[data-step="1"]')
        await page.when(text_of("#messages .b-fields", "ago"))
        await page.click("#pace button:last-of-type")

        assert await page.when(text_of("#messages .b-fields", "started 2 minutes ago"))
