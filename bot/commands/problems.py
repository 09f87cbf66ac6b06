"""What is wrong with a typed line, in words for a phone at three in the morning."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

_NEAR = 0.1
"""A suggestion that is so much worse than the best one is none."""


class ChatError(Exception):
    """A line that cannot be run as typed.

    `faults` holds one short sentence for each thing to mend, all of them at once. `missing`
    holds an operation and a required member for each that was not given, as the model spells
    them, so that a door can say what there is. `str()` is what the person reads.
    """

    def __init__(self, *faults: str, missing: Iterable[tuple[str, str]] = ()) -> None:
        self.faults = faults
        self.missing = tuple(missing)
        super().__init__("\n".join(faults))


def did_you_mean(typed: str, known: Iterable[str]) -> str:
    """A question to put behind "there is no ...", with a leading blank, or nothing."""
    return one_of(closest(typed, known))


def one_of(names: Iterable[str]) -> str:
    """The question whether one of these was meant, with a leading blank; "" without names."""
    meant = " or ".join(f"`{name}`" for name in dict.fromkeys(names))
    return f" Did you mean {meant}?" if meant else ""


def closest(typed: str, known: Iterable[str]) -> list[str]:
    """At most three names that may have been meant, the likeliest first."""
    typed = typed[:100].lower()
    close = get_close_matches(typed, list(known), n=3, cutoff=0.6)
    likeness = {name: SequenceMatcher(None, name, typed).ratio() for name in close}
    return [name for name in close if likeness[name] > likeness[close[0]] - _NEAR]


def shortened(text: str, limit: int = 40) -> str:
    """At most `limit` characters of what was typed, on one line, for quoting it back."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
