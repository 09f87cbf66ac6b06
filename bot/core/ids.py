"""Identifiers: time-ordered keys inside, random tokens and codes outside."""

from __future__ import annotations

import os
import random
import secrets
import threading
import time
from typing import NewType

Key = NewType("Key", str)
"""A UUID of version 7 as 36 characters; keys made later by one process sort later."""

_lock = threading.Lock()
_last = 0
_millisecond = 0
_prefix = ""
_random = random.Random()  # noqa: S311 - new, not secret
_COUNTS = [f"{count:03x}" for count in range(0x1000)]
_PROCESS = f"-{0x8000 | _random.getrandbits(14):04x}-{_random.getrandbits(48):012x}"


def new_key() -> Key:
    """Make a key from the system's clock; it orders rows, it tells no time to anyone.

    Its first 48 bits are milliseconds, the next 12 count within one, the others are those of
    the process.
    """
    global _last, _millisecond, _prefix
    with _lock:
        _last = stamp = max(_last + 1, time.time_ns() // 1_000_000 << 12)
        if stamp >> 12 != _millisecond:
            _millisecond = stamp >> 12
            _prefix = f"{_millisecond >> 16:08x}-{_millisecond & 0xFFFF:04x}-7"
        prefix = _prefix
    return Key(prefix + _COUNTS[stamp & 0xFFF] + _PROCESS)


def new_secret_key() -> Key:
    """Make a key that nobody can guess who knows others made here: it names a mail, and who
    knows a mail's name may answer it.
    """
    low = os.urandom(8).hex()
    return Key(f"{new_key()[:20]}{low[:3]}-{low[4:]}")


def new_token() -> str:
    """Make an unguessable token of 32 URL-safe characters."""
    return secrets.token_urlsafe(24)


def new_code() -> str:
    """Make an accept or activation code: six digits, the first not zero, as people read them
    out.
    """
    return str(100_000 + secrets.randbelow(900_000))
