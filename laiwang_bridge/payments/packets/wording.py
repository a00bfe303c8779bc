"""The line that makes a red packet: how much, in how many parts, how it is divided, whom it is for, and its words.

    100 10                             100 in the room's currency, 10 parts, by luck
    €20 in 5 parts fixed happy birthday
    5 each 10 parts                    10 parts of 5
    100元 10个 恭喜发财                 红包 100元10个恭喜发财 without spaces as well
    20 2 for @ann @bo only well done   for these two alone
    100 points 10                      points of the room rather than money

The numbers come in either order if one says what it is; without that the first is the amount. What does not belong to
all this, and all behind it, are the words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from mautrix.types import UserID

from appservice.bots.line import Line, fold, user_in
from appservice.language import Language
from laiwang_bridge.payments.money.money import UnknownCurrency, currency
from laiwang_bridge.payments.money.numerals import read_chinese
from laiwang_bridge.payments.packets.rules import Kind

LONGEST_TITLE = 80


@dataclass(frozen=True, slots=True)
class PacketWording:
    """Such a line, taken apart. `amount` is as it was typed, "" if it is missing; `parts` None if that is. With `each`
    it is the amount of one part. `points` is said instead of a currency. `guests` and `unknown` are whom it is for, the
    latter as they were called (`@ann`)."""

    amount: str = ""
    parts: int | None = None
    kind: Kind | None = None
    each: bool = False
    points: bool = False
    guests: tuple[UserID, ...] = ()
    unknown: tuple[str, ...] = ()
    title: str = ""


def typed(said: PacketWording, language: Language = Language.EN) -> str:
    """A line that is read as this, with Matrix ids for people."""
    chinese = language is Language.ZH
    points, each = ("积分", "每人") if chinese else ("points", "each")
    pieces = [said.amount, points if said.points else "", each if said.each else ""]
    if said.parts is not None:
        pieces.append(f"{said.parts} 个" if chinese else f"{said.parts} parts")
    if said.kind is not None:
        pieces.append(_IN_CHINESE[said.kind] if chinese else said.kind)
    people = " ".join((*said.guests, *said.unknown))
    if people:
        pieces.append(f"只给 {people}" if chinese else f"for {people} only")
    title = f'"{said.title}"' if said.title else ""
    return " ".join(piece for piece in (*pieces, title) if piece)


_IN_CHINESE = {Kind.LUCKY: "拼手气", Kind.FIXED: "普通"}


class _Sort(Enum):
    KIND = auto()
    EACH = auto()
    PARTS = auto()
    POINTS = auto()
    AMOUNT = auto()
    NUMBER = auto()
    FOR = auto()
    FILLER = auto()


_HAN_NUMBER = "零〇一二两兩三四五六七八九十百千万萬"
_DIGITS = r"\d+(?:[.,'’]\d+)*(?:k|w)?"
_BEFORE = r"(?:[¥$€£₹₩₽]|us\$|hk\$|rmb|(?P<before>[a-z]{3})(?=\s*\d))"
_BEHIND = (
    r"(?:[¥€£₹₩₽]|块钱|块|元|圆|毛钱|毛|角|分钱|欧元|欧|美元|美金|日元|港币|英镑|刀|rmb|euros?|dollars?|bucks|cents?)"
)
_CODE = r"(?P<behind>[a-z]{3})(?![a-z])"
_NUMBER = rf"(?:{_DIGITS}[万千百]?|[{_HAN_NUMBER}]+)"
_SMALL = rf"(?:\d(?!\d|\s*个)|[{_HAN_NUMBER}][角毛分]?)?"
"""What may stand behind a 块: 三块五, 3块5."""
_OF_PARTS = r"(?:个|個|份|包|parts?|packets?|pieces?|pcs)"

_PATTERNS: tuple[tuple[_Sort, re.Pattern[str]], ...] = tuple(
    (sort, re.compile(pattern))
    for sort, pattern in (
        (_Sort.KIND, r"(?P<lucky>拼手气红包|拼手气|手气红包|手气|运气|随机|lucky|random)(?![a-z])"),
        (_Sort.KIND, r"(?P<fixed>普通红包|普通|定额|固定|平分|均分|fixed|equal|same)(?![a-z])"),
        (_Sort.EACH, r"(?:每个|每份|每人|每包|人均|单个|各|each|apiece|per part|per person)(?![a-z])"),
        (_Sort.PARTS, rf"(?P<n>\d{{1,6}}|[{_HAN_NUMBER}]{{1,5}})\s*{_OF_PARTS}(?:红包)?(?![a-z])"),
        (_Sort.PARTS, r"[x×*]\s*(?P<n>\d{1,6})(?![\w.,])"),
        (_Sort.POINTS, rf"(?P<a>{_NUMBER})\s*(?:points?|pts|积分|點|点)(?![a-z])"),
        (_Sort.POINTS, r"(?:points?|pts|积分)(?![a-z])"),
        (_Sort.AMOUNT, rf"(?P<a>{_BEFORE}\s*{_NUMBER}(?:\s*{_BEHIND})?)(?![a-z0-9])"),
        (_Sort.AMOUNT, rf"(?P<a>{_NUMBER}\s*(?:{_BEHIND}(?![a-z])|(?<=\d)\s*{_CODE}){_SMALL})"),
        (_Sort.NUMBER, rf"(?P<a>{_DIGITS}[万千百]?)(?!\w|[.,'’]\d)"),
        (_Sort.NUMBER, rf"(?P<a>[{_HAN_NUMBER}]+)(?=[\s,，、/]|$)"),
        (_Sort.FOR, r"(?:only for|just for|for|to|只给|仅给|专给|专属|给)\s*(?=@|\x00)"),
        (_Sort.FILLER, r"(?:in(?=\s+\d)|into(?=\s+\d)|分成|分|共|总共|一共|红包)(?![a-z])"),
    )
)  # fmt: skip
_ONLY = re.compile(r"(?:only|专属|领取|领|抢)(?![a-z])")
_AND = re.compile(r"(?:and(?![a-z])|和|跟|与|[\s,，、;；&+])+")
_MENTION = re.compile(
    r"@[^\s:：@]*:(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]*[A-Za-z0-9])(?::\d{1,5})?|@[^\s:：@,，、;；&+]+"
)
_BETWEEN = " \t\n\u3000,，、;；/:："
_FREQUENT = frozenset(("eur", "usd", "cny", "gbp", "jpy", "chf", "hkd", "twd", "krw", "inr", "sgd", "aud", "cad"))


def read(line: Line, start: int = 0) -> PacketWording:
    """Read the line from `start` on."""
    return _Reader(line, start).read()


class _Reader:
    def __init__(self, line: Line, start: int) -> None:
        self._line = line
        self._at = start
        self._pills = {pill.start: pill for pill in line.pills}
        # A person is one sign that nothing else is made of, so that no pattern reads into a name.
        text = list(fold(line.text))
        for pill in line.pills:
            text[pill.start : pill.end] = "\0" * (pill.end - pill.start)
        self._text = "".join(text)
        self._amount = ""
        self._parts: int | None = None
        self._kind: Kind | None = None
        self._each = self._points = self._has_unit = False
        self._guests: list[UserID] = []
        self._unknown: list[str] = []

    def read(self) -> PacketWording:
        while self._step():
            pass
        title = self._line.text[self._at :].strip(_BETWEEN)
        for opening, closing in ('""', "“”", "「」"):
            if len(title) > 2 and title[0] == opening and title[-1] == closing:
                title = title[1:-1].strip()
        return PacketWording(
            self._amount,
            self._parts,
            self._kind,
            self._each,
            self._points,
            tuple(dict.fromkeys(self._guests)),
            tuple(self._unknown),
            title,
        )

    def _step(self) -> bool:
        """Take the next thing; False where the words begin."""
        while self._at < len(self._text) and self._text[self._at] in _BETWEEN:
            self._at += 1
        for sort, pattern in _PATTERNS:
            match = pattern.match(self._text, self._at)
            if match is not None and self._take(sort, match):
                return True
        return False

    def _take(self, sort: _Sort, match: re.Match[str]) -> bool:
        match sort:
            case _Sort.KIND if self._kind is None:
                self._kind = Kind.FIXED if match.groupdict().get("fixed") else Kind.LUCKY
            case _Sort.EACH if not self._each and (self._lacks_a_number or match.end() == len(self._text.rstrip())):
                self._each = True
            case _Sort.PARTS if self._parts is None:
                self._parts = _whole(match["n"])
            case _Sort.POINTS if not match.groupdict().get("a") and self._amount and not self._has_unit:
                self._points = self._has_unit = True
            case _Sort.POINTS if self._amount and self._parts is None and not self._has_unit:
                self._parts = _whole(match["a"])  # 100 10 points: the first number is the amount, as ever
                self._points = self._has_unit = True
            case _Sort.POINTS | _Sort.AMOUNT if not match.groupdict().get("a") or not self._take_amount(match):
                return False
            case _Sort.POINTS:
                self._points = True
            case _Sort.AMOUNT:
                pass
            case _Sort.NUMBER if not self._amount:
                self._amount = self._typed(match, "a")
            case _Sort.NUMBER if self._parts is None and (parts := _whole(match["a"])) is not None:
                self._parts = parts
            case _Sort.FOR if not self._guests and self._people(match.end()):
                return True
            case _Sort.FILLER if match.end() < len(self._text) and self._lacks_a_number:
                pass
            case _:
                return False
        self._at = match.end()
        return True

    def _take_amount(self, match: re.Match[str]) -> bool:
        """Take an amount that says what it is of; a bare number before it is the parts then."""
        groups = match.groupdict()
        codes = [self._line.text[slice(*match.span(name))] for name in ("before", "behind") if groups.get(name)]
        if self._has_unit or (self._amount and self._parts is not None) or not all(map(_is_currency, codes)):
            return False
        if self._amount:
            self._parts = _whole(fold(self._amount))
        self._amount, self._has_unit = self._typed(match, "a"), True
        return True

    @property
    def _lacks_a_number(self) -> bool:
        return not self._amount or self._parts is None

    def _typed(self, match: re.Match[str], group: str) -> str:
        return self._line.text[match.start(group) : match.end(group)].strip()

    def _people(self, position: int) -> bool:
        """Take the people from a place on; whether there are any."""
        text, found = self._line.text, False
        while True:
            if pill := self._pills.get(position):
                self._guests.append(pill.user)
                position = pill.end
            elif mention := _MENTION.match(text, position):
                user = user_in(mention[0])
                if user is not None:
                    self._guests.append(user)
                else:
                    self._unknown.append(mention[0])
                position = mention.end()
            else:
                break
            found, self._at = True, position
            if between := _AND.match(self._text, position):
                position = between.end()
        if found:
            rest = _ONLY.match(self._text, len(self._text) - len(self._text[self._at :].lstrip(_BETWEEN)))
            self._at = rest.end() if rest else self._at
        return found


def _is_currency(code: str) -> bool:
    """Whether it is an ISO 4217 code, in capitals unless it is a frequent one: `all` and `try` are words as well."""
    try:
        currency(code)
    except UnknownCurrency:
        return False
    return code.isupper() or code.lower() in _FREQUENT


def _whole(text: str) -> int | None:
    """A whole number in digits or Chinese; None if it is none."""
    if text.isascii():
        return int(text) if text.isdigit() and len(text) <= 6 else None
    number = read_chinese(text)
    return int(number) if number is not None and number.denominator == 1 else None
