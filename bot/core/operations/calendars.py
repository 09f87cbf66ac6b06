"""Addresses of calendars: an iCalendar feed for whoever knows one."""

from __future__ import annotations

from bot.core.context import Context
from bot.core.effects.links import link
from bot.core.effects.on_call_names import contact_called, rotation_called
from bot.core.errors import (
    AccessDeniedException,
    ResourceNotFoundException,
    ServiceQuotaExceededException,
    ValidationException,
)
from bot.core.ids import Key, new_key
from bot.core.registry import operation
from bot.core.store.contacts import Contact
from bot.core.store.rotations import CalendarLink, Rotation
from bot.core.store.schema import Wire

MOST_LINKS = 1_000
"""Links in an account, which stand in one answer."""


@operation("imbot", "CreateCalendarLink")
def create_calendar_link(ctx: Context, *, resource_id: str) -> Wire:
    """Make an address for a rotation, a schedule or a person; the caller's earlier one for the
    same ends. The answer alone bears the address.

    Raises ResourceNotFoundException, ServiceQuotaExceededException, ValidationException without
    a public URL and for an escalation plan.
    """
    of = _subject(ctx, resource_id)
    mine = {"account_id": ctx.account_id, "principal_arn": ctx.caller.principal_arn}
    if (earlier := ctx.find_by(CalendarLink, **mine, of_key=of.key)) is not None:
        ctx.delete(earlier)
    elif len(ctx.select(CalendarLink, account_id=ctx.account_id)) >= MOST_LINKS:
        raise ServiceQuotaExceededException(
            f"An account has {MOST_LINKS} calendar links at most; delete some first.",
            resource_type="CALENDAR_LINK",
            quota_code="CalendarLinks",
            service_code="imbot",
        )
    row = CalendarLink(key=new_key(), **mine, of_key=of.key, of_arn=of.arn, created_at=ctx.now)
    url = link(ctx, "calendar", row.key)
    if url is None:
        raise ValidationException(
            "Calendars are read at the public address of this program: set IMBOT_PUBLIC_URL."
        )
    ctx.tx.insert([row])
    return {"CalendarLinkId": row.key, "ResourceArn": of.arn, "Url": f"{url}.ics"}


@operation("imbot", "ListCalendarLinks")
def list_calendar_links(ctx: Context) -> Wire:
    """List all links of the account, the oldest first."""
    return {
        "CalendarLinks": [
            {
                "CalendarLinkId": row.key,
                "ResourceArn": row.of_arn,
                "CreatedBy": row.principal_arn,
                "CreatedAt": row.created_at,
            }
            for row in ctx.select(CalendarLink, account_id=ctx.account_id)
        ]
    }


@operation("imbot", "DeleteCalendarLink")
def delete_calendar_link(ctx: Context, *, calendar_link_id: str) -> None:
    """End one address; those of others only as an administrator (AccessDeniedException)."""
    row = ctx.get(CalendarLink, Key(calendar_link_id))
    if row is None or row.account_id != ctx.account_id:
        raise ResourceNotFoundException("CALENDAR_LINK", calendar_link_id)
    is_own = row.principal_arn == ctx.caller.principal_arn
    if not is_own and ctx.caller.rights != "administrator":
        raise AccessDeniedException("Only an administrator ends the calendar links of others.")
    ctx.delete(row)


def _subject(ctx: Context, name: str) -> Contact | Rotation:
    """What is meant: people and schedules go before rotations of the same name."""
    contact = contact_called(ctx, name)
    if contact is None:
        return rotation_called(ctx, name)
    if contact.type == "ESCALATION":
        raise ValidationException("An escalation plan has no shifts, and so no calendar.")
    return contact
