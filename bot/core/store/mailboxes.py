"""How far a mailbox has been read, and by whom."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from bot.core.ids import Key, new_key
from bot.core.store.lease import is_dead
from bot.core.store.schema import partial_index, primary, table, table_of
from bot.core.store.transaction import Transaction


@table("mailbox", partial_index("mailbox_name", "account_id", "name", unique=True))
class Mailbox:
    """One folder. `name` is a fingerprint of account, server and folder; `owner` the process
    that reads it. Mails up to `last_uid` were dealt with, as long as UIDVALIDITY is `validity`;
    0: none was yet.
    """

    key: Key = primary()
    account_id: str
    name: str
    owner: str | None
    validity: int
    last_uid: int
    read_at: datetime


def own_mailbox(
    tx: Transaction, *, account_id: str, name: str, owner: Key, now: datetime
) -> bool:
    """Let this process be the one that reads it, unless another one lives that does."""
    row = Mailbox(
        key=new_key(),
        account_id=account_id,
        name=name,
        owner=owner,
        validity=0,
        last_uid=0,
        read_at=now,
    )
    if tx.insert_or_ignore(row):
        return True
    columns = table_of(Mailbox).c
    free = sa.or_(
        columns.owner.is_(None),
        columns.owner == owner,
        is_dead(tx, owner, columns.owner),
    )
    taken = sa.update(table_of(Mailbox)).where(
        columns.account_id == account_id, columns.name == name, free
    )
    return tx.execute(taken.values(owner=owner)) == 1
