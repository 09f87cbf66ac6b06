"""What a submitted form asks for: form -> requests -> what keeps the form open, if anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import orjson

from bot.channels.slack.forms import (
    ADD_EVENT,
    ENGAGE,
    UPDATE,
    Submitted,
    chosen_instant,
    refused,
    update_form,
)
from bot.channels.slack.words import IMPACT
from bot.commands.asking import Document, request_of
from bot.core.context import Context
from bot.core.dispatch import answer_within

Said = Mapping[str, Any]
AHEAD = timedelta(minutes=1)
"""How far a person's clock may be ahead of ours."""


def submit(ctx: Context, document: Document, form: Submitted) -> Said:
    """Do what a form says, in its delivery's transaction; {} where it is done.

    Raises ServiceError.
    """
    return WORK[form.form](ctx, document, form)


def _update(ctx: Context, document: Document, form: Submitted) -> Said:
    """Only what was changed is written; a summary that somebody else wrote meanwhile is shown
    beside one's own, and nothing is written then.
    """
    arn = form.about["incident"]
    summary = form.changed("summary")
    if summary is None and _is_second_look(form):
        summary = form.values.get("summary") or ""
    if summary is not None:
        edit = {"Summary": summary, "Version": form.about["version"]}
        answer = _ask(ctx, document, "imbot", "EditSummary", IncidentRecordArn=arn, **edit)
        if not answer["IsSaved"]:
            return _ask_again(form, answer)
    changes: dict[str, Any] = {}
    if _first(form, "title") != form.values["title"]:
        changes["title"] = form.values["title"]
    if _first(form, "impact") != form.values["impact"]:
        changes["impact"] = int(form.values["impact"])
    if changes:
        _ask(ctx, document, "ssm-incidents", "UpdateIncidentRecord", arn=arn, **changes)
    return {}


def _first(form: Submitted, name: str) -> Any:
    """What a field held when the form was opened first; it may have been shown anew since."""
    return form.about.get("first", form.initial).get(name)


def _is_second_look(form: Submitted) -> bool:
    """Whether both texts were shown: then one's own is meant, even if it was left as it is."""
    return "first" in form.about


def _ask_again(form: Submitted, newer: Said) -> Said:
    first = {name: _first(form, name) for name in ("title", "impact")}
    about = {**form.about, "version": newer["Version"], "first": first}
    view = update_form(
        about,
        title=form.values["title"],
        impact=int(form.values["impact"]),
        summary=form.values.get("summary") or "",
        others=newer,
    )
    return {"response_action": "update", "view": view}


def _add_event(ctx: Context, document: Document, form: Submitted) -> Said:
    at = chosen_instant(form.values.get("time"), ctx.now)
    if at > ctx.now + AHEAD:
        return refused("That is in the future.", form)
    _ask(
        ctx,
        document,
        "ssm-incidents",
        "CreateTimelineEvent",
        incidentRecordArn=form.about["incident"],
        eventType="Custom Event",
        eventTime=at,
        eventData=orjson.dumps(form.values["text"]).decode(),
    )
    return {}


def _engage(ctx: Context, document: Document, form: Submitted) -> Said:
    """Page whom the form names, with the words that the response plan's own contacts get."""
    name = form.values.get("typed") or form.values.get("contact")
    if not name:
        return refused("Choose somebody.", form)
    arn = form.about["incident"]
    found = _ask(ctx, document, "ssm-incidents", "GetIncidentRecord", arn=arn)["incidentRecord"]
    if found["status"] != "OPEN":
        return refused("The incident is resolved: nobody is paged for it any more.", form)
    words = f"Impact: {IMPACT[found['impact']]}"
    _ask(
        ctx,
        document,
        "ssm-contacts",
        "StartEngagement",
        ContactId=name
        if name.startswith("arn:")
        else ctx.new_arn("ssm-contacts", "contact", name.strip()),
        Sender=ctx.caller.actor,
        Subject=found["title"],
        Content=f"{found.get('summary') or found['title']}\n\n{words}",
        PublicSubject=found["title"],
        PublicContent=f"{found['title']}\n\n{words}",
        IncidentId=arn,
    )
    return {}


def _ask(
    ctx: Context, document: Document, service: str, operation: str, **values: Any
) -> dict[str, Any]:
    return answer_within(ctx, request_of(ctx, document, service, operation, values))


WORK: Mapping[str, Callable[[Context, Document, Submitted], Said]] = {
    UPDATE: _update,
    ADD_EVENT: _add_event,
    ENGAGE: _engage,
}
