"""POST /alarms/<token>: what monitors say. Every answer is JSON."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import orjson
from aiohttp import ClientError, ClientSession, ClientTimeout, web

from bot.core.errors import ServiceError
from bot.core.replies.alarms import (
    BadAlarm,
    FetchFailed,
    NotSigned,
    NotTaken,
    Outcome,
    TooManyWrong,
    UnknownToken,
)

log = logging.getLogger(__name__)

LARGEST_BODY = 524_288
"""Bytes: twice the largest message of SNS, and room for a large group of Alertmanager."""
LARGEST_ANSWER = 65_536
PATIENCE = ClientTimeout(total=10)
WAIT = 60
"""Seconds after which a sender that is refused for now should try again."""


class Taking(Protocol):
    async def take(self, token: str, body: bytes, remote: str) -> Sequence[Outcome]: ...


class AlarmDoor:
    def __init__(self, alarms: Taking) -> None:
        self._alarms = alarms

    async def take(self, request: web.Request) -> web.Response:
        """Never raises: senders show the answer to whoever set them up."""
        try:
            body = await _body(request)
            token, remote = request.match_info["token"], request.remote or ""
            return _accepted(await self._alarms.take(token, body, remote))
        except UnknownToken:
            return _refusal(404, "UnknownToken", "This address is not known here any more.")
        except TooManyWrong:
            words = "Too many wrong addresses were tried from where you are."
            return _refusal(429, "TooManyWrong", words, WAIT)
        except NotSigned as fault:
            return _refusal(403, "NotSigned", str(fault))
        except BadAlarm as fault:
            return _refusal(400, "BadAlarm", str(fault))
        except NotTaken as fault:
            return _refusal(503, "NotTaken", f"Send it again: {fault}", WAIT)
        except web.HTTPRequestEntityTooLarge:
            return _refusal(413, "TooLarge", f"A body may have {LARGEST_BODY} bytes.")
        except web.RequestPayloadError:
            return _refusal(400, "BadAlarm", "The body cannot be read.")
        except ServiceError as fault:
            return _refusal(fault.status, fault.code, fault.message, WAIT)
        except Exception:
            log.exception("an alarm could not be taken")
            words = "Something broke here; the log has it. Send it again."
            return _refusal(500, "InternalServerException", words, WAIT)


def fetcher(session: ClientSession) -> Callable[[str], Awaitable[bytes]]:
    """Gets a body of at most 64 KiB, in ten seconds, from nowhere else than it is told."""

    async def fetch(url: str) -> bytes:
        try:
            async with session.get(url, allow_redirects=False, timeout=PATIENCE) as answer:
                if answer.status != 200:
                    raise FetchFailed(f"status {answer.status}")
                body = await answer.content.read(LARGEST_ANSWER + 1)
                while len(body) <= LARGEST_ANSWER and (more := await answer.content.readany()):
                    body += more
        except (ClientError, TimeoutError, OSError, ValueError) as fault:
            raise FetchFailed(type(fault).__name__) from fault
        if len(body) > LARGEST_ANSWER:
            raise FetchFailed("too long an answer")
        return body

    return fetch


async def _body(request: web.Request) -> bytes:
    """Raises HTTPRequestEntityTooLarge, RequestPayloadError."""
    body = b""
    if (request.content_length or 0) <= LARGEST_BODY:
        body = await request.read()
        if len(body) <= LARGEST_BODY:
            return body
    raise web.HTTPRequestEntityTooLarge(LARGEST_BODY, request.content_length or len(body))


def _accepted(outcomes: Sequence[Outcome]) -> web.Response:
    told = [
        {
            "alarm": one.alarm,
            "result": one.result,
            **({"incidentRecordArn": one.incident_arn} if one.incident_arn else {}),
        }
        for one in outcomes
    ]
    return _json(200, {"alarms": told})


def _refusal(status: int, code: str, words: str, wait: int | None = None) -> web.Response:
    answer = _json(status, {"error": code, "message": words})
    if wait is not None and status in (429, 500, 503):
        answer.headers["Retry-After"] = str(wait)
    return answer


def _json(status: int, document: dict[str, object]) -> web.Response:
    body = orjson.dumps(document)
    return web.Response(status=status, body=body, content_type="application/json")
