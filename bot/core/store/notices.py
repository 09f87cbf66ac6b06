"""Who reads topics beside subscribers: Chime rooms and threads of notifications; who saved a
plan.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index

from bot.core.ids import Key
from bot.core.store.schema import Wire, encrypted, primary, table


@table(
    "chime_webhook",
    Index("chime_webhook_arn", "arn", unique=True),
    Index("chime_webhook_account", "account_id", "key"),
)
class ChimeWebhook:
    """Links topics to a Chime room. `document` is the wire's ChimeWebhookConfiguration, which
    never shows the URL: whoever has it may post.
    """

    key: Key = primary()
    account_id: str
    arn: str
    url: str = encrypted()
    document: Wire
    created_at: datetime


@table(
    "notification_thread",
    Index("notification_thread_id", "account_id", "channel_id", "thread_id", unique=True),
    Index("notification_thread_begun", "begun_at"),
)
class NotificationThread:
    """Custom notifications of one `threadId` in a Slack channel; `message_ts` is the first."""

    key: Key = primary()
    account_id: str
    channel_id: str
    thread_id: str
    message_ts: str | None = None
    begun_at: datetime


@table("plan_saver", Index("plan_saver_plan", "account_id", "plan_arn", unique=True))
class PlanSaver:
    """Who saved a response plan last, and hears where it cannot tell anybody.

    `slack_user` is None where it was not saved in Slack.
    """

    key: Key = primary()
    account_id: str
    plan_arn: str
    principal_arn: str
    slack_user: str | None
    saved_at: datetime


@table("chat_preferences", Index("chat_preferences_account", "account_id", unique=True))
class ChatPreferences:
    """`document` is the wire's AccountPreferences."""

    key: Key = primary()
    account_id: str
    document: Wire
