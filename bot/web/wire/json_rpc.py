"""AWS JSON 1.0 and 1.1: one path, the operation in X-Amz-Target, members in the body."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from bot.core.errors import UnknownOperationException, ValidationException
from bot.core.service_models import from_wire, operation_model, service_model, to_wire
from bot.web.wire.exchange import (
    SerializationException,
    WireAnswer,
    WireRequest,
    read_json_object,
)
from bot.web.wire.refusals import Refusal


def read(service: str, method: str, headers: Mapping[str, str], body: bytes) -> WireRequest:
    """Raises UnknownOperationException, ValidationException (CANNOT_PARSE)."""
    prefix, _, operation = headers.get("X-Amz-Target", "").partition(".")
    if method != "POST" or prefix != service_model(service).metadata["targetPrefix"]:
        raise UnknownOperationException(f"This is no request to {service}.")
    operation_model(service, operation)
    try:
        document = read_json_object(body)
    except SerializationException as fault:
        raise ValidationException(fault.message, reason="CANNOT_PARSE") from None
    return WireRequest(
        service=service,
        operation=operation,
        parameters=from_wire(service, operation, document),
    )


def write_result(
    request: WireRequest, result: Mapping[str, object], request_id: str
) -> WireAnswer:
    document = to_wire(request.service, request.operation, result)
    return WireAnswer(
        status=200,
        headers={"Content-Type": _kind(request.service), "x-amzn-RequestId": request_id},
        body=orjson.dumps(document),
    )


def write_error(service: str, refusal: Refusal, request_id: str) -> WireAnswer:
    return WireAnswer(
        status=refusal.status,
        headers={
            "Content-Type": _kind(service),
            "x-amzn-RequestId": request_id,
            "x-amzn-ErrorType": refusal.code,
        },
        body=orjson.dumps({"__type": refusal.code, **refusal.members}),
    )


def _kind(service: str) -> str:
    return f"application/x-amz-json-{service_model(service).metadata['jsonVersion']}"
