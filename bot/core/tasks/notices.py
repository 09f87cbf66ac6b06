"""What the clock asks of topics: tell of an incident's events, and try a plan's topics once."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from bot.core.access import engine_caller
from bot.core.context import Context
from bot.core.effects import chat_faults, chat_links, jobs, notices, publishing, topics
from bot.core.ids import Key
from bot.core.registry import task
from bot.core.store.accounts import Topic
from bot.core.store.incidents import Incident, TimelineEvent


@task
def tell_incident(ctx: Context, incident_key: Key, event_key: Key) -> None:
    """Tell the chat channels and the topics of an incident of an event.

    Each topic that anybody reads is told in a transaction of its own, so that none keeps the
    card waiting; a topic that nobody reads costs one look.
    """
    incident = ctx.get(Incident, incident_key)
    if incident is None:
        return
    chat, targets = notices.topic_arns(incident)
    if chat:
        jobs.defer(ctx, "tell_chat", at=ctx.now, incident_key=incident_key, event_key=event_key)
    engine = ctx.on_behalf_of(engine_caller(ctx.account_id, ctx.caller.region))
    for topic_arn in (*chat, *targets):
        if chat_links.has_readers(ctx, topic_arn, has_cards=topic_arn in chat):
            what = {"incident_key": incident_key, "event_key": event_key}
            jobs.behind_pages(engine, "publish_event", topic_arn=topic_arn, **what)


@task
def publish_event(ctx: Context, topic_arn: str, incident_key: Key, event_key: Key) -> None:
    """Publish an event to one topic. Slack channels that show the incident's card are told
    there; a topic that is gone tells nobody, and one that refuses is told of on the timeline.
    """
    incident, event = ctx.get(Incident, incident_key), ctx.get(TimelineEvent, event_key)
    topic = ctx.find(Topic, topic_arn)
    if incident is None or event is None or topic is None:
        return
    if publishing.refuses(ctx, topic):
        chat_faults.tell_once(
            ctx, incident, topic_arn, "The topic's policy does not let incidents publish to it."
        )
        return
    document = orjson.dumps(notices.body(incident, event, ctx.caller.region)).decode()
    said = notices.words(ctx, incident, event)
    texts = notices.texts(document, said, incident.arn)
    subject = notices.subject(incident, event)
    publishing.publish(ctx, topic_arn, texts, subject, structure="json", in_chat=False)
    chat, _ = notices.topic_arns(incident)
    shown = None if topic_arn in chat else topics.linked_channels(ctx, chat)
    chat_links.relay(ctx, topic_arn, said, but_not=shown)


@task
def try_topics(ctx: Context, plan_arn: str, topic_arns: Sequence[str]) -> None:
    """Publish a test to topics that a plan names since it was saved; the job's caller, who
    saved it, hears of those that cannot be told.

    Slack channels are not written to: the bot only looks whether it may.
    """
    chat_faults.remember_saver(ctx, plan_arn)
    engine = ctx.on_behalf_of(engine_caller(ctx.account_id, ctx.caller.region))
    name = plan_arn.rpartition("/")[2]
    for topic_arn in topic_arns:
        topic = ctx.find(Topic, topic_arn)
        if topic is None or publishing.refuses(ctx, topic):
            fault = (
                "does not let incidents publish to it by its policy"
                if topic
                else "does not exist"
            )
            chat_faults.tell_saver(ctx, plan_arn, topic_arn, f"Topic {topic_arn} {fault}.")
            continue
        document, said = notices.trial(ctx, plan_arn)
        texts, subject = notices.texts(document, said, plan_arn), f"Test of {name}"[:100]
        publishing.publish(engine, topic_arn, texts, subject, structure="json", in_chat=False)
        chat_links.relay(engine, topic_arn, said, subject, but_not=None)
    chat_faults.look_at_channels(ctx, plan_arn, topics.linked_channels(ctx, topic_arns))
