"""Direct messages with buttons: a page, and the question who somebody is. Pure."""

from __future__ import annotations

from bot.channels.slack.blocks import (
    Block,
    Markup,
    actions,
    bold,
    button,
    code,
    context,
    fit,
    header,
    join,
    section,
)
from bot.channels.slack.results import Card
from bot.core.channel import DirectPage, LinkRequest

ACKNOWLEDGE = "acknowledge_page"
CONFIRM = "confirm_slack_link"
DECLINE = "decline_slack_link"
"""The action ids of the buttons below."""

OF_A_PAGE = "Your contact channels are told as your plan says."
OF_A_TEST = "All your active contact channels are told at once, whatever your plan says."


def direct_page_card(page: DirectPage) -> Card:
    """Show a page to the one who is paged; once it has a state, without the button."""
    subject = f"[TEST] {page.subject}" if page.is_test else page.subject
    led = join("Paged by ", bold(page.reason)) if page.reason else ""
    blocks: list[Block] = [header(subject)]
    if page.content and page.content != page.subject:
        blocks.append(section(page.content))
    if page.state:
        blocks.append(section(page.state))
    else:
        press = button("Acknowledge", action=ACKNOWLEDGE, value=page.button, style="primary")
        blocks.append(actions(press))
    blocks.append(context(join(led, OF_A_TEST if page.is_test else OF_A_PAGE, by=" · ")))
    return Card(text=join(subject, page.state, by=" · "), blocks=fit(blocks))


def link_request_card(asked: LinkRequest) -> Card:
    """Ask a Slack user whether he is that contact."""
    name = bold(asked.contact_name)
    text = join(bold(asked.asked_by), " asks: are you the contact ", name, "?")
    then = (
        "If you confirm, every page to this contact comes to you here, too, with a button "
        "that acknowledges it. Texts, mails and calls stay as they are."
    )
    row = actions(
        button("Confirm", action=CONFIRM, value=asked.button, style="primary"),
        button("That is not me", action=DECLINE, value=asked.button),
    )
    return Card(text=text, blocks=[section(text), section(then), row])


def link_asked_card(contact: str, user_id: str) -> Card:
    """Say that a Slack user was asked, and what he has to do."""
    who = _mention(user_id)
    text = join(who, " was asked by direct message to confirm being ", bold(contact), ".")
    return Card(text=text, blocks=[section(text)])


def linked_already_card(contact: str, user_id: str) -> Card:
    text = join(bold(contact), " is linked to ", _mention(user_id), " already.")
    return Card(text=text, blocks=[section(text)])


def confirmed_card(contact: str) -> Card:
    text = join("✓ Confirmed: pages to ", bold(contact), " come to you here, too.")
    end = join("To end that: ", code(f"@aws unlink me from {contact}"))
    return Card(text=text, blocks=[section(text), context(end)])


def declined_card(contact: str) -> Card:
    text = join("You are not ", bold(contact), ". Nothing more is sent to you about that.")
    return Card(text=text, blocks=[section(text)])


def _mention(user_id: str) -> Markup:
    return Markup(f"<@{user_id}>")


def unlinked_card(contacts: list[str]) -> Card:
    names = join(*map(bold, contacts), by=", ")
    text = join("Pages to ", names, " no longer come by direct message.")
    return Card(text=text, blocks=[section(text)])
