"""Logging: one line an event, as text or JSON; never a code, a token, an address or a
message.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Literal

import orjson


class JsonFormatter(logging.Formatter):
    """Fields: at (ISO 8601, UTC), level, logger, message, and fault with its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["fault"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def set_up_logging(form: Literal["text", "json"]) -> None:
    """Log to standard error. Libraries that would log what they carry are kept to warnings."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    handler.setFormatter(JsonFormatter() if form == "json" else text)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in ("aiohttp", "slack_bolt", "slack_sdk", "aiosmtplib", "asyncio", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
