"""What monitors post: from a body and a token to incidents, in one transaction a slice."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.core.access import Caller
from bot.core.alarms import sns
from bot.core.alarms.alarm import Alarm, BadAlarm
from bot.core.alarms.reading import document_of, read_alarms, read_message
from bot.core.alarms.sns import NotSigned
from bot.core.audit import audit_row
from bot.core.cascade import run_cascade
from bot.core.clock import Clock
from bot.core.context import Context
from bot.core.dispatch import Dispatcher, Request, answer_within, new_request_id
from bot.core.effects.alarms import alarm_arn, alarm_caller, ended
from bot.core.errors import ServiceError
from bot.core.ids import Key, new_key
from bot.core.regions import region_within
from bot.core.replies.accepting import door_context
from bot.core.replies.alarm_gate import Gate, TooManyWrong, UnknownToken
from bot.core.store.alarms import AlarmToken
from bot.core.store.executor import Lane, Store
from bot.core.store.incidents import Incident, ResponsePlan
from bot.core.store.transaction import Transaction
from bot.core.store.work import Delivery

__all__ = [
    "Alarms",
    "BadAlarm",
    "FetchFailed",
    "NotSigned",
    "NotTaken",
    "Outcome",
    "TooManyWrong",
    "UnknownToken",
]

log = logging.getLogger(__name__)

A_SLICE = 20
"""Alarms that one transaction takes."""
MOST_CERTIFICATES = 32

Fetch = Callable[[str], Awaitable[bytes]]
"""Gets an address's body, at most 64 KiB, and follows it nowhere. Raises FetchFailed."""


class FetchFailed(Exception):
    """An address did not answer as it should."""


class NotTaken(Exception):
    """A good token's alarm that could not be acted on; sent again, it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`result` is opened, absorbed, resolved, ended (noted, or nothing was open) or refused."""

    alarm: str
    result: str
    incident_arn: str | None = None
    reason: str = ""


class Alarms:
    """The way in for monitors."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        store: Store,
        clock: Clock,
        *,
        account_id: str,
        region: str,
        public_url: str | None,
        fetch: Fetch,
    ) -> None:
        self._dispatcher = dispatcher
        self._store = store
        self._clock = clock
        self._account_id = account_id
        self._region = region
        self._public_url = public_url
        self._fetch = fetch
        self._gate = Gate(store, account_id)
        self._certificates: dict[str, bytes] = {}

    async def take(self, token: str, body: bytes, remote: str) -> Sequence[Outcome]:
        """Act on what was posted; told twice, it acts once.

        Raises UnknownToken and TooManyWrong; BadAlarm, with the words for the sender; NotTaken
        where sending it again may help.
        """
        key = await self._gate.key_of(token, remote)
        row = await self._store.read(lambda tx: tx.get(AlarmToken, key))
        if row is None or row.revoked_at is not None:
            self._gate.forget(token)
            raise UnknownToken
        try:
            return await self._take(row, body, remote)
        except BadAlarm as fault:
            log.warning("alarm token %s sent what is no alarm: %s", row.name, fault)
            await self._audit(row, remote, "ValidationException")
            raise
        except NotTaken as fault:
            log.error("an alarm of token %s was not taken: %s", row.name, fault)
            raise

    async def _take(self, row: AlarmToken, body: bytes, remote: str) -> Sequence[Outcome]:
        document = document_of(body)
        now, each_alert = self._clock.now(), row.alerts_as == "ALERT"
        if not sns.is_sns(document):
            alarms = read_alarms(document, now, each_alert=each_alert)
            return await self._act(row, alarms, remote, None)
        envelope = sns.envelope_of(document)
        await self._verify(envelope)
        if envelope.type != "Notification":
            await self._confirm(row, envelope, remote)
            return ()
        alarms = read_message(envelope.subject, envelope.message, now, each_alert=each_alert)
        return await self._act(row, alarms, remote, f"sns {envelope.message_id}")

    async def _verify(self, envelope: sns.Envelope) -> None:
        """Raises NotSigned, NotTaken where the certificate cannot be fetched now."""
        url = envelope.certificate_url
        if not sns.is_certificate_url(url, self._public_url):
            raise NotSigned("SigningCertURL is no address of SNS.")
        certificate = self._certificates.get(url)
        if certificate is None:
            certificate = await self._fetched(url)
        sns.verify(envelope, certificate, self._clock.now())
        if len(self._certificates) >= MOST_CERTIFICATES:
            self._certificates.clear()
        self._certificates[url] = certificate

    async def _confirm(self, row: AlarmToken, envelope: sns.Envelope, remote: str) -> None:
        if envelope.type == "UnsubscribeConfirmation":
            log.warning("topic %s sends alarm token %s no more", envelope.topic_arn, row.name)
        elif not sns.is_trusted(envelope.subscribe_url, self._public_url):
            raise BadAlarm("SubscribeURL is no address of SNS.")
        else:
            await self._fetched(envelope.subscribe_url)
            log.info("topic %s is subscribed by alarm token %s", envelope.topic_arn, row.name)
        await self._audit(row, remote, "OK", "ConfirmAlarmTopic", {"arn": envelope.topic_arn})

    async def _fetched(self, url: str) -> bytes:
        try:
            return await self._fetch(url)
        except FetchFailed as fault:
            raise NotTaken(f"SNS could not be asked: {fault}") from fault

    async def _act(
        self, row: AlarmToken, alarms: Sequence[Alarm], remote: str, delivery: str | None
    ) -> Sequence[Outcome]:
        outcomes: list[Outcome] = []
        for start in range(0, len(alarms), A_SLICE):
            part = alarms[start : start + A_SLICE]
            once = f"{delivery} {start}" if delivery else None
            outcomes += await self._write(row.key, part, remote, once)
        if refused := [one for one in outcomes if one.result == "refused"]:
            raise NotTaken(f"{len(refused)} of {len(outcomes)}: {refused[0].reason}")
        return outcomes

    async def _write(
        self, key: Key, alarms: Sequence[Alarm], remote: str, delivery: str | None
    ) -> Sequence[Outcome]:
        def run(tx: Transaction) -> Sequence[Outcome]:
            ctx = door_context(self._dispatcher.unit(tx), self._account_id, self._region)
            outcomes = _acted(ctx, key, alarms, remote, delivery)
            run_cascade(ctx.unit)
            return outcomes

        return await self._store.write(run, Lane.REQUEST)

    async def _audit(
        self,
        row: AlarmToken,
        remote: str,
        outcome: str,
        operation: str = "PostAlarm",
        about: Mapping[str, Any] | None = None,
    ) -> None:
        about = about or {"arn": row.response_plan_arn}
        request = _request(alarm_caller(row, row.region), remote, "imbot", operation, about)
        line = audit_row(request, self._clock.now(), outcome)
        await self._store.write(lambda tx: tx.insert([line]), Lane.REQUEST)


def _acted(
    ctx: Context, key: Key, alarms: Sequence[Alarm], remote: str, delivery: str | None
) -> Sequence[Outcome]:
    token = ctx.get(AlarmToken, key)
    if token is None or token.revoked_at is not None:
        raise UnknownToken
    known = {"account_id": ctx.account_id, "delivery_id": delivery}
    if delivery and ctx.tx.find(Delivery, **known) is not None:
        return ()
    ctx = ctx.on_behalf_of(alarm_caller(token, region_within(ctx, token.region)))
    outcomes = [_one(ctx, token, alarm, remote) for alarm in alarms]
    if delivery and not any(one.result == "refused" for one in outcomes):
        row = Delivery(
            key=new_key(), account_id=ctx.account_id, delivery_id=delivery, at=ctx.now
        )
        ctx.tx.insert_or_ignore(row)
    return outcomes


def _one(ctx: Context, token: AlarmToken, alarm: Alarm, remote: str) -> Outcome:
    arn = alarm.arn or alarm_arn(token, alarm.identity)
    try:
        act = _begin if alarm.is_firing else _end
        return act(ctx, token, alarm, arn, remote)
    except ServiceError as refusal:
        reason = f"{refusal.code}: {refusal.message}"
        return Outcome(alarm=alarm.name, result="refused", reason=reason)


def _begin(ctx: Context, token: AlarmToken, alarm: Alarm, arn: str, remote: str) -> Outcome:
    plan = ctx.find(ResponsePlan, token.response_plan_arn)
    parameters: dict[str, Any] = {
        "responsePlanArn": token.response_plan_arn,
        "triggerDetails": _trigger(alarm, arn),
        "relatedItems": list(alarm.related_items),
    }
    if plan is not None:
        title = str(plan.document["incidentTemplate"]["title"])
        parameters["title"] = alarm.incident_title(title)
    if alarm.impact is not None:
        parameters["impact"] = alarm.impact
    request = _request(ctx.caller, remote, "ssm-incidents", "StartIncident", parameters)
    incident_arn = answer_within(ctx, request)["incidentRecordArn"]
    incident = ctx.find(Incident, incident_arn)
    is_new = incident is not None and not incident.absorbed
    result = "opened" if is_new else "absorbed"
    return Outcome(alarm=alarm.name, result=result, incident_arn=incident_arn)


def _trigger(alarm: Alarm, arn: str) -> dict[str, Any]:
    return {
        "source": alarm.source,
        "timestamp": alarm.at,
        "triggerArn": arn,
        "rawData": alarm.raw,
    }


def _end(ctx: Context, token: AlarmToken, alarm: Alarm, arn: str, remote: str) -> Outcome:
    incident = ended(ctx, token, arn)
    if incident is None:
        return Outcome(alarm=alarm.name, result="ended")
    change = {"arn": incident.arn, "status": "RESOLVED"}
    request = _request(ctx.caller, remote, "ssm-incidents", "UpdateIncidentRecord", change)
    answer_within(ctx, request)
    return Outcome(alarm=alarm.name, result="resolved", incident_arn=incident.arn)


def _request(
    caller: Caller, remote: str, service: str, operation: str, parameters: Mapping[str, Any]
) -> Request:
    return Request(
        service=service,
        operation=operation,
        parameters=parameters,
        caller=caller,
        source=remote,
        request_id=new_request_id(),
    )
