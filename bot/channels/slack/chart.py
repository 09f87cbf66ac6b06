"""Draws a chart of incidents as a PNG, to be read on a phone.

Pillow is imported when a chart is asked for, and not before. Drawing one takes a fifth of a
second and, as long as it lasts, 30 MB.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.channels.slack.words import duration

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

WIDTH, HEIGHT = 400, 440
"""In points of a phone."""
SCALE = 2
"""Pixels to a point of the picture; twice as many are drawn, so that edges are smooth."""
FINE = 2 * SCALE
LEFT, RIGHT = 46, 388

PAPER, INK, QUIET, GRID = "#ffffff", "#1d1c1d", "#616061", "#e6e6e6"
CREATED, RESOLVED, ACKNOWLEDGING, RESOLVING = "#d9822b", "#1f7a6d", "#7a4fbf", "#1f7a6d"

LOWEST = 1.5
BARS = (94, 226)
"""Where a panel begins and its base line lies, from above."""
ACKNOWLEDGED_PANEL = (282, 318)
RESOLVED_PANEL = (364, 400)

STEPS = [base * 10**power for power in range(9) for base in (1, 2, 5)]

Values = Sequence[float | None]


def incident_chart(chart: Mapping[str, Any]) -> bytes:
    """Draw bars of `created` and `resolved`, and below the medians, a point a period.

    `chart` holds: title and range (texts); labels, created, resolved, acknowledge and resolve,
    all of one length, at least 1; the last two are seconds, None where there are none.
    """
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (WIDTH * FINE, HEIGHT * FINE), PAPER)
    pen = Pen(ImageDraw.Draw(image))
    pen.text(16, 26, chart["title"], 19, INK)
    pen.text(16, 47, chart["range"], 13, QUIET)
    _legend(pen)
    _bars(pen, chart["created"], chart["resolved"])
    _line(
        pen,
        "Median time to acknowledge",
        chart["acknowledge"],
        ACKNOWLEDGED_PANEL,
        ACKNOWLEDGING,
    )
    _line(pen, "Median time to resolve", chart["resolve"], RESOLVED_PANEL, RESOLVING)
    _labels(pen, chart["labels"])
    small = image.resize((WIDTH * SCALE, HEIGHT * SCALE), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    small.save(written, "PNG", optimize=True)
    return written.getvalue()


class Pen:
    """Draws in points. Texts stand on their middle line."""

    def __init__(self, draw: ImageDraw) -> None:
        self._draw = draw
        self._fonts: dict[int, FreeTypeFont] = {}

    def text(self, x: float, y: float, text: str, size: int, color: str, at: str = "l") -> None:
        """`at`: l, m or r, which part of the text stands at `x`."""
        place = (x * FINE, y * FINE)
        self._draw.text(place, text, color, self._font(size), anchor=f"{at}m")

    def width(self, text: str, size: int) -> float:
        return self._font(size).getlength(text) / FINE

    def line(self, points: Sequence[tuple[float, float]], color: str, width: float) -> None:
        places = [(x * FINE, y * FINE) for x, y in points]
        self._draw.line(places, color, round(width * FINE), joint="curve")

    def bar(self, left: float, top: float, right: float, bottom: float, color: str) -> None:
        """A box with a round top; what would be too low to be seen is made higher."""
        top = min(top, bottom - LOWEST)
        radius = min((right - left) / 3, (bottom - top) / 2, 3)
        box = (left * FINE, top * FINE, right * FINE - 1, bottom * FINE)
        self._draw.rounded_rectangle(
            box, radius * FINE, color, corners=(True, True, False, False)
        )

    def dot(self, x: float, y: float, radius: float, color: str) -> None:
        self._draw.circle((x * FINE, y * FINE), radius * FINE, color)

    def _font(self, size: int) -> FreeTypeFont:
        from PIL import ImageFont

        if size not in self._fonts:
            font = ImageFont.load_default(size * FINE)
            if not isinstance(font, ImageFont.FreeTypeFont):
                raise TypeError("Pillow was built without FreeType")
            self._fonts[size] = font
        return self._fonts[size]


def _legend(pen: Pen) -> None:
    x = 16.0
    for words, color in (("created", CREATED), ("resolved", RESOLVED)):
        pen.bar(x, 62, x + 12, 74, color)
        pen.text(x + 18, 68, words, 14, INK)
        x += 18 + pen.width(words, 14) + 20


def _bars(pen: Pen, created: Sequence[int], resolved: Sequence[int]) -> None:
    top, base = BARS
    most, ticks = count_scale(max(*created, *resolved))
    for tick in ticks:
        y = base - (base - top) * tick / most
        pen.line([(LEFT, y), (RIGHT, y)], GRID, 1)
        pen.text(LEFT - 8, y, _shown(tick), 13, QUIET, "r")
    step = (RIGHT - LEFT) / len(created)
    wide = min(step * 0.4, 26)
    for number, pair in enumerate(zip(created, resolved, strict=True)):
        middle = LEFT + step * (number + 0.5)
        for count, left, color in (
            (pair[0], middle - wide, CREATED),
            (pair[1], middle, RESOLVED),
        ):
            if count:
                pen.bar(left, base - (base - top) * count / most, left + wide, base, color)
    pen.line([(LEFT, base), (RIGHT, base)], QUIET, 1)


def _line(pen: Pen, title: str, values: Values, place: tuple[float, float], color: str) -> None:
    top, base = place
    known = [value for value in values if value is not None]
    pen.text(16, top - 18, title, 14, INK)
    pen.line([(LEFT, base), (RIGHT, base)], GRID, 1)
    if not known:
        pen.text((LEFT + RIGHT) / 2, (top + base) / 2, "none in this time", 13, QUIET, "m")
        return
    most = max(known) or 1.0
    pen.text(RIGHT, top - 18, f"up to {duration(timedelta(seconds=most))}", 13, QUIET, "r")
    step = (RIGHT - LEFT) / len(values)
    points = [
        (LEFT + step * (number + 0.5), base - (base - top) * value / most)
        for number, value in enumerate(values)
        if value is not None
    ]
    if len(points) > 1:
        pen.line(points, color, 2)
    for x, y in points:
        pen.dot(x, y, 3, color)


def _labels(pen: Pen, labels: Sequence[str]) -> None:
    """Write as many of the labels as have room, under the bars and at the foot."""
    step = (RIGHT - LEFT) / len(labels)
    widest = max(pen.width(label, 13) for label in labels) + 14
    every = max(1, -int(-widest // step))
    for number in range(0, len(labels), every):
        x = LEFT + step * (number + 0.5)
        half = pen.width(labels[number], 13) / 2
        x = min(max(x, LEFT + half - 10), RIGHT + 8 - half)
        for y in (BARS[1] + 14, RESOLVED_PANEL[1] + 16):
            pen.text(x, y, labels[number], 13, QUIET, "m")


def _shown(count: int) -> str:
    return f"{count:,}" if count < 10_000 else f"{count / 1000:,.0f}k"


def count_scale(most: int) -> tuple[int, list[int]]:
    """The top of an axis for counts up to `most`, and its ticks: 0 and two to five more."""
    step = next(step for step in STEPS if step * 5 >= most)
    count = max(-(-most // step), 2)
    return count * step, [number * step for number in range(count + 1)]
