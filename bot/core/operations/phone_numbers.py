"""Phone numbers that topics do not text, because their owners said so."""

from __future__ import annotations

from datetime import timedelta

from bot.core.context import Context
from bot.core.effects import phone_numbers, spelling
from bot.core.effects.publication_rules import refused
from bot.core.errors import ThrottledException, ValidationException
from bot.core.listing import next_token_member, place_in, token_to
from bot.core.registry import operation
from bot.core.store.schema import Wire

LISTED = 100
BINDING = "ListPhoneNumbersOptedOut"
AGAIN_AFTER = timedelta(days=30)
"""A number is opted in once in that time. Source: OptInPhoneNumber."""


@operation("sns", "CheckIfPhoneNumberIsOptedOut")
def check_if_phone_number_is_opted_out(ctx: Context, *, phone_number: str) -> Wire:
    number = _checked(phone_number)
    return {"isOptedOut": phone_numbers.opted_out_at(ctx, number) is not None}


@operation("sns", "ListPhoneNumbersOptedOut")
def list_phone_numbers_opted_out(ctx: Context, *, next_token: str | None = None) -> Wire:
    """In the order of the numbers; those of contact channels among them."""
    numbers = sorted(phone_numbers.opted_out(ctx))
    if next_token:
        (passed,) = place_in(ctx, next_token, BINDING)
        numbers = [number for number in numbers if number > passed]
    shown = numbers[:LISTED]
    token = token_to(ctx, [shown[-1]], BINDING) if len(numbers) > LISTED else None
    return {"phoneNumbers": shown, **next_token_member(token, "nextToken")}


@operation("sns", "OptInPhoneNumber")
def opt_in_phone_number(ctx: Context, *, phone_number: str) -> Wire:
    """Text a number again. A contact channel of it stays off until its owner replies START,
    and so does the vendor's own list.

    Raises ThrottledException within 30 days of the last time.
    Source: OptInPhoneNumber, sns 2010-03-31.
    """
    number = _checked(phone_number)
    last = phone_numbers.last_opted_in(ctx, number)
    if phone_numbers.opted_out_at(ctx, number) is None:
        return {}
    if last is not None and ctx.now - last < AGAIN_AFTER:
        raise ThrottledException("A phone number may be opted in once in 30 days.")
    phone_numbers.opt_in(ctx, number)
    return {}


def _checked(number: str) -> str:
    try:
        return spelling.checked("SMS", number)
    except ValidationException as fault:
        raise refused("PhoneNumber", "it is no phone number") from fault
