"""GET /calendar/<token>.ics and /sender/<token>.vcf: what calendars and phones fetch."""

from __future__ import annotations

import hashlib
from typing import Protocol

from aiohttp import ETag, web

CALENDAR_KEPT = 300
"""Seconds that a reader may keep a calendar: a take-over should be seen soon."""
CARD_KEPT = 86_400
GONE = "This link is not known here any more.\n"


class Feeding(Protocol):
    async def calendar(self, token: str) -> bytes | None: ...

    async def sender_card(self, token: str) -> bytes | None: ...


class FeedDoor:
    def __init__(self, feeds: Feeding) -> None:
        self._feeds = feeds

    async def calendar(self, request: web.Request) -> web.Response:
        body = await self._feeds.calendar(request.match_info["token"])
        return _answer(request, body, "text/calendar", "on-call.ics", CALENDAR_KEPT)

    async def sender_card(self, request: web.Request) -> web.Response:
        body = await self._feeds.sender_card(request.match_info["token"])
        return _answer(request, body, "text/vcard", "imbot.vcf", CARD_KEPT)


def _answer(
    request: web.Request, body: bytes | None, kind: str, name: str, kept: int
) -> web.Response:
    """A reader who has this very body gets 304 and no body."""
    if body is None:
        return web.Response(status=404, text=GONE)
    tag = ETag(hashlib.sha256(body).hexdigest()[:32])
    headers = {"Cache-Control": f"private, max-age={kept}"}
    known = request.if_none_match or ()
    if any(one.value in (tag.value, "*") for one in known):
        answer = web.Response(status=304, headers=headers)
    else:
        headers["Content-Disposition"] = f'inline; filename="{name}"'
        answer = web.Response(body=body, content_type=kind, charset="utf-8", headers=headers)
    answer.etag = tag
    return answer
