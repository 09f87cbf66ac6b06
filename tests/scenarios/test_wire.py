from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.registry import handlers
from tests.scenarios import tour
from tests.scenarios.wire import Api, Refused, aws, send
from tests.scenarios.world import PLAN, TITLE, World, contact_arn, open_world

JSON_1_1 = "application/x-amz-json-1.1"


async def refusal(api: Api, service: str, method: str, **parameters: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await api.call(service, method, **parameters)
    return caught.value


def target(operation: str) -> dict[str, str]:
    return {"X-Amz-Target": f"SSMContacts.{operation}", "Content-Type": JSON_1_1}


async def test_boto3_makes_a_tour_of_every_operation_that_is_answered(
    database_url: str,
) -> None:
    async with open_world(database_url, has_replication_set=False) as world:
        api = Api(world)
        await tour.set_up_regions(api)
        topic = await tour.link_a_topic(api)
        contact, channel = await tour.hire_ana(api)
        await tour.put_ana_on_call(api, contact)
        await tour.page_ana(api, contact)
        await tour.run_an_incident(api, contact, topic)
        await tour.dismiss_ana(api, contact, channel)
        await tour.unlink_topics(api, topic)
        await tour.take_regions_down(api)
        api.close()

    assert api.asked == {one for one in handlers if one[0] != "imbot"}


async def test_the_aws_cli_runs_an_incident(town_world: World, tmp_path: Path) -> None:
    world = town_world
    await world.has_person("ana")

    code, topic = await aws(world, tmp_path, "sns", "create-topic", "--name", "cli")
    assert (code, topic["TopicArn"].endswith(":cli")) == (0, True)
    template = json.dumps({"title": TITLE, "impact": 1})
    code, _ = await aws(
        world,
        tmp_path,
        *("ssm-incidents", "create-response-plan", "--name", "payments"),
        *("--incident-template", template, "--engagements", contact_arn("ana")),
    )
    assert code == 0
    code, started = await aws(
        world, tmp_path, "ssm-incidents", "start-incident", "--response-plan-arn", PLAN
    )
    assert code == 0
    assert len(world.pages_on("ana")) == 1
    code, record = await aws(
        world,
        tmp_path,
        *("ssm-incidents", "get-incident-record"),
        *("--arn", started["incidentRecordArn"], "--query", "incidentRecord.status"),
    )
    assert (code, record) == (0, "OPEN")


async def test_the_aws_cli_pages_through_a_list_and_prints_refusals(
    town_world: World, tmp_path: Path
) -> None:
    world = town_world
    for name in ("ana", "ben", "cleo"):
        await world.has_contact(name)

    code, listed = await aws(
        world, tmp_path, "ssm-contacts", "list-contacts", "--page-size", "1"
    )
    assert (code, len(listed["Contacts"])) == (0, 3)

    code, complaint = await aws(
        world, tmp_path, "ssm-contacts", "get-contact", "--contact-id", contact_arn("nobody")
    )
    assert code != 0
    assert "(ResourceNotFoundException) when calling the GetContact operation" in complaint


async def test_lists_come_in_pages_that_neither_miss_nor_repeat(api: Api) -> None:
    for number in range(7):
        await api.world.has_contact(f"person-{number}")

    seen: list[str] = []
    token: dict[str, str] = {}
    for _ in range(4):
        listed = await api.contacts("list_contacts", MaxResults=2, **token)
        seen += [one["Alias"] for one in listed["Contacts"]]
        token = {"NextToken": listed["NextToken"]} if "NextToken" in listed else {}

    assert token == {}
    assert seen == [f"person-{number}" for number in range(7)]
    wrong = await refusal(api, "ssm-contacts", "list_contacts", NextToken="no such token")
    assert wrong.code == "ValidationException"


async def test_an_idempotency_token_is_honoured_for_a_day(api: Api) -> None:
    await api.world.has_response_plan()
    token = "a-client-token-of-some-length"

    one = await api.incidents("start_incident", responsePlanArn=PLAN, clientToken=token)
    same = await api.incidents("start_incident", responsePlanArn=PLAN, clientToken=token)
    other = await refusal(
        api,
        "ssm-incidents",
        "start_incident",
        responsePlanArn=PLAN,
        clientToken=token,
        impact=5,
    )

    assert one["incidentRecordArn"] == same["incidentRecordArn"]
    assert (other.code, other.status) == ("ConflictException", 409)
    await api.world.sleep_through(hours=25)
    later = await api.incidents("start_incident", responsePlanArn=PLAN, clientToken=token)
    assert later["incidentRecordArn"] != one["incidentRecordArn"]


async def test_a_token_sent_many_times_at_once_has_one_effect(world: World) -> None:
    await world.has_response_plan()
    api = Api(world)
    api.client("ssm-incidents")

    answers = await asyncio.gather(
        *(
            api.incidents("start_incident", responsePlanArn=PLAN, clientToken="once-only-0001")
            for _ in range(8)
        )
    )
    api.close()

    assert len({answer["incidentRecordArn"] for answer in answers}) == 1
    assert len(await world.incidents()) == 1


async def test_each_service_spells_its_errors_its_own_way(api: Api) -> None:
    arn = "arn:aws:ssm-incidents::111122223333:response-plan/nothing"

    missing = await refusal(api, "ssm-incidents", "get_response_plan", arn=arn)
    assert (missing.status, missing.code) == (404, "ResourceNotFoundException")
    assert missing.answer["resourceIdentifier"] == arn

    missing = await refusal(api, "ssm-contacts", "get_contact", ContactId=contact_arn("nobody"))
    assert (missing.status, missing.code) == (400, "ResourceNotFoundException")
    assert missing.answer["ResourceId"] == contact_arn("nobody")

    invalid = await refusal(api, "sns", "create_topic", Name="no spaces, please")
    assert (invalid.status, invalid.code) == (400, "InvalidParameter")
    assert invalid.answer["Error"]["Type"] == "Sender"


async def test_what_the_models_forbid_is_refused_with_every_fault(api: Api) -> None:
    body = {"Alias": "NO BLANKS", "Type": "ROBOT", "Plan": {"Stages": [{"Targets": 5}]}}

    status, headers, text = await send(
        api.world, "ssm-contacts", json.dumps(body).encode(), headers=target("CreateContact")
    )

    assert status == 400
    assert json.loads(text)["__type"].endswith("ValidationException")
    assert headers["x-amzn-RequestId"]
    status, _, text = await send(
        api.world,
        "ssm-contacts",
        json.dumps(body | {"Plan": {"Stages": []}}).encode(),
        headers=target("CreateContact"),
    )
    message = json.loads(text)["Message"]
    assert "2 validation errors detected" in message
    assert ("alias" in message.lower(), "type" in message.lower()) == (True, True)


@pytest.mark.parametrize("minutes", [-6, 6, -600])
async def test_a_signature_of_another_time_is_refused(town_world: World, minutes: int) -> None:
    status, _, text = await send(
        town_world,
        "ssm-contacts",
        b"{}",
        headers=target("ListContacts"),
        at=datetime.now(UTC) + timedelta(minutes=minutes),
    )

    assert status == 403
    assert "Signature" in text


async def test_a_clock_that_is_four_minutes_off_is_good_enough(town_world: World) -> None:
    for minutes in (-4, 4):
        status, _, _ = await send(
            town_world,
            "ssm-contacts",
            b"{}",
            headers=target("ListContacts"),
            at=datetime.now(UTC) + timedelta(minutes=minutes),
        )
        assert status == 200


async def test_wrong_signatures_are_refused_and_change_nothing(town_world: World) -> None:
    body = json.dumps({"Alias": "eve", "Type": "PERSONAL", "Plan": {"Stages": []}}).encode()
    forged = {"secret": "another secret"}, {"altered": body.replace(b"eve", b"eva")}

    for wrong in forged:
        status, _, text = await send(
            town_world, "ssm-contacts", body, headers=target("CreateContact"), **wrong
        )
        assert (status, "Signature" in text) == (403, True)
    async with town_world.town.pulse.client.post(town_world.url + "/", data=body) as answer:
        assert answer.status == 403

    assert (await town_world.call("ssm-contacts", "ListContacts"))["Contacts"] == []


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"Alias": "eve", "Alias"}',
        b"[" * 5000,
        b'{"Alias": NaN}',
        b"",
    ],
)
async def test_malformed_bodies_get_a_clear_error(town_world: World, body: bytes) -> None:
    status, _, text = await send(
        town_world, "ssm-contacts", body, headers=target("CreateContact")
    )

    assert status == 400
    assert json.loads(text)["__type"]
    assert (await town_world.call("ssm-contacts", "ListContacts"))["Contacts"] == []


async def test_a_body_over_the_limit_is_refused_and_the_next_request_answered(
    town_world: World,
) -> None:
    body = json.dumps({"Alias": "x" * 1_100_000}).encode()

    status, _, _ = await send(town_world, "ssm-contacts", body, headers=target("CreateContact"))
    assert status == 413
    status, _, _ = await send(town_world, "ssm-contacts", b"{}", headers=target("ListContacts"))
    assert status == 200


async def test_control_characters_come_back_as_they_went_in_or_are_refused(
    api: Api,
) -> None:
    name = "Tab\tline\nend 😀 \u202e"
    await api.world.has_contact("ana")

    await api.contacts("update_contact", ContactId=contact_arn("ana"), DisplayName="Añá ok")
    shown = await api.contacts("get_contact", ContactId=contact_arn("ana"))
    assert shown["DisplayName"] == "Añá ok"
    refused = await refusal(
        api, "ssm-contacts", "update_contact", ContactId=contact_arn("ana"), DisplayName=name
    )
    assert refused.code == "ValidationException"

    await api.world.has_response_plan()
    started = await api.incidents("start_incident", responsePlanArn=PLAN, title=name)
    record = await api.incidents("get_incident_record", arn=started["incidentRecordArn"])
    assert record["incidentRecord"]["title"] == name


async def test_what_is_not_answered_says_so_in_the_services_form(api: Api) -> None:
    refused = await refusal(api, "chatbot", "list_custom_actions")

    assert "not answered" in refused.message
