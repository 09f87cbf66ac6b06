from __future__ import annotations

import asyncio
import io
import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from aiohttp import web

from bot.logs import set_up_logging

SECRET = "ana@example.com 425440"  # what must not be told
Form = Literal["text", "json"]


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.getLogger("bot").level
    root.handlers.clear()
    yield io.StringIO()
    root.handlers[:], root.level, logging.getLogger("bot").level = before


@pytest.fixture(params=["text", "json"])
def written(request: pytest.FixtureRequest, stream: io.StringIO) -> Callable[[], str]:
    form: Form = request.param
    set_up_logging(form, stream)
    return stream.getvalue


def fail() -> None:
    try:
        int(SECRET)
    except ValueError as error:
        raise RuntimeError(SECRET) from error


def test_an_exception_is_told_by_its_types_and_places_alone(written: Callable[[], str]) -> None:
    try:
        fail()
    except RuntimeError:
        logging.getLogger("bot.core.engine").exception("job %s cannot be run", 7)

    told = written()
    assert "job 7 cannot be run" in told
    assert "builtins.ValueError" in told
    assert "builtins.RuntimeError" in told
    assert "in fail" in told
    assert SECRET not in told


@pytest.mark.parametrize(
    "nonsense", [b"GET /%s HTTP/1.1\r\n\r\n" % (b"a" * 9_000), b"\x16\x03\x01", b"GET\r\n\r\n"]
)
async def test_a_request_that_is_no_http_is_answered_and_fills_no_log(
    nonsense: bytes, written: Callable[[], str]
) -> None:
    runner = web.AppRunner(web.Application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader, writer = await asyncio.open_connection(*runner.addresses[0])

    writer.write(nonsense)
    writer.write_eof()
    answered = await reader.readline()
    writer.close()
    await runner.cleanup()

    assert answered in (b"HTTP/1.0 400 Bad Request\r\n", b"")
    assert written() == ""


def test_a_database_fault_is_told_by_its_code(written: Callable[[], str]) -> None:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("SELECT value FROM nowhere")
    except sqlite3.Error:
        logging.getLogger("bot").exception("no")
    connection.close()

    assert "sqlite3.OperationalError (SQLITE_ERROR)" in written()


def test_an_exception_that_is_its_own_cause_is_told_once(written: Callable[[], str]) -> None:
    error = RuntimeError(SECRET)
    try:
        raise error from error
    except RuntimeError:
        logging.getLogger("bot").exception("round and round")

    assert written().count("builtins.RuntimeError") == 1


def test_what_another_handler_wrote_out_in_full_is_not_repeated(
    written: Callable[[], str],
) -> None:
    others = logging.StreamHandler(io.StringIO())
    logging.getLogger().handlers.insert(0, others)
    try:
        fail()
    except RuntimeError:
        logging.getLogger("bot").exception("no")

    assert SECRET in others.stream.getvalue()
    assert SECRET not in written()


@pytest.mark.parametrize("name", ["slack_bolt.AsyncApp", "slack.py:AsyncApp", "botany", "root"])
def test_of_a_librarys_warning_only_its_place_is_told(
    written: Callable[[], str], name: str
) -> None:
    logging.getLogger(name).warning("Unhandled request (%s)", SECRET)

    told = written()
    assert name in told
    assert "test_of_a_librarys_warning" in told
    assert SECRET not in told


def test_words_that_utf_8_cannot_hold_are_told_escaped(written: Callable[[], str]) -> None:
    logging.getLogger("bot").warning("given up: %s", "no text: \ud800")

    assert "\\ud800" in written()


def test_libraries_are_heard_from_a_warning_on(written: Callable[[], str]) -> None:
    logging.getLogger("aiosmtplib").info("connected")
    logging.getLogger("bot.access").info("GET healthz 200")

    told = written()
    assert "aiosmtplib" not in told
    assert "GET healthz 200" in told


def test_json_is_one_document_a_line(stream: io.StringIO) -> None:
    set_up_logging("json", stream)
    try:
        fail()
    except RuntimeError:
        logging.getLogger("bot").exception("two\nlines")

    (line,) = stream.getvalue().splitlines()
    document = json.loads(line)
    assert set(document) == {"at", "level", "logger", "message", "fault"}
    assert document["message"] == "two\nlines"
