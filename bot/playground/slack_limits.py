"""What Slack refuses in blocks and views. Pure; each fault is a line of Slack's `errors`.

Source: Slack, "Reference: blocks", "block elements", "composition objects", "views". Blocks
that are listed in `_UNSEEN` are let through as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_UNSEEN = {
    "rich_text", "file", "call", "video", "table", "data_table", "data_visualization",
    "context_actions", "task_card", "plan", "alert", "card", "carousel", "container",
}  # fmt: skip
_OPTION_LIMITS = {"overflow": 5, "radio_buttons": 10, "checkboxes": 10}
_ELEMENTS = {
    "button", "overflow", "radio_buttons", "checkboxes", "datepicker", "timepicker",
    "datetimepicker", "plain_text_input", "email_text_input", "url_text_input", "number_input",
    "file_input", "rich_text_input", "workflow_button", "feedback_buttons", "icon_button",
} | {
    f"{many}{source}_select"
    for many in ("", "multi_")
    for source in ("static", "external", "users", "conversations", "channels")
}  # fmt: skip

MOST_BLOCKS = {"message": 50, "modal": 100, "home": 100}
MOST_TEXT = 13_200
"""Characters in all the blocks of one message together; measured, not documented."""


def block_faults(blocks: Any, *, surface: str) -> list[str]:
    """Say what Slack finds wrong with `blocks` on a message, modal or home."""
    if not isinstance(blocks, list):
        return ["must provide an array [json-pointer:/blocks]"]
    faults = []
    most = MOST_BLOCKS[surface]
    if len(blocks) > most:
        faults.append(f"no more than {most} items allowed [json-pointer:/blocks]")
    for number, block in enumerate(blocks):
        faults += _block(block, f"/blocks/{number}", surface)
    ids = [block["block_id"] for block in _dicts(blocks) if "block_id" in block]
    if len(ids) != len(set(ids)):
        faults.append("block_id must be unique [json-pointer:/blocks]")
    return faults


def view_faults(view: Any) -> list[str]:
    if not isinstance(view, dict) or view.get("type") not in ("modal", "home"):
        return ["unsupported type [json-pointer:/view/type]"]
    faults: list[str] = []
    if view["type"] == "modal":
        faults += _text(view.get("title"), "/view/title", 24, plain=True)
        for name in ("submit", "close"):
            if view.get(name) is not None:
                faults += _text(view[name], f"/view/{name}", 24, plain=True)
        has_input = any(b.get("type") == "input" for b in _dicts(view.get("blocks")))
        if has_input and not view.get("submit"):
            faults.append("missing required field: submit [json-pointer:/view]")
    faults += _string(view.get("private_metadata"), "/view/private_metadata", 3000)
    faults += _string(view.get("callback_id"), "/view/callback_id", 255)
    return faults + block_faults(view.get("blocks"), surface=view["type"])


def text_length(blocks: Any) -> int:
    """Count the characters of every text in blocks."""
    if isinstance(blocks, list):
        return sum(map(text_length, blocks))
    if not isinstance(blocks, dict):
        return 0
    own = len(blocks["text"]) if isinstance(blocks.get("text"), str) else 0
    return own + sum(text_length(value) for value in blocks.values())


def _dicts(items: Any) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _block(block: Any, at: str, surface: str) -> Iterator[str]:
    if not isinstance(block, dict) or "type" not in block:
        yield f"missing required field: type [json-pointer:{at}]"
        return
    yield from _string(block.get("block_id"), f"{at}/block_id", 255)
    kind = block["type"]
    if kind == "section":
        yield from _section(block, at)
    elif kind == "header":
        yield from _text(block.get("text"), f"{at}/text", 150, plain=True)
    elif kind == "markdown":
        yield from _required(block.get("text"), f"{at}/text", 12_000)
    elif kind in ("actions", "context"):
        yield from _elements(block, at, 25 if kind == "actions" else 10)
    elif kind == "image":
        yield from _image(block, at)
    elif kind == "input" and surface != "message":
        yield from _text(block.get("label"), f"{at}/label", 2000, plain=True)
        yield from _element(block.get("element"), f"{at}/element")
    elif kind not in _UNSEEN | {"divider", "input"}:
        yield f"unsupported type: {kind} [json-pointer:{at}/type]"


def _section(block: dict[str, Any], at: str) -> Iterator[str]:
    fields = block.get("fields")
    if block.get("text") is None and not fields:
        yield f"missing required field: text [json-pointer:{at}]"
    if block.get("text") is not None:
        yield from _text(block["text"], f"{at}/text", 3000)
    if fields is not None:
        yield from _count(fields, f"{at}/fields", 10)
        for number, item in enumerate(fields if isinstance(fields, list) else ()):
            yield from _text(item, f"{at}/fields/{number}", 2000)
    if block.get("accessory") is not None:
        yield from _element(block["accessory"], f"{at}/accessory")


def _elements(block: dict[str, Any], at: str, most: int) -> Iterator[str]:
    elements = block.get("elements")
    yield from _count(elements, f"{at}/elements", most)
    for number, element in enumerate(elements if isinstance(elements, list) else ()):
        place = f"{at}/elements/{number}"
        if block["type"] == "actions":
            yield from _element(element, place)
        elif isinstance(element, dict) and element.get("type") == "image":
            yield from _image(element, place)
        else:
            yield from _text(element, place, 2000)
    ids = [e["action_id"] for e in _dicts(elements) if e.get("action_id")]
    if len(ids) != len(set(ids)):
        yield f"action_id must be unique in a block [json-pointer:{at}/elements]"


def _element(element: Any, at: str) -> Iterator[str]:
    kind = element.get("type") if isinstance(element, dict) else None
    if kind == "image":
        yield from _image(element, at)
        return
    if kind not in _ELEMENTS:
        yield f"unsupported type: {kind} [json-pointer:{at}/type]"
        return
    yield from _string(element.get("action_id"), f"{at}/action_id", 255)
    if kind == "button":
        yield from _text(element.get("text"), f"{at}/text", 75, plain=True)
        yield from _string(element.get("value"), f"{at}/value", 2000)
        yield from _string(element.get("url"), f"{at}/url", 3000)
        if element.get("style") not in (None, "primary", "danger"):
            yield f"invalid style [json-pointer:{at}/style]"
    if kind == "plain_text_input":
        yield from _string(element.get("initial_value"), f"{at}/initial_value", 3000)
        if not 1 <= element.get("max_length", 3000) <= 3000:
            yield f"must be less than 3001 [json-pointer:{at}/max_length]"
    if element.get("placeholder") is not None:
        yield from _text(element["placeholder"], f"{at}/placeholder", 150, plain=True)
    if element.get("confirm") is not None:
        yield from _confirm(element["confirm"], f"{at}/confirm")
    if "options" in element:
        yield from _options(element["options"], f"{at}/options", _OPTION_LIMITS.get(kind, 100))


def _options(options: Any, at: str, most: int) -> Iterator[str]:
    yield from _count(options, at, most)
    for number, option in enumerate(_dicts(options)):
        yield from _text(option.get("text"), f"{at}/{number}/text", 75)
        yield from _required(option.get("value"), f"{at}/{number}/value", 150)


def _confirm(confirm: Any, at: str) -> Iterator[str]:
    limits = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
    for name, most in limits.items():
        part = confirm.get(name) if isinstance(confirm, dict) else None
        if part is not None or name == "text":
            yield from _text(part, f"{at}/{name}", most)


def _image(image: dict[str, Any], at: str) -> Iterator[str]:
    if "slack_file" not in image:
        yield from _required(image.get("image_url"), f"{at}/image_url", 3000)
    yield from _required(image.get("alt_text"), f"{at}/alt_text", 2000)


def _text(text: Any, at: str, most: int, *, plain: bool = False) -> Iterator[str]:
    kinds = ("plain_text",) if plain else ("plain_text", "mrkdwn")
    if not isinstance(text, dict) or text.get("type") not in kinds:
        yield f"must be an object of type {' or '.join(kinds)} [json-pointer:{at}]"
        return
    yield from _required(text.get("text"), f"{at}/text", most)


def _required(value: Any, at: str, most: int) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"must be a string [json-pointer:{at}]"
    elif not value:
        yield f"must be more than 0 characters [json-pointer:{at}]"
    else:
        yield from _string(value, at, most)


def _string(value: Any, at: str, most: int) -> Iterator[str]:
    if value is not None and (not isinstance(value, str) or len(value) > most):
        yield f"must be less than {most + 1} characters [json-pointer:{at}]"


def _count(items: Any, at: str, most: int) -> Iterator[str]:
    if not isinstance(items, list) or not items:
        yield f"must have at least 1 item [json-pointer:{at}]"
    elif len(items) > most:
        yield f"no more than {most} items allowed [json-pointer:{at}]"
