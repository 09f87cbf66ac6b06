"""What tests of the service models share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import botocore.loaders
import botocore.model
import pytest

from bot.core.errors import (
    ServiceError,
)
from bot.core.registry import is_answered
from bot.core.service_models import (
    SERVICES,
    Shape,
    operation_names,
    validate,
)

CONTACT = "arn:aws:ssm-contacts:us-east-1:111122223333:contact/ana"
PLAN = "arn:aws:ssm-incidents::111122223333:response-plan/payments"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OPERATIONS = [
    (service, name)
    for service in SERVICES
    for name in operation_names(service)
    if service != "ssm" or is_answered(service, name)
]
"""Of Systems Manager, whose model is as large as all others, those that are answered."""
AWS = [pair for pair in OPERATIONS if pair[0] != "imbot"]


def walk(shape: Shape) -> Iterator[Shape]:
    yield shape
    for member in shape.members.values():
        yield from walk(member)
    if shape.type_name == "list":
        yield from walk(shape.member)
    if shape.type_name == "map":
        yield from walk(shape.key)
        yield from walk(shape.value)


def refusal(service: str, operation: str, **parameters: Any) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        validate(service, operation, parameters)
    return caught.value


def botocore_model(service: str, name: str) -> botocore.model.OperationModel:
    document = botocore.loaders.Loader().load_service_model(service, "service-2")
    return botocore.model.ServiceModel(document, service).operation_model(name)
