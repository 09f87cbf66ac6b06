"""What subscribers of topics do without a signature. A token or the subscription's ARN is the
proof; a mail's link leads to a page whose button does it, for mail programs fetch links.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.access import Caller
from bot.core.arns import parse_arn
from bot.core.audit import audit_row
from bot.core.cascade import run_cascade
from bot.core.context import Context
from bot.core.dispatch import Dispatcher, Request, new_request_id
from bot.core.effects import subscriptions
from bot.core.effects.links import key_of
from bot.core.signing import TopicSigner
from bot.core.store.accounts import Topic
from bot.core.store.executor import Lane, Store
from bot.core.store.subscriptions import Subscription
from bot.core.store.transaction import Transaction

ANONYMOUS = "anonymous"

CONFIRMED = "Confirmed: what the topic publishes will come to this address."
ENDED = "Unsubscribed: nothing of this topic will come to this address."
ONLY_SIGNED = "Only the owner of the topic may end this subscription."
TOO_LATE = "This link was valid for two days. Ask for a new subscription."


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionPage:
    """A subscription as its mail's link shows it."""

    topic: str = field(repr=False)
    is_confirmed: bool


class TopicLinks:
    def __init__(
        self,
        dispatcher: Dispatcher,
        store: Store,
        signer: TopicSigner,
        *,
        account_id: str,
        region: str,
    ) -> None:
        self._dispatcher = dispatcher
        self._store = store
        self._signer = signer
        self._account_id = account_id
        self._region = region

    async def act(
        self, operation: str, parameters: Mapping[str, str], source: str, request_id: str
    ) -> dict[str, Any]:
        """Answer ConfirmSubscription or Unsubscribe. Raises ServiceError."""
        topic = parameters.get("TopicArn") or parameters.get("SubscriptionArn") or ""
        return await self._dispatcher.answer(
            Request(
                service="sns",
                operation=operation,
                parameters=dict(parameters),
                caller=self._anonymous(_region_of(topic) or self._region),
                source=source,
                request_id=request_id,
            )
        )

    async def certificate(self, name: str) -> str | None:
        return await self._signer.certificate(name)

    async def page(self, token: str) -> SubscriptionPage | None:
        """None where the link is not ours, or its subscription is gone."""
        key = key_of(self._store.vault, "subscription", token)
        if key is None:
            return None

        def read(tx: Transaction) -> SubscriptionPage | None:
            found = tx.get(Subscription, key)
            if found is None:
                return None
            topic = tx.find(Topic, account_id=found.account_id, arn=found.topic_arn)
            name = topic.attributes.get("DisplayName") or topic.name if topic else ""
            return SubscriptionPage(topic=name, is_confirmed=found.confirmed_at is not None)

        return await self._store.read(read)

    async def press(self, token: str, source: str, *, ends: bool) -> str | None:
        """Confirm a subscription, or end it; answers what to say. None as in `page`."""
        key = key_of(self._store.vault, "subscription", token)
        if key is None:
            return None

        def write(tx: Transaction) -> str | None:
            unit = self._dispatcher.unit(tx)
            ctx = Context(unit, self._anonymous(self._region), new_request_id())
            found = ctx.lock(Subscription, key)
            if found is None:
                return None
            words = _end(ctx, found) if ends else _confirm(ctx, found)
            operation = "Unsubscribe" if ends else "ConfirmSubscription"
            request = Request(
                service="sns",
                operation=operation,
                parameters={"SubscriptionArn": found.arn},
                caller=ctx.caller,
                source=source,
                request_id=ctx.request_id,
            )
            ctx.add(audit_row(request, ctx.now, "OK"))
            run_cascade(unit)
            return words

        return await self._store.write(write, Lane.REQUEST)

    def _anonymous(self, region: str) -> Caller:
        return Caller(
            account_id=self._account_id,
            principal_arn=ANONYMOUS,
            actor=ANONYMOUS,
            door="reply",
            region=region,
            rights="contact",
        )


def _confirm(ctx: Context, found: Subscription) -> str:
    if found.confirmed_at is not None:
        return CONFIRMED
    if ctx.now - found.asked_at > subscriptions.TOKEN_VALID:
        return TOO_LATE
    subscriptions.confirm(ctx, found, is_known=False, needs_authentication=False)
    return CONFIRMED


def _end(ctx: Context, found: Subscription) -> str:
    if found.needs_authentication:
        return ONLY_SIGNED
    subscriptions.end(ctx, found)
    return ENDED


def _region_of(arn: str) -> str | None:
    try:
        return parse_arn(arn).region or None
    except ValueError:
        return None
