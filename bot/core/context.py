"""What a handler gets: on whose behalf, when, and in what transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar

from bot.core.access import Caller
from bot.core.arns import build_arn, key_in
from bot.core.channel import Post
from bot.core.errors import ResourceNotFoundException
from bot.core.ids import Key
from bot.core.store.schema import Row, shape_of
from bot.core.store.transaction import Transaction, TransactionError
from bot.core.store.work import Outbox

R = TypeVar("R", bound=Row)

MOST_PENDING = 1024
"""Rows that wait to be written: every look-up goes through them."""

RESOURCE_TYPES = {
    "ResponsePlan": "RESPONSE_PLAN",
    "Incident": "INCIDENT_RECORD",
    "TimelineEvent": "TIMELINE_EVENT",
    "ReplicationSet": "REPLICATION_SET",
    "Contact": "CONTACT",
    "ContactChannel": "CONTACT_CHANNEL",
    "Engagement": "ENGAGEMENT",
    "Page": "PAGE",
    "Rotation": "ROTATION",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a chat door says to a delivery: messages now, and documents to look at again
    later.
    """

    posts: Sequence[Post] = ()
    later: Sequence[tuple[datetime, Mapping[str, Any]]] = ()


Answerer = Callable[["Context", Mapping[str, Any], Mapping[str, Any]], Answer]


PACE: Mapping[str, timedelta] = {
    "email": timedelta(seconds=20),
    "sms": timedelta(seconds=20),
    "voice": timedelta(seconds=100),
}
"""The service's own limits. Source: General Reference, Incident Manager quotas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How often people are told. `pace`, by medium: the time between two messages of pages to
    one contact channel. The others, by medium or "activation": messages a day (UTC), to one
    address and in total; what is not named has no limit.
    """

    pace: Mapping[str, timedelta] = field(default_factory=lambda: PACE)
    to_one_address: Mapping[str, int] = field(default_factory=dict)
    in_total: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the account's operator may choose. `may_reopen`: a resolved incident can be opened
    again. `keeps_young_regions`: a region stays in its replication set for 24 hours.
    """

    may_reopen: bool = False
    keeps_young_regions: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Where pages come from: numbers in E.164, and a bare mail address."""

    name: str = "imbot"
    phone_numbers: tuple[str, ...] = ()
    email: str | None = None

    @property
    def can_send(self) -> bool:
        return bool(self.phone_numbers or self.email)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What handlers may know of the process around them.

    `media` are the channels that have settings ("email", "sms", "voice", "slack"). `name_owner`
    names this process in the outbox. `public_url` has no slash at its end.
    """

    name_owner: Callable[[], str]
    media: frozenset[str]
    public_url: str | None
    carry: Callable[[list[Outbox]], None]
    """Takes messages born owned, after their commit."""
    wake_engine: Callable[[datetime], None]
    wake_courier: Callable[[], None]
    answerers: Mapping[str, Answerer] = field(default_factory=dict)
    """By door: what is said to a delivery of that door (see `core.deliveries`)."""
    limits: Limits = field(default_factory=Limits)
    rules: Rules = field(default_factory=Rules)
    sender: Sender = field(default_factory=Sender)


class Pending:
    """Rows that a transaction is going to write, by their kind."""

    __slots__ = ("_keys", "_kinds")

    def __init__(self) -> None:
        self._kinds: dict[type[Row], dict[Key, Any]] = {}
        self._keys: set[Key] = set()

    def __len__(self) -> int:
        return len(self._keys)

    def put(self, row: Row) -> int:
        """Add a row, or put it in the place of the one of its key; answers how many wait."""
        kind, key = type(row), row.key
        rows = self._kinds.get(kind)
        if rows is None:
            self._kinds[kind] = {key: row}
        else:
            rows[key] = row
        self._keys.add(key)
        return len(self._keys)

    def get(self, kind: type[R], key: Key) -> R | None:
        rows = self._kinds.get(kind)
        return None if rows is None else rows.get(key)

    def of(self, kind: type[R]) -> Collection[R]:
        rows = self._kinds.get(kind)
        return () if rows is None else rows.values()

    def kinds(self) -> Mapping[type[Row], Collection[Row]]:
        return {kind: rows.values() for kind, rows in self._kinds.items()}

    def are_named_in(self, values: Iterable[Any]) -> bool:
        """Whether one of the values is the key of such a row."""
        return not self._keys.isdisjoint(values)

    def clear(self) -> None:
        self._kinds.clear()
        self._keys.clear()


@dataclass(slots=True)
class Unit:
    """One transaction's worth of intentions: rows to insert, jobs due at once, messages
    born.
    """

    tx: Transaction
    now: datetime
    house: House
    pending: Pending = field(default_factory=Pending)
    kept: list[Any] = field(default_factory=list)
    due: list[tuple[Context, str, dict[str, Any]]] = field(default_factory=list)
    born: list[Outbox] = field(default_factory=list)
    earliest: datetime | None = None
    has_posts: bool = False
    pages: int = 0
    codes: set[tuple[str, str]] = field(default_factory=set)
    """Codes that are in use, as far as it knows, each with its address, by fingerprints."""
    drawn: list[tuple[str, str]] = field(default_factory=list)
    """Codes that nobody has got yet, with their fingerprints."""
    channels: set[Key] = field(default_factory=set)
    """Contact channels that its pages go to."""
    is_hopeful: bool = False
    """Set no savepoints; where one would be undone, raise AgainCarefully instead."""

    def flush(self) -> None:
        if self.pending:
            self.tx.insert_kinds(self.pending.kinds())
            self.pending.clear()

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo, on an exception, all that was written and intended inside, but what is kept."""
        return Hoping(self) if self.is_hopeful else self._real_savepoint()

    @contextmanager
    def _real_savepoint(self) -> Iterator[None]:
        self.flush()
        kept, due, born, pages = len(self.kept), len(self.due), len(self.born), self.pages
        try:
            with self.tx.savepoint():
                yield
                self.flush()
        except BaseException:
            self.pending.clear()
            for row in self.kept[kept:]:
                self.pending.put(row)
            del self.due[due:], self.born[born:]
            self.pages = pages
            raise


class Hoping:
    """Stands for a savepoint that is not set: what fails inside is run again carefully."""

    __slots__ = ("_unit",)

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def __enter__(self) -> None:
        return

    def __exit__(self, _: object, fault: BaseException | None, __: object) -> None:
        if isinstance(fault, Exception) and not self._unit.tx.is_broken(fault):
            raise AgainCarefully from fault


class AgainCarefully(TransactionError):
    """A step failed that would have had a savepoint: undo everything, and run it again with
    savepoints. Most transactions need none, and are a quarter cheaper without.
    """


@lru_cache(256)
def _values_of(*names: str) -> Callable[[Any], Any]:
    """Of one name its value, of several a tuple."""
    return attrgetter(*names)


class Context:
    """A handler's whole world. Rows that it adds are written when it is done."""

    __slots__ = ("account_id", "caller", "house", "now", "request_id", "unit")

    def __init__(self, unit: Unit, caller: Caller, request_id: str) -> None:
        self.unit = unit
        self.caller = caller
        self.request_id = request_id
        self.now = unit.now
        self.house = unit.house
        self.account_id = caller.account_id

    @property
    def tx(self) -> Transaction:
        """The transaction, with all added rows in it."""
        self.unit.flush()
        return self.unit.tx

    def on_behalf_of(self, caller: Caller) -> Context:
        return Context(self.unit, caller, self.request_id)

    def new_arn(self, service: str, *resource: str) -> str:
        return build_arn(service, self.caller.region, self.account_id, *resource)

    def add(self, row: R) -> R:
        if self.unit.pending.put(row) >= MOST_PENDING:
            self.unit.flush()
        return row

    def keep(self, row: R) -> R:
        """Add a row that is written even if the request is refused: a wrong try is counted.

        Nothing else may have been written before, for that would stay, too.
        """
        self.unit.kept.append(row)
        return self.add(row)

    def update(self, row: R, **changes: Any) -> R:
        """Change a row that was read or added; answers the row as it is then."""
        added = self.unit.pending.get(type(row), row.key)
        if added is None:
            return self.unit.tx.update(row, **changes)
        changed = shape_of(type(row)).changed(added, changes)
        self.unit.pending.put(changed)
        return changed

    def delete(self, row: Row) -> None:
        self.tx.delete(row)

    def get(self, row_type: type[R], key: Key) -> R | None:
        added = self.unit.pending.get(row_type, key)
        return self.unit.tx.get(row_type, key) if added is None else added

    def lock(self, row_type: type[R], key: Key) -> R | None:
        """Read a row so that nobody else changes it before this transaction ends."""
        added = self.unit.pending.get(row_type, key)
        return self.unit.tx.lock(row_type, key) if added is None else added

    def find(self, row_type: type[R], arn: str) -> R | None:
        """The account's live row of that ARN."""
        shape = shape_of(row_type)
        if shape.is_named_by_key:
            row: Any = self.get(row_type, key_in(arn))
            is_it = row is not None and row.arn == arn and row.account_id == self.account_id
            return row if is_it else None
        live = {"deleted_at": None} if shape.has_tombstones else {}
        return self.find_by(row_type, account_id=self.account_id, arn=arn, **live)

    def find_by(self, row_type: type[R], **equal: Any) -> R | None:
        """A row whose columns equal these values; one that was just added, if there is one."""
        if self.unit.pending:
            if added := self._added(row_type, equal):
                return added[0]
            if self._refers_to_added(equal):
                return None
        return self.unit.tx.find(row_type, **equal)

    def require(self, row_type: type[R], arn: str) -> R:
        """Raises ResourceNotFoundException where the account has no live row of that ARN."""
        row = self.find(row_type, arn)
        if row is None:
            raise ResourceNotFoundException(RESOURCE_TYPES[row_type.__name__], arn)
        return row

    def select(self, row_type: type[R], **equal: Any) -> list[R]:
        """The rows whose columns equal these values (None: are empty), added ones last."""
        if self._refers_to_added(equal):
            return self._added(row_type, equal)
        return self.unit.tx.select(row_type, **equal) + self._added(row_type, equal)

    def _added(self, row_type: type[R], equal: Mapping[str, Any]) -> list[R]:
        """Those that match among the rows that are not yet written."""
        rows = self.unit.pending.of(row_type)
        if not rows or not equal:
            return list(rows)
        values_of, (first, *rest) = _values_of(*equal), equal.values()
        wanted = (first, *rest) if rest else first
        return [row for row in rows if values_of(row) == wanted]

    def _refers_to_added(self, equal: Mapping[str, Any]) -> bool:
        """Whether only added rows can match: no written row bears the key of an unwritten."""
        return self.unit.pending.are_named_in(equal.values())

    def savepoint(self) -> AbstractContextManager[None]:
        return self.unit.savepoint()
