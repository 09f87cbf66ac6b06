"""Links in mails: a row's key and a keyed hash of it, so that nothing needs to be stored."""

from __future__ import annotations

import hmac
from typing import Literal
from uuid import UUID

from bot.core.context import Context
from bot.core.effects.addresses import Fingerprints
from bot.core.ids import Key

Purpose = Literal["ack", "unsubscribe", "calendar", "subscription"]


def link(ctx: Context, purpose: Purpose, key: Key) -> str | None:
    """The address of a page with one button; None without a public URL."""
    if ctx.house.public_url is None:
        return None
    return f"{ctx.house.public_url}/{purpose}/{token(ctx.unit.tx.vault, purpose, key)}"


def token(vault: Fingerprints, purpose: Purpose, key: Key) -> str:
    """64 hexadecimal digits: the key, and the keyed hash of purpose and key."""
    return key.replace("-", "") + vault.fingerprint(f"{purpose} {key}")


def key_of(vault: Fingerprints, purpose: Purpose, given: str) -> Key | None:
    """The key that a token names; None where the token was not made here."""
    try:
        key = Key(str(UUID(hex=given[:32])))
    except ValueError:
        return None
    expected = token(vault, purpose, key).encode()
    return key if hmac.compare_digest(expected, given.encode()) else None
