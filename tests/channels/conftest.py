from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.channels.vendors import HttpVendor, MailServer, http_vendor, mail_server


@pytest.fixture
async def vendor() -> AsyncIterator[HttpVendor]:
    async with http_vendor() as running:
        yield running


@pytest.fixture(params=["8BITMIME", "PIPELINING"])
async def mailbox(request: pytest.FixtureRequest) -> AsyncIterator[MailServer]:
    """A mail server that takes commands one by one, then one that takes several at once."""
    async with mail_server() as running:
        running.extensions = (request.param,)
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as running:
        yield running
