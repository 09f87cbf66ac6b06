"""Who may post alarms, and for which response plan."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index

from bot.core.ids import Key
from bot.core.store.schema import primary, table


@table(
    "alarm_token",
    Index("alarm_token_fingerprint", "fingerprint", unique=True),
    Index("alarm_token_account", "account_id", "key"),
)
class AlarmToken:
    """`fingerprint` is the SHA-256 of the token, which is itself kept nowhere. `region` is that
    of its maker. `alerts_as` is GROUP or ALERT.
    """

    key: Key = primary()
    account_id: str
    name: str
    response_plan_arn: str
    fingerprint: str
    resolves_incidents: bool
    alerts_as: str
    region: str
    created_by: str
    created_at: datetime
    revoked_at: datetime | None = None
