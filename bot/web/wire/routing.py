"""Which service and protocol a request speaks, and the way there and back."""

from __future__ import annotations

from collections.abc import Mapping

from bot.core.errors import ServiceError, UnknownOperationException
from bot.core.service_models import SERVICES, service_model
from bot.web.wire import json_rpc, query, rest_json
from bot.web.wire.exchange import MalformedHttpRequestException, WireAnswer, WireRequest
from bot.web.wire.refusals import refusal_of

TARGETS = {
    "AmazonSSM": "ssm",
    "Imbot": "imbot",
    "SSMContacts": "ssm-contacts",
}
"""The services' target prefixes, which are also in their models; those are loaded later."""


def read_request(
    method: str, raw_path: str, headers: Mapping[str, str], body: bytes, signing_name: str
) -> WireRequest:
    """Read what a request asks, in the protocol of the service that it is signed for.

    `raw_path` is the request's target as it was sent, with its query string; `headers` find
    names in any case.
    Raises UnknownOperationException, MalformedHttpRequestException, MalformedQueryString,
    SerializationException, ValidationException (CANNOT_PARSE).
    """
    if signing_name not in SERVICES:
        raise UnknownOperationException(f"There is no service {signing_name[:64]} here.")
    if not raw_path.isascii():
        raise MalformedHttpRequestException("The path must be percent-encoded.")
    path, _, query_string = raw_path.partition("?")
    match service_model(signing_name).protocol:
        case "json":
            return json_rpc.read(signing_name, method, headers, body)
        case "query":
            return query.read(signing_name, method, query_string, body)
        case _:
            return rest_json.read(signing_name, method, path, query_string, headers, body)


def write_result(
    request: WireRequest, result: Mapping[str, object], request_id: str
) -> WireAnswer:
    match service_model(request.service).protocol:
        case "json":
            return json_rpc.write_result(request, result, request_id)
        case "query":
            return query.write_result(request, result, request_id)
        case _:
            return rest_json.write_result(request, result, request_id)


def write_error(service: str, error: ServiceError, request_id: str) -> WireAnswer:
    refusal = refusal_of(service, error)
    match service_model(service).protocol:
        case "json":
            return json_rpc.write_error(service, refusal, request_id)
        case "query":
            return query.write_error(service, refusal, request_id)
        case _:
            return rest_json.write_error(refusal, request_id)


def likely_service(
    method: str, raw_path: str, headers: Mapping[str, str], body: bytes, signing_name: str
) -> str:
    """Say in whose words to refuse: by scope, target, action or path, in this order."""
    if signing_name in SERVICES:
        return signing_name
    prefix = headers.get("X-Amz-Target", "").partition(".")[0]
    path, _, query_string = raw_path.partition("?")
    if prefix in TARGETS:
        return TARGETS[prefix]
    if b"Action=" in body[:4096] or "Action=" in query_string:
        return "sns"
    return "chatbot" if _is_at(path, method, "chatbot") else "ssm-incidents"


def _is_at(path: str, method: str, service: str) -> bool:
    try:
        rest_json.find_route(service, method, path)
    except UnknownOperationException:
        return False
    return True
