"""rest-json: the operation in method and path, members in path, query, headers and body."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import orjson

from bot.core.errors import UnknownOperationException
from bot.core.service_models import (
    OperationModel,
    Shape,
    from_wire,
    operation_model,
    operation_names,
    to_wire,
)
from bot.web.wire.exchange import (
    MalformedHttpRequestException,
    WireAnswer,
    WireRequest,
    decoded,
    read_json_object,
    scalar,
)
from bot.web.wire.refusals import Refusal

LABEL = re.compile(r"\\\{(\w+)\\?\+?\\\}")
MOST_QUERY_FIELDS = 1000


@dataclass(frozen=True, slots=True)
class Route:
    """Where an operation's members are; `path` matches the path as it was sent."""

    operation: str
    path: re.Pattern[str]
    labels: Mapping[str, str]
    in_query: Sequence[tuple[str, str, Shape]]
    in_headers: Sequence[tuple[str, str, Shape]]
    has_body: bool


def read(
    service: str, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
) -> WireRequest:
    """Raises UnknownOperation-, Serialization- or MalformedHttpRequestException."""
    route, labels = find_route(service, method, path)
    parameters = read_json_object(body) if route.has_body else {}
    if not route.has_body or labels or route.in_query or route.in_headers:
        parameters |= {route.labels[name]: decoded(text) for name, text in labels.items()}
        parameters |= _from_query(route, query)
        parameters |= {
            name: scalar(headers[header], shape.type_name)
            for name, header, shape in route.in_headers
            if header in headers
        }
    return WireRequest(
        service=service,
        operation=route.operation,
        parameters=from_wire(service, route.operation, parameters),
    )


def find_route(service: str, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
    """Find the operation and its labels, still encoded. Raises UnknownOperationException."""
    fixed, open_ended = _routes(service)
    route = fixed.get((method, path))
    if route is not None:
        return route, {}
    for verb, candidate in open_ended:
        if verb == method and (found := candidate.path.fullmatch(path)):
            return candidate, found.groupdict()
    raise UnknownOperationException(f"{service} has no operation at {method} {path[:64]}.")


def write_result(
    request: WireRequest, result: Mapping[str, object], request_id: str
) -> WireAnswer:
    model = operation_model(request.service, request.operation)
    status = model.http.get("responseCode", 200)
    if status == 204:
        return WireAnswer(status=204, headers={"x-amzn-RequestId": request_id}, body=b"")
    return WireAnswer(
        status=status,
        headers={"Content-Type": "application/json", "x-amzn-RequestId": request_id},
        body=orjson.dumps(to_wire(request.service, request.operation, result)),
    )


def write_error(refusal: Refusal, request_id: str) -> WireAnswer:
    return WireAnswer(
        status=refusal.status,
        headers={
            "Content-Type": "application/json",
            "x-amzn-RequestId": request_id,
            "x-amzn-ErrorType": refusal.code,
        },
        body=orjson.dumps(refusal.members),
    )


def _from_query(route: Route, query: str) -> dict[str, Any]:
    if not route.in_query:
        return {}
    try:
        given = parse_qs(
            query, keep_blank_values=True, errors="strict", max_num_fields=MOST_QUERY_FIELDS
        )
    except ValueError:
        raise MalformedHttpRequestException("The query string cannot be read.") from None
    found: dict[str, Any] = {}
    for name, field, shape in route.in_query:
        texts = given.get(field)
        if texts is None:
            continue
        if shape.type_name == "list":
            found[name] = [scalar(text, shape.member.type_name) for text in texts]
        elif len(texts) == 1:
            found[name] = scalar(texts[0], shape.type_name)
        else:
            raise MalformedHttpRequestException(f"{field} is given more than once.")
    return found


@cache
def _routes(
    service: str,
) -> tuple[Mapping[tuple[str, str], Route], Sequence[tuple[str, Route]]]:
    """Split a service's routes into those of fixed paths and those with labels."""
    fixed: dict[tuple[str, str], Route] = {}
    open_ended: list[tuple[str, Route]] = []
    for name in operation_names(service):
        model = operation_model(service, name)
        method, path = model.http["method"], model.http["requestUri"]
        if "{" in path:
            open_ended.append((method, _route(model)))
        else:
            fixed[method, path] = _route(model)
    return fixed, open_ended


def _route(model: OperationModel) -> Route:
    placed: dict[str, list[tuple[str, str, Shape]]] = {
        "uri": [],
        "querystring": [],
        "header": [],
    }
    members = model.input_shape.members
    for name, shape in members.items():
        location = shape.serialization.get("location")
        if location in placed:
            placed[location].append((name, shape.serialization.get("name", name), shape))
    return Route(
        operation=model.name,
        path=_path_pattern(model.http["requestUri"]),
        labels={label: name for name, label, _ in placed["uri"]},
        in_query=placed["querystring"],
        in_headers=placed["header"],
        has_body=len(members) > sum(map(len, placed.values())),
    )


def _path_pattern(template: str) -> re.Pattern[str]:
    """A label at the end may hold slashes, as an ARN does that was sent without encoding."""
    escaped = re.escape(template)
    last = re.sub(LABEL.pattern + "$", r"(?P<\1>.+)", escaped)
    return re.compile(LABEL.sub(r"(?P<\1>[^/]+)", last))
