"""Who posts alarms in tests: a topic with a key of its own, and the door that takes them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import orjson
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from bot.core.replies.alarms import Alarms, FetchFailed, Outcome
from tests.core.desk import Desk
from tests.harness import ACCOUNT, REGION

CERTIFICATE = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123.pem"
SUBSCRIBE = "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
TOPIC = "arn:aws:sns:us-east-1:111122223333:alarms"
REMOTE = "192.0.2.1"


@cache
def key_and_certificate() -> tuple[rsa.RSAPrivateKey, bytes]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    return key, built.public_bytes(serialization.Encoding.PEM)


def signed(message: str | dict[str, Any], **more: Any) -> dict[str, Any]:
    """A message as SNS posts it; a member of None is left out."""
    text = message if isinstance(message, str) else orjson.dumps(message).decode()
    document: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": text,
        "Timestamp": "2026-03-01T09:29:31.000Z",
        "SignatureVersion": "1",
        "SigningCertURL": CERTIFICATE,
        **more,
    }
    document = {name: value for name, value in document.items() if value is not None}
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token"]
    names += ["TopicArn", "Type"]
    lines = [f"{name}\n{document[name]}\n" for name in names if name in document]
    is_first = document["SignatureVersion"] == "1"
    digest = hashes.SHA1() if is_first else hashes.SHA256()  # noqa: S303
    key, _ = key_and_certificate()
    signature = key.sign("".join(lines).encode(), padding.PKCS1v15(), digest)
    return {"Signature": base64.b64encode(signature).decode(), **document}


def confirming(**more: Any) -> dict[str, Any]:
    parts = {"Type": "SubscriptionConfirmation", "Token": "t", "SubscribeURL": SUBSCRIBE}
    return signed("You have chosen to subscribe.", **{**parts, **more})


class Monitor:
    """Posts to the alarms' door of a desk with one token."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.token = ""
        self.fetched: list[str] = []
        self.is_cut_off = False
        self.door = self.another_door()

    def another_door(self) -> Alarms:
        """As another process has it, or this one after a new start."""
        desk = self.desk
        return Alarms(
            desk.dispatcher,
            desk.store,
            desk.clock,
            account_id=ACCOUNT,
            region=REGION,
            public_url="https://bot.example.com",
            fetch=self._fetch,
        )

    async def has_token(self, plan_arn: str, **more: Any) -> dict[str, Any]:
        given = {"ResponsePlanArn": plan_arn, "Name": "monitor", **more}
        answer = await self.desk.call("imbot", "CreateAlarmToken", **given)
        self.token = answer["Token"]
        return answer

    async def posts(self, document: Any, *, remote: str = REMOTE) -> Sequence[Outcome]:
        return await self.door.take(self.token, orjson.dumps(document), remote)

    async def post(self, document: Any) -> Outcome:
        """What becomes of the one alarm in a document."""
        [outcome] = await self.posts(document)
        return outcome

    async def _fetch(self, url: str) -> bytes:
        if self.is_cut_off:
            raise FetchFailed("status 500")
        self.fetched.append(url)
        return key_and_certificate()[1]


async def monitor_of(desk: Desk, **more: Any) -> Monitor:
    """Posts alarms for a plan that engages ana."""
    await desk.has_person("ana")
    monitor = Monitor(desk)
    await monitor.has_token(await desk.has_plan(engages=["ana"]), **more)
    return monitor
