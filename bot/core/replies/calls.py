"""What a call says next. Only a pressed key acknowledges; a voicemail hears the question."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bot.core.channel import Page as PageMessage
from bot.core.context import Context
from bot.core.effects.closing import closed_words
from bot.core.errors import ServiceError
from bot.core.replies.accepting import (
    accept_page,
    contact_caller,
    is_current,
    latest_activation,
)
from bot.core.store.contacts import Activation, ContactChannel
from bot.core.store.engagements import Engagement, Page, VoiceToken

Step = Literal["start", "key"]

NO_LONGER_VALID = "This activation code is no longer valid. Please ask for a new one."
GONE = "This page is no longer known."


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePrompt:
    page: PageMessage
    wrong_key: bool = False


@dataclass(frozen=True, slots=True)
class Acknowledged:
    pass


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
    if row.page_key is not None:
        return _page_state(ctx, ctx.get(Page, row.page_key), key)
    activation = ctx.get(Activation, row.activation_key) if row.activation_key else None
    return _activation_state(ctx, activation, key)


def _page_state(ctx: Context, page: Page | None, key: str | None) -> CallState:
    engagement = ctx.get(Engagement, page.engagement_key) if page else None
    if page is None or engagement is None:
        return AlreadyClosed(GONE)
    if key == "1":
        return _accept(ctx, page)
    if words := closed_words(ctx, page):
        return AlreadyClosed(words)
    wrong_key = bool(key) and key != "2"
    return PagePrompt(page=_message(page, engagement), wrong_key=wrong_key)


def _accept(ctx: Context, page: Page) -> CallState:
    if page.read_at is not None:
        return Acknowledged()  # the vendor asks again where our first answer was lost
    try:
        closed = accept_page(ctx, page, contact_caller(ctx, page.contact_arn), "VOICE")
    except ServiceError as refusal:
        return AlreadyClosed(refusal.message)
    return AlreadyClosed(closed) if closed else Acknowledged()


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


def _message(page: Page, engagement: Engagement) -> PageMessage:
    texts = engagement.texts
    return PageMessage(
        key=page.key,
        address="",
        created_at=page.created_at,
        subject=texts["Subject"],
        content=texts["Content"],
        public_subject=texts.get("PublicSubject") or "",
        code=page.code,
        incident_arn=page.incident_arn,
        is_test=engagement.is_test,
    )
