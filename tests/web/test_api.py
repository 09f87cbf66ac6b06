"""The unmodified boto3 and AWS CLI at the wire door."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.core.errors import (
    ResourceNotFoundException,
)
from tests.web.clients import (
    CONTACT,
    INCIDENT,
    PLAN,
    STARTED,
    TOPIC,
    aws,
    call,
    client,
    status,
)
from tests.web.door import KEY, House


async def test_rest_json_carries_a_whole_incident(house: House, url: str) -> None:
    house.will("StartIncident", {"incidentRecordArn": INCIDENT})
    details = {"source": "me", "timestamp": STARTED, "rawData": "é\n"}

    answer = await call(
        url, "ssm-incidents", "start_incident", responsePlanArn=PLAN, triggerDetails=details
    )

    request = house.asked[0]
    assert answer["incidentRecordArn"] == INCIDENT
    assert answer["ResponseMetadata"]["RequestId"] == request.request_id
    assert STARTED - request.parameters["triggerDetails"]["timestamp"] < timedelta(seconds=1)
    assert request.parameters["triggerDetails"]["rawData"] == "é\n"
    assert len(request.parameters["clientToken"]) == 36
    assert request.caller.principal_arn == KEY.principal_arn
    assert (request.caller.door, request.caller.region) == ("api", "us-east-1")
    assert request.source == "127.0.0.1"


async def test_rest_json_answers_with_the_models_status(house: House, url: str) -> None:
    house.will("CreateReplicationSet", {"arn": PLAN})

    created = await call(
        url, "ssm-incidents", "create_replication_set", regions={"us-east-1": {}}
    )
    updated = await call(url, "ssm-incidents", "update_incident_record", arn=INCIDENT, impact=2)
    unbound = await call(
        url, "ssm-incidents", "delete_resource_policy", policyId="p", resourceArn=PLAN
    )

    assert (status(created), status(updated), status(unbound)) == (201, 204, 200)
    assert "content-type" not in updated["ResponseMetadata"]["HTTPHeaders"]


async def test_rest_json_reads_query_strings_paths_and_methods(house: House, url: str) -> None:
    house.will("GetTimelineEvent", {"event": _event()})
    house.will("ListTagsForResource", {"tags": {"team": "payments"}})

    event = await call(
        url,
        "ssm-incidents",
        "get_timeline_event",
        eventId="a b+c&d",
        incidentRecordArn=INCIDENT,
    )
    await call(url, "ssm-incidents", "delete_replication_set", arn=PLAN)
    await call(url, "ssm-incidents", "get_resource_policies", resourceArn=PLAN, maxResults=5)
    tags = await call(url, "ssm-incidents", "list_tags_for_resource", resourceArn=PLAN)
    await call(url, "ssm-incidents", "tag_resource", resourceArn=PLAN, tags={"a": "b"})
    await call(url, "ssm-incidents", "untag_resource", resourceArn=PLAN, tagKeys=["a", "b c"])

    assert event["event"]["eventTime"] == STARTED
    assert tags["tags"] == {"team": "payments"}
    assert [request.parameters for request in house.asked] == [
        {"eventId": "a b+c&d", "incidentRecordArn": INCIDENT},
        {"arn": PLAN},
        {"resourceArn": PLAN, "maxResults": 5},
        {"resourceArn": PLAN},
        {"resourceArn": PLAN, "tags": {"a": "b"}},
        {"resourceArn": PLAN, "tagKeys": ["a", "b c"]},
    ]


def _event() -> dict[str, Any]:
    return {
        "eventData": '"said"',
        "eventId": "e",
        "eventTime": STARTED,
        "eventType": "Note",
        "eventUpdatedTime": STARTED,
        "incidentRecordArn": INCIDENT,
    }


async def test_json_carries_documents_and_times_both_ways(house: House, url: str) -> None:
    engagement = {"EngagementArn": f"{CONTACT}/1", "ContactArn": CONTACT, "Sender": "me"}
    house.will("ListEngagements", {"Engagements": [{**engagement, "StartTime": STARTED}]})

    answer = await call(
        url, "ssm-contacts", "list_engagements", TimeRangeValue={"StartTime": STARTED}
    )
    empty = await call(url, "ssm-contacts", "delete_contact", ContactId=CONTACT)

    assert answer["Engagements"] == [{**engagement, "StartTime": STARTED}]
    asked = house.asked[0].parameters["TimeRangeValue"]["StartTime"]
    assert STARTED - asked < timedelta(seconds=1)
    assert status(empty) == 200


async def test_query_carries_lists_maps_and_blobs_and_answers_in_xml(
    house: House, url: str
) -> None:
    house.will("CreateTopic", {"TopicArn": TOPIC})
    house.will("ListTopics", {"Topics": [{"TopicArn": f"{TOPIC}<&>"}, {"TopicArn": TOPIC}]})
    house.will(
        "GetTopicAttributes", {"Attributes": {"DisplayName": "a\x0bé", "Owner": "1\r\n"}}
    )
    house.will("Publish", {"MessageId": "m"})
    attributes = {"kind": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}

    made = await call(
        url,
        "sns",
        "create_topic",
        Name="updates",
        Attributes={"DisplayName": "Up dates", "Policy": "{}"},
        Tags=[{"Key": f"k{n}", "Value": str(n)} for n in range(12)],
    )
    listed = await call(url, "sns", "list_topics")
    shown = await call(url, "sns", "get_topic_attributes", TopicArn=TOPIC)
    await call(url, "sns", "delete_topic", TopicArn=TOPIC)
    await call(
        url, "sns", "publish", TopicArn=TOPIC, Message="hi", MessageAttributes=attributes
    )

    assert made["TopicArn"] == TOPIC
    assert made["ResponseMetadata"]["RequestId"] == house.asked[0].request_id
    assert house.asked[0].parameters == {
        "Name": "updates",
        "Attributes": {"DisplayName": "Up dates", "Policy": "{}"},
        "Tags": [{"Key": f"k{n}", "Value": str(n)} for n in range(12)],
    }
    assert [topic["TopicArn"] for topic in listed["Topics"]] == [f"{TOPIC}<&>", TOPIC]
    assert shown["Attributes"] == {"DisplayName": "a\ufffdé", "Owner": "1\r\n"}
    assert house.asked[4].parameters["MessageAttributes"] == attributes


async def test_our_own_service_is_spoken_to_like_the_others(
    house: House, url: str, models: Path
) -> None:
    key = {"AccessKeyId": KEY.access_key_id, "UserName": "ana", "Status": "ACTIVE"}
    house.will("ListAccessKeys", {"AccessKeys": [{**key, "CreatedAt": STARTED}]})
    api = client(url, "imbot", models)

    answer = await asyncio.to_thread(api.list_access_keys)
    api.close()

    assert answer["AccessKeys"] == [{**key, "CreatedAt": STARTED}]


async def test_the_command_line_works_unmodified(house: House, url: str, models: Path) -> None:
    house.will("GetTimelineEvent", {"event": _event()})
    house.will("CreateContact", {"ContactArn": CONTACT})
    house.will("CreateTopic", {"TopicArn": TOPIC})
    house.will("TestPage", {"EngagementArn": f"{CONTACT}/1/2345"})
    plan = '{"Stages":[{"DurationInMinutes":5,"Targets":[]}]}'
    commands = [
        [
            "ssm-incidents",
            "get-timeline-event",
            "--event-id",
            "e",
            "--incident-record-arn",
            INCIDENT,
        ],
        [
            "ssm-contacts",
            "create-contact",
            "--alias",
            "ana",
            "--type",
            "PERSONAL",
            "--plan",
            plan,
        ],
        ["sns", "create-topic", "--name", "updates", "--tags", "Key=a,Value=b"],
        ["imbot", "test-page", "--contact-id", CONTACT],
    ]

    runs = [await aws(url, models, *command) for command in commands]

    assert [code for code, _, _ in runs] == [0, 0, 0, 0], runs
    assert json.loads(runs[0][1])["event"]["eventTime"] == STARTED.timestamp()
    assert json.loads(runs[1][1]) == {"ContactArn": CONTACT}
    assert house.asked[1].parameters["Plan"] == json.loads(plan)
    assert house.asked[1].caller.region == "eu-west-1"
    assert house.asked[2].parameters["Tags"] == [{"Key": "a", "Value": "b"}]


async def test_the_command_line_prints_refusals(house: House, url: str, models: Path) -> None:
    house.will("GetResponsePlan", ResourceNotFoundException("Response plan", PLAN))
    words = ("ssm-incidents", "get-response-plan", "--arn", PLAN)

    code, _, told = await aws(url, models, *words)

    assert code in (254, 255)
    assert "(ResourceNotFoundException) when calling the GetResponsePlan operation" in told
    assert f"Response plan {PLAN} does not exist." in told
