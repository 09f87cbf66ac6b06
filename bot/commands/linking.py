"""`link me to ana`, `unlink me`, and the buttons of direct messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.channels.slack.cards import ACKNOWLEDGE as ACKNOWLEDGE_INCIDENT
from bot.channels.slack.direct import (
    ACKNOWLEDGE,
    CONFIRM,
    DECLINE,
    confirmed_card,
    declined_card,
    link_asked_card,
    linked_already_card,
    unlinked_card,
)
from bot.channels.slack.results import Card
from bot.commands.asking import Document, post_of, request_of, whisper_of
from bot.commands.problems import ChatError
from bot.commands.short_names import alias_of, contact_arn
from bot.core.context import Answer, Context
from bot.core.dispatch import answer_within
from bot.core.replies import card_accept, direct_accept, link_asked

OF_THE_PERSON = frozenset({ACKNOWLEDGE, ACKNOWLEDGE_INCIDENT, CONFIRM, DECLINE})
"""Actions that count for the person alone, whatever he may do elsewhere."""
USER_ID = re.compile(r"[UW][A-Z0-9]{2,}")
LINK_USAGE = "Type `@aws link me to ana`, or name a Slack user: `@aws link @ana to ana`."
UNLINK_USAGE = "Type `@aws unlink me`, or `@aws unlink me from ana`."
GONE = "Nobody asks for this any more."


def is_about_links(words: Sequence[str]) -> bool:
    return bool(words) and words[0].lower() in ("link", "unlink")


def link_or_unlink(ctx: Context, document: Document, words: Sequence[str]) -> Card:
    """Raises ChatError, and ServiceError for who may not."""
    if words[0].lower() == "link":
        return _link(ctx, document, words[1:])
    return _unlink(ctx, document, words[1:])


def press(ctx: Context, document: Document) -> Answer:
    """Do what a direct message's button says, on behalf of its one reader, or what a card's
    button says for whoever pressed it.
    """
    if document["action"] == ACKNOWLEDGE_INCIDENT:
        words = card_accept(ctx, document["value"], user_id=document["user"])
        unthreaded = {**document, "thread_ts": None}
        post = whisper_of(ctx, unthreaded, Card(text=words)) if words else None
        return Answer(posts=(post,) if post else ())
    if document["action"] == ACKNOWLEDGE:
        words = direct_accept(
            ctx, document["value"], user_id=document["user"], ts=document["thread_ts"] or ""
        )
        return Answer(posts=(post_of(ctx, document, Card(text=words)),)) if words else Answer()
    link = link_asked(ctx, document["value"])
    if link is None:
        return _instead(ctx, document, Card(text=GONE))
    contact = alias_of(link.contact_arn)
    if document["action"] == DECLINE:
        _ask(ctx, document, "UnlinkSlackUser", ContactId=link.contact_arn)
        return _instead(ctx, document, declined_card(contact))
    _ask(
        ctx,
        document,
        "ConfirmSlackLink",
        ContactId=link.contact_arn,
        ConversationId=document["channel"],
    )
    return _instead(ctx, document, confirmed_card(contact))


def _link(ctx: Context, document: Document, words: Sequence[str]) -> Card:
    if len(words) != 3 or words[1].lower() != "to":
        raise ChatError(LINK_USAGE)
    user_id = document["user"] if words[0].lower() == "me" else words[0]
    if not USER_ID.fullmatch(user_id):
        raise ChatError(LINK_USAGE)
    arn = contact_arn(ctx, words[2])
    made = _ask(ctx, document, "LinkSlackUser", ContactId=arn, SlackUserId=user_id)
    is_there = made["SlackLink"]["Status"] == "ACTIVE"
    card = linked_already_card if is_there else link_asked_card
    return card(alias_of(arn), user_id)


def _unlink(ctx: Context, document: Document, words: Sequence[str]) -> Card:
    lowered = [word.lower() for word in words]
    if lowered[:1] != ["me"] or len(words) not in (1, 3) or lowered[1:2] not in ([], ["from"]):
        raise ChatError(UNLINK_USAGE)
    links = _ask(ctx, document, "ListSlackLinks")["SlackLinks"]
    arns = [one["ContactArn"] for one in links if one["SlackUserId"] == document["user"]]
    if len(words) == 3:
        arns = [arn for arn in arns if arn == contact_arn(ctx, words[2])]
    if not arns:
        raise ChatError("You are not linked to such a contact.")
    for arn in arns:
        _ask(ctx, document, "UnlinkSlackUser", ContactId=arn)
    return unlinked_card(list(map(alias_of, arns)))


def _ask(ctx: Context, document: Document, operation: str, **parameters: str) -> Document:
    return answer_within(ctx, request_of(ctx, document, "imbot", operation, parameters))


def _instead(ctx: Context, document: Document, card: Card) -> Answer:
    """The pressed message itself becomes the answer, so that nobody presses again."""
    post = post_of(ctx, document, card)
    return Answer(posts=(replace(post, thread_ts=None, ts=document["thread_ts"]),))
