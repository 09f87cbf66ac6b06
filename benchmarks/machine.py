"""Child processes, pinned and measured from outside; the disk; medians."""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
READY = re.compile(r"(?:answers|Running) on http://127\.0\.0\.1:(\d+)")
PAGE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Child:
    """A Python process. `port` is what it said it listens on."""

    process: subprocess.Popen[str]
    port: int

    @property
    def cpu_seconds(self) -> float:
        """User and system time so far, in steps of a kernel tick (10 ms)."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    @property
    def resident_megabytes(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)


def spawn(
    *arguments: str, cpu: int, environment: Mapping[str, str] | None = None, log: Path
) -> subprocess.Popen[str]:
    """Start this Python on one processor, its words appended to `log`."""
    with log.open("a") as out:
        return subprocess.Popen(
            [sys.executable, *arguments],
            env={**_plain_environment(), **(environment or {})},
            stdout=out,
            stderr=out,
            text=True,
            preexec_fn=lambda: pin(cpu),  # noqa: PLW1509 - this process has one thread
        )


def start(
    *arguments: str, cpu: int, environment: Mapping[str, str] | None = None, log: Path
) -> Child:
    """Start a server and wait until it says where it answers. Raises RuntimeError."""
    known = len(log.read_text()) if log.exists() else 0
    process = spawn(*arguments, cpu=cpu, environment=environment, log=log)
    ends_at = time.monotonic() + 60
    while time.monotonic() < ends_at and process.poll() is None:
        if found := READY.search(log.read_text()[known:]):
            return Child(process, int(found[1]))
        time.sleep(0.005)
    process.kill()
    raise RuntimeError(f"{' '.join(arguments)} did not start; see {log}")


def pin(cpu: int) -> None:
    """Keep this process to one of the processors that it may use."""
    allowed = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {allowed[cpu % len(allowed)]})


def sync_seconds(folder: Path, times: int = 200) -> float:
    """The median fdatasync of 4 KiB appended to a file."""
    path = folder / "sync"
    taken = []
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    try:
        for _ in range(times):
            os.write(handle, bytes(PAGE_BYTES))
            begun = time.perf_counter()
            os.fdatasync(handle)
            taken.append(time.perf_counter() - begun)
    finally:
        os.close(handle)
        path.unlink()
    return statistics.median(taken)


def quantile(values: Sequence[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def _plain_environment() -> dict[str, str]:
    """The environment without anybody's settings of the program."""
    prefixes = ("IMBOT_", "SLACK_", "TWILIO_", "SMTP_", "IMAP_")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
