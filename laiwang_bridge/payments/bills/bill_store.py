"""Bills and all their versions, as they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NewType

from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import (
    Connection,
    Row,
    bindparam,
    func,
    insert,
    select,
    update,
)

from appservice.bots.line import fold
from appservice.effects import EffectKey
from appservice.language import Language
from appservice.prepared import Prepared
from laiwang_bridge.payments.bills.bill_tables import pay_bill, pay_bill_version
from laiwang_bridge.payments.bills.versions import (
    Change,
    Content,
    Version,
    nets_of,
    row_of_version,
    version_of_row,
)
from laiwang_bridge.payments.ledger.entries import EntryId
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId

BillId = NewType("BillId", int)


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill as it is now. `number` counts within its room, from 1, and is what people know it by.

    `event` is the message that made it, `thread` the root of the thread in which that stands, `receipt` a picture, in
    `receipt_room` if that is not the room of the books. What `is_imported` counts in the balance alone: who had paid
    his share of it where it comes from, nobody knows.
    """

    id: BillId
    ledger: LedgerId
    number: int
    author: AccountId
    event: EventID | None
    thread: EventID | None
    receipt: EventID | None
    card: EffectKey | None
    card_bot: UserID
    language: Language
    is_void: bool
    created_at: int
    version: Version
    is_imported: bool = False
    receipt_room: RoomID | None = None

    @property
    def content(self) -> Content:
        return self.version.content

    @property
    def nets(self) -> dict[AccountId, int]:
        """What each has paid beyond his share; all zero for a void bill."""
        return nets_of(self.content) if not self.is_void else dict.fromkeys(self.content.shares, 0)


@dataclass(frozen=True, slots=True)
class NewBill:
    """What is kept of a bill beside its content. `card_bot` is who shows it."""

    author: AccountId
    event: EventID | None
    card_bot: UserID
    language: Language
    thread: EventID | None = None
    receipt: EventID | None = None


# Every bill needs these.
_IS_CURRENT = (pay_bill_version.c.bill == pay_bill.c.id) & (pay_bill_version.c.version == pay_bill.c.current)
_CURRENT = select(pay_bill, pay_bill_version).join(pay_bill_version, _IS_CURRENT)
_BY_ID, _BY_EVENT, _BY_CARD = (
    Prepared(_CURRENT.where(column == bindparam("wanted")))
    for column in (pay_bill.c.id, pay_bill.c.event_id, pay_bill.c.card_key)
)
_LAST_NUMBER = Prepared(select(func.max(pay_bill.c.number)).where(pay_bill.c.ledger == bindparam("ledger")))
_PUT_BILL = Prepared(
    insert(pay_bill).returning(pay_bill.c.id), [column.name for column in pay_bill.c if column.name != "id"]
)
_PUT_VERSION = Prepared(insert(pay_bill_version), [column.name for column in pay_bill_version.c])
_NOTE_CARD = Prepared(
    update(pay_bill)
    .where(pay_bill.c.id == bindparam("bill"))
    .values(card_key=bindparam("card"), card_bot=bindparam("bot"))
)


# -- bills ------------------------------------------------------------------------------------------------------------


def add(
    connection: Connection, ledger: LedgerId, new: NewBill, content: Content, entry: EntryId | None, now: int
) -> Bill:
    """A new bill with the next number of its room. `entry` is what it is in the books."""
    number = (_LAST_NUMBER.scalar(connection, ledger=ledger) or 0) + 1
    id = BillId(
        _PUT_BILL.scalar(
            connection,
            ledger=ledger,
            number=number,
            author=new.author,
            event_id=new.event,
            thread=new.thread,
            receipt=new.receipt,
            receipt_room=None,
            card_key=None,
            card_bot=new.card_bot,
            language=new.language.value,
            is_void=False,
            is_imported=False,
            current=1,
            created_at=now,
        )
    )
    version = Version(1, Change.ADDED, content, entry, new.author, now)
    _put_version(connection, id, version)
    return Bill(
        id=id,
        ledger=ledger,
        number=number,
        author=new.author,
        event=new.event,
        thread=new.thread,
        receipt=new.receipt,
        card=None,
        card_bot=new.card_bot,
        language=new.language,
        is_void=False,
        created_at=now,
        version=version,
    )


def put_version(
    connection: Connection,
    bill: Bill,
    change: Change,
    content: Content,
    entry: EntryId | None,
    by: AccountId,
    now: int,
) -> Bill:
    """The next version of a bill."""
    version = Version(bill.version.number + 1, change, content, entry, by, now)
    _put_version(connection, bill.id, version)
    is_void = change is Change.VOIDED
    values = {"is_void": is_void, "current": version.number}
    connection.execute(update(pay_bill).where(pay_bill.c.id == bill.id).values(values))
    return replace(bill, version=version, is_void=is_void)


def note_card(connection: Connection, bill: BillId, card: EffectKey, bot: UserID) -> None:
    """Where the card of a bill is, and who shows it."""
    _NOTE_CARD.send(connection, bill=bill, card=card, bot=bot)


def note_receipt(connection: Connection, bill: BillId, receipt: EventID) -> None:
    values = {"receipt": receipt, "receipt_room": None}
    connection.execute(update(pay_bill).where(pay_bill.c.id == bill).values(values))


def note_moved(connection: Connection, ledger: LedgerId, old: RoomID) -> None:
    """The books went to another room: threads stay behind in the old one, and so do pictures of receipts."""
    here = pay_bill.c.ledger == ledger
    connection.execute(update(pay_bill).where(here, pay_bill.c.thread.is_not(None)).values(thread=None))
    left = (pay_bill.c.receipt.is_not(None), pay_bill.c.receipt_room.is_(None))
    connection.execute(update(pay_bill).where(here, *left).values(receipt_room=old))


def find(connection: Connection, bill: BillId) -> Bill:
    """Raises `LookupError` if there is none."""
    row = _BY_ID.first(connection, wanted=bill)
    if row is None:
        raise LookupError(f"there is no bill {bill}")
    return _bill(row)


def find_number(connection: Connection, ledger: LedgerId, number: int) -> Bill | None:
    here = (pay_bill.c.ledger == ledger, pay_bill.c.number == number)
    row = connection.execute(_CURRENT.where(*here)).first()
    return None if row is None else _bill(row)


def find_event(connection: Connection, event: EventID) -> Bill | None:
    """The bill that a message has made."""
    row = _BY_EVENT.first(connection, wanted=event)
    return None if row is None else _bill(row)


def find_card(connection: Connection, card: EffectKey) -> Bill | None:
    """The bill that a card shows."""
    row = _BY_CARD.first(connection, wanted=card)
    return None if row is None else _bill(row)


def find_entry(connection: Connection, entry: EntryId) -> Bill | None:
    """The bill one of whose versions is this entry."""
    statement = select(pay_bill_version.c.bill).where(pay_bill_version.c.entry == entry).limit(1)
    found = connection.execute(statement).scalar()
    return None if found is None else find(connection, BillId(found))


def begun_with(connection: Connection, entries: Sequence[EntryId]) -> dict[EntryId, Bill]:
    """The bills whose first version is one of these entries, as they are now."""
    first = pay_bill_version.alias("first")
    is_first = (first.c.bill == pay_bill.c.id) & (first.c.version == 1)
    statement = _CURRENT.join(first, is_first).add_columns(first.c.entry.label("begun_with"))
    found: dict[EntryId, Bill] = {}
    for start in range(0, len(entries), 400):
        here = first.c.entry.in_(entries[start : start + 400])
        found |= {EntryId(row.begun_with): _bill(row) for row in connection.execute(statement.where(here))}
    return found


def bills(
    connection: Connection,
    ledger: LedgerId,
    *,
    text: str = "",
    category: str | None = None,
    with_void: bool = False,
    most: int | None = None,
    skip: int = 0,
) -> list[Bill]:
    """The bills of a room, the newest first, as far as they contain `text` in title or category."""
    conditions: list[Any] = [pay_bill.c.ledger == ledger]
    if not with_void:
        conditions.append(pay_bill.c.is_void.is_(False))
    if text:
        conditions.append(pay_bill_version.c.searched.contains(fold(text), autoescape=True))
    if category is not None:
        conditions.append(pay_bill_version.c.category == category)
    statement = _CURRENT.where(*conditions).order_by(pay_bill.c.number.desc()).limit(most).offset(skip)
    return [_bill(row) for row in connection.execute(statement)]


def count(connection: Connection, ledger: LedgerId, *, text: str = "") -> int:
    """How many of these there are, without those that are void."""
    wanted = [pay_bill.c.ledger == ledger, pay_bill.c.is_void.is_(False)]
    if text:
        wanted.append(pay_bill_version.c.searched.contains(fold(text), autoescape=True))
    inner = _CURRENT.where(*wanted).subquery()
    return connection.execute(select(func.count()).select_from(inner)).scalar() or 0


def categories(connection: Connection, ledger: LedgerId) -> dict[str, int]:
    """The categories of a room's bills, and how many bills each has."""
    inner = _CURRENT.where(pay_bill.c.ledger == ledger, pay_bill.c.is_void.is_(False)).subquery()
    statement = select(inner.c.category, func.count()).where(inner.c.category.is_not(None)).group_by(inner.c.category)
    return {row[0]: row[1] for row in connection.execute(statement.order_by(inner.c.category))}


def history(connection: Connection, bill: BillId) -> list[Version]:
    """All versions of a bill, the first one first."""
    statement = select(pay_bill_version).where(pay_bill_version.c.bill == bill).order_by(pay_bill_version.c.version)
    return [version_of_row(row) for row in connection.execute(statement)]


def last_touched(connection: Connection, ledger: LedgerId, by: AccountId) -> Bill | None:
    """The bill whose current version is the newest that somebody made."""
    statement = (
        _CURRENT.where(pay_bill.c.ledger == ledger, pay_bill_version.c.by == by)
        .order_by(pay_bill_version.c.at.desc(), pay_bill.c.number.desc())
        .limit(1)
    )
    row = connection.execute(statement).first()
    return None if row is None else _bill(row)


def of_account(connection: Connection, ledger: LedgerId, account: AccountId) -> list[Bill]:
    """The bills that somebody made, paid for or bears a share of."""
    found = bills(connection, ledger, with_void=True)
    return [one for one in found if account == one.author or account in nets_of(one.content)]


# -- rows -------------------------------------------------------------------------------------------------------------


def _bill(row: Row[Any]) -> Bill:
    return Bill(
        id=BillId(row.id),
        ledger=LedgerId(row.ledger),
        number=row.number,
        author=AccountId(row.author),
        event=row.event_id,
        thread=row.thread,
        receipt=row.receipt,
        card=row.card_key,
        card_bot=UserID(row.card_bot),
        language=Language(row.language),
        is_void=row.is_void,
        created_at=row.created_at,
        version=version_of_row(row),
        is_imported=row.is_imported,
        receipt_room=row.receipt_room,
    )


def _put_version(connection: Connection, bill: BillId, version: Version) -> None:
    _PUT_VERSION.send(connection, **row_of_version(bill, version))
