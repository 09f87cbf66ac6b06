"""Who could be told now: what could tell nobody is named, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.core.effects.reachability import Finding as Lost
from bot.core.effects.reachability import Reach, reach
from bot.core.errors import ServiceError
from bot.core.store.executor import Store
from bot.core.store.transaction import TransactionError
from bot.doctor.findings import Finding, ok, wrong
from bot.settings import Settings

NAME = "reachability"
MOST_NAMED = 20
MEND = (
    "Give them stages, activated contact channels and people on call; `@aws who-is-reachable` "
    "shows all of them."
)
CALLED = {
    "RESPONSE_PLAN": "Response plan",
    "ESCALATION": "Escalation plan",
    "ONCALL_SCHEDULE": "Schedule",
    "PERSONAL": "Contact",
}


def media_of(settings: Settings) -> frozenset[str]:
    """The media by which people are told that have settings, as `imbot serve` would have
    channels for them.
    """
    has = {
        "email": settings.smtp_host and settings.smtp_from,
        "sms": settings.twilio_account_sid,
        "voice": settings.twilio_account_sid,
        "slack": settings.slack_bot_token,
    }
    return frozenset(medium for medium, setting in has.items() if setting)


async def reachability(store: Store, settings: Settings, now: datetime) -> list[Finding]:
    """One finding for each that could tell nobody; one where there is none."""
    account_id, media = settings.account_id, media_of(settings)
    try:
        found = await store.read(
            lambda tx: reach(tx, account_id=account_id, media=media, now=now)
        )
    except (ServiceError, TransactionError) as fault:
        words = f"It cannot be told ({type(fault).__name__})."
        return [wrong(NAME, words, "See that the master key is this database's own.")]
    return _lost(found.unreachable) if found.unreachable else [_well(found)]


def _well(found: Reach) -> Finding:
    if not found.checked:
        return ok(NAME, "There are no contacts and no response plans yet.")
    words = f"Each of {found.checked} contacts, plans and schedules could tell somebody now."
    return ok(NAME, words)


def _lost(unreachable: Sequence[Lost]) -> list[Finding]:
    shown = [
        wrong(NAME, f"{CALLED[one.type]} {one.name}: {one.reason}", "")
        for one in unreachable[:MOST_NAMED]
    ]
    left = len(unreachable) - len(shown)
    words = f"And {left} more." if left > 0 else f"{len(unreachable)} could tell nobody now."
    return [*shown, wrong(NAME, words, MEND)]
