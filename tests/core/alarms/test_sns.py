"""What this house signs as a topic is what its alarms' door verifies."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.notifications import canonical, document
from bot.core.alarms.sns import envelope_of, is_certificate_url, is_sns, is_trusted
from bot.core.channel import Notification, Signed

SIGNED = Signed("AAAA", "https://sns.us-east-1.amazonaws.com/x.pem")


@given(
    message=st.text(),
    subject=st.none() | st.text(min_size=1),
    kind=st.sampled_from(["Notification", "SubscriptionConfirmation"]),
)
def test_what_a_topic_signs_is_what_is_verified(
    message: str, subject: str | None, kind: Any
) -> None:
    confirming: dict[str, Any] = {"token": "t", "subscribe_url": "https://x.example/?T=t"}
    notification = Notification(
        key="k",
        address="https://x.example/",
        created_at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
        type=kind,
        protocol="https",
        message_id="m",
        topic_arn="arn:aws:sns:us-east-1:111122223333:alarms",
        subscription_arn="arn",
        message=message,
        subject=subject if kind == "Notification" else None,
        **(confirming if kind != "Notification" else {}),
    )
    posted = orjson.loads(document(notification, SIGNED))

    assert is_sns(posted)
    assert envelope_of(posted).canonical() == canonical(notification).encode()


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.us-east-1.amazonaws.com/x.pem",
        "https://sns.cn-north-1.amazonaws.com.cn/x.pem",
        "https://sns.us-gov-west-1.amazonaws.com:443/x.pem",
        "http://bot.example.com/x.pem",
    ],
)
def test_addresses_of_sns_and_of_this_house_are_trusted(url: str) -> None:
    assert is_certificate_url(url, "http://bot.example.com")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://amazonaws.com/x.pem",
        "https://sns.us-east-1.evil.example/x.pem",
        "https://sns.us-east-1.amazonaws.com@evil.example/x.pem",
        "https://evil.example/?sns.us-east-1.amazonaws.com/x.pem",
        "https://sns.a.b.amazonaws.com/x.pem",
        "https://s3.us-east-1.amazonaws.com/x.pem",
        "https://sns.us-east-1.amazonaws.com:x/x.pem",
        "http://bot.example.com",
        "http://bot.example.com.evil.example/x.pem",
        "//sns.us-east-1.amazonaws.com/x.pem",
    ],
)
def test_no_other_address_is_trusted(url: str) -> None:
    assert not is_trusted(url, "http://bot.example.com")
    assert not is_trusted(url, None)
