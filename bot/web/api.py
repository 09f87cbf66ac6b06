"""The wire door: signature -> wire -> dispatcher -> wire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Protocol

from aiohttp import web

from bot.core.access import Caller
from bot.core.credentials import Credential
from bot.core.dispatch import Request, new_request_id
from bot.core.errors import ServiceError
from bot.web.rates import Rates
from bot.web.signatures import Authorization, read_authorization, verify
from bot.web.wire import (
    MalformedHttpRequestException,
    RequestEntityTooLargeException,
    WireAnswer,
    likely_service,
    read_request,
    write_error,
    write_result,
)

LARGEST_BODY = 1_000_000
"""Bytes. Our choice: the longest legal input, a contact policy, is 395,000 characters."""


class Answering(Protocol):
    """What the door needs of the dispatcher."""

    async def answer(self, request: Request, /) -> dict[str, Any]:
        """Raises ServiceError, and nothing else."""

    async def credential(self, access_key_id: str, /) -> Credential | None: ...


class ApiDoor:
    """Answers the AWS API at `/` and at every path that no other route takes."""

    def __init__(self, dispatcher: Answering, rates: Rates | None = None) -> None:
        """Without `rates` there is no limit but that of the store's queues."""
        self._dispatcher = dispatcher
        self._rates = rates

    async def answer(self, request: web.Request) -> web.Response:
        """Never raises: whatever is wrong with a request is told in the service's own form."""
        request_id = new_request_id()
        body = b""
        signed_for = ""
        try:
            body = await _body(request)
            authorization = read_authorization(request.headers)
            signed_for = authorization.scope.service
            credential = await self._verified(request, authorization, body)
            wire = read_request(
                request.method, request.raw_path, request.headers, body, signed_for
            )
            if self._rates is not None:
                self._rates.take(credential.account_id, wire.service, wire.operation)
            result = await self._dispatcher.answer(
                Request(
                    service=wire.service,
                    operation=wire.operation,
                    parameters=wire.parameters,
                    caller=_caller(credential, authorization.scope.region),
                    source=request.remote or "",
                    request_id=request_id,
                )
            )
            return _response(write_result(wire, result, request_id))
        except ServiceError as refusal:
            service = likely_service(
                request.method, request.raw_path, request.headers, body, signed_for
            )
            return _response(write_error(service, refusal, request_id))

    async def _verified(
        self, request: web.Request, authorization: Authorization, body: bytes
    ) -> Credential:
        raw_path, _, raw_query = request.raw_path.partition("?")
        return verify(
            authorization,
            await self._dispatcher.credential(authorization.scope.access_key_id),
            method=request.method,
            raw_path=raw_path,
            raw_query=raw_query,
            headers=request.headers,
            body=body,
            now=datetime.now(UTC),
        )


async def _body(request: web.Request) -> bytes:
    """Raises RequestEntityTooLargeException, MalformedHttpRequestException."""
    if request.content_length is not None and request.content_length > LARGEST_BODY:
        raise RequestEntityTooLargeException(f"A body may have {LARGEST_BODY} bytes.")
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise RequestEntityTooLargeException(f"A body may have {LARGEST_BODY} bytes.") from None
    except web.RequestPayloadError:
        raise MalformedHttpRequestException("The body cannot be read.") from None
    if len(body) > LARGEST_BODY:
        raise RequestEntityTooLargeException(f"A body may have {LARGEST_BODY} bytes.")
    return body


def _caller(credential: Credential, region: str) -> Caller:
    return Caller(
        account_id=credential.account_id,
        principal_arn=credential.principal_arn,
        actor=credential.principal_arn.rpartition("/")[2],
        door="api",
        region=region,
    )


def _response(answer: WireAnswer) -> web.Response:
    return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
