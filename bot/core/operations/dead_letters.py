"""What subscriptions of topics did not get."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, func, select

from bot.core.access import sees_addresses
from bot.core.context import Context
from bot.core.effects import dead_letters
from bot.core.effects.subscriptions import subscription_of
from bot.core.errors import NotFoundException, ResourceNotFoundException
from bot.core.ids import Key
from bot.core.listing import listing, next_token_member
from bot.core.registry import operation
from bot.core.store.kinds import integer_to_instant
from bot.core.store.schema import Wire, table_of
from bot.core.store.statements import prepared
from bot.core.store.subscriptions import DeadLetter

AT_ONCE = 100

_letters = table_of(DeadLetter)
_is_its = _letters.c.subscription_arn == bindparam("subscription")
OLDEST = prepared(select(_letters).where(_is_its).order_by(_letters.c.key).limit(AT_ONCE))
LEFT = prepared(select(func.count()).where(_is_its))


@operation("imbot", "ListDeadLetters")
def list_dead_letters(
    ctx: Context,
    *,
    subscription_arn: str | None = None,
    max_results: int | None = None,
    next_token: str | None = None,
) -> Wire:
    """Of one subscription or of all, also of one that is gone, the oldest first."""
    of_it = table_of(DeadLetter).c.subscription_arn == subscription_arn
    letters, token = listing(
        ctx,
        DeadLetter,
        *([of_it] if subscription_arn else []),
        of="ListDeadLetters",
        max_results=max_results,
        next_token=next_token,
    )
    shown = [_shown(ctx, letter) for letter in letters]
    return {"DeadLetters": shown, **next_token_member(token)}


@operation("imbot", "SendDeadLettersAgain")
def send_dead_letters_again(
    ctx: Context, *, subscription_arn: str, dead_letter_ids: Sequence[str] = ()
) -> Wire:
    """Send some, or the oldest hundred, once more; what fails again is listed again.

    Raises ResourceNotFoundException where the subscription, or one that is named, is not there.
    """
    try:
        subscription = subscription_of(ctx, subscription_arn)
    except NotFoundException as fault:
        raise ResourceNotFoundException("SUBSCRIPTION", subscription_arn) from fault
    if dead_letter_ids:
        chosen = [_letter(ctx, subscription_arn, Key(name)) for name in dead_letter_ids]
    else:
        chosen = ctx.tx.fetch(DeadLetter, OLDEST, subscription=subscription_arn)
    for letter in chosen:
        dead_letters.send_again(ctx, subscription, letter)
    [(left,)] = ctx.tx.records(LEFT, subscription=subscription_arn)
    return {"Sent": len(chosen), "Left": left}


def _letter(ctx: Context, subscription_arn: str, key: Key) -> DeadLetter:
    found = ctx.get(DeadLetter, key)
    if found is None or found.subscription_arn != subscription_arn:
        raise ResourceNotFoundException("DEAD_LETTER", key)
    return found


def _shown(ctx: Context, letter: DeadLetter) -> Wire:
    message = letter.message
    shown = {
        "DeadLetterId": letter.key,
        "SubscriptionArn": letter.subscription_arn,
        "TopicArn": letter.topic_arn,
        "Protocol": letter.protocol,
        "MessageId": message["message_id"],
        "Reason": letter.fault,
        "Attempts": letter.attempts,
        "PublishedAt": integer_to_instant(message["created_at"]),
        "GivenUpAt": letter.at,
    }
    if sees_addresses(ctx.caller):
        shown["Message"] = message["message"]
        if message["subject"]:
            shown["Subject"] = message["subject"]
    return shown
