"""What happened in a world, at which instant, in words that a person can read."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import datetime

ARN = re.compile(r"arn:aws:[a-z-]+:[a-z0-9-]*:\d+:[^\s\"']+")
SERVICE_KINDS = {"contact-channel": "channel", "incident-record": "incident"}


class BrokenError(AssertionError):
    """An invariant does not hold. It prints as the story that led to it."""

    def __init__(self, seed: str, problems: list[str], story: Story) -> None:
        self.seed = seed
        self.problems = problems
        self.story = story
        lines = [f"World {seed} is broken:", *(f"  - {problem}" for problem in problems)]
        lines += ["", *story.lines, "", f"Again: python -m tests.simulation {seed}"]
        super().__init__("\n".join(lines))


class Story:
    """Names stand for ARNs and keys: the first engagement that is told of is engagement 1."""

    def __init__(self) -> None:
        self._told: list[tuple[datetime | None, str]] = []
        self._names: dict[str, str] = {}
        self._numbers: dict[str, Iterator[int]] = {}

    def tell(self, at: datetime, words: str) -> None:
        self._told.append((at, words))

    def add(self, line: str) -> None:
        self._told.append((None, line))

    @property
    def lines(self) -> list[str]:
        """Made when they are asked for: of most worlds nobody reads the story."""
        return [
            self.plain(words) if at is None else f"{_clock(at)}  {self.plain(words)}"
            for at, words in self._told
        ]

    def name(self, thing: str, kind: str) -> str:
        """The name of an ARN or key; a new one where it has none."""
        if thing not in self._names:
            numbers = self._numbers.setdefault(kind, itertools.count(1))
            self._names[thing] = f"{kind} {next(numbers)}"
        return self._names[thing]

    def plain(self, words: str) -> str:
        return ARN.sub(lambda found: self._name_of_arn(found[0]), words)

    def _name_of_arn(self, arn: str) -> str:
        tail = arn.rstrip(".,").split(":", 5)[5]
        kind = tail.partition("/")[0]
        if kind == "contact":
            return tail.rpartition("/")[2] + arn[len(arn.rstrip(".,")) :]
        return self.name(arn.rstrip(".,"), SERVICE_KINDS.get(kind, kind))


def _clock(at: datetime) -> str:
    return f"{at:%d %H:%M:%S.%f}"[:-3]
