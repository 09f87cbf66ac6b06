from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from twilio.request_validator import RequestValidator

from bot.playground.phone import LOST_ANSWER, TOO_MANY, VENDOR_DOWN, Phone, PhoneTown
from bot.playground.phone_state import STARTED, STOPPED, keyword, segments
from bot.playground.pulse import Pulse

ANA = "+15550100001"
PAGE = (
    "<Response><Gather numDigits='1' timeout='5' action='/key'>"
    "<Say>Payments are failing. Press 1.</Say></Gather><Say>Goodbye.</Say></Response>"
)


class Bot:
    """Answers each path with the TwiML in `answers`, and remembers the forms."""

    def __init__(self, token: str) -> None:
        self.validator = RequestValidator(token)
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.answers: dict[str, str] = {}
        self.status = 200
        self.url = ""

    async def hear(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        signature = request.headers["X-Twilio-Signature"]
        assert self.validator.validate(f"{self.url}{request.path_qs}", form, signature)
        self.forms.append((request.path, form))
        return web.Response(status=self.status, text=self.answers.get(request.path, ""))

    def statuses(self, name: str) -> list[str]:
        return [form[name] for path, form in self.forms if path == "/status"]


@pytest.fixture
async def town() -> AsyncIterator[PhoneTown]:
    town = PhoneTown(Pulse())
    await town.start()
    yield town
    await town.pulse.close()


@pytest.fixture
def ana(town: PhoneTown) -> Phone:
    return town.add(ANA, "ana")


@pytest.fixture
async def bot(town: PhoneTown) -> Bot:
    bot = Bot(town.auth_token)
    app = web.Application()
    app.router.add_post("/{tail:.*}", bot.hear)
    bot.url = await town.pulse.serve(app)
    town.vendor.sms_url = f"{bot.url}/sms"
    return bot


def log_in(account: str, token: str) -> dict[str, str]:
    pair = base64.b64encode(f"{account}:{token}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


async def ask(
    town: PhoneTown, path: str, *, params: dict[str, str] | None = None, **form: Any
) -> tuple[int, Any]:
    url = f"{town.api_url}/2010-04-01/Accounts/{town.account_sid}/{path}"
    headers = log_in(town.account_sid, town.auth_token)
    async with town.pulse.client.request(
        "POST" if form else "GET", url, data=form or None, params=params, headers=headers
    ) as answer:
        return answer.status, await answer.json()


async def text(town: PhoneTown, body: str = "hi", **form: Any) -> tuple[int, Any]:
    whole: dict[str, Any] = {"To": ANA, "From": town.number, "Body": body, **form}
    return await ask(town, "Messages.json", **whole)


async def call(town: PhoneTown, **form: Any) -> Any:
    whole: dict[str, Any] = {"To": ANA, "From": town.number, **form}
    _, document = await ask(town, "Calls.json", **whole)
    return document


async def test_a_text_arrives_and_its_statuses_are_told_in_order(
    town: PhoneTown, ana: Phone, bot: Bot
) -> None:
    status, sent = await text(town, StatusCallback=f"{bot.url}/status")
    await town.pulse.settle()

    assert (status, sent["status"], sent["direction"]) == (201, "queued", "outbound-api")
    assert ana.texts == ["hi"]
    assert bot.statuses("MessageStatus") == ["sent", "delivered"]
    _, now = await ask(town, f"Messages/{sent['sid']}.json")
    assert now["status"] == "delivered"


async def test_statuses_may_come_twice_and_the_wrong_way_round(
    town: PhoneTown, ana: Phone, bot: Bot
) -> None:
    town.webhooks.copies, town.webhooks.reorders = 2, True
    await text(town, StatusCallback=f"{bot.url}/status")
    await town.pulse.settle()

    assert bot.statuses("MessageStatus") == ["delivered", "delivered", "sent", "sent"]


async def test_a_landline_gets_nothing_and_the_code_says_why(
    town: PhoneTown, ana: Phone, bot: Bot
) -> None:
    ana.facts.error_code = 30006
    await text(town, StatusCallback=f"{bot.url}/status")
    await town.pulse.settle()

    assert ana.texts == []
    assert bot.forms[-1][1]["ErrorCode"] == "30006"
    assert bot.forms[-1][1]["MessageStatus"] == "undelivered"


def blocked(phone: Phone) -> None:
    phone.facts.is_blocked = True


def opted_out(phone: Phone) -> None:
    phone.facts.opted_out = True


@pytest.mark.parametrize(
    ("form", "prepare", "code"),
    [
        ({"To": "12"}, None, 21211),
        ({"From": "+15550109999"}, None, 21606),
        ({"Body": ""}, None, 21602),
        ({}, blocked, 21408),
        ({}, opted_out, 21610),
    ],
)
async def test_the_vendor_refuses_with_its_own_code(
    town: PhoneTown,
    ana: Phone,
    form: dict[str, str],
    prepare: Callable[[Phone], None] | None,
    code: int,
) -> None:
    if prepare:
        prepare(ana)
    status, error = await text(town, **form)

    assert (status, error["code"], error["status"]) == (400, code, 400)


async def test_a_wrong_password_is_answered_as_the_vendor_does(town: PhoneTown) -> None:
    url = f"{town.api_url}/2010-04-01/Accounts/{town.account_sid}/Messages.json"
    headers = log_in(town.account_sid, "wrong")
    async with town.pulse.client.get(url, headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (401, 20003)


async def test_texts_are_listed_by_address_and_time_a_page_at_a_time(
    town: PhoneTown, ana: Phone
) -> None:
    for body in ("one", "two", "three"):
        await text(town, body)
    await ana.text("four")
    await town.pulse.settle()

    query = {"To": ANA, "DateSent>": "2020-01-01T00:00:00Z", "PageSize": "2"}
    _, first = await ask(town, "Messages.json", params=query)
    assert [m["body"] for m in first["messages"]] == ["three", "two"]
    path = first["next_page_uri"].split(f"{town.account_sid}/")[1]
    _, second = await ask(town, path)
    assert [m["body"] for m in second["messages"]] == ["one"]
    _, none = await ask(town, "Messages.json", params={"DateSent>": "2999-01-01"})
    assert none["messages"] == []
    _, inbound = await ask(town, "Messages.json", params={"To": town.number})
    assert [m["direction"] for m in inbound["messages"]] == ["inbound"]


async def test_an_answer_in_twiml_reaches_the_phone(
    town: PhoneTown, ana: Phone, bot: Bot
) -> None:
    bot.answers["/sms"] = "<Response><Message>Acknowledged &amp; thanks</Message></Response>"
    await ana.text("ack 425440", copies=2)
    await town.pulse.settle()

    assert ana.texts == ["Acknowledged & thanks"] * 2
    assert bot.forms[0] == bot.forms[1]
    assert bot.forms[0][1]["Body"] == "ack 425440"
    assert "OptOutType" not in bot.forms[0][1]


async def test_stop_and_start_are_answered_by_the_vendor_and_told_to_the_bot(
    town: PhoneTown, ana: Phone, bot: Bot
) -> None:
    await ana.text(" Unsubscribe ")
    assert (await text(town))[1]["code"] == 21610
    await ana.text("START")
    assert (await text(town))[0] == 201
    await town.pulse.settle()

    assert ana.texts == [STOPPED, STARTED, "hi"]
    assert [form.get("OptOutType") for _, form in bot.forms] == ["STOP", "START"]


async def test_answering_who_opted_out_is_a_surprise(
    town: PhoneTown, ana: Phone, bot: Bot
) -> None:
    bot.answers["/sms"] = "<Response><Message>Bye</Message></Response>"
    await ana.text("STOP")

    assert ana.texts == [STOPPED]
    assert len(town.pulse.surprises) == 1


async def test_a_bot_that_fails_to_answer_a_text_is_a_surprise(
    town: PhoneTown, ana: Phone, bot: Bot
) -> None:
    bot.status = 500
    await ana.text("hello")

    assert town.pulse.surprises == ["11200: a webhook was answered with 500"]


async def test_a_vendor_that_is_down_answers_html_then_recovers(
    town: PhoneTown, ana: Phone
) -> None:
    town.misbehave("POST Messages", VENDOR_DOWN)
    town.misbehave("POST Messages", TOO_MANY)

    with pytest.raises(aiohttp.ContentTypeError):
        await text(town)
    status, error = await text(town)
    assert (status, error["code"]) == (429, 20429)
    assert (await text(town))[0] == 201


async def test_a_lost_answer_leaves_the_text_sent_once(town: PhoneTown, ana: Phone) -> None:
    town.misbehave("POST Messages", LOST_ANSWER)

    with pytest.raises(aiohttp.ClientError):
        await text(town)
    await town.pulse.settle()
    assert ana.texts == ["hi"]


async def test_a_call_rings_speaks_and_takes_a_key(
    town: PhoneTown, ana: Phone, bot: Bot
) -> None:
    bot.answers["/voice"] = PAGE
    bot.answers["/key"] = "<Response><Say language='en-GB'>Acknowledged.</Say></Response>"
    events = ["initiated", "ringing", "answered", "completed"]
    await call(
        town, Url=f"{bot.url}/voice", StatusCallback=f"{bot.url}/status",
        StatusCallbackEvent=" ".join(events),
    )  # fmt: skip

    assert await ana.answer() == "Payments are failing. Press 1."
    assert ana.call is not None
    assert ana.call.is_listening
    assert await ana.press("1") == "Acknowledged."
    await town.pulse.settle()

    assert ana.call is None
    assert [f["Digits"] for path, f in bot.forms if path == "/key"] == ["1"]
    statuses = ["initiated", "ringing", "in-progress", "completed"]
    assert bot.statuses("CallStatus") == statuses


async def test_silence_goes_on_to_the_next_verb(town: PhoneTown, ana: Phone, bot: Bot) -> None:
    bot.answers["/voice"] = PAGE
    await call(town, Url=f"{bot.url}/voice")
    await ana.answer()

    assert await ana.stay_silent() == "Goodbye."
    assert ana.calls[-1].status == "completed"


async def test_an_empty_result_is_told_where_the_script_asks_for_it(
    town: PhoneTown, ana: Phone, bot: Bot
) -> None:
    gather = "<Gather finishOnKey='#' action='/key' actionOnEmptyResult='true'/>"
    bot.answers["/voice"] = f"<Response>{gather}</Response>"
    bot.answers["/key"] = "<Response><Redirect>/voice</Redirect></Response>"
    await call(town, Url=f"{bot.url}/voice")
    await ana.answer()
    await ana.stay_silent()
    await ana.press("42#")
    await ana.hang_up()

    assert [f["Digits"] for path, f in bot.forms if path == "/key"] == ["", "42"]


@pytest.mark.parametrize(
    ("act", "status"), [(Phone.let_ring, "no-answer"), (Phone.decline, "busy")]
)
async def test_a_call_that_is_not_taken_says_nothing(
    town: PhoneTown, ana: Phone, act: Callable[[Phone], Any], status: str
) -> None:
    await call(town, Twiml="<Response><Say>Secret</Say></Response>")
    await act(ana)

    assert (ana.calls[-1].status, ana.calls[-1].spoken) == (status, "")


async def test_a_voicemail_listens_but_never_presses(
    town: PhoneTown, ana: Phone, bot: Bot
) -> None:
    ana.voicemail = True
    bot.answers["/voice"] = PAGE.replace("<Say>Goodbye.</Say>", "<Redirect>/voice</Redirect>")
    made = await call(town, Url=f"{bot.url}/voice", MachineDetection="Enable")
    await town.pulse.settle()

    _, now = await ask(town, f"Calls/{made['sid']}.json")
    assert (now["status"], now["answered_by"]) == ("completed", "machine_start")
    assert "/key" not in [path for path, _ in bot.forms]
    assert town.pulse.surprises == []


async def test_a_script_that_cannot_be_fetched_ends_the_call_with_an_apology(
    town: PhoneTown, ana: Phone, bot: Bot
) -> None:
    bot.status = 404
    await call(town, Url=f"{bot.url}/voice")
    said = await ana.answer()

    assert "application error" in said
    assert len(town.pulse.surprises) == 2


async def test_in_real_time_a_silent_keypad_runs_out_by_itself(bot: Bot) -> None:
    town = PhoneTown(Pulse(real_time=True))
    await town.start()
    ana = town.add(ANA, "ana")
    script = "<Response><Gather timeout='0.05'/><Hangup/></Response>"
    await call(town, Twiml=script)
    await ana.answer()

    await town.pulse.until(lambda: ana.calls[-1].ended)
    await town.pulse.close()


def test_only_a_whole_message_is_a_keyword() -> None:
    words = {"Stop ": "STOP", "UNSTOP": "START", "please stop": "", "info": "HELP", "": ""}
    assert {body: keyword(body) for body in words} == words


def test_one_letter_outside_gsm_shortens_the_segment() -> None:
    lengths = [segments("a" * 160), segments("a" * 161), segments("ж" * 70), segments("ж" * 71)]
    assert lengths == [1, 2, 1, 2]
