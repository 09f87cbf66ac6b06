"""Identifiers: time-ordered keys inside, random tokens and codes outside."""

from __future__ import annotations

import itertools
import random
import secrets
import threading
import time
from typing import NewType

Key = NewType("Key", str)
"""A UUID of version 7 as 36 characters; keys made later by one process sort later."""

_lock = threading.Lock()
_last = 0
_LAYOUT = "%08x-%04x-7%03x-%04x-%012x"
_low = itertools.count(random.Random().getrandbits(61))  # noqa: S311 - new, not secret


def new_key() -> Key:
    """Make a key from the system's clock; it orders rows, it tells no time to anyone."""
    global _last
    with _lock:
        stamp = (time.time_ns() * 4096) // 1_000_000  # milliseconds with 12 bits of fraction
        if stamp <= _last:
            stamp = _last + 1
        _last = stamp
    low = next(_low)
    text = _LAYOUT % (
        stamp >> 28,
        stamp >> 12 & 0xFFFF,
        stamp & 0xFFF,
        0x8000 | low >> 48,
        low & 0xFFFF_FFFF_FFFF,
    )
    return Key(text)


def new_secret_key() -> Key:
    """Make a key that nobody can guess who knows others made here: it names a mail, and who
    knows a mail's name may answer it.
    """
    low = secrets.token_hex(8)
    return Key(f"{new_key()[:20]}{low[:3]}-{low[4:]}")


def new_token() -> str:
    """Make an unguessable token of 32 URL-safe characters."""
    return secrets.token_urlsafe(24)


def new_code() -> str:
    """Make an accept or activation code: six digits, the first not zero, as people read them
    out.
    """
    return str(100_000 + secrets.randbelow(900_000))
