"""A timeline event in a sentence, pure: for the incident's thread and for its card."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.channels.slack.blocks import Markup, bold, code, escape, join, link
from bot.channels.slack.mutes import withheld
from bot.channels.slack.on_call import in_readers_zone
from bot.channels.slack.results import as_json
from bot.channels.slack.words import IMPACT, label, more_starts, resource_name

NOBODY_PAGED = "Nobody was paged."


SLACK_SESSION = re.compile(r":assumed-role/[^/]+/[TE][A-Z0-9]{8,}-([UW][A-Z0-9]{8,})$")


def timeline_entry(event: Mapping[str, Any], names: Mapping[str, str] | None = None) -> Markup:
    """Say a timeline event in a sentence, for a reply in the incident's thread.

    `event` is a TimelineEvent or what a topic published (`eventType`, `eventData` as JSON text
    or document). `names` maps contact ARNs to names; without it the aliases tell.
    """
    data = _parsed(event.get("eventData"))
    kind = str(event.get("eventType", ""))
    say = _SAYINGS.get(kind)
    if say is not None and isinstance(data, Mapping):
        return say(data, names or {})
    if kind == "Custom Event" and isinstance(data, Mapping) and "slackMessage" in data:
        return _message(data["slackMessage"])
    text = data if isinstance(data, str) else as_json(data)
    if kind in {"Custom Event", "Note"}:
        return join(bold(kind), " ", text)
    return join(bold(kind or "Event"), " ", text if data else "")


def is_told_to_the_channel(event: Mapping[str, Any]) -> bool:
    """Whether an event is for those, too, who do not follow the thread: the incident's impact
    changed, or it was resolved.
    """
    data = _parsed(event.get("eventData"))
    if event.get("eventType") != "SSM Incident Record Update" or not isinstance(data, Mapping):
        return False
    changed = {change.get("attributeName") for change in data.get("modifiedAttributes") or ()}
    return not changed.isdisjoint(("impact", "status"))


def _message(message: Mapping[str, Any]) -> Markup:
    """Source: our own event data, `bot/core/replies/messages.py`."""
    by = join(" (added by ", str(message.get("addedBy")), ")") if message.get("addedBy") else ""
    said = join(bold(str(message.get("author"))), " wrote", by, ": ", str(message.get("text")))
    return join(
        said, " ", link(str(message["link"]), "in Slack") if message.get("link") else ""
    )


BY = {"SMS": "text", "VOICE": "phone call", "EMAIL": "mail", "SLACK": "direct message"}


def _parsed(data: Any) -> Any:
    if not isinstance(data, str):
        return data
    try:
        return json.loads(data)
    except ValueError:
        return data


def _name(data: Mapping[str, Any], names: Mapping[str, str]) -> str:
    arn = str(data.get("contactArn", ""))
    return names.get(arn) or str(data.get("contactName") or resource_name(arn))


def _trigger(data: Mapping[str, Any], _: Mapping[str, str]) -> Markup:
    source = str(data.get("incidentSource") or data.get("triggerArn") or "an unknown source")
    if data.get("absorbedStarts"):
        count = more_starts(int(data["absorbedStarts"]))
        return join(bold(count), " starts were added to this open incident.")
    if data.get("createdIncident") is False:
        return join("Triggered again by ", code(source), "; added to this open incident.")
    return join("Triggered by ", code(source), ".")


def _start(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    who = ", ".join(_name(contact, names) for contact in data.get("contactsEngage") or ())
    title = bold(str(data.get("incidentTitle", "")))
    return join("Incident started: ", title, ".", f" Engaging {who}." if who else "")


def _update(data: Mapping[str, Any], _: Mapping[str, str]) -> Markup:
    by = _principal(str(data.get("modifiedBy") or ""))
    changes = [
        join(label(str(change.get("attributeName"))), ": ", bold(_new_value(change)))
        for change in data.get("modifiedAttributes") or ()
    ]
    return join("Changed", join(" by ", by) if by else "", ". ", join(*changes, by=", "))


def _principal(arn: str) -> str:
    """Who an ARN of IAM or STS stands for: a user, a role's session, or a mention in Slack."""
    if (found := SLACK_SESSION.search(arn)) is not None:
        return Markup(f"<@{found[1]}>")
    return arn.rpartition("/")[2] if ":assumed-role/" in arn else resource_name(arn)


def _new_value(change: Mapping[str, Any]) -> str:
    value = str(change.get("newValue", ""))
    if change.get("attributeName") == "impact" and value.isdigit():
        return f"{value} ({IMPACT.get(int(value), '?')})"
    return value if len(value) <= 300 else value[:299] + "…"


def _page(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    media = [BY[medium] for medium in data.get("channelTypes") or () if medium in BY]
    how = f" by {' and '.join(media)}" if media else ""
    return join("Paging ", bold(_name(data, names)), how, ".")


def _acknowledgement(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    return join("✓ ", bold(_name(data, names)), " acknowledged.")


def _unreached(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    return join("✗ ", bold(_name(data, names)), " could not be reached.")


def _not_in_slack(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    why = str(data.get("reason", ""))
    return join("✗ ", bold(_name(data, names)), " got no direct message in Slack: ", why)


def _alarm_ended(data: Mapping[str, Any], _: Mapping[str, str]) -> Markup:
    alarm = str(data.get("triggerArn", "")).rpartition(":")[2]
    left = int(data.get("alarmsLeft") or 0)
    many = "1 alarm fires" if left == 1 else f"{left} alarms fire"
    return join("Alarm ", bold(alarm), " is over. ", f"{many} still." if left else "")


def _quiet(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    who = ", ".join(_name(one, names) for one in data.get("contactsNotEngaged") or ())
    told = f" The response plan would page {who} at another impact." if who else ""
    return join(bold(NOBODY_PAGED), told)


def _nobody(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    return join("✗ Nobody is on call in ", bold(_name(data, names)), " now.")


def _stopped(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    by = f" by {data['stoppedBy']}" if data.get("stoppedBy") else ""
    return join("Paging ", bold(_name(data, names)), f" was stopped{by}.")


def _address_refused(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    channel = f"{data.get('channelName')} ({data.get('channelType')})"
    whose = join("of ", bold(_name(data, names)))
    return join("✗ ", bold(channel), " ", whose, ": ", str(data.get("reason") or ""))


def _muted(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    """Source: our own event, `bot/core/effects/mutes.py`."""
    by = f" by {data['mutedBy']}" if data.get("mutedBy") else ""
    until = in_readers_zone(datetime.fromisoformat(str(data["mutedUntil"])))
    told = join("✗ ", bold(_name(data, names)), " is muted until ", until, by, ": ")
    return join(told, withheld(int(data.get("withheld") or 0)))


def _not_told(data: Mapping[str, Any], _: Mapping[str, str]) -> Markup:
    """Source: our own event, `bot/core/effects/chat_faults.py`."""
    place, why = str(data.get("place", "")), str(data.get("reason", ""))
    is_channel = place.isalnum()
    where = Markup(f"<#{place}>") if is_channel else join("topic ", code(resource_name(place)))
    return join("✗ ", where, " could not be told: ", why)


def _refused(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    whom = join(" of ", bold(_name(data, names))) if data.get("contactArn") else ""
    what = label(str(data.get("operation", "An action")))
    return join("✗ ", what, whom, " was refused: ", str(data.get("reason") or "no reason."))


_SAYINGS: dict[str, Callable[[Mapping[str, Any], Mapping[str, str]], Markup]] = {
    "SSM Incident Trigger": _trigger,
    "SSM Incident Start": _start,
    "SSM Incident Record Update": _update,
    "SSM Contacts Page for Incident": _page,
    "SSM Contacts Page Acknowledgement for Incident": _acknowledgement,
    "SSM Contacts Engagement Unreachable for Incident": _unreached,
    "SSM Contacts Nobody On Call for Incident": _nobody,
    "SSM Contacts Slack Message Failed for Incident": _not_in_slack,
    "SSM Contacts Contact Channel Refused for Incident": _address_refused,
    "SSM Contacts Engagement Stop for Incident": _stopped,
    "SSM Contacts Engagement Muted for Incident": _muted,
    "SSM Incident Recorded Without Paging": _quiet,
    "SSM Incident Notification Failure": _not_told,
    "SSM Incident Alarm Ended": _alarm_ended,
    "SSM Incident Action Refused": _refused,
    "SSM Automation Execution Start Failure for Incident": lambda data, _: join(
        "The runbook could not be started: ", escape(as_json(dict(data)))
    ),
}
