"""Phones, and the vendor that texts and calls them."""

from __future__ import annotations

import json

from bot.playground.phone_line import ANSWER, HANG_UP, NO_ANSWER, SILENCE, LiveCall
from bot.playground.phone_rest import PhoneRest
from bot.playground.phone_state import Call, Subscriber, Text, VendorError
from bot.playground.phone_vendor import Vendor
from bot.playground.pulse import Fault, Json, Pulse

VENDOR_DOWN = Fault(status=503, body="<html>Unavailable</html>", content_type="text/html")
TOO_MANY = Fault(
    status=429, body=json.dumps(VendorError(20429, "Too Many Requests", 429).document())
)
NO_VENDOR = Fault(mode="hang")
LOST_ANSWER = Fault(mode="lose")


class Phone:
    """A person's phone. What is done to a call returns when its script waits for more."""

    def __init__(self, vendor: Vendor, subscriber: Subscriber) -> None:
        self._vendor = vendor
        self.facts = subscriber

    @property
    def number(self) -> str:
        return self.facts.number

    @property
    def thread(self) -> list[Text]:
        """All texts, from and to this phone, oldest first."""
        return self.facts.thread

    @property
    def texts(self) -> list[str]:
        """What was texted to this phone, the vendor's own answers included."""
        return [text.body for text in self.thread if text.direction != "inbound"]

    @property
    def calls(self) -> list[Call]:
        return self.facts.calls

    @property
    def call(self) -> Call | None:
        """The call that rings or is in progress."""
        return next((call for call in self.calls if not call.ended), None)

    @property
    def is_ringing(self) -> bool:
        return self.call is not None and self.call.ringing

    @property
    def voicemail(self) -> bool:
        return self.facts.has_voicemail

    @voicemail.setter
    def voicemail(self, value: bool) -> None:
        self.facts.has_voicemail = value

    async def text(self, body: str, *, copies: int = 1) -> None:
        """Text the bot; returns when the bot has answered the vendor's webhook.

        `copies`: how often the vendor tells the bot of this one text, one after the other.
        """
        work = self._vendor.receive_text(self.facts, body, copies)
        await self._vendor.pulse.spawn(work, "text from a phone")

    async def answer(self) -> str:
        """Wait for the phone to ring, take the call, and return what is said at first."""
        return await self._do(ANSWER, await self._ringing())

    async def let_ring(self) -> None:
        """Wait for the phone to ring, and do not answer."""
        await self._do(NO_ANSWER, await self._ringing())

    async def decline(self) -> None:
        """Wait for the phone to ring, and refuse the call."""
        await self._do(HANG_UP, await self._ringing())

    async def press(self, keys: str) -> str:
        """Press keys one after the other, and return what is said to that."""
        live = self._live()
        for key in keys[:-1]:
            live.happens(key)
        return await self._do(keys[-1], live)

    async def stay_silent(self) -> str:
        """Let the script's wait for a key run out, and return what is said to that."""
        return await self._do(SILENCE, self._live())

    async def hang_up(self) -> None:
        await self._do(HANG_UP, self._live())

    async def _ringing(self) -> LiveCall:
        await self._vendor.pulse.until(lambda: self.is_ringing)
        return self._live()

    def _live(self) -> LiveCall:
        for live in self._vendor.calls:
            if live.call is self.call:
                return live
        raise LookupError(f"{self.facts.name}'s phone is in no call")

    async def _do(self, event: str, live: LiveCall) -> str:
        said = len(live.call.script)
        live.happens(event)
        await self._vendor.pulse.until(lambda: live.call.ended or live.waits_for_person)
        return " ".join(line["text"] for line in live.call.script[said:])

    def snapshot(self) -> Json:
        return {
            "number": self.number,
            "name": self.facts.name,
            "opted_out": self.facts.opted_out,
            "voicemail": self.voicemail,
            "texts": [text.snapshot() for text in self.thread],
            "calls": [call.snapshot() for call in self.calls],
        }


class PhoneTown:
    """Phones by number, and the stand-in for Twilio. `number` is the bot's."""

    def __init__(
        self,
        pulse: Pulse,
        *,
        account_sid: str = "AC" + "0" * 31 + "1",
        auth_token: str = "playground-auth-token",  # noqa: S107 - good on loopback only
        number: str = "+15005550006",
    ) -> None:
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.number = number
        self.pulse = pulse
        self.vendor = Vendor(pulse, account_sid, auth_token, number)
        self.webhooks = self.vendor.webhooks
        self.rest = PhoneRest(self.vendor, auth_token)
        self.phones: dict[str, Phone] = {}

    async def start(self) -> None:
        await self.rest.start()

    @property
    def api_url(self) -> str:
        """What TWILIO_API_URL must be."""
        return self.rest.url

    def add(self, number: str, name: str) -> Phone:
        subscriber = Subscriber(number=number, name=name)
        self.vendor.subscribers[number] = subscriber
        self.phones[number] = Phone(self.vendor, subscriber)
        self.pulse.changed()
        return self.phones[number]

    def __getitem__(self, key: str) -> Phone:
        """A phone by its number or its owner's name. Raises KeyError."""
        for phone in self.phones.values():
            if key in (phone.number, phone.facts.name):
                return phone
        raise KeyError(key)

    def misbehave(self, request: str = "*", fault: Fault = VENDOR_DOWN, times: int = 1) -> None:
        """Answer the next requests wrongly; `request` is `POST Messages`, `* Calls` or such."""
        self.rest.faults.add(request, fault, times)

    def snapshot(self) -> list[Json]:
        return [phone.snapshot() for phone in self.phones.values()]
