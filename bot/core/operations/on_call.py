"""Who is on call, over all schedules: what chat shows, and the API has no operation for."""

from __future__ import annotations

from bot.core.context import Context
from bot.core.effects import schedules
from bot.core.effects.on_call_names import people
from bot.core.registry import operation
from bot.core.store.contacts import Contact
from bot.core.store.rotations import Rotation
from bot.core.store.schema import Wire


@operation("imbot", "ListOnCall")
def list_on_call(ctx: Context) -> Wire:
    """Tell who is on call in each schedule now, and who is after the next hand-off.

    Schedules come by their aliases, rotations in the schedule's own order. Nobody is an empty
    list; without HandOffTime nothing ever changes.
    """
    found = ctx.select(
        Contact, account_id=ctx.account_id, type="ONCALL_SCHEDULE", deleted_at=None
    )
    return {
        "Schedules": [
            {
                "ContactArn": schedule.arn,
                "DisplayName": schedule.display_name or schedule.alias,
                "Rotations": [
                    _rotation(ctx, row) for row in schedules.rotations_in(ctx, schedule)
                ],
            }
            for schedule in sorted(found, key=lambda one: one.alias)
        ]
    }


def _rotation(ctx: Context, row: Rotation) -> Wire:
    hand_off = schedules.hand_off(ctx, row)
    document: Wire = {
        "RotationArn": row.arn,
        "Name": row.name,
        "TimeZoneId": row.time_zone_id,
        "Now": people(ctx, hand_off.now),
        "Next": people(ctx, hand_off.next),
    }
    return document | ({"HandOffTime": hand_off.at} if hand_off.at else {})
