"""Addresses, spelled one way, and the keyed hash by which they are found."""

from __future__ import annotations

from typing import Protocol


class Fingerprints(Protocol):
    def fingerprint(self, text: str) -> str: ...


def normalised(medium: str, address: str) -> str:
    """Spell an address as it is compared: a number as "+" and digits, mail in lower case.

    `medium` is EMAIL, SMS or VOICE. Nothing is checked here.
    """
    if medium == "EMAIL":
        return address.strip().lower()
    return "+" + "".join(char for char in address if char in "0123456789")


def fingerprint(vault: Fingerprints, medium: str, address: str) -> str:
    """The same for texts and calls to one number, so that UNSUBSCRIBE turns off both."""
    return vault.fingerprint(f"address {normalised(medium, address)}")
