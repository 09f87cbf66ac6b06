"""Messages of topics are believed where SNS, or this house, has signed them."""

from __future__ import annotations

import pytest

from bot.core.replies.alarms import BadAlarm, NotSigned, NotTaken
from bot.core.store.accounts import Audit
from bot.core.store.incidents import Incident
from tests.core.alarms.payloads import event
from tests.core.alarms.sender import (
    CERTIFICATE,
    SUBSCRIBE,
    Monitor,
    confirming,
    monitor_of,
    signed,
)
from tests.core.desk import Desk


@pytest.fixture
async def monitor(desk: Desk) -> Monitor:
    return await monitor_of(desk)


async def test_a_message_of_a_topic_that_is_delivered_twice_acts_once(
    desk: Desk, monitor: Monitor
) -> None:
    opened = await monitor.post(signed(event()))
    await desk.resolves(str(opened.incident_arn))

    assert await monitor.posts(signed(event())) == []
    assert len(await desk.rows(Incident)) == 1


@pytest.mark.parametrize("version", ["1", "2"])
async def test_both_versions_of_a_signature_are_accepted(
    monitor: Monitor, version: str
) -> None:
    outcome = await monitor.post(signed("Disk is full", SignatureVersion=version))

    assert outcome.result == "opened"


async def test_the_certificate_is_fetched_once(monitor: Monitor) -> None:
    for number in range(3):
        await monitor.post(signed(event(), MessageId=str(number), Subject="ALARM"))

    assert monitor.fetched == [CERTIFICATE]


@pytest.mark.parametrize(
    "changed",
    [
        {"Message": "another"},
        {"TopicArn": "arn:aws:sns:us-east-1:111122223333:other"},
        {"Subject": "put in"},
        {"SignatureVersion": "3"},
        {"Signature": "AAAA"},
        {"Signature": "no base64!"},
        {"SigningCertURL": "https://sns.us-east-1.amazonaws.com.evil.example/x.pem"},
        {"SigningCertURL": "http://sns.us-east-1.amazonaws.com/x.pem"},
        {"SigningCertURL": "https://u@sns.us-east-1.amazonaws.com/x.pem"},
        {"SigningCertURL": "https://sns.us-east-1.amazonaws.com:8443/x.pem"},
        {"SigningCertURL": "https://bot.example.com.evil.example/x.pem"},
        {"SigningCertURL": "https://sns.us-east-1.amazonaws.com/x"},
        {"SigningCertURL": "https://[::1/x.pem"},
    ],
)
async def test_what_sns_has_not_signed_starts_nothing(
    desk: Desk, monitor: Monitor, changed: dict[str, str]
) -> None:
    with pytest.raises(NotSigned):
        await monitor.posts({**signed(event()), **changed})

    assert await desk.rows(Incident) == []
    assert [row.outcome for row in await desk.rows(Audit, operation="PostAlarm")] == [
        "ValidationException"
    ]


async def test_a_certificate_that_is_over_proves_nothing(desk: Desk, monitor: Monitor) -> None:
    desk.clock.advance(days=365)

    with pytest.raises(NotSigned):
        await monitor.posts(signed(event()))


async def test_without_its_certificate_a_message_is_asked_for_again(monitor: Monitor) -> None:
    monitor.is_cut_off = True
    with pytest.raises(NotTaken):
        await monitor.posts(signed(event()))

    monitor.is_cut_off = False
    assert (await monitor.post(signed(event()))).result == "opened"


async def test_a_subscription_is_confirmed_once_its_signature_is_good(
    desk: Desk, monitor: Monitor
) -> None:
    assert await monitor.posts(confirming()) == ()

    assert monitor.fetched == [CERTIFICATE, SUBSCRIBE]
    [row] = await desk.rows(Audit, operation="ConfirmAlarmTopic")
    assert row.resource == "arn:aws:sns:us-east-1:111122223333:alarms"


async def test_only_sns_and_this_house_are_asked_to_confirm(monitor: Monitor) -> None:
    for url in ("http://127.0.0.1/", "https://evil.example/", "file:///etc/passwd"):
        with pytest.raises(BadAlarm):
            await monitor.posts(confirming(SubscribeURL=url))
    ours = "https://bot.example.com/?Action=ConfirmSubscription"
    await monitor.posts(confirming(SubscribeURL=ours))

    assert monitor.fetched == [CERTIFICATE, ours]


async def test_a_topic_may_say_goodbye(monitor: Monitor) -> None:
    assert await monitor.posts(confirming(Type="UnsubscribeConfirmation")) == ()
    assert monitor.fetched == [CERTIFICATE]


async def test_a_message_that_lacks_a_member_is_refused_by_name(monitor: Monitor) -> None:
    document = signed(event())
    del document["Signature"]

    with pytest.raises(BadAlarm, match="Signature"):
        await monitor.posts(document)
