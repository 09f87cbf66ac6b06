"""Publish and PublishBatch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.core.channel import Notification
from bot.core.context import Context
from bot.core.effects import outbox, publishing
from bot.core.effects import publication_rules as rules
from bot.core.effects.phone_numbers import opted_out_at
from bot.core.effects.subscriptions import topic_of
from bot.core.errors import (
    BatchEntryIdsNotDistinctException,
    BatchRequestTooLongException,
    EmptyBatchRequestException,
    InvalidBatchEntryIdException,
    ServiceError,
    TooManyEntriesInBatchRequestException,
)
from bot.core.ids import new_key
from bot.core.registry import operation
from bot.core.store.schema import Wire

NUMBER = re.compile(r"\+[1-9]\d{4,14}")
LONGEST_TEXT = 1600
"""Characters of a text that is published."""
MOST_ENTRIES = 10
ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


@operation("sns", "Publish")
def publish(
    ctx: Context,
    *,
    topic_arn: str | None = None,
    target_arn: str | None = None,
    phone_number: str | None = None,
    message: str,
    subject: str | None = None,
    message_structure: str | None = None,
    message_attributes: Mapping[str, Wire] | None = None,
    message_deduplication_id: str | None = None,
    message_group_id: str | None = None,
) -> Wire:
    """Tell a topic's subscriptions, or one phone number.

    Source: Publish, sns 2010-03-31.
    """
    given = [one for one in (topic_arn, target_arn, phone_number) if one]
    if len(given) != 1:
        raise rules.refused("TopicArn", "one of TopicArn, TargetArn and PhoneNumber is given")
    _check_order(message_group_id, message_deduplication_id)
    if phone_number:
        return {"MessageId": _text(ctx, phone_number, message)}
    message_id = publishing.publish(
        ctx,
        given[0],
        message,
        subject,
        message_attributes,
        structure=message_structure,
    )
    return {"MessageId": message_id}


@operation("sns", "PublishBatch")
def publish_batch(
    ctx: Context, *, topic_arn: str, publish_batch_request_entries: Sequence[Mapping[str, Any]]
) -> Wire:
    """Each entry is published or refused by itself. Source: PublishBatch, sns 2010-03-31."""
    entries = publish_batch_request_entries
    _check_batch(entries)
    publishing.require_publishing(ctx, topic_of(ctx, topic_arn))
    answer: Wire = {"Successful": [], "Failed": []}
    for entry in entries:
        try:
            _check_order(entry.get("MessageGroupId"), entry.get("MessageDeduplicationId"))
            message_id = publishing.publish(
                ctx,
                topic_arn,
                entry["Message"],
                entry.get("Subject"),
                entry.get("MessageAttributes"),
                structure=entry.get("MessageStructure"),
            )
        except ServiceError as refusal:
            code = refusal.code.removesuffix("Exception")
            fault = {"Id": entry["Id"], "Code": code, "Message": refusal.message}
            answer["Failed"].append(fault | {"SenderFault": True})
        else:
            answer["Successful"].append({"Id": entry["Id"], "MessageId": message_id})
    return answer


def _check_batch(entries: Sequence[Mapping[str, Any]]) -> None:
    if not entries:
        raise EmptyBatchRequestException("The batch request doesn't contain any entries.")
    if len(entries) > MOST_ENTRIES:
        raise TooManyEntriesInBatchRequestException(
            f"The batch request contains more entries than permissible: {MOST_ENTRIES}."
        )
    ids = [entry["Id"] for entry in entries]
    if any(ENTRY_ID.fullmatch(one) is None for one in ids):
        raise InvalidBatchEntryIdException(
            "An entry's Id has 1 to 80 letters, digits, hyphens and underscores."
        )
    if len(set(ids)) < len(ids):
        raise BatchEntryIdsNotDistinctException("Two or more batch entries have the same Id.")
    sizes = (rules.size_of(e["Message"], e.get("MessageAttributes") or {}) for e in entries)
    if sum(sizes) > rules.LARGEST:
        raise BatchRequestTooLongException(
            f"All messages of a batch have at most {rules.LARGEST} bytes."
        )


def _check_order(group_id: str | None, deduplication_id: str | None) -> None:
    """Raises InvalidParameterException: only FIFO topics order and deduplicate. A group id
    without them, which SNS passes on to queues, has nobody to go to.
    """
    if deduplication_id:
        raise rules.refused(
            "MessageDeduplicationId", "only FIFO topics have it, which are not offered here"
        )
    if group_id:
        raise rules.refused(
            "MessageGroupId", "only FIFO topics have it, which are not offered here"
        )


def _text(ctx: Context, number: str, message: str) -> str:
    if NUMBER.fullmatch(number) is None:
        raise rules.refused("PhoneNumber", "it is + and the digits of country and number")
    if not message or len(message) > LONGEST_TEXT:
        raise rules.refused("Message", f"a text has 1 to {LONGEST_TEXT} characters")
    if opted_out_at(ctx, number):
        raise rules.refused("PhoneNumber", "whoever has it does not want texts")
    message_id = new_key()
    text = Notification(
        key=new_key(),
        address=number,
        created_at=ctx.now,
        type="Notification",
        protocol="sms",
        message_id=message_id,
        topic_arn="",
        subscription_arn="",
        message=message,
    )
    outbox.send(ctx, "sms", text)
    return message_id
