"""HTTP <-> requests, results and refusals, as the AWS services speak."""

from bot.web.wire.exchange import (
    MalformedHttpRequestException,
    RequestEntityTooLargeException,
    WireAnswer,
    WireRequest,
)
from bot.web.wire.routing import likely_service, read_request, write_error, write_result

__all__ = [
    "MalformedHttpRequestException",
    "RequestEntityTooLargeException",
    "WireAnswer",
    "WireRequest",
    "likely_service",
    "read_request",
    "write_error",
    "write_result",
]
