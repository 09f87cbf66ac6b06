"""Identifiers: time-ordered keys inside, random tokens and codes outside."""

from __future__ import annotations

import random
import secrets
import threading
import time
from typing import NewType

Key = NewType("Key", str)
"""A UUID of version 7 as 36 characters; keys made later by one process sort later."""

_lock = threading.Lock()
_last = 0
_random = random.Random()  # noqa: S311 - a key must be new, not secret


def new_key() -> Key:
    """Make a key from the system's clock; it orders rows, it tells no time to anyone."""
    global _last
    with _lock:
        stamp = (time.time_ns() * 4096) // 1_000_000  # milliseconds with 12 bits of fraction
        _last = stamp = max(stamp, _last + 1)
    high = (stamp >> 12) << 16 | 0x7000 | (stamp & 0xFFF)
    low = _random.getrandbits(62) | (1 << 63)
    digits = f"{high:016x}{low:016x}"  # uuid.UUID would take six times as long
    return Key(f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}")


def new_token() -> str:
    """Make an unguessable token of 32 URL-safe characters."""
    return secrets.token_urlsafe(24)


def new_code() -> str:
    """Make an accept or activation code: six digits, the first not zero, as people read them
    out.
    """
    return str(100_000 + secrets.randbelow(900_000))
