from __future__ import annotations

import pytest

from tests.harness import CONTACTS, TestHouse

TEAM = {"Key": "team", "Value": "payments"}


async def tags_of(house: TestHouse, arn: str) -> dict[str, str]:
    answer = await house.call(CONTACTS, "ListTagsForResource", ResourceARN=arn)
    return {tag["Key"]: tag["Value"] for tag in answer["Tags"]}


@pytest.mark.parametrize("kind", ["PERSONAL", "ESCALATION"])
async def test_a_contact_keeps_the_tags_of_its_creation_and_gets_others(
    house: TestHouse, kind: str
) -> None:
    arn = await house.has_contact(Type=kind, Tags=[TEAM])
    tags = [{"Key": "team", "Value": "search"}, {"Key": "floor", "Value": "3"}]
    await house.call(CONTACTS, "TagResource", ResourceARN=arn, Tags=tags)

    assert await tags_of(house, arn) == {"team": "search", "floor": "3"}


async def test_removing_a_tag_that_is_not_there_is_no_error(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    arn = await house.has_contact(Tags=[TEAM])
    for _ in range(2):
        keys = ["team", "floor"]
        await house.call(CONTACTS, "UntagResource", ResourceARN=arn, TagKeys=keys)

    assert await tags_of(house, arn) == {}


async def test_a_contact_has_at_most_fifty_tags(house: TestHouse) -> None:
    tags = [{"Key": f"tag-{number}", "Value": "x"} for number in range(50)]
    arn = await house.has_contact(Tags=tags)

    refusal = await house.refusal(CONTACTS, "TagResource", ResourceARN=arn, Tags=[TEAM])
    assert refusal.code == "ServiceQuotaExceededException"
    await house.call(CONTACTS, "TagResource", ResourceARN=arn, Tags=tags)
    assert len(await tags_of(house, arn)) == 50


@pytest.mark.parametrize(
    "tags",
    [
        [TEAM, TEAM],
        [{"Key": "team"}],
        [{"Key": "my team", "Value": "x"}],
        [{"Key": "team", "Value": ""}],
        [{"Key": "aws:team", "Value": "x"}],
    ],
    ids=["twice", "without value", "with a space", "empty", "reserved"],
)
async def test_a_tag_that_breaks_the_rules_is_refused(
    house: TestHouse, tags: list[dict[str, str]]
) -> None:
    arn = await house.has_contact()
    refusal = await house.refusal(CONTACTS, "TagResource", ResourceARN=arn, Tags=tags)

    assert refusal.code == "ValidationException"
    assert await tags_of(house, arn) == {}


async def test_only_contacts_that_live_bear_tags(house: TestHouse) -> None:
    arn = await house.has_contact(Tags=[TEAM])
    channel = await house.has_channel(arn)
    for wrong in (channel, "ana", arn.replace("ssm-contacts", "ssm-incidents")):
        refusal = await house.refusal(CONTACTS, "ListTagsForResource", ResourceARN=wrong)
        assert refusal.code == "ValidationException"

    await house.call(CONTACTS, "DeleteContact", ContactId=arn)
    refusal = await house.refusal(CONTACTS, "ListTagsForResource", ResourceARN=arn)
    assert refusal.code == "ResourceNotFoundException"
    assert await tags_of(house, await house.has_contact()) == {}
