from __future__ import annotations

import json

import pytest

from bot.playground.slack import ANA, BEN
from tests.scenarios.chat import Chat
from tests.scenarios.world import PLAN, TITLE, World

LIST = "ssm-contacts list-contacts"


async def test_a_mention_starts_an_incident_and_is_answered_in_its_thread(
    world: World,
) -> None:
    await world.has_person("ana")
    await world.has_response_plan("ana")

    words = await Chat(world).answers(
        f"@aws ssm-incidents start-incident --response-plan-arn {PLAN}"
    )

    assert "incident-record/payments/" in words
    assert len(world.pages_on("ana")) == 1


async def test_a_slash_command_and_a_direct_message_do_the_same(
    chat: Chat, town_world: World
) -> None:
    await town_world.has_person("ana")

    for words in (await chat.slash(LIST), await chat.tells(ANA, LIST)):
        assert "1 contact." in words
        assert "contact/ana" in words


@pytest.mark.parametrize(
    "command",
    [
        "@aws ssm-contacts create-contact --alias eve --type PERSONAL --plan Stages=[]",
        "@aws ssm-contacts CreateContact --Alias eve --Type PERSONAL --Plan Stages=[]",
        "@aws ssm-contacts create-contact --alias=eve --type=PERSONAL --plan='{\"Stages\":[]}'",
        "@aws ssm-contacts create-contact —alias eve –type PERSONAL -plan Stages=[]",
        "@aws ssm-contacts create-contact --alias “eve” --type ‘PERSONAL’ --plan “{}”",
        "@aws ssm-contacts create-contact --alias eve --type PERSONAL "
        "--plan ```{\n  “Stages”: []\n}```",
        "*@aws* `ssm-contacts create-contact --alias eve --type PERSONAL --plan Stages=[]`",
    ],
)
async def test_a_command_is_read_as_people_and_phones_type_it(
    chat: Chat, town_world: World, command: str
) -> None:
    words = await chat.answers(command)

    assert "contact/eve" in words
    listed = await town_world.call("ssm-contacts", "ListContacts")
    assert [contact["Alias"] for contact in listed["Contacts"]] == ["eve"]


async def test_what_slack_makes_a_link_of_is_taken_as_typed(
    chat: Chat, town_world: World
) -> None:
    world = town_world
    arn = await world.has_contact("ana")

    await chat.answers(
        f"@aws ssm-contacts create-contact-channel --contact-id {arn} --name mail "
        "--type EMAIL --delivery-address SimpleAddress=ana@example.com"
    )

    channel = await world.channel_of("ana", "EMAIL")
    assert channel["DeliveryAddress"] == {"SimpleAddress": "ana@example.com"}


async def test_what_slack_escapes_is_taken_as_typed(chat: Chat, town_world: World) -> None:
    title = 'p99 > 3 s & "slow" <checkout>, see https://example.com/d?a=1&b=2'
    await town_world.has_response_plan()

    await chat.answers(
        f"@aws ssm-incidents start-incident --response-plan-arn {PLAN} --title '{title}'"
    )
    await chat.slash(
        f"ssm-incidents start-incident --response-plan-arn {PLAN} --title '{title}'"
    )

    assert [one["title"] for one in await town_world.incidents()] == [title, title]


async def test_an_event_that_slack_delivers_four_times_has_one_effect_and_one_answer(
    world: World,
) -> None:
    await world.has_response_plan()

    said = await Chat(world).hears(
        f"@aws ssm-incidents start-incident --response-plan-arn {PLAN}", copies=3
    )
    world.town.slack.redeliver()
    await world.settle()

    assert len(said) == 1
    assert len(Chat(world).shown()) == 1
    assert len(await world.incidents()) == 1


async def test_a_forged_or_stale_request_of_slacks_is_refused(
    chat: Chat, town_world: World
) -> None:
    door = town_world.town.slack.server.door
    body = json.dumps({"type": "url_verification", "challenge": "c"})
    stale = door.signed(body, timestamp=int(town_world.clock.now().timestamp()) - 400)
    forged = door.signed(body) | {"X-Slack-Signature": "v0=" + "0" * 64}
    client = town_world.town.pulse.client

    for headers in (stale, forged, {}):
        async with client.post(
            f"{town_world.url}/slack/events",
            data=body,
            headers={"Content-Type": "application/json", **headers},
        ) as answer:
            assert answer.status == 401
    assert await chat.slack.verify_url()


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("@aws ssm-contact list-contacts", "ssm-contacts"),
        ("@aws ssm-contacts list-contcats", "list-contacts"),
        ("@aws ssm-contacts list-contacts --max-result 5", "--max-results"),
        ("@aws tset-page ana", "test-page"),
        ("@aws hlep", "help"),
    ],
)
async def test_a_typing_error_is_answered_by_a_suggestion(
    chat: Chat, typed: str, hint: str
) -> None:
    words = await chat.answers(typed)

    assert "Did you mean" in words
    assert hint in words


async def test_missing_parameters_are_named_all_at_once(chat: Chat) -> None:
    words = await chat.answers("@aws ssm-contacts create-contact --alias eve")

    assert "--type" in words
    assert "--plan" in words
    assert "--alias" not in words


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("@aws start-incident paymets", "does not exist. Did you mean `payments`?"),
        (
            "@aws start-incident elsewhere",
            "does not exist. There is the response plan `payments`.",
        ),
        ("@aws start-incident", "a name or an ARN.\nThere is the response plan `payments`."),
        ("@aws test-page anna", "does not exist. Did you mean `ana`?"),
        ("@aws get-contact nobody", "does not exist. There are the contacts `ana`, `bob`."),
        ("@aws calendar primary", "does not exist. There is no rotation yet."),
    ],
)
async def test_who_names_nothing_or_what_is_not_there_is_told_what_there_is(
    chat: Chat, town_world: World, typed: str, names: str
) -> None:
    for name in ("ana", "bob"):
        await town_world.has_contact(name)
    await town_world.has_response_plan()

    assert names in (await chat.answers(typed)).replace("*", "")


async def test_an_incident_starts_by_its_plan_s_name_alone(
    chat: Chat, town_world: World
) -> None:
    await town_world.has_response_plan()

    assert "incident-record/payments/" in await chat.answers("@aws start-incident payments")


async def test_what_is_not_answered_yet_says_so_in_one_sentence(chat: Chat) -> None:
    words = await chat.answers("@aws chatbot list-custom-actions")

    assert words.startswith("✗ chatbot ListCustomActions is not answered by this version.")


@pytest.mark.parametrize("typed", ["@aws", "@aws help", "@aws ssm-incidents help", "@aws ?"])
async def test_help_is_never_far(chat: Chat, typed: str) -> None:
    assert "help" in await chat.answers(typed)


async def test_every_operation_of_the_models_is_offered(chat: Chat) -> None:
    words = await chat.answers("@aws ssm-contacts help")

    for command in ("create-contact", "list-page-receipts", "create-rotation", "tag-resource"):
        assert f"`{command}`" in words


async def test_the_help_of_a_command_shows_its_options(chat: Chat) -> None:
    words = await chat.answers("@aws ssm-incidents start-incident --help")

    assert "--response-plan-arn" in words
    assert "required" in words


async def test_a_query_picks_from_the_answer(chat: Chat, town_world: World) -> None:
    await town_world.has_contact("ana")

    words = await chat.answers(f"@aws {LIST} --query 'Contacts[].Alias'")

    assert "ana" in words
    assert "arn:aws" not in words


async def test_a_query_that_picks_nothing_says_so(chat: Chat) -> None:
    assert "picks nothing" in await chat.answers(f"@aws {LIST} --query 'Contact[0].Alias'")


async def test_a_short_answer_is_folded_in_and_a_long_one_attached(
    chat: Chat, town_world: World
) -> None:
    await town_world.has_contact("ana")
    assert '"Alias": "ana"' in await chat.answers(f"@aws {LIST}")

    for number in range(30):
        await town_world.has_contact(f"person-{number}")
    said = await chat.hears(f"@aws {LIST}")

    answer, attached = said
    assert "31 contacts." in answer.words
    assert "and 11 more, in the full answer" in answer.words
    assert "The full answer is attached" in answer.words
    (file_id,) = attached.files
    whole = json.loads(chat.slack.workspace.files[file_id].content)
    assert len(whole["Contacts"]) == 31


async def test_a_long_text_is_never_cut_silently(chat: Chat, town_world: World) -> None:
    summary = "Cards are declined. " * 390
    arn = await town_world.has_response_plan()
    await town_world.call(
        "ssm-incidents",
        "UpdateResponsePlan",
        arn=arn,
        incidentTemplateSummary=summary,
    )

    said = await chat.hears(f"@aws ssm-incidents get-response-plan --arn {arn}")

    (file_id,) = said[-1].files
    assert summary in chat.slack.workspace.files[file_id].content.decode()


async def test_no_file_or_address_named_in_a_value_is_read(chat: Chat) -> None:
    words = await chat.answers(
        "@aws ssm-contacts create-contact --alias eve --type PERSONAL --plan file:///etc/passwd"
    )

    assert "no file is read here" in words
    assert "root:" not in words


async def test_unknown_arns_are_told_in_words(chat: Chat) -> None:
    words = await chat.answers(
        "@aws ssm-contacts get-contact --contact-id "
        "arn:aws:ssm-contacts:us-east-1:111122223333:contact/nobody"
    )

    assert "does not exist" in words
    assert "ResourceNotFoundException" in words


async def test_a_test_page_reaches_every_channel_and_shows_receipts_as_they_come(
    chat: Chat, town_world: World
) -> None:
    world = town_world
    await world.has_person("ana", "SMS", "EMAIL", "VOICE")

    said = await chat.hears("@aws test-page ana", user=BEN)
    await world.phone("ana").decline()
    await world.advance(minutes=2)

    assert "[TEST]" in world.phone("ana").texts[-1]
    assert world.town.mailbox.mails[-1].subject.startswith("[TEST]")
    assert "Test page to ana" in said[0].words
    last = chat.shown()[-1].words
    for line in ("→ *SMS*", "✓ *SMS*", "→ *EMAIL*", "✗ *VOICE*", "busy"):
        assert line in last
    assert TITLE not in last


async def test_a_test_page_that_waits_for_its_turn_has_not_failed(
    chat: Chat, town_world: World
) -> None:
    await town_world.has_person("ana", "EMAIL")

    await chat.hears("@aws test-page ana")
    await town_world.advance(seconds=5)
    await chat.hears("@aws test-page ana")
    await town_world.advance(seconds=5)

    last = chat.shown()[-1].words
    assert "… *EMAIL* Waiting until " in last
    assert "✗" not in last


async def test_a_test_page_to_nobody_says_so(chat: Chat, town_world: World) -> None:
    await town_world.has_contact("ana")

    assert "None of the contact's channels is activated" in await chat.answers(
        "@aws test-page ana"
    )
    assert "does not exist" in await chat.answers("@aws test-page nobody")
    assert "Name one contact" in await chat.answers("@aws test-page")
