"""Work for later: jobs decide at an instant, the outbox tells an address, deliveries come from
chat.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index

from bot.core.ids import Key
from bot.core.store.schema import Wire, encrypted, partial_index, primary, table


@table("job", partial_index("job_due", "is_behind", "due_at", where="parked_at IS NULL"))
class Job:
    """`task` names an entry of the registry. A job that is done is a row that is gone.

    No page waits for one that `is_behind`.
    """

    key: Key = primary()
    account_id: str
    task: str
    arguments: Wire = encrypted()
    is_behind: bool = False
    due_at: datetime
    attempts: int
    fault: str | None = None
    parked_at: datetime | None = None


@table(
    "outbox",
    partial_index(
        "outbox_due", "lane", "due_at", "key", where="owner IS NULL AND failed_at IS NULL"
    ),
    partial_index("outbox_owner", "owner", where="owner IS NOT NULL"),
    partial_index(
        "outbox_conversation", "conversation_key", where="conversation_key IS NOT NULL"
    ),
)
class Outbox:
    """A message that must leave. A message that has left is a row that is gone.

    `medium` names the channel that carries it, `lane` is "page" or "notification". `message` is
    the dataclass of `core.channel` as a document. `page_key` tells whose receipts it makes.
    Messages of one `conversation_key` leave in the order of their keys. `owner` is the process
    that carries it now, in its attempt number `attempts`.
    """

    key: Key = primary()
    account_id: str
    medium: str
    lane: str
    message: Wire = encrypted()
    page_key: Key | None = None
    channel_key: Key | None = None
    conversation_key: Key | None = None
    owner: str | None
    attempts: int
    due_at: datetime
    created_at: datetime
    is_doubtful: bool = False
    """An attempt was cut off, so the message may have arrived: ask the vendor before sending
    again.
    """
    fault: str | None = None
    failed_at: datetime | None = None


@table("delivery", Index("delivery_id", "delivery_id", unique=True))
class Delivery:
    """Something that came from chat, once: Slack's event id, or the trigger id of a command or
    action.
    """

    key: Key = primary()
    account_id: str
    delivery_id: str
    at: datetime
