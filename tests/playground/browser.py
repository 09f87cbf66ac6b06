"""A headless Chromium, driven over the DevTools protocol."""

from __future__ import annotations

import asyncio
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)
PATIENCE = 30
"""Seconds for a condition on the page; a busy machine is slow."""

WHEN = """new Promise((resolve, reject) => {
  const condition = () => { %s };
  const found = condition();
  if (found) return resolve(found);
  const observer = new MutationObserver(() => {
    const found = condition();
    if (found) { observer.disconnect(); resolve(found); }
  });
  observer.observe(document, {
    subtree: true, childList: true, attributes: true, characterData: true,
  });
  setTimeout(() => { observer.disconnect(); reject(new Error(document.body.innerText)); }, %d);
})"""


def find_chromium() -> str | None:
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Page:
    """One tab. `faults` holds what its scripts threw or its console reported as an error."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = count(1)
        self.faults: list[str] = []

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Give a command and wait for its result. Raises RuntimeError where it is refused."""
        number = next(self._ids)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            told = await self._socket.receive_json()
            if told.get("id") == number:
                break
            self._note(told)
        if "error" in told:
            raise RuntimeError(told["error"]["message"])
        return dict(told["result"])

    def _note(self, told: dict[str, Any]) -> None:
        if told.get("method") == "Runtime.exceptionThrown":
            self.faults.append(str(told["params"]["exceptionDetails"]))
        if told.get("method") == "Log.entryAdded":
            entry = told["params"]["entry"]
            if entry["level"] == "error":
                self.faults.append(entry["text"])

    async def open(self, url: str) -> None:
        for domain in ("Runtime", "Log", "Page"):
            await self.command(f"{domain}.enable")
        await self.resize(width=1440, height=900)
        await self.command("Page.navigate", url=url)

    async def resize(self, *, width: int, height: int) -> None:
        await self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    async def run(self, script: str) -> Any:
        """The value of an expression, or of its promise. AssertionError where it throws."""
        answer = await self.command(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        fault = answer.get("exceptionDetails")
        assert fault is None, fault.get("exception", {}).get("description", fault)
        return answer["result"].get("value")

    async def when(self, condition: str) -> Any:
        """Wait until the body of a function returns something true, and answer that."""
        return await self.run(WHEN % (condition, PATIENCE * 1000))

    async def click(self, selector: str) -> None:
        """Click, by the mouse, in the middle of an element once there is one."""
        place = await self.when(
            f"const node = document.querySelector({selector!r});"
            "if (!node) return null;"
            "node.scrollIntoView({block: 'nearest'});"
            "const box = node.getBoundingClientRect();"
            "return {x: box.x + box.width / 2, y: box.y + box.height / 2};"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.command(
                "Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place
            )

    async def type(self, text: str) -> None:
        """Type into what has the focus, and press Enter."""
        await self.command("Input.insertText", text=text)
        for kind in ("keyDown", "keyUp"):
            await self.command(
                "Input.dispatchKeyEvent",
                type=kind,
                key="Enter",
                code="Enter",
                text="\r" if kind == "keyDown" else "",
                windowsVirtualKeyCode=13,
            )


@asynccontextmanager
async def open_browser(chromium: str, profile: Path) -> AsyncIterator[Page]:
    """A tab of a browser of its own, which ends with the block."""
    process = await asyncio.create_subprocess_exec(
        chromium, *OPTIONS, f"--user-data-dir={profile}", stdout=DEVNULL, stderr=PIPE
    )
    assert process.stderr is not None
    try:
        port = await _debugging_port(process.stderr)
        drain = asyncio.create_task(process.stderr.read())
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                tabs = await answer.json()
            tab = next(tab for tab in tabs if tab["type"] == "page")
            address = tab["webSocketDebuggerUrl"]
            async with session.ws_connect(address, max_msg_size=0) as socket:
                yield Page(socket)
    finally:
        process.terminate()
        await process.wait()
    await drain


async def _debugging_port(errors: asyncio.StreamReader) -> int:
    async with asyncio.timeout(PATIENCE):
        while line := (await errors.readline()).decode(errors="replace"):
            if "DevTools listening on" in line:
                return int(line.split("127.0.0.1:")[1].split("/")[0])
    raise RuntimeError("Chromium ended before it could be driven")
