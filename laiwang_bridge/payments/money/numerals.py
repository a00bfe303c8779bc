"""Numbers as they are written: `1.234,56`, `1 234.5`, `12k`, `1.5万`, `一百二`. Exact, as fractions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

GROUP_SIGNS = "'’\u00a0\u2007\u2009\u202f"
"""What parts groups of three digits and nothing else."""

_DIGITS = {
    **dict(zip("零〇一二三四五六七八九", (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9), strict=True)),
    **dict(zip("两兩壹贰貳叁肆伍陆陸柒捌玖", (2, 2, 1, 2, 2, 3, 4, 5, 6, 6, 7, 8, 9), strict=True)),
}
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_MYRIADS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
CHINESE = "".join((*_DIGITS, *_UNITS, *_MYRIADS))

_GROUPED = re.compile(rf"[0-9]{{1,3}}(?:[{GROUP_SIGNS}][0-9]{{3}})+")
_THREES = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{3})+")
_INDIAN = re.compile(r"[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}")
_CHINESE_PIECE = re.compile(rf"([0-9]+(?:\.[0-9]+)?|[{''.join(_DIGITS)}])|([{''.join((*_UNITS, *_MYRIADS))}])")


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number and how many decimals it was written with. `separator` is the sign on which its reading hangs."""

    value: Fraction
    decimals: int = 0
    separator: str = ""


def read_digits(text: str) -> tuple[Numeral, ...]:
    """The numbers that digits with points, commas and groups can mean: none, one, or, as for `1.234`, two."""
    mark = max(text.rfind("."), text.rfind(","))
    if any(sign in text for sign in GROUP_SIGNS):
        whole, decimals = (text, "") if mark < 0 else (text[:mark], text[mark + 1 :])
        if not _GROUPED.fullmatch(whole) or not (mark < 0 or decimals.isdigit()):
            return ()
        return (_numeral(re.sub(rf"[{GROUP_SIGNS}]", "", whole), decimals),)
    if mark < 0:
        return (_numeral(text),) if text.isdigit() else ()
    sign, other = text[mark], ",."[text[mark] == ","]
    before, after = text[:mark], text[mark + 1 :]
    if not after.isdigit():
        return ()
    if other in before:
        return (_numeral(_ungrouped(before), after),) if sign not in before and _is_grouped(before) else ()
    if sign in before:
        return (_numeral(_ungrouped(text)),) if _is_grouped(text) else ()
    if len(after) == 3 and len(before) <= 3 and not before.startswith("0"):
        return (
            Numeral(Fraction(int(before + after)), 0, sign),
            Numeral(Fraction(int(before + after), 1000), 3, sign),
        )
    return (_numeral(before, after),)


def read_chinese(text: str) -> Fraction | None:
    """A number in Chinese numerals, digits among them or not: `一百二` is 120, `1万2` is 12000, `一百零二` is 102."""
    total = section = Fraction(0)
    last_unit, digit, after_zero, seen = 0, None, False, False
    position = 0
    for piece in _CHINESE_PIECE.finditer(text):
        if piece.start() != position:
            return None
        position = piece.end()
        if piece[1] is not None:
            value = Fraction(_DIGITS.get(piece[1], 0)) if piece[1] in _DIGITS else Fraction(piece[1])
            if value == 0 and piece[1] in _DIGITS:
                if not seen or digit is not None:
                    return None
                after_zero = True
                continue
            if digit is not None:
                return None
            digit = value
            continue
        if piece[2] in _UNITS:
            unit = _UNITS[piece[2]]
            if digit is None and (unit != 10 or (seen and not after_zero)):
                return None
            if last_unit and unit >= last_unit and last_unit < 10**4:
                return None
            section += (Fraction(1) if digit is None else digit) * unit
            last_unit = unit
        else:
            myriad = _MYRIADS[piece[2]]
            section += digit or 0
            if section == 0 or (total and total < myriad):
                return None
            total += section * myriad
            section, last_unit = Fraction(0), myriad
        digit, after_zero, seen = None, False, True
    if position != len(text) or (not seen and digit is None):
        return None
    if digit is None:
        return None if after_zero and not seen else total + section
    is_short = last_unit >= 100 and not after_zero and digit.denominator == 1 and digit < 10
    return total + section + digit * (last_unit // 10 if is_short else 1)


def _numeral(whole: str, decimals: str = "") -> Numeral:
    return Numeral(Fraction(int(whole + decimals), 10 ** len(decimals)), len(decimals))


def _is_grouped(text: str) -> bool:
    return len(set(text) & set(".,")) == 1 and bool(_THREES.fullmatch(text) or _INDIAN.fullmatch(text))


def _ungrouped(text: str) -> str:
    return text.replace(".", "").replace(",", "")
