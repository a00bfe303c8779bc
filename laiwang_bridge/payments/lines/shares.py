"""From people and what is said of their parts to a way of splitting; sums that do not fit are refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from appservice.language import Message, _
from laiwang_bridge.payments.lines.amounts import folded_text, found_at, minor_of, mistake
from laiwang_bridge.payments.lines.choosing_amount import Choice
from laiwang_bridge.payments.lines.leftovers import is_doubtful, is_refund
from laiwang_bridge.payments.lines.marking import Marked
from laiwang_bridge.payments.lines.terms import Saying, Term
from laiwang_bridge.payments.lines.titles import title
from laiwang_bridge.payments.lines.wording import (
    AdjustedWording,
    BillWording,
    EqualWording,
    Everybody,
    ExactWording,
    Habits,
    Mistake,
    PercentWording,
    Problem,
    Sender,
    WeightsWording,
    Who,
)
from laiwang_bridge.payments.money.money import Money

MOST_PARTS = 1000


def share_out(
    bill: BillWording, terms: tuple[Term, ...], excluded: tuple[Who, ...], habits: Habits
) -> tuple[BillWording, ...] | Mistake:
    """The bill, split as the terms say; several bills where one must ask. Without people, it is among everybody.

    The sender takes part unless he is left out, or others bear all of it by what is said.
    """
    wrong = _contradiction(terms, excluded)
    if wrong is not None:
        return wrong
    terms = tuple(term for term in terms if term.who not in excluded)
    sayings = {term.saying for term in terms} - {Saying.NOTHING}
    if not sayings <= {Saying.WEIGHT} and bill.per_head:
        return Mistake(
            Problem.MIXED_SPLITS, _("What each pays is said already; only parts like `x2` go with that."), {}
        )
    if sayings <= {Saying.WEIGHT}:
        return _by_parts(bill, _with_sender(terms, excluded), excluded)
    if sayings == {Saying.ADJUSTED}:
        return _adjusted(bill, _with_sender(terms, excluded), excluded, habits)
    if sayings <= {Saying.EXACT, Saying.REST}:
        return _exact(bill, terms, excluded, habits)
    if sayings <= {Saying.PERCENT, Saying.REST}:
        return _percent(bill, terms, excluded)
    return Mistake(
        Problem.MIXED_SPLITS,
        _("These do not go together. Use one way of splitting: `@ann x2`, `@ann=20`, `@ann 30%` or `@ann+5`."),
        {},
    )


def sum_of_parts(terms: tuple[Term, ...], rest: Marked, habits: Habits) -> Choice | None:
    """`@ann=20 @bo=40 pizza`: what the parts make, where a part is said of everybody named and nothing else is."""
    if len(terms) < 2 or any(term.saying is not Saying.EXACT for term in terms):
        return None
    said = [found_at(term.amount.strip(), folded_text(term.amount.strip()), 0, habits) for term in terms]
    named = [one.currency for one in said if one is not None and one.currency is not None]
    of = named[0] if len(named) == len(terms) else habits.currency
    minors = [minor_of(term.amount, of, habits) for term in terms]
    whole = [minor for minor in minors if not isinstance(minor, Mistake)]
    if len(whole) < len(minors) or not all(minor > 0 for minor in whole) or is_doubtful(rest) or is_refund(rest):
        return None
    return Choice(Money(sum(whole), of), title(rest, 0, 0))


def does_not_fit(problem: Problem, missing: Money, suggestion: BillWording | None = None) -> Mistake:
    """What was said and the total are not the same; `missing` is below zero where too much was said."""
    return Mistake(problem, _NOT_FITTING[problem, missing.minor > 0], {"missing": abs(missing)}, missing, suggestion)


_NOT_FITTING: dict[tuple[Problem, bool], Message] = {
    (Problem.SHARES_DO_NOT_FIT, True): _("The shares make less than the bill: {missing} is missing."),
    (Problem.SHARES_DO_NOT_FIT, False): _("The shares make more than the bill: {missing} too much."),
    (Problem.PAYMENTS_DO_NOT_FIT, True): _("Less was paid than the bill is: {missing} is missing."),
    (Problem.PAYMENTS_DO_NOT_FIT, False): _("More was paid than the bill is: {missing} too much."),
    (Problem.ITEMS_DO_NOT_FIT, True): _("The items make less than the total: {missing} is missing."),
    (Problem.ITEMS_DO_NOT_FIT, False): _("The items make more than the total: {missing} too much."),
}


def percent_text(value: Fraction) -> str:
    """A percentage with as few decimals as it needs, at most six."""
    digits = f"{int(value * 10**6)}".rjust(7, "0")
    return f"{digits[:-6]}.{digits[-6:]}".rstrip("0").rstrip(".")


def _contradiction(terms: tuple[Term, ...], excluded: tuple[Who, ...]) -> Mistake | None:
    seen: set[Who] = set()
    for term in terms:
        if term.saying is Saying.UNCLEAR:
            return Mistake(
                Problem.UNCLEAR,
                _("What is the part of {name}? Write `{name}=20`, `{name} x2`, `{name} 30%` or `{name}+5`."),
                {"name": term.typed},
            )
        if term.who in seen:
            return Mistake(
                Problem.NAMED_TWICE,
                _("{name} is named twice. For a double part, write `{name} x2`."),
                {"name": term.typed},
            )
        if term.who in excluded:
            return Mistake(
                Problem.MIXED_SPLITS, _("{name} is named, and left out as well. Which is it?"), {"name": term.typed}
            )
        seen.add(term.who)
    return None


def _with_sender(terms: tuple[Term, ...], excluded: tuple[Who, ...]) -> tuple[Term, ...]:
    people = [term.who for term in terms]
    if not people:
        return (Term(Everybody(), "all"),)
    if Sender() in excluded or _is_among(Sender(), people):
        return terms
    return (*terms, Term(Sender(), "me"))


def _is_among(who: Who, people: list[Who]) -> bool:
    return who in people or Everybody() in people


def _left_out(people: list[Who], excluded: tuple[Who, ...]) -> tuple[Who, ...]:
    """Those left out, which only means something where everybody else is in."""
    return excluded if Everybody() in people else ()


def _by_parts(
    bill: BillWording, terms: tuple[Term, ...], excluded: tuple[Who, ...]
) -> tuple[BillWording, ...] | Mistake:
    people = [term.who for term in terms]
    left_out = _left_out(people, excluded)
    if all(term.number == 1 for term in terms):
        return (replace(bill, shares=EqualWording(tuple(people), left_out)),)
    if any(term.number > MOST_PARTS for term in terms) or not any(term.number for term in terms):
        return Mistake(Problem.MIXED_SPLITS, _("Parts are numbers up to 1000, and not all of them 0."), {})
    if bill.per_head and any((bill.amount.minor * term.number).denominator != 1 for term in terms):
        return Mistake(
            Problem.NOT_POSSIBLE, _("Such a part of what each pays is no whole number of the smallest coin."), {}
        )
    return (replace(bill, shares=WeightsWording(tuple((term.who, term.number) for term in terms), left_out)),)


def _adjusted(
    bill: BillWording, terms: tuple[Term, ...], excluded: tuple[Who, ...], habits: Habits
) -> tuple[BillWording, ...] | Mistake:
    found: list[tuple[Who, int]] = []
    for term in terms:
        minor = 0 if term.saying is Saying.NOTHING else minor_of(term.amount, bill.amount.currency, habits)
        if isinstance(minor, Mistake):
            return minor
        found.append((term.who, minor * int(term.number)))
    left_out = _left_out([who for who, _minor in found], excluded)
    return (replace(bill, shares=AdjustedWording(tuple(found), left_out)),)


def _exact(
    bill: BillWording, terms: tuple[Term, ...], excluded: tuple[Who, ...], habits: Habits
) -> tuple[BillWording, ...] | Mistake:
    given: list[tuple[Who, int | None]] = []
    for term in terms:
        minor = minor_of(term.amount, bill.amount.currency, habits) if term.saying is Saying.EXACT else None
        if isinstance(minor, Mistake):
            return minor
        if minor is not None and minor * bill.amount.minor < 0:
            return mistake(Problem.UNCLEAR, text=term.amount.strip())
        given.append((term.who, minor))
    people = [who for who, _minor in given]
    left_out = _left_out(people, excluded)
    with_sender = replace(bill, shares=ExactWording((*given, (Sender(), None)), left_out))
    is_out = Sender() in excluded or _is_among(Sender(), people)
    missing = bill.amount.minor - sum(minor for _who, minor in given if minor is not None)
    has_rest = any(minor is None for _who, minor in given)
    is_too_much = missing < 0 < bill.amount.minor or missing > 0 > bill.amount.minor
    if missing and (is_too_much or not has_rest):
        suggestion = None if is_too_much or is_out else with_sender
        return does_not_fit(Problem.SHARES_DO_NOT_FIT, Money(missing, bill.amount.currency), suggestion)
    if has_rest and not missing:
        return Mistake(Problem.SHARES_DO_NOT_FIT, _("Nothing is left for those who are to bear the rest."), {})
    split = replace(bill, shares=ExactWording(tuple(given), left_out))
    is_unsure = not is_out and any(term.saying is Saying.NOTHING for term in terms)
    return (with_sender, split) if is_unsure else (split,)


def _percent(
    bill: BillWording, terms: tuple[Term, ...], excluded: tuple[Who, ...]
) -> tuple[BillWording, ...] | Mistake:
    given = [(term.who, term.number if term.saying is Saying.PERCENT else None) for term in terms]
    people = [who for who, _percent in given]
    left_out = _left_out(people, excluded)
    with_sender = replace(bill, shares=PercentWording((*given, (Sender(), None)), left_out))
    is_out = Sender() in excluded or _is_among(Sender(), people)
    said = sum((percent for _who, percent in given if percent is not None), Fraction(0))
    has_rest = any(percent is None for _who, percent in given)
    if said > 100:
        values = {"said": percent_text(said), "missing": percent_text(said - 100)}
        return Mistake(Problem.PERCENTS_DO_NOT_FIT, _("That is {said} %, {missing} % too much."), values)
    if said < 100 and not has_rest:
        values = {"said": percent_text(said), "missing": percent_text(100 - said)}
        message = _("That is {said} %; who bears the other {missing} %?")
        return Mistake(Problem.PERCENTS_DO_NOT_FIT, message, values, suggestion=None if is_out else with_sender)
    if has_rest and said == 100:
        return Mistake(Problem.PERCENTS_DO_NOT_FIT, _("Nothing is left for those who are to bear the rest."), {})
    split = replace(bill, shares=PercentWording(tuple(given), left_out))
    is_unsure = not is_out and any(term.saying is Saying.NOTHING for term in terms)
    return (with_sender, split) if is_unsure else (split,)
