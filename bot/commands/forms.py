"""Slack's forms: opened while the press is still fresh, and answered while the person waits."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack.forms import (
    ADD_EVENT,
    ADD_TO_TIMELINE,
    ENGAGE,
    UPDATE,
    Submitted,
    View,
    engage_form,
    event_form,
    place_form,
    refused,
    submitted,
    update_form,
)
from bot.commands.asking import Document
from bot.commands.callers import SlackPeople, admit
from bot.commands.submitting import submit
from bot.core.access import Caller, authorise
from bot.core.context import Context
from bot.core.deliveries import Deliveries
from bot.core.dispatch import Request, new_request_id
from bot.core.errors import ServiceError
from bot.core.regions import region_within
from bot.core.replies import incidents_meant
from bot.settings import Settings

log = logging.getLogger(__name__)

DOOR = "slack"
NEEDED = {
    UPDATE: ("ssm-incidents", "UpdateIncidentRecord"),
    ADD_EVENT: ("ssm-incidents", "CreateTimelineEvent"),
    ENGAGE: ("ssm-contacts", "StartEngagement"),
}
"""By the action of a button that opens a form: what its submission will ask for."""
MOST_CONTACTS = 101
UNREACHABLE = (SlackApiError, aiohttp.ClientError, TimeoutError, OSError)
SILENT = "Slack does not say who you are at this moment. Try again."


class FormDoor:
    def __init__(
        self, settings: Settings, client: AsyncWebClient, deliveries: Deliveries
    ) -> None:
        self._admins = settings.slack_admin_ids
        self._region = settings.region
        self._client = client
        self._people = SlackPeople(client)
        self._deliveries = deliveries

    async def open(self, document: Document, trigger_id: str) -> bool:
        """Show the form of a pressed button; False where that cannot be, which its delivery
        then says in words.
        """
        try:
            caller = await self._caller(document)
            view = await self._form(caller, document)
            await self._client.views_open(trigger_id=trigger_id, view=view)
        except (ServiceError, *UNREACHABLE) as fault:
            log.info("the form %s is not opened: %s", document["action"], type(fault).__name__)
            return False
        return True

    async def choose_incident(self, document: Document, trigger_id: str) -> bool:
        """Ask to which incident a message belongs, where there are several; False where there
        is nothing to ask.
        """
        try:
            await self._caller(document)
            where = {"channel_id": document["channel"], "thread_ts": document["thread_ts"]}
            found = await self._deliveries.look(
                lambda ctx: [
                    {"arn": one.arn, "title": one.title}
                    for one in incidents_meant(ctx, **where, is_open=False)
                ]
            )
            if len(found) < 2:
                return False
            about = {name: document[name] for name in ("channel", "ts", "thread_ts")}
            view = place_form(about, found)
            await self._client.views_open(trigger_id=trigger_id, view=view)
        except (ServiceError, *UNREACHABLE) as fault:
            log.info("the form of a message is not opened: %s", type(fault).__name__)
            return False
        return True

    async def submit(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do what a form says; answers what keeps it open: faults, or the form made anew."""
        form = submitted(body["view"])
        document = {
            "kind": "form",
            "team": body["team"]["id"],
            "user": body["user"]["id"],
            "channel": form.about["channel"],
            "thread_ts": None,
        }
        unique = f"{body['view']['id']} {body['view'].get('hash', '')}"
        if form.form == ADD_TO_TIMELINE:
            pin = document | {"kind": "pin", "by": "shortcut", **form.about, **form.values}
            await self._deliveries.accept(DOOR, unique, pin)
            return {}
        try:
            prepared = await self._people.prepare({"document": document})
        except UNREACHABLE:
            return refused(SILENT, form)

        def work(ctx: Context) -> Mapping[str, Any]:
            return self._submitted(ctx, document, prepared, form)

        return await self._deliveries.answer_now(DOOR, unique, work)

    def _submitted(
        self, ctx: Context, document: Document, prepared: Document, form: Submitted
    ) -> Mapping[str, Any]:
        try:
            region = region_within(ctx, self._region)
            caller = admit(ctx, document, prepared, admins=self._admins, region=region)
            return submit(ctx.on_behalf_of(caller), document, form)
        except ServiceError as refusal:
            return refused(refusal.message, form)

    async def _caller(self, document: Document) -> Caller:
        prepared = await self._people.prepare({"document": {**document, "kind": "form"}})

        def see(ctx: Context) -> Caller:
            region = region_within(ctx, self._region)
            return admit(ctx, document, prepared, admins=self._admins, region=region)

        return await self._deliveries.look(see)

    async def _form(self, caller: Caller, document: Document) -> View:
        action, arn = document["action"], document["value"]
        authorise(caller, *NEEDED[action], arn)
        about = {"channel": document["channel"], "incident": arn}
        answer = await self._ask(
            caller, document, "ssm-incidents", "GetIncidentRecord", arn=arn
        )
        record = answer["incidentRecord"]
        if action == ADD_EVENT:
            return event_form(about, title=record["title"])
        if action == ENGAGE:
            names = {"MaxResults": MOST_CONTACTS}
            found = await self._ask(caller, document, "ssm-contacts", "ListContacts", **names)
            return engage_form(about, title=record["title"], contacts=found["Contacts"])
        summary = await self._ask(
            caller, document, "imbot", "GetSummary", IncidentRecordArn=arn
        )
        return update_form(
            about | {"version": summary["Version"]},
            title=record["title"],
            impact=record["impact"],
            summary=summary["Summary"],
        )

    async def _ask(
        self, caller: Caller, document: Document, service: str, operation: str, **values: Any
    ) -> dict[str, Any]:
        request = Request(
            service=service,
            operation=operation,
            parameters=values,
            caller=caller,
            source=document["channel"],
            request_id=new_request_id(),
        )
        return await self._deliveries.ask(request)
