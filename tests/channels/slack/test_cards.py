from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.channels.slack import cards
from bot.channels.slack.blocks import code, context
from bot.channels.slack.cards import Card
from tests.channels.slack.test_blocks import judged

AT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
ARN = "arn:aws:ssm-incidents::111122223333:incident-record/payments/0198"
ROLE = "arn:aws:sts::111122223333:assumed-role"
ANA = "arn:aws:ssm-contacts:us-east-1:111122223333:contact/ana"
RECORD = {
    "arn": ARN,
    "title": "Payments <are> failing",
    "impact": 2,
    "status": "OPEN",
    "creationTime": AT,
    "summary": "The error rate is 40 %.",
}


def shown(card: Card) -> str:
    judged(*card.blocks)
    return json.dumps(card.blocks, ensure_ascii=False)


def test_an_open_incident_can_be_resolved_with_its_button() -> None:
    people = [
        {"name": "Ana", "state": "acknowledged", "at": "2026-01-05T12:03:04+00:00"},
        {"name": "Ben", "state": "engaged", "at": "2026-01-05T12:00:00+00:00"},
        {"name": "Cleo", "state": "engaged", "at": "2026-01-05T12:00:00+00:00"},
        {"name": "Dan", "state": "failed", "at": "2026-01-05T12:02:00+00:00"},
        {"name": "Eve", "state": "stopped", "at": "2026-01-05T12:03:04+00:00"},
    ]
    card = cards.incident_card(RECORD, people=people)

    buttons = next(b for b in card.blocks if b["type"] == "actions")["elements"]
    assert {one["value"] for one in buttons} == {ARN}
    assert [one["action_id"] for one in buttons] == [
        "acknowledge_incident",
        "engage_someone",
        "update_incident",
        "add_event",
        "resolve_incident",
    ]
    for word in ("2 (High)", "Open", "2026-01-05 12:00:00 UTC", "40 %"):
        assert word in shown(card)
    texts = [item["text"] for item in card.blocks[1]["fields"]]
    assert texts[3:] == [
        "*Engaged*\nBen, Cleo",
        "*Acknowledged by*\nAna (12:03:04)",
        "*Not reached*\nDan",
        "*Not needed any more*\nEve",
    ]
    assert card.blocks[-1] == context(code(ARN))
    assert card.text == "Payments &lt;are&gt; failing · High"


def test_a_resolved_incident_has_no_button() -> None:
    card = cards.incident_card({**RECORD, "status": "RESOLVED", "resolvedTime": AT})

    assert all(block["type"] != "actions" for block in card.blocks)
    assert "Resolved" in shown(card)
    assert "(resolved)" in card.text


def test_an_incident_shows_its_latest_events() -> None:
    recent = [
        {"eventType": "Note", "eventTime": f"2026-01-05T12:00:0{n}+00:00", "eventData": f"n{n}"}
        for n in range(8, -1, -1)
    ]
    text = shown(cards.incident_card(RECORD, recent=recent))

    assert "12:00:08 *Note* n8\\n12:00:07 *Note* n7" in text
    assert "n4" in text
    assert "n3" not in text


def test_a_long_event_does_not_hide_the_others() -> None:
    recent = [{"eventType": "Note", "eventData": "x<" * 9000}] * 4
    text = shown(cards.incident_card(RECORD, recent=[*recent, {"eventType": "Last"}]))

    assert "*Last*" in text


def test_instants_may_be_texts() -> None:
    record = {**RECORD, "status": "RESOLVED", "creationTime": "2026-01-05T13:00:00+01:00"}
    text = shown(cards.incident_card({**record, "resolvedTime": "2026-01-05T12:30:00Z"}))

    assert "2026-01-05 12:00:00 UTC" in text
    assert "2026-01-05 12:30:00 UTC" in text


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        (
            "SSM Incident Trigger",
            {"createdIncident": True, "incidentSource": "aws.ssm-incidents.custom"},
            "Triggered by `aws.ssm-incidents.custom`.",
        ),
        (
            "SSM Incident Trigger",
            {"createdIncident": False, "incidentSource": "aws.cloudwatch"},
            "Triggered again by `aws.cloudwatch`; added to this open incident.",
        ),
        (
            "SSM Incident Start",
            {"incidentTitle": "Down", "contactsEngage": [{"contactArn": ANA}]},
            "Incident started: *Down*. Engaging ana.",
        ),
        (
            "SSM Incident Record Update",
            {
                "modifiedBy": "arn:aws:iam::111122223333:user/ops",
                "modifiedAttributes": [
                    {"attributeName": "status", "newValue": "RESOLVED"},
                    {"attributeName": "impact", "newValue": "1"},
                ],
            },
            "Changed by ops. Status: *RESOLVED*, Impact: *1 (Critical)*",
        ),
        (
            "SSM Incident Record Update",
            {
                "modifiedBy": f"{ROLE}/imbot-responder/T0123ABCD-U0ANA000001",
                "modifiedAttributes": [{"attributeName": "title", "newValue": "Down"}],
            },
            "Changed by <@U0ANA000001>. Title: *Down*",
        ),
        (
            "SSM Incident Record Update",
            {
                "modifiedBy": f"{ROLE}/role-of-a-channel/T0123ABCD-U0ANA000001",
                "modifiedAttributes": [{"attributeName": "title", "newValue": "Down"}],
            },
            "Changed by <@U0ANA000001>. Title: *Down*",
        ),
        (
            "SSM Incident Record Update",
            {
                "modifiedBy": f"{ROLE}/deploys/TEAM-USER",
                "modifiedAttributes": [{"attributeName": "title", "newValue": "Down"}],
            },
            "Changed by TEAM-USER. Title: *Down*",
        ),
        (
            "SSM Incident Record Update",
            {
                "modifiedBy": f"{ROLE}/deploys/ci",
                "modifiedAttributes": [{"attributeName": "title", "newValue": "Down"}],
            },
            "Changed by ci. Title: *Down*",
        ),
        ("SSM Contacts Page for Incident", {"contactArn": ANA}, "Paging *Ana*."),
        (
            "SSM Contacts Page Acknowledgement for Incident",
            {"contactArn": ANA},
            "✓ *Ana* acknowledged.",
        ),
        (
            "SSM Contacts Engagement Unreachable for Incident",
            {"contactArn": ANA},
            "✗ *ana* could not be reached.",
        ),
        (
            "SSM Contacts Engagement Stop for Incident",
            {"contactArn": ANA},
            "Paging *ana* was stopped.",
        ),
        (
            "SSM Incident Action Refused",
            {"operation": "StartEngagement", "reason": "No <plan>.", "contactArn": ANA},
            "✗ Start engagement of *ana* was refused: No &lt;plan&gt;.",
        ),
        ("Custom Event", "Rolled <back>", "*Custom Event* Rolled &lt;back&gt;"),
    ],
)
def test_a_timeline_event_is_said_in_a_sentence(kind: str, data: Any, expected: str) -> None:
    names = {ANA: "Ana"} if "Contacts Page" in kind else {}

    entry = cards.timeline_entry({"eventType": kind, "eventData": json.dumps(data)}, names)

    assert entry == expected


def test_event_data_that_is_no_json_is_shown_as_it_is() -> None:
    event = {"eventType": "Note", "eventData": "{not json"}

    assert cards.timeline_entry(event) == "*Note* {not json"
    assert cards.timeline_entry({"eventType": "New Kind", "eventData": "{}"}) == "*New Kind* "


def test_an_empty_answer_says_what_was_done() -> None:
    card = cards.command_result("ssm-contacts", "UpdateContact", {}, request={"ContactId": ANA})

    assert card.text == "Contact ana updated."
    assert card.attachment is None


def test_a_list_shows_each_entry_and_the_way_to_the_next() -> None:
    contacts = [{"ContactArn": ANA, "Alias": "ana", "DisplayName": "Ana", "Type": "PERSONAL"}]
    card = cards.command_result(
        "ssm-contacts", "ListContacts", {"Contacts": contacts, "NextToken": "abc"}
    )

    assert card.text == "1 contact."
    assert "*ana* · PERSONAL" in shown(card)
    assert "--next-token abc" in shown(card)
    assert json.dumps(ANA) in card.blocks[-2]["text"]["text"]


@pytest.mark.parametrize(
    ("operation", "result", "expected"),
    [
        ("ListContacts", {"Contacts": []}, "No contacts."),
        ("ListIncidentRecords", {"incidentRecordSummaries": [RECORD]}, "1 incident record."),
        ("GetIncidentRecord", {"incidentRecord": RECORD}, "Payments &lt;are&gt; failing"),
        ("CreateContact", {"ContactArn": ANA}, "Contact ana created."),
        (
            "DescribePage",
            {"PageArn": "arn:x::::page/a/1", "SentTime": AT},
            "Describe page",
        ),
        ("ListPages", ["a", "b"], "2 results"),
        ("GetContact", "ana", "Get contact"),
    ],
)
def test_any_answer_is_a_card_with_a_headline(
    operation: str, result: Any, expected: str
) -> None:
    card = cards.command_result("service", operation, result, request={"Alias": "ana"})

    assert card.text == expected
    shown(card)


def test_a_long_answer_is_attached_whole_and_says_so() -> None:
    contacts = [{"ContactArn": f"{ANA}-{n}", "Alias": f"ana-{n}"} for n in range(200)]
    result = {"Contacts": contacts}

    card = cards.command_result("ssm-contacts", "ListContacts", result)

    assert card.attachment is not None
    assert json.loads(card.attachment) == result
    assert "The full answer is attached" in shown(card)
    assert "180 more" in shown(card)


def test_notes_on_how_a_command_was_read_are_kept() -> None:
    notes = ["Read --tpye as --type.", "Region us-east-1."]

    text = shown(cards.command_result("s", "GetContact", {"Alias": "ana"}, notes=notes))

    assert all(note in text for note in notes)


def test_a_problem_names_the_way_out() -> None:
    card = cards.problem_card("There is no option --tpye.", "Did you mean --type?")

    assert "Did you mean --type?" in shown(card)


def test_the_offer_of_a_replication_set_is_one_button() -> None:
    card = cards.replication_set_offer("us-east-1")

    button = card.blocks[1]["elements"][0]
    assert (button["action_id"], button["value"]) == ("create_replication_set", "us-east-1")
    assert """--regions '{"us-east-1": {}}'""" in card.text
    shown(card)


def test_help_of_any_length_is_a_message_that_slack_takes() -> None:
    shown(cards.help_card("Commands", [f"line {n} " + "x" * 100 for n in range(300)]))


def test_a_test_page_shows_each_channel() -> None:
    receipts = [("phone", "SENT", ""), ("mail", "", ""), ("call", "ERROR", "Nobody answered.")]

    text = shown(cards.test_page_card("ana", receipts))

    for word in ("→ *phone* SENT", "… *mail* on its way", "✗ *call* ERROR Nobody answered."):
        assert word in text
    assert "nothing was sent" in shown(cards.test_page_card("ana", []))


def test_an_acknowledgement_says_who_and_what() -> None:
    assert "*Ana* acknowledged *Down*." in shown(cards.acknowledged_card("Ana", "Down"))


def test_a_card_of_an_incident_that_reached_nobody_says_so_first() -> None:
    card = cards.incident_card(RECORD, nobody_reached=True)

    assert "Nobody could be reached." in card.text
    assert "Nobody could be reached." in card.blocks[1]["text"]["text"]
