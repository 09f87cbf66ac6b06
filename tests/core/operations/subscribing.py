"""Subscribing and publishing, as tests of topics do it."""

from __future__ import annotations

from typing import Any

from bot.core.channel import Notification
from tests.core.desk import Desk

URL = "https://hooks.example.com/sns"


async def subscribe(
    desk: Desk, topic: str, protocol: str = "https", endpoint: str = URL, **attributes: str
) -> str:
    answer = await desk.call(
        "sns",
        "Subscribe",
        TopicArn=topic,
        Protocol=protocol,
        Endpoint=endpoint,
        Attributes=attributes,
        ReturnSubscriptionArn=True,
    )
    return str(answer["SubscriptionArn"])


async def confirmed(desk: Desk, topic: str, *given: str, **attributes: str) -> str:
    arn = await subscribe(desk, topic, *given, **attributes)
    if isinstance(desk.messages[-1], Notification):
        token = desk.messages[-1].token
        await desk.call("sns", "ConfirmSubscription", TopicArn=topic, Token=token)
    return arn


async def publish(desk: Desk, topic: str, message: str = "Hello", **more: Any) -> list[Any]:
    """Publish, and answer what left for it."""
    before = len(desk.messages)
    await desk.call("sns", "Publish", TopicArn=topic, Message=message, **more)
    return desk.messages[before:]
