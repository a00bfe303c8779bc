"""Reading a line about a bill: `120 dinner @ann @bo`, `聚餐 360元 @甲 @乙`, `36,50 € Pizza zwischen @ann und @bo`.

A line is taken apart from what is surest to what is left: people and quoted texts, options (`paid by`, `on`, `#food`,
`every`, `each`, `except`), the people with their parts, the amount, and the title. Nothing is guessed where
money hangs on it: then all readings are offered.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import product

from appservice.bots.line import Line
from appservice.language import Message, _
from laiwang_bridge.payments.lines.amounts import Found, find, found_at, minor_of
from laiwang_bridge.payments.lines.choosing_amount import MOST_READINGS, choose
from laiwang_bridge.payments.lines.counts import without_counts
from laiwang_bridge.payments.lines.items import is_itemised, read_items
from laiwang_bridge.payments.lines.leftovers import is_about_somebody
from laiwang_bridge.payments.lines.marking import PERSON, Marked, mark
from laiwang_bridge.payments.lines.numbers_of_people import are_others, is_split_otherwise
from laiwang_bridge.payments.lines.options import Options, Payer, Perhaps, Times, stranger
from laiwang_bridge.payments.lines.plain_names import names_others, stranger_in, with_known_names, with_perhaps_names
from laiwang_bridge.payments.lines.shares import does_not_fit, share_out, sum_of_parts
from laiwang_bridge.payments.lines.taking import take_options
from laiwang_bridge.payments.lines.terms import Term, is_rest, take_lists
from laiwang_bridge.payments.lines.wording import (
    AdjustedWording,
    BillWording,
    Doubt,
    EqualWording,
    Everybody,
    Habits,
    Mistake,
    Problem,
    Question,
    Sender,
    WeightsWording,
    Who,
    heads,
    total,
)
from laiwang_bridge.payments.money.money import Money
from laiwang_bridge.payments.money.number_places import Kind

LONGEST = 2000
_GAP = re.compile(r"\s*[:：]?\s+|")
_NO_AMOUNT = re.compile(r"\s*(?:[%％份]|shares?\b|parts?\b|anteile?\b)")
_PERCENT_BEFORE = re.compile(
    rf"(?P<percent>[0-9]+(?:[.,][0-9]+)?\s?[%％])\s*(?:for |to |für |an |pour |à |给)?\s*(?P<who>{PERSON})"
)
_FOR_SOMEBODY = re.compile(rf"(?<![^\W\d_])(?:for|für|pour)\s+{PERSON}")
_BETWEEN_PEOPLE = re.compile(
    rf"{PERSON}\s*(?:给|給|还|還|转|轉|借|欠|[-=]?>|→|gibt|gab|gave|gives?|sent|sends|donne|invite|lädt|treats?)\s*{PERSON}"
)
"""Money that goes from one to the other: no bill of all."""
_TIMES_BEFORE = re.compile(rf"(?<![\w.,])(?P<times>[0-9]{{1,2}})[x×*](?P<who>{PERSON})")
_REST_OF_SEVERAL = re.compile(
    rf"(?<![^\W_])(?:the |den |le )?reste?\s*:?\s*(?P<who>{PERSON}(?:\s*(?:,|&|\+|and|und|et)?\s*{PERSON})+)"
    r"(?=\s*(?:\Z|[\x02,;]))"
)
_REST_BEFORE = re.compile(
    rf"(?<![^\W_])(?:(?:the |den |le )?reste?|其余|剩下的?|剩余)\s*:?\s*(?P<who>{PERSON})[出付]?"
    r"(?=\s*(?:\Z|[\x02,;，；]))"
)
_SHARED_AMONG = re.compile(r"(?<![\w.,/÷+*×-])[0-9][0-9.,]*\s?[/÷]\s?(?P<heads>[0-9]{1,2})(?![\w.,/÷+*×-])")
"""`268/2 @bo`: half of it, or all of it for two."""
_PERCENT_AT_END = re.compile(rf"{PERSON}\s*=?\s*[0-9.,]+\s?[%％](?![^\W_])\s*(?:\Z|[;；\n])")
_STRANGERS = re.compile(
    r"(?:(?:between|among|zwischen|entre)\s+(?P<one>[^\W\d_]+)\s+(?:and|und|et)\s+[^\W\d_]|split\s+(?:with|between)\s+(?P<two>[^\W\d_]+))"
)


_Read = tuple[list[BillWording], list[Doubt]]


def read_bill(
    line: Line, start: int, habits: Habits, names: frozenset[str] = frozenset()
) -> BillWording | Mistake | Question:
    """Read the line from `start` on, behind prefix and verb. Without people, it is among everybody.

    `names` are the names known in the room, folded: they decide whether `@d-5` is a name or five less for `d`.
    """
    if len(line.text) > LONGEST:
        return Mistake(Problem.TOO_LARGE, _("That is too long for a bill."), {})
    marked = with_known_names(mark(line, start, habits, names), names)
    word = stranger_in(marked)
    if word is not None:
        return stranger(word)
    read = _read_marked(marked, habits)
    guests = with_perhaps_names(marked, names)
    if isinstance(read, Mistake):
        return _answer(read)
    others = names_others(marked)
    if names and any(is_about_somebody(bill.title, names, is_among_named=others) for bill in read[0]):
        read[1].append(Doubt.WORDS)
    if guests is None:
        return _answer(read)
    among = _read_marked(guests, habits)
    if isinstance(among, Mistake):
        return _answer(read)
    return _answer(([*among[0], *read[0]], [Doubt.NAMES]))


def _read_marked(marked: Marked, habits: Habits) -> _Read | Mistake:
    """All that a line can mean whose people are known; not empty."""
    found: list[BillWording] = []
    doubts: list[Doubt] = []
    mistakes: list[Mistake] = []
    first = take_options(marked, habits, frozenset())
    if isinstance(first, Mistake):
        return first
    without = [take_options(marked, habits, first.unsure)] if first.unsure else []
    for options in (first, *without):
        if isinstance(options, Mistake):
            mistakes.append(options)
            continue
        doubts += [_UNSURE[one] for one in sorted(options.unsure, key=lambda one: one.value)]
        doubts += [Doubt.DATE] if len(options.dates) > 1 else []
        doubts += [Doubt.RHYTHM] if len(options.repeats) > 1 else []
        for day, repeat in product(options.dates, options.repeats):
            read = _read(options, Times(day, repeat), habits)
            if isinstance(read, Mistake):
                mistakes.append(read)
            else:
                found += read[0]
                doubts += read[1]
    return (found, doubts) if found else mistakes[0]


def _answer(read: _Read | Mistake) -> BillWording | Mistake | Question:
    if isinstance(read, Mistake):
        return read
    readings, doubts = tuple(dict.fromkeys(read[0]))[:MOST_READINGS], read[1]
    if len(readings) == 1 and not doubts:
        return readings[0]
    doubt = doubts[0] if doubts else Doubt.WHICH_NUMBER
    return Question(doubt, _QUESTIONS[doubt], readings)


_UNSURE = {Perhaps.REPEAT: Doubt.REPEAT, Perhaps.PER_HEAD: Doubt.PER_HEAD}
_QUESTIONS: dict[Doubt, Message] = {
    Doubt.NUMBER: _("How is that number meant?"),
    Doubt.WHICH_NUMBER: _("Which number is the amount?"),
    Doubt.CURRENCY: _("Which currency is that?"),
    Doubt.SIGN: _("Is that a refund?"),
    Doubt.PER_HEAD: _("Is that for each, or in all?"),
    Doubt.SENDER: _("Do you bear some of the rest as well?"),
    Doubt.PAYER: _("Does whoever paid bear a part as well?"),
    Doubt.PARTS: _("Is that what each of them bears?"),
    Doubt.REPEAT: _("Does the bill come again?"),
    Doubt.RHYTHM: _("How often is that?"),
    Doubt.DATE: _("Which day is that?"),
    Doubt.NAMES: _("Are these people? Write @ before the name of a member, + before that of a guest."),
    Doubt.WORDS: _("Do all these words belong to the title?"),
}

_Split = Callable[[BillWording], tuple[BillWording, ...] | Mistake]


def _read(options: Options, times: Times, habits: Habits) -> _Read | Mistake:
    if is_itemised(options.rest, habits):
        return _read_items(options, times, habits)
    if _PERCENT_BEFORE.search(options.rest.folded):
        options = replace(options, rest=_percents_behind(options.rest))
    options = replace(options, rest=_parts_behind(_rests_behind(options.rest)))
    parts = _parts_without_sign(options.rest, habits)
    if parts is not None:
        meant = _read(replace(options, rest=parts), times, habits)
        is_summed = not _numbers(take_lists(parts, habits)[1], habits)
        return meant if isinstance(meant, Mistake) or not is_summed else (meant[0], [*meant[1], Doubt.PARTS])
    is_between = _BETWEEN_PEOPLE.search(options.rest.folded) is not None
    terms, rest, joined = take_lists(options.rest, habits)
    if joined is not None:
        return stranger(joined)
    strangers = _STRANGERS.search(rest.folded)
    if strangers is not None:
        return stranger(strangers["one"] or strangers["two"])
    chosen = choose(rest, habits)
    if isinstance(chosen, Mistake):
        summed = sum_of_parts(terms, rest, habits) if chosen.problem is Problem.NO_AMOUNT else None
        if summed is None:
            return chosen
        chosen = (summed,), None
    choices, doubt = chosen
    found: list[BillWording] = []
    doubts = [] if doubt is None else [doubt]
    doubts += [Doubt.WORDS] if is_between else []
    wrong: Mistake | None = None
    split = _splitting(terms, options.excluded, habits)
    for choice in choices:
        plain = BillWording(
            amount=choice.money,
            title=choice.title,
            date=times.date,
            category=options.category,
            repeat=times.repeat,
            per_head=options.per_head,
        )
        bills = _complete(plain, options, split, habits)
        if isinstance(bills, Mistake):
            wrong = wrong or bills
            continue
        found += bills[0]
        doubts += bills[1]
        is_for = not options.payers and _FOR_SOMEBODY.search(options.rest.folded) is not None
        is_for_one = is_for and not doubts and any(len(_people(bill)) == 2 for bill in bills[0])
        if is_for_one or (is_for and not choice.title):
            alone = _complete(plain, options, _splitting(terms, (*options.excluded, Sender()), habits), habits)
            if not isinstance(alone, Mistake) and Sender() in {who for bill in bills[0] for who in _people(bill)}:
                found += alone[0]
                doubts.append(Doubt.SENDER)
        doubts += [Doubt.WORDS] if any(is_split_otherwise(bill, rest) for bill in bills[0]) else []
        if plain.per_head and Perhaps.PER_HEAD not in options.unsure and _are_several(rest, habits):
            found += [replace(bill, per_head=False) for bill in bills[0]]
            doubts.append(Doubt.PER_HEAD)
        if not (doubts or plain.per_head) and _is_shared_among(bills[0], rest):
            found += [replace(bill, per_head=True) for bill in bills[0]]
            doubts.append(Doubt.PER_HEAD)
        doubts += [Doubt.PER_HEAD] if plain.per_head and any(are_others(bill, rest) for bill in bills[0]) else []
    if not found and wrong is not None:
        return wrong
    return found, doubts


def _is_shared_among(bills: list[BillWording], rest: Marked) -> bool:
    """Whether the amount is divided by just as many as pay."""
    among = _SHARED_AMONG.search(rest.folded)
    return among is not None and any(heads(bill) == int(among["heads"]) for bill in bills)


def _are_several(rest: Marked, habits: Habits) -> bool:
    """Whether a total may stand beside what each pays: `60 EUR, 20 each`."""
    return len(without_counts(_numbers(rest, habits), rest)) > 1


def _numbers(rest: Marked, habits: Habits) -> list[Found]:
    return [one for one in find(rest.text, rest.folded, habits) if one.kind is not Kind.COUNT]


def _parts_without_sign(rest: Marked, habits: Habits) -> Marked | None:
    """`@a 20 @b 40`: where a number stands behind each of several people, the same with `=` between. One may bear
    the rest."""
    found: list[tuple[int, int]] = []
    has_rest = False
    for person in re.finditer(PERSON, rest.folded):
        if not has_rest and is_rest(rest.folded, person.end()):
            has_rest = True
            continue
        gap = _GAP.match(rest.folded, person.end())
        number = found_at(rest.text, rest.folded, gap.end(), habits) if gap else None
        if gap is None or number is None or number.is_signed or _NO_AMOUNT.match(rest.folded, number.end):
            return None
        found.append(gap.span())
    if len(found) + has_rest < 2 or not found:
        return None
    for start, end in reversed(found):
        rest = rest.without(start, end, "=")
    return rest


def _percents_behind(rest: Marked) -> Marked:
    """`50% @a, 50% @b`: where a percentage stands before each person, the same with it behind."""
    before = list(_PERCENT_BEFORE.finditer(rest.folded))
    people = re.findall(PERSON, rest.folded)
    if len(people) < 2 or len(before) != len(people) or _PERCENT_AT_END.search(rest.folded):
        return rest
    for match in reversed(before):
        text = f"{rest.text[match.start('who')]}={rest.text[match.start('percent') : match.end('percent')]}"
        rest = rest.without(*match.span(), text)
    return rest


def _rests_behind(rest: Marked) -> Marked:
    """`@a=20, the rest @b`: the same with `@b=rest`."""
    several = _REST_OF_SEVERAL.search(rest.folded)
    if several is not None:
        people = "".join(f"{sign}=rest " for sign in several["who"] if sign in rest.people)
        return rest.without(*several.span(), people)
    match = _REST_BEFORE.search(rest.folded)
    return rest if match is None else rest.without(*match.span(), f"{rest.text[match.start('who')]}=rest")


def _parts_behind(rest: Marked) -> Marked:
    """`2x@a @b`: the same with `@a x2`."""
    for match in reversed(list(_TIMES_BEFORE.finditer(rest.folded))):
        rest = rest.without(*match.span(), f"{rest.text[match.start('who')]} x{match['times']} ")
    return rest


def _splitting(terms: tuple[Term, ...], excluded: tuple[Who, ...], habits: Habits) -> _Split:
    return lambda bill: share_out(bill, terms, excluded, habits)


def _read_items(options: Options, times: Times, habits: Habits) -> _Read | Mistake:
    if options.per_head or options.excluded:
        return Mistake(Problem.MIXED_SPLITS, _("With single items, name those who had each of them."), {})
    items = read_items(options.rest, habits)
    if isinstance(items, Mistake):
        return items
    bill = replace(items, date=times.date, category=options.category, repeat=times.repeat)
    paid = _paid(bill, options.payers, habits)
    return paid if isinstance(paid, Mistake) else ([paid], [])


def _complete(plain: BillWording, options: Options, split: _Split, habits: Habits) -> _Read | Mistake:
    shared = split(plain)
    if isinstance(shared, Mistake):
        return shared
    found: list[BillWording] = []
    doubts = [Doubt.SENDER] if len(shared) > 1 else []
    for one in shared:
        paid = _paid(one, options.payers, habits)
        if isinstance(paid, Mistake):
            return paid
        both = _with_payers_among_them(paid, options.excluded)
        found += both
        doubts += [Doubt.PAYER] if len(both) > 1 else []
    return found, doubts


def _paid(bill: BillWording, payers: tuple[Payer, ...], habits: Habits) -> BillWording | Mistake:
    """The bill with those who paid it. Their amounts make the total; one may have paid what is left."""
    if not payers:
        return bill
    people = [payer.who for payer in payers]
    if len(set(people)) < len(people):
        return Mistake(Problem.NAMED_TWICE, _("Somebody is named twice among those who paid."), {})
    if len(payers) == 1 and payers[0].amount is None:
        return replace(bill, payers=((payers[0].who, None),))
    amounts: list[tuple[Who, int | None]] = []
    for payer in payers:
        minor = None if payer.amount is None else minor_of(payer.amount, bill.amount.currency, habits)
        if isinstance(minor, Mistake):
            return minor
        amounts.append((payer.who, minor))
    whole = bill.amount if not bill.per_head else total(bill)
    said = sum(minor for _who, minor in amounts if minor is not None)
    unsaid = [who for who, minor in amounts if minor is None]
    if whole is None or len(unsaid) > 1:
        return Mistake(
            Problem.PAYMENTS_DO_NOT_FIT, _("Who paid how much? Write `paid by @ann=50 @bo=70`, and the total."), {}
        )
    missing = whole.minor - said
    if (missing != 0) is not bool(unsaid) or missing * whole.minor < 0:
        return does_not_fit(Problem.PAYMENTS_DO_NOT_FIT, Money(missing, whole.currency))
    filled = tuple((who, missing if minor is None else minor) for who, minor in amounts)
    return replace(bill, payers=filled)


def _with_payers_among_them(bill: BillWording, excluded: tuple[Who, ...]) -> list[BillWording]:
    """Where others share the bill and whoever paid it is not among them, perhaps he is meant to be."""
    people = _people(bill)
    payers = [who for who, _minor in bill.payers]
    apart = [who for who in payers if who not in people and who not in excluded and who != Sender()]
    if not people or Everybody() in people or not apart:
        return [bill]
    match bill.shares:
        case EqualWording(everyone, left_out):
            return [replace(bill, shares=EqualWording((*everyone, *apart), left_out)), bill]
        case WeightsWording(weights, left_out):
            more = tuple((who, Fraction(1)) for who in apart)
            return [replace(bill, shares=WeightsWording((*weights, *more), left_out)), bill]
        case AdjustedWording(adjustments, left_out):
            changed = AdjustedWording((*adjustments, *((who, 0) for who in apart)), left_out)
            return [replace(bill, shares=changed), bill]
    return [bill]


def _people(bill: BillWording) -> list[Who]:
    match bill.shares:
        case EqualWording(people):
            return list(people)
        case WeightsWording(weights):
            return [who for who, _weight in weights]
        case AdjustedWording(adjustments):
            return [who for who, _minor in adjustments]
    return []
