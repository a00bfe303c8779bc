"""Reads the files that people can export of their own dealings with shops and payment services.

They name whom somebody has dealt with: relatives and friends, and traders. So whoever is found in them is only ever
suggested, never added, and where a suggestion comes from is told to nobody. Where the operator does not want such files
they are still recognised, so that none slips through as a plain list.

What a service has masked (`138****8000`) is not guessed at: it is dropped, and counted. Nicknames find nobody.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from appservice.language import Message, _
from laiwang_bridge.contacts.book import Book, BookFormat, Contact, NoBook, Unreadable
from laiwang_bridge.contacts.card import Draft
from laiwang_bridge.contacts.charset import narrow, text_of
from laiwang_bridge.contacts.numbers import NumberReader
from laiwang_bridge.contacts.reader import MOST_BYTES, MOST_CARDS
from laiwang_bridge.contacts.spreadsheet import Records

NOT_READ_HERE: Message = _(
    "This is a file from a shop or a payment service. Those are not read here; please send me your address book."
)
"""For whoever sends such a file where the operator does not want them."""

_LOOKED_AT = 32_768
_FIRST_LINES = 60
_DELIMITERS = ",\t;"
_MASKS = frozenset("*＊•●×")
_NOTHING = frozenset(("", "/", "-", "--", "无"))
_MINUS = ("-", "\u2212", "(")


class Service(StrEnum):
    """Whose file it is."""

    ALIPAY = "alipay"
    TAOBAO = "taobao"
    PAYPAL = "paypal"
    WECHAT_PAY = "wechat_pay"


@dataclass(frozen=True, slots=True)
class ShopBook(Book):
    """The people in such a file, each once however often they were dealt with; `cards` is how many.

    Of those without a contact, `masked` have an account that the service hides; the others have only a name.
    """

    service: Service = Service.ALIPAY
    masked: int = 0


@dataclass(frozen=True, slots=True)
class _Party:
    """The columns that name somebody: his name, and what may be accounts of his."""

    name: str
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Layout:
    """One kind of file: the headings by which it is known, and who is in each row.

    Where rows name both sides, `amount` is the column that tells who the owner is: whoever it comes from when it is
    positive (`payer`) is somebody else, and so is whoever it goes to when it is negative (`payee`).
    """

    service: Service
    known_by: frozenset[str]
    parties: tuple[_Party, ...] = ()
    amount: str = ""
    payer: _Party | None = None
    payee: _Party | None = None

    def in_row(self, row: Mapping[str, str]) -> Iterator[_Party]:
        yield from self.parties
        if self.payer is not None and self.payee is not None:
            yield self.payee if row.get(self.amount, "").startswith(_MINUS) else self.payer


_LAYOUTS = (
    _Layout(Service.ALIPAY, frozenset(("交易时间", "交易对方", "对方账号")), (_Party("交易对方", ("对方账号",)),)),
    _Layout(Service.ALIPAY, frozenset(("交易号", "交易创建时间", "交易对方")), (_Party("交易对方"),)),
    _Layout(Service.WECHAT_PAY, frozenset(("交易时间", "交易类型", "交易对方", "当前状态")), (_Party("交易对方"),)),
    _Layout(
        Service.TAOBAO,
        frozenset(("订单编号", "收货人姓名")),
        (_Party("买家会员名", ("买家支付宝账号",)), _Party("收货人姓名", ("联系手机", "联系电话"))),
    ),
    _Layout(
        Service.PAYPAL,
        frozenset(("name", "gross", "from email address", "to email address")),
        amount="gross",
        payer=_Party("name", ("from email address",)),
        payee=_Party("name", ("to email address",)),
    ),
    _Layout(
        Service.PAYPAL,
        frozenset(("name", "brutto", "absender e-mail-adresse", "empfänger e-mail-adresse")),
        amount="brutto",
        payer=_Party("name", ("absender e-mail-adresse",)),
        payee=_Party("name", ("empfänger e-mail-adresse",)),
    ),
)


@dataclass(frozen=True, slots=True)
class _File:
    """A file whose headings are understood: its text, and where its rows begin."""

    layout: _Layout
    headings: tuple[str, ...]
    delimiter: str
    text: str
    start: int
    line: int

    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """The lines and the cells, by heading."""
        for record in Records(self.text, self.delimiter, self.line, self.start):
            yield record.line, dict(zip(self.headings, (cell.strip() for cell in record.cells), strict=False))


def read_shop_file(
    data: bytes, regions: Sequence[str] = ("CN",), *, most_bytes: int = MOST_BYTES, most_people: int = MOST_CARDS
) -> ShopBook | Unreadable | None:
    """The people in a file of a shop or payment service; None for a file of any other kind.

    Meant to be asked before `read_book`, with the same `regions`.
    """
    if not is_shop_file(data):
        return None
    if len(data) > most_bytes:
        return Unreadable(NoBook.TOO_LARGE, most_bytes)
    file = _file(text_of(narrow(data)))
    return _people(file, NumberReader(regions), most_people) if file is not None else None


def is_shop_file(data: bytes) -> bool:
    """Whether this is a file of a shop or payment service."""
    return _file(text_of(narrow(data[:_LOOKED_AT]))) is not None


def _file(text: str) -> _File | None:
    """Above the headings such files have up to some dozens of lines for people."""
    for delimiter in _DELIMITERS:
        records = Records(text[:_LOOKED_AT], delimiter, 1)
        for _number, record in zip(range(_FIRST_LINES), records, strict=False):
            headings = tuple(map(_heading, record.cells))
            for layout in _LAYOUTS:
                if layout.known_by.issubset(headings):
                    return _File(layout, headings, delimiter, text, records.at, records.line)
    return None


def _people(file: _File, reader: NumberReader, most_people: int) -> ShopBook | Unreadable:
    seen: set[tuple[str, ...]] = set()
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], Contact] = {}
    masked = again = 0
    for line, row in file.rows():
        for party in file.layout.in_row(row):
            name = _said(row, party.name)
            accounts = tuple(account for column in party.accounts if (account := _said(row, column)))
            if (name, *accounts) in seen or not (name or accounts):
                continue
            seen.add((name, *accounts))
            if len(seen) > most_people or reader.exhausted:
                return Unreadable(NoBook.TOO_MANY, most_people)
            plain = [account for account in accounts if _MASKS.isdisjoint(account)]
            contact = Draft(line, name=name, numbers=plain, emails=plain).contact(reader)
            if contact is None:
                masked += len(plain) < len(accounts)
            elif (key := (contact.numbers, contact.emails)) in found:
                again += 1  # the same account under another name
            else:
                found[key] = contact
    return ShopBook(
        BookFormat.SHOP, len(seen) - again, tuple(found.values()), service=file.layout.service, masked=masked
    )


def _said(row: Mapping[str, str], column: str) -> str:
    """What is in a cell, if anything."""
    cell = row.get(column, "")
    return "" if cell in _NOTHING else cell


def _heading(cell: str) -> str:
    return unicodedata.normalize("NFKC", cell[:60]).strip(" \t\ufeff'\"").lower()
