"""Secrets at rest: a master key wraps the data keys and the index key kept in the database."""

from __future__ import annotations

import base64
import binascii
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.core.errors import DataEncryptionException

KEY_BYTES = 32

_FORMAT = 1
_NONCE_BYTES = 12
_HEADER_BYTES = 1 + 4
_TAG_BYTES = 16

LOOK_AGAIN_AFTER = 1.0
"""Seconds between two looks for a key that is in nobody's hands."""

KeyPurpose = Literal["data", "index"]


class MasterKeyError(Exception):
    """The master key is malformed, missing, or not the one that wrapped the stored keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedKey:
    """A key as the database holds it. `key_id` is unique, 1 to 2**31 - 1."""

    key_id: int
    purpose: KeyPurpose
    wrapped: bytes


class Vault:
    """Encrypts with the newest data key, decrypts with any of them.

    A ciphertext is one byte of format, four of key id, twelve of nonce, and AES-256-GCM's
    output. Safe to use from several threads. `look_again` is called for a key that another
    process has made since; it lets the vault `learn` what it finds.
    """

    def __init__(self, data_keys: Mapping[int, bytes], index_key: bytes) -> None:
        """Raises ValueError without a data key; the one of the highest id is the newest."""
        if not data_keys:
            raise ValueError("a vault needs a data key")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in data_keys.items()}
        self._current = self._newest()
        self._index_key = index_key
        self.look_again: Callable[[], None] | None = None
        self._looking = threading.RLock()
        self._looked_at = float("-inf")

    def _newest(self) -> tuple[bytes, AESGCM]:
        newest = max(self._ciphers)
        return bytes([_FORMAT]) + newest.to_bytes(4, "big"), self._ciphers[newest]

    @property
    def newest(self) -> int:
        """The id of the key that encrypts."""
        return max(self._ciphers)

    @property
    def header(self) -> bytes:
        """How a ciphertext of the newest key begins."""
        return self._current[0]

    def learn(self, key_id: int, passed_on: bytes) -> None:
        """Know a data key that was encrypted for those who know the one before it.

        Raises DataEncryptionException for who does not.
        """
        key = self.decrypt(passed_on, key_place(key_id, "data"))
        self._ciphers = {**self._ciphers, key_id: AESGCM(key)}
        self._current = self._newest()

    def __repr__(self) -> str:
        return f"Vault({len(self._ciphers)} data keys)"

    def encrypt(self, plain: bytes, aad: bytes) -> bytes:
        header, cipher = self._current
        nonce = os.urandom(_NONCE_BYTES)
        return header + nonce + cipher.encrypt(nonce, plain, aad)

    def decrypt(self, blob: bytes, aad: bytes) -> bytes:
        """Raises DataEncryptionException for a blob of another key, place or format."""
        if len(blob) < _HEADER_BYTES + _NONCE_BYTES + _TAG_BYTES or blob[0] != _FORMAT:
            raise DataEncryptionException("A stored secret has an unknown format.")
        key_id = int.from_bytes(blob[1:_HEADER_BYTES], "big")
        cipher = self._ciphers.get(key_id) or self._looked_for(key_id)
        if cipher is None:
            raise DataEncryptionException("A stored secret was encrypted with an unknown key.")
        end = _HEADER_BYTES + _NONCE_BYTES
        try:
            return cipher.decrypt(blob[_HEADER_BYTES:end], blob[end:], aad)
        except InvalidTag:
            raise DataEncryptionException("A stored secret cannot be read here.") from None

    def _looked_for(self, key_id: int) -> AESGCM | None:
        """A key that was made since; whoever asks for one that is not there waits his turn."""
        if self.look_again is None:
            return None
        with self._looking:
            now = time.monotonic()
            if key_id not in self._ciphers and now - self._looked_at >= LOOK_AGAIN_AFTER:
                self._looked_at = now
                self.look_again()
        return self._ciphers.get(key_id)

    def fingerprint(self, text: str) -> str:
        """A keyed hash of 32 hexadecimal digits, by which addresses and tokens are found."""
        return blake2b(text.encode(), key=self._index_key, digest_size=16).hexdigest()


def new_master_key() -> str:
    """32 random bytes in base64."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def parse_master_key(text: str) -> bytes:
    """Raises MasterKeyError unless the text is 32 bytes in base64."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise MasterKeyError("The master key is not base64.") from None
    if len(key) != KEY_BYTES:
        raise MasterKeyError(f"The master key has {len(key)} bytes instead of {KEY_BYTES}.")
    return key


def create_keys(master: bytes) -> list[WrappedKey]:
    """A data key and an index key, both new and wrapped."""
    return [
        wrap(os.urandom(KEY_BYTES), master, key_id=1, purpose="data"),
        wrap(os.urandom(KEY_BYTES), master, key_id=2, purpose="index"),
    ]


def wrap(key: bytes, master: bytes, *, key_id: int, purpose: KeyPurpose) -> WrappedKey:
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + AESGCM(master).encrypt(nonce, key, key_place(key_id, purpose))
    return WrappedKey(key_id=key_id, purpose=purpose, wrapped=sealed)


def unwrap(wrapped: WrappedKey, master: bytes) -> bytes:
    """Raises MasterKeyError for another master key than the one that wrapped it."""
    nonce, sealed = wrapped.wrapped[:_NONCE_BYTES], wrapped.wrapped[_NONCE_BYTES:]
    try:
        return AESGCM(master).decrypt(nonce, sealed, key_place(wrapped.key_id, wrapped.purpose))
    except InvalidTag:
        raise MasterKeyError("The master key does not open this database.") from None


def rewrap(keys: Iterable[WrappedKey], *, old: bytes, new: bytes) -> list[WrappedKey]:
    """The same keys under a new master key. Raises MasterKeyError."""
    return [wrap(unwrap(key, old), new, key_id=key.key_id, purpose=key.purpose) for key in keys]


def open_vault(keys: Iterable[WrappedKey], master: bytes) -> Vault:
    """Raises MasterKeyError where the keys were wrapped by another master key, or are none."""
    opened = [(key, unwrap(key, master)) for key in keys]
    data = {key.key_id: plain for key, plain in opened if key.purpose == "data"}
    index = {key.key_id: plain for key, plain in opened if key.purpose == "index"}
    if not data or not index:
        raise MasterKeyError("The database holds no keys.")
    return Vault(data, index[max(index)])


def key_place(key_id: int, purpose: KeyPurpose) -> bytes:
    """What a wrapped key is bound to."""
    return f"imbot/key/{purpose}/{key_id}".encode()
