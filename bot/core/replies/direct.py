"""The buttons of direct messages in Slack. Only the linked user's press counts."""

from __future__ import annotations

from bot.core.context import Context
from bot.core.effects import slack_links
from bot.core.ids import Key
from bot.core.replies.accepting import accept_engagement
from bot.core.store.engagements import Engagement
from bot.core.store.slack_links import DirectMessage, SlackLink

GONE = "This page is not known here any more."
UNKNOWN_HERE = (
    "Your Slack user is linked to no contact, so nobody knows whose page this acknowledges. "
    "Type `@aws ack <code>` with the page's code, or be known from now on: "
    "`@aws link me to <contact>`."
)
NOT_PAGED = "You are not paged for this incident, so there is nothing to acknowledge."
NOT_LINKED = "You are not linked to this contact any more: acknowledge with the page's code."


def direct_accept(ctx: Context, button: str, *, user_id: str, ts: str) -> str:
    """Acknowledge the page whose button was pressed; answers why it does not count, "" where
    it does. `ts` is the pressed message. Raises ServiceError.
    """
    message = ctx.get(DirectMessage, Key(button))
    engagement = ctx.get(Engagement, message.engagement_key) if message else None
    if message is None or engagement is None:
        return GONE
    link = ctx.get(SlackLink, message.link_key)
    if link is None or link.user_id != user_id or link.confirmed_at is None:
        return NOT_LINKED
    if message.ts is None and ts:
        ctx.update(message, ts=ts)  # Slack's own word on its name was lost
    closed = accept_engagement(ctx, engagement, slack_links.MEDIUM)
    if closed:
        slack_links.redraw(ctx, engagement)
    return closed


def card_accept(ctx: Context, incident_arn: str, *, user_id: str) -> str:
    """Acknowledge what the Slack user's own contact is engaged in for an incident, whose card's
    button he pressed; answers why that does not count, "" where it does.
    """
    links = ctx.select(SlackLink, account_id=ctx.account_id, user_id=user_id)
    own = {link.contact_arn for link in links if link.confirmed_at is not None}
    if not own:
        return UNKNOWN_HERE
    engaged = [
        engagement
        for engagement in ctx.select(Engagement, incident_arn=incident_arn)
        if engagement.contact_arn in own and engagement.contact_type == "PERSONAL"
    ]
    if not engaged:
        return NOT_PAGED
    closed = [accept_engagement(ctx, one, slack_links.MEDIUM) for one in engaged]
    return closed[-1] if all(closed) else ""


def link_asked(ctx: Context, button: str) -> SlackLink | None:
    """The link that a confirmation's button is about; None where it was taken away."""
    return ctx.get(SlackLink, Key(button))
