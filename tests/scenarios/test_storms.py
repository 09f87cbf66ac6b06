"""Many incidents at once: nobody is told more often than the limits say, nothing is lost."""

from __future__ import annotations

from typing import Any

from tests.scenarios.chat import Chat
from tests.scenarios.links import follow, link_in
from tests.scenarios.world import PLAN, World, code_in, contact_arn


async def breaks_out(world: World, *titles: str) -> None:
    """Start an incident of each title, in the same second."""
    for title in titles:
        await world.call("ssm-incidents", "StartIncident", responsePlanArn=PLAN, title=title)


async def has_storm(world: World, medium: str, *titles: str, **more: int) -> None:
    """Ana is paged by that medium, and incidents of these titles start at once."""
    await world.has_person("ana", medium, **{"minutes": 30, **more})
    await world.has_response_plan("ana")
    await breaks_out(world, *titles)


def texts_on(world: World, name: str = "ana") -> list[str]:
    """The texts of pages, oldest first."""
    return [text for text in world.phone(name).texts if "UNSUBSCRIBE" in text][1:]


async def pages_of(world: World, name: str = "ana") -> list[dict[str, Any]]:
    """Oldest first."""
    listed = await world.call(
        "ssm-contacts", "ListPagesByContact", ContactId=contact_arn(name), MaxResults=1000
    )
    return list(reversed(listed["Pages"]))


async def unread(world: World, name: str = "ana") -> int:
    return len([page for page in await pages_of(world, name) if "ReadTime" not in page])


async def test_a_burst_is_one_text_at_once_and_one_for_all_others_after_20_seconds(
    world: World,
) -> None:
    titles = [f"Burst {number:02}" for number in range(40)]

    await has_storm(world, "SMS", *titles)
    [first] = texts_on(world)
    assert first.startswith("Burst 00\n")
    await world.advance(seconds=19)
    assert len(texts_on(world)) == 1
    await world.advance(seconds=1)

    [_, bundle] = texts_on(world)
    assert bundle.startswith("39 incidents, newest: Burst 39; Burst 38; ")
    assert bundle.endswith(f"\nReply {code_in(bundle)} for all, UNSUBSCRIBE to stop.")
    assert len(bundle) <= 160
    pages = await pages_of(world)
    assert len(pages) == 40
    assert all("SentTime" in page for page in pages)
    await world.advance(minutes=20)
    assert len(texts_on(world)) == 2


async def test_the_code_of_a_bundle_acknowledges_each_of_its_pages(world: World) -> None:
    await has_storm(world, "SMS", "A", "B", "C", "D")
    await world.advance(seconds=20)
    [first, bundle] = texts_on(world)

    await world.replies("ana", code_in(bundle))

    assert world.phone("ana").texts[-1] == "Acknowledged all 3. Thank you, Ana."
    assert await unread(world) == 1
    await world.replies("ana", code_in(bundle))
    assert world.phone("ana").texts[-1].startswith("Already acknowledged by Ana at ")
    await world.replies("ana", code_in(first))
    assert world.phone("ana").texts[-1] == "Acknowledged. Thank you, Ana."
    assert await unread(world) == 0


async def test_a_page_that_waits_alone_leaves_as_if_it_had_not_waited(
    town_world: World,
) -> None:
    world = town_world
    await has_storm(world, "SMS", "A", "B")

    await world.advance(seconds=20)

    [first, second] = texts_on(world)
    assert second == first.replace("A", "B", 1).replace(code_in(first), code_in(second))
    await world.replies("ana", code_in(second))
    assert await unread(world) == 1


async def test_what_waits_says_until_when_and_why(town_world: World) -> None:
    world = town_world
    await has_storm(world, "SMS", "A", "B")

    [(kind, info)] = [r for r in await world.receipts_of("ana") if "Waiting" in r[1]]

    until = f"{world.clock.later(seconds=20):%H:%M:%S} UTC"
    assert kind == "ERROR"
    assert info == (
        f"Waiting until {until}: one text in 20 seconds goes to a contact channel. "
        "It leaves then, with whatever else waits for it."
    )


async def test_what_somebody_took_while_it_waited_is_not_sent(world: World) -> None:
    await has_storm(world, "SMS", "A", "B", "C", "D")
    taken = (await pages_of(world))[1]
    await world.call(
        "ssm-contacts",
        "AcceptPage",
        PageId=taken["PageArn"],
        AcceptType="READ",
        AcceptCode="000000",
        AcceptCodeValidation="IGNORE",
    )

    await world.advance(seconds=20)

    [_, bundle] = texts_on(world)
    assert bundle.startswith("2 incidents, newest: D; C\n")
    receipts = await world.call("ssm-contacts", "ListPageReceipts", PageId=taken["PageArn"])
    assert receipts["Receipts"][-1]["ReceiptInfo"].startswith("Not sent: acknowledged by ")


async def test_what_was_stopped_while_it_waited_keeps_nobody_else_waiting(
    town_world: World,
) -> None:
    world = town_world
    await has_storm(world, "SMS", "A", "B")
    [second] = [one for one in await world.incidents() if one["title"] == "B"]
    await world.call(
        "ssm-incidents", "UpdateIncidentRecord", arn=second["arn"], status="RESOLVED"
    )

    await world.advance(seconds=25)
    await breaks_out(world, "C")

    assert [text.split("\n")[0] for text in texts_on(world)] == ["A", "C"]


async def test_the_first_page_of_an_incident_goes_before_repeats(town_world: World) -> None:
    world = town_world
    await has_storm(world, "SMS", "A", retry=1)
    await world.advance(seconds=50)
    await breaks_out(world, "B")
    await world.advance(seconds=60)  # B was sent again just now, and A comes in 10 seconds
    await breaks_out(world, "C")

    await world.advance(seconds=20)

    firsts = [text.split("\n")[0] for text in texts_on(world)]
    assert firsts == ["A", "B", "A", "B", "2 incidents, newest: C; A"]


async def test_a_call_joins_what_waited_for_100_seconds_and_key_1_takes_all(
    town_world: World,
) -> None:
    world = town_world
    await has_storm(world, "VOICE", "Payments are failing", "Disk full", "No DNS")
    await world.phone("ana").answer()
    await world.presses("ana", "1")
    assert await unread(world) == 2

    await world.advance(seconds=99)
    assert world.phone("ana").call is None
    await world.advance(seconds=1)

    said = await world.phone("ana").answer()
    assert "with 2 incidents" in said
    assert said.index("No DNS") < said.index("Also: Disk full.")
    assert "Press 1 to acknowledge all 2." in said
    assert "All 2 are acknowledged." in await world.presses("ana", "1")
    assert await unread(world) == 0


async def test_a_mail_says_all_that_waited_and_its_button_takes_all(
    town_world: World,
) -> None:
    world = town_world
    await has_storm(world, "EMAIL", "A", "Payments", "Disk & DNS")

    await world.advance(seconds=20)

    mail = world.town.mailbox.to("ana@example.com")[-1]
    assert mail.subject == "2 incidents, newest: Disk & DNS"
    for title in ("Payments", "Disk & DNS"):
        assert f"* {title}\r\n" in mail.text
        assert title.replace("&", "&amp;") in mail.html
    assert mail.text.count("Cards are declined.") == 2
    link = link_in(mail, "ack")
    status, shown = await follow(world, link)
    assert status == 200
    assert "2 pages to Ana" in shown
    assert "Acknowledge all 2" in shown
    assert await unread(world) == 3
    _, words = await follow(world, link, "POST")
    assert "Acknowledged all 2. Thank you, Ana." in words
    assert await unread(world) == 1


async def test_a_code_typed_in_chat_takes_the_whole_bundle(
    town_world: World, chat: Chat
) -> None:
    world = town_world
    await has_storm(world, "SMS", "A", "B", "C")
    await world.advance(seconds=20)

    answer = await chat.answers(f"@aws ack {code_in(texts_on(world)[-1])}")

    assert "Acknowledged 2 of 2 pages to Ana." in str(answer)
    assert await unread(world) == 1


async def test_what_becomes_of_a_bundle_is_in_the_receipts_of_each_page(world: World) -> None:
    await has_storm(world, "SMS", "A", "B", "C")
    await world.advance(seconds=20)

    for page in (await pages_of(world))[1:]:
        listed = await world.call("ssm-contacts", "ListPageReceipts", PageId=page["PageArn"])
        kinds = [receipt["ReceiptType"] for receipt in listed["Receipts"]]
        assert kinds[0] == "ERROR"
        assert sorted(kinds[1:]) == ["DELIVERED", "SENT"]


async def test_what_waited_while_nobody_was_awake_leaves_at_once_afterwards(
    world: World,
) -> None:
    await has_storm(world, "SMS", "A", "B", "C")

    await world.sleep_through(minutes=3)

    assert texts_on(world)[-1].startswith("2 incidents, newest: C; B\n")
    await breaks_out(world, "D", "E")
    assert len(texts_on(world)) == 2
    await world.advance(seconds=20)
    assert texts_on(world)[-1].startswith("2 incidents, newest: E; D\n")


async def test_two_people_do_not_wait_for_one_another(town_world: World) -> None:
    world = town_world
    await world.has_person("ana", "SMS")
    await world.has_person("ben", "SMS")
    await world.has_response_plan("ana", "ben")

    await breaks_out(world, "A", "B")

    assert [len(texts_on(world, name)) for name in ("ana", "ben")] == [1, 1]
    await world.advance(seconds=20)
    assert [len(texts_on(world, name)) for name in ("ana", "ben")] == [2, 2]
