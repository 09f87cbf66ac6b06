"""How contacts, and places that are told, are called in words for people."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from bot.core.context import Context
from bot.core.store.contacts import Contact
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared

_contacts = table_of(Contact).c
LATEST = prepared(
    select(_contacts.display_name)
    .where(_contacts.account_id == bindparam("account"), _contacts.arn == bindparam("arn"))
    .order_by(_contacts.key.desc())
    .limit(1)
)


def alias_of(contact_arn: str) -> str:
    return contact_arn.rsplit("/", 1)[-1]


def place_name(place: str) -> str:
    """What a Slack channel's id or a topic's ARN is called."""
    is_topic = place.startswith("arn:")
    return f"topic {place.rpartition(':')[2]}" if is_topic else f"Slack channel {place}"


def shown_name(ctx: Context, contact_arn: str) -> str:
    """The display name, of a deleted contact too; the alias where there is none."""
    found = ctx.tx.records(LATEST, account=ctx.account_id, arn=contact_arn)
    return (found[0][0] if found else None) or alias_of(contact_arn)
