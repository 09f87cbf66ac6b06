"""What a shape takes, in words short enough for a phone. Pure; the service models speak."""

from __future__ import annotations

from bot.commands.shorthand import SCALARS
from bot.core.service_models import Shape

_ENUM_SHOWN = 12
_PATTERN_SHOWN = 32
_UNTOLD = 100_000
_EXAMPLE_DEPTH = 6

_PLAIN = {
    "boolean": "true or false",
    "timestamp": "a time such as 2026-03-31T20:30:00Z, or now",
    "blob": "base64",
}


def expected(shape: Shape) -> str:
    """What may be typed for a shape: "a whole number, 1 to 5", "OPEN or RESOLVED"."""
    kind = shape.type_name
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in ("integer", "long"):
        return f"a whole number{_range(shape)}"
    if kind in ("float", "double"):
        return f"a number{_range(shape)}"
    if kind == "string":
        return _text(shape)
    if kind == "list":
        return f"{_count(shape, 'item')}, each {expected(shape.member)}"
    if kind == "map":
        return f"{_count(shape, 'pair')} `name={example(shape.value)}`"
    if shape.is_tagged_union:
        return f"exactly one of {', '.join(shape.members)}"
    return f"`{example(shape)}`"


def example(shape: Shape, depth: int = 0) -> str:
    """A value in shorthand for a usage line; `...` where it would nest too deeply."""
    kind = shape.type_name
    if kind in SCALARS:
        return _scalar_example(shape)
    if depth > _EXAMPLE_DEPTH:
        return "..."
    if kind == "list":
        if depth == 0:
            return example(shape.member)
        return f"[{example(shape.member, depth + 1)}]"
    if kind == "map":
        pairs = f"name={example(shape.value, depth + 1)}"
    else:
        pairs = ",".join(
            f"{name}={example(shape.members[name], depth + 1)}"
            for name in _shown_members(shape)
        )
    return pairs if depth == 0 and pairs else f"{{{pairs}}}"


def _shown_members(shape: Shape) -> list[str]:
    """The required members, or the first where none is."""
    return list(shape.required_members) or list(shape.members)[:1]


def _scalar_example(shape: Shape) -> str:
    if shape.enum:
        return shape.enum[0]
    if shape.type_name in ("integer", "long", "float", "double"):
        return str(shape.metadata.get("min", 1))
    if shape.type_name == "timestamp":
        return "now"
    if shape.type_name == "boolean":
        return "true"
    return "arn:..." if shape.name.lower().endswith("arn") else "text"


def _text(shape: Shape) -> str:
    if shape.enum:
        shown = list(shape.enum[:_ENUM_SHOWN])
        more = ["..."] if len(shape.enum) > _ENUM_SHOWN else []
        return " or ".join(shown) if len(shown) == 2 else f"one of {', '.join(shown + more)}"
    kind = "an ARN" if shape.name.lower().endswith("arn") else "text"
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max", _UNTOLD)
    if kind == "text" and high < _UNTOLD:
        kind += f" of {low} to {high} characters" if low else f" of up to {high} characters"
        kind = f"text of {low} characters" if low == high else kind
    pattern = shape.metadata.get("pattern", "")
    if pattern and kind != "an ARN" and len(pattern) <= _PATTERN_SHOWN:
        kind += f", as `{pattern.removeprefix('^').removesuffix('$')}`"
    return kind


def _range(shape: Shape) -> str:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is None and high is None:
        return ""
    if high is None:
        return f", {low} or more"
    return f", {low or 0} to {high}"


def _count(shape: Shape, noun: str) -> str:
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max")
    if high is None or high >= _UNTOLD:
        return f"{noun}s"
    if low == high:
        return f"{high} {noun}{'s' if high > 1 else ''}"
    return f"{low} to {high} {noun}s"
