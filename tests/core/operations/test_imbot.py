from __future__ import annotations

import re

from tests.harness import CONTACTS, TestHouse

IMBOT = "imbot"


async def test_a_test_page_tries_every_activated_channel_at_once(house: TestHouse) -> None:
    contact = await house.has_contact("ana")
    await house.has_channel(contact, "SMS")
    await house.has_channel(contact, "EMAIL")
    await house.has_channel(contact, "VOICE", "+12065550111", is_activated=False)

    answer = await house.call(IMBOT, "TestPage", ContactId=contact)

    pages = house.pages()
    assert sorted(page.address for page in pages) == ["+12065550100", "ana@example.com"]
    assert all(page.is_test and "test" in page.public_subject.lower() for page in pages)
    assert len(await house.pages_of(answer["EngagementArn"])) == 2
    shown = await house.call(CONTACTS, "GetContact", ContactId=contact)
    assert shown["Plan"] == {"Stages": []}


async def test_a_test_page_needs_a_person_with_an_activated_channel(house: TestHouse) -> None:
    plan = await house.has_contact("on-call", Type="ESCALATION")
    ana = await house.has_contact("ana")
    await house.has_channel(ana, is_activated=False)

    for contact in (plan, ana):
        refusal = await house.refusal(IMBOT, "TestPage", ContactId=contact)
        assert refusal.code == "ValidationException"


async def test_a_key_works_until_it_is_revoked(house_of_each_kind: TestHouse) -> None:
    house = house_of_each_kind
    made = await house.call(IMBOT, "CreateAccessKey", UserName="ben")
    key_id = made["AccessKeyId"]
    known = await house.dispatcher.credential(key_id)
    await house.call(IMBOT, "RevokeAccessKey", AccessKeyId=key_id)
    await house.call(IMBOT, "RevokeAccessKey", AccessKeyId=key_id)

    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", key_id)
    assert len(made["SecretAccessKey"]) == 40
    assert made["PrincipalArn"] == "arn:aws:iam::111122223333:user/ben"
    assert known is not None
    assert (known.secret, known.principal_arn) == (
        made["SecretAccessKey"],
        made["PrincipalArn"],
    )
    house.has_media("sms")  # another process, which has not seen the key before
    assert await house.dispatcher.credential(key_id) is None
    [listed] = (await house.call(IMBOT, "ListAccessKeys"))["AccessKeys"]
    assert (listed["AccessKeyId"], listed["Status"]) == (key_id, "REVOKED")


async def test_a_user_has_two_active_keys_at_most(house: TestHouse) -> None:
    first = await house.call(IMBOT, "CreateAccessKey", UserName="ben")
    await house.call(IMBOT, "CreateAccessKey", UserName="ben")

    refusal = await house.refusal(IMBOT, "CreateAccessKey", UserName="ben")
    await house.call(IMBOT, "RevokeAccessKey", AccessKeyId=first["AccessKeyId"])
    await house.call(IMBOT, "CreateAccessKey", UserName="ben")

    assert refusal.code == "ServiceQuotaExceededException"


async def test_an_unknown_key_cannot_be_revoked(house: TestHouse) -> None:
    refusal = await house.refusal(IMBOT, "RevokeAccessKey", AccessKeyId="AKIA" + "A" * 16)

    assert refusal.code == "ResourceNotFoundException"


async def test_responders_learn_nothing_of_keys(house: TestHouse) -> None:
    house.acts_as(rights="responder")

    for operation, more in (("ListAccessKeys", {}), ("CreateAccessKey", {"UserName": "b"})):
        refusal = await house.refusal(IMBOT, operation, **more)
        assert refusal.code == "AccessDeniedException"
