"""What one code, key or button accepts: a page, or all those of the bundle it came with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.access import Caller
from bot.core.context import Context
from bot.core.effects import receipts
from bot.core.effects.closing import closed_words
from bot.core.errors import ServiceError
from bot.core.replies.accepting import accept_page, code_fingerprint, find_page
from bot.core.store.bundles import Bundle
from bot.core.store.engagements import Engagement, Page


@dataclass(frozen=True, slots=True)
class Accepted:
    """Of so many pages, how many were accepted now, and why the first of the others was not."""

    count: int
    fresh: int
    closed: str

    def words(self, name: str) -> str:
        """Say it to whoever answered; `name` is the contact's."""
        if not self.fresh:
            return self.closed
        if self.count == 1:
            return f"Acknowledged. Thank you, {name}."
        if self.fresh == self.count:
            return f"Acknowledged all {self.count}. Thank you, {name}."
        return (
            f"Acknowledged {self.fresh} of {self.count}; the others wait for nobody. "
            f"Thank you, {name}."
        )


def find_told(ctx: Context, code: str, address: str) -> list[Page]:
    """The pages that a code at an address (its fingerprint) accepts, while it is known.

    Where a page and a bundle bear the same code, the later of them is meant.
    """
    page = find_page(ctx, code, address)
    bundle = ctx.tx.find(
        Bundle,
        account_id=ctx.account_id,
        code_fingerprint=code_fingerprint(ctx, code),
        address_fingerprint=address,
        closed_at=None,
    )
    if bundle is not None and (page is None or bundle.key > page.key):
        return receipts.told_pages(ctx, bundle.key)
    return [page] if page else []


def find_groups(ctx: Context, code: str) -> list[list[Page]]:
    """What a code accepts at any address: single pages, and those of bundles."""
    known = {
        "account_id": ctx.account_id,
        "code_fingerprint": code_fingerprint(ctx, code),
        "closed_at": None,
    }
    single = [[page] for page in ctx.select(Page, **known)]
    bundles = ctx.select(Bundle, **known)
    return single + [receipts.told_pages(ctx, bundle.key) for bundle in bundles]


def state_of(ctx: Context, pages: Sequence[Page]) -> str:
    """Say why none of the pages waits for an answer any more; "" where one does."""
    states = [closed_words(ctx, page) for page in pages]
    return states[0] if states and all(states) else ""


def accept_told(ctx: Context, pages: Sequence[Page], caller: Caller, source: str) -> Accepted:
    """Accept each of the pages; one that is refused leaves the others accepted.

    Raises ServiceError where all of them are refused.
    """
    for engagement_key in sorted({page.engagement_key for page in pages}):
        ctx.lock(Engagement, engagement_key)  # of two who answer at once, one is first
    fresh, closed = 0, ""
    refusals: list[ServiceError] = []
    states = [closed_words(ctx, page) for page in pages]
    for page, state in zip(pages, states, strict=True):
        words = state
        try:
            accept_page(ctx, page, caller, source)
        except ServiceError as refusal:
            refusals.append(refusal)
            words = state or refusal.message
        fresh += not words
        closed = closed or words
    if refusals and len(refusals) == len(pages):
        raise refusals[0]
    return Accepted(len(pages), fresh, closed)
