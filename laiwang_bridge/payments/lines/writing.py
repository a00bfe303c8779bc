"""Writing a bill's wording as a line that reads the same again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from appservice.bots.line import Line
from appservice.language import Language
from laiwang_bridge.payments.lines.grammar import read_bill
from laiwang_bridge.payments.lines.recurrence import Period, Repeat
from laiwang_bridge.payments.lines.shares import percent_text
from laiwang_bridge.payments.lines.wording import (
    AdjustedWording,
    BillWording,
    EqualWording,
    Everybody,
    ExactWording,
    Guest,
    Habits,
    ItemisedWording,
    Named,
    PercentWording,
    Sender,
    User,
    WeightsWording,
    Who,
)
from laiwang_bridge.payments.money.currencies import may_be_a_word
from laiwang_bridge.payments.money.money import Currency, Money, decimal_text


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of one language for what a line says."""

    me: str
    everybody: str
    together: str
    without: str
    paid_by: str
    on: str
    each: str
    every: str
    until: str
    times: str
    rest: str
    total: str
    periods: dict[Period, tuple[str, str]]


_ENGLISH = _Words(
    "me", "all", "with ", "without ", "paid by ", "on ", "each", "every ", " until ", ", {count} times", "rest",
    "total ",
    {Period.DAY: ("day", "days"), Period.WEEK: ("week", "weeks"), Period.MONTH: ("month", "months"),
     Period.MONTH_END: ("month end", "month ends"), Period.YEAR: ("year", "years")},
)  # fmt: skip
_CHINESE = _Words(
    "我", "大家", "和 ", "不含 ", "付款人 ", "日期 ", "每人", "每", "到", "，共{count}次", "其余", "总计 ",
    {Period.DAY: ("天", "天"), Period.WEEK: ("周", "周"), Period.MONTH: ("月", "个月"),
     Period.MONTH_END: ("月底", "个月底"), Period.YEAR: ("年", "年")},
)  # fmt: skip


def written(wording: BillWording, habits: Habits) -> str:
    """The line, without prefix, in the habits' language; read under these habits it is the same wording."""
    plain = _Writer(wording, habits, _plain_title).line()
    if read_bill(Line(plain), 0, habits) == wording:
        return plain
    return _Writer(wording, habits, quoted_title).line()


def quoted_title(title: str) -> str:
    """A title so that it is taken as it is, whatever is in it."""
    return '"' + title.replace("\\", "\\\\").replace('"', '\\"') + '"' if title else ""


def _plain_title(title: str) -> str:
    return title


class _Writer:
    def __init__(self, wording: BillWording, habits: Habits, title: Callable[[str], str]) -> None:
        self._wording = wording
        self._title = title
        self._room = habits.currency
        self._mark = habits.decimal_mark or "."
        self._words = _CHINESE if habits.language is Language.ZH else _ENGLISH

    def line(self) -> str:
        wording, words = self._wording, self._words
        pieces = self._itemised() if isinstance(wording.shares, ItemisedWording) else self._plain()
        if len(wording.payers) > 1 or wording.payers != ((Sender(), None),):
            pieces.append(words.paid_by + ", ".join(self._payer(who, minor) for who, minor in wording.payers))
        if wording.date is not None:
            pieces.append(words.on + wording.date.isoformat())
        if wording.category is not None:
            pieces.append(f"#{wording.category}")
        if wording.repeat is not None:
            pieces.append(self._repeat(wording.repeat))
        return " ".join(piece for piece in pieces if piece)

    def _plain(self) -> list[str]:
        wording = self._wording
        each = self._words.each if wording.per_head else ""
        title = self._title(wording.title)
        return [self._money(wording.amount), each, title, self._people()]

    def _itemised(self) -> list[str]:
        wording = self._wording
        assert isinstance(wording.shares, ItemisedWording)
        items = [
            " ".join(
                piece
                for piece in (self._title(item.title), self._coins(item.minor), self._weights(item.weights))
                if piece
            )
            for item in wording.shares.items
        ]
        charges = [
            f"{charge.title} {self._coins(abs(charge.minor) if charge.minor < 0 else charge.minor)}"
            if charge.percent is None
            else f"{charge.title} {percent_text(abs(charge.percent))}%"
            for charge in wording.shares.charges
        ]
        head = " ".join(piece for piece in (self._title(wording.title), self._money(wording.amount)) if piece)
        return ["; ".join((head, *items, *charges))]

    def _people(self) -> str:
        shares, words = self._wording.shares, self._words
        match shares:
            case EqualWording(people, excluded):
                listed, named = [self._who(who) for who in people], list(people)
            case WeightsWording(weights, excluded):
                listed, named = [self._weighted(who, weight) for who, weight in weights], [who for who, _ in weights]
            case PercentWording(percents, excluded):
                listed = [
                    f"{self._who(who)}={words.rest}"
                    if percent is None
                    else f"{self._who(who)} {percent_text(percent)}%"
                    for who, percent in percents
                ]
                named = [who for who, _ in percents]
            case ExactWording(amounts, excluded):
                listed = [
                    f"{self._who(who)}={words.rest if minor is None else self._coins(minor)}" for who, minor in amounts
                ]
                named = [who for who, _ in amounts]
            case AdjustedWording(adjustments, excluded):
                listed = [self._adjusted(who, minor) for who, minor in adjustments]
                named = [who for who, _ in adjustments]
            case _:
                return ""
        out = self._left_out(named, excluded)
        without = f" {words.without}{', '.join(map(self._who, out))}" if out else ""
        return words.together + ", ".join(listed) + without

    def _left_out(self, named: list[Who], excluded: tuple[Who, ...]) -> list[Who]:
        """Those who would be taken for sharers if nothing were said."""
        if Everybody() in named:
            return list(excluded)
        by_default = isinstance(self._wording.shares, EqualWording | WeightsWording | AdjustedWording)
        payers = [who for who, _minor in self._wording.payers]
        apart = [Sender(), *payers] if by_default else []
        return [who for who in dict.fromkeys(apart) if who not in named]

    def _who(self, who: Who) -> str:
        match who:
            case User(user):
                return user
            case Named(name):
                return f"@{name}"
            case Guest(name):
                return f"+{quoted_title(name)}"
            case Everybody():
                return self._words.everybody
            case Sender():
                return self._words.me

    def _weighted(self, who: Who, weight: Fraction) -> str:
        if weight == 1:
            return self._who(who)
        below = f"/{weight.denominator}" if weight.denominator > 1 else ""
        return f"{self._who(who)} x{weight.numerator}{below}"

    def _weights(self, weights: Iterable[tuple[Who, Fraction]]) -> str:
        return self._words.together + ", ".join(self._weighted(who, weight) for who, weight in weights)

    def _adjusted(self, who: Who, minor: int) -> str:
        if not minor:
            return self._who(who)
        return f"{self._who(who)} ({'+' if minor > 0 else '-'}{self._coins(abs(minor))})"

    def _payer(self, who: Who, minor: int | None) -> str:
        return self._who(who) if minor is None else f"{self._who(who)}={self._coins(minor)}"

    def _repeat(self, repeat: Repeat) -> str:
        words = self._words
        one, several = words.periods[repeat.period]
        what = one if repeat.every == 1 else f"{repeat.every} {several}"
        until = "" if repeat.until is None else f"{words.until}{repeat.until.isoformat()}"
        times = "" if repeat.count is None else words.times.format(count=repeat.count)
        return f"{words.every}{what}{until}{times}"

    def _coins(self, minor: int) -> str:
        return decimal_text(Money(minor, self._currency)).replace(".", self._mark)

    def _money(self, money: Money) -> str:
        gap = "" if may_be_a_word(money.currency.code, self._room) else " "
        return f"{self._coins(money.minor)}{gap}{money.currency.code}"

    @property
    def _currency(self) -> Currency:
        return self._wording.amount.currency
