"""Which function answers an operation, and which does a task. One table for every door."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bot.core.errors import OperationNotAnswered, UnknownOperationException
from bot.core.not_answered import why_not
from bot.core.service_models import (
    operation_model,
    operation_names,
    token_members,
    xform_name,
)

Handler = Callable[..., Mapping[str, Any] | None]
Task = Callable[..., None]
H = TypeVar("H", bound=Handler)
T = TypeVar("T", bound=Task)

handlers: dict[tuple[str, str], Handler] = {}
tasks: dict[str, Task] = {}
_late: dict[str, str] = {}


def operation(service: str, name: str) -> Callable[[H], H]:
    """Make the decorated function the one answer to an operation, for every door.

    Its keyword parameters must be the operation's input members in snake case,
    less the idempotency token, which dispatch consumes.
    Raises TypeError, at import, where the function and the service model differ.
    """
    shape = operation_model(service, name).input_shape
    members = set(shape.members if shape else ()) - token_members(service, name)
    expected = {xform_name(member) for member in members}

    def register(handler: H) -> H:
        given = _keywords(handler)
        if handler.__name__ != xform_name(name) or given != expected:
            raise TypeError(
                f"{handler.__qualname__} does not fit {service} {name}: {given ^ expected}"
            )
        if handlers.setdefault((service, name), handler) is not handler:
            raise TypeError(f"{service} {name} has two handlers")
        return handler

    return register


def _keywords(handler: Handler) -> set[str]:
    """Its keyword-only parameters; a tenth of the cost of `inspect.signature`."""
    code = inspect.unwrap(handler).__code__
    first = code.co_argcount
    return set(code.co_varnames[first : first + code.co_kwonlyargcount])


def task(function: T) -> T:
    """Make the decorated function something that a job may ask for, under its own name."""
    if tasks.setdefault(function.__name__, function) is not function:
        raise TypeError(f"two tasks are called {function.__name__}")
    return function


def handler_of(service: str, name: str) -> Handler:
    """Raises UnknownOperationException, or OperationNotAnswered where only the model knows
    it.
    """
    load(service)
    handler = handlers.get((service, name))
    if handler is not None:
        return handler
    if name not in operation_names(service):
        raise UnknownOperationException(f"{service} has no operation {name}.")
    raise OperationNotAnswered(
        f"{service} {name} is not answered by this version. {why_not(service, name)}".rstrip()
    )


def come_late(service: str, module: str) -> None:
    """Have a service's operations imported when they are asked for first: checking them at
    every start would load a model that is larger than all others together.
    """
    _late[service] = module


def load(service: str) -> None:
    if service in _late:
        importlib.import_module(_late[service])


def is_answered(service: str, name: str) -> bool:
    load(service)
    return (service, name) in handlers
