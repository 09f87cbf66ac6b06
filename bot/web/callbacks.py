"""What vendors post back, and the buttons behind a mail's links -> replies -> words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID
from xml.sax.saxutils import escape

from aiohttp import web

from bot.channels.voice import (
    acknowledged_script,
    activation_prompt,
    activation_script,
    already_closed_script,
    bundle_script,
    goodbye_script,
    page_script,
)
from bot.core.channel import Bundle, Delivery, Page, Reply
from bot.core.replies import (
    GONE,
    Acknowledged,
    ActivationCode,
    ActivationPrompt,
    AlreadyClosed,
    CallState,
    PagePrompt,
    Replies,
    Unknown,
)
from bot.web import pages
from bot.web.forms import read_form

PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


class Account(Protocol):
    def validate_signature(
        self, url: str, form: Mapping[str, str], signature: str | None
    ) -> bool: ...


class Texts(Protocol):
    def read_reply(self, form: Mapping[str, str]) -> Reply | None: ...

    def read_status(self, form: Mapping[str, str]) -> Delivery | None: ...


class Calls(Protocol):
    def read_status(self, form: Mapping[str, str]) -> Delivery | None: ...


class Callbacks:
    """Answers the vendor of texts and calls, and people who follow a mail's link."""

    def __init__(
        self,
        replies: Replies,
        *,
        public_url: str | None,
        account: Account | None = None,
        sms: Texts | None = None,
        voice: Calls | None = None,
    ) -> None:
        """Without `public_url` or `account` no signature is good, and so no callback."""
        self._replies = replies
        self._public_url = public_url
        self._account = account
        self._sms = sms
        self._voice = voice

    async def text(self, request: web.Request) -> web.Response:
        """POST /twilio/sms: an inbound text, answered in words. Told twice, it acts once."""
        form = await self._signed_form(request)
        reply = self._sms.read_reply(form) if self._sms else None
        if reply is None:
            raise web.HTTPBadRequest(text="This is no text.\n")
        sid = form.get("MessageSid") or form.get("SmsSid")
        words = await self._replies.text(
            reply, medium="SMS", delivery_id=f"twilio {sid}" if sid else None
        )
        message = "" if words is None else f"<Message>{escape(words)}</Message>"
        return _twiml(f'<?xml version="1.0" encoding="UTF-8"?><Response>{message}</Response>')

    async def call(self, request: web.Request) -> web.Response:
        """POST /twilio/voice/<token>: what a call says next. `?step=key` follows a question."""
        form = await self._signed_form(request)
        state = await self._replies.call_step(
            request.match_info["token"],
            call_sid=form.get("CallSid", ""),
            step="key" if request.query.get("step") == "key" else "start",
            digits=form.get("Digits"),
        )
        if isinstance(state, Unknown):
            raise web.HTTPNotFound(text="No such call.\n")
        return _twiml(_script(state, f"{self._public_url}{request.path}?step=key"))

    async def status(self, request: web.Request) -> web.Response:
        """POST /twilio/status: what became of a text or call."""
        form = await self._signed_form(request)
        delivery = self._sms.read_status(form) if self._sms else None
        if delivery is None and self._voice is not None:
            delivery = self._voice.read_status(form)
        if delivery is None:
            raise web.HTTPBadRequest(text="This is no status.\n")
        await self._replies.status(delivery, _key(request.query.get("page")))
        return web.Response(status=204)

    async def show_ack(self, request: web.Request) -> web.Response:
        """GET /ack/<token>: only looks, as the scanners of mail links do."""
        page = await self._replies.mail_page(request.match_info["token"])
        return _html(pages.ack_page(page)) if page else _html(pages.words_page(GONE), 404)

    async def ack(self, request: web.Request) -> web.Response:
        await read_form(request)
        words = await self._replies.mail_accept(request.match_info["token"])
        return _html(pages.words_page(words), 404 if words == GONE else 200)

    async def show_unsubscribe(self, request: web.Request) -> web.Response:
        page = await self._replies.unsubscribe_page(request.match_info["token"])
        return (
            _html(pages.unsubscribe_page(page)) if page else _html(pages.words_page(GONE), 404)
        )

    async def unsubscribe(self, request: web.Request) -> web.Response:
        """POST /unsubscribe/<token>: stop; with `again=1`, send a new activation code."""
        form = await read_form(request)
        token = request.match_info["token"]
        act = self._replies.subscribe_again if form.get("again") else self._replies.unsubscribe
        words = await act(token)
        return _html(pages.words_page(words), 404 if words == GONE else 200)

    async def _signed_form(self, request: web.Request) -> dict[str, str]:
        """Raises HTTPForbidden unless the vendor signed the form and our public address."""
        form = await read_form(request)
        if self._account is None or self._public_url is None:
            raise web.HTTPForbidden(text="Texts and calls have no settings here.\n")
        url = self._public_url + request.raw_path
        signature = request.headers.get("X-Twilio-Signature")
        if not self._account.validate_signature(url, form, signature):
            raise web.HTTPForbidden(
                text="The signature is not the vendor's for IMBOT_PUBLIC_URL and this path.\n"
            )
        return form


def _script(state: CallState, action_url: str) -> str:
    match state:
        case PagePrompt(page=Bundle() as bundle, wrong_key=wrong_key):
            return bundle_script(bundle, action_url, wrong_key=wrong_key)
        case PagePrompt(page=Page() as page, wrong_key=wrong_key):
            return page_script(page, action_url, wrong_key=wrong_key)
        case Acknowledged(count=count):
            return acknowledged_script(count)
        case AlreadyClosed(text=text):
            return already_closed_script(text)
        case ActivationPrompt(wrong_key=wrong_key):
            return activation_prompt(action_url, wrong_key=wrong_key)
        case ActivationCode(code=code):
            return activation_script(code)
        case _:
            return goodbye_script()


def _key(text: str | None) -> str | None:
    """A row's key as it stands in our own status addresses; None for anything else."""
    try:
        return str(UUID(text)) if text else None
    except ValueError:
        return None


def _twiml(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/xml")


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(
        text=text,
        status=status,
        content_type="text/html",
        headers={"Content-Security-Policy": PAGE_POLICY},
    )
