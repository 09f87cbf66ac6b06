"""What is asked twice of ssm-contacts: by a token, by a tag, by a code."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.scenarios.test_conformity import ALWAYS
from tests.scenarios.test_refusals_of_contacts import refusal
from tests.scenarios.wire import Api
from tests.scenarios.world import World, code_in, contact_arn


@pytest.fixture
async def api(world: World) -> AsyncIterator[Api]:
    """On either store: tokens and tags are where they could differ."""
    opened = Api(world)
    yield opened
    opened.close()


async def test_a_token_makes_one_thing_of_each_kind_and_other_words_are_a_conflict(
    api: Api,
) -> None:
    now = api.world.clock.now().replace(microsecond=0)
    await api.world.has_person("ana")
    ana = contact_arn("ana")
    rotation = await api.contacts(
        "create_rotation", Name="r", ContactIds=[ana], TimeZoneId="UTC", Recurrence=ALWAYS
    )
    mail = {"SimpleAddress": "second@example.com"}
    asked: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        (
            "create_contact",
            {"Alias": "ben", "Type": "PERSONAL", "Plan": {"Stages": []}},
            {"Alias": "cleo"},
        ),
        (
            "create_contact_channel",
            {"ContactId": ana, "Name": "second", "Type": "EMAIL", "DeliveryAddress": mail},
            {"Name": "third"},
        ),
        (
            "create_rotation",
            {"Name": "one", "ContactIds": [ana], "TimeZoneId": "UTC", "Recurrence": ALWAYS},
            {"Name": "two"},
        ),
        (
            "create_rotation_override",
            {
                "RotationId": rotation["RotationArn"],
                "NewContactIds": [],
                "StartTime": now,
                "EndTime": now + timedelta(hours=1),
            },
            {"EndTime": now + timedelta(hours=2)},
        ),
        (
            "start_engagement",
            {"ContactId": ana, "Sender": "s", "Subject": "x", "Content": "y"},
            {"Content": "z"},
        ),
    ]
    for method, given, other in asked:
        answers = [
            {name: value for name, value in answer.items() if name != "ResponseMetadata"}
            for answer in [
                await api.contacts(method, **given, IdempotencyToken="a+/=_-Z9") for _ in "ab"
            ]
        ]
        assert answers[0] == answers[1], method
        found = await refusal(api, method, **{**given, **other}, IdempotencyToken="a+/=_-Z9")
        assert found.code == "ConflictException", method
    for token in ("no blanks", "a.b", "x" * 2049):
        found = await refusal(api, "create_contact", **asked[0][1], IdempotencyToken=token)
        assert found.code == "ValidationException"
    listed = await api.contacts("list_contacts")
    assert [one["Alias"] for one in listed["Contacts"]] == ["ana", "ben"]
    assert len((await api.contacts("list_engagements"))["Engagements"]) == 1


async def test_tags_are_put_again_without_a_change_and_removed_twice_without_an_error(
    api: Api,
) -> None:
    await api.world.has_contact("ana")
    made = await api.contacts(
        "create_rotation",
        Name="r",
        ContactIds=[contact_arn("ana")],
        TimeZoneId="UTC",
        Recurrence=ALWAYS,
        Tags=[{"Key": "team", "Value": "payments Zürich @ 1"}],
    )
    for resource in (contact_arn("ana"), made["RotationArn"]):
        tags = [{"Key": f"k{number}", "Value": "v"} for number in range(49)]
        for _ in range(2):
            await api.contacts("tag_resource", ResourceARN=resource, Tags=tags)
        more = [{"Key": "x", "Value": "1"}, {"Key": "y", "Value": "2"}]
        found = await refusal(api, "tag_resource", ResourceARN=resource, Tags=more)
        assert found.code == "ServiceQuotaExceededException"
        assert found.answer["QuotaCode"]
        for wrong in ("aws:x", "AWS:x", "a b", "", "k" * 129):
            given = [{"Key": wrong, "Value": "v"}]
            with pytest.raises(Exception, match=r"Validation|length"):
                await api.contacts("tag_resource", ResourceARN=resource, Tags=given)
        for _ in range(2):
            keys = [tag["Key"] for tag in tags]
            await api.contacts("untag_resource", ResourceARN=resource, TagKeys=keys)
        await api.contacts("tag_resource", ResourceARN=resource, Tags=[])
        await api.contacts("untag_resource", ResourceARN=resource, TagKeys=[])
    left = await api.contacts("list_tags_for_resource", ResourceARN=made["RotationArn"])
    assert left["Tags"] == [{"Key": "team", "Value": "payments Zürich @ 1"}]


async def test_a_channel_is_activated_by_its_last_code_only_and_again_after_being_turned_off(
    api: Api,
) -> None:
    await api.world.has_contact("ana")
    phone = api.world.phone("ana")
    made = await api.contacts(
        "create_contact_channel",
        ContactId=contact_arn("ana"),
        Name="phone",
        Type="SMS",
        DeliveryAddress={"SimpleAddress": phone.number},
        DeferActivation=True,
    )
    channel = {"ContactChannelId": made["ContactChannelArn"]}
    assert phone.texts == [], "it was put off"
    for _ in range(2):
        await api.contacts("send_activation_code", **channel)
    first, second = (code_in(text) for text in phone.texts)

    if first != second:
        found = await refusal(api, "activate_contact_channel", **channel, ActivationCode=first)
        assert found.code == "ValidationException"
    await api.contacts("activate_contact_channel", **channel, ActivationCode=second)
    shown = await api.contacts("get_contact_channel", **channel)
    assert shown["ActivationStatus"] == "ACTIVATED"
    await api.contacts("deactivate_contact_channel", **channel)
    await api.contacts("deactivate_contact_channel", **channel)
    found = await refusal(api, "activate_contact_channel", **channel, ActivationCode=second)
    assert found.code == "ValidationException"
    shown = await api.contacts("get_contact_channel", **channel)
    assert shown["ActivationStatus"] == "NOT_ACTIVATED"
