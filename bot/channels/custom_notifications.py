"""What is published to a topic, read for people: custom notifications, alarms, and plain text.

Source: Amazon Q Developer in chat applications, "Custom notifications"; Amazon CloudWatch,
alarm notifications.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

FOOTER = "Custom notification"
LONGEST_TITLE, LONGEST_DESCRIPTION = 250, 8000
LONGEST_STEP, LONGEST_KEYWORD = 350, 75


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """`description` of a custom notification (`is_markdown`) is in the client's own markdown.

    `facts` are (name, value). `is_raw`: neither a custom notification nor an alarm; the
    description is the message as it was published.
    """

    title: str = ""
    description: str
    is_markdown: bool = False
    steps: Sequence[str] = ()
    keywords: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    footer: str = ""
    is_raw: bool = False


def read(text: str, subject: str | None = None) -> Shown:
    """Read a message; what is neither a custom notification nor an alarm is shown as it is."""
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if isinstance(document, dict):
        if (custom := _custom(document)) is not None:
            return custom
        if (alarm := _alarm(document)) is not None:
            return alarm
    return Shown(title=subject or "", description=text, is_raw=True)


def _custom(document: dict[str, Any]) -> Shown | None:
    """None where the schema's version 1.0 is not kept to."""
    content = document.get("content")
    if document.get("version") != "1.0" or document.get("source") != "custom":
        return None
    if not isinstance(content, dict) or content.get("textType", "client-markdown") != (
        "client-markdown"
    ):
        return None
    title, description = content.get("title", ""), content.get("description")
    if not isinstance(title, str) or not isinstance(description, str) or not description:
        return None
    if len(title) > LONGEST_TITLE or len(description) > LONGEST_DESCRIPTION:
        return None
    metadata = document.get("metadata")
    return Shown(
        title=title,
        description=description,
        is_markdown=True,
        steps=_texts(content.get("nextSteps"), LONGEST_STEP),
        keywords=_texts(content.get("keywords"), LONGEST_KEYWORD),
        facts=_facts(metadata if isinstance(metadata, dict) else {}),
        footer=FOOTER,
    )


def _facts(metadata: dict[str, Any]) -> list[tuple[str, str]]:
    facts = [
        (name, metadata[key])
        for key, name in (("summary", "Summary"), ("eventType", "Event type"))
        if isinstance(metadata.get(key), str)
    ]
    if related := _texts(metadata.get("relatedResources"), 2000):
        facts.append(("Related resources", "\n".join(related)))
    more = metadata.get("additionalContext")
    if isinstance(more, dict):
        facts += [(str(name), str(value)) for name, value in more.items()]
    return facts


def _alarm(document: dict[str, Any]) -> Shown | None:
    name, state = document.get("AlarmName"), document.get("NewStateValue")
    if not isinstance(name, str) or not isinstance(state, str):
        return None
    named = {
        "OldStateValue": "Before",
        "Region": "Region",
        "AWSAccountId": "Account",
        "StateChangeTime": "At",
        "AlarmArn": "Alarm",
    }
    return Shown(
        title=f"{state}: {name}",
        description=str(
            document.get("NewStateReason") or document.get("AlarmDescription") or ""
        ),
        facts=[(said, str(document[key])) for key, said in named.items() if document.get(key)],
        footer="CloudWatch alarm",
    )


def _texts(value: Any, longest: int) -> list[str]:
    if not isinstance(value, list):
        return []
    return [one[:longest] for one in value if isinstance(one, str) and one]
