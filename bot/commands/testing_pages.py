"""`test-page`: page every active channel of a contact, and show the receipts as they come."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.channels.slack.cards import test_page_card
from bot.commands.asking import Document, post_of, request_of
from bot.commands.grammar import Command
from bot.commands.problems import ChatError
from bot.commands.short_names import alias_of, contact_arn
from bot.core.channel import Post
from bot.core.context import Answer, Context
from bot.core.dispatch import answer_within

REPORT = "test page report"
WAITS = (3, 7, 20, 60)
"""Seconds between one look at the receipts and the next; only news is posted."""

WAITING = "Waiting until "
"""How an ERROR receipt begins that says only what a page waits for."""

Line = tuple[str, str, str]


def start_test_page(ctx: Context, document: Document, command: Command) -> Answer:
    """Raises ChatError where no contact is named."""
    if len(command.words) != 2:
        raise ChatError("Name one contact: `@aws test-page ana`")
    arn = contact_arn(ctx, command.words[1])
    request = request_of(ctx, document, "imbot", "TestPage", {"ContactId": arn})
    engagement_arn = answer_within(ctx, request)["EngagementArn"]
    later = {
        "kind": REPORT,
        "channel": document["channel"],
        "thread_ts": document.get("thread_ts"),
        "contact": alias_of(arn),
        "engagement": engagement_arn,
        "seen": 0,
        "look": 0,
    }
    under_way = _active_channels(ctx, document, arn)
    post = post_of(ctx, document, test_page_card(later["contact"], under_way))
    return Answer(posts=(post,), later=_next_look(ctx, later, seen=0, look=0))


def report(ctx: Context, document: Document) -> Answer:
    """Post what is new since the last look, and look again until the waits are used up."""
    lines = _lines(ctx, document)
    posts: tuple[Post, ...] = ()
    if len(lines) > document["seen"]:
        posts = (post_of(ctx, document, test_page_card(document["contact"], lines)),)
    look = document["look"] + 1
    return Answer(posts=posts, later=_next_look(ctx, document, seen=len(lines), look=look))


def _next_look(
    ctx: Context, document: Document, *, seen: int, look: int
) -> tuple[tuple[Any, dict[str, Any]], ...]:
    if look >= len(WAITS):
        return ()
    at = ctx.now + timedelta(seconds=WAITS[look])
    return ((at, {**document, "seen": seen, "look": look}),)


def _active_channels(ctx: Context, document: Document, contact_arn: str) -> list[Line]:
    """One line for each channel that is paged; its page is still to come."""
    asked = request_of(
        ctx, document, "ssm-contacts", "ListContactChannels", {"ContactId": contact_arn}
    )
    channels = answer_within(ctx, asked)["ContactChannels"]
    return [(c["Type"], "", "") for c in channels if c["ActivationStatus"] == "ACTIVATED"]


def _lines(ctx: Context, document: Document) -> list[Line]:
    """One (channel, receipt, info) for each receipt, oldest first."""
    asked = request_of(
        ctx,
        document,
        "ssm-contacts",
        "ListPagesByEngagement",
        {"EngagementId": document["engagement"]},
    )
    lines: list[tuple[Any, Line]] = []
    for page in answer_within(ctx, asked)["Pages"]:
        receipts = request_of(
            ctx, document, "ssm-contacts", "ListPageReceipts", {"PageId": page["PageArn"]}
        )
        for receipt in answer_within(ctx, receipts)["Receipts"]:
            lines.append((receipt["ReceiptTime"], _line(ctx, document, receipt)))
    return [line for _, line in sorted(lines, key=lambda pair: pair[0])]


def _line(ctx: Context, document: Document, receipt: Document) -> Line:
    asked = request_of(
        ctx,
        document,
        "ssm-contacts",
        "GetContactChannel",
        {"ContactChannelId": receipt["ContactChannelArn"]},
    )
    channel = answer_within(ctx, asked)
    if receipt["ReceiptType"] != "ERROR":
        return channel["Type"], receipt["ReceiptType"], ""
    info = receipt.get("ReceiptInfo", "")
    return channel["Type"], "" if info.startswith(WAITING) else "ERROR", info
