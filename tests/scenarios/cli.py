"""The AWS CLI as one process that runs many commands, and the examples of its own pages."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.scenarios.world import KEY_ID, REGION, SECRET, World

SCRIPT = """
import contextlib, io, json, sys
from awscli.clidriver import create_clidriver

for line in sys.stdin:
    told, complaint = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(complaint):
        try:
            code = create_clidriver().main(json.loads(line))
        except SystemExit as end:
            code = end.code
    document = {"code": code, "told": told.getvalue(), "complaint": complaint.getvalue()}
    print(json.dumps(document), flush=True)
"""
"""Starting the CLI anew for each command would take a second each."""


class Cli:
    def __init__(self, world: World, process: asyncio.subprocess.Process) -> None:
        self._world = world
        self._process = process

    async def run(self, *words: str) -> Any:
        """Answers the JSON that was printed, None where nothing was; raises what was
        complained of.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = ["--endpoint-url", self._world.url, "--output", "json", *words]
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        line = await asyncio.wait_for(self._process.stdout.readline(), 60)
        await self._world.settle()
        answer = json.loads(line)
        if answer["code"]:
            raise AssertionError(answer["complaint"])
        return json.loads(answer["told"]) if answer["told"].strip() else None


@asynccontextmanager
async def open_cli(world: World, home: Path) -> AsyncIterator[Cli]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SCRIPT),
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )
    try:
        yield Cli(world, process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 60)


def documented(service: str, command: str) -> list[tuple[list[str], Any]]:
    """The examples of a command's page: the words after `aws`, and the output shown, if any."""
    page = _examples(service) / f"{command}.rst"
    examples: list[tuple[list[str], Any]] = []
    for part in re.split(r"::\n\s*\n(?= +aws )", page.read_text(encoding="utf-8"))[1:]:
        asked, _, rest = part.partition("\n\n")
        shown = re.search(r"^ {4}\{\n.*?^ {4}\}$", rest, re.M | re.S)
        words = shlex.split(re.sub(r"\\ *\n", " ", asked))
        examples.append((words[1:], json.loads(shown.group()) if shown else None))
    return examples


def pages_of(service: str) -> list[str]:
    """The commands that have examples."""
    return sorted(page.stem for page in _examples(service).glob("*.rst"))


def _examples(service: str) -> Path:
    found = find_spec("awscli")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "examples" / service
