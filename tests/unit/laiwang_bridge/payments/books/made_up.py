"""Books of all shapes for tests by property."""

from __future__ import annotations

import datetime as dt

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from laiwang_bridge.payments.books.book import BILL, PAYMENT, Account, AccountKind, Books, Entry, Part, Posting
from laiwang_bridge.payments.ledger.entries import Exchange

CODES = ("EUR", "CNY", "JPY", "KWD", "CLF")
NASTY = (
    "=1+1",
    "+x",
    "-2",
    "@me",
    "\t",
    "a\nb",
    "'=x",
    '"',
    "\\",
    ";",
    "|",
    ":",
    "  ",
    "小明",
    "Zoë",
    "(x)",
    "*",
    "!",
    "#",
)

texts: SearchStrategy[str] = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=12),
    st.lists(st.sampled_from(NASTY), max_size=4).map("".join),
)
_dates = st.dates(dt.date(1970, 1, 1), dt.date(2100, 1, 1))
_amounts = st.integers(-(10**12), 10**12)


@st.composite
def books(draw: DrawFn, *, most_entries: int = 8) -> Books:
    """Balanced entries among some accounts, some of them taken back later."""
    kinds = draw(st.lists(st.sampled_from(AccountKind), min_size=2, max_size=5))
    accounts = tuple(
        Account(number, kind, draw(texts), f"@p{number}:town" if kind is AccountKind.USER else "")
        for number, kind in enumerate(kinds, 1)
    )
    entries: list[Entry] = []
    for number in range(1, draw(st.integers(0, most_entries)) + 1):
        gone = {entry.reverses for entry in entries}
        open_ = [entry for entry in entries if entry.reverses is None and entry.number not in gone]
        if open_ and draw(st.integers(0, 3)) == 0:
            entries.append(_reversal(number, draw(st.sampled_from(open_))))
        else:
            entries.append(draw(_entry(number, accounts)))
    return Books(draw(texts), draw(st.sampled_from(CODES)), accounts, tuple(entries))


@st.composite
def _entry(draw: DrawFn, number: int, accounts: tuple[Account, ...]) -> Entry:
    code = draw(st.sampled_from(CODES))
    among = draw(st.lists(st.sampled_from(accounts), min_size=2, max_size=5, unique=True))
    minors = [draw(_amounts) for _ in among[1:]]
    parts = [-sum(minors), *minors]
    carries = [draw(_amounts) for _ in minors]
    grains = [-sum(carries), *carries]
    shares = tuple(Part(account.number, abs(minor)) for account, minor in zip(among, parts, strict=True))
    return Entry(
        number=number,
        kind=draw(st.sampled_from((BILL, PAYMENT, "packet"))),
        date=draw(_dates),
        title=draw(texts),
        postings=tuple(
            Posting(account.number, code, minor, carry)
            for account, minor, carry in zip(among, parts, grains, strict=True)
        ),
        currency=code,
        category=draw(texts),
        paid=(Part(among[0].number, sum(part.minor for part in shares)),),
        shares=shares,
        key=f"$event{number}",
        author=accounts[0].user,
        at=draw(st.integers(0, 2**50)),
        note=draw(texts),
        exchange=draw(st.none() | st.builds(Exchange, st.just("USD"), _amounts, st.just("7.12"), _dates, texts)),
    )


def _reversal(number: int, of: Entry) -> Entry:
    postings = tuple(Posting(one.account, one.currency, -one.minor, -one.carry) for one in of.postings)
    return Entry(number, of.kind, of.date, of.title, postings, of.currency, key=f"undo{number}", reverses=of.number)
