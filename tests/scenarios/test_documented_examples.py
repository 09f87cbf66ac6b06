"""The examples of the AWS CLI's own pages of ssm-incidents, by the AWS CLI."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.scenarios.cli import Cli, documented, open_cli, pages_of
from tests.scenarios.world import ACCOUNT, open_world

SERVICE = "ssm-incidents"
ORDER = (
    "create-replication-set",
    "list-replication-sets",
    "get-replication-set",
    "create-response-plan",
    "list-response-plans",
    "get-response-plan",
    "tag-resource",
    "list-tags-for-resource",
    "untag-resource",
    "put-resource-policy",
    "get-resource-policies",
    "delete-resource-policy",
    "start-incident",
    "get-incident-record",
    "list-incident-records",
    "list-related-items",
    "update-related-items",
    "create-timeline-event",
    "get-timeline-event",
    "list-timeline-events",
    "update-timeline-event",
    "delete-timeline-event",
    "update-incident-record",
    "delete-incident-record",
    "update-response-plan",
    "delete-response-plan",
    "update-replication-set",
    "update-deletion-protection",
    "delete-replication-set",
)
NOT_SAID_HERE = frozenset(
    {
        "replicationSetArns",
        "replicationSet.regionMap.us-east-2.statusMessage",
        "incidentRecord.incidentRecordSource.invokedBy",
        "incidentRecordSummaries.incidentRecordSource.invokedBy",
    }
)
"""The page's output of create-replication-set is another operation's; no region is troubled,
and nobody acts for the caller.
"""
RELATED = "https://console.aws.amazon.com/systems-manager/opsitems/oi-8ef82158e190/workbench"


class Reader:
    """Follows the examples with what the earlier ones led to."""

    def __init__(self, cli: Cli) -> None:
        self.cli = cli
        self.ours: dict[str, str] = {}

    async def follow(self, command: str) -> list[tuple[Any, Any]]:
        """Answers what was printed and what the page shows, of each example."""
        printed = []
        for words, shown in documented(SERVICE, command):
            told = await self.cli.run(*map(self.translated, words))
            self.learn(told or {})
            printed.append((told, shown))
        return printed

    def translated(self, word: str) -> str:
        """The page's made-up names are those of things that are there."""
        record = f"incident-record/{self.ours.get('record')}"
        known = {
            r"replication-set/[\w-]+": f"replication-set/{self.ours.get('set')}",
            r"incident-record/[\w-]+/(?!\*)[\w-]+": record,
            r"^[0-9a-z]{8}-[\w-]{27}$": self.ours.get("event", ""),
            r"^[0-9a-f]{32}$": self.ours.get("policy", ""),
        }
        for pattern, ours in known.items():
            word = re.sub(pattern, ours, word)
        return word

    def learn(self, told: dict[str, Any]) -> None:
        if ":replication-set/" in told.get("arn", ""):
            self.ours["set"] = told["arn"].split("/")[1]
        if "incidentRecordArn" in told:
            self.ours["record"] = told["incidentRecordArn"].split("/", 1)[1]
        if "eventId" in told:
            self.ours["event"] = told["eventId"]
        if "policyId" in told:
            self.ours["policy"] = told["policyId"]


async def test_every_example_of_the_documents_works_as_shown(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with (
        open_world(sqlite_url, has_replication_set=False) as world,
        open_cli(world, tmp_path) as cli,
    ):
        assert sorted(ORDER) == pages_of(SERVICE)
        reader = Reader(cli)
        for command in ORDER:
            await prepare(reader, command)
            for told, shown in await reader.follow(command):
                assert (told is None) == (shown is None), command
                missing = set(outline(shown)) - set(outline(told)) - NOT_SAID_HERE
                assert missing == set(), command


async def prepare(reader: Reader, command: str) -> None:
    """What the pages take for granted."""
    run = reader.cli.run
    if command == "create-response-plan":
        await run("sns", "create-topic", "--name", "Standard_User")
    if command == "list-response-plans":
        ((words, _),) = documented(SERVICE, "create-response-plan")
        words[words.index("example-response")] = "Example-Response-Plan"
        await run(*words)
    if command == "list-related-items":
        item = {"type": "OTHER", "value": {"url": f"{RELATED}?region=us-east-1"}}
        update = f'{{"itemToAdd": {{"title": "x", "identifier": {item}}}}}'.replace("'", '"')
        arn = f"arn:aws:ssm-incidents::{ACCOUNT}:incident-record/{reader.ours['record']}"
        await run(
            *(SERVICE, "update-related-items", "--incident-record-arn", arn),
            *("--related-items-update", update),
        )
    if command == "delete-replication-set":
        arn = f"arn:aws:ssm-incidents::{ACCOUNT}:replication-set/{reader.ours['set']}"
        off = ("--arn", arn, "--no-deletion-protected")
        await run(SERVICE, "update-deletion-protection", *off)


def outline(told: Any, path: str = "") -> list[str]:
    """The members that are told, by path; those of a list's items have no number."""
    if isinstance(told, dict):
        found = []
        for name, value in told.items():
            found += [f"{path}{name}", *outline(value, f"{path}{name}.")]
        return found
    if isinstance(told, list):
        return [one for item in told for one in outline(item, path)]
    return []
