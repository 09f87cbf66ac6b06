"""Logging: one line an event, as text or JSON; never a code, a token, an address or a
message.
"""

from __future__ import annotations

import copy
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Literal, TextIO

import orjson

OURS = "bot"
DEEPEST = 20
"""Frames shown of a traceback: the innermost ones."""


class DiscreetFormatter(logging.Formatter):
    """Shows what happened and where, never what with.

    An exception is told by its type, its database code and its frames, not by its words, which
    may quote a row, a vendor's answer or somebody's text. Of a library's line only its place is
    told, for libraries log the bodies that they carry.
    """

    def format(self, record: logging.LogRecord) -> str:
        fresh = copy.copy(record)
        fresh.exc_text = None  # another handler may have written it out in full
        return super().format(fresh)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        record.message = words_of(record)
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:  # noqa: N802 - logging's name
        error = ei[1] if isinstance(ei, tuple) else None
        return "" if error is None else "\n".join(story_of(error))


class JsonFormatter(DiscreetFormatter):
    """Fields: at (ISO 8601, UTC), level, logger, message, and fault with its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": words_of(record),
        }
        if record.exc_info:
            line["fault"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def words_of(record: logging.LogRecord) -> str:
    """Our own words, or the place in a library where something was said.

    What UTF-8 cannot hold, a vendor's half of a surrogate pair, is escaped.
    """
    if record.name == OURS or record.name.startswith(f"{OURS}."):
        return record.getMessage().encode(errors="backslashreplace").decode()
    return f"see {record.module}.{record.funcName}, line {record.lineno}"


def story_of(error: BaseException, told: frozenset[int] = frozenset()) -> list[str]:
    """The frames of an exception and of what led to it, the cause first, without words."""
    lines = []
    told |= {id(error)}
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and id(cause) not in told:
        lines += [*story_of(cause, told), "which led to:"]
    for frame in traceback.extract_tb(error.__traceback__)[-DEEPEST:]:
        lines.append(f"  {frame.filename}:{frame.lineno} in {frame.name}: {frame.line}")
    code = getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None)
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    return [*lines, f"{name} ({code})" if code else name]


def is_news(record: logging.LogRecord) -> bool:
    """Anybody may send what is no HTTP, or too long for it; he is told, nobody else."""
    error = record.exc_info[1] if record.exc_info else None
    return type(error).__module__ != "aiohttp.http_exceptions"


def set_up_logging(form: Literal["text", "json"], stream: TextIO | None = None) -> None:
    """Log to standard error, unless another stream is given: our own events, and from a
    warning on those of the libraries.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    text = DiscreetFormatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    handler.setFormatter(JsonFormatter() if form == "json" else text)
    handler.addFilter(is_news)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger(OURS).setLevel(logging.INFO)
