"""What several pages in one message are called, in mails, texts and calls; pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.core.channel import Bundle

NO_SUBJECT = "an incident needs your attention"


def things(bundle: Bundle) -> str:
    """Say how many there are: "3 incidents"; "Still 3 incidents" where all were told before."""
    if bundle.incidents is None:
        many = f"{bundle.count} pages"
    elif bundle.incidents == 1:
        many = f"{bundle.count} pages of one incident"
    else:
        many = f"{bundle.incidents} incidents"
    is_again = all(page["is_again"] for page in bundle.pages)
    return f"Still {many}" if is_again else many


def is_test(bundle: Bundle) -> bool:
    """Whether nothing in it is wrong: every page that it says is a test."""
    return all(page["is_test"] for page in bundle.pages)


def subjects(bundle: Bundle, name: str = "subject") -> list[str]:
    """Each subject once, the newest first; `name` is "subject" or "public_subject"."""
    mixed = not is_test(bundle)
    told = (
        f"{'[TEST] ' if mixed and page['is_test'] else ''}{page[name] or NO_SUBJECT}"
        for page in bundle.pages
    )
    return list(dict.fromkeys(told))


def subject(bundle: Bundle) -> str:
    """Say it in one line: "3 incidents, newest: Payments are failing"."""
    mark = "[TEST] " if is_test(bundle) else ""
    return f"{mark}{things(bundle)}, newest: {subjects(bundle)[0]}"


def more(bundle: Bundle) -> str:
    """Say how many pages it leaves unsaid; "" where it says them all."""
    left = bundle.count - len(bundle.pages)
    return f"And {left} more." if left else ""


def began(page: Mapping[str, Any]) -> str:
    at = datetime.fromisoformat(page["at"])
    again = ", sent again" if page["is_again"] else ""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC{again}"
