from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.channels.vendors import HttpVendor, MailServer, http_vendor, mail_server


@pytest.fixture
async def vendor() -> AsyncIterator[HttpVendor]:
    async with http_vendor() as running:
        yield running


@pytest.fixture
async def mailbox() -> AsyncIterator[MailServer]:
    async with mail_server() as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as running:
        yield running
