"""The services' models, loaded when first asked for: names, inputs, outputs.

The AWS services' models are botocore's data files, read without a session (which would cost
150 ms at every start); `imbot` is our own, in the same format.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import botocore
import orjson

from bot.core import conversions, validators
from bot.core.errors import UnknownOperationException
from bot.core.shapes import OperationModel, ServiceModel, Shape

SERVICES: tuple[str, ...] = ("ssm-incidents", "ssm-contacts", "sns", "chatbot", "imbot", "ssm")
TOKENS = frozenset({"clientToken", "IdempotencyToken"})
MEMBERS = re.compile(r"\b(Overridden|New)?ContactIds(\.\d+\.member)?$")
READS = ("Get", "List", "Describe", "BatchGet", "Check")

__all__ = [
    "SERVICES",
    "OperationModel",
    "ServiceModel",
    "Shape",
    "from_wire",
    "is_read",
    "kebab",
    "members",
    "operation_model",
    "operation_names",
    "service_model",
    "snake_parameters",
    "to_wire",
    "token_members",
    "validate",
    "validate_output",
    "wire_name",
    "xform_name",
]


@cache
def service_model(service: str) -> ServiceModel:
    """Raises UnknownOperationException for a service that is not answered."""
    if service not in SERVICES:
        raise UnknownOperationException(f"There is no service {service[:64]}.")
    return ServiceModel(service, orjson.loads(_document(service)))


def _document(service: str) -> bytes:
    if service == "imbot":
        return (Path(__file__).parent / "models" / "imbot.json").read_bytes()
    spec = find_spec("botocore")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("botocore is not installed, and with it the service models")
    newest = max((Path(spec.origin).parent / "data" / service).iterdir())
    return gzip.decompress((newest / "service-2.json.gz").read_bytes())


def operation_names(service: str) -> tuple[str, ...]:
    return service_model(service).operation_names


def operation_model(service: str, operation: str) -> OperationModel:
    """Raises UnknownOperationException for an unknown service or operation."""
    return service_model(service).operation_model(operation)


def members(shape: Shape) -> Mapping[str, Shape]:
    return shape.members


@lru_cache(4096)
def xform_name(name: str) -> str:
    """Spell a model's name in snake case, as botocore does: `ResourceARN` is `resource_arn`."""
    return str(botocore.xform_name(name))


@lru_cache(4096)
def kebab(name: str) -> str:
    """Spell a model's name as the AWS CLI does: `ResourceARN` is `resource-arn`."""
    return str(botocore.xform_name(name, "-"))


def wire_name(service: str, operation: str, snake: str) -> str:
    """Find the input member that a keyword stands for. Raises LookupError."""
    for name, keyword in _keywords(service, operation):
        if keyword == snake:
            return name
    for name in token_members(service, operation):
        if xform_name(name) == snake:
            return name
    raise LookupError(f"{service} {operation} has no input member {snake}")


@cache
def token_members(service: str, operation: str) -> frozenset[str]:
    """Name the input members that carry an idempotency token (none or one)."""
    shape = operation_model(service, operation).input_shape
    return frozenset(
        name
        for name, member in shape.members.items()
        if name in TOKENS or member.metadata.get("idempotencyToken")
    )


@cache
def _keywords(service: str, operation: str) -> tuple[tuple[str, str], ...]:
    tokens = token_members(service, operation)
    names = operation_model(service, operation).input_shape.members
    return tuple((name, xform_name(name)) for name in names if name not in tokens)


def snake_parameters(service: str, operation: str, wire: Mapping[str, Any]) -> dict[str, Any]:
    """Name the top level's members as handlers do.

    Tokens, nulls and members that the model does not hold are left out.
    """
    return {
        keyword: wire[name]
        for name, keyword in _keywords(service, operation)
        if wire.get(name) is not None
    }


def is_read(operation: str) -> bool:
    return operation.startswith(READS)


def validate(service: str, operation: str, parameters: Mapping[str, Any]) -> None:
    """Hold an input to the model: required, types, lengths, ranges, patterns, enums, unions.

    Timestamps are aware datetimes and blobs bytes (`from_wire` makes them so); members that the
    model does not hold are passed over, null is absent. Raises ValidationException, for sns and
    chatbot InvalidParameterException.
    """
    faults = _input_check(service, operation)(parameters)
    if faults:
        raise validators.refusal(service, faults)


def validate_output(service: str, operation: str, output: Mapping[str, Any]) -> None:
    """Hold an answer to the model, as tests do with every answer. Raises TypeError.

    Here a member that the model does not hold is a fault, too. Null is absent. Rotations have
    30 members, and previews have members of any name: where the model's outputs allow 25, and
    ARNs only, they contradict its inputs and are passed over.
    """
    faults = _output_check(service, operation)(output)
    if "Rotation" in operation:
        faults = [fault for fault in faults if not MEMBERS.search(fault.path)]
    if faults:
        told = "; ".join(f"{fault.path}: {fault.constraint}" for fault in faults)
        raise TypeError(f"the answer of {service} {operation} does not fit its model: {told}")


def from_wire(service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Make JSON's timestamps aware datetimes (UTC) and its blobs bytes.

    Timestamps may be epoch seconds or ISO 8601. What cannot be converted stays as it is, and
    `validate` names it. Nulls, and members that the model does not hold, are dropped.
    """
    converted: dict[str, Any] = _input_conversion(service, operation)(parameters)
    return converted


def to_wire(service: str, operation: str, output: Mapping[str, Any]) -> dict[str, Any]:
    """Make an answer fit for JSON: epoch seconds to the millisecond, base64, no nulls."""
    converted: dict[str, Any] = _output_conversion(service, operation)(output)
    return converted


@cache
def _input_check(service: str, operation: str) -> validators.Check:
    return validators.compile_check(operation_model(service, operation).input_shape)


@cache
def _output_check(service: str, operation: str) -> validators.Check:
    shape = operation_model(service, operation).output_shape
    return validators.compile_check(shape, is_strict=True)


@cache
def _input_conversion(service: str, operation: str) -> conversions.Conversion:
    return conversions.incoming(operation_model(service, operation).input_shape)


@cache
def _output_conversion(service: str, operation: str) -> conversions.Conversion:
    return conversions.outgoing(operation_model(service, operation).output_shape)
