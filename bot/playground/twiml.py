"""TwiML: reading it, and carrying out a call's script.

Source: Twilio, "TwiML for Programmable Voice" and "for Programmable Messaging".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urljoin
from xml.etree import ElementTree

MOST_DOCUMENTS = 100
"""A script that redirects more often goes in circles; our choice."""


class ScriptError(Exception):
    """The script cannot be carried out: Twilio's error 12100 and its kin."""


class HungUp(Exception):
    """The person, or the machine, ended the call."""


class Line(Protocol):
    """The open line that a script is carried out on. All raise HungUp once the call is over."""

    async def say(self, text: str, language: str) -> None: ...

    async def pause(self, seconds: float) -> None: ...

    async def gather(self, *, digits: int | None, timeout: float, finish: str) -> str:
        """Collect keys up to `digits` of them, `finish`, or silence; "" for silence."""

    async def fetch(self, url: str, form: Mapping[str, str], method: str) -> str:
        """The script at `url`. Raises ScriptError where there is none."""


def parse(text: str) -> ElementTree.Element:
    """The `<Response>` of a TwiML document. Raises ScriptError."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ScriptError("12100: a document type is not TwiML")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - without entities, from our own bot
    except ElementTree.ParseError as error:
        raise ScriptError(f"12100: not XML: {error}") from None
    if root.tag != "Response":
        raise ScriptError(f"12102: <{root.tag}> is not <Response>")
    return root


def messages(text: str) -> list[str]:
    """The bodies of the `<Message>`s of an answer to a text. Raises ScriptError."""
    if not text.strip():
        return []
    found = parse(text).iter("Message")
    return [_body(message) for message in found]


def _body(message: ElementTree.Element) -> str:
    body = message.find("Body")
    return "".join((message if body is None else body).itertext()).strip()


async def execute(text: str, line: Line, url: str) -> None:
    """Carry out a script that came from `url`, and what it leads to, until its end.

    Raises ScriptError for a broken script, HungUp when the call ended before it.
    """
    for _ in range(MOST_DOCUMENTS):
        following = await _play(parse(text), line, url)
        if following is None:
            return
        url, form, method = following
        text = await line.fetch(url, form, method)
    raise ScriptError(f"the script went on for {MOST_DOCUMENTS} documents")


_Next = tuple[str, dict[str, str], str]


async def _play(root: ElementTree.Element, line: Line, url: str) -> _Next | None:
    """Carry out one document; where it goes on, say where, with what form and how."""
    for verb in root:
        if verb.tag == "Hangup":
            return None
        if verb.tag == "Redirect":
            target = urljoin(url, (verb.text or "").strip())
            return target, {}, verb.get("method", "POST")
        if verb.tag == "Gather":
            if following := await _gather(verb, line, url):
                return following
        else:
            await _speak(verb, line)
    return None


async def _speak(verb: ElementTree.Element, line: Line) -> None:
    if verb.tag == "Say":
        text = " ".join("".join(verb.itertext()).split())
        # loop="0" means without end; a person has heard enough of it after ten.
        for _ in range(int(verb.get("loop", "1")) or 10):
            await line.say(text, verb.get("language", "en-US"))
    elif verb.tag == "Pause":
        await line.pause(float(verb.get("length", "1")))
    elif verb.tag != "Play":
        raise ScriptError(f"12200: <{verb.tag}> is not a verb of this vendor's stand-in")


async def _gather(verb: ElementTree.Element, line: Line, url: str) -> _Next | None:
    for nested in verb:
        await _speak(nested, line)
    digits = verb.get("numDigits")
    timeout = verb.get("timeout", "5")
    keys = await line.gather(
        digits=int(digits) if digits else None,
        timeout=5.0 if timeout == "auto" else float(timeout),
        finish=verb.get("finishOnKey", "#"),
    )
    if not keys and verb.get("actionOnEmptyResult", "false") != "true":
        return None
    target = urljoin(url, verb.get("action", ""))
    return target, {"Digits": keys}, verb.get("method", "POST")
