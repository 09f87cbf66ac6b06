"""Run what is due in its writer's transaction, each job in its own savepoint."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, TypeGuard

from bot.core.access import Caller
from bot.core.context import Context, Unit
from bot.core.effects import jobs
from bot.core.errors import DataEncryptionException, ServiceError
from bot.core.registry import tasks
from bot.core.store.work import Job

log = logging.getLogger(__name__)

PAGES_A_SLICE = 100
FIRST_PAGES = 8
"""Pages after which the transaction of a request ends: the first ones leave before the others
are written.
"""


def run_cascade(unit: Unit, most_pages: int = PAGES_A_SLICE) -> None:
    """Run what is due, then set rows for the rest and wake who must act after the commit.

    A job that fails leaves its writer untouched: its savepoint is undone and its row stays due.
    """
    run_due(unit, most_pages)
    for ctx, name, arguments in unit.due:
        jobs.add(ctx, name, arguments, due_at=unit.now)
    unit.due.clear()
    unit.flush()
    _wake_after_commit(unit)


def run_due(unit: Unit, most_pages: int = PAGES_A_SLICE) -> None:
    """Run what is due until so many pages are on their way; what a task causes runs before what
    was due after it.
    """
    while unit.due and unit.pages < most_pages:
        (ctx, name, arguments), *after = unit.due
        unit.due = []
        run_task(ctx, name, arguments)
        unit.due += after


def run_task(ctx: Context, name: str, arguments: Mapping[str, Any], attempts: int = 0) -> None:
    """Run one task in a savepoint; put a failed one back as a row, a refused one away for
    good.

    A refusal is told by a task of its own, which may fail without harm to this one's writer.
    """
    try:
        with ctx.savepoint():
            tasks[name](ctx, **arguments)
    except Exception as fault:
        if ctx.unit.tx.is_broken(fault):
            raise
        if _is_refusal(fault):
            log.warning("task %s was refused: %s", name, fault.code)
            _tell_refusal(ctx, name, arguments, fault)
            return
        log.exception("task %s failed, attempt %d", name, attempts + 1)
        jobs.put_back(ctx, name, arguments, attempts + 1, type(fault).__name__)


def _is_refusal(fault: Exception) -> TypeGuard[ServiceError]:
    """Whether trying again would be no use. Limits, and what is broken here, may pass."""
    if not isinstance(fault, ServiceError) or isinstance(fault, DataEncryptionException):
        return False
    return fault.status not in (429, 500, 503)


def _tell_refusal(
    ctx: Context, name: str, arguments: Mapping[str, Any], refusal: ServiceError
) -> None:
    if name != "tell_refusal":
        told = {"name": name, "arguments": arguments}
        told |= {"code": refusal.code, "message": refusal.message}
        ctx.unit.due.append((ctx, "tell_refusal", told))


def job_context(unit: Unit, job: Job) -> Context:
    return Context(unit, Caller(**job.arguments["caller"]), str(job.key))


def _wake_after_commit(unit: Unit) -> None:
    after = unit.tx.after_commit
    house = unit.house
    if unit.born:
        born = list(unit.born)
        after.append(lambda: house.carry(born))
    if unit.has_posts:
        after.append(house.wake_courier)
    if unit.earliest is not None:
        earliest = unit.earliest
        after.append(lambda: house.wake_engine(earliest))
