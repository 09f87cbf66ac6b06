"""Messages that say several pages at once, and how many messages a day has had."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index

from bot.core.ids import Key
from bot.core.store.schema import encrypted, partial_index, primary, references, table


@table(
    "bundle",
    partial_index(
        "bundle_code",
        "code_fingerprint",
        "address_fingerprint",
        where="closed_at IS NULL",
        unique=True,
    ),
    Index("bundle_channel", "channel_key"),
)
class Bundle:
    """Several pages of one contact channel that left as one message; its code accepts them all.

    `page_keys` are in the order of the message: the newest first, but the `repeats` last ones
    are pages that had been sent before.
    """

    key: Key = primary()
    account_id: str
    contact_arn: str
    channel_key: Key = references("contact_channel", on_delete="CASCADE")
    channel_arn: str
    page_keys: list[str]
    repeats: int
    address_fingerprint: str
    code: str = encrypted()
    code_fingerprint: str
    created_at: datetime
    closed_at: datetime | None = None
    """When its code stopped being looked for."""


@table("tally", Index("tally_day", "account_id", "day", "what", "who", unique=True))
class Tally:
    """How many messages of a kind have left on a day, which begins at `day`.

    `what` is a medium or "activation"; `who` is the fingerprint of an address, "" for all of
    them together.
    """

    key: Key = primary()
    account_id: str
    day: datetime
    what: str
    who: str
    sent: int
    told_at: datetime | None = None
    """When an incident was told that the limit is reached."""
