"""The query protocol: a form with Action and dotted names in, XML out."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import parse_qsl

from bot.core.errors import UnknownOperationException
from bot.core.service_models import (
    Shape,
    from_wire,
    operation_model,
    service_model,
)
from bot.web.wire.exchange import MalformedQueryString, WireAnswer, WireRequest, scalar
from bot.web.wire.refusals import Refusal

MOST_FIELDS = 1000
DEEPEST = 12
ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
KIND = "text/xml"

Tree = dict[str, Any]
"""Dotted names as nested dicts; the leaves are texts."""


def read(service: str, method: str, query: str, body: bytes) -> WireRequest:
    """Raises UnknownOperationException, MalformedQueryString."""
    fields = _fields(body if method == "POST" else query.encode())
    operation = fields.get("Action")
    if operation is None:
        raise UnknownOperationException("The request names no Action.")
    shape = operation_model(service, operation).input_shape
    document = _structure(shape, _tree(fields))
    return WireRequest(
        service=service,
        operation=operation,
        parameters=from_wire(service, operation, document),
    )


def _fields(form: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            form.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise MalformedQueryString("The form cannot be read.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise MalformedQueryString("The form names a field twice.")
    return fields


def _tree(fields: Mapping[str, str]) -> Tree:
    root: Tree = {}
    for name, text in fields.items():
        *path, leaf = name.split(".", DEEPEST)
        node = root
        for part in path:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise MalformedQueryString("The form gives a member both a value and parts.")
        if node.setdefault(leaf, text) is not text:
            raise MalformedQueryString("The form gives a member both a value and parts.")
    return root


def _structure(shape: Shape, tree: Tree) -> dict[str, Any]:
    return {
        name: _value(member, tree[label])
        for name, member in shape.members.items()
        if (label := member.serialization.get("name", name)) in tree
    }


def _value(shape: Shape, node: Any) -> Any:
    """What does not fit its shape is left as it is; the validator names it."""
    if shape.type_name == "structure":
        return _structure(shape, node) if isinstance(node, dict) else node
    if shape.type_name == "list":
        if node == "":
            return []
        items = _items(shape, node, shape.member.serialization.get("name", "member"))
        return node if items is None else [_value(shape.member, item) for item in items]
    if shape.type_name == "map":
        return _map(shape, node)
    return scalar(node, shape.type_name) if isinstance(node, str) else node


def _map(shape: Shape, node: Any) -> Any:
    if node == "":
        return {}
    entries = _items(shape, node, "entry")
    if entries is None or not all(isinstance(entry, dict) for entry in entries):
        return node
    key = shape.key.serialization.get("name", "key")
    value = shape.value.serialization.get("name", "value")
    return {str(entry.get(key, "")): _value(shape.value, entry.get(value)) for entry in entries}


def _items(shape: Shape, node: Any, label: str) -> list[Any] | None:
    """Put numbered parts in order; None where they are not numbered."""
    if isinstance(node, dict) and not shape.serialization.get("flattened"):
        node = node.get(label)
    if not isinstance(node, dict) or not all(_is_number(part) for part in node):
        return None
    return [node[part] for part in sorted(node, key=int)]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 8


def write_result(
    request: WireRequest, result: Mapping[str, object], request_id: str
) -> WireAnswer:
    model = operation_model(request.service, request.operation)
    namespace = service_model(request.service).xml_namespace
    inner = "".join(_members_xml(model.output_shape, result))
    if model.result_wrapper:
        inner = _element(model.result_wrapper, inner)
    metadata = _element("ResponseMetadata", _element("RequestId", request_id))
    name = f"{request.operation}Response"
    document = f'<{name} xmlns="{namespace}">{inner}{metadata}</{name}>'
    return WireAnswer(status=200, headers=_headers(request_id), body=document.encode())


def write_error(service: str, refusal: Refusal, request_id: str) -> WireAnswer:
    namespace = service_model(service).xml_namespace
    message = refusal.members.get("message", refusal.members.get("Message", ""))
    parts = {
        "Type": "Sender" if refusal.status < 500 else "Receiver",
        "Code": refusal.query_code,
        "Message": message,
    }
    error = _element("Error", "".join(_element(name, _text(t)) for name, t in parts.items()))
    request = _element("RequestId", request_id)
    document = f'<ErrorResponse xmlns="{namespace}">{error}{request}</ErrorResponse>'
    return WireAnswer(
        status=refusal.status, headers=_headers(request_id), body=document.encode()
    )


def _headers(request_id: str) -> dict[str, str]:
    return {"Content-Type": KIND, "x-amzn-RequestId": request_id}


def _element(name: str, inner: str) -> str:
    return f"<{name}>{inner}</{name}>"


def _members_xml(shape: Shape, value: Mapping[str, Any]) -> Iterator[str]:
    for name, member in shape.members.items():
        if value.get(name) is not None:
            label = member.serialization.get("name", name)
            yield _element(label, _xml(member, value[name]))


def _xml(shape: Shape, value: Any) -> str:
    if shape.type_name == "structure":
        return "".join(_members_xml(shape, value))
    if shape.type_name == "list":
        label = shape.member.serialization.get("name", "member")
        return "".join(_element(label, _xml(shape.member, item)) for item in value)
    if shape.type_name == "map":
        return "".join(
            _element("entry", _element("key", _text(key)) + _element("value", _text(item)))
            for key, item in value.items()
        )
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return escape(ILLEGAL.sub("\ufffd", str(value)), quote=False).replace("\r", "&#13;")
