"""Messages that chat shows, and what every message bears; `core.channel` offers them to all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What every message bears.

    `key` is the outbox row's: stable over attempts, it makes the Message-ID and Slack's
    metadata. `repeats` is true where an earlier attempt may have arrived; the message then says
    so.
    """

    key: str
    address: str = field(repr=False)
    created_at: datetime
    repeats: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Post(Envelope):
    """A Slack message; `address` is the Slack channel's id.

    `ts` set: the message of that timestamp is replaced. `thread_ts` set: it is a reply there.
    `text` is the plain fallback and is always given.
    """

    kind: Literal["post"] = "post"
    text: str = field(repr=False)
    blocks: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    thread_ts: str | None = None
    ts: str | None = None
    broadcast: bool = False
    ephemeral_user: str | None = None
    attachment: str | None = field(default=None, repr=False)
    """The whole answer as text, uploaded into the same thread when it is too long for
    blocks.
    """
    picture: Mapping[str, Any] | None = field(default=None, repr=False)
    """What a chart of incidents shows, drawn when it leaves and uploaded the same way; `alt`
    says the same in words.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Envelope):
    """An incident update for a chat channel (`address` is its id); the channel chooses the
    words.

    `incident` is the `incidentRecord` of GetIncidentRecord. `event` None: draw the card itself,
    anew where `ts` names its message. Otherwise a reply in the card's thread: `event` has
    eventType, eventTime (ISO 8601) and eventData (parsed). `people` are {name, state, at},
    state being "engaged", "acknowledged", "failed" or "stopped". `recent` are the latest
    events, newest first. `nobody_reached`: no engagement of it has reached anybody. `absorbed`
    counts the starts that it took in; `is_quiet`: nobody was paged, as its plan has it.
    `links` are {title, target}: an address or an ARN. `moved_to` set: this card is the last one
    here, for the incident is shown in those channels instead.
    """

    kind: Literal["notice"] = "notice"
    incident: Mapping[str, Any] = field(repr=False)
    event: Mapping[str, Any] | None = field(default=None, repr=False)
    people: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    recent: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    nobody_reached: bool = False
    absorbed: int = 0
    is_quiet: bool = False
    links: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    moved_to: Sequence[str] | None = None
    thread_ts: str | None = None
    ts: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectPage(Envelope):
    """A page as a direct message in Slack, with a button that acknowledges; `address` is the
    conversation's id.

    `reason` says which plans led to it. `state` says what became of it, and takes the button
    away; `ts` then names the message that is replaced. `button` is the button's value.
    """

    kind: Literal["direct_page"] = "direct_page"
    subject: str = field(repr=False)
    content: str = field(repr=False)
    reason: str
    button: str
    is_test: bool = False
    state: str = ""
    ts: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRequest(Envelope):
    """Asks a Slack user (`address` is his id) whether he is that contact. `button` is the
    buttons' value.
    """

    kind: Literal["link_request"] = "link_request"
    contact_name: str = field(repr=False)
    asked_by: str
    button: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOff(Envelope):
    """Other people are on call in a rotation since `since`; the channel chooses the words.

    `to` is "everybody" (a chat channel), or which side of the hand-off the reader is on:
    "coming" or "leaving". `before`, `now` and `next` are names, none where nobody is on call;
    `until` is when `next` begin. Instants are ISO 8601, `zone` is the rotation's.
    """

    kind: Literal["hand_off"] = "hand_off"
    to: Literal["everybody", "coming", "leaving"]
    rotation: str
    zone: str
    schedules: Sequence[str]
    before: Sequence[str] = field(repr=False)
    now: Sequence[str] = field(repr=False)
    next: Sequence[str] = field(default=(), repr=False)
    since: str
    until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicMessage(Envelope):
    """What a topic published, for a chat that is linked to it: `address` is a Slack channel's
    id or a Chime webhook's URL; the channel chooses the words. `thread_ts` set: a reply there.
    """

    kind: Literal["topic_message"] = "topic_message"
    topic_arn: str
    text: str = field(repr=False)
    subject: str | None = field(default=None, repr=False)
    thread_ts: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCheck(Envelope):
    """Asks Slack whether the bot may post in a channel (`address` is its id); posts nothing."""

    kind: Literal["channel_check"] = "channel_check"
    plan_arn: str
