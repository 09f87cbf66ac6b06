"""What a call says next. Only a pressed key acknowledges; a voicemail hears the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.core.channel import Bundle as BundleMessage
from bot.core.channel import Page as PageMessage
from bot.core.context import Context
from bot.core.effects import bundles, receipts
from bot.core.effects.closing import closed_words
from bot.core.effects.names import shown_name
from bot.core.errors import ServiceError
from bot.core.replies.accepting import (
    contact_caller,
    is_current,
    latest_activation,
)
from bot.core.replies.bundled import accept_told, state_of
from bot.core.store.bundles import Bundle
from bot.core.store.contacts import Activation, ContactChannel
from bot.core.store.engagements import Engagement, Page, VoiceToken

Step = Literal["start", "key"]

NO_LONGER_VALID = "This activation code is no longer valid. Please ask for a new one."
GONE = "This page is no longer known."


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePrompt:
    page: PageMessage | BundleMessage
    wrong_key: bool = False


@dataclass(frozen=True, slots=True)
class Acknowledged:
    count: int = 1


@dataclass(frozen=True, slots=True)
class AlreadyClosed:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationPrompt:
    wrong_key: bool = False


@dataclass(frozen=True, slots=True)
class ActivationCode:
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Goodbye:
    """Another call asks with this one's token."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No call was placed with that token."""


CallState = (
    PagePrompt
    | Acknowledged
    | AlreadyClosed
    | ActivationPrompt
    | ActivationCode
    | Goodbye
    | Unknown
)


def next_in_call(
    ctx: Context, token: str, *, call_sid: str, step: Step, digits: str | None
) -> CallState:
    """Say what a call says next; `digits` is the key pressed since the last question."""
    row = ctx.tx.find(
        VoiceToken,
        account_id=ctx.account_id,
        token_fingerprint=ctx.unit.tx.vault.fingerprint(f"voice {token}"),
    )
    row = row and ctx.lock(VoiceToken, row.key)
    if row is None or not call_sid:
        return Unknown()
    if row.call_sid is None:
        row = ctx.update(row, call_sid=call_sid)
    if row.call_sid != call_sid:
        return Goodbye()
    key = digits if step == "key" else None
    if row.page_key is not None or row.bundle_key is not None:
        told = receipts.told_pages(ctx, row.page_key or row.bundle_key)
        bundle = ctx.get(Bundle, row.bundle_key) if row.bundle_key else None
        return _told_state(ctx, bundle, told, key)
    activation = ctx.get(Activation, row.activation_key) if row.activation_key else None
    return _activation_state(ctx, activation, key)


def _told_state(
    ctx: Context, bundle: Bundle | None, pages: Sequence[Page], key: str | None
) -> CallState:
    if not pages:
        return AlreadyClosed(GONE)
    if key == "1":
        return _accept(ctx, pages)
    if words := state_of(ctx, pages):
        return AlreadyClosed(words)
    wrong_key = bool(key) and key != "2"
    waiting = [page for page in pages if not closed_words(ctx, page)]
    page = _message(ctx, bundle, waiting)
    return PagePrompt(page=page, wrong_key=wrong_key) if page else AlreadyClosed(GONE)


def _accept(ctx: Context, pages: Sequence[Page]) -> CallState:
    if all(page.read_at is not None for page in pages):
        return Acknowledged(len(pages))  # the vendor asks again where our first answer was lost
    contact_arn = pages[0].contact_arn
    try:
        accepted = accept_told(ctx, pages, contact_caller(ctx, contact_arn), "VOICE")
    except ServiceError as refusal:
        return AlreadyClosed(refusal.message)
    if accepted.fresh == accepted.count:
        return Acknowledged(accepted.count)
    return AlreadyClosed(accepted.words(shown_name(ctx, contact_arn)))


def _activation_state(
    ctx: Context, activation: Activation | None, key: str | None
) -> CallState:
    channel = ctx.get(ContactChannel, activation.channel_key) if activation else None
    if activation is None or channel is None or channel.deleted_at is not None:
        return AlreadyClosed(NO_LONGER_VALID)
    latest = latest_activation(ctx, channel)
    if latest is None or latest.key != activation.key or not is_current(latest, ctx.now):
        return AlreadyClosed(NO_LONGER_VALID)
    if key == "1":
        return ActivationCode(activation.code)
    return ActivationPrompt(wrong_key=bool(key))


def _message(
    ctx: Context, bundle: Bundle | None, pages: Sequence[Page]
) -> PageMessage | BundleMessage | None:
    first = pages[0]
    fields: dict[str, Any] = {"key": first.key, "address": "", "created_at": first.created_at}
    engagement = ctx.get(Engagement, first.engagement_key)
    if bundle is not None and len(pages) > 1:
        return bundles.message_of(ctx, bundle, pages, code="", **fields)
    if engagement is None:
        return None
    texts = engagement.texts
    return PageMessage(
        **fields,
        subject=texts["Subject"],
        content=texts["Content"],
        public_subject=texts.get("PublicSubject") or "",
        code=first.code,
        incident_arn=first.incident_arn,
        is_test=engagement.is_test,
    )
