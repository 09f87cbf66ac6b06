"""Related items of an incident, as its document holds them, in the order of their coming."""

from __future__ import annotations

from collections.abc import Iterable

from bot.core.errors import ValidationException
from bot.core.ids import new_key
from bot.core.store.schema import Wire

MOST = 50


def identified(item: Wire) -> Wire:
    """The item under a new `generatedId`; later ones sort later, by their last part."""
    digits = new_key().replace("-", "").upper()
    return {**item, "generatedId": f"related-item/{item['identifier']['type']}/{digits}"}


def place(item: Wire) -> str:
    return str(item["generatedId"]).rsplit("/", 1)[1]


def checked(items: Iterable[Wire]) -> list[Wire]:
    """Raises ValidationException above the service's quota, which is below the model's."""
    kept = list(items)
    if len(kept) > MOST:
        raise ValidationException(
            f"An incident has at most {MOST} related items, not {len(kept)}."
        )
    return kept
