"""The vendor's REST API: the Messages and Calls resources, over HTTP.

Source: Twilio, "REST API: requests, responses, pagination"; 2010-04-01.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.playground.phone_line import HANG_UP
from bot.playground.phone_state import API, Call, Text, VendorError, new_sid
from bot.playground.phone_vendor import Vendor
from bot.playground.pulse import Faults, Json

Answer = Callable[[web.Request], Awaitable[tuple[int, Json]]]


class PhoneRest:
    """Serves one account. A fault's name is the method and the resource: `POST Messages`,
    `GET Messages`, `GET Messages/sid`, and so with Calls."""

    def __init__(self, vendor: Vendor, auth_token: str) -> None:
        self._vendor = vendor
        self._token = auth_token
        self.faults = Faults()
        self.url = ""

    async def start(self) -> None:
        app = web.Application()
        base = API + "/{account}"
        routes: list[tuple[str, str, str, Answer]] = [
            ("GET", f"{base}.json", "Account", self._account),
            ("GET", f"{base}/IncomingPhoneNumbers.json", "Numbers", self._numbers),
            ("POST", f"{base}/Messages.json", "Messages", self._create_text),
            ("GET", f"{base}/Messages.json", "Messages", self._list_texts),
            ("GET", base + "/Messages/{sid}.json", "Messages/sid", self._get_text),
            ("POST", f"{base}/Calls.json", "Calls", self._create_call),
            ("GET", f"{base}/Calls.json", "Calls", self._list_calls),
            ("GET", base + "/Calls/{sid}.json", "Calls/sid", self._get_call),
            ("POST", base + "/Calls/{sid}.json", "Calls/sid", self._update_call),
        ]
        for method, path, name, answer in routes:
            app.router.add_route(method, path, self._handler(f"{method} {name}", answer))
        self.url = await self._vendor.pulse.serve(app)

    def _handler(self, name: str, answer: Answer) -> Any:
        async def truth(request: web.Request) -> web.StreamResponse:
            try:
                self._check(request)
                status, document = await answer(request)
            except VendorError as error:
                status, document = error.status, error.document()
            return web.json_response(document, status=status)

        async def handle(request: web.Request) -> web.StreamResponse:
            return await self.faults.answer(name, request, truth)

        return handle

    def _check(self, request: web.Request) -> None:
        account = self._vendor.account
        pair = base64.b64encode(f"{account}:{self._token}".encode()).decode()
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Basic {pair}".encode()):
            raise VendorError(20003, "Authenticate", 401)
        if request.match_info["account"] != account:
            raise _unknown(request.path)

    async def _account(self, _request: web.Request) -> tuple[int, Json]:
        account = {"sid": self._vendor.account, "friendly_name": "Playground"}
        return 200, {**account, "status": "active", "type": "Full"}

    async def _numbers(self, _request: web.Request) -> tuple[int, Json]:
        number = {
            "phone_number": self._vendor.number,
            "sms_url": self._vendor.sms_url,
            "capabilities": {"sms": True, "voice": True, "mms": False},
        }
        return 200, {"incoming_phone_numbers": [number], "page": 0, "next_page_uri": None}

    # texts

    async def _create_text(self, request: web.Request) -> tuple[int, Json]:
        form = await request.post()
        text = self._vendor.send_text(
            to=str(form.get("To", "")),
            sender=str(form.get("From", "")),
            body=str(form.get("Body", "")),
            callback=str(form.get("StatusCallback", "")),
        )
        return 201, text.document(self._vendor.account)

    async def _list_texts(self, request: web.Request) -> tuple[int, Json]:
        query = request.query
        found = [
            text
            for text in reversed(self._vendor.texts)
            if query.get("To") in (None, text.to)
            and query.get("From") in (None, text.sender)
            and _is_within(text.sent_at or text.created_at, query, "DateSent")
        ]
        return 200, self._listing(request, "messages", found)

    async def _get_text(self, request: web.Request) -> tuple[int, Json]:
        for text in self._vendor.texts:
            if text.sid == request.match_info["sid"]:
                return 200, text.document(self._vendor.account)
        raise _unknown(request.path)

    # calls

    async def _create_call(self, request: web.Request) -> tuple[int, Json]:
        form = await request.post()
        events = tuple(
            event
            for value in form.getall("StatusCallbackEvent", [])
            for event in str(value).split()
        )
        call = Call(
            sid=new_sid("CA"),
            sender=str(form.get("From", "")),
            to=str(form.get("To", "")),
            created_at=self._vendor.pulse.now(),
            url=str(form.get("Url", "")),
            method=str(form.get("Method", "POST")),
            twiml=str(form.get("Twiml", "")),
            ring_seconds=float(str(form.get("Timeout", 60))),
            status_callback=str(form.get("StatusCallback", "")),
            status_events=events or ("completed",),
            detects_machines="MachineDetection" in form,
        )
        self._vendor.start_call(call)
        return 201, call.document(self._vendor.account)

    async def _list_calls(self, request: web.Request) -> tuple[int, Json]:
        query = request.query
        calls = [live.call for live in reversed(self._vendor.calls)]
        found = [
            call
            for call in calls
            if query.get("To") in (None, call.to)
            and query.get("From") in (None, call.sender)
            and query.get("Status") in (None, call.status)
            and _is_within(call.started_at or call.created_at, query, "StartTime")
        ]
        return 200, self._listing(request, "calls", found)

    async def _get_call(self, request: web.Request) -> tuple[int, Json]:
        for live in self._vendor.calls:
            if live.call.sid == request.match_info["sid"]:
                return 200, live.call.document(self._vendor.account)
        raise _unknown(request.path)

    async def _update_call(self, request: web.Request) -> tuple[int, Json]:
        form = await request.post()
        for live in self._vendor.calls:
            if live.call.sid == request.match_info["sid"]:
                if form.get("Status") in ("completed", "canceled"):
                    live.happens(HANG_UP)
                return 200, live.call.document(self._vendor.account)
        raise _unknown(request.path)

    def _listing(
        self, request: web.Request, name: str, found: Sequence[Text] | Sequence[Call]
    ) -> Json:
        size = min(int(request.query.get("PageSize", 50)), 1000)
        page = int(request.query.get("Page", 0))
        part = found[page * size : (page + 1) * size]
        following = None
        if len(found) > (page + 1) * size:
            query = dict(request.query) | {"Page": str(page + 1), "PageSize": str(size)}
            following = f"{request.path}?{urlencode(query)}"
        return {
            name: [one.document(self._vendor.account) for one in part],
            "page": page,
            "page_size": size,
            "start": page * size,
            "end": page * size + max(len(part) - 1, 0),
            "uri": str(request.rel_url),
            "first_page_uri": request.path,
            "previous_page_uri": None,
            "next_page_uri": following,
        }


def _unknown(path: str) -> VendorError:
    return VendorError(20404, f"The requested resource {path} was not found", 404)


def _is_within(instant: datetime, query: Mapping[str, str], name: str) -> bool:
    """Does an instant pass `name`, `name>` (from then on) and `name<` (until then)?

    A date without a time means its whole day, in UTC.
    """
    for sign in ("", ">", "<"):
        bound = query.get(name + sign)
        if not bound:
            continue
        begins, ends = _span(bound)
        if (sign != "<" and instant < begins) or (sign != ">" and instant >= ends):
            return False
    return True


def _span(bound: str) -> tuple[datetime, datetime]:
    try:
        begins = datetime.fromisoformat(bound)
    except ValueError:
        raise VendorError(20001, f"{bound} is not a date") from None
    begins = begins if begins.tzinfo else begins.replace(tzinfo=UTC)
    length = timedelta(days=1) if len(bound) == 10 else timedelta(seconds=1)
    return begins, begins + length
