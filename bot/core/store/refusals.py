"""Why a store cannot be opened, in words for whoever starts it."""

from __future__ import annotations


class StoreError(Exception):
    """The store cannot be opened; the message says why and what to do."""


class OtherVersion(StoreError):
    """There is no way from the database's version to this program's."""


class StoreInUse(StoreError):
    """Another process owns the SQLite database; a guest may still come in."""
