"""What a topic published, as a Slack message, pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.channels.custom_notifications import Shown, read
from bot.channels.slack.blocks import (
    SECTION_LIMIT,
    Block,
    Markup,
    bold,
    code,
    context,
    escape,
    fields,
    fit,
    fits_preformatted,
    header,
    join,
    preformatted,
    section,
)
from bot.channels.slack.results import Card
from bot.channels.slack.words import resource_name
from bot.core.channel import TopicMessage

_WRITTEN = re.compile(r"&lt;((?:https?://|mailto:)[^\s|<>]+(?:\|[^<>]*?)?|[@#][A-Z0-9]+)&gt;")
"""Links, people and channels, which a notification may name; `<!channel>` pings nobody."""


def topic_card(message: TopicMessage) -> Card:
    """Show a custom notification or an alarm as a card, and anything else as it is."""
    shown = read(message.text, message.subject)
    blocks = [header(shown.title)] if shown.title else []
    blocks += _body(shown)
    if shown.steps:
        steps = join(*(join("• ", _markdown(step)) for step in shown.steps), by="\n")
        blocks.append(section(bold("Next steps"), "\n", steps))
    if shown.facts:
        blocks.append(fields(dict(shown.facts)))
    if shown.keywords:
        blocks.append(context(join(*map(code, shown.keywords), by=" ")))
    footer = f"{shown.footer} · " if shown.footer else ""
    blocks.append(context(join(footer, "Topic ", code(resource_name(message.topic_arn)))))
    told = shown.title or shown.description[:300]
    return Card(text=escape(told) or Markup("A notification"), blocks=fit(blocks))


def _body(shown: Shown) -> Iterator[Block]:
    if not shown.description:
        return
    looks_like_data = shown.is_raw and shown.description.lstrip()[:1] in ("{", "[")
    if looks_like_data and fits_preformatted(shown.description):
        yield preformatted(shown.description)
        return
    text = _markdown(shown.description) if shown.is_markdown else escape(shown.description)
    for part in _parts(text):
        yield section(part)


def _parts(text: Markup) -> Iterator[Markup]:
    """Cut at line ends or blanks, so that each part fits into a section."""
    rest = str(text)
    while len(rest) > SECTION_LIMIT:
        at = max(rest.rfind("\n", 1, SECTION_LIMIT), rest.rfind(" ", 1, SECTION_LIMIT))
        at = at if at > 0 else SECTION_LIMIT
        yield Markup(rest[:at])
        rest = rest[at:].lstrip()
    if rest:
        yield Markup(rest)


def _markdown(text: str) -> Markup:
    """Slack's own markdown as its sender wrote it, less what pings a whole channel."""
    return Markup(_WRITTEN.sub(r"<\1>", escape(text)))
