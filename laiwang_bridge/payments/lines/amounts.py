"""Amounts as people write them, in English, Chinese, German and French habits: found in a text, and read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

from appservice.bots.line import fold
from appservice.language import Language, Message, _
from laiwang_bridge.payments.lines.wording import Habits, Mistake, Problem
from laiwang_bridge.payments.money.atoms import Atom, read_atom
from laiwang_bridge.payments.money.currencies import COMMA_GROUPS, Meaning
from laiwang_bridge.payments.money.expressions import OPERATORS, BadExpression, Token, evaluate
from laiwang_bridge.payments.money.money import LARGEST_MINOR, Currency, Money
from laiwang_bridge.payments.money.number_places import Kind, begins, ends, goes_on, is_possible_alone, kind_of
from laiwang_bridge.payments.money.numerals import Numeral

_DEEPEST = 6
_PEOPLE_BEHIND = re.compile(
    r"[0-9]{1,3}\s?(?:people|persons?|ppl|pax|of us|ways?|personen|leute|personnes?|[个個]?人|位)"
    r"(?![^\W\d_\u3400-\u9fff])"
)
_GROUP_BEHIND = re.compile(r"(?<=[0-9])，[0-9]{3}(?![0-9])")


@dataclass(frozen=True, slots=True)
class Amount:
    """A number and the currency that stood with it, if any."""

    value: Fraction
    currency: Currency | None = None


@dataclass(frozen=True, slots=True)
class Unclear:
    """A text that means one of several amounts, or one that must not be taken for granted."""

    readings: tuple[Amount, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """One amount that a number can be, and the stretch of the text that it takes then."""

    money: Money
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Found:
    """A number in a text. `readings` are those that its currency allows; unless `is_sure`, one must ask.

    Without any, `problem` says why. `is_joined`: it may be two numbers.
    """

    start: int
    end: int
    kind: Kind
    readings: tuple[Reading, ...]
    is_sure: bool
    is_currency_unsure: bool
    problem: Problem | None
    is_signed: bool
    is_joined: bool
    currency: Currency | None


def read_amount(text: str, habits: Habits) -> Amount | Unclear | Mistake:
    """Read a text that is an amount and nothing else."""
    stripped = text.strip()
    folded = folded_text(stripped)
    found = found_at(stripped, folded, 0, habits)
    if found is None or found.end != len(stripped):
        return mistake(Problem.BAD_AMOUNT, text=stripped)
    amounts = tuple(
        Amount(Fraction(one.money.minor, one.money.currency.scale), found.currency and one.money.currency)
        for one in found.readings
    )
    if not amounts:
        return mistake(found.problem or Problem.BAD_AMOUNT, text=stripped)
    return amounts[0] if found.is_sure else Unclear(amounts)


def folded_text(text: str) -> str:
    """The text for comparing, of the same length. A full-width comma belongs to a number only
    among full-width digits."""
    folded = list(fold(text))
    for place, char in enumerate(text):
        is_wide = "０" <= text[place - 1 : place] <= "９" and "０" <= text[place + 1 : place + 2] <= "９"
        if char == "，" and not is_wide and not _GROUP_BEHIND.match(text, place):
            folded[place] = char
    return "".join(folded)


def find(text: str, folded: str, habits: Habits) -> Iterator[Found]:
    """All numbers that can stand for an amount, in the order of the text; none within a word, as in `7-Eleven`."""
    position = 0
    while position < len(folded):
        found = found_at(text, folded, position, habits) if begins(folded, position) else None
        if found is None:
            position += 1
            continue
        yield found
        if found.is_joined:
            found = found_at(text, folded, position, habits, is_joined=False) or found
            yield found
        position = found.end


def found_at(text: str, folded: str, start: int, habits: Habits, *, is_joined: bool = True) -> Found | None:
    """The number that begins right there, if it ends with its word. With `is_joined`, `1 234` is one number."""
    sign = folded[start : start + 1] in ("-", "\u2212")
    first = start + 1 if sign else start
    if first >= len(folded) or folded[first].isspace():
        return None
    run = _run(text, folded, first, habits) or _single_run(text, folded, first, habits, is_joined=is_joined)
    if run is None or (sign and len(run[1]) > 1):
        return None
    atoms, tokens, end = run
    if len(tokens) == 1 and not is_possible_alone(folded, start, end, atoms[0]):
        return None
    kind = kind_of(folded, start, end, atoms)
    found = _found(atoms, tokens, (start, end), kind, habits, is_signed=sign)
    return replace(found, is_sure=False) if found and goes_on(folded, end) else found


def minor_of(text: str, of: Currency, habits: Habits) -> int | Mistake:
    """What a part of a bill is, in minor units of the bill's currency, where that is beyond doubt."""
    amount = read_amount(text, replace(habits, currency=of))
    match amount:
        case Unclear():
            return mistake(Problem.UNCLEAR, text=text.strip())
        case Amount(value, currency):
            if currency not in (None, of):
                return mistake(Problem.MIXED_CURRENCIES)
            return (value * of.scale).numerator
    return amount


def mistake(problem: Problem, **values: object) -> Mistake:
    """The sentence for what is wrong with an amount."""
    return Mistake(problem, _MESSAGES[problem], values)


_MESSAGES: dict[Problem, Message] = {
    Problem.NO_AMOUNT: _("How much was it? Put the amount first: `120 dinner @ann @bo`."),
    Problem.BAD_AMOUNT: _("“{text}” is no amount."),
    Problem.TOO_MANY_DECIMALS: _("“{text}” has more decimals than the currency."),
    Problem.NOT_POSSIBLE: _("“{text}” cannot be worked out to a whole number of the smallest coin."),
    Problem.UNCLEAR: _("“{text}” can be read in several ways. Write 1234 or 1234.00."),
    Problem.ON_TOP: _("Does “{text}” come on top? Write a sum, as `120*1.1`, or put the title in quotation marks."),
    Problem.MIXED_CURRENCIES: _("A bill is in one currency."),
    Problem.TOO_LARGE: _("“{text}” is too much for any bill."),
}


_Run = tuple[tuple[Atom, ...], tuple[int | str, ...], int]
"""The numbers of a sum, its tokens (numbers by their place among these), and where it ends."""


def _single_run(text: str, folded: str, start: int, habits: Habits, *, is_joined: bool) -> _Run | None:
    atom = read_atom(text, folded, start, habits.currency, is_joined=is_joined)
    return None if atom is None or not ends(folded, atom.end) else ((atom,), (0,), atom.end)


def _run(text: str, folded: str, start: int, habits: Habits) -> _Run | None:
    """The longest sum that begins right there and ends with a word: its parentheses close, an operator is within."""
    atoms: list[Atom] = []
    tokens: list[int | str] = []
    depth, position = 0, start
    best: _Run | None = None
    while True:
        while folded[position : position + 1] == "(":
            tokens.append("(")
            depth, position = depth + 1, _past_spaces(folded, position + 1)
        if depth > _DEEPEST:
            return best
        atom = read_atom(text, folded, position, habits.currency)
        if atom is None or atom.is_doubtful or len(atoms) >= 40:
            return best
        tokens.append(len(atoms))
        atoms.append(atom)
        position = atom.end
        closing = _past_spaces(folded, position)
        while depth and folded[closing : closing + 1] == ")":
            tokens.append(")")
            depth, position = depth - 1, closing + 1
            closing = _past_spaces(folded, position)
        if not depth and len(tokens) > 1:
            behind = _suffix_behind(text, folded, position, atoms, habits)
            if ends(folded, behind):
                best = tuple(atoms), tuple(tokens), behind
        operator = _operator(folded, position)
        if operator is None:
            return best
        tokens.append(operator[0])
        position = operator[1]


def _suffix_behind(text: str, folded: str, position: int, atoms: list[Atom], habits: Habits) -> int:
    """Past a currency behind a closing parenthesis: `(20+30)€`. It becomes the last number's."""
    if folded[position - 1] != ")":
        return position
    probe = read_atom(
        text[:position] + "1" + text[position:], folded[:position] + "1" + folded[position:], position, habits.currency
    )
    if probe is None or len(probe.names) != 1 or probe.names[0].meaning.part != 1 or probe.numerals[0].value != 1:
        return position
    last = atoms[-1]
    atoms[-1] = Atom(last.start, last.end, last.bare_start, last.bare_end, last.numerals, (*last.names, *probe.names))
    return probe.end - 1


def _operator(folded: str, position: int) -> tuple[str, int] | None:
    """An operator and where the next number begins. A minus between spaces is a dash, `x` stands between digits."""
    behind = _past_spaces(folded, position)
    sign = folded[behind : behind + 1]
    if sign not in OPERATORS or not sign:
        return None
    following = _past_spaces(folded, behind + 1)
    is_spaced = behind > position or following > behind + 1
    if OPERATORS[sign] == "-" and is_spaced:
        return None
    if OPERATORS[sign] == "/" and (behind > position) is not (following > behind + 1):
        return None  # 20 /4 is perhaps for four
    if OPERATORS[sign] == "/" and _PEOPLE_BEHIND.match(folded, following):
        return None  # $1,240 / 4 people
    if sign == "+" and is_spaced and following == behind + 1:
        return None  # +2 is no sum
    return OPERATORS[sign], following


def _past_spaces(folded: str, position: int) -> int:
    while folded[position : position + 1] in (" ", "\u00a0"):
        position += 1
    return position


def _found(
    atoms: tuple[Atom, ...],
    tokens: tuple[int | str, ...],
    span: tuple[int, int],
    kind: Kind,
    habits: Habits,
    *,
    is_signed: bool,
) -> Found | None:
    meanings = [name.meaning for atom in atoms for name in atom.names]
    currencies = _agreed(meanings, habits.currency)
    is_word = any(name.is_doubtful for atom in atoms for name in atom.names)
    parts = tuple(atom.names[-1].meaning.part if atom.names else Fraction(1) for atom in atoms)
    is_sum = len(tokens) > 1
    sure = not any(atom.is_doubtful for atom in atoms) and len(currencies) == 1 and not is_word
    readings: list[Reading] = []
    problem = Problem.MIXED_CURRENCIES if not currencies else None
    if len(set(parts)) > 1 and not all(atom.names for atom in atoms):  # 20+30 cents
        currencies, problem = (), Problem.NOT_POSSIBLE
    for currency in currencies:
        chosen = [_fitting(atom, currency, habits) for atom in atoms]
        sure = sure and all(one_sure for _numerals, one_sure in chosen)
        for numerals in product(*(numerals for numerals, _sure in chosen)):
            found = _worked_out(numerals, tokens, parts, currency, is_negative=is_signed, is_sum=is_sum)
            if isinstance(found, Problem):
                problem = problem or found
            elif found is None:
                return None
            else:
                readings.append(Reading(found, *span))
    if is_word and len(atoms) == 1:
        readings += _without_the_word(atoms[0], span, habits, is_negative=is_signed)
    unique = tuple(dict.fromkeys(readings))[:6]
    named = currencies[0] if meanings and currencies else None
    return Found(
        *span,
        kind,
        unique,
        is_sure=sure and len(unique) == 1,
        is_currency_unsure=len(currencies) > 1 or is_word,
        problem=None if unique else problem,
        is_signed=is_signed,
        is_joined=any(atom.is_doubtful for atom in atoms),
        currency=named,
    )


def _worked_out(
    numerals: tuple[Numeral, ...],
    tokens: tuple[int | str, ...],
    parts: tuple[Fraction, ...],
    currency: Currency,
    *,
    is_negative: bool,
    is_sum: bool,
) -> Money | Problem | None:
    """The money that the tokens make. None for a sum that is no amount at all, as `7-11`."""
    resolved: list[Token] = [numerals[one].value * parts[one] if isinstance(one, int) else one for one in tokens]
    try:
        value = evaluate(resolved)
    except BadExpression:
        return Problem.NOT_POSSIBLE
    if is_sum and value <= 0:
        return None
    minor = value * currency.scale
    if not is_sum and parts[0] == 1 and numerals[0].decimals > currency.exponent:
        return Problem.TOO_MANY_DECIMALS
    if minor.denominator != 1:
        return Problem.NOT_POSSIBLE if is_sum else Problem.TOO_MANY_DECIMALS
    if minor >= LARGEST_MINOR:
        return Problem.TOO_LARGE
    return Money(-minor.numerator if is_negative else minor.numerator, currency)


def _without_the_word(atom: Atom, span: tuple[int, int], habits: Habits, *, is_negative: bool) -> list[Reading]:
    """The readings in which what might be a currency's code is a word beside the number."""
    start = atom.bare_start if atom.bare_start > atom.start else span[0]
    numerals, _sure = _fitting(atom, habits.currency, habits)
    found = [
        _worked_out((one,), (0,), (Fraction(1),), habits.currency, is_negative=is_negative, is_sum=False)
        for one in numerals
    ]
    return [Reading(money, start, atom.bare_end) for money in found if isinstance(money, Money)]


def _agreed(meanings: list[Meaning], room: Currency) -> tuple[Currency, ...]:
    """The currencies that all names beside the numbers can mean; the room's, where there is none."""
    if not meanings:
        return (room,)
    sure = {one.currencies[0] for one in meanings if len(one.currencies) == 1 and len(one.family) <= 1}
    if len(sure) == 1:
        currency = next(iter(sure))
        fits = all(currency in one.currencies or currency.code in one.family for one in meanings)
        return (currency,) if fits else ()
    if sure:
        return ()
    common = [one for one in meanings[0].currencies if all(one in other.currencies for other in meanings)]
    return tuple(common)


def _fitting(atom: Atom, currency: Currency, habits: Habits) -> tuple[tuple[Numeral, ...], bool]:
    """Which readings of a number's separators are possible in a currency, and whether there is no doubt."""
    if len(atom.numerals) < 2:
        return atom.numerals, True
    grouped, decimal = atom.numerals[:2]
    mark = habits.decimal_mark
    if currency.exponent >= 3 and (grouped.separator == (mark or ".") or mark is not None):
        return ((decimal,), True) if grouped.separator == (mark or ".") else ((grouped,), True)
    if mark is not None and grouped.separator != mark:
        return (grouped,), True
    if grouped.separator == "," and mark is None and _has_comma_groups(atom, currency, habits):
        return (grouped,), True
    if currency.exponent < 3 and decimal.decimals >= 3:
        return (grouped,), False
    return (grouped, decimal), False


def _has_comma_groups(atom: Atom, currency: Currency, habits: Habits) -> bool:
    """Whether a comma before three digits can only part thousands: `¥1,200`, `$1,240`, `房租 3,500`."""
    if currency.exponent == 0:
        return True
    is_said = currency.code in COMMA_GROUPS and bool(atom.names)
    return currency.exponent < 3 and (is_said or habits.language is Language.ZH)
