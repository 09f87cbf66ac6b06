"""What a call says, as TwiML: pure text builders.

Source: Twilio, TwiML for Programmable Voice: Say, Pause, Gather, Hangup.
"""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from bot.channels import bundle_words
from bot.core.channel import Activation, Bundle, Page

ROUNDS = 3
INLINE_LIMIT = 4000
"""Characters of a script that is handed over with the call (error 32018)."""
SUBJECT_LIMIT = 300
CONTENT_LIMIT = 1200
"""Characters that are read out; a minute and a half of speech, and well under INLINE_LIMIT."""

MOST_NAMED = 4
NAME_LIMIT = 120
"""Of the further pages of a bundle: how many subjects are read out, and how much of each."""

LINK = re.compile(r"\b(?:https?://|www\.)\S*[^\s.,;:!?)\]>\"']", re.IGNORECASE)
ARN = re.compile(r"\barn:aws[\w-]*:\S*[^\s.,;:!?)\]>\"']", re.IGNORECASE)

KEYS = "Press 1 to acknowledge. Press 2 to hear it again."
CUT = " The text goes on. The rest is not read out."


def page_script(page: Page, action_url: str, *, wrong_key: bool = False) -> str:
    """Read a page out and ask for a key, which the vendor posts to `action_url` as Digits.

    1 acknowledges, 2 asks for the script again, any other key for `wrong_key=True`. After three
    rounds of silence the call ends; so a voicemail never acknowledges.
    """
    again = _say("That key does nothing here.") if wrong_key else ""
    first = _gather(action_url, again + _say(_greeting(page)) + _message(page) + _say(KEYS))
    return _response(first + _gather(action_url, _say(KEYS)) * (ROUNDS - 1) + _goodbye())


def inline_page_script(page: Page) -> str:
    """Read a page out where no key can be taken: with its code, twice, and how to use it."""
    how = f"To acknowledge, type ack and the code {_digits(page.code)}, in chat."
    told = _say(how) + _PAUSE
    return _response(_say(_greeting(page)) + _message(page) + _PAUSE + told * 2 + _goodbye())


def bundle_script(bundle: Bundle, action_url: str, *, wrong_key: bool = False) -> str:
    """Read out how many pages there are, the newest in full, and the subjects of some others;
    the keys are those of `page_script`.
    """
    again = _say("That key does nothing here.") if wrong_key else ""
    keys = _say(f"Press 1 to acknowledge all {bundle.count}. Press 2 to hear it again.")
    first = _gather(action_url, again + _bundle_told(bundle) + keys)
    return _response(first + _gather(action_url, keys) * (ROUNDS - 1) + _goodbye())


def inline_bundle_script(bundle: Bundle) -> str:
    """The same where no key can be taken: with the code, twice, and how to use it."""
    code = _digits(bundle.code)
    how = f"To acknowledge all {bundle.count}, type ack and the code {code}, in chat."
    told = _say(how) + _PAUSE
    return _response(_bundle_told(bundle) + _PAUSE + told * 2 + _goodbye())


def activation_prompt(action_url: str, *, wrong_key: bool = False) -> str:
    """Ask for key 1 before the code is said, so that no voicemail hears it."""
    again = _say("That key does nothing here.") if wrong_key else ""
    ask = _say("This is imbot, the incident manager. Press 1 to hear your activation code.")
    rounds = _gather(action_url, again + ask) + _gather(action_url, ask) * (ROUNDS - 1)
    return _response(rounds + _goodbye())


def activation_script(code: str) -> str:
    """Say an activation code digit by digit, twice."""
    return _response(_code_twice(code) + _goodbye())


def inline_activation_script(activation: Activation) -> str:
    """Say the code without being asked, for want of an address that could take a key.

    A voicemail hears it too; it proves no more than who can listen to that number.
    """
    name = _spoken(activation.contact_name, 60)
    for_whom = f", for {name}" if name else ""
    intro = _say(f"This is imbot, the incident manager, with an activation code{for_whom}.")
    return _response(intro + _PAUSE + _code_twice(activation.code) + _goodbye())


def acknowledged_script(count: int = 1) -> str:
    what = "The page is acknowledged." if count == 1 else f"All {count} are acknowledged."
    return _response(_say(f"Thank you. {what}") + _goodbye())


def already_closed_script(text: str) -> str:
    """Say why a key had no effect, for example that somebody else was faster."""
    return _response(_say(_spoken(text, SUBJECT_LIMIT)) + _goodbye())


def goodbye_script() -> str:
    return _response(_goodbye())


_PAUSE = '<Pause length="1"/>'


def _greeting(page: Page) -> str:
    kind = "a test page" if page.is_test else "a page"
    repeat = " You may have had this call before." if page.repeats else ""
    return f"This is imbot, the incident manager, with {kind}.{repeat}"


def _message(page: Page) -> str:
    return _parts(page.subject, page.content)


def _parts(subject: str, content: str) -> str:
    parts = (_spoken(subject, SUBJECT_LIMIT), _spoken(content, CONTENT_LIMIT))
    return _PAUSE.join(_say(part) for part in dict.fromkeys(parts) if part)


def _bundle_told(bundle: Bundle) -> str:
    tests = " All of them are tests." if bundle_words.is_test(bundle) else ""
    repeat = " You may have had this call before." if bundle.repeats else ""
    many = bundle_words.things(bundle)
    many = many[0].lower() + many[1:]
    greeting = _say(f"This is imbot, the incident manager, with {many}.{tests}{repeat}")
    newest, *others = bundle_words.subjects(bundle)
    told = [greeting, _say("The newest:"), _parts(newest, bundle.pages[0]["content"])]
    if others:
        named = (_spoken(one, NAME_LIMIT).rstrip(".") for one in others[:MOST_NAMED])
        left = len(others) - MOST_NAMED
        rest = f" And {left} more." if left > 0 else ""
        told.append(_say(f"Also: {'. '.join(named)}.{rest}"))
    return _PAUSE.join(told)


def _code_twice(code: str) -> str:
    return _say(f"Your code is {_digits(code)}.") + _PAUSE + _say(f"Again: {_digits(code)}.")


def _digits(code: str) -> str:
    return ", ".join(code)


def _spoken(text: str, limit: int) -> str:
    """Bring a text to what can be read out, at most `limit` characters once it is escaped.

    Addresses are only named: nobody can follow one that is spelt out for half a minute.
    """
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    plain = ARN.sub("an ARN", LINK.sub("a link", plain))
    if len(escape(plain)) <= limit:
        return plain
    room = limit - len(CUT)
    kept = 0
    for char in plain:
        room -= len(escape(char))
        if room < 0:
            break
        kept += 1
    return plain[:kept].rstrip() + CUT


def _say(text: str) -> str:
    return f"<Say>{escape(text)}</Say>"


def _gather(action_url: str, inner: str) -> str:
    return (
        f'<Gather input="dtmf" numDigits="1" timeout="8" method="POST"'
        f" action={quoteattr(action_url)}>{inner}</Gather>"
    )


def _goodbye() -> str:
    return _say("Goodbye.") + "<Hangup/>"


def _response(inner: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{inner}</Response>'
