"""The SMS and voice vendor: what becomes of texts and calls."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.playground.phone_line import ANSWER, NO_ANSWER, LiveCall
from bot.playground.phone_state import (
    HELPED,
    STARTED,
    STOPPED,
    Call,
    Subscriber,
    Text,
    VendorError,
    keyword,
    new_sid,
    rfc2822,
)
from bot.playground.phone_webhooks import Webhooks
from bot.playground.pulse import Pulse
from bot.playground.twiml import HungUp, ScriptError, execute, messages

_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_NEVER_VALID = "+15005550001"
_CALL_EVENTS = {"in-progress": "answered", "queued": "initiated"}


class Vendor:
    """Carries texts and calls between the bot's number and the subscribers."""

    def __init__(self, pulse: Pulse, account: str, auth_token: str, number: str) -> None:
        self.pulse = pulse
        self.account = account
        self.number = number
        self.webhooks = Webhooks(pulse, auth_token)
        self.sms_url = ""
        """Where inbound texts are posted; "" for nowhere."""
        self.subscribers: dict[str, Subscriber] = {}
        self.texts: list[Text] = []
        self.calls: list[LiveCall] = []

    # texts to phones

    def send_text(
        self, *, to: str, sender: str, body: str, callback: str = "", is_reply: bool = False
    ) -> Text:
        """Take a text to carry. Raises VendorError as the Messages resource does."""
        self._check_addresses(to, sender, not_ours=21606)
        if not body:
            raise VendorError(21602, "Message body is required.")
        if len(body) > 1600:
            raise VendorError(21617, "The concatenated message body exceeds the 1600 limit")
        subscriber = self.subscribers.get(to)
        if subscriber is not None and subscriber.is_blocked:
            raise VendorError(21408, "Permission to send an SMS has not been enabled")
        if subscriber is not None and subscriber.opted_out:
            raise VendorError(21610, "Attempt to send to unsubscribed recipient")
        text = Text(
            sid=new_sid("SM"),
            sender=sender,
            to=to,
            body=body,
            status="queued",
            direction="outbound-reply" if is_reply else "outbound-api",
            created_at=self.pulse.now(),
            status_callback=callback,
        )
        self.texts.append(text)
        self.pulse.spawn(self._carry(text), "text")
        return text

    def _check_addresses(self, to: str, sender: str, *, not_ours: int) -> None:
        if not to:
            raise VendorError(21604, "A 'To' phone number is required.")
        if not _NUMBER.fullmatch(to) or to == _NEVER_VALID:
            raise VendorError(21211, "Invalid 'To' Phone Number")
        if sender != self.number:
            raise VendorError(not_ours, "The 'From' number is not one of yours.")

    async def _carry(self, text: Text) -> None:
        subscriber = self.subscribers.get(text.to)
        text.sent_at = self.pulse.now()
        self._text_status(text, "sent")
        if subscriber is None:
            self.pulse.surprise("a text was sent to a number that nobody has")
            text.error_code = 30005
        else:
            text.error_code = subscriber.error_code
        if text.error_code is not None:
            self._text_status(text, "undelivered", is_last=True)
        elif subscriber is not None:
            subscriber.thread.append(text)
            self._text_status(text, "delivered", is_last=True)

    def _text_status(self, text: Text, status: str, *, is_last: bool = False) -> None:
        text.status = status
        form = {
            "MessageSid": text.sid,
            "SmsSid": text.sid,
            "AccountSid": self.account,
            "From": text.sender,
            "To": text.to,
            "MessageStatus": status,
            "SmsStatus": status,
            "ApiVersion": "2010-04-01",
        }
        if text.error_code is not None:
            form["ErrorCode"] = str(text.error_code)
        self.webhooks.tell(text.sid, text.status_callback, form, is_last=is_last)
        self.pulse.changed()

    # texts from phones

    async def receive_text(self, subscriber: Subscriber, body: str, copies: int) -> Text:
        """Take a text from a phone: mind the vendor's words, ask the bot, send its answers."""
        text = Text(
            sid=new_sid("SM"),
            sender=subscriber.number,
            to=self.number,
            body=body,
            status="received",
            direction="inbound",
            created_at=self.pulse.now(),
            sent_at=self.pulse.now(),
        )
        self.texts.append(text)
        subscriber.thread.append(text)
        handled = self._mind_keyword(subscriber, body)
        self.pulse.changed()
        for _ in range(copies if self.sms_url else 0):
            await self._tell_text(text, handled)
        return text

    def _mind_keyword(self, subscriber: Subscriber, body: str) -> str:
        """Opt out or in, and answer, as the vendor does; the word where it did, else ""."""
        word = keyword(body)
        if word == "START" and not subscriber.opted_out:
            return ""
        if word == "STOP" and subscriber.opted_out:
            return word
        answers = {"STOP": STOPPED, "START": STARTED, "HELP": HELPED}
        if word:
            if word != "HELP":
                subscriber.opted_out = word == "STOP"
            subscriber.thread.append(self._own_answer(subscriber, answers[word]))
        return word

    def _own_answer(self, subscriber: Subscriber, body: str) -> Text:
        return Text(
            sid=new_sid("SM"),
            sender=self.number,
            to=subscriber.number,
            body=body,
            status="delivered",
            direction="outbound-reply",
            created_at=self.pulse.now(),
            by_vendor=True,
        )

    async def _tell_text(self, text: Text, handled: str) -> None:
        form = {
            "MessageSid": text.sid,
            "SmsSid": text.sid,
            "SmsMessageSid": text.sid,
            "AccountSid": self.account,
            "From": text.sender,
            "To": text.to,
            "Body": text.body,
            "NumMedia": "0",
            "NumSegments": "1",
            "SmsStatus": "received",
            "ApiVersion": "2010-04-01",
        }
        if handled:
            form["OptOutType"] = handled
        answer = await self.webhooks.ask(self.sms_url, form)
        try:
            for body in messages(answer or ""):
                self.send_text(to=text.sender, sender=self.number, body=body, is_reply=True)
        except (ScriptError, VendorError) as error:
            self.pulse.surprise(f"the answer to a text was not sent: {error}")

    # calls

    def start_call(self, call: Call) -> LiveCall:
        """Take a call to make. Raises VendorError as the Calls resource does."""
        self._check_addresses(call.to, call.sender, not_ours=21210)
        if not call.url and not call.twiml:
            raise VendorError(21205, "Url parameter is required.")
        subscriber = self.subscribers.get(call.to)
        if subscriber is not None and subscriber.is_blocked:
            raise VendorError(21215, "Account not authorized to call this number.")
        live = LiveCall(call, self.pulse, self._fetch_script)
        self.calls.append(live)
        self.pulse.spawn(self._make(live, subscriber), "call")
        return live

    async def _make(self, live: LiveCall, subscriber: Subscriber | None) -> None:
        call = live.call
        self._call_status(call, "queued")
        if subscriber is None:
            self.pulse.surprise("a call was made to a number that nobody has")
        if subscriber is None or subscriber.error_code == 30003:
            return self._end(call, "failed")
        if subscriber.is_busy:
            return self._end(call, "busy")
        subscriber.calls.append(call)
        self._call_status(call, "ringing")
        live.is_machine = subscriber.has_voicemail
        happened = ANSWER if live.is_machine else await live.ring()
        if happened != ANSWER:
            return self._end(call, "no-answer" if happened == NO_ANSWER else "busy")
        await self._talk(live)
        return self._end(call, "completed")

    async def _talk(self, live: LiveCall) -> None:
        call = live.call
        call.started_at = self.pulse.now()
        if call.detects_machines:
            call.answered_by = "machine_start" if live.is_machine else "human"
        self._call_status(call, "in-progress")
        try:
            text = call.twiml or await live.fetch(call.url, {}, call.method)
            await execute(text, live, call.url)
        except HungUp:
            return
        except ScriptError as error:
            self.pulse.surprise(f"a call's script failed: {error}")
            message = "We are sorry, an application error has occurred. Goodbye."
            call.script.append({"text": message, "language": "en-US"})

    def _end(self, call: Call, status: str) -> None:
        call.ended_at = self.pulse.now()
        self._call_status(call, status)

    def _call_status(self, call: Call, status: str) -> None:
        call.status = status
        event = "completed" if call.ended else _CALL_EVENTS.get(status, status)
        if event in call.status_events:
            form = self._call_form(call) | {
                "CallStatus": "initiated" if status == "queued" else status,
                "CallbackSource": "call-progress-events",
                "SequenceNumber": str(["initiated", "ringing", "answered"].index(event))
                if not call.ended
                else "3",
                "Timestamp": rfc2822(self.pulse.now()) or "",
            }
            if call.ended:
                form["CallDuration"] = str(round(call.duration))
            self.webhooks.tell(call.sid, call.status_callback, form, is_last=call.ended)
        self.pulse.changed()

    def _call_form(self, call: Call) -> dict[str, str]:
        form = {
            "CallSid": call.sid,
            "AccountSid": self.account,
            "From": call.sender,
            "To": call.to,
            "Caller": call.sender,
            "Called": call.to,
            "CallStatus": call.status,
            "Direction": "outbound-api",
            "ApiVersion": "2010-04-01",
        }
        return form | ({"AnsweredBy": call.answered_by} if call.answered_by else {})

    async def _fetch_script(
        self, call: Call, url: str, form: Mapping[str, str], method: str
    ) -> str:
        answer = await self.webhooks.ask(url, {**self._call_form(call), **form}, method)
        if answer is None:
            raise ScriptError("11200: the script could not be fetched")
        return answer
