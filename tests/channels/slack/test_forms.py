from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.slack import forms
from bot.playground.slack_actions import view_state
from bot.playground.slack_limits import view_faults

ARN = "arn:aws:ssm-incidents::111122223333:incident-record/payments/0198"
ABOUT = {"channel": "C1", "incident": ARN, "version": 3}
texts = st.text(max_size=3200)


def contact(number: int, name: str = "Ana") -> dict[str, Any]:
    arn = f"arn:aws:ssm-contacts:us-east-1:111122223333:contact/c{number}"
    return {"ContactArn": arn, "Alias": f"c{number}", "DisplayName": name, "Type": "PERSONAL"}


def kept(view: dict[str, Any], **values: Any) -> forms.Submitted:
    """What comes back of a form when somebody has filled it in."""
    state = {"values": view_state(view, values)}
    return forms.submitted({**view, "state": state})


@given(title=texts, summary=texts, newer=st.text(max_size=9000))
def test_slack_takes_the_update_form_whatever_was_written(
    title: str, summary: str, newer: str
) -> None:
    others = {"Summary": newer, "EditedBy": title}
    for shown in (None, others):
        view = forms.update_form(ABOUT, title=title, impact=2, summary=summary, others=shown)
        assert view_faults(view) == []


@given(title=texts, count=st.sampled_from([0, 1, 100, 101, 150]), name=texts)
def test_slack_takes_the_other_forms_whatever_they_hold(
    title: str, count: int, name: str
) -> None:
    contacts = [contact(number, name) for number in range(count)]
    assert view_faults(forms.engage_form(ABOUT, title=title, contacts=contacts)) == []
    assert view_faults(forms.event_form(ABOUT, title=title)) == []
    assert view_faults(forms.place_form(ABOUT, [{"arn": ARN, "title": title}] * 2)) == []


def test_a_form_comes_back_with_what_it_was_about_and_what_was_changed() -> None:
    view = forms.update_form(ABOUT, title="Old", impact=2, summary="First")

    form = kept(view, impact="3", summary="Second")

    assert (form.form, form.about) == ("update_incident", ABOUT)
    assert form.values == {"title": "Old", "impact": "3", "summary": "Second"}
    assert form.changed("title") is None
    assert (form.changed("impact"), form.changed("summary")) == ("3", "Second")


def test_a_summary_that_is_taken_away_is_a_change() -> None:
    view = forms.update_form(ABOUT, title="Old", impact=2, summary="First")

    assert kept(view, summary=None).changed("summary") == ""


@pytest.mark.parametrize(("count", "typed"), [(1, False), (100, False), (101, True), (0, True)])
def test_who_does_not_fit_into_the_list_is_typed(count: int, typed: bool) -> None:
    contacts = [contact(number) for number in range(count)]

    view = forms.engage_form(ABOUT, title="T", contacts=contacts)

    names = [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
    assert ("typed" in names) is typed


def test_both_texts_of_a_conflict_are_shown_whole() -> None:
    theirs, mine = "t" * 2900, "m" * 2999
    view = forms.update_form(
        ABOUT, title="T", impact=1, summary=mine, others={"Summary": theirs, "EditedBy": "Ana"}
    )

    told = "".join(b["text"]["text"] for b in view["blocks"] if b["type"] == "section")
    assert told.count("t" * 100) >= 28
    assert sum(part == "t" for part in told.split("Theirs is:")[1]) == 2900
    assert view["blocks"][-1]["element"]["initial_value"] == mine
