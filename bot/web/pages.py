"""The small pages behind a mail's links: one question, one button; every text is escaped."""

from __future__ import annotations

from html import escape

from bot.core.replies import MailPage, UnsubscribePage
from bot.core.replies.topics import SubscriptionPage

MOST_NAMED = 20
"""Of the further pages of a bundle, so many subjects are shown."""

_STYLE = """
:root{color-scheme:light dark;--ground:#f4f5f7;--card:#fff;--text:#16191f;--quiet:#5b6573;
--button:#0b5cad;--ink:#fff}
@media(prefers-color-scheme:dark){:root{--ground:#0f1216;--card:#1a1f26;--text:#eef1f5;
--quiet:#a3adba;--button:#5aa9f5;--ink:#08131f}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:16px;
background:var(--ground);color:var(--text);font:18px/1.45 system-ui,sans-serif}
main{width:100%;max-width:30rem;background:var(--card);border-radius:14px;padding:28px 24px}
h1{font-size:1.35rem;line-height:1.3;margin:0 0 .6rem;overflow-wrap:anywhere}
p{margin:0 0 1rem}
p.quiet{color:var(--quiet);font-size:.95rem;margin:0 0 .4rem}
button{width:100%;padding:18px;border:0;border-radius:10px;background:var(--button);
color:var(--ink);font:600 1.15rem system-ui,sans-serif;cursor:pointer}
button:focus-visible{outline:3px solid var(--text);outline-offset:3px}
"""


def ack_page(page: MailPage) -> str:
    """Ask for the acknowledgement of a page, or of a bundle of them, or say why it needs
    none.
    """
    kind = "Test page" if page.is_test else "Page"
    count = 1 + len(page.others)
    kind = kind if count == 1 else f"{count} {kind.lower()}s"
    head = f"{_quiet(f'{kind} to {page.contact}')}{_heading(page.subject)}"
    head += "".join(_paragraph(other) for other in page.others[:MOST_NAMED])
    if count > 1 + MOST_NAMED:
        head += _paragraph(f"And {count - 1 - MOST_NAMED} more.")
    if page.state:
        return _document("Page", head + _paragraph(page.state))
    label = "Acknowledge" if count == 1 else f"Acknowledge all {count}"
    return _document("Page", head + _form(label))


def unsubscribe_page(page: UnsubscribePage) -> str:
    """Ask whether an address shall get no more pages, or offer the way back."""
    head = _quiet(f"{page.channel} of {page.contact}")
    if page.is_off:
        words = "To be paged here again, have a new activation code sent."
        body = _heading("No pages go to this address") + _paragraph(words)
        return _document("Subscription", head + body + _form("Send a code", again="1"))
    words = "Whoever relies on this person being paged is not told by this."
    body = _heading("Stop all pages to this address?") + _paragraph(words)
    return _document("Subscription", head + body + _form("Stop pages"))


def subscription_page(page: SubscriptionPage) -> str:
    """Ask whether an address shall get what a topic publishes, or no more."""
    head = _quiet("Subscription to a topic")
    if page.is_confirmed:
        body = _heading(f"Stop what {page.topic} publishes?")
        return _document("Subscription", head + body + _form("Unsubscribe", end="1"))
    words = "If you did not ask for it, do nothing: nothing will be sent here."
    body = _heading(f"Receive what {page.topic} publishes?") + _paragraph(words)
    return _document("Subscription", head + body + _form("Confirm subscription"))


def words_page(words: str) -> str:
    """Say what came of a button."""
    return _document("imbot", _heading(words))


def _document(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def _heading(text: str) -> str:
    return f"<h1>{escape(text)}</h1>"


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _quiet(text: str) -> str:
    return f'<p class="quiet">{escape(text)}</p>'


def _form(label: str, **fields: str) -> str:
    """A form that posts to the page's own address."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )
    return f'<form method="post">{hidden}<button type="submit">{escape(label)}</button></form>'
