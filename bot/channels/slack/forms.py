"""Slack's modal views that ask for what a button needs, pure, and what was put into them.

Source: Slack, "Modals", "Views", "Block Kit: input block".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.channels.slack.blocks import Block, bold, clip, code, context, escape, join, section
from bot.channels.slack.words import IMPACT, when

View = dict[str, Any]

TEXT_LIMIT = 3000
"""Characters that Slack lets a field of a form hold."""
TITLE_LIMIT = 200
OPTIONS_LIMIT = 100
OPTION_TEXT, OPTION_VALUE = 75, 150
PART = 2800
"""Characters of a long text that are shown in one block."""

UPDATE, ADD_EVENT, ENGAGE = "update_incident", "add_event", "engage_someone"
ADD_TO_TIMELINE = "add_to_timeline"
"""The callback ids: of the forms, which are the actions of the buttons that open them, and of
the message shortcut.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """`values` and what stood there first (`initial`) are by the field's name. `about` is what
    the form was made with.
    """

    form: str
    about: Mapping[str, Any]
    values: Mapping[str, Any] = field(repr=False)
    initial: Mapping[str, Any] = field(repr=False)

    def changed(self, name: str) -> Any:
        """The value of a field where it is another than at first, else None."""
        value = self.values.get(name)
        return None if (value or "") == (self.initial.get(name) or "") else value or ""


def update_form(
    about: Mapping[str, Any],
    *,
    title: str,
    impact: int,
    summary: str,
    others: Mapping[str, Any] | None = None,
) -> View:
    """Ask for title, impact and summary. `others`: the summary that somebody else wrote
    meanwhile, {Summary, EditedBy, EditedAt}, to be shown above one's own.
    """
    blocks = [
        _field("title", "Title", _text(title, limit=TITLE_LIMIT)),
        _field("impact", "Impact", _impact(impact)),
    ]
    if len(summary) > TEXT_LIMIT:
        note = f"The summary has more than {TEXT_LIMIT:,} characters, too many for a form: "
        blocks.append(context(note, code("@aws imbot edit-summary")))
    else:
        written = _text(summary, limit=TEXT_LIMIT, is_long=True)
        blocks += _others(others) if others else []
        name = "Yours: what shall it be now?" if others else "Summary"
        blocks.append(_field("summary", name, written, is_optional=True))
    return _view(UPDATE, "Update incident", about, blocks, submit="Save")


def _others(others: Mapping[str, Any]) -> list[Block]:
    by = str(others.get("EditedBy") or "Somebody")
    at = f" at {when(others['EditedAt'])}" if others.get("EditedAt") else ""
    text = str(others.get("Summary") or "(nothing)")
    parts = [text[start : start + PART] for start in range(0, len(text), PART)]
    told = section(
        "✗ ", bold(f"{by} changed the summary{at}."), " Nothing is saved yet. Theirs is:"
    )
    return [told, *map(section, map(escape, parts))]


def event_form(about: Mapping[str, Any], *, title: str) -> View:
    """Ask for an event's text, and when it was, if that is not now."""
    picker: Block = {"type": "datetimepicker", "action_id": "time"}
    blocks = [
        context("For the timeline of ", bold(title)),
        _field("text", "What happened?", _text("", limit=TEXT_LIMIT, is_long=True)),
        _field("time", "When? Now, if left empty", picker, is_optional=True),
    ]
    return _view(ADD_EVENT, "Add an event", about, blocks, submit="Add")


def engage_form(
    about: Mapping[str, Any], *, title: str, contacts: Sequence[Mapping[str, Any]]
) -> View:
    """Ask whom to page. `contacts` are of ListContacts; those that do not fit are typed."""
    fitting = [one for one in contacts if len(one["ContactArn"]) <= OPTION_VALUE]
    options = [_option(_contact(one), one["ContactArn"]) for one in fitting[:OPTIONS_LIMIT]]
    blocks = [context("They are paged at once for ", bold(title))]
    has_more = len(options) < len(contacts)
    if options:
        select = _select("contact", options, "Choose a contact")
        blocks.append(_field("contact", "Whom?", select, is_optional=has_more))
    if has_more or not options:
        typed = _text("", limit=255, action="typed")
        blocks.append(_field("typed", "Not in the list: the alias", typed, is_optional=True))
    return _view(ENGAGE, "Engage someone", about, blocks, submit="Engage")


def place_form(about: Mapping[str, Any], incidents: Sequence[Mapping[str, str]]) -> View:
    """Ask to which of several open incidents, {arn, title}, a message belongs."""
    fitting = [one for one in incidents if len(one["arn"]) <= OPTION_VALUE]
    options = [_option(one["title"], one["arn"]) for one in fitting[:OPTIONS_LIMIT]]
    blocks = [_field("incident", "To which incident?", _select("incident", options, "Choose"))]
    return _view(ADD_TO_TIMELINE, "Add to timeline", about, blocks, submit="Add")


def submitted(view: Mapping[str, Any]) -> Submitted:
    """Read the `view` of a view_submission."""
    values = {
        action: _value(state)
        for block in view["state"]["values"].values()
        for action, state in block.items()
    }
    elements = [block["element"] for block in view["blocks"] if block.get("element")]
    return Submitted(
        form=str(view["callback_id"]),
        about=json.loads(view["private_metadata"]),
        values=values,
        initial={element["action_id"]: _initial(element) for element in elements},
    )


def _value(state: Mapping[str, Any]) -> Any:
    if "selected_option" in state:
        return (state["selected_option"] or {}).get("value")
    return state.get("selected_date_time", state.get("value"))


def _initial(element: Mapping[str, Any]) -> Any:
    option = element.get("initial_option")
    return option["value"] if option else element.get("initial_value")


def _view(
    form: str, title: str, about: Mapping[str, Any], blocks: Sequence[Block], *, submit: str
) -> View:
    return {
        "type": "modal",
        "callback_id": form,
        "private_metadata": json.dumps(about),
        "title": _plain(title, 24),
        "submit": _plain(submit, 24),
        "close": _plain("Cancel", 24),
        "blocks": list(blocks),
    }


def _field(name: str, label: str, element: Block, *, is_optional: bool = False) -> Block:
    return {
        "type": "input",
        "block_id": name,
        "label": _plain(label, 2000),
        "element": {"action_id": name, **element},
        "optional": is_optional,
    }


def _text(value: str, *, limit: int, is_long: bool = False, action: str = "") -> Block:
    element: Block = {"type": "plain_text_input", "max_length": limit, "multiline": is_long}
    if value:
        element["initial_value"] = value[:limit]
    return element | ({"action_id": action} if action else {})


def _impact(impact: int) -> Block:
    options = [_option(f"{number} ({name})", str(number)) for number, name in IMPACT.items()]
    chosen = next((one for one in options if one["value"] == str(impact)), options[0])
    return _select("impact", options, "Impact") | {"initial_option": chosen}


def _select(action: str, options: Sequence[Block], placeholder: str) -> Block:
    return {
        "type": "static_select",
        "action_id": action,
        "placeholder": _plain(placeholder, 150),
        "options": list(options),
    }


def _option(text: str, value: str) -> Block:
    return {"text": _plain(text, OPTION_TEXT), "value": value}


def _contact(contact: Mapping[str, Any]) -> str:
    kinds = {"ESCALATION": "escalation plan", "ONCALL_SCHEDULE": "on-call schedule"}
    name, alias = contact.get("DisplayName") or contact["Alias"], contact["Alias"]
    kind = kinds.get(contact.get("Type", ""), "" if name == alias else alias)
    return f"{name} ({kind})" if kind else str(name)


def _plain(text: str, limit: int) -> Block:
    shown = " ".join(text.split()) or "-"
    cut = shown if len(shown) <= limit else f"{shown[: limit - 1].rstrip()}…"
    return {"type": "plain_text", "text": cut}


def chosen_instant(value: object, now: datetime) -> datetime:
    """The instant of a datetimepicker, seconds since the epoch; `now` where none is chosen."""
    return now if value in (None, "") else datetime.fromtimestamp(int(str(value)), now.tzinfo)


def refused(problem: str, form: Submitted) -> dict[str, Any]:
    """What answers a submission so that the form stays, with the problem at its last field."""
    at = list(form.values)[-1]
    return {"response_action": "errors", "errors": {at: clip(join(problem), 1000)}}
