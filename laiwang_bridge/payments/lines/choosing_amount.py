"""Which of the numbers of a text is the amount, and what is left of the text as its title."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from laiwang_bridge.payments.lines.amounts import Found, Reading, find, mistake
from laiwang_bridge.payments.lines.counts import without_counts
from laiwang_bridge.payments.lines.leftovers import is_about, is_doubtful, is_refund
from laiwang_bridge.payments.lines.marking import Marked
from laiwang_bridge.payments.lines.titles import AROUND, title
from laiwang_bridge.payments.lines.wording import Doubt, Habits, Mistake, Problem
from laiwang_bridge.payments.money.currencies import meant_by
from laiwang_bridge.payments.money.money import Money
from laiwang_bridge.payments.money.number_places import Kind

_CENTS = re.compile(r"\s[0-9]{2}(?![\w.,:%])")
_LIKE_A_DATE = re.compile(r"(?:0?[1-9]|[12][0-9]|3[01])\.(?:0?[1-9]|1[0-2])\Z")
MOST_READINGS = 6
_CHARGES = "tip|tax|taxes|vat|service|trinkgeld|mwst|steuer|pourboire|tva|taxe"
_INCLUDED = re.compile(
    r"(?<![^\W_])(?:incl(?:uding|udes|usive of|\.)?|inkl(?:usive|\.)?|y compris)"
    rf" (?:the )?(?:{_CHARGES})(?: (?:and|und|et) |, | ?[&+] ?)(?:the )?(?:{_CHARGES})(?![^\W\d_])"
    rf"|(?<![^\W_])(?:{_CHARGES})(?: (?:and|und|et) | ?[&+] ?)(?:the )?(?:{_CHARGES}) (?:incl|inkl|inbegriffen|compris)"
)
"""Of what is in an amount already: `including tax and tip`."""


_ON_TOP = re.compile(
    r"(?:(?<=[\s\x02])[+\u2212-]\s*[0-9]+(?:[.,][0-9]+)?\s*[%％]|(?<!incl )(?<!incl\. )(?<!including )(?<!\w)"
    r"(?:tip|tax|vat|service|trinkgeld|mwst|pourboire|tva|小费|税|服务费):?\s*[0-9]+(?:[.,][0-9]+)?\s*[%％]"
    r"|(?<=[\s\x02])\+\s?[0-9]+(?![\w%])"
    r"|(?:(?<!\w)(?:plus|and|zzgl\.?|und|et)\s+|\+\s?|[外另]?加)(?:the )?"
    r"(?:tips?|tax(?:es)?|tx|vat|gst|hst|service|gratuity|trinkgeld|mwst|ust|steuern?|pourboire|tva|tps|tvq"
    r"|小费|小費|税|稅|服务费|服務費)(?![^\W\d_\u3400-\u9fff])"
    r"|[外另再]加\s?[0-9.]+\s*[%％]|打\s?[0-9.一二三四五六七八九]+折)"
)
"""What may come on top of an amount, or be in it: `+ 20%`, `tip 10%`, `+20`."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An amount and the title beside it."""

    money: Money
    title: str


def choose(marked: Marked, habits: Habits) -> tuple[tuple[Choice, ...], Doubt | None] | Mistake:
    """The amount and the title of a text without people and options; with a doubt, all that it can be."""
    numbers = [one for one in find(marked.text, marked.folded, habits) if one.kind is not Kind.COUNT]
    if not numbers:
        return mistake(Problem.NO_AMOUNT)
    chosen, doubt = _candidates(without_counts(numbers, marked), marked)
    readings = [(one, reading) for one in chosen for reading in _signed(one, marked)]
    if not readings:
        return mistake(chosen[0].problem or Problem.BAD_AMOUNT, text=marked.shown(chosen[0].start, chosen[0].end))
    if doubt is None:
        doubt = _doubt(chosen[0], marked)
    others = _INCLUDED.sub("\x02", marked.without(readings[0][1].start, readings[0][1].end).folded)
    on_top = _ON_TOP.search(others) if doubt is None else None
    if on_top is not None:
        return mistake(Problem.ON_TOP, text=on_top[0].strip(" \x02"))
    if doubt is None and is_refund(marked) and not chosen[0].is_signed:
        doubt = Doubt.SIGN
        readings = [(one, reading) for one, reading in readings for reading in (_negative(reading), reading)]
    if doubt is None and is_doubtful(marked):
        doubt = Doubt.WORDS
    choices = (Choice(reading.money, title(marked, reading.start, reading.end)) for _one, reading in readings)
    kept = tuple(dict.fromkeys(choice for choice in choices if choice.money))[:MOST_READINGS]
    if not kept:
        return mistake(Problem.BAD_AMOUNT, text=marked.shown(chosen[0].start, chosen[0].end))
    elsewhere = [] if doubt else [each for choice in kept for each in _in_currencies_beside(choice, marked)]
    return (*kept, *(each for each in elsewhere if each is not None)), Doubt.CURRENCY if elsewhere else doubt


def _in_currencies_beside(choice: Choice, marked: Marked) -> Iterator[Choice | None]:
    """The same in another currency, where the title begins or ends with the name of one: `60 dinner €`. None for one
    that has too few decimals."""
    words = choice.title.split()
    if choice.title in marked.quotes.values():
        return
    for place in (0, -1)[: len(words)]:
        rest = " ".join(words[1:] if place == 0 else words[:-1])
        for unit in meant_by(words[place], choice.money.currency):
            if unit != choice.money.currency:
                money = choice.money.as_many(unit)
                yield None if money is None else Choice(money, rest)


def _candidates(numbers: list[Found], marked: Marked) -> tuple[list[Found], Doubt | None]:
    with_currency = [one for one in numbers if one.kind is Kind.MARKED]
    if len(with_currency) > 1 or (not with_currency and len(numbers) > 1):
        return with_currency or numbers, Doubt.WHICH_NUMBER
    if not with_currency:
        return numbers, None
    chosen = with_currency[0]
    rivals = [one for one in numbers if one is not chosen and _is_rival(one, chosen, marked)]
    return ([chosen, *rivals], Doubt.WHICH_NUMBER) if rivals else ([chosen], None)


def _is_rival(one: Found, chosen: Found, marked: Marked) -> bool:
    """Whether a number without a currency may be the amount all the same: `pizza 20 (18 eur)`."""
    between = marked.folded[one.end : chosen.start + 1].strip(" \x02")
    is_beside = one.end <= chosen.start and between.startswith(("(", "（"))
    return is_beside or (_is_outside(one, marked) and _is_as_large(one, chosen))


def _is_outside(one: Found, marked: Marked) -> bool:
    """Whether it is the first or the last of the text, where amounts stand."""
    return not marked.text[: one.start].strip(AROUND) or not marked.text[one.end :].strip(AROUND)


def _is_as_large(one: Found, other: Found) -> bool:
    def largest(readings: Iterable[Reading]) -> int:
        return max((reading.money.minor // reading.money.currency.scale for reading in readings), default=0)

    return largest(one.readings) >= largest(other.readings)


def _signed(one: Found, marked: Marked) -> tuple[Reading, ...]:
    """Its readings; behind a title, `-20` may as well have a dash."""
    if not one.is_signed or not marked.text[: one.start].strip(AROUND.replace("-", "")) or is_refund(marked):
        return one.readings
    return (*one.readings, *(Reading(-reading.money, reading.start, reading.end) for reading in one.readings))


def _negative(reading: Reading) -> Reading:
    return replace(reading, money=-reading.money)


def _doubt(one: Found, marked: Marked) -> Doubt | None:
    if one.is_signed and marked.text[: one.start].strip(AROUND.replace("-", "")) and not is_refund(marked):
        return Doubt.SIGN
    if not one.is_sure:
        return Doubt.CURRENCY if one.is_currency_unsure else Doubt.NUMBER
    if is_about(marked, one.start, one.end) or (one.kind is Kind.MARKED and _CENTS.match(marked.folded, one.end)):
        return Doubt.NUMBER
    written = marked.folded[one.start : one.end]
    if marked.folded[one.end : one.end + 1] == "." and _LIKE_A_DATE.match(written):
        return Doubt.NUMBER
    return None
