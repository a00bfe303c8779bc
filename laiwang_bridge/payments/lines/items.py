"""A bill by its items: `pizza 24 @a @b; wine 18 @b @c; tax 3.60; tip 10%`.

The sender has no part of an item unless he says `me`. Taxes, tips and discounts may stand anywhere; a
percentage is of the sum of the items. `total 49.20`, or an amount before the first item, is checked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor

from appservice.language import _
from laiwang_bridge.payments.lines.amounts import find
from laiwang_bridge.payments.lines.choosing_amount import choose
from laiwang_bridge.payments.lines.marking import PERSON, Marked
from laiwang_bridge.payments.lines.options import stranger
from laiwang_bridge.payments.lines.shares import MOST_PARTS, does_not_fit
from laiwang_bridge.payments.lines.terms import Saying, Term, take_lists
from laiwang_bridge.payments.lines.titles import AROUND, clean_title
from laiwang_bridge.payments.lines.wording import (
    BillWording,
    ChargeWording,
    Habits,
    ItemisedWording,
    ItemWording,
    Mistake,
    Problem,
    Who,
)
from laiwang_bridge.payments.money.money import LARGEST_MINOR, Currency, Money
from laiwang_bridge.payments.money.number_places import Kind

_PARTS = re.compile(r"[;；\n]")
_LESS = (
    "discount|off|coupon|voucher|rabatt|nachlass|gutschein|remise|réduction"
    "|折扣|打折|优惠券|优惠|代金券|红包|立减|满减|减免"
)
_CHARGE = re.compile(
    r"(?P<name>(?:sales )?tax|vat|gst|service(?: charge)?|tip|gratuity|delivery(?: fee)?|shipping|fee|steuer|mwst"
    r"|trinkgeld|lieferung|bedienung|taxe|tva|pourboire|livraison|税费?|小费|服务费|配送费|运费|打包费|茶位费|"
    + _LESS
    + r")\s*:?\s*"
    r"(?:(?P<percent>-?[0-9]+(?:[.,][0-9]+)?)\s*[%％]|(?P<amount>\S.*))\s*[.。]?\s*\Z"
)
_TOTAL = re.compile(r"(?:total|sum|gesamt|summe|somme|总共|一共|合计|共计|总计)\s*:?\s*(?=\S)")
_HEADING = re.compile(r"\s*([^0-9:：\x02\U000f0000-\U000ffffd]*[^\s0-9:：\x02\U000f0000-\U000ffffd])\s*(?::\s|：)")
MOST_ITEMS = 60


@dataclass(frozen=True, slots=True)
class _Part:
    """One item as read: what it was, what it cost, who had it."""

    title: str
    money: Money
    terms: tuple[Term, ...]


def is_itemised(marked: Marked, habits: Habits) -> bool:
    """Whether a text without options has several items, each with its price."""
    parts = _split(marked)
    return len(parts) > 1 and sum(_is_item(part, habits) for part in parts) > 1


def read_items(marked: Marked, habits: Habits) -> BillWording | Mistake:
    """The bill that the items make; its payers and dates are to be filled in."""
    title, marked = _heading(marked)
    parts = [part for part in _split(marked) if part.text.strip("\x02 \t\u3000,，.。")]
    if len(parts) > MOST_ITEMS:
        return Mistake(Problem.TOO_LARGE, _("That are more items than I can keep apart."), {})
    currency = _currency(parts, habits)
    if isinstance(currency, Mistake):
        return currency
    return _Reader(replace(habits, currency=currency), title).read(parts)


class _Reader:
    """Goes through the parts and collects items and charges."""

    def __init__(self, habits: Habits, title: str) -> None:
        self._habits = habits
        self._title = title
        self._items: list[ItemWording] = []
        self._charges: list[tuple[str, int, Fraction | None]] = []
        self._total: Money | None = None

    def read(self, parts: list[Marked]) -> BillWording | Mistake:
        if parts and not self._title and _is_heading(parts[0], self._habits):
            self._title = clean_title(parts[0].shown(0, len(parts[0].text)).strip(AROUND))
            parts = parts[1:]
        for place, part in enumerate(parts):
            wrong = self._charge(part) if _charge_in(part) else self._item(part, is_first=place == 0)
            if wrong is not None:
                return wrong
        if not self._items:
            return Mistake(Problem.NOBODY, _("Who had what? Write it like `pizza 24 @ann @bo; tip 10%`."), {})
        return self._bill()

    def _charge(self, part: Marked) -> Mistake | None:
        match = _charge_in(part)
        if match is None:
            return None
        name = part.text[match.start("name") : match.end("name")]
        sign = -1 if re.fullmatch(_LESS, match["name"]) else 1
        if match["percent"]:
            percent = abs(Fraction(match["percent"].replace(",", ".")))
            if percent > 1000:
                return Mistake(Problem.TOO_LARGE, _("That are too many percent."), {})
            self._charges.append((name, 0, sign * percent))
            return None
        found = choose(part.part(match.start("amount"), len(part.text)), self._habits)
        if isinstance(found, Mistake):
            return found
        choices, doubt = found
        if doubt is not None or choices[0].title:
            return _unclear(part)
        minor = choices[0].money.minor
        self._charges.append((name, -abs(minor) if sign < 0 else minor, None))
        return None

    def _item(self, part: Marked, *, is_first: bool) -> Mistake | None:
        read = self._read_part(part)
        if isinstance(read, Mistake):
            return read
        if not read.terms:
            is_total = _TOTAL.match(part.folded.strip("\x02 \t\u3000"))
            if is_total or is_first:
                if self._total is not None:
                    return Mistake(Problem.SAID_TWICE, _("That is said twice: “{text}”."), {"text": part.text.strip()})
                self._total = read.money
                self._title = self._title or ("" if is_total else read.title)
                return None
            return Mistake(
                Problem.NOBODY,
                _("Who had “{title}”? Name them behind its price, or write `all`."),
                {"title": read.title or str(len(self._items) + 1)},
            )
        weights: list[tuple[Who, Fraction]] = []
        for term in read.terms:
            if term.saying not in (Saying.NOTHING, Saying.WEIGHT) or term.number > MOST_PARTS:
                return Mistake(
                    Problem.MIXED_SPLITS, _("An item can only be split by parts: `wine 18 @ann x2 @bo`."), {}
                )
            if any(term.who == who for who, _weight in weights):
                return Mistake(
                    Problem.NAMED_TWICE,
                    _("{name} is named twice. For a double part, write `{name} x2`."),
                    {"name": term.typed},
                )
            weights.append((term.who, term.number))
        if not any(weight for _who, weight in weights):
            return Mistake(Problem.MIXED_SPLITS, _("Parts are numbers up to 1000, and not all of them 0."), {})
        self._items.append(ItemWording(read.title, read.money.minor, tuple(weights)))
        return None

    def _read_part(self, part: Marked) -> _Part | Mistake:
        terms, rest, joined = take_lists(part, self._habits)
        if joined is not None:
            return stranger(joined)
        found = choose(rest, self._habits)
        if isinstance(found, Mistake):
            return found
        choices, doubt = found
        return _unclear(part) if doubt is not None else _Part(choices[0].title, choices[0].money, terms)

    def _bill(self) -> BillWording | Mistake:
        items_sum = sum(item.minor for item in self._items)
        charges = tuple(
            ChargeWording(name, minor if percent is None else _rounded(items_sum * percent / 100), percent)
            for name, minor, percent in self._charges
        )
        whole = Money(items_sum + sum(charge.minor for charge in charges), self._habits.currency)
        if self._total is not None and self._total != whole:
            return does_not_fit(Problem.ITEMS_DO_NOT_FIT, self._total - whole)
        if not whole or abs(whole.minor) >= LARGEST_MINOR:
            return Mistake(Problem.BAD_AMOUNT, _("The items make {amount}; that is no bill."), {"amount": whole})
        return BillWording(amount=whole, title=self._title, shares=ItemisedWording(tuple(self._items), charges))


def _rounded(value: Fraction) -> int:
    """To the nearest whole, a half away from zero."""
    whole = floor(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


def _split(marked: Marked) -> list[Marked]:
    places = [match.span() for match in _PARTS.finditer(marked.folded)]
    begins = [0, *(end for _start, end in places)]
    ends = [*(start for start, _end in places), len(marked.text)]
    return [marked.part(begin, end) for begin, end in zip(begins, ends, strict=True)]


def _is_item(part: Marked, habits: Habits) -> bool:
    if _charge_in(part):
        return True
    return any(one.kind is not Kind.COUNT for one in find(part.text, part.folded, habits))


def _is_heading(part: Marked, habits: Habits) -> bool:
    """Whether a part names nobody and no price: it is what the items are of."""
    return (
        not re.search(PERSON, part.folded) and not _charge_in(part) and not list(find(part.text, part.folded, habits))
    )


def _charge_in(part: Marked) -> re.Match[str] | None:
    match = _CHARGE.match(part.folded.strip("\x02 \t\u3000"))
    if match is None or re.search(PERSON, part.folded):
        return None
    return _CHARGE.search(
        part.folded.rstrip("\x02 \t\u3000"), len(part.folded) - len(part.folded.lstrip("\x02 \t\u3000"))
    )


def _heading(marked: Marked) -> tuple[str, Marked]:
    """`dinner: pizza 24 @ann; …`: the title of the whole."""
    match = _HEADING.match(marked.text)
    if match is None or _TOTAL.match(match[1].lower()):
        return "", marked
    text = match[1].strip()
    title = marked.quotes.get(text) or "".join(marked.typed.get(char, char) for char in text)
    return clean_title(title), marked.part(match.end(), len(marked.text))


def _currency(parts: list[Marked], habits: Habits) -> Currency | Mistake:
    """The one currency of all parts: that which is named somewhere, else the room's."""
    named = {
        one.currency
        for part in parts
        for one in find(part.text, part.folded, habits)
        if one.kind is Kind.MARKED and one.is_sure and one.currency is not None
    }
    if len(named) > 1:
        return Mistake(Problem.MIXED_CURRENCIES, _("A bill is in one currency."), {})
    return next(iter(named), habits.currency)


def _unclear(part: Marked) -> Mistake:
    return Mistake(
        Problem.UNCLEAR,
        _("Which number is the price in “{text}”? Put the title in quotation marks."),
        {"text": part.shown(0, len(part.text)).strip()},
    )
