"""Examples that others have worked out, said in a room in several wordings: every cent is where it belongs."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest
import pytest_asyncio

from tests.unit.laiwang_bridge.features.table import Table, Three, strangers
from tests.unit.laiwang_bridge.features.town import Town

THIRD = Fraction(1, 3)
NAMES = ("ann", "bo", "cat")


@pytest_asyncio.fixture
async def people(town: Town) -> Three:
    ann, bo, cat = strangers(town, *NAMES)
    return ann, bo, cat


@pytest_asyncio.fixture
async def table(town: Town, people: Three) -> Table:
    return await Table.of(town, *people)


@pytest.mark.parametrize(
    "lines",
    [
        ("24.36 for lunch, all of us €", "19.12€ for @ann only", "€22 @bo"),
        ("lunch 24,36 € everyone", "@ann owes me 19,12 €", "22 euros with @bo"),
        ("24.36欧 大家", "@ann 欠我 19.12欧", "22欧 和@bo"),
    ],
)
async def test_three_bills_that_come_to_nothing_for_one(table: Table, people: Three, lines: Sequence[str]) -> None:
    for person, line in zip((people[0], people[1], people[0]), lines, strict=True):
        await table.say(person, f"AA {line}")
    assert await table.owed() == {"ann": 812, "cat": -812}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("10 @ann x1 @bo x4", "10 @ann @bo x4"),
        ("€10 me @bo*4", "€10 @ann, me x4"),
        ("10 bier ich x1, @bo x4", "10 bier @ann 1 Anteil, ich 4 Anteile"),
        ("10欧 我1份 @bo 4份", "10欧 @ann 1份 我4份"),
    ],
)
async def test_one_part_and_four_parts(table: Table, people: Three, first: str, second: str) -> None:
    await table.say(people[0], f"AA {first}")
    await table.say(people[1], f"AA {second}")
    assert await table.owed() == {"ann": 600, "bo": -600}


@pytest.mark.parametrize(
    ("even", "parts", "percent"),
    [
        ("120 groceries @bo @cat", "600 rent: @ann x1, me x2, @cat x3", "200 gas @ann 50% @bo 30% me 20%"),
        ("40 each groceries all", "rent 600 @ann 100 me 200 @cat 300", "gas 200, @ann 100, @bo 60, rest me"),
        ("Einkauf 120,- alle", "Miete 600 @ann=100 @cat=300 Rest ich", "Benzin 200 50% @ann, 30% @bo, 20% ich"),
        (
            "courses 120 € tous",
            "loyer 600 @ann 1 part @bo 2 parts @cat 3 parts",
            "gaz 200 @ann 50% @bo 30% moi 20%",
        ),
        ("买菜一百二十欧 大家", "房租 600欧 @ann 1份 我2份 @cat 3份", "加油 200欧 @ann 50% @bo 30% 我20%"),
    ],
)
async def test_even_by_parts_and_by_percent(table: Table, people: Three, even: str, parts: str, percent: str) -> None:
    for person, line in zip(people, (even, parts, percent), strict=True):
        await table.say(person, f"AA {line}")
    assert await table.owed() == {"ann": -12000, "bo": 30000, "cat": -18000}


SHARES: tuple[tuple[str, dict[str, Fraction]], ...] = (
    ("95 hotel all €", dict.fromkeys(NAMES, 9500 * THIRD)),
    ("-95 hotel refund all", dict.fromkeys(NAMES, -9500 * THIRD)),
    ("hotel €95 between ann bo and me", dict.fromkeys(("ann", "bo"), Fraction(4750))),
    ("100 @bo x2 me", {"ann": 10000 * THIRD, "bo": 20000 * THIRD}),
    ("5 @bo #tea", {"ann": Fraction(250), "bo": Fraction(250)}),
    ("0.02 @bo @cat", dict.fromkeys(NAMES, 2 * THIRD)),
    ("10 €, me x1, @bo x1, @cat x2", {"ann": Fraction(250), "bo": Fraction(250), "cat": Fraction(500)}),
    ("30 @bo, @cat, +\"Cat's guest\"", dict.fromkeys(NAMES, Fraction(750))),
    ("zoo 84 @bo @cat, +kid x1/2", dict.fromkeys(NAMES, 8400 * Fraction(2, 7))),
    ("1.2k€ car without @cat", {"ann": Fraction(60000), "bo": Fraction(60000)}),
    ("103 JPY @bo @cat", dict.fromkeys(NAMES, 103 * THIRD)),
    ("3x12,50 € @bo", {"ann": Fraction(1875), "bo": Fraction(1875)}),
    (
        "shop; 156.65 tea me; 29.99 rice @bo; 19.98 milk @cat; tax 14.46",
        {
            name: price * (1 + Fraction(1446, 15665 + 2999 + 1998))
            for name, price in zip(NAMES, (15665, 2999, 1998), strict=True)
        },
    ),
    (
        "Diner\nsteak 32 @bo\nsalad 14 me\nwine 40 all\ntip 20%",
        {"bo": (3200 + 4000 * THIRD) * Fraction(6, 5), "ann": (1400 + 4000 * THIRD) * Fraction(6, 5),
         "cat": 4000 * THIRD * Fraction(6, 5)},
    ),
)  # fmt: skip


async def test_shares_are_those_of_fractions_within_a_cent(table: Table, people: Three) -> None:
    for line, shares in SHARES:
        count = len(await table.bills())
        before = {code: await table.owed(code) for code in ("EUR", "JPY")}
        await table.say(people[0], f"AA {line}")
        *earlier, bill = await table.bills()
        assert len(earlier) == count, line
        total = bill.content.total
        found = await table.owed(total.currency.code)
        for name in NAMES:
            paid = total.minor if name == "ann" else 0
            share = paid - found.get(name, 0) + before[total.currency.code].get(name, 0)
            assert abs(share - shares.get(name, Fraction(0))) < 1, (line, name)
        assert sum(found.values()) == 0


async def test_a_cent_too_much_is_told(table: Table, people: Three) -> None:
    for line in (
        "524.34 @ann=110.11 @bo=209.74 @cat=104.87 +Dee=89.14 +Eve=10.49",
        "524,34 € @ann 110,11 @bo 209,74 @cat 104,87 +Dee 89,14 +Eve 10,49",
    ):
        assert "€0.01" in await table.say(people[0], f"AA {line}")
    assert await table.bills() == []


@pytest.mark.parametrize(("total", "most", "count"), [("353.16", 8, 4), ("22.00", 12, 4), ("89.00", 13, 8)])
async def test_odd_cents_of_many_are_one_cent_at_most(
    table: Table, people: Three, total: str, most: int, count: int
) -> None:
    guests = " ".join(f"+guest{chr(97 + number)}" for number in range(most - 1))
    await table.say(people[0], f"AA {total} dinner with {guests}")
    owed = await table.owed()
    shares = [-minor for name, minor in owed.items() if name != "ann"]
    shares.append(int(total.replace(".", "")) - owed["ann"])
    assert len(shares) == most
    assert max(shares) - min(shares) == 1
    assert shares.count(max(shares)) == count
    assert sum(shares) == int(total.replace(".", ""))
