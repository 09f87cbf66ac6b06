"""What subscribers fetch without a signature: SNS's confirmation and unsubscribe links, the
certificate, and the page behind a mail's link.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from aiohttp import web

from bot.core.dispatch import new_request_id
from bot.core.errors import ServiceError
from bot.core.replies.topics import SubscriptionPage
from bot.web.callbacks import PAGE_POLICY
from bot.web.forms import read_form
from bot.web.pages import subscription_page, words_page
from bot.web.wire import WireRequest, write_error, write_result

UNSIGNED = frozenset({"ConfirmSubscription", "Unsubscribe"})
GONE = "This link is not known here any more."


class Answering(Protocol):
    async def answer(self, request: web.Request, /) -> web.StreamResponse: ...


class Subscribing(Protocol):
    async def act(
        self, operation: str, parameters: Mapping[str, str], source: str, request_id: str, /
    ) -> dict[str, Any]: ...

    async def certificate(self, name: str, /) -> str | None: ...

    async def page(self, token: str, /) -> SubscriptionPage | None: ...

    async def press(self, token: str, source: str, /, *, ends: bool) -> str | None: ...


class TopicDoor:
    """`api` answers what is signed, as all that this door does not know."""

    def __init__(self, topics: Subscribing, api: Answering) -> None:
        self._topics = topics
        self._api = api

    async def act(self, request: web.Request) -> web.StreamResponse:
        """GET /?Action=ConfirmSubscription or Unsubscribe, as SNS's links have it."""
        operation = request.query.get("Action", "")
        if operation not in UNSIGNED or "Authorization" in request.headers:
            return await self._api.answer(request)
        request_id = new_request_id()
        given = {name: value for name, value in request.query.items() if name != "Action"}
        try:
            source = request.remote or ""
            result = await self._topics.act(operation, given, source, request_id)
            wire = WireRequest(service="sns", operation=operation, parameters=given)
            answer = write_result(wire, result, request_id)
        except ServiceError as refusal:
            answer = write_error("sns", refusal, request_id)
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    async def certificate(self, request: web.Request) -> web.Response:
        found = await self._topics.certificate(request.match_info["name"])
        if found is None:
            return web.Response(status=404, text=f"{GONE}\n")
        headers = {"Cache-Control": "public, max-age=86400"}
        return web.Response(text=found, content_type="application/x-pem-file", headers=headers)

    async def show(self, request: web.Request) -> web.Response:
        page = await self._topics.page(request.match_info["token"])
        if page is None:
            return _html(words_page(GONE), 404)
        return _html(subscription_page(page))

    async def press(self, request: web.Request) -> web.Response:
        """POST /subscription/<token>: confirm it; with `end=1`, end it."""
        form = await read_form(request)
        token, source = request.match_info["token"], request.remote or ""
        words = await self._topics.press(token, source, ends=bool(form.get("end")))
        return _html(words_page(words or GONE), 200 if words else 404)


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(
        status=status,
        text=text,
        content_type="text/html",
        headers={"Content-Security-Policy": PAGE_POLICY},
    )
