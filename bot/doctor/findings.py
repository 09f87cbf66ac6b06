"""What the doctor finds, and what he carries on his rounds."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Literal

from aiohttp import ClientSession

from bot.settings import Settings

State = Literal["ok", "off", "wrong"]

WIDTH = 96
MARGIN = 25
"""Where the words of a finding begin: after its state and its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check's outcome. `words` never hold a secret; `mend` is one sentence, where wrong."""

    name: str
    state: State
    words: str
    mend: str = ""

    def __str__(self) -> str:
        """A line, folded where it is long, and how to mend it on a line of its own."""
        lines = [_folded(f"{self.state:6}  {self.name:{MARGIN - 8}}", self.words)]
        if self.mend:
            lines.append(_folded(f"{'->':>{MARGIN - 1}} ", self.mend))
        return "\n".join(lines)


@dataclass(slots=True, kw_only=True)
class Rounds:
    """One visit to everything that the settings name."""

    settings: Settings
    session: ClientSession
    now: Callable[[], datetime]
    skews: dict[str, float] = field(default_factory=dict)
    """Seconds by which our clock is ahead of a vendor's, by the vendor's name."""

    def compare_clocks(self, vendor: str, headers: Mapping[str, str]) -> None:
        """Note the time in an answer that has just come; to the second, and less its way."""
        try:
            theirs = parsedate_to_datetime(headers["Date"])
        except (KeyError, ValueError):
            return
        self.skews[vendor] = (self.now() - theirs).total_seconds()


def _folded(head: str, text: str) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=head,
        subsequent_indent=" " * MARGIN,
        break_long_words=False,
        break_on_hyphens=False,
    )


def ok(name: str, words: str) -> Finding:
    return Finding(name=name, state="ok", words=words)


def off(name: str, words: str) -> Finding:
    return Finding(name=name, state="off", words=words)


def wrong(name: str, words: str, mend: str) -> Finding:
    return Finding(name=name, state="wrong", words=words, mend=mend)
