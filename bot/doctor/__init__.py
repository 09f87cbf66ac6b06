"""`imbot doctor`: is everything in order, and where it is not, how is it mended?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from aiohttp import ClientSession, ClientTimeout

from bot.doctor.findings import Finding, Rounds, wrong
from bot.doctor.house import clock, database, public_url, settings_found
from bot.doctor.mail import mails
from bot.doctor.phones import phones
from bot.doctor.slack import slack
from bot.settings import Settings, SettingsError

PATIENCE = ClientTimeout(total=10)


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def examine(settings: Settings, *, now: Callable[[], datetime] = _utc_now) -> int:
    """Print one finding a check; 1 where any is wrong. Nothing is sent, and nothing kept."""
    async with ClientSession(timeout=PATIENCE) as session:
        rounds = Rounds(settings=settings, session=session, now=now)
        in_store, in_chat, on_phones, in_mail, outside = await asyncio.gather(
            database(rounds), slack(rounds), phones(rounds), mails(rounds), public_url(rounds)
        )
    found = [*settings_found(settings), *in_store, *in_chat, *on_phones, *in_mail, outside]
    return report([*found, clock(rounds)])


def report_settings(refusal: SettingsError) -> int:
    """Print the faults of settings that nothing can be examined with."""
    faults = str(refusal).splitlines()
    return report([wrong("settings", fault, "") for fault in faults])


def report(findings: Sequence[Finding]) -> int:
    for finding in findings:
        print(finding)  # noqa: T201
    wrong_ones = sum(finding.state == "wrong" for finding in findings)
    off_ones = sum(finding.state == "off" for finding in findings)
    print(f"\n{len(findings)} checks: {wrong_ones} wrong, {off_ones} off.")  # noqa: T201
    return 1 if wrong_ones else 0
