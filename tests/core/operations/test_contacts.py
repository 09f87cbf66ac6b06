from __future__ import annotations

from typing import Any

import pytest

from bot.core.operations import contacts
from tests.harness import CONTACTS, TestHouse


def stages_of(*targets: dict[str, Any], minutes: int = 5) -> dict[str, Any]:
    return {"Stages": [{"DurationInMinutes": minutes, "Targets": list(targets)}]}


def channel_target(arn: str) -> dict[str, Any]:
    return {"ChannelTargetInfo": {"ContactChannelId": arn}}


def contact_target(arn: str) -> dict[str, Any]:
    return {"ContactTargetInfo": {"ContactId": arn, "IsEssential": True}}


async def test_a_created_contact_is_shown_as_it_was_given(house: TestHouse) -> None:
    arn = await house.has_contact("ana", DisplayName="Ana Lima")

    assert arn == "arn:aws:ssm-contacts:us-east-1:111122223333:contact/ana"
    assert await house.call(CONTACTS, "GetContact", ContactId=arn) == {
        "ContactArn": arn,
        "Alias": "ana",
        "DisplayName": "Ana Lima",
        "Type": "PERSONAL",
        "Plan": {"Stages": []},
    }


async def test_an_alias_is_borne_by_one_living_contact_only(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    arn = await house.has_contact("ana")

    refusal = await house.refusal(
        CONTACTS, "CreateContact", Alias="ana", Type="ESCALATION", Plan={"Stages": []}
    )

    assert refusal.code == "ConflictException"
    assert refusal.fields["resource_id"] == arn


async def test_an_alias_in_another_region_is_taken_too(house: TestHouse) -> None:
    arn = await house.has_contact("ana")
    house.acts_as(region="eu-west-1")

    refusal = await house.refusal(
        CONTACTS, "CreateContact", Alias="ana", Type="PERSONAL", Plan={}
    )

    assert refusal.code == "ConflictException"
    assert refusal.fields["resource_id"] == arn


async def test_a_deleted_contacts_alias_serves_again_without_its_pages(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    first = await house.has_person("ana")
    await house.engages(first)
    await house.call(CONTACTS, "DeleteContact", ContactId=first)
    gone = await house.refusal(CONTACTS, "GetContact", ContactId=first)

    second = await house.has_contact("ana")

    assert gone.code == "ResourceNotFoundException"
    assert second == first
    pages = await house.call(CONTACTS, "ListPagesByContact", ContactId=second)
    channels = await house.call(CONTACTS, "ListContactChannels", ContactId=second)
    assert pages["Pages"] == []
    assert channels["ContactChannels"] == []


async def test_a_page_of_a_deleted_contact_can_still_be_accepted(house: TestHouse) -> None:
    contact = await house.has_person("ana", minutes=5, retry=1)
    engagement = await house.engages(contact)
    await house.call(CONTACTS, "DeleteContact", ContactId=contact)
    await house.run_due(minutes=1)
    [page] = await house.pages_of(engagement)

    await house.call(
        CONTACTS,
        "AcceptPage",
        PageId=page["PageArn"],
        AcceptType="READ",
        AcceptCode=house.last_page().code,
    )

    receipts = await house.receipts_of(page["PageArn"])
    assert [each["ReceiptType"] for each in receipts] == ["ERROR", "DELIVERED", "READ"]
    assert "deleted" in receipts[0]["ReceiptInfo"]


async def test_listings_follow_the_aliases_and_both_filters(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    for alias in ("db_b", "dbxa", "db_a", "web"):
        await house.has_contact(alias)
    await house.has_contact("db_c", Type="ESCALATION")

    everybody = await house.call(CONTACTS, "ListContacts")
    people = await house.call(CONTACTS, "ListContacts", AliasPrefix="db_", Type="PERSONAL")

    assert sorted(each["Alias"] for each in everybody["Contacts"]) == sorted(
        ["db_a", "db_b", "db_c", "dbxa", "web"]
    )
    assert [each["Alias"] for each in people["Contacts"]] == ["db_a", "db_b"]


async def test_a_listing_in_slices_names_everybody_once(house_of_each_kind: TestHouse) -> None:
    house = house_of_each_kind
    aliases = [f"c-{number}" for number in range(7)]
    for alias in aliases:
        await house.has_contact(alias)

    seen: list[str] = []
    more: dict[str, Any] = {}
    for _ in range(4):
        answer = await house.call(CONTACTS, "ListContacts", MaxResults=2, **more)
        seen += [each["Alias"] for each in answer["Contacts"]]
        more = {"NextToken": answer.get("NextToken")}

    assert seen == aliases
    assert more == {"NextToken": None}


async def test_a_token_fits_only_its_own_listing(house: TestHouse) -> None:
    for alias in ("a-1", "a-2", "a-3"):
        await house.has_contact(alias)
    answer = await house.call(CONTACTS, "ListContacts", MaxResults=1)
    token = answer["NextToken"]

    for operation, more in (
        ("ListContacts", {"AliasPrefix": "a"}),
        ("ListEngagements", {}),
        ("ListContacts", {"NextToken": "x" + token[1:]}),
        ("ListContacts", {"NextToken": "AAAA"}),
    ):
        refusal = await house.refusal(CONTACTS, operation, **{"NextToken": token, **more})
        assert refusal.code == "ValidationException"


async def test_a_plan_of_a_person_names_that_persons_own_channels(house: TestHouse) -> None:
    ana, ben = await house.has_contact("ana"), await house.has_contact("ben")
    own = await house.has_channel(ana)
    others = await house.has_channel(ben, address="+12065550111")

    for target in (channel_target(others), channel_target(own + "x"), contact_target(ben)):
        refusal = await house.refusal(
            CONTACTS, "UpdateContact", ContactId=ana, Plan=stages_of(target)
        )
        assert refusal.code == "ValidationException"
    plan = stages_of(channel_target(own))
    await house.call(CONTACTS, "UpdateContact", ContactId=ana, Plan=plan)

    answer = await house.call(CONTACTS, "GetContact", ContactId=ana)
    assert answer["Plan"] == plan


async def test_a_target_that_was_deleted_may_stay_in_its_plan(house: TestHouse) -> None:
    ana = await house.has_contact("ana")
    channel = await house.has_channel(ana)
    plan = stages_of(channel_target(channel))
    await house.call(CONTACTS, "UpdateContact", ContactId=ana, Plan=plan)
    await house.call(CONTACTS, "DeleteContactChannel", ContactChannelId=channel)

    plan["Stages"][0]["DurationInMinutes"] = 7
    await house.call(CONTACTS, "UpdateContact", ContactId=ana, Plan=plan)

    refusal = await house.refusal(
        CONTACTS, "CreateContact", Alias="b", Type="PERSONAL", Plan=plan
    )
    assert refusal.code == "ValidationException"


async def test_an_escalation_plan_engages_people_and_no_escalation_plan(
    house: TestHouse,
) -> None:
    ana = await house.has_contact("ana")
    plan = await house.has_escalation_plan("on-call", ana)

    for target in (contact_target(plan), contact_target(ana + "x"), channel_target(ana)):
        refusal = await house.refusal(
            CONTACTS,
            "CreateContact",
            Alias="other",
            Type="ESCALATION",
            Plan=stages_of(target),
        )
        assert refusal.code == "ValidationException"


async def test_a_schedule_has_no_stages(house: TestHouse) -> None:
    ana = await house.has_contact("ana")

    refusal = await house.refusal(
        CONTACTS,
        "CreateContact",
        Alias="week",
        Type="ONCALL_SCHEDULE",
        Plan=stages_of(contact_target(ana)),
    )

    assert refusal.message == (
        "Invalid value provided - ONCALL SCHEDULE contact cannot have stages in plan"
    )


async def test_a_pause_lasts_a_minute_or_more(house: TestHouse) -> None:
    refusal = await house.refusal(
        CONTACTS, "CreateContact", Alias="ana", Type="PERSONAL", Plan=stages_of(minutes=0)
    )

    assert refusal.code == "ValidationException"


async def test_a_plan_of_eleven_stages_is_too_long(house: TestHouse) -> None:
    plan = {"Stages": [{"DurationInMinutes": 1, "Targets": []}] * 11}

    refusal = await house.refusal(
        CONTACTS, "CreateContact", Alias="ana", Type="PERSONAL", Plan=plan
    )

    assert refusal.code == "ServiceQuotaExceededException"
    assert refusal.fields["quota_code"] == "L-5AE11799"


async def test_an_account_holds_so_many_contacts(
    house: TestHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contacts, "MOST_CONTACTS", 2)
    await house.has_contact("a")
    gone = await house.has_contact("b")

    refusal = await house.refusal(
        CONTACTS, "CreateContact", Alias="c", Type="PERSONAL", Plan={}
    )
    await house.call(CONTACTS, "DeleteContact", ContactId=gone)
    await house.has_contact("c")

    assert refusal.fields["quota_code"] == "L-7DD2017D"
    assert refusal.fields["service_code"] == "ssm-contacts"


async def test_a_display_name_can_be_changed_and_removed(house: TestHouse) -> None:
    arn = await house.has_contact("ana", DisplayName="Ana")

    await house.call(CONTACTS, "UpdateContact", ContactId=arn, DisplayName="Ana L")
    renamed = await house.call(CONTACTS, "GetContact", ContactId=arn)
    await house.call(CONTACTS, "UpdateContact", ContactId=arn, DisplayName="")
    nameless = await house.call(CONTACTS, "GetContact", ContactId=arn)

    assert renamed["DisplayName"] == "Ana L"
    assert "DisplayName" not in nameless


async def test_a_tag_key_comes_once(house: TestHouse) -> None:
    tag = {"Key": "team", "Value": "db"}

    refusal = await house.refusal(
        CONTACTS, "CreateContact", Alias="a", Type="PERSONAL", Plan={}, Tags=[tag, tag]
    )

    assert refusal.code == "ValidationException"
