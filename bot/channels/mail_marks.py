"""What mails bear when they go out, so that the answers to them are understood."""

from __future__ import annotations

ABOVE = "reply above this line"
"""Ends the first line of every mail that may be answered; whatever quotes it is cut there."""
THREAD = ".thread@"
"""What tells a mail's thread from its Message-ID: a relay that names mails anew (Amazon SES,
Exchange) keeps the References, and so the reply bears one of the two.
"""
