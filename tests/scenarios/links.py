"""Mail links and vendors' callbacks, followed as browsers, scanners and forgers do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp

from tests.scenarios.world import World


async def follow(
    world: World, url: str, method: str = "GET", form: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Ask for an address; answers status and text. What follows from it happens at once."""
    data = form if form is not None else (b"" if method == "POST" else None)
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, data=data) as answer,
    ):
        told = answer.status, await answer.text()
    await world.settle()
    return told


async def vendor_posts(
    world: World, url: str, form: Mapping[str, str], *, signature: str | None = None
) -> int:
    """Post a form as the phone vendor does, or with another signature; answers the status."""
    headers = {
        "X-Twilio-Signature": signature
        if signature is not None
        else world.town.phones.webhooks.signature(url, form)
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=dict(form), headers=headers) as answer,
    ):
        status = answer.status
    await world.settle()
    return status


def link_in(mail: Any, path: str) -> str:
    """The mail's link whose path begins so."""
    (found,) = {link for link in mail.links if f"/{path}/" in link}
    return str(found)
