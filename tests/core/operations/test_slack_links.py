"""Links from contacts to Slack users: who may make, confirm and end them."""

from __future__ import annotations

from typing import Any

from bot.core.channel import DirectPage, LinkRequest
from bot.core.store.contacts import Contact
from bot.core.store.engagements import Engagement
from bot.core.store.slack_links import DirectMessage, SlackLink
from bot.core.store.work import Job, Outbox
from tests.harness import ACCOUNT, CONTACTS, TestHouse

IMBOT = "imbot"
USER = "U0ANA000001"


def as_user(house: TestHouse, user: str = USER, rights: str = "contact") -> None:
    principal = f"arn:aws:sts::{ACCOUNT}:assumed-role/imbot-linked/T1-{user}"
    house.acts_as(principal_arn=principal, door="slack", rights=rights)


async def linked(house: TestHouse, contact: str, *, is_confirmed: bool = True) -> None:
    await house.call(IMBOT, "LinkSlackUser", ContactId=contact, SlackUserId=USER)
    if is_confirmed:
        as_user(house)
        await house.call(IMBOT, "ConfirmSlackLink", ContactId=contact, ConversationId="D0ANA")
        house.acts_as()


def directs(house: TestHouse) -> list[DirectPage]:
    return [one for one in house.messages if isinstance(one, DirectPage)]


async def link_of(house: TestHouse, contact: str) -> dict[str, Any]:
    return dict((await house.call(IMBOT, "GetSlackLink", ContactId=contact))["SlackLink"])


async def test_a_link_is_pending_until_its_user_confirms_it(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    ana = await house.has_person("ana")
    await linked(house, ana, is_confirmed=False)

    [asked] = [one for one in house.messages if isinstance(one, LinkRequest)]
    assert (asked.address, asked.contact_name, asked.asked_by) == (USER, "ana", "ana")
    assert (await link_of(house, ana))["Status"] == "PENDING"
    await house.engages(ana)
    assert directs(house) == []

    refusal = await house.refusal(
        IMBOT, "ConfirmSlackLink", ContactId=ana, ConversationId="D0ANA"
    )
    assert refusal.code == "AccessDeniedException"
    await linked(house, ana)
    assert (await link_of(house, ana))["Status"] == "ACTIVE"
    await house.engages(ana)
    [page] = directs(house)
    assert (page.address, page.subject) == ("D0ANA", "It burns")


async def test_asking_again_asks_only_who_has_not_confirmed(house: TestHouse) -> None:
    ana = await house.has_person("ana")
    await linked(house, ana, is_confirmed=False)
    await linked(house, ana)
    await linked(house, ana, is_confirmed=False)

    assert len([one for one in house.messages if isinstance(one, LinkRequest)]) == 2
    assert len(await house.rows(SlackLink)) == 1


async def test_a_contact_is_linked_to_one_user_and_must_be_a_person(house: TestHouse) -> None:
    ana = await house.has_person("ana")
    plan = await house.has_contact("on-call", Type="ESCALATION")
    await linked(house, ana)

    other = await house.refusal(IMBOT, "LinkSlackUser", ContactId=ana, SlackUserId="U0BEN")
    none = await house.refusal(IMBOT, "LinkSlackUser", ContactId=plan, SlackUserId="U0BEN")

    assert (other.code, none.code) == ("ConflictException", "ValidationException")


async def test_responders_link_nobody_and_strangers_end_nothing(house: TestHouse) -> None:
    ana = await house.has_person("ana")
    await linked(house, ana)
    as_user(house, "U0EVE", "responder")

    for operation, more in (
        ("LinkSlackUser", {"SlackUserId": "U0EVE"}),
        ("UnlinkSlackUser", {}),
    ):
        refusal = await house.refusal(IMBOT, operation, ContactId=ana, **more)
        assert refusal.code == "AccessDeniedException"


async def test_an_id_that_ends_like_the_users_is_another_user(house: TestHouse) -> None:
    ana = await house.has_person("ana")
    await linked(house, ana, is_confirmed=False)
    as_user(house, f"U{USER}")

    refusal = await house.refusal(
        IMBOT, "ConfirmSlackLink", ContactId=ana, ConversationId="D0ANA"
    )

    assert refusal.code == "AccessDeniedException"


async def test_a_deleted_contact_leaves_no_link_to_whoever_bears_its_alias(
    house: TestHouse,
) -> None:
    ana = await house.has_person("ana")
    await linked(house, ana)
    await house.call(CONTACTS, "DeleteContact", ContactId=ana)
    again = await house.has_contact("ana")
    await house.engages(again)

    assert await house.rows(SlackLink) == []
    assert directs(house) == []
    refusal = await house.refusal(IMBOT, "GetSlackLink", ContactId=again)
    assert refusal.code == "ResourceNotFoundException"


async def test_an_unlinked_contact_costs_no_row(house: TestHouse) -> None:
    ana = await house.has_person("ana")
    engagement = await house.engages(ana)
    await house.call(CONTACTS, "StopEngagement", EngagementId=engagement)

    assert await house.rows(DirectMessage) == []
    assert await house.rows(Job, task="draw_direct_message") == []
    [row] = await house.rows(Engagement)
    assert row.slack_link_key is None


async def test_the_direct_message_leaves_with_the_first_page_and_only_then(
    house: TestHouse,
) -> None:
    ana = await house.has_person("ana", minutes=2, retry=1)
    await linked(house, ana)
    await house.engages(ana)
    await house.run_due(minutes=1)
    await house.run_due(minutes=5)

    assert len(house.pages()) == 2
    assert len(directs(house)) == 1
    [row] = [one for one in await house.rows(Outbox) if one.message["kind"] == "direct_page"]
    assert (row.lane, row.medium) == ("page", "slack")


async def test_an_engagement_is_acknowledged_by_its_contact_without_a_code(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    ana = await house.has_person("ana")
    plan = await house.has_escalation_plan("on-call", ana)
    above = await house.engages(plan)
    [own] = [one for one in await house.rows(Engagement) if one.arn != above]

    house.acts_as(principal_arn=f"{ana}x", rights="contact", door="reply")
    stranger = await house.refusal(IMBOT, "AcknowledgeEngagement", EngagementId=own.arn)
    house.acts_as(principal_arn=ana, rights="contact", door="reply")
    await house.call(IMBOT, "AcknowledgeEngagement", EngagementId=own.arn, Note="by SLACK")
    await house.call(IMBOT, "AcknowledgeEngagement", EngagementId=own.arn)
    house.acts_as()

    assert stranger.code == "AccessDeniedException"
    assert {one.acknowledged_by for one in await house.rows(Engagement)} == {ana}
    [page] = await house.pages_of(own.arn)
    receipts = await house.receipts_of(page["PageArn"])
    assert [one["ReceiptType"] for one in receipts] == ["DELIVERED", "READ"]
    refusal = await house.refusal(IMBOT, "AcknowledgeEngagement", EngagementId=above)
    assert refusal.code == "ValidationException"


async def test_who_is_reachable_names_links_that_do_not_work(house: TestHouse) -> None:
    ana = await house.has_person("ana")
    await linked(house, ana, is_confirmed=False)

    found = await house.call(IMBOT, "ListUnreachable")

    [doubt] = found["Doubts"]
    assert (doubt["Arn"], doubt["Type"]) == (ana, "PERSONAL")
    assert "has not confirmed" in doubt["Reason"]


async def test_a_deleted_account_leaves_neither_links_nor_messages(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    ana = await house.has_person("ana")
    await linked(house, ana)
    await house.engages(ana)
    [arn] = (await house.call("ssm-incidents", "ListReplicationSets"))["replicationSetArns"]
    await house.call("ssm-incidents", "DeleteReplicationSet", arn=arn)
    await house.run_due(seconds=1)

    assert await house.rows(Contact) == []
    assert await house.rows(SlackLink) == []
    assert await house.rows(DirectMessage) == []


async def test_an_unlinked_contact_bears_no_link(house: TestHouse) -> None:
    ana = await house.has_person("ana")
    await linked(house, ana)
    await house.call(IMBOT, "UnlinkSlackUser", ContactId=ana)
    await house.engages(ana)

    [contact] = await house.rows(Contact)
    assert contact.slack_link_key is None
    assert directs(house) == []
    assert (await house.call(IMBOT, "ListSlackLinks"))["SlackLinks"] == []
