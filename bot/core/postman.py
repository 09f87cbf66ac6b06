"""Reads the mailbox that answers to pages come to: one process of all, and each mail once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import Literal, Protocol

from bot.core.channel import Bounce, MailReply, Unavailable
from bot.core.clock import Clock
from bot.core.errors import InternalServerException, ServiceUnavailable
from bot.core.replies import Replies
from bot.core.replies.mails import Place
from bot.core.store.executor import Lane, Store
from bot.core.store.lease import Lease
from bot.core.store.mailboxes import Mailbox as Folder
from bot.core.store.mailboxes import own_mailbox

log = logging.getLogger(__name__)

TURN = 5.0
"""Seconds after which a process that does not read looks whether it may."""
BREATH = 0.1
"""Seconds between two looks into a mailbox that reports news without any."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds before the mailbox is tried again, which double."""
HORIZON = timedelta(days=1)
"""Of a folder that is new to us, or whose UIDs are, so much is read."""
MOST_FAILURES, MOST_DROPS = 3, 8
"""Tries at a mail whose reading fails, or during which the connection ends."""
PASSING = (ServiceUnavailable, InternalServerException)
"""What a store raises that may take the same mail later."""


class Mailbox(Protocol):
    """One folder. All raise Unavailable, and have hung up then; `open` begins anew."""

    @property
    def name(self) -> str: ...

    async def open(self) -> int:
        """Answers UIDVALIDITY; nothing to do where it is open."""

    async def since(self, day: date) -> list[int]: ...

    async def after(self, uid: int) -> list[int]: ...

    async def read(self, uid: int) -> MailReply | Bounce | None: ...

    async def mark(self, uid: int, flag: Literal["\\Seen", "\\Flagged"]) -> None: ...

    async def wait(self) -> None: ...

    async def close(self) -> None: ...


class Postman:
    """`make` gives the mailbox, once it is needed."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        lease: Lease,
        replies: Replies,
        make: Callable[[], Awaitable[Mailbox]],
        *,
        account_id: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._lease = lease
        self._replies = replies
        self._make = make
        self._account_id = account_id
        self._mailbox: Mailbox | None = None
        self._failing = (0, 0, 0)
        """UIDVALIDITY and UID of the mail that failed last, and how often in a row."""

    async def run(self) -> None:
        """Read until cancelled, whenever something comes."""
        wait = FIRST_WAIT
        while True:
            try:
                if await self.may_read():
                    has_read = await self.read()
                    wait = FIRST_WAIT
                    await (await self._box()).wait()
                    await asyncio.sleep(0 if has_read else BREATH)
                else:
                    await self.close()
                    await asyncio.sleep(TURN)
                continue
            except Unavailable as fault:
                log.warning("%s It is tried again in %d s.", fault.reason, wait)
            except Exception:
                log.exception("reading the mailbox failed; it is tried again in %d s", wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)

    async def may_read(self) -> bool:
        """Whether this process is the one that reads; it is from now on, where nobody is."""
        if not self._lease.is_fresh():
            return False
        name, owner, now = await self._name(), self._lease.owner, self._clock.now()
        return await self._store.write(
            lambda tx: own_mailbox(
                tx, account_id=self._account_id, name=name, owner=owner, now=now
            ),
            Lane.COURIER,
        )

    async def read(self) -> bool:
        """Deal with all mails that have come; answers whether there were any.

        Raises Unavailable, and what a mail raises that has failed and is tried again.
        """
        box = await self._box()
        validity = await box.open()
        last = await self._last(box, validity)
        uids = await box.after(last)
        for uid in uids:
            if not self._lease.is_fresh():
                break
            await self._take(box, await self._place(validity, uid))
        return bool(uids)

    async def close(self) -> None:
        if self._mailbox is not None:
            await self._mailbox.close()

    async def _box(self) -> Mailbox:
        if self._mailbox is None:
            self._mailbox = await self._make()
        return self._mailbox

    async def _name(self) -> str:
        return self._store.vault.fingerprint(f"mailbox {(await self._box()).name}")

    async def _place(self, validity: int, uid: int) -> Place:
        owner = self._lease.owner
        return Place(mailbox=await self._name(), owner=owner, validity=validity, uid=uid)

    async def _last(self, box: Mailbox, validity: int) -> int:
        """The mail that was read last; in a folder that is new to us, one of yesterday."""
        name = await self._name()
        row = await self._store.look(
            lambda tx: tx.find(Folder, account_id=self._account_id, name=name)
        )
        if row is not None and row.validity == validity:
            return row.last_uid
        recent = await box.since((self._clock.now() - HORIZON).date())
        last = recent[0] - 1 if recent else max(await box.after(0), default=0)
        await self._replies.read_mails_after(await self._place(validity, last))
        return last

    async def _take(self, box: Mailbox, place: Place) -> None:
        """Deal with one mail; one that fails again and again is set aside, so that it keeps
        no other from being read.
        """
        try:
            mail = await box.read(place.uid)
            is_ours = await self._replies.mail(mail, place)
        except PASSING:
            raise
        except Exception as fault:
            if self._count_failure(place) < _most(fault):
                raise
            await self._set_aside(box, place, fault)
            return
        if is_ours:
            await box.mark(place.uid, "\\Seen")

    def _count_failure(self, place: Place) -> int:
        *failed, times = self._failing
        times = times + 1 if failed == [place.validity, place.uid] else 1
        self._failing = (place.validity, place.uid, times)
        return times

    async def _set_aside(self, box: Mailbox, place: Place, fault: Exception) -> None:
        log.error(
            "mail %d of the mailbox cannot be dealt with (%s); it is flagged and passed over",
            place.uid,
            type(fault).__name__,
        )
        await self._replies.pass_over_mail(place)
        with suppress(Unavailable):
            await box.open()
            await box.mark(place.uid, "\\Flagged")


def _most(fault: Exception) -> int:
    return MOST_DROPS if isinstance(fault, Unavailable) else MOST_FAILURES
