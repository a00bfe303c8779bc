"""One number in a text with the currency beside it: `€ 1.234,50`, `1.5万元`, `三块五`, `CHF 30.-`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from appservice.language import contains_han
from laiwang_bridge.payments.money.currencies import Meaning, is_plain_word, may_be_a_word, meaning, name_pattern
from laiwang_bridge.payments.money.money import Currency
from laiwang_bridge.payments.money.number_words import read_number_word
from laiwang_bridge.payments.money.numerals import CHINESE, GROUP_SIGNS, Numeral, read_chinese, read_digits

CUT = "\x02"
"""Stands where something has been taken out of a text."""

_DIGITS = re.compile(rf"[0-9]+(?:[.,{GROUP_SIGNS}][0-9]+)*")
_SPACED_GROUPS = re.compile(r"[0-9]{1,3}(?: [0-9]{3})+(?:[.,][0-9]+)?(?![0-9.,]*[0-9])")
_NO_CENTS = re.compile(r"(?:[.,][-\u2013\u2014]{1,2}|/-)(?![0-9])")
_MULTIPLIED = re.compile(r"([kK])(?![^\W_])|([百千万萬亿億])(?![" + CHINESE + r"0-9])")
_CHAT_MYRIAD = re.compile(r"w(?![a-z0-9_])")
"""`1.2w` is 12,000 in Chinese chats, and a watt elsewhere."""
_WORD_MULTIPLIED = re.compile(
    r" ?(hundred|thousand|tausend|tsd\.?|lakhs?|lacs?|million(?:en|s)?|mio|crores?|mille"
    r"|grand)(?!\w)(?![\u3400-\u9fff])"
)
_FRACTIONS = {"½": Fraction(1, 2), "¼": Fraction(1, 4), "¾": Fraction(3, 4)}
_WORD_POWERS = {"h": 2, "t": 3, "l": 5, "c": 7, "g": 3}
_MULTIPLIERS = {"k": 3, "w": 4, "百": 2, "千": 3, "万": 4, "萬": 4, "亿": 8, "億": 8}
_MIXED = re.compile(rf"[0-9]+(?:\.[0-9]+)?[百千万萬亿億][{CHINESE}0-9]*")
_CHINESE = re.compile(f"[{CHINESE}]+")
_DIGIT_VALUES = {char: value for value, char in enumerate("零一二三四五六七八九")}
_CHINESE_POINT = re.compile("[点點]([零一二三四五六七八九]+)")
_EURO_CENTS = re.compile(r"([0-9]{2})(?![0-9.,%])")
_SPOKEN_JOINT = re.compile(r"\s+(and |und |et )?")
_AND_CENTS = re.compile(r"\s+(?:(?:and|und|et)\s+)?([1-9]?[0-9])\s?(?:cents?|centimes?|rappen|pence|ct)(?![^\W_])")
_CENTS_NAMED = re.compile(r"\s+(?:cents?|centimes?|rappen|pence|p)(?![^\W_])")
_TENTHS = ("毛", "角")
_LITTLE = "零?([0-9一二两兩三四五六七八九])"
_CHANGE = re.compile(
    rf"{_LITTLE}(?:[毛角]钱?(?:([0-9一二两兩三四五六七八九])分?)?|(分)钱?)(?![0-9])|([0-9一二三四五六七八九半])"
)
_YUAN_WORDS = ("元", "块", "圆", "塊", "圓")
_SMALL_WORDS = ("毛", "角", "分", "欧", "歐")
_SUFFIX_ONLY = ("元", "块", "圆", "塊", "圓", "毛", "角", "分", "刀", "欧", "歐", "镑")
_SPACES = " \u00a0\u2009\u202f"
_Read = tuple[tuple[Numeral, ...], int, bool, bool]


@dataclass(frozen=True, slots=True)
class Named:
    """A currency's name beside a number: where it stands, what it means, and whether it may be a mere word."""

    start: int
    end: int
    meaning: Meaning
    is_doubtful: bool


@dataclass(frozen=True, slots=True)
class Atom:
    """A number with its currency. `numerals` has several where it can be read in several ways; `is_doubtful` where even
    one has to be asked about. `bare_start` and `bare_end` are its place without the names of currencies."""

    start: int
    end: int
    bare_start: int
    bare_end: int
    numerals: tuple[Numeral, ...]
    names: tuple[Named, ...] = ()
    is_doubtful: bool = False
    is_chinese: bool = False


@lru_cache(maxsize=1)
def _names() -> re.Pattern[str]:
    return re.compile(name_pattern())


def is_latin(char: str) -> bool:
    return char.isalpha() and not contains_han(char)


def read_atom(text: str, folded: str, start: int, room: Currency, *, is_joined: bool = True) -> Atom | None:
    """The number that begins at a place, or the currency's name before it. With `is_joined`, `1 234` is
    one number and `2 grand` is 2000."""
    prefix = _prefix(text, folded, start, room)
    if prefix is not None and folded[start].isalpha() and read_number_word(folded, start) is not None:
        prefix = None  # cent vingt euros
    position = prefix.end if prefix else start
    while prefix and position < len(folded) and folded[position] in _SPACES:
        position += 1
    number = _number(folded, position, is_joined=is_joined)
    if number is None:
        return None
    numerals, end, is_doubtful, is_chinese = number
    suffix = _suffix(text, folded, end, room)
    if suffix is None and folded[position].isalpha() and not is_chinese:
        return None  # a number in words is an amount only before a currency
    names = tuple(name for name in (prefix, suffix) if name is not None)
    behind = suffix.end if suffix else end
    is_word = folded[position].isalpha() and not is_chinese
    change = (_spoken_change if is_word else _change)(folded, suffix) if suffix else None
    if change is not None:
        more, behind = change
        numerals = tuple(Numeral(one.value + more, 2) for one in numerals)
    return Atom(start, behind, position, end, numerals, names, is_doubtful, is_chinese)


def _prefix(text: str, folded: str, start: int, room: Currency) -> Named | None:
    match = _names().match(folded, start)
    if match is None or match[0] in _SUFFIX_ONLY:
        return None
    if is_latin(folded[start]) and start and (is_latin(folded[start - 1]) or folded[start - 1].isdigit()):
        return None
    return _named(text, match, room)


def _suffix(text: str, folded: str, end: int, room: Currency) -> Named | None:
    position = end
    if position < len(folded) and folded[position] in _SPACES:
        position += 1
    match = _names().match(folded, position)
    if match is None:
        return None
    after = folded[match.end() : match.end() + 1]
    if match[0] in _SMALL_WORDS and contains_han(after) and not (match[0] in _TENTHS and after in _DIGIT_VALUES):
        return None
    if position > end and folded[position] in "$£¥￥€" and after.isdigit():
        return None  # belongs to the number behind it
    return _named(text, match, room)


def _named(text: str, match: re.Match[str], room: Currency) -> Named | None:
    typed = text[match.start() : match.end()]
    found = None if is_plain_word(typed) else meaning(match[0], room)
    if found is None:
        return None
    beside = text[match.start() - 1 : match.start()] + text[match.end() : match.end() + 1]
    is_glued = typed.isupper() and any("0" <= char <= "9" for char in beside)
    return Named(match.start(), match.end(), found, not is_glued and may_be_a_word(typed, room))


def _number(folded: str, start: int, *, is_joined: bool) -> _Read | None:
    """Its readings, where it ends, whether one must ask, and whether it is in Chinese numerals."""
    joined = _spaced(folded, start) if is_joined else None
    digits = _mixed(folded, start) or joined or _digits(folded, start, is_joined=is_joined)
    return digits or _chinese(folded, start) or _in_words(folded, start)


def _in_words(folded: str, start: int) -> _Read | None:
    found = read_number_word(folded, start)
    return None if found is None else ((Numeral(Fraction(found[0])),), found[1], False, False)


def _mixed(folded: str, start: int) -> _Read | None:
    """`1万2`, `2千5百`."""
    match = _MIXED.match(folded, start)
    if match is None or match[0][:-1].replace(".", "").isdigit():
        return None
    value = read_chinese(match[0])
    return None if value is None else ((_numeral(value),), match.end(), False, False)


def _spaced(folded: str, start: int) -> _Read | None:
    """`1 234,50`: perhaps two numbers."""
    match = _SPACED_GROUPS.match(folded, start)
    if match is None:
        return None
    readings = read_digits(match[0].replace(" ", "\u00a0"))
    return (readings, match.end(), True, False) if readings else None


def _digits(folded: str, start: int, *, is_joined: bool) -> _Read | None:
    match = _DIGITS.match(folded, start)
    if match is None:
        return None
    readings, end = read_digits(match[0]), match.end()
    if not readings:
        return None
    word = _WORD_MULTIPLIED.match(folded, end)
    if word is not None and len(readings) == 1 and (is_joined or word[1] != "grand"):
        power = {"mille": 3}.get(word[1]) or _WORD_POWERS.get(word[1][0], 6)
        value = Numeral(readings[0].value * 10**power, max(0, readings[0].decimals - power))
        return (value,), word.end(), word[1] == "grand", False
    fraction = _FRACTIONS.get(folded[end : end + 1])
    if fraction is not None and match[0].isdigit():
        value = Numeral(readings[0].value + fraction, 2)
        return (value,), end + 1, False, False
    no_cents = _NO_CENTS.match(folded, end)
    if no_cents is not None:
        whole = tuple(Numeral(one.value, one.decimals) for one in readings[:1])
        return whole, no_cents.end(), False, False
    multiplied = _MULTIPLIED.match(folded, end)
    if multiplied is None and contains_han(folded):
        multiplied = _CHAT_MYRIAD.match(folded, end)
    if multiplied is not None:
        power = _MULTIPLIERS[multiplied[0].lower()]
        chosen = readings[-1:] if "." in match[0] and len(readings) > 1 else readings
        readings = tuple(Numeral(one.value * 10**power, max(0, one.decimals - power), one.separator) for one in chosen)
        if len(readings) == 1:
            readings = (Numeral(readings[0].value, readings[0].decimals),)
        end = multiplied.end()
    return readings, end, False, False


def _chinese(folded: str, start: int) -> _Read | None:
    match = _CHINESE.match(folded, start)
    value = None if match is None else read_chinese(match[0])
    if match is None or value is None or (start and folded[start - 1] in CHINESE + "几幾数數点點."):
        return None
    point = _CHINESE_POINT.match(folded, match.end())
    if point is None:
        return (_numeral(value),), match.end(), False, True
    decimals = "".join(str(_DIGIT_VALUES[char]) for char in point[1])
    return (Numeral(value + Fraction(int(decimals), 10 ** len(decimals)), len(decimals)),), point.end(), False, True


def _change(folded: str, suffix: Named) -> tuple[Fraction, int] | None:
    """What follows `3块`: `5毛2`, `零5分`, `5`, `半`; and `12€50`, `五毛五`."""
    name = folded[suffix.start : suffix.end]
    if name == "€":
        cents = _EURO_CENTS.match(folded, suffix.end)
        return None if cents is None else (Fraction(int(cents[1]), 100), cents.end())
    named = _AND_CENTS.match(folded, suffix.end) if is_latin(name[-1]) and suffix.meaning.part == 1 else None
    if named is not None:
        return Fraction(int(named[1]), 100), named.end()
    match = _CHANGE.match(folded, suffix.end) if name in (*_YUAN_WORDS, *_TENTHS) else None
    if match is None:
        return None
    if name in _TENTHS and match[4] is None:
        return None if match[3] is None else (_digit(match[1]) / 10, match.end())
    if match[4] is not None:
        after = folded[match.end() : match.end() + 1]
        if after and (after.isalnum() or after in ".,%"):
            return None
        return (Fraction(1, 2) if match[4] == "半" else _digit(match[4]) / 10), match.end()
    if match[3] is not None:
        return _digit(match[1]) / 100, match.end()
    return _digit(match[1]) / 10 + (_digit(match[2]) / 100 if match[2] else 0), match.end()


def _spoken_change(folded: str, suffix: Named) -> tuple[Fraction, int] | None:
    """What follows `five euros`: `twenty`, `and fifty cents`."""
    if suffix.meaning.part != 1:
        return None
    joint = _SPOKEN_JOINT.match(folded, suffix.end)
    cents = read_number_word(folded, joint.end()) if joint else None
    if joint is None or cents is None or not 0 < cents[0] < 100 or (cents[0] < 10 and not joint[1]):
        return None
    named = _CENTS_NAMED.match(folded, cents[1])
    return (Fraction(cents[0], 100), named.end() if named else cents[1]) if named or not joint[1] else None


def _digit(text: str) -> Fraction:
    return Fraction(int(text)) if text.isdigit() else read_chinese(text) or Fraction(0)


def _numeral(value: Fraction) -> Numeral:
    decimals = 0
    while (value * 10**decimals).denominator != 1 and decimals < 12:
        decimals += 1
    return Numeral(value, decimals)
