"""How often people may be told, and what is allowed, as the settings say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.core.context import Limits, Rules
from bot.settings import Settings


def limits_of(settings: Settings) -> Limits:
    return Limits(
        pace={
            "email": timedelta(seconds=settings.seconds_between_mails),
            "sms": timedelta(seconds=settings.seconds_between_texts),
            "voice": timedelta(seconds=settings.seconds_between_calls),
        },
        to_one_address=_given(
            sms=settings.daily_texts_to_one_number,
            voice=settings.daily_calls_to_one_number,
            activation=settings.daily_codes_to_one_address,
        ),
        in_total=_given(
            sms=settings.daily_texts,
            voice=settings.daily_calls,
            activation=settings.daily_codes,
        ),
    )


def rules_of(settings: Settings) -> Rules:
    return Rules(
        may_reopen=settings.allow_reopening,
        keeps_young_regions=settings.keep_young_regions,
    )


def _given(**limits: int | None) -> Mapping[str, int]:
    return {what: most for what, most in limits.items() if most is not None}
