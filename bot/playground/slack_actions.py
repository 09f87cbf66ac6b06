"""What Slack sends when a person presses, chooses or submits. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.playground.slack_state import Json, SlackUser

_ONE_OF = {"static_select", "external_select", "radio_buttons", "overflow"}
_CHOSEN = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}


def elements(blocks: Iterable[Json]) -> Iterator[tuple[Json, Json]]:
    """Every (block, element) that a person can use, in reading order."""
    for block in blocks:
        found = block.get("elements", []) if block["type"] == "actions" else []
        for element in [*found, block.get("accessory"), block.get("element")]:
            if isinstance(element, dict) and "action_id" in element:
                yield block, element


def find_element(
    blocks: Iterable[Json], action_id: str, value: Any = None
) -> tuple[Json, Json]:
    """The element of that action; where several buttons share it, the one of that value.

    Raises LookupError, which names the actions that there are.
    """
    found = list(elements(blocks))
    for block, element in found:
        if element["action_id"] != action_id:
            continue
        if element["type"] != "button" or value in (None, element.get("value")):
            return block, element
    known = ", ".join(element["action_id"] for _, element in found) or "none"
    raise LookupError(f"there is no {action_id} to press; there is: {known}")


def action(block: Json, element: Json, value: Any, *, ts: str) -> Json:
    """One of the `actions` of a block_actions payload."""
    base = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "action_ts": ts,
    }
    if element["type"] == "button":
        kept = {name: element[name] for name in ("text", "value", "style") if name in element}
        return base | kept
    return base | state(element, value)


def state(element: Json, value: Any) -> Json:
    """What an element holds after a person set it to `value` (an option by its own value)."""
    kind = element["type"]
    if kind in _ONE_OF:
        chosen = None if value is None else _option(element, value)
        return {"type": kind, "selected_option": chosen}
    if kind in ("checkboxes", "multi_static_select"):
        options = [_option(element, one) for one in value or ()]
        return {"type": kind, "selected_options": options}
    return {"type": kind, _CHOSEN.get(kind, "value"): value}


def view_state(view: Json, values: Mapping[str, Any]) -> Json:
    """The `state.values` of a submitted view, from values by action id.

    Raises ValueError where an input that is not optional has no value: Slack does not send it.
    """
    result: Json = {}
    missing = []
    for block, element in elements(view["blocks"]):
        value = values.get(element["action_id"], _initial(element))
        if block["type"] == "input" and not block.get("optional") and value in (None, "", []):
            missing.append(element["action_id"])
        if element["type"] not in ("button", "overflow"):
            held = state(element, value)
            result.setdefault(block["block_id"], {})[element["action_id"]] = held
    unknown = set(values) - {element["action_id"] for _, element in elements(view["blocks"])}
    if missing or unknown:
        raise ValueError(f"left empty: {missing}; not in the view: {sorted(unknown)}")
    return result


def user_part(user: SlackUser) -> Json:
    return {
        "id": user.id,
        "username": user.name,
        "name": user.name,
        "team_id": user.team_id,
    }


def _initial(element: Json) -> Any:
    if "initial_option" in element:
        return element["initial_option"]["value"]
    if "initial_options" in element:
        return [option["value"] for option in element["initial_options"]]
    names = ("initial_value", "initial_user", "initial_channel", "initial_date")
    return next((element[name] for name in names if name in element), None)


def _option(element: Json, value: str) -> Json:
    groups = element.get("option_groups", [])
    options = [*element.get("options", []), *(o for g in groups for o in g["options"])]
    for option in options:
        if option["value"] == value:
            return dict(option)
    if element["type"].endswith("external_select"):
        return {"text": {"type": "plain_text", "text": value}, "value": value}
    raise LookupError(f"{element['action_id']} has no option {value}")
