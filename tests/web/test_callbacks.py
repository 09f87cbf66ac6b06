"""Vendors' callbacks and mails' links, over HTTP on loopback."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from twilio.request_validator import RequestValidator

from bot.channels.sms import SmsChannel
from bot.channels.twilio_account import TwilioAccount
from bot.channels.voice import VoiceChannel
from bot.core.replies import Replies
from bot.core.store.contacts import ContactChannel
from bot.core.store.engagements import Engagement
from bot.core.store.executor import open_store
from bot.web.api import ApiDoor
from bot.web.callbacks import Callbacks
from bot.web.forms import LARGEST
from bot.web.health import Health
from bot.web.metrics import Metrics
from bot.web.routes import Doors, web_application
from tests.conftest import MASTER_KEY
from tests.harness import ACCOUNT, REGION, TestHouse, open_house

PUBLIC_URL = "https://bot.example.com"
TOKEN = "a-vendor-token"
ANAS_NUMBER = "+12065550100"
FORM = "application/x-www-form-urlencoded"


class Street:
    """The house, its web side, and a vendor who signs."""

    def __init__(self, house: TestHouse, session: aiohttp.ClientSession, url: str) -> None:
        self.house = house
        self._session = session
        self._url = url

    async def ask(
        self,
        method: str,
        path: str,
        data: bytes | str = b"",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str, Mapping[str, str]]:
        given = {"Content-Type": FORM, **(headers or {})}
        async with self._session.request(
            method, self._url + path, data=data, headers=given
        ) as answer:
            return answer.status, await answer.text(), answer.headers

    async def vendor_posts(self, path: str, **form: str) -> tuple[int, str]:
        signature = RequestValidator(TOKEN).compute_signature(PUBLIC_URL + path, form)
        status, text, _ = await self.ask(
            "POST", path, urlencode(form), {"X-Twilio-Signature": signature}
        )
        return status, text

    async def texts(self, body: str, sid: str = "SM1") -> tuple[int, str]:
        return await self.vendor_posts(
            "/twilio/sms", From=ANAS_NUMBER, Body=body, MessageSid=sid, Empty=""
        )

    async def is_acknowledged(self) -> bool:
        [row] = await self.house.rows(Engagement)
        return row.acknowledged_at is not None


def path_of(url: str | None) -> str:
    assert url is not None
    return url.removeprefix(PUBLIC_URL)


def application(
    house: TestHouse, session: aiohttp.ClientSession, public_url: str | None
) -> web.Application:
    account = TwilioAccount(session, "http://127.0.0.1:9", "AC1", TOKEN)
    replies = Replies(house.dispatcher, house.store, account_id=ACCOUNT, region=REGION)
    callbacks = Callbacks(
        replies,
        public_url=public_url,
        account=account,
        sms=SmsChannel(account, "+15005550006"),
        voice=VoiceChannel(account, "+15005550006"),
    )
    return web_application(
        Doors(
            api=ApiDoor(house.dispatcher),
            callbacks=callbacks,
            health=Health(house.store),
            metrics=Metrics(house.store, house.clock),
        )
    )


@pytest.fixture
async def street(sqlite_url: str) -> AsyncIterator[Street]:
    store = await open_store(sqlite_url, MASTER_KEY)
    async with open_house(store) as house, aiohttp.ClientSession() as session:
        house.is_reachable(PUBLIC_URL)
        server = TestServer(application(house, session, PUBLIC_URL), host="127.0.0.1")
        await server.start_server(access_log=None)
        yield Street(house, session, str(server.make_url("/")).rstrip("/"))
        await server.close()
    await store.close()


# Texts


async def test_a_signed_text_with_the_code_is_answered_in_words(street: Street) -> None:
    await street.house.engages(await street.house.has_person())

    status, text = await street.texts(street.house.last_page().code)

    assert status == 200
    assert "<Response><Message>Acknowledged. Thank you, ana.</Message></Response>" in text
    assert await street.is_acknowledged()


async def test_the_vendor_hears_no_message_where_none_is_due(street: Street) -> None:
    await street.house.has_person()

    assert "<Message>" not in (await street.texts("STOP"))[1]


@pytest.mark.parametrize("signature", [None, "", "bm90IGl0", "\u00e9"])
async def test_a_text_without_the_vendors_signature_is_refused(
    street: Street, signature: str | None
) -> None:
    await street.house.engages(await street.house.has_person())
    form = urlencode({"From": ANAS_NUMBER, "Body": street.house.last_page().code})
    headers = {} if signature is None else {"X-Twilio-Signature": signature}

    status, _, _ = await street.ask("POST", "/twilio/sms", form, headers)

    assert status == 403
    assert not await street.is_acknowledged()


async def test_a_signature_is_good_for_its_own_path_and_query_only(street: Street) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    signed = RequestValidator(TOKEN).compute_signature(PUBLIC_URL + "/twilio/status", form)

    for path in ("/twilio/status?page=1", "/twilio/sms"):
        status, _, _ = await street.ask(
            "POST", path, urlencode(form), {"X-Twilio-Signature": signed}
        )
        assert status == 403


async def test_no_callback_is_good_without_a_public_url(street: Street) -> None:
    async with aiohttp.ClientSession() as session:
        server = TestServer(application(street.house, session, None), host="127.0.0.1")
        await server.start_server()
        url = str(server.make_url("/")).rstrip("/")
        status, _ = await Street(street.house, session, url).texts("425440")
        await server.close()

    assert status == 403


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"a" * (LARGEST + 1), FORM, 413),
        (b"nothing", FORM, 400),
        (b"Body=%ff%fe", FORM, 400),
        ("Body=é".encode(), FORM, 400),
        (b"Body=1&Body=2", FORM, 400),
        (b"&".join(b"a%d=1" % n for n in range(300)), FORM, 400),
        (b'{"Body": "1"}', "application/json", 400),
    ],
)
async def test_a_malformed_form_gets_a_clear_refusal(
    street: Street, body: bytes, content_type: str, expected: int
) -> None:
    status, text, _ = await street.ask(
        "POST", "/twilio/sms", body, {"Content-Type": content_type}
    )

    assert status == expected
    assert text.strip()


async def test_a_body_without_a_length_is_cut_off_at_the_limit(street: Street) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(LARGEST // 1024 + 2):
            yield b"a" * 1024

    status, _, _ = await street.ask("POST", "/twilio/sms", endless())  # type: ignore[arg-type]

    assert status == 413


async def test_a_signed_form_that_is_no_text_is_refused(street: Street) -> None:
    assert (await street.vendor_posts("/twilio/sms", Hello="there"))[0] == 400
    assert (await street.vendor_posts("/twilio/status", Hello="there"))[0] == 400


# Calls


async def test_a_call_is_walked_from_the_prompt_to_the_thanks(street: Street) -> None:
    house = street.house
    await house.engages(await house.has_person("ana", "VOICE"), Subject="Jam & <bread>")
    path = path_of(house.last_page().voice_url)

    _, prompt = await street.vendor_posts(path, CallSid="CA1", CallStatus="in-progress")
    _, again = await street.vendor_posts(f"{path}?step=key", CallSid="CA1", Digits="5")
    assert not await street.is_acknowledged()
    _, thanks = await street.vendor_posts(f"{path}?step=key", CallSid="CA1", Digits="1")

    assert f'action="{PUBLIC_URL}{path}?step=key"' in prompt
    assert "Jam &amp; &lt;bread&gt;" in prompt
    assert "does nothing" in again
    assert "acknowledged" in thanks
    assert await street.is_acknowledged()


async def test_digits_in_the_first_request_press_nothing(street: Street) -> None:
    await street.house.engages(await street.house.has_person("ana", "VOICE"))
    path = path_of(street.house.last_page().voice_url)

    await street.vendor_posts(path, CallSid="CA1", Digits="1")

    assert not await street.is_acknowledged()


async def test_a_call_with_an_unknown_token_is_not_found(street: Street) -> None:
    assert (await street.vendor_posts("/twilio/voice/never-made", CallSid="CA1"))[0] == 404


async def test_a_busy_line_becomes_an_error_receipt_once(street: Street) -> None:
    house = street.house
    engagement = await house.engages(await house.has_person("ana", "VOICE"))
    path = path_of(house.last_page().status_url)

    for _ in range(2):
        answer = await street.vendor_posts(path, CallSid="CA1", CallStatus="busy")
        assert answer == (204, "")

    [page] = await house.pages_of(engagement)
    receipts = await house.receipts_of(page["PageArn"])
    assert [(r["ReceiptType"], r["ReceiptInfo"]) for r in receipts] == [
        ("ERROR", "The line was busy.")
    ]


async def test_a_status_for_a_page_that_is_none_is_passed_over(street: Street) -> None:
    for page in ("", "x", "%00", "01890a5d-ac96-774b-bcce-b302099a8057"):
        status, _ = await street.vendor_posts(
            f"/twilio/status?page={page}", MessageSid="SM1", MessageStatus="delivered"
        )
        assert status == 204


# Links in mails


async def test_only_the_post_of_a_mails_link_acknowledges(street: Street) -> None:
    await street.house.engages(await street.house.has_person("ana", "EMAIL"))
    path = path_of(street.house.last_page().ack_url)

    for method in ("GET", "HEAD", "OPTIONS"):
        await street.ask(method, path)
        await street.ask(method, f"{path}?acknowledge=1")
    assert not await street.is_acknowledged()
    status, text, _ = await street.ask("POST", path)

    assert status == 200
    assert "Acknowledged. Thank you, ana." in text
    assert await street.is_acknowledged()


async def test_the_page_is_escaped_small_and_kept_by_nobody(street: Street) -> None:
    house = street.house
    await house.engages(
        await house.has_person("ana", "EMAIL"), Subject="<script>alert(1)</script>"
    )

    _, text, headers = await street.ask("GET", path_of(house.last_page().ack_url))

    assert "&lt;script&gt;" in text
    assert "<script" not in text
    assert len(text) < 4000
    assert headers["Content-Security-Policy"].startswith(
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"
    )
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"


async def test_a_closed_page_has_no_button(street: Street) -> None:
    await street.house.engages(await street.house.has_person("ana", "EMAIL"))
    path = path_of(street.house.last_page().ack_url)
    await street.ask("POST", path)

    _, text, _ = await street.ask("GET", path)

    assert "<button" not in text
    assert "Already acknowledged by ana" in text


async def test_a_link_that_was_never_made_is_not_found(street: Street) -> None:
    for method in ("GET", "POST"):
        for path in ("/ack/" + "0" * 64, "/unsubscribe/" + "0" * 64, "/ack/x"):
            status, text, _ = await street.ask(method, path)
            assert status == 404
            assert "not known" in text


async def test_unsubscribing_takes_the_button(street: Street) -> None:
    house = street.house
    await house.engages(await house.has_person("ana", "EMAIL"))
    path = path_of(house.last_page().unsubscribe_url)

    await street.ask("GET", path)
    [row] = await house.rows(ContactChannel)
    assert row.opted_out_at is None
    await street.ask("POST", path)
    [row] = await house.rows(ContactChannel)
    assert row.opted_out_at is not None
    _, offer, _ = await street.ask("GET", path)
    await street.ask("POST", path, "again=1")
    [row] = await house.rows(ContactChannel)

    assert "Send a code" in offer
    assert (row.opted_out_at, row.is_activated) == (None, False)


# The rest of the house


async def test_health_and_metrics_are_told(street: Street) -> None:
    await street.house.engages(await street.house.has_person())

    assert (await street.ask("GET", "/healthz"))[0] == 200
    assert (await street.ask("GET", "/readyz"))[0] == 200
    _, text, headers = await street.ask("GET", "/metrics")

    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert 'imbot_outbox_waiting{lane="page"} 2.0' in text
    assert 'imbot_receipts{type="ERROR"} 0.0' in text
    assert "imbot_jobs_parked 0.0" in text


async def test_a_store_that_is_gone_is_not_ready(street: Street) -> None:
    await street.house.store.close()

    assert (await street.ask("GET", "/healthz"))[0] == 200
    assert (await street.ask("GET", "/readyz"))[0] == 503


async def test_what_no_route_takes_is_the_apis(street: Street) -> None:
    for path in ("/", "/tags/x", "/startIncident", "/twilio/other"):
        status, text, headers = await street.ask("POST", path, b"{}")
        assert status in {400, 403}
        assert "x-amzn-RequestId" in headers or "RequestId" in text


async def test_slack_without_settings_is_not_found(street: Street) -> None:
    assert (await street.ask("POST", "/slack/events", b"{}"))[0] == 404


async def test_the_log_names_routes_and_never_tokens_codes_or_numbers(
    street: Street, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="bot.access")
    house = street.house
    await house.engages(await house.has_person("ana", "EMAIL", "SMS"))
    code = house.last_page().code
    tokens = [
        path_of(url).rsplit("/", 1)[1]
        for message in house.messages
        for url in (getattr(message, "ack_url", None), message.unsubscribe_url)  # type: ignore[union-attr]
        if url
    ]

    await street.texts(code)
    for token in tokens:
        await street.ask("GET", f"/ack/{token}?secret=1")
        await street.ask("POST", f"/unsubscribe/{token}")

    said = caplog.text
    assert "POST twilio-sms 200" in said
    assert "GET ack" in said
    assert not any(secret in said for secret in (code, ANAS_NUMBER, "secret=1", *tokens))
