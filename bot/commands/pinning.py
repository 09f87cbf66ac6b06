"""Slack messages that people put on a timeline, by shortcut or emoji, and their changes."""

from __future__ import annotations

from bot.channels.slack.cards import problem_card
from bot.channels.slack.results import Card
from bot.commands.asking import Document, whisper_of
from bot.commands.slack_text import read_text
from bot.core.access import ENGINE, Caller
from bot.core.context import Answer, Context
from bot.core.errors import ServiceError
from bot.core.regions import region_within
from bot.core.replies import (
    ChatMessage,
    follow_deletion,
    follow_edit,
    incidents_meant,
    put_on_timeline,
)

GONE = "The message cannot be read: it was deleted, or the bot is not in the channel."
NO_INCIDENT = "No open incident is shown in this channel."
SEVERAL = (
    "Several open incidents are shown in this channel. Choose one by the message's menu: "
    "Add to incident timeline."
)
OWN = "That is the bot's own message, which the timeline has anyway."
THERE = "The message is on the incident's timeline already."


def concerns_nobody(ctx: Context, document: Document, prepared: Document) -> bool:
    """An emoji where no incident is open is only an emoji."""
    if document["kind"] != "pin" or document["by"] != "emoji":
        return False
    message = prepared.get("message")
    if message is None or _is_own(message, prepared):
        return True
    thread_ts = message.get("thread_ts")
    return not incidents_meant(ctx, document["channel"], thread_ts, is_open=True)


def pin(ctx: Context, document: Document, prepared: Document) -> Answer:
    """Put a message on the timeline; what keeps it from there is whispered.

    Raises ServiceError.
    """
    message = prepared.get("message")
    if message is None or _is_own(message, prepared):
        return _whisper(ctx, document, problem_card(GONE if message is None else OWN))
    arn = document.get("incident")
    if arn is None:
        is_open = document["by"] == "emoji"
        thread_ts = message.get("thread_ts") or document.get("thread_ts")
        found = incidents_meant(ctx, document["channel"], thread_ts, is_open=is_open)
        if len(found) != 1:
            return _whisper(ctx, document, problem_card(SEVERAL if found else NO_INCIDENT))
        arn = found[0].arn
    said = ChatMessage(
        channel_id=document["channel"],
        ts=document["ts"],
        author=prepared["author"],
        author_id=str(message.get("user") or message.get("bot_id") or ""),
        text=_text(message, prepared),
        link=prepared.get("link") or "",
    )
    if put_on_timeline(ctx, arn, said, document["channel"]):
        return Answer()
    is_asked = document["by"] == "shortcut"
    return _whisper(ctx, document, Card(text=THERE)) if is_asked else Answer()


def follow(ctx: Context, document: Document, prepared: Document, region: str) -> None:
    """Let the timeline say what a message says now. Whoever may change the message may."""
    author = ctx.on_behalf_of(_author(ctx, document, region_within(ctx, region)))
    place = document["channel"], document["ts"]
    try:
        if document["kind"] == "deletion":
            follow_deletion(author, *place)
        else:
            follow_edit(author, *place, _text(document, prepared))
    except ServiceError:
        return  # audited as refused; there is nobody to be told


def _text(message: Document, prepared: Document) -> str:
    text = read_text(message.get("text") or "", prepared.get("names") or {})
    files = [str(file.get("name") or "a file") for file in message.get("files") or ()]
    return "\n".join(part for part in (text, *(f"[{name}]" for name in files)) if part)


def _is_own(message: Document, prepared: Document) -> bool:
    own = (prepared.get("home") or {}).get("user_id")
    return bool(own) and message.get("user") == own


def _author(ctx: Context, document: Document, region: str) -> Caller:
    session = f"{document['team']}-{document['author']}"
    return Caller(
        account_id=ctx.account_id,
        principal_arn=f"arn:aws:sts::{ctx.account_id}:assumed-role/imbot-author/{session}",
        actor=str(document["author"]),
        door="slack",
        region=region,
        rights="responder",
        invoked_by=ENGINE,
    )


def _whisper(ctx: Context, document: Document, card: Card) -> Answer:
    return Answer(posts=(whisper_of(ctx, document, card),))
