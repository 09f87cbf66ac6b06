"""Slack as a further way to be told: links of contacts to Slack users, which these confirm."""

from __future__ import annotations

from bot.core.access import is_slack_user
from bot.core.channel import Post
from bot.core.context import Context
from bot.core.effects import acceptance, engagements, outbox, slack_links
from bot.core.effects.names import shown_name
from bot.core.errors import (
    AccessDeniedException,
    ConflictException,
    ResourceNotFoundException,
    ValidationException,
)
from bot.core.ids import new_key
from bot.core.registry import operation
from bot.core.store.contacts import Contact
from bot.core.store.engagements import Engagement, Page
from bot.core.store.schema import Wire
from bot.core.store.slack_links import SlackLink


@operation("imbot", "LinkSlackUser")
def link_slack_user(ctx: Context, *, contact_id: str, slack_user_id: str) -> Wire:
    """Ask a Slack user, by direct message, whether he is the contact; asking again is allowed.

    Until that very user presses Confirm nothing else is sent to him. Raises ConflictException
    where the contact is linked to somebody else, ValidationException for what is no person and
    without settings for Slack.
    """
    contact = ctx.require(Contact, contact_id)
    if contact.type != "PERSONAL":
        raise ValidationException("Only a PERSONAL contact can be linked to a Slack user.")
    if "slack" not in ctx.house.media:
        raise ValidationException(slack_links.NO_SETTINGS)
    link = ctx.find_by(SlackLink, contact_key=contact.key)
    if link is not None and link.user_id != slack_user_id:
        raise ConflictException(
            f"The contact is linked to the Slack user {link.user_id}; unlink that one first.",
            "SLACK_LINK",
            contact.arn,
        )
    if link is None:
        link = ctx.add(
            SlackLink(
                key=new_key(),
                account_id=ctx.account_id,
                contact_key=contact.key,
                contact_arn=contact.arn,
                user_id=slack_user_id,
                created_at=ctx.now,
            )
        )
    if link.confirmed_at is None or link.fault is not None:
        slack_links.ask(ctx, link)
    return {"SlackLink": _document(link)}


@operation("imbot", "ConfirmSlackLink")
def confirm_slack_link(ctx: Context, *, contact_id: str, conversation_id: str) -> None:
    """Begin to tell the caller in Slack; only the Slack user who was asked may say so.

    `conversation_id` is his direct message with the bot, where he pressed the button.
    """
    contact, link = _linked(ctx, contact_id)
    if not is_slack_user(ctx.caller, link.user_id):
        raise AccessDeniedException("Only the Slack user who was asked can confirm the link.")
    ctx.update(link, confirmed_at=ctx.now, conversation_id=conversation_id, fault=None)
    ctx.update(contact, slack_link_key=link.key)


@operation("imbot", "UnlinkSlackUser")
def unlink_slack_user(ctx: Context, *, contact_id: str) -> None:
    """Take a link away; an administrator may, and the Slack user himself.

    A user whom somebody else unlinks is told. Direct messages that he has keep their buttons'
    words, but the buttons count no more.
    """
    contact, link = _linked(ctx, contact_id)
    is_own = is_slack_user(ctx.caller, link.user_id)
    if ctx.caller.rights != "administrator" and not is_own:
        raise AccessDeniedException("Only an administrator and the linked user can unlink it.")
    slack_links.forget(ctx, contact)
    if link.confirmed_at is not None and not is_own:
        _say_goodbye(ctx, link)


@operation("imbot", "GetSlackLink")
def get_slack_link(ctx: Context, *, contact_id: str) -> Wire:
    """PENDING: not confirmed. FAILED: Slack took the last message for good not, see Fault."""
    _, link = _linked(ctx, contact_id)
    return {"SlackLink": _document(link)}


@operation("imbot", "ListSlackLinks")
def list_slack_links(ctx: Context) -> Wire:
    """List all links of the account, the oldest first."""
    found = ctx.select(SlackLink, account_id=ctx.account_id)
    return {"SlackLinks": list(map(_document, found))}


@operation("imbot", "AcknowledgeEngagement")
def acknowledge_engagement(
    ctx: Context, *, engagement_id: str, note: str | None = None
) -> None:
    """Acknowledge a person's engagement as accepting its latest page would, even if none of
    its channels could be paged. One that is over stays as it is.

    The contact itself may, and an administrator; nobody needs a code then.
    """
    engagement = ctx.require(Engagement, engagement_id)
    is_own = ctx.caller.principal_arn == engagement.contact_arn
    if ctx.caller.rights != "administrator" and not is_own:
        raise AccessDeniedException("Only the contact and an administrator need no code.")
    if engagement.contact_type != "PERSONAL":
        raise ValidationException("Only the engagement of a person can be acknowledged.")
    engagement = ctx.lock(Engagement, engagement.key) or engagement
    if engagements.is_over(engagement):
        return
    pages = ctx.select(Page, engagement_key=engagement.key)
    if pages:
        latest = max(pages, key=lambda page: page.key)
        acceptance.accept(ctx, latest, accept_type="READ", code=latest.code, note=note)
    else:
        engagements.acknowledge(ctx, engagement, engagement.contact_arn)


def _linked(ctx: Context, contact_arn: str) -> tuple[Contact, SlackLink]:
    contact = ctx.require(Contact, contact_arn)
    link = ctx.find_by(SlackLink, contact_key=contact.key)
    if link is None:
        raise ResourceNotFoundException("SLACK_LINK", contact_arn)
    return contact, link


def _say_goodbye(ctx: Context, link: SlackLink) -> None:
    name = shown_name(ctx, link.contact_arn)
    text = f"You are no longer told here of pages to {name}: {ctx.caller.actor} ended that."
    address = link.conversation_id or link.user_id
    post = Post(key=new_key(), address=address, created_at=ctx.now, text=text)
    outbox.send(ctx, "slack", post)


def _document(link: SlackLink) -> Wire:
    status = "PENDING" if link.confirmed_at is None else "ACTIVE"
    document = {
        "ContactArn": link.contact_arn,
        "SlackUserId": link.user_id,
        "Status": "FAILED" if link.fault else status,
        "CreatedAt": link.created_at,
        "ConfirmedAt": link.confirmed_at,
        "Fault": link.fault,
    }
    return {name: value for name, value in document.items() if value is not None}
