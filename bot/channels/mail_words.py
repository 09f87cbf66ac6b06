"""The words that a person has written into a reply, without what it quotes.

A code in a quoted page must never act, so a line counts only while nothing was quoted unmarked:
what follows a signature, the header of a quoted mail or our own first line is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from email.message import Message
from html.parser import HTMLParser

from bot.channels.mail_marks import ABOVE

MOST_LINES = 6
ATTRIBUTION_LINES = 2
LONGEST_LINE = 300
LONGEST_HTML = 64 * 1024
"""Characters of HTML that are read: a parser's time grows with their square, and anybody may
write to the mailbox.
"""

_QUOTED = re.compile(r"\s*(?:>|&gt;)")
_WHEN_AND_WHO = re.compile(r"\d[:.h]\d\d|<|@")
_RULE = re.compile(r"(?:--\s?|_{6,}|[-=*]{2,}.{0,60}[-=*]{2,})")
"""A signature's mark, Outlook's rule, and "-----Original Message-----" in any language."""
_HEADER = re.compile(
    r"\*?(?:from|sent|von|gesendet|de|envoyé|enviado|da|inviato|van|verzonden|fra|sendt|från|"
    r"skickat|lähettäjä|od|wysłano|gönderen|от|отправлено|发件人|差出人|寄件者)\s?[:：]",
    re.IGNORECASE,
)

BLOCKS = frozenset(
    [
        "p",
        "div",
        "br",
        "li",
        "tr",
        "table",
        "ul",
        "ol",
        "pre",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "hr",
    ]
)
SILENT = frozenset(("style", "script", "head", "title"))
VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
    ]
)
QUOTES = ("gmail_quote", "gmail_attr", "yahoo_quoted", "moz-cite-prefix", "protonmail_quote")
CUTS = ("divRplyFwdMsg", "appendonsend", "ms-outlook-mobile-reference-message")
"""How programs mark what they quote in HTML: by a class, or from an element of that id on."""


def first_lines(mail: Message) -> tuple[str, ...]:
    """The first unquoted lines that are not empty, of the text or else of the HTML."""
    plain, html = "", ""
    for part in _shown(mail):
        kind = part.get_content_type()
        if kind == "text/plain" and not plain:
            plain = text_of(part)
        elif kind == "text/html" and not html:
            html = text_of(part)
    return unquoted(plain.splitlines()) or unquoted(_text_of_html(html).splitlines())


def unquoted(lines: Sequence[str]) -> tuple[str, ...]:
    """The first lines of a reply's own, be they above what is quoted or below it."""
    found: list[str] = []
    for line in lines:
        whole = line.replace("\ufeff", "").replace("\xa0", " ").strip()
        plain = whole[:LONGEST_LINE]
        if _QUOTED.match(plain):
            _forget_attribution(found)
        elif _RULE.fullmatch(plain) or _HEADER.match(plain) or ABOVE in whole.lower():
            break
        elif plain:
            found.append(plain)
        if len(found) > MOST_LINES + ATTRIBUTION_LINES:
            break
    return tuple(found[:MOST_LINES])


def text_of(part: Message) -> str:
    """A part's text in whatever it is encoded; what cannot be decoded is replaced."""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def _shown(mail: Message) -> Iterator[Message]:
    """The parts that a reader sees: neither files nor mails that are attached."""
    if mail.is_multipart():
        if mail.get_content_maintype() == "multipart":
            for part in mail.get_payload():
                if isinstance(part, Message):
                    yield from _shown(part)
    elif mail.get_content_disposition() != "attachment":
        yield mail


def _forget_attribution(found: list[str]) -> None:
    """Drop "On Monday at 9:30, Pager <pager@example.com> wrote:", which may take two lines."""
    if found and found[-1].endswith((":", "：")):
        del found[-1]
        if found and _WHEN_AND_WHO.search(found[-1]):
            del found[-1]


def _text_of_html(html: str) -> str:
    """Without what is too long, and without tags that do not end."""
    html = html[:LONGEST_HTML]
    open_tag = html.find("<", html.rfind(">") + 1)
    reader = _HtmlReader()
    reader.feed(html if open_tag < 0 else html[:open_tag])
    reader.close()
    return "".join(reader.pieces)


class _HtmlReader(HTMLParser):
    """Writes HTML as plain text, where quoted lines begin with ">"."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._within: list[tuple[str, bool]] = []
        """Open elements that hide or quote, and those of the same name within them."""
        self._is_cut = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        marks = {name: value or "" for name, value in attrs if name in ("class", "id")}
        if any(cut in marks.get("id", "") for cut in CUTS):
            self._is_cut = True
        if tag in BLOCKS:
            self._break()
        if tag in VOID:
            return
        is_quote = tag == "blockquote" or any(q in marks.get("class", "") for q in QUOTES)
        if is_quote or tag in SILENT or any(tag == name for name, _ in self._within):
            self._within.append((tag, is_quote))
            if is_quote:
                self._break()

    def handle_endtag(self, tag: str) -> None:
        if any(tag == name for name, _ in self._within):
            while self._within.pop()[0] != tag:
                continue
        if tag in BLOCKS:
            self._break()

    def handle_data(self, data: str) -> None:
        if not self._is_cut and not any(name in SILENT for name, _ in self._within):
            self.pieces.append(" ".join(data.split()) + " " if data.strip() else " ")

    def _break(self) -> None:
        is_quoted = any(is_quote for _, is_quote in self._within)
        self.pieces.append("\n> " if is_quoted else "\n")
