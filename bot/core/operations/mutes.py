"""What a contact has that the API has no member for: a mute, and a plan that begins again."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.core.context import Context
from bot.core.effects import mutes
from bot.core.errors import ValidationException
from bot.core.registry import operation
from bot.core.store.contacts import Contact
from bot.core.store.schema import Wire

LONGEST_MUTE = timedelta(days=31)


@operation("imbot", "MuteContact")
def mute_contact(ctx: Context, *, contact_id: str, until: datetime) -> Wire:
    """Keep back a person's pages, or whom a plan or schedule engages, until an instant.

    What would be told counts as failed, with a receipt that says so, and the plan above goes on
    at once; nothing is sent afterwards. Muting again replaces the instant and counts on. Raises
    ValidationException for an instant that has passed or is more than 31 days away.
    """
    contact = ctx.require(Contact, contact_id)
    if not ctx.now < until <= ctx.now + LONGEST_MUTE:
        raise ValidationException(
            "A mute ends in the future, at most 31 days from now.",
            reason="FIELD_VALIDATION_FAILED",
        )
    withheld = contact.pages_withheld if mutes.is_muted(ctx, contact) else 0
    muted = ctx.update(
        contact, muted_until=until, muted_by=ctx.caller.actor, pages_withheld=withheld
    )
    return _extras(ctx, muted)


@operation("imbot", "UnmuteContact")
def unmute_contact(ctx: Context, *, contact_id: str) -> Wire:
    """End a mute; answers what it kept back. A contact that is not muted stays as it is."""
    contact = ctx.require(Contact, contact_id)
    withheld = contact.pages_withheld if mutes.is_muted(ctx, contact) else 0
    if contact.muted_until is not None:
        ctx.update(contact, muted_until=None, muted_by=None, pages_withheld=None)
    return {"ContactArn": contact.arn, "PagesWithheld": withheld or 0}


@operation("imbot", "ListMutedContacts")
def list_muted_contacts(ctx: Context) -> Wire:
    """The contacts that are muted now, by their aliases."""
    contacts = ctx.select(Contact, account_id=ctx.account_id, deleted_at=None)
    muted = [one for one in contacts if mutes.is_muted(ctx, one)]
    muted.sort(key=lambda one: one.alias)
    return {"MutedContacts": [_extras(ctx, one) for one in muted]}


@operation("imbot", "SetPlanRepeat")
def set_plan_repeat(ctx: Context, *, contact_id: str, times: int) -> Wire:
    """Let a plan begin again, `times` times, while nobody acknowledges; 0 is the API's way.

    It counts for engagements that start from now on. Raises ValidationException for an on-call
    schedule, which has no stages of its own.
    """
    contact = ctx.require(Contact, contact_id)
    if contact.type == "ONCALL_SCHEDULE":
        raise ValidationException(
            "A schedule has no stages that could begin again. "
            "Let the plan that engages it repeat, or the people in it."
        )
    return _extras(ctx, ctx.update(contact, plan_repeats=times or None))


@operation("imbot", "GetContactExtras")
def get_contact_extras(ctx: Context, *, contact_id: str) -> Wire:
    return _extras(ctx, ctx.require(Contact, contact_id))


def _extras(ctx: Context, contact: Contact) -> Wire:
    document: Wire = {
        "ContactArn": contact.arn,
        "DisplayName": contact.display_name or contact.alias,
        "PlanRepeatTimes": contact.plan_repeats or 0,
    }
    if mutes.is_muted(ctx, contact):
        document["MutedUntil"] = contact.muted_until
        document["PagesWithheld"] = contact.pages_withheld or 0
        if contact.muted_by:
            document["MutedBy"] = contact.muted_by
    return document
