"""What topics are told of an incident: each event on its timeline, in EventBridge's form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from bot.core.context import Context
from bot.core.effects import jobs, publishing, timeline
from bot.core.effects.names import alias_of, place_name, shown_name
from bot.core.effects.publication_rules import LONGEST_SUBJECT
from bot.core.effects.records import parsed
from bot.core.errors import ValidationException
from bot.core.ids import new_key
from bot.core.store.accounts import Topic
from bot.core.store.incidents import Incident, ResponsePlan, TimelineEvent
from bot.core.store.schema import Wire

SOURCE = "aws.ssm-incidents"
TRIED = "SSM Response Plan Test"
"""The detail-type of a test, which is ours."""
TRYING = (
    "This is a test of response plan {plan}: its incidents will be told to this topic. "
    "There is nothing to do."
)
LONGEST_TEXT = 320
"""Characters of the words for a phone: two or three texts."""


def topic_arns(incident: Incident) -> tuple[list[str], list[str]]:
    """The topics of its chat channel, and those that are its notification targets alone."""
    chat = list((incident.document.get("chatChannel") or {}).get("chatbotSns", ()))
    targets = incident.document.get("notificationTargets") or ()
    arns = dict.fromkeys(one["snsTopicArn"] for one in targets if one.get("snsTopicArn"))
    return chat, [arn for arn in arns if arn not in chat]


def try_new_topics(ctx: Context, plan: ResponsePlan, earlier: Wire) -> None:
    """Have the topics tried that a response plan names since it was saved just now; saved
    again with the same ones, it tries none.

    Raises ValidationException for a topic whose policy keeps incidents out.
    """
    before = _plan_topics(earlier)
    fresh = [arn for arn in _plan_topics(plan.document) if arn not in before]
    for arn in fresh:
        topic = ctx.find(Topic, arn)
        if topic is not None and publishing.refuses(ctx, topic):
            raise ValidationException(
                f"The policy of {arn} does not let ssm-incidents.amazonaws.com publish to it "
                "(SNS:Publish), so that no incident could be told.",
                reason="FIELD_VALIDATION_FAILED",
            )
    if fresh:
        jobs.behind_pages(ctx, "try_topics", plan_arn=plan.arn, topic_arns=fresh)


def _plan_topics(document: Wire) -> list[str]:
    chat = (document.get("chatChannel") or {}).get("chatbotSns", ())
    targets = document.get("incidentTemplate", {}).get("notificationTargets") or ()
    named = (*chat, *(one.get("snsTopicArn") for one in targets))
    return list(dict.fromkeys(arn for arn in named if arn))


def body(incident: Incident, event: TimelineEvent, region: str) -> Wire:
    """An event in EventBridge's envelope; its id is the event's, so that a repeat is known.

    `detail` is the eventData; text that people wrote stands in it as `eventData`, since a
    detail is an object. Source: what readers of such topics take apart; the envelope is
    EventBridge's.
    """
    data = parsed(event.data)
    detail = data if isinstance(data, dict) else {"eventData": data}
    more = {"id": event.key, "account": incident.account_id, "region": region}
    return _envelope(event.event_type, incident.arn, event.event_time, detail) | more


def trial(ctx: Context, plan_arn: str) -> tuple[str, str]:
    """A test for the topics of a response plan: in the envelope, and in words."""
    said = TRYING.format(plan=plan_arn.rpartition("/")[2])
    more = {"id": new_key(), "account": ctx.account_id, "region": ctx.caller.region}
    document = _envelope(TRIED, plan_arn, ctx.now, {"message": said}) | more
    return orjson.dumps(document).decode(), said


def _envelope(kind: str, arn: str, at: datetime, detail: Wire) -> Wire:
    return {
        "version": "0",
        "id": "",
        "detail-type": kind,
        "source": SOURCE,
        "account": "",
        "time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "",
        "resources": [arn],
        "detail": detail,
    }


def texts(told: str, said: str, arn: str) -> str:
    """The message of each protocol, as Publish takes them: programs read the document alone,
    mail has words above it, and a phone the words alone.
    """
    mail = f"{said}\n\n{arn}\n\n{told}"
    return orjson.dumps({"default": told, "email": mail, "sms": said[:LONGEST_TEXT]}).decode()


def subject(incident: Incident, event: TimelineEvent) -> str:
    title = "".join(c if c.isprintable() else " " for c in incident.title)
    whole = " ".join(f"{event.event_type}: {title}".split())
    return whole if len(whole) <= LONGEST_SUBJECT else whole[: LONGEST_SUBJECT - 1] + "…"


def words(ctx: Context, incident: Incident, event: TimelineEvent) -> str:
    """Say an event in a sentence, for whoever has no card."""
    data = parsed(event.data)
    fields: Mapping[str, Any] = data if isinstance(data, dict) else {}
    say = _SAYINGS.get(event.event_type)
    if say is not None:
        parts = {"who": _who(ctx, fields), "changed": _changed(fields), "place": _place(fields)}
        return say.format(title=incident.title, why=fields.get("reason", ""), **parts)
    if event.event_type in ("Custom Event", "Note"):
        said = data if isinstance(data, str) else event.data
        return f"{incident.title}: {said}"
    what = event.event_type.removeprefix("SSM ").removesuffix(" for Incident")
    return ": ".join(part for part in (incident.title, what, _who(ctx, fields)) if part)


_SAYINGS = {
    timeline.STARTED: "Incident started: {title}",
    timeline.UPDATED: "{title}: {changed}",
    timeline.PAGED: "{title}: paging {who}",
    timeline.ACKNOWLEDGED: "{title}: {who} acknowledged",
    timeline.NOT_TOLD_IN_CHAT: "{title}: {place} could not be told. {why}",
}


def _who(ctx: Context, fields: Mapping[str, Any]) -> str:
    arn = fields.get("contactArn")
    return shown_name(ctx, str(arn)) or alias_of(str(arn)) if arn else ""


def _place(fields: Mapping[str, Any]) -> str:
    return place_name(str(fields.get("place", "")))


def _changed(fields: Mapping[str, Any]) -> str:
    changes: Sequence[Mapping[str, Any]] = fields.get("modifiedAttributes") or ()
    said = (f"{one.get('attributeName')} is {_short(one.get('newValue'))}" for one in changes)
    return ", ".join(said) or "changed"


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 80 else text[:79] + "…"
