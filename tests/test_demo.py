from __future__ import annotations

import aiohttp
import pytest

from bot.demo import Hand, open_demo
from bot.playground.slack import ANA, INCIDENTS


async def test_the_demo_is_furnished_and_its_page_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SMTP_USERNAME", "a setting that is not the demo's")
    async with open_demo() as demo:
        hand = Hand(demo.app)
        people = await hand.do("ssm-contacts", "ListContacts")
        assert {each["Alias"]: each["Type"] for each in people["Contacts"]} == {
            "ana": "PERSONAL",
            "ben": "PERSONAL",
            "cleo": "PERSONAL",
            "payments-on-call": "ESCALATION",
        }
        for each in people["Contacts"]:
            if each["Type"] == "PERSONAL":
                channels = await hand.do(
                    "ssm-contacts", "ListContactChannels", ContactId=each["ContactArn"]
                )
                found = {c["Type"]: c["ActivationStatus"] for c in channels["ContactChannels"]}
                assert found == dict.fromkeys(("SMS", "EMAIL", "VOICE"), "ACTIVATED")
        plan = await hand.do("ssm-incidents", "GetResponsePlan", arn=demo.plan_arn)
        assert plan["chatChannel"]["chatbotSns"]

        async with aiohttp.ClientSession() as session, session.get(demo.url) as answer:
            assert answer.status == 200
            assert "imbot playground" in await answer.text()
        assert demo.town.surprises == []


async def test_what_the_furnishing_caused_is_out_of_sight() -> None:
    async with open_demo() as demo:
        seen = demo.town.snapshot()
        assert seen["mails"] == []
        assert [phone["texts"] + phone["calls"] for phone in seen["phones"]] == [[], [], []]
        assert demo.town.slack.channel(INCIDENTS).messages == []


async def test_a_port_that_is_taken_is_not_insisted_on() -> None:
    async with open_demo() as first:
        taken = int(first.url.rpartition(":")[2])
        async with open_demo(port=taken) as second:
            assert second.url != first.url


async def test_ana_is_linked_to_her_slack_user() -> None:
    async with open_demo() as demo:
        found = await Hand(demo.app).do("imbot", "ListSlackLinks")

        [link] = found["SlackLinks"]
        assert (link["SlackUserId"], link["Status"]) == (ANA, "ACTIVE")
        assert demo.town.slack.posts(demo.town.slack.dm(ANA)) == []
