"""Topics of SNS, as far as chat needs them: what incidents tell and Slack channels read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, delete

from bot.core.context import Context
from bot.core.effects.topic_rules import check_attribute
from bot.core.errors import InvalidParameterException
from bot.core.ids import new_key
from bot.core.listing import listing, next_token_member
from bot.core.registry import operation
from bot.core.store.accounts import Topic
from bot.core.store.schema import Wire, table_of
from bot.core.store.statements import prepared
from bot.core.store.subscriptions import Subscription

SUBSCRIPTIONS_GONE = prepared(
    delete(table_of(Subscription)).where(
        table_of(Subscription).c.topic_arn == bindparam("topic")
    )
)
NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")


@operation("sns", "CreateTopic")
def create_topic(
    ctx: Context,
    *,
    name: str,
    attributes: Mapping[str, str] | None = None,
    tags: Sequence[Wire] = (),
    data_protection_policy: str | None = None,
) -> Wire:
    """Answer the ARN of the topic of that name, which is created where there is none.

    Raises InvalidParameterException for a bad name, a FIFO topic, or a topic of that name with
    other attributes. Source: CreateTopic, sns 2010-03-31.
    """
    given = dict(attributes or {})
    _check(name, given, has_policy=data_protection_policy is not None)
    topic = Topic(
        key=new_key(),
        account_id=ctx.account_id,
        arn=ctx.new_arn("sns", name),
        name=name,
        attributes=given,
        tags=list(tags),
        created_at=ctx.now,
    )
    if not ctx.tx.insert_or_ignore(topic):
        found = ctx.find(Topic, topic.arn)
        if found is not None and not given.items() <= found.attributes.items():
            raise InvalidParameterException(
                "Invalid parameter: Attributes Reason: "
                "Topic already exists with different attributes"
            )
    return {"TopicArn": topic.arn}


@operation("sns", "ListTopics")
def list_topics(ctx: Context, *, next_token: str | None = None) -> Wire:
    topics, token = listing(
        ctx, Topic, of="ListTopics", by="name", max_results=None, next_token=next_token
    )
    answer: Wire = {"Topics": [{"TopicArn": topic.arn} for topic in topics]}
    return answer | next_token_member(token)


@operation("sns", "DeleteTopic")
def delete_topic(ctx: Context, *, topic_arn: str) -> None:
    """Delete a topic, if there is one, and its subscriptions.

    Source: DeleteTopic, sns 2010-03-31.
    """
    topic = ctx.find(Topic, topic_arn)
    if topic is not None:
        ctx.tx.execute(SUBSCRIPTIONS_GONE, topic=topic.arn)
        ctx.delete(topic)


def _check(name: str, attributes: Mapping[str, str], *, has_policy: bool) -> None:
    is_fifo = attributes.get("FifoTopic", "").lower() == "true"
    if is_fifo or name.endswith(".fifo"):
        raise InvalidParameterException(
            "Invalid parameter: FifoTopic Reason: FIFO topics are not offered here; "
            "leave the attribute out and choose a name without .fifo."
        )
    if NAME.fullmatch(name) is None:
        raise InvalidParameterException(
            "Invalid parameter: Topic Name Reason: a name has 1 to 256 letters, digits, "
            "hyphens and underscores."
        )
    if has_policy:
        raise InvalidParameterException(
            "Invalid parameter: DataProtectionPolicy Reason: "
            "data protection policies are not offered here."
        )
    for given, value in attributes.items():
        if given != "FifoTopic":
            check_attribute(given, value)
