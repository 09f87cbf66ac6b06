"""A refusal in a service's own spelling, as its model gives it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from bot.core import conversions
from bot.core.errors import ServiceError
from bot.core.service_models import Shape, service_model, xform_name

STAND_INS: Mapping[str, Mapping[str, str]] = {
    "sns": {
        "AccessDeniedException": "AuthorizationErrorException",
        "ConflictException": "InvalidParameterException",
        "DataEncryptionException": "InternalErrorException",
        "InternalServerException": "InternalErrorException",
        "ServiceQuotaExceededException": "TopicLimitExceededException",
        "ThrottlingException": "ThrottledException",
        "ValidationException": "InvalidParameterException",
    },
    "chatbot": {
        "DataEncryptionException": "InternalServiceError",
        "InternalServerException": "InternalServiceError",
        "NotFoundException": "ResourceNotFoundException",
        "ServiceQuotaExceededException": "LimitExceededException",
        "ValidationException": "InvalidParameterException",
    },
    "ssm": {
        "DataEncryptionException": "InternalServerError",
        "InternalServerException": "InternalServerError",
    },
    "ssm-incidents": {"DataEncryptionException": "InternalServerException"},
}
"""What a service calls an error that others call differently."""

QUERY_CODES = {
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "UnknownOperationException": "InvalidAction",
    "UnrecognizedClientException": "InvalidClientTokenId",
}

OTHER_NAMES = {"resource_identifier": "resource_id"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """`code` is the error's name, `query_code` what the query protocol calls it."""

    code: str
    query_code: str
    status: int
    members: Mapping[str, Any]


def refusal_of(service: str, error: ServiceError) -> Refusal:
    """Spell an error as the service does; one that its model lacks keeps its own name."""
    name = STAND_INS.get(service, {}).get(error.code, error.code)
    shape = service_model(service).error_shape(name)
    message = error.message.encode("utf-8", "replace").decode()
    if shape is None:
        return Refusal(
            code=name,
            query_code=QUERY_CODES.get(name, name.removesuffix("Exception")),
            status=error.status,
            members={"message": message},
        )
    told = shape.metadata.get("error", {})
    default = 500 if shape.metadata.get("fault") else 400
    return Refusal(
        code=name,
        query_code=told.get("code", name),
        status=told.get("httpStatusCode", default),
        members=_members(service, shape, message, error.fields),
    )


def _members(
    service: str, shape: Shape, message: str, fields: Mapping[str, Any]
) -> dict[str, Any]:
    missing = {"service_code": service, "quota_code": "unknown"}
    members: dict[str, Any] = {}
    for name, member in shape.members.items():
        snake = xform_name(name)
        value = fields.get(snake, fields.get(OTHER_NAMES.get(snake, snake)))
        if snake == "message":
            value = message
        elif member.enum:
            value = _enumerated(value, member)
        if value is None and name in shape.required_members:
            value = missing.get(snake, "")
        if value is not None:
            members[name] = value
    written: dict[str, Any] = _writer(service, shape.name)(members)
    return written


def _enumerated(value: Any, shape: Shape) -> str | None:
    """Spell "Response plan" or "ResponsePlan" as RESPONSE_PLAN, if the enumeration has it."""
    text = re.sub(r"\W+", "_", str(value))
    spellings = (str(value), text.upper(), xform_name(text).upper())
    return next((spelling for spelling in spellings if spelling in shape.enum), None)


@cache
def _writer(service: str, name: str) -> conversions.Conversion:
    shape = service_model(service).error_shape(name)
    if shape is None:
        raise LookupError(f"{service} has no error {name}")
    return conversions.outgoing(shape)
