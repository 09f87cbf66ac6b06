"""Every route of the program, and what every answer has in common."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from bot.core.errors import ServiceError
from bot.web.alarms import AlarmDoor
from bot.web.callbacks import Callbacks
from bot.web.feeds import FeedDoor
from bot.web.health import Health
from bot.web.topics import TopicDoor

log = logging.getLogger(__name__)
access_log = logging.getLogger("bot.access")

LARGEST_BODY = 1_048_576
"""Bytes. The API's own limit is lower and told in the API's form; so is the callbacks'."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""Set where the handler has not chosen its own; the API answers as AWS does, without them."""

PART = "{token:[A-Za-z0-9_-]{1,128}}"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Answering(Protocol):
    async def answer(self, request: web.Request) -> web.StreamResponse: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What stands behind the routes. `slack` is None where Slack has no settings."""

    api: Answering
    callbacks: Callbacks
    health: Health
    metrics: Answering
    slack: Answering | None = None
    feeds: FeedDoor | None = None
    alarms: AlarmDoor | None = None
    topics: TopicDoor | None = None


def routes(doors: Doors) -> list[web.RouteDef]:
    """All routes; the log knows them by their names. What no other takes is the AWS API's."""
    to, health = doors.callbacks, doors.health
    slack = doors.slack.answer if doors.slack else _no_slack
    return [
        web.get("/healthz", health.alive, name="healthz"),
        web.get("/readyz", health.ready, name="readyz"),
        web.get("/metrics", doors.metrics.answer, name="metrics"),
        web.post("/slack/events", slack, name="slack"),
        web.post("/twilio/sms", to.text, name="twilio-sms"),
        web.post("/twilio/status", to.status, name="twilio-status"),
        web.post(f"/twilio/voice/{PART}", to.call, name="twilio-voice"),
        web.get(f"/ack/{PART}", to.show_ack, name="ack"),
        web.post(f"/ack/{PART}", to.ack, name="ack"),
        web.get(f"/unsubscribe/{PART}", to.show_unsubscribe, name="unsubscribe"),
        web.post(f"/unsubscribe/{PART}", to.unsubscribe, name="unsubscribe"),
        *(_feeds(doors.feeds) if doors.feeds else ()),
        *(_alarms(doors.alarms) if doors.alarms else ()),
        *(_topics(doors.topics) if doors.topics else ()),
        web.route("*", "/{path:.*}", doors.api.answer, name="api"),
    ]


def _feeds(to: FeedDoor) -> list[web.RouteDef]:
    return [
        web.get(f"/calendar/{PART}.ics", to.calendar, name="calendar"),
        web.get(f"/sender/{PART}.vcf", to.sender_card, name="sender-card"),
    ]


def _topics(to: TopicDoor) -> list[web.RouteDef]:
    """The first and second are where SNS has them."""
    return [
        web.get("/", to.act, name="topic-link"),
        web.get(
            r"/{name:SimpleNotificationService-\w+\.pem}", to.certificate, name="certificate"
        ),
        web.get(f"/subscription/{PART}", to.show, name="subscription"),
        web.post(f"/subscription/{PART}", to.press, name="subscription"),
    ]


def _alarms(to: AlarmDoor) -> list[web.RouteDef]:
    return [web.post(f"/alarms/{PART}", to.take, name="alarms")]


def web_application(doors: Doors) -> web.Application:
    """The whole web side; to be served without aiohttp's own access log, which shows tokens."""
    application = web.Application(client_max_size=LARGEST_BODY, middlewares=[guarded])
    application.add_routes(routes(doors))
    return application


@web.middleware
async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every answer its headers and a line in the log, without path, query or token.

    What went well is told at DEBUG: the audit has a row for each of those calls.
    """
    started = time.perf_counter()
    name = request.match_info.route.name or "none"
    response = await _answer(request, handler, name)
    if name != "api":
        for header, value in HEADERS.items():
            response.headers.setdefault(header, value)
    level = logging.DEBUG if response.status < 400 else logging.INFO
    if access_log.isEnabledFor(level):
        milliseconds = (time.perf_counter() - started) * 1000
        told = request.method, name, response.status, milliseconds
        access_log.log(level, "%s %s %d %.1f ms", *told)
    return response


async def _answer(request: web.Request, handler: Handler, name: str) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPRequestEntityTooLarge:
        return web.Response(status=413, text="The body is too large for this address.\n")
    except web.HTTPException as refusal:
        return web.Response(status=refusal.status, text=refusal.text, headers=_allow(refusal))
    except ServiceError as refusal:
        return web.Response(status=refusal.status, text=f"{refusal.message}\n")
    except Exception:
        log.exception("%s %s failed", request.method, name)
        return web.Response(status=500, text="Something broke here; the log has it.\n")


def _allow(refusal: web.HTTPException) -> dict[str, str]:
    allowed = refusal.headers.get("Allow")
    return {"Allow": allowed} if allowed else {}


async def _no_slack(_request: web.Request) -> web.Response:
    return web.Response(status=404, text="Slack has no settings here.\n")
