"""What is wrong with a typed line, in words for a phone at three in the morning."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class ChatError(Exception):
    """A line that cannot be run as typed.

    `faults` holds one short sentence for each thing to mend, all of them at once. `missing`
    names the required members that were not given, as the model spells them, so that a door
    can ask for them. `str()` is what the person reads.
    """

    def __init__(self, *faults: str, missing: Iterable[str] = ()) -> None:
        self.faults = faults
        self.missing = tuple(missing)
        super().__init__("\n".join(faults))


def did_you_mean(typed: str, known: Iterable[str]) -> str:
    """A question to put behind "there is no ...", with a leading blank, or nothing."""
    close = get_close_matches(typed[:100].lower(), list(known), n=3, cutoff=0.6)
    if not close:
        return ""
    return f" Did you mean {' or '.join(f'`{name}`' for name in close)}?"


def shortened(text: str, limit: int = 40) -> str:
    """At most `limit` characters of what was typed, on one line, for quoting it back."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
