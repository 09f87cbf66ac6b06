"""Related items of an incident, as its document holds them, in the order of their coming."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterable
from datetime import datetime

from bot.core.arns import build_arn
from bot.core.context import Context
from bot.core.errors import ValidationException
from bot.core.ids import new_key
from bot.core.store.schema import Wire

MOST = 50
PARENT_TITLE = "parentItem"
OPS_ITEM = "opsitem"

_count = itertools.count(secrets.randbits(16))


def new_ops_item_id(now: datetime) -> str:
    """Names the OpsItem that stands for an incident, as Systems Manager spells such names.

    The first eight of its twelve digits are the time in milliseconds, for seven weeks, so that
    the index of all names grows at one place. The others count: those that a process makes
    within a millisecond differ, and another process counts from elsewhere.
    """
    milliseconds = int(now.timestamp() * 1000) & 0xFFFF_FFFF
    return f"oi-{milliseconds:08x}{next(_count) & 0xFFFF:04x}"


def parent_item(ctx: Context, ops_item_id: str) -> Wire:
    """The item that an incident begins with. Source: the user guide, "Incident creation"."""
    arn = build_arn("ssm", ctx.caller.region, ctx.account_id, OPS_ITEM, ops_item_id)
    identifier = {"type": "PARENT", "value": {"arn": arn}}
    return {"identifier": identifier, "title": PARENT_TITLE}


def identified(item: Wire) -> Wire:
    """The item under a new `generatedId`; later ones sort later, by their last part."""
    digits = new_key().replace("-", "").upper()
    return {**item, "generatedId": f"related-item/{item['identifier']['type']}/{digits}"}


def place(item: Wire) -> str:
    return str(item["generatedId"]).rsplit("/", 1)[1]


def checked(items: Iterable[Wire]) -> list[Wire]:
    """Raises ValidationException above the service's quota, which is below the model's, and
    which the item that the incident began with does not count to (our choice).
    """
    kept = list(items)
    counted = len(kept) - any(_is_parent(item) for item in kept)
    if counted > MOST:
        raise ValidationException(f"An incident has at most {MOST} related items.")
    return kept


def _is_parent(item: Wire) -> bool:
    return item["identifier"]["type"] == "PARENT" and item.get("title") == PARENT_TITLE
