"""The models' regular expressions (Java's, more or less) as Python's."""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache

PART = re.compile(r"\[(?:\\.|[^\]\\])*\]|\\p\{\w+\}|\\.|\.", re.DOTALL)
IN_CLASS = re.compile(r"\\p\{(?:Is)?(\w+)\}|\\[sdw]")
AFTER_A_CLASS = re.compile(r"(\\p\{\w+\}|\\[sdw])-(?!\])")
"""A hyphen that begins no range."""
NESTED_REPEAT = re.compile(r"\((\[(?:\\.|[^\]\\])*\])\+\)\*")
NOT_BLANK = r".*\S.*"
ANY = r"[^\n\r\u0085\u2028\u2029]"
ASCII = {r"\s": r" \t\n\x0b\f\r", r"\d": "0-9", r"\w": "a-zA-Z0-9_"}
SPACES = r" \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
WORDS = (r"\p{L}", r"\p{N}", "_")


def compile_pattern(source: str) -> re.Pattern[str]:
    r"""Compile a model's pattern, to be used with `fullmatch`.

    `\s`, `\d` and `\w` are ASCII's, `.` is no line's end, `\p{..}` is a Unicode category.
    Two are written so that they take linear time: `([..]+)*` becomes `[..]*`, and `.*\S.*`
    means "not blank", over several lines, too (a policy's text may have them).
    """
    if source == NOT_BLANK:
        return re.compile(r"\s*+\S.*", re.DOTALL)
    return re.compile(PART.sub(_part, NESTED_REPEAT.sub(r"\1*", source)))


def _part(found: re.Match[str]) -> str:
    text = found.group()
    if text == ".":
        return ANY
    if text[0] == "[":
        return _character_class(text)
    inner = IN_CLASS.sub(_in_class, text)
    return text if inner == text else f"[{inner}]"


def _character_class(text: str) -> str:
    text = AFTER_A_CLASS.sub(r"\1\\-", text)
    if all(part in text for part in WORDS):  # exactly Python's \w, which costs nothing to build
        rest = text.replace(r"\p{L}", "").replace(r"\p{N}", "")
        head = 2 if rest.startswith("[^") else 1
        return rest[:head] + r"\w" + IN_CLASS.sub(_in_class, rest[head:])
    return IN_CLASS.sub(_in_class, text)


def _in_class(found: re.Match[str]) -> str:
    name = found.group(1)
    return ASCII[found.group()] if name is None else _category(name)


@cache
def _category(name: str) -> str:
    """List a category (`L`, `Zs`) as ranges for a class; walks through Unicode, 100 ms."""
    if name == "Z":
        return SPACES
    ranges: list[tuple[int, int]] = []
    for point in range(sys.maxunicode + 1):
        if not unicodedata.category(chr(point)).startswith(name):
            continue
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1] = (ranges[-1][0], point)
        else:
            ranges.append((point, point))
    if not ranges:
        raise ValueError(f"there is no Unicode category {name}")
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)
