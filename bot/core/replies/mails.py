"""Mails that came in: what people answered to ours, and what servers tell of them.

Only who has had one of our mails knows its Message-ID, so that, and never the sender, says
whose answer it is; what it asks is done as if a text had asked it. Words go back to the address
that our mail went to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.channel import Bounce, Delivery, MailAnswer, MailReply
from bot.core.context import Context
from bot.core.effects import faults, outbox, receipts
from bot.core.ids import Key, new_key
from bot.core.replies import statuses, texts
from bot.core.replies.answers import Answer, read_answer
from bot.core.store.contacts import Activation, ContactChannel
from bot.core.store.engagements import Page, Receipt
from bot.core.store.mailboxes import Mailbox
from bot.core.store.work import Delivery as Delivered
from bot.core.store.work import Outbox

MEDIUM = "EMAIL"
MOST_ANSWERS = 10
"""So many mails answer one address within an hour, whatever it asks."""
LONGEST_CHAIN = 10
"""Mails that an answer names as those before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a mail lies, and which process has read it there."""

    mailbox: str
    owner: Key
    validity: int
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A mail of ours, and what it was sent for."""

    message_id: str
    pages: Sequence[Page]
    channel: ContactChannel | None
    address: str
    """Its fingerprint."""


def take_mail(ctx: Context, mail: MailReply | Bounce | None, place: Place) -> bool:
    """Do what a mail asks, once; answers whether it was one for us.

    That it was read is written with what follows from it. Where another process reads the
    mailbox by now, nothing is done.
    """
    if not _turns_to(ctx, place) or mail is None:
        return False
    if isinstance(mail, Bounce):
        return _record_bounce(ctx, mail)
    return _answer(ctx, mail)


def pass_over(ctx: Context, place: Place) -> None:
    """Let a mail be, for ever."""
    _turns_to(ctx, place)


def begin_after(ctx: Context, place: Place) -> None:
    """Read what comes after `place.uid`: the folder is new to us, or all its UIDs are."""
    row = _locked(ctx, place)
    if row is not None:
        ctx.update(row, validity=place.validity, last_uid=place.uid, read_at=ctx.now)


def meaning(lines: Sequence[str]) -> Answer:
    """What a mail asks: the code in one of its first lines, or the word in the very first."""
    for number, line in enumerate(lines):
        answer = read_answer(line)
        if answer.kind == "code" or (number == 0 and answer.kind != "unknown"):
            return answer
    return Answer(kind="unknown")


def _locked(ctx: Context, place: Place) -> Mailbox | None:
    found = ctx.tx.find(Mailbox, account_id=ctx.account_id, name=place.mailbox)
    row = ctx.lock(Mailbox, found.key) if found else None
    return row if row is not None and row.owner == place.owner else None


def _turns_to(ctx: Context, place: Place) -> bool:
    """Note that a mail was read; false where it was before, or is another process's to read."""
    row = _locked(ctx, place)
    if row is None or row.validity != place.validity or row.last_uid >= place.uid:
        return False
    ctx.update(row, last_uid=place.uid, read_at=ctx.now)
    return True


def _answer(ctx: Context, mail: MailReply) -> bool:
    original = _original(ctx, mail.references)
    if original is None:
        return False
    seen = Delivered(
        key=new_key(), account_id=ctx.account_id, delivery_id=f"mail {mail.digest}", at=ctx.now
    )
    if not ctx.tx.insert_or_ignore(seen):
        return True
    words = texts.answer_from(ctx, original.address, meaning(mail.lines), MEDIUM)
    if words is not None:
        _send_back(ctx, mail, original, words)
    return True


def _send_back(ctx: Context, mail: MailReply, original: Original, words: str) -> None:
    channel = original.channel
    if channel is None or channel.deleted_at is not None or "email" not in ctx.house.media:
        return
    if not texts.may_answer(ctx, f"{MEDIUM} answer", original.address, most=MOST_ANSWERS):
        return
    before = [name for name in mail.references if name != original.message_id]
    chain = [original.message_id, *reversed(before[: LONGEST_CHAIN - 2])]
    answer = MailAnswer(
        key=new_key(),
        address=channel.address,
        created_at=ctx.now,
        subject=mail.subject,
        words=words,
        references=[*chain, *filter(None, [mail.message_id])],
    )
    outbox.send(ctx, "email", answer, channel_key=channel.key)


def _record_bounce(ctx: Context, bounce: Bounce) -> bool:
    original = _original(ctx, bounce.references)
    if original is None:
        return False
    for page in original.pages:
        if bounce.is_final:
            _record_failure(ctx, page, original, bounce)
        else:
            _record_delay(ctx, page, bounce.reason)
    if not original.pages and bounce.is_final and original.channel is not None:
        faults.record(ctx, original.channel.key, bounce.reason, refuses=bounce.refuses)
    return True


def _record_failure(ctx: Context, page: Page, original: Original, bounce: Bounce) -> None:
    delivery = Delivery(
        vendor_id=original.message_id,
        receipt="ERROR",
        info=bounce.reason,
        refuses=bounce.refuses,
    )
    statuses.record_status(ctx, delivery, page.key)


def _record_delay(ctx: Context, page: Page, reason: str) -> None:
    """The mail may arrive yet, so nothing follows from it."""
    told = ctx.select(Receipt, page_key=page.key, type="ERROR")
    if all(receipt.info != reason for receipt in told):
        receipts.record(ctx, page, "ERROR", reason)


def _original(ctx: Context, references: Sequence[str]) -> Original | None:
    """The nearest of the mails named that is one of ours."""
    for name in references:
        found = _page_mail(ctx, name) or _unrecorded(ctx, name) or _activation(ctx, name)
        if found is not None:
            return found
    return None


def _page_mail(ctx: Context, name: str) -> Original | None:
    sent = ctx.select(Receipt, account_id=ctx.account_id, vendor_id=name, type="SENT")
    keys = dict.fromkeys(receipt.page_key for receipt in sent)
    return _of_pages(ctx, name, [page for key in keys if (page := ctx.get(Page, key))])


def _unrecorded(ctx: Context, name: str) -> Original | None:
    """A mail that left, and whose sending is not recorded yet: its row waits in the outbox."""
    row = ctx.get(Outbox, _key_in(name))
    if row is None or row.account_id != ctx.account_id or row.medium != "email":
        return None
    return _of_pages(ctx, name, receipts.told_pages(ctx, row.page_key) if row.page_key else [])


def _activation(ctx: Context, name: str) -> Original | None:
    row = ctx.tx.find(Activation, account_id=ctx.account_id, message_key=_key_in(name))
    channel = ctx.get(ContactChannel, row.channel_key) if row else None
    if channel is None:
        return None
    address = channel.address_fingerprint
    return Original(message_id=name, pages=(), channel=channel, address=address)


def _of_pages(ctx: Context, name: str, pages: Sequence[Page]) -> Original | None:
    if not pages:
        return None
    key, address = pages[0].channel_key, pages[0].address_fingerprint
    channel = ctx.get(ContactChannel, key) if key else None
    return Original(message_id=name, pages=pages, channel=channel, address=address)


def _key_in(name: str) -> Key:
    """The outbox row's key, which a Message-ID of ours begins with."""
    return Key(name.strip("<>").partition("@")[0])
