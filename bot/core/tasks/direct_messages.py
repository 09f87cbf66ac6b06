"""What the clock asks of direct messages: write into them what became of their engagement."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import bindparam, delete

from bot.core.context import Context
from bot.core.effects import jobs, outbox, slack_links
from bot.core.ids import Key
from bot.core.registry import task
from bot.core.store.engagements import Engagement
from bot.core.store.schema import table_of
from bot.core.store.slack_links import DirectMessage
from bot.core.store.statements import prepared
from bot.core.store.work import Outbox

AGAIN_AFTER = timedelta(seconds=1)

_outbox = table_of(Outbox).c
DROP = prepared(
    delete(table_of(Outbox)).where(_outbox.key == bindparam("row"), _outbox.owner.is_(None))
)


@task
def draw_direct_message(ctx: Context, engagement_key: Key) -> None:
    """Take the button away once nobody needs to press it any more.

    A message that has not left, and surely has not arrived, is not sent at all then; one that
    is on its way is waited for.
    """
    message = ctx.find_by(DirectMessage, engagement_key=engagement_key)
    engagement = ctx.get(Engagement, engagement_key)
    state = slack_links.fate(ctx, engagement) if engagement else ""
    if message is None or engagement is None or not state:
        return
    if message.ts is not None:
        page = slack_links.direct_page(ctx, message, engagement, state)
        outbox.post_in_order(ctx, page, message.key)
        return
    waiting = ctx.tx.find(Outbox, conversation_key=message.key, failed_at=None)
    if waiting is None:
        return
    if waiting.owner is None and not waiting.is_doubtful:
        ctx.tx.execute(DROP, row=waiting.key)
        return
    at = max(ctx.now, waiting.due_at) + AGAIN_AFTER
    jobs.defer(ctx, "draw_direct_message", at=at, engagement_key=engagement_key)
