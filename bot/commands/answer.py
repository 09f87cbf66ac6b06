"""What is typed or pressed in Slack -> request -> words, in its delivery's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.channels.slack.alarms import alarm_token_card
from bot.channels.slack.cards import (
    CREATE_REPLICATION_SET,
    RESOLVE,
    help_card,
    problem_card,
    replication_set_offer,
)
from bot.channels.slack.results import Card, command_result
from bot.commands.asking import Document, post_of, request_of, whisper_of
from bot.commands.binding import Bound, apply_query, bind
from bot.commands.callers import admit, is_invited, person
from bot.commands.fault_notes import fault_notes
from bot.commands.forms import NEEDED
from bot.commands.grammar import Command, parse
from bot.commands.help import help_for
from bot.commands.known_names import names_for
from bot.commands.linking import OF_THE_PERSON, is_about_links, link_or_unlink, press
from bot.commands.metrics import asks_for_metrics, incident_metrics
from bot.commands.muting import contact_notes, is_about_mutes, mute_or_unmute
from bot.commands.on_call import (
    answer_about_shifts,
    asks_who_is_on_call,
    is_about_shifts,
    who_is_on_call,
)
from bot.commands.on_call import press as press_on_call
from bot.commands.pinning import concerns_nobody, follow, pin
from bot.commands.problems import ChatError
from bot.commands.reachability import asks_who_is_reachable, who_is_reachable
from bot.commands.slack import BARE_CODE
from bot.commands.slack_text import typed_text
from bot.commands.start_notes import start_notes
from bot.commands.testing_pages import REPORT, report, start_test_page
from bot.core.access import Caller, authorise
from bot.core.context import Answer, Context
from bot.core.deliveries import incident_shown_in
from bot.core.dispatch import answer_within
from bot.core.errors import ServiceError
from bot.core.regions import NoReplicationSet, region_within
from bot.core.registry import is_answered
from bot.core.replies import chat_code_in, late_words

FORM_LATE = "Slack did not open the form in time. Press the button again."
NOTHING_PICKED = "`--query` picks nothing from the answer."
SECRET_ANSWER = ("imbot", "CreateAccessKey")
WHISPERED = ("imbot", "CreateCalendarLink")
ALARM_TOKEN = ("imbot", "CreateAlarmToken")


class ChatDoor:
    """Answers deliveries of the Slack door; see `core.deliveries`."""

    def __init__(self, admins: frozenset[str], region: str) -> None:
        self._admins = admins
        self._region = region

    def answer(self, ctx: Context, document: Document, prepared: Document) -> Answer:
        """Answer every delivery; a refusal is said in words, and nothing is half done."""
        if document["kind"] == REPORT:
            return report(ctx, document)
        if document["kind"] in ("edit", "deletion"):
            follow(ctx, document, prepared, self._region)
            return Answer()
        if _is_chatter(ctx, document) or concerns_nobody(ctx, document, prepared):
            return Answer()
        if not is_invited(document, prepared):
            document = {**document, "channel": document["user"], "thread_ts": None}
        zone = (prepared.get("user") or {}).get("tz")
        document = {**document, "tz": zone, "counted": prepared.get("counted")}
        caller: Context | None = None
        try:
            if document.get("action") in OF_THE_PERSON:
                reader = person(ctx, document, region_within(ctx, self._region))
                return press(ctx.on_behalf_of(reader), document)
            caller = ctx.on_behalf_of(self._caller(ctx, document, prepared))
            if document["kind"] == "pin":
                return pin(caller, document, prepared)
            return self._answer_caller(caller, document)
        except NoReplicationSet:
            return _post(ctx, document, replication_set_offer(self._region))
        except ChatError as problem:
            names = names_for(caller, document, problem) if caller else ""
            return _post(ctx, document, problem_card("\n".join([str(problem), names]).strip()))
        except ServiceError as refusal:
            names = names_for(caller, document, refusal) if caller else ""
            card = problem_card(f"{refusal.message} {names}".strip(), refusal.code)
            if document["kind"] == "pin":
                return Answer(posts=(whisper_of(ctx, document, card),))
            return _post(ctx, document, card)

    def _caller(self, ctx: Context, document: Document, prepared: Document) -> Caller:
        """Raises AccessDeniedException for who may not speak here, and audits that."""
        region = region_within(ctx, self._region)
        return admit(ctx, document, prepared, admins=self._admins, region=region)

    def _answer_caller(self, ctx: Context, document: Document) -> Answer:
        if document["kind"] == "action":
            return _press(ctx, document)
        typed = typed_text(document["text"])
        if BARE_CODE.match(typed):
            return _post(ctx, document, _accept(ctx, document, typed))
        command = parse(document["text"])
        words = [word.lower() for word in command.words]
        if not words or command.help or words[0] == "help":
            return _post(ctx, document, _help(command))
        if words[0] in ("ack", "acknowledge"):
            return _post(ctx, document, _accept(ctx, document, " ".join(words[1:])))
        if asks_who_is_on_call(words):
            return _post(ctx, document, who_is_on_call(ctx, document))
        if is_about_shifts(words):
            return answer_about_shifts(ctx, document, command.words)
        if asks_who_is_reachable(words):
            return _post(ctx, document, who_is_reachable(ctx, document))
        if is_about_mutes(words):
            return _post(ctx, document, mute_or_unmute(ctx, document, command.words))
        if is_about_links(words):
            return _post(ctx, document, link_or_unlink(ctx, document, command.words))
        if asks_for_metrics(words):
            return _post(ctx, document, incident_metrics(ctx, document, command))
        if words[0] == "test-page":
            return start_test_page(ctx, document, command)
        return _run(ctx, document, command)


def _is_chatter(ctx: Context, document: Document) -> bool:
    """Digits in a thread that belongs to no incident are not meant for the bot."""
    is_asked = document["kind"] != "message" or document.get("is_direct")
    if is_asked or document.get("is_mention", True):
        return False
    return incident_shown_in(ctx, document["channel"], document["thread_ts"]) is None


def _run(ctx: Context, document: Document, command: Command) -> Answer:
    bound = bind(command, ctx.caller.region, now=ctx.now, account_id=ctx.account_id)
    if (bound.service, bound.operation) == SECRET_ANSWER:
        raise ChatError(
            "A secret does not belong in a channel. Run `imbot keys create` instead."
        )
    if (bound.service, bound.operation) == WHISPERED:
        raise ChatError("Type `@aws calendar NAME`: only you will see the address.")
    late = late_words(ctx, bound.parameters) if bound.operation == "AcceptPage" else ""
    result = answer_within(
        ctx,
        request_of(
            ctx, document, bound.service, bound.operation, bound.parameters, bound.region
        ),
    )
    if (bound.service, bound.operation) == ALARM_TOKEN:
        return Answer(posts=(whisper_of(ctx, document, alarm_token_card(result)),))
    return _post(ctx, document, _shown(ctx, document, bound, result, late))


def _shown(
    ctx: Context, document: Document, bound: Bound, result: Mapping[str, Any], late: str
) -> Card:
    shown = result if bound.query is None else apply_query(bound.query, result)
    notes = [*bound.notes, *fault_notes(ctx, document, bound, result)]
    notes += [NOTHING_PICKED] if bound.query is not None and shown is None else []
    notes += start_notes(ctx, document, bound, result)
    notes += [*contact_notes(ctx, document, bound), *([late] if late else [])]
    return command_result(
        bound.service, bound.operation, shown, request=bound.parameters, notes=notes
    )


def _press(ctx: Context, document: Document) -> Answer:
    action, value = document["action"], document["value"]
    if action == CREATE_REPLICATION_SET:
        service, operation = "ssm-incidents", "CreateReplicationSet"
        parameters: dict[str, Any] = {"regions": {value: {}}}
    elif action == RESOLVE:
        service, operation = "ssm-incidents", "UpdateIncidentRecord"
        parameters = {"arn": value, "status": "RESOLVED"}
    elif action in NEEDED:
        authorise(ctx.caller, *NEEDED[action], value)
        unthreaded = {**document, "thread_ts": None}
        return Answer(posts=(whisper_of(ctx, unthreaded, problem_card(FORM_LATE)),))
    else:
        return press_on_call(ctx, document) or Answer()
    result = answer_within(ctx, request_of(ctx, document, service, operation, parameters))
    if action == RESOLVE:
        return Answer()
    return _post(ctx, document, command_result(service, operation, result))


def _accept(ctx: Context, document: Document, text: str) -> Card:
    code = "".join(character for character in text if character.isdigit())
    if not code:
        raise ChatError("Type the code from the page: `@aws ack 425440`")
    incident_arn = incident_shown_in(ctx, document["channel"], document.get("thread_ts") or "")
    words = chat_code_in(ctx, code, incident_arn)
    return Card(text=words)


def _help(command: Command) -> Card:
    page = help_for(command.words, is_answered)
    return help_card(page.title, page.lines)


def _post(ctx: Context, document: Document, card: Card) -> Answer:
    return Answer(posts=(post_of(ctx, document, card),))
