"""What the clock asks of chat: tell channels of an incident, and keep its cards current.

Everything here only writes posts; the courier carries them in order, keeps the card's timestamp
in its conversation, and puts the replies under it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import bindparam, select

from bot.core.channel import Notice
from bot.core.context import Context
from bot.core.effects import chat_pace, jobs, outbox, timeline, topics
from bot.core.effects.engagements import reached_nobody
from bot.core.effects.names import shown_name
from bot.core.effects.records import event_document, incident_record, json_able
from bot.core.ids import Key, new_key
from bot.core.registry import task
from bot.core.store.engagements import Engagement
from bot.core.store.incidents import Incident, IncidentConversation, TimelineEvent
from bot.core.store.schema import Wire, table_of
from bot.core.store.statements import prepared
from bot.core.store.work import Outbox

SHOWN_BY_THE_CARD = (timeline.TRIGGERED, timeline.STARTED)

_events = table_of(TimelineEvent)
LATEST = prepared(
    select(_events)
    .where(_events.c.incident_key == bindparam("incident"))
    .order_by(_events.c.event_time.desc(), _events.c.key.desc())
    .limit(5)
)
STATES = ("acknowledged", "engaged", "failed", "stopped")
"""Of a person who was engaged more than once, the first of these is shown."""


@task
def tell_chat(ctx: Context, incident_key: Key, event_key: Key | None = None) -> None:
    """Show an incident in each Slack channel that its chat channel's topics lead to.

    A channel that has not seen it gets the card; one that has gets the event as a reply in the
    card's thread, and the card is drawn anew. Where it is not shown any more, the card's last
    words say where it is.
    """
    if "slack" not in ctx.house.media:
        return
    incident = ctx.lock(Incident, incident_key)
    if incident is None:
        return
    event = ctx.get(TimelineEvent, event_key) if event_key else None
    topic_arns = (incident.document.get("chatChannel") or {}).get("chatbotSns", ())
    channels = topics.linked_channels(ctx, topic_arns)
    _leave_others(ctx, incident, channels)
    for channel_id, team_id in sorted(channels.items()):  # locked in one order by all
        conversation = ctx.tx.find(
            IncidentConversation, incident_key=incident.key, channel_id=channel_id
        )
        if conversation is None:
            conversation = _begin(ctx, incident, team_id, channel_id)
        elif conversation.is_left:
            conversation = ctx.update(conversation, is_left=False)
        if _needs_card(ctx, conversation):
            _post_card(ctx, incident, conversation)
        else:
            _draw_soon(ctx, conversation)
        if event is not None and event.event_type not in SHOWN_BY_THE_CARD:
            is_alarm = _is_about_the_first(ctx, event) and reached_nobody(
                ctx, incident, ctx.select(Engagement, incident_arn=incident.arn)
            )
            told = _told(ctx, event)
            notice = _notice(ctx, incident, conversation, event=told, nobody_reached=is_alarm)
            outbox.post_in_order(ctx, notice, conversation.key)


@task
def draw_card(ctx: Context, conversation_key: Key) -> None:
    """Draw a card as things are now. While its first message is on its way, or another card was
    drawn in its channel a moment ago, it is drawn a little later.
    """
    conversation = ctx.lock(IncidentConversation, conversation_key)
    if conversation is None or not conversation.card_due:
        return
    incident = ctx.get(Incident, conversation.incident_key)
    if incident is None:
        return
    place = conversation.account_id, conversation.channel_id
    wait_until = _until_posted(ctx, conversation) or chat_pace.too_soon(ctx, *place)
    if wait_until is None:
        _post_card(ctx, incident, conversation)
    else:
        jobs.defer(ctx, "draw_card", at=wait_until, conversation_key=conversation.key)


def _until_posted(ctx: Context, conversation: IncidentConversation) -> datetime | None:
    """When to look again whether the first card has arrived; None where that need not be
    awaited.
    """
    if conversation.message_ts is not None or _waiting_card(ctx, conversation):
        return None
    waiting = _waiting(ctx, conversation)
    return max(ctx.now, waiting.due_at) + chat_pace.BETWEEN if waiting else None


def _leave_others(ctx: Context, incident: Incident, channels: Collection[str]) -> None:
    shown = ctx.select(IncidentConversation, incident_key=incident.key)
    for conversation in sorted(shown, key=lambda one: one.channel_id):
        if conversation.channel_id in channels or conversation.is_left:
            continue
        left = ctx.update(conversation, is_left=True)
        if left.message_ts is not None or not _needs_card(ctx, left):
            _draw_soon(ctx, left)


def _begin(
    ctx: Context, incident: Incident, team_id: str, channel_id: str
) -> IncidentConversation:
    return ctx.add(
        IncidentConversation(
            key=new_key(),
            account_id=incident.account_id,
            incident_key=incident.key,
            incident_arn=incident.arn,
            team_id=team_id,
            channel_id=channel_id,
            message_ts=None,
            card_due=False,
        )
    )


def _needs_card(ctx: Context, conversation: IncidentConversation) -> bool:
    """Its card is neither there nor under way: it is new, or Slack refused it for good."""
    return conversation.message_ts is None and _waiting(ctx, conversation) is None


def _waiting(ctx: Context, conversation: IncidentConversation) -> Outbox | None:
    """The oldest message of the conversation that has not left."""
    return ctx.tx.find(Outbox, conversation_key=conversation.key, failed_at=None)


def _draw_soon(ctx: Context, conversation: IncidentConversation) -> None:
    """Have the card drawn, at most one a second in its channel; who asks meanwhile is served by
    that.
    """
    if conversation.card_due:
        return
    at = chat_pace.next_slot(ctx, conversation.account_id, conversation.channel_id)
    ctx.update(conversation, card_due=True)
    jobs.defer(ctx, "draw_card", at=at, conversation_key=conversation.key)


def _waiting_card(ctx: Context, conversation: IncidentConversation) -> Outbox | None:
    """The card that waits to be carried, and whose words may still be replaced. One that may
    have been posted may not: what it becomes is told by the message that is there.
    """
    key = conversation.card_key
    card = ctx.lock(Outbox, key) if key else None
    if card is None or card.owner is not None or card.failed_at is not None:
        return None
    return None if card.is_doubtful and card.message["ts"] is None else card


def _post_card(ctx: Context, incident: Incident, conversation: IncidentConversation) -> None:
    """Post the card as it is now, or have it told by the card that waits already."""
    if conversation.message_ts is None:
        chat_pace.next_slot(ctx, conversation.account_id, conversation.channel_id)
    waiting = _waiting_card(ctx, conversation)
    card = _card(ctx, incident, conversation)
    if waiting is not None:
        card = replace(card, key=waiting.key)
        ctx.update(waiting, message=outbox.message_document(card))
    else:
        outbox.post_in_order(ctx, card, conversation.key)
    ctx.update(conversation, card_due=False, card_key=Key(card.key))


def _card(ctx: Context, incident: Incident, conversation: IncidentConversation) -> Notice:
    latest = ctx.tx.fetch(TimelineEvent, LATEST, incident=incident.key)
    started = ctx.select(Engagement, incident_arn=incident.arn)
    notice = _notice(
        ctx,
        incident,
        conversation,
        people=_people(ctx, started),
        nobody_reached=reached_nobody(ctx, incident, started),
        recent=[_told(ctx, event) for event in latest],
        ts=conversation.message_ts,
    )
    links = list(_links(incident))
    if not conversation.is_left:
        return replace(notice, links=links)
    topic_arns = (incident.document.get("chatChannel") or {}).get("chatbotSns", ())
    return replace(notice, links=links, moved_to=list(topics.linked_channels(ctx, topic_arns)))


def _links(incident: Incident) -> Iterator[Wire]:
    """Related items that lead anywhere, which the first OpsItem of an incident does not."""
    for item in incident.document.get("relatedItems", ()):
        value = item["identifier"]["value"]
        target = value.get("url") or value.get("arn")
        if target and item["identifier"]["type"] != "PARENT":
            yield {"title": item.get("title") or target, "target": target}


def _notice(
    ctx: Context,
    incident: Incident,
    conversation: IncidentConversation,
    *,
    event: Mapping[str, object] | None = None,
    people: list[Wire] | None = None,
    recent: list[Wire] | None = None,
    nobody_reached: bool = False,
    ts: str | None = None,
) -> Notice:
    """All instants in a Notice are ISO 8601 texts."""
    return Notice(
        key=new_key(),
        address=conversation.channel_id,
        created_at=ctx.now,
        incident=json_able(incident_record(incident)),
        event=event,
        people=people or (),
        recent=recent or (),
        nobody_reached=nobody_reached,
        absorbed=incident.absorbed,
        is_quiet=incident.quiet is not None,
        ts=ts,
    )


def _told(ctx: Context, event: TimelineEvent) -> Wire:
    """An event in a Notice's form, with the name of whom it is about."""
    document = event_document(event)
    data = document["eventData"]
    if isinstance(data, dict) and "contactArn" in data:
        data["contactName"] = shown_name(ctx, str(data["contactArn"]))
    return document


def _is_about_the_first(ctx: Context, event: TimelineEvent) -> bool:
    """Whether an event says of what the incident itself engaged that it reaches nobody: these
    are told to the whole channel, where nothing of the incident has reached anybody.
    """
    if event.event_type == timeline.REFUSED:
        return True
    if event.event_type not in timeline.UNREACHING:
        return False
    data = event_document(event)["eventData"]
    engagement = ctx.find(Engagement, str(data.get("engagementArn")))
    return engagement is not None and engagement.parent_key is None


def _people(ctx: Context, started: Sequence[Engagement]) -> list[Wire]:
    """Who was engaged, each once, in the order of their first engagement."""
    shown: dict[str, Wire] = {}
    for engagement in started:
        if engagement.contact_type != "PERSONAL":
            continue
        state, at = _state(engagement)
        earlier = shown.get(engagement.contact_arn)
        if earlier is None:
            name = shown_name(ctx, engagement.contact_arn)
            shown[engagement.contact_arn] = {"name": name, "state": state, "at": at.isoformat()}
        elif STATES.index(state) <= STATES.index(earlier["state"]):
            earlier |= {"state": state, "at": at.isoformat()}
    return list(shown.values())


def _state(engagement: Engagement) -> tuple[str, datetime]:
    """What is shown of a person, and since when. Another's acknowledgement stops this one."""
    if engagement.acknowledged_at is not None:
        is_own = engagement.acknowledged_by == engagement.contact_arn
        return ("acknowledged" if is_own else "stopped"), engagement.acknowledged_at
    if engagement.stopped_at is not None:
        return "stopped", engagement.stopped_at
    if engagement.is_unreachable:
        return "failed", engagement.ended_at or engagement.started_at
    return "engaged", engagement.started_at
