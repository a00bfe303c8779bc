"""What was found out, in a table and in words for admins; or as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson

from laiwang_bridge.simulation.graph import Town
from laiwang_bridge.simulation.spreading import Habits, Outcome
from laiwang_bridge.simulation.trials import Result

HALF, NINE_OF_TEN = 0.5, 0.9

_SHARES = (
    (0.95, "the whole server"),
    (0.75, "most of the server"),
    (0.58, "more than half the server"),
    (0.42, "half the server"),
    (0.29, "a third of the server"),
    (0.20, "a quarter of the server"),
)


def members(one: Outcome) -> float:
    return one.members


def shown(one: Outcome) -> float:
    return one.shown


def days(one: Outcome) -> float:
    return one.days


def lines(town: Town, habits: Habits, results: Sequence[Result]) -> list[str]:
    """For people to read."""
    return [
        f"{town.size:,} people with {town.mean_friends:.0f} friends each, {len(results[0].outcomes)} clusters of each "
        "reach. A toy: the people are made up, the rules are those of the bridge.",
        "",
        *_table(results),
        "Members, shown, days: half of the clusters / nine of ten have no more. R: whom a loud member brings in a day.",
        "",
        *(sentence for result in results for sentence in _sentences(town, result)),
        "",
        _threshold(town, habits),
    ]


def to_json(town: Town, habits: Habits, seed: int, results: Sequence[Result]) -> str:
    """An object with what was assumed, and what was found for each reach."""
    found = {
        "people": town.size,
        "mean_friends": round(town.mean_friends, 2),
        "chance": habits.chance,
        "loud": habits.loud,
        "hours": habits.hours,
        "seed": seed,
        "runs": len(results[0].outcomes),
        "reaches": [_object(result) for result in results],
    }
    return orjson.dumps(found, option=orjson.OPT_INDENT_2).decode()


def _object(result: Result) -> dict[str, Any]:
    def both(value: Callable[[Outcome], float]) -> dict[str, float]:
        return {
            "median": round(result.quantile(HALF, value), 2),
            "ninety_percent": round(result.quantile(NINE_OF_TEN, value), 2),
        }

    return {
        "reach": str(result.reach),
        "cap": result.cap,
        "members": both(members),
        "shown": both(shown),
        "days": both(days),
        "full": round(result.full, 4),
        "joins_per_loud_member_per_day": round(result.joins_per_loud_day, 3),
    }


def _table(results: Sequence[Result]) -> Iterator[str]:
    rows = [("REACH", "CAP", "MEMBERS", "SHOWN", "FULL", "R", "DAYS"), *map(_row, results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(result: Result) -> tuple[str, ...]:
    def both(value: Callable[[Outcome], float], digits: int = 0) -> str:
        return " / ".join(f"{result.quantile(share, value):,.{digits}f}" for share in (HALF, NINE_OF_TEN))

    return (
        str(result.reach),
        str(result.cap),
        both(members),
        both(shown),
        f"{result.full:.1%}",
        f"{result.joins_per_loud_day:.2f}",
        both(days, 1),
    )


def _sentences(town: Town, result: Result) -> Iterator[str]:
    half, most = (result.quantile(share, members) for share in (HALF, NINE_OF_TEN))
    audience = result.quantile(NINE_OF_TEN, shown)
    yield (
        f"{result.reach}: half of the clusters have at most {_people(half)} inside, nine of ten at most {most:,.0f}. "
        f"Nine of ten are shown to at most {_people(audience)}: {_share(audience / town.size)}."
    )
    full = sorted(one.shown for one in result.outcomes if one.hit_cap)
    if full:
        usual = full[len(full) // 2]
        yield (
            f"{' ' * len(str(result.reach))}  {len(full)} of {len(result.outcomes)} become full ({result.cap} people). "
            f"Such a one is shown to some {usual:,} people: {_share(usual / town.size)}."
        )


def _threshold(town: Town, habits: Habits) -> str:
    carried = town.mean_friends * habits.chance * habits.loud
    if carried < 0.8:
        meaning = "below 1: without a limit of hops, too, a cluster mostly dies out by itself"
    elif carried < 1.5:
        meaning = "near 1: now and then one goes on and on, and small changes make all the difference"
    else:
        meaning = "above 1: without a limit of hops, one that has begun well goes on until it is full"
    figures = f"{town.mean_friends:.0f} x {habits.chance:g} x {habits.loud:g} = {carried:.2f}"
    return f"Friends x chance x loud = {figures}, {meaning}."


def _people(count: float) -> str:
    return "1 person" if count == 1 else f"{count:,.0f} people"


def _share(share: float) -> str:
    for least, words in _SHARES:
        if share >= least:
            return words
    for whole in (100, 1000):
        if round(share * whole) >= 1:
            return f"{share * whole:.0f} in {whole:,} on the server"
    return "less than 1 in 1,000 on the server"
