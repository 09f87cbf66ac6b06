"""A door's test: the wire door on loopback, with the house behind it played."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.core.credentials import Credential
from bot.core.dispatch import Request
from bot.core.errors import ServiceError
from bot.core.service_models import validate, validate_output
from bot.web.api import ApiDoor

KEY = Credential(
    access_key_id="AKIDEXAMPLE000000001",
    secret="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    account_id="111122223333",
    principal_arn="arn:aws:iam::111122223333:user/ana",
)


class House:
    """Answers as told; remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self._answers: dict[str, Mapping[str, Any] | ServiceError] = {}

    def will(self, operation: str, answer: Mapping[str, Any] | ServiceError) -> None:
        self._answers[operation] = answer

    async def answer(self, request: Request) -> dict[str, Any]:
        self.asked.append(request)
        validate(request.service, request.operation, request.parameters)
        answer = self._answers.get(request.operation)
        if answer is None:
            return {}
        if isinstance(answer, ServiceError):
            raise answer
        validate_output(request.service, request.operation, answer)
        return dict(answer)

    async def credential(self, access_key_id: str) -> Credential | None:
        return KEY if access_key_id == KEY.access_key_id else None


@asynccontextmanager
async def open_door(house: House) -> AsyncIterator[str]:
    """Yields the door's URL, without a slash at its end."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", ApiDoor(house).answer)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    try:
        yield str(server.make_url("/")).rstrip("/")
    finally:
        await server.close()
