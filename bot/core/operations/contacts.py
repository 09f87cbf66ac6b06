"""Contacts: people, escalation plans and on-call schedules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select

from bot.core.context import Context
from bot.core.effects import hand_offs, schedules, slack_links
from bot.core.effects.plan_rules import check_plan
from bot.core.effects.tag_rules import tags_of_pairs
from bot.core.errors import ConflictException, ServiceQuotaExceededException
from bot.core.ids import new_key
from bot.core.listing import listing, next_token_member
from bot.core.registry import operation
from bot.core.store.contacts import Contact, ContactChannel, ContactType
from bot.core.store.schema import Wire, table_of
from bot.core.store.statements import prepared

MOST_CONTACTS = 1_000
"""Contacts of all types in an account (General Reference, L-7DD2017D)."""

_contacts = table_of(Contact).c
COUNT = prepared(
    select(func.count()).where(
        _contacts.account_id == bindparam("account_id"), _contacts.deleted_at.is_(None)
    )
)


@operation("ssm-contacts", "CreateContact")
def create_contact(
    ctx: Context,
    *,
    alias: str,
    type: ContactType,  # noqa: A002 - the model's word
    plan: Wire,
    display_name: str | None = None,
    tags: Sequence[Mapping[str, str]] = (),
) -> Wire:
    """Create a contact under an alias that no living contact bears.

    The alias of a deleted contact may be used again: the ARN is the same, the contact another.
    Raises ConflictException, ServiceQuotaExceededException, ValidationException for a plan
    that does not fit the type or names what does not exist.
    Source: CreateContact, ssm-contacts 2021-05-03.
    """
    contact = Contact(
        key=new_key(),
        account_id=ctx.account_id,
        arn=ctx.new_arn("ssm-contacts", "contact", alias),
        alias=alias,
        type=type,
        display_name=display_name,
        plan=plan,
        tags=tags_of_pairs(tags),
        created_at=ctx.now,
    )
    earlier = ctx.tx.find(Contact, account_id=ctx.account_id, alias=alias, deleted_at=None)
    if earlier is not None:
        raise _taken(earlier.arn)
    check_plan(ctx, contact, plan)
    _require_room(ctx)
    if not ctx.tx.insert_or_ignore(contact):
        raise _taken(contact.arn)
    hand_offs.schedule_changed(ctx, plan)
    return {"ContactArn": contact.arn}


@operation("ssm-contacts", "GetContact")
def get_contact(ctx: Context, *, contact_id: str) -> Wire:
    contact = ctx.require(Contact, contact_id)
    return _summary(contact) | {"Plan": contact.plan}


@operation("ssm-contacts", "ListContacts")
def list_contacts(
    ctx: Context,
    *,
    alias_prefix: str | None = None,
    type: ContactType | None = None,  # noqa: A002 - the model's word
    max_results: int | None = None,
    next_token: str | None = None,
) -> Wire:
    """List contacts by their aliases; both filters must hold."""
    conditions: list[ColumnElement[bool]] = [_contacts.deleted_at.is_(None)]
    if alias_prefix:
        conditions.append(_contacts.alias.startswith(alias_prefix, autoescape=True))
    if type:
        conditions.append(_contacts.type == type)
    contacts, token = listing(
        ctx,
        Contact,
        *conditions,
        of="ListContacts",
        by="alias",
        max_results=max_results,
        next_token=next_token,
    )
    return {"Contacts": list(map(_summary, contacts))} | next_token_member(token)


@operation("ssm-contacts", "UpdateContact")
def update_contact(
    ctx: Context,
    *,
    contact_id: str,
    display_name: str | None = None,
    plan: Wire | None = None,
) -> None:
    """Change the display name ("" removes it) or replace the plan.

    Engagements that have started go on with the plan that was frozen into them. Targets that
    the plan names already may stay in it, even if they were deleted meanwhile.
    """
    contact = ctx.require(Contact, contact_id)
    changes: dict[str, Any] = {}
    if display_name is not None:
        changes["display_name"] = display_name
    if plan is not None:
        check_plan(ctx, contact, plan, earlier=contact.plan)
        changes["plan"] = plan
    if changes:
        ctx.update(contact, **changes)
    if plan is not None:
        hand_offs.schedule_changed(ctx, contact.plan, plan)


@operation("ssm-contacts", "DeleteContact")
def delete_contact(ctx: Context, *, contact_id: str) -> None:
    """Delete a contact and its channels; plans that name it keep the name, and pass over it.

    Our choice: its engagements run on. Pages that were sent can still be accepted, what would
    be sent next gets an ERROR receipt, so that a plan above goes on at once. A tombstone keeps
    its pages its own when the alias is used again. Raises ConflictException while a rotation,
    or an override that is not over, names the contact.
    """
    contact = ctx.require(Contact, contact_id)
    if rotations := schedules.rotations_of_member(ctx, contact.arn):
        raise ConflictException(
            "The contact is a member of a rotation.",
            "CONTACT",
            contact.arn,
            dependents={"RotationMember": rotations},
        )
    for channel in ctx.select(ContactChannel, contact_key=contact.key, deleted_at=None):
        ctx.update(channel, deleted_at=ctx.now)
    slack_links.forget(ctx, contact)
    ctx.update(contact, deleted_at=ctx.now)
    hand_offs.schedule_changed(ctx, contact.plan)


def _summary(contact: Contact) -> Wire:
    document = {"ContactArn": contact.arn, "Alias": contact.alias, "Type": contact.type}
    if contact.display_name:
        document["DisplayName"] = contact.display_name
    return document


def _taken(arn: str) -> ConflictException:
    return ConflictException("A contact with this alias exists already.", "CONTACT", arn)


def _require_room(ctx: Context) -> None:
    ((count,),) = ctx.tx.records(COUNT, account_id=ctx.account_id)
    if count >= MOST_CONTACTS:
        raise ServiceQuotaExceededException(
            f"An account holds {MOST_CONTACTS} contacts at most.",
            resource_type="CONTACT",
            quota_code="L-7DD2017D",
            service_code="ssm-contacts",
        )
