"""The shifts behind a calendar's address: of a rotation, a schedule's rotations or a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from bot.core.context import Context
from bot.core.effects import schedules
from bot.core.effects.icalendar import Event, calendar_text, instant
from bot.core.effects.names import shown_name
from bot.core.planner import rotations as planner
from bot.core.store.contacts import Contact
from bot.core.store.rotations import CalendarLink, Rotation, RotationOverride

BEHIND = timedelta(days=31)
AHEAD = timedelta(days=184)
"""How far a calendar looks back and ahead from the day (UTC) on which it is read."""


def calendar_of(ctx: Context, link: CalendarLink) -> bytes | None:
    """The iCalendar object of a link; None where what it names is gone."""
    reader = _Reader(ctx)
    rotation = ctx.get(Rotation, link.of_key)
    if rotation is not None:
        return calendar_text(f"On call: {rotation.name}", reader.of_rotations([rotation]))
    contact = ctx.get(Contact, link.of_key)
    if contact is None or contact.deleted_at is not None:
        return None
    name = contact.display_name or contact.alias
    if contact.type == "ONCALL_SCHEDULE":
        of = schedules.rotations_in(ctx, contact)
        return calendar_text(f"On call: {name}", reader.of_rotations(of))
    return calendar_text(f"On call: {name}", reader.of_person(contact))


class _Reader:
    """Reads one calendar; each name is looked up once."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._names: dict[str, str] = {}
        today = ctx.now.replace(hour=0, minute=0, second=0, microsecond=0)
        self._range = today - BEHIND, today + AHEAD

    def of_rotations(self, rotations: Sequence[Rotation]) -> Iterator[Event]:
        """Every shift that somebody is on call in."""
        for row in rotations:
            overrides = schedules.overrides_of(self._ctx, row)
            for shift in self._shifts(row, overrides):
                who = ", ".join(map(self._name, shift.members))
                yield self._event(row, shift, f"{who} ({row.name})", "")

    def of_person(self, contact: Contact) -> Iterator[Event]:
        """His shifts in all rotations that name him, or whose overrides do."""
        account = {"account_id": self._ctx.account_id}
        overrides: dict[str, list[RotationOverride]] = {}
        for override in self._ctx.select(RotationOverride, **account):
            overrides.setdefault(override.rotation_key, []).append(override)
        for row in self._ctx.select(Rotation, **account):
            laid = overrides.get(row.key, [])
            named = [row.contact_ids, *(one.contact_ids for one in laid)]
            if not any(contact.arn in arns for arns in named):
                continue
            for shift in self._shifts(row, schedules.planned(laid)):
                if contact.arn in shift.members:
                    yield self._event(row, shift, f"On call: {row.name}", f"-{contact.key}")

    def _shifts(
        self, row: Rotation, overrides: Sequence[planner.Override]
    ) -> Iterator[planner.Shift]:
        found = planner.shifts(schedules.rotation_of(row), overrides, *self._range)
        return (shift for shift in found if shift.members)

    def _event(self, row: Rotation, shift: planner.Shift, summary: str, mark: str) -> Event:
        """Named by the rotation and its beginning, which stay when an override cuts its end."""
        told = f"Rotation {row.name}. On call: {self._called(shift.members)}."
        if shift.overridden:
            told += f" Instead of: {self._called(shift.overridden)}."
        return Event(
            uid=f"{row.key}-{instant(shift.starts_at)}{mark}@imbot",
            starts_at=shift.starts_at,
            ends_at=shift.ends_at,
            summary=summary,
            description=told,
            revised_at=row.changed_at,
        )

    def _called(self, arns: Sequence[str]) -> str:
        return ", ".join(map(self._name, arns))

    def _name(self, arn: str) -> str:
        if arn not in self._names:
            self._names[arn] = shown_name(self._ctx, arn)
        return self._names[arn]
