"""Goal 14: the durable, signed StartIncident beside moto's SNS Publish, which keeps everything
in memory and verifies no signature.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlencode

import uvloop

from benchmarks.client import FORM, Signer, load, publications
from benchmarks.figures import Figure
from benchmarks.incidents import Loaded
from benchmarks.instant import Ledger
from benchmarks.machine import Child, start
from benchmarks.program import SERVER_CPU, Vendors, prepare, running, settings

CONNECTIONS = 32
MOTO_CONNECTIONS = 8
"""It has a thread for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    rounds: int
    incidents: int
    publications: int


def is_installed() -> bool:
    """It comes with the extra `bench`."""
    return find_spec("moto") is not None


@contextmanager
def moto(folder: Path) -> Iterator[Child]:
    """Its server as it comes: threads, a log line for each request, no kept connections."""
    child = start(
        *("-m", "moto.server", "-H", "127.0.0.1", "-p", "0"),
        cpu=SERVER_CPU,
        log=folder / "moto.log",
    )
    try:
        yield child
    finally:
        child.stop()


def call(server: Child, action: str, **parameters: str) -> bytes:
    """Ask an SNS server one thing, as the administrator."""
    form = {"Action": action, "Version": "2010-03-31", **parameters}
    request = Signer("sns", FORM).request("/", urlencode(form).encode())
    return asyncio.run(load(server.port, [request], 1)).bodies[0]


def create_topic(server: Child, name: str) -> str:
    """Answers its ARN."""
    answer = call(server, "CreateTopic", Name=name)
    found = re.search(rb"<TopicArn>([^<]+)</TopicArn>", answer)
    if found is None:
        raise RuntimeError(answer.decode())
    return found[1].decode()


def measure(folder: Path, size: Size) -> list[Figure]:
    if not is_installed():
        return []
    with ExitStack() as stack:
        vendors = Vendors(folder)
        stack.callback(vendors.child.stop)
        database, path = folder / "peer.db", folder / "ledger"
        prepare(database, vendors)
        command = ("benchmarks.instant", str(path))
        program = stack.enter_context(running(folder, settings(database, vendors), command))
        loaded = Loaded(program, database, Ledger(path).first)
        peer = stack.enter_context(moto(folder))
        topic = create_topic(peer, "nobody")
        loaded.handle(size.incidents // 4, CONNECTIONS)
        _published(peer, topic, size.publications // 4)
        pairs = [
            (
                loaded.handle(size.incidents, CONNECTIONS).cpu,
                _published(peer, topic, size.publications),
            )
            for _ in range(size.rounds)
        ]
    what = "durable StartIncident, 2 pages / moto's SNS Publish in memory, CPU"
    ratios = [own / other for own, other in pairs]
    others = [other * 1e6 for _, other in pairs]
    return [
        Figure(number=14, name=what, values=ratios, unit="x", goal=1 / 6),
        Figure(number=None, name="CPU of moto's Publish", values=others, unit="us"),
    ]


def _published(server: Child, topic: str, number: int) -> float:
    """Seconds of CPU for one Publish to nobody."""
    requests = publications(range(number), topic)
    begun = server.cpu_seconds
    uvloop.run(load(server.port, requests, MOTO_CONNECTIONS))
    return (server.cpu_seconds - begun) / number
