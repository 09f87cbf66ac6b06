"""What the HTTP vendors have in common."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import aiohttp

LONGEST_WAIT = 3600.0


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After in seconds, 0 to 3600; None where it is absent or makes no sense.

    A date is measured against the answer's own Date, so that our clock has no say.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(value)
        seconds = (until - parsedate_to_datetime(headers.get("Date", ""))).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


def never_left(error: BaseException) -> bool:
    """Did a request fail before any of it was sent? Then nothing has arrived."""
    return isinstance(
        error,
        aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.InvalidURL,
    )


def leaves_open(status: int) -> bool:
    """Does an answer that says no more than its status leave open whether it was done?

    A refusal (3xx, 4xx, 503) does not; a server or gateway that broke over the request does.
    """
    return status < 300 or (status >= 500 and status != 503)
