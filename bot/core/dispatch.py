"""Request -> validate -> authorise -> one transaction (token, handler, cascade, audit row) ->
result.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import orjson

from bot.core.access import authorise
from bot.core.audit import AuditBuffer, audit_row
from bot.core.cascade import FIRST_PAGES, run_cascade
from bot.core.clock import Clock
from bot.core.context import AgainCarefully, Context, House, Unit
from bot.core.credentials import Credential
from bot.core.errors import ConflictException, InternalServerException, ServiceError
from bot.core.ids import new_key
from bot.core.keyring import Keyring
from bot.core.regions import require_region
from bot.core.registry import handler_of, task
from bot.core.request import Request as Request
from bot.core.request import new_request_id as new_request_id
from bot.core.service_models import is_read, snake_parameters, token_members, validate
from bot.core.store.accounts import Idempotency
from bot.core.store.executor import Lane, Store
from bot.core.store.transaction import Transaction, TransactionError

log = logging.getLogger(__name__)

TOKENS_KEPT = timedelta(hours=24)
ENGINE_SOURCE = "engine"
"""The source of requests that were put off."""


class TokenTaken(Exception):
    """Another process has answered the same idempotency token meanwhile; ask again."""


def check(request: Request) -> None:
    """Refuse what can be refused without looking anything up. Raises ServiceError."""
    handler_of(request.service, request.operation)
    authorise(request.caller, request.service, request.operation, request.resource)
    validate(request.service, request.operation, request.parameters)


def perform(ctx: Context, request: Request) -> dict[str, Any]:
    """Answer a checked request inside the context's transaction; its rows are not yet
    written. Of what was put off the region was checked when it was asked for.
    """
    if request.source != ENGINE_SOURCE:
        require_region(ctx, request.service, request.operation)
    handler = handler_of(request.service, request.operation)
    arguments = snake_parameters(request.service, request.operation, request.parameters)
    token = _token_of(request)
    if token is None:
        return dict(handler(ctx, **arguments) or {})
    scope = f"{request.service}.{request.operation} {request.caller.principal_arn}"
    fingerprint = ctx.unit.tx.vault.fingerprint(_fingerprint(request))
    earlier = ctx.find_by(Idempotency, account_id=ctx.account_id, scope=scope, token=token)
    if earlier is not None:
        if ctx.now - earlier.created_at < TOKENS_KEPT:
            return _replay(earlier, fingerprint)
        ctx.delete(earlier)
    answer = dict(handler(ctx, **arguments) or {})
    kept = Idempotency(
        key=new_key(),
        account_id=ctx.account_id,
        scope=scope,
        token=token,
        fingerprint=fingerprint,
        answer=answer,
        created_at=ctx.now,
    )
    if not ctx.unit.tx.insert_or_ignore(kept):
        raise TokenTaken
    return answer


def answer_within(
    ctx: Context, request: Request, *, known: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Answer a request inside a larger transaction; a refusal undoes only what it wrote itself.

    `known` is the answer, where it was read before. Raises ServiceError. Either way the audit
    row is the larger transaction's.
    """
    try:
        check(request)
        with ctx.savepoint():
            answer = dict(known or perform(ctx.on_behalf_of(request.caller), request))
    except ServiceError as refusal:
        ctx.add(audit_row(request, ctx.now, refusal.code))
        raise
    ctx.add(audit_row(request, ctx.now, "OK"))
    return answer


@task
def answer_request(
    ctx: Context, service: str, operation: str, parameters: Mapping[str, Any]
) -> None:
    """Answer a request that was put off, on behalf of the caller who caused it."""
    request = Request(
        service=service,
        operation=operation,
        parameters=parameters,
        caller=ctx.caller,
        source=ENGINE_SOURCE,
        request_id=ctx.request_id,
    )
    validate(service, operation, parameters)
    perform(ctx, request)
    ctx.add(audit_row(request, ctx.now, "OK"))


class Dispatcher:
    """The one way in, for every door."""

    def __init__(self, store: Store, clock: Clock, house: House, keyring: Keyring) -> None:
        self._store = store
        self._clock = clock
        self._house = house
        self._keyring = keyring
        self._audit = AuditBuffer(store)

    async def answer(self, request: Request) -> dict[str, Any]:
        """Answer after the commit. Raises ServiceError; anything else is logged and
        InternalServer.
        """
        try:
            check(request)
            if is_read(request.operation):
                answer = await self._store.read(lambda tx: self._read(tx, request))
                self._audit.add(audit_row(request, self._clock.now(), "OK"))
                return answer
            lane = Lane.REPLY if request.operation == "AcceptPage" else Lane.REQUEST
            return await self._write(request, lane)
        except ServiceError as refusal:
            self._audit.add(audit_row(request, self._clock.now(), refusal.code))
            raise
        except Exception as fault:
            log.exception(
                "%s %s failed, request %s",
                request.service,
                request.operation,
                request.request_id,
            )
            self._audit.add(audit_row(request, self._clock.now(), "InternalServerException"))
            raise InternalServerException(
                f"Something broke here; the log has it under {request.request_id}."
            ) from fault

    async def _write(self, request: Request, lane: Lane) -> dict[str, Any]:
        attempt = self._attempt_hopefully
        for _ in range(4):
            try:
                answer = await self._store.write(partial(attempt, request), lane)
            except TokenTaken:
                continue
            except AgainCarefully:
                attempt = self._attempt
                continue
            if isinstance(answer, ServiceError):
                raise answer
            return answer
        raise InternalServerException("The idempotency token is being answered elsewhere.")

    def _attempt_hopefully(
        self, request: Request, tx: Transaction
    ) -> dict[str, Any] | ServiceError:
        """Answer a request without savepoints. Raises AgainCarefully where any are needed."""
        unit = self.unit(tx)
        unit.is_hopeful = True
        try:
            return self._answer_or_keep(unit, request)
        except (ServiceError, TransactionError, TokenTaken):
            raise
        except Exception as fault:
            raise AgainCarefully from fault

    def _attempt(self, request: Request, tx: Transaction) -> dict[str, Any] | ServiceError:
        return self._answer_or_keep(self.unit(tx), request)

    def _answer_or_keep(self, unit: Unit, request: Request) -> dict[str, Any] | ServiceError:
        """Answer a request; a refusal that leaves rows is returned, so that they commit."""
        try:
            return self._answer_in(unit, request)
        except ServiceError as refusal:
            if not unit.kept:
                raise
            for row in unit.kept:
                unit.tx.insert_or_ignore(row)
            return refusal

    def answer_in(self, tx: Transaction, request: Request) -> dict[str, Any]:
        """Answer a checked request in a transaction of the caller's, with its cascade."""
        return self._answer_in(self.unit(tx), request)

    def _answer_in(self, unit: Unit, request: Request) -> dict[str, Any]:
        ctx = Context(unit, request.caller, request.request_id)
        answer = perform(ctx, request)
        ctx.add(audit_row(request, unit.now, "OK"))
        run_cascade(unit, FIRST_PAGES)
        return answer

    def unit(self, tx: Transaction) -> Unit:
        return Unit(tx, self._clock.now(), self._house)

    def _read(self, tx: Transaction, request: Request) -> dict[str, Any]:
        ctx = Context(self.unit(tx), request.caller, request.request_id)
        return perform(ctx, request)

    @property
    def media(self) -> frozenset[str]:
        return self._house.media

    async def credential(self, access_key_id: str) -> Credential | None:
        return await self._keyring.credential(access_key_id)

    async def close(self) -> None:
        await self._audit.close()


def _token_of(request: Request) -> str | None:
    for member in token_members(request.service, request.operation):
        if token := request.parameters.get(member):
            return str(token)
    return None


def _fingerprint(request: Request) -> str:
    """A digest of all parameters but the token: equal for equal questions."""
    tokens = token_members(request.service, request.operation)
    rest = {name: value for name, value in request.parameters.items() if name not in tokens}
    document = orjson.dumps(rest, option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.blake2b(document, digest_size=16).hexdigest()


def _replay(earlier: Idempotency, fingerprint: str) -> dict[str, Any]:
    if earlier.fingerprint != fingerprint:
        raise ConflictException(
            "The idempotency token was used with other parameters.", "REQUEST", earlier.token
        )
    return dict(earlier.answer)
