"""Telling a linked person in Slack, beside the contact channels and never instead of them.

An engagement of a contact whose link is confirmed has one direct message. It leaves when the
engagement begins; what becomes of the engagement is then written into it.
"""

from __future__ import annotations

import logging

from bot.core.channel import DirectPage, LinkRequest, Unavailable, Undeliverable
from bot.core.context import Context
from bot.core.effects import jobs, outbox, timeline
from bot.core.effects.closing import over_words
from bot.core.effects.names import shown_name
from bot.core.ids import Key, new_key
from bot.core.store.contacts import Contact
from bot.core.store.engagements import Engagement
from bot.core.store.slack_links import DirectMessage, SlackLink
from bot.core.store.transaction import Transaction
from bot.core.store.work import Outbox

log = logging.getLogger(__name__)

MEDIUM = "SLACK"
"""How the timeline names it among the channel types."""
NO_SETTINGS = "No settings for Slack are given to this program."
KINDS = frozenset({"direct_page", "link_request"})
"""The messages whose outcome is heard here."""


def troubles(tx: Transaction, *, account_id: str, media: frozenset[str]) -> dict[str, str]:
    """Say, by the contacts' ARNs, why linked people cannot be told in Slack now: one read."""
    found: dict[str, str] = {}
    for link in tx.select(SlackLink, account_id=account_id):
        if "slack" not in media:
            found[link.contact_arn] = NO_SETTINGS
        elif link.fault is not None:
            found[link.contact_arn] = link.fault
        elif link.confirmed_at is None:
            found[link.contact_arn] = f"{link.user_id} has not confirmed the link."
    return found


def ask(ctx: Context, link: SlackLink) -> None:
    """Ask the Slack user whether he is the contact."""
    message = LinkRequest(
        key=new_key(),
        address=link.user_id,
        created_at=ctx.now,
        contact_name=shown_name(ctx, link.contact_arn),
        asked_by=ctx.caller.actor,
        button=link.key,
    )
    outbox.send(ctx, "slack", message, conversation_key=link.key)


def forget(ctx: Context, contact: Contact) -> SlackLink | None:
    """Take a contact's link away; answers what it was."""
    link = ctx.find_by(SlackLink, contact_key=contact.key)
    if link is None:
        return None
    ctx.delete(link)
    if contact.slack_link_key is not None:
        ctx.update(contact, slack_link_key=None)
    return link


def tell(ctx: Context, engagement: Engagement) -> bool:
    """Send the direct message of an engagement that begins; False where its contact is not
    linked.
    """
    key = engagement.slack_link_key
    link = ctx.get(SlackLink, key) if key and "slack" in ctx.house.media else None
    if link is None or link.conversation_id is None:
        return False
    message = ctx.add(
        DirectMessage(
            key=new_key(),
            account_id=ctx.account_id,
            engagement_key=engagement.key,
            link_key=link.key,
            conversation_id=link.conversation_id,
            reason=_reason(ctx, engagement),
            created_at=ctx.now,
        )
    )
    page = direct_page(ctx, message, engagement)
    outbox.send(ctx, "slack", page, conversation_key=message.key)
    return True


def direct_page(
    ctx: Context, message: DirectMessage, engagement: Engagement, state: str = ""
) -> DirectPage:
    return DirectPage(
        key=new_key(),
        address=message.conversation_id,
        created_at=ctx.now,
        subject=engagement.texts["Subject"],
        content=engagement.texts["Content"],
        reason=message.reason,
        button=message.key,
        is_test=engagement.is_test,
        state=state,
        ts=message.ts,
    )


def redraw(ctx: Context, engagement: Engagement) -> None:
    """Have what became of an engagement written into its direct message, if it has one."""
    if engagement.slack_link_key is not None:
        jobs.behind_pages(ctx, "draw_direct_message", engagement_key=engagement.key)


def fate(ctx: Context, engagement: Engagement) -> str:
    """Say what ended an engagement; "" while it waits for an answer."""
    words = over_words(ctx, engagement).removeprefix("Already ")
    return words[:1].upper() + words[1:]


def record_sent(ctx: Context, row: Outbox, ts: str) -> None:
    """Keep where a direct message is; its link works again."""
    if row.message["kind"] != "direct_page" or row.message["ts"] or not row.conversation_key:
        return
    message = ctx.get(DirectMessage, row.conversation_key)
    if message is None:
        return
    ctx.update(message, ts=ts)
    link = ctx.get(SlackLink, message.link_key)
    if link is not None and link.fault is not None:
        ctx.update(link, fault=None)


def record_failure(ctx: Context, row: Outbox, fault: Unavailable | Undeliverable) -> None:
    """Keep Slack's permanent error with the link; the incident's timeline tells of a page that
    did not arrive.
    """
    if row.message["kind"] == "direct_page" and row.message["ts"]:
        return
    message = ctx.get(DirectMessage, row.conversation_key) if row.conversation_key else None
    key = message.link_key if message else row.conversation_key
    link = ctx.get(SlackLink, key) if key else None
    if link is not None and isinstance(fault, Undeliverable):
        ctx.update(link, fault=fault.reason)
    engagement = ctx.get(Engagement, message.engagement_key) if message else None
    if engagement is not None:
        timeline.record_engagement(ctx, engagement, timeline.NOT_IN_SLACK, reason=fault.reason)


def _reason(ctx: Context, engagement: Engagement) -> str:
    """The plans that led to an engagement, the first one first; "" where none did."""
    above: list[str] = []
    key: Key | None = engagement.parent_key
    while key is not None and (parent := ctx.get(Engagement, key)) is not None:
        name = shown_name(ctx, parent.contact_arn)
        is_plan = parent.contact_type == "ESCALATION" and parent.stage is not None
        above.insert(0, f"{name} (stage {(parent.stage or 0) + 1})" if is_plan else name)
        key = parent.parent_key
    return " › ".join(above)
