"""Who was there? A poll, or raised hands, and then a bill among those."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio
from mautrix.types import EventID

from tests.unit.laiwang_bridge.features.table import Table, Three
from tests.unit.laiwang_bridge.features.town import PAY_BOT, Person, Town

UNSTABLE, STABLE = "org.matrix.msc3381.poll.response", "m.poll.response"


@pytest_asyncio.fixture
async def table(town: Town, people: Three) -> Table:
    table = await Table.of(town, *people)
    await table.say(people[0], "!aa poll who was at dinner? 120")
    return table


def poll_of(table: Table) -> EventID:
    said = table.town.rooms[table.room].said
    return next(id for id, event in said.items() if event["type"] == "org.matrix.msc3381.poll.start")


async def vote(table: Table, who: Person, choice: str, type: str = UNSTABLE) -> EventID:
    answers: dict[str, Any] = {UNSTABLE: {"answers": [choice]}} if type == UNSTABLE else {"m.selections": [choice]}
    relation = {"rel_type": "m.reference", "event_id": poll_of(table)}
    return await table.town.send(who.user, table.room, type, {"m.relates_to": relation, **answers})


def ended(table: Table) -> bool:
    said = table.town.rooms[table.room].said.values()
    return any((event["type"], event["sender"]) == ("org.matrix.msc3381.poll.end", PAY_BOT) for event in said)


async def test_votes_become_a_bill_among_those_who_were_there(table: Table, people: Three) -> None:
    ann, bo, cat = people
    await vote(table, ann, "in")
    await vote(table, bo, "in", STABLE)
    await vote(table, cat, "out")
    assert "2 were there: Ann and Bo" in table.shows("dinner: €120.00")
    card = await table.say(ann, "!aa close")
    assert "· #1" in card
    assert await table.owed() == {"ann": 6000, "bo": -6000}
    assert "split among them as bill #1" in table.shows("2 were there")
    assert ended(table)


async def test_a_raised_hand_is_a_vote_where_there_are_no_polls(table: Table, people: Three) -> None:
    ann, bo, cat = people
    for one in (ann, bo):
        await table.tap(one, "Tap ✋", "✋")
    hand = await table.town.react(cat.user, table.room, table.message("Tap ✋"), "✋")
    await table.town.send(cat.user, table.room, "m.room.redaction", {"redacts": hand})
    await table.tap(ann, "Tap ✋", "🏁")
    assert await table.owed() == {"ann": 6000, "bo": -6000}


async def test_the_last_word_of_each_counts(table: Table, people: Three) -> None:
    ann, bo, _cat = people
    await vote(table, bo, "in")
    await vote(table, bo, "out")
    assert "Nobody has said so yet" in table.shows("dinner: €120.00")
    again = await vote(table, bo, "in")
    await table.town.send(bo.user, table.room, "m.room.redaction", {"redacts": again})
    assert "Nobody has said so yet" in table.shows("dinner: €120.00")
    assert "Nobody has said yet" in await table.say(ann, "!aa close")


async def test_who_asked_but_was_not_there_gets_all_of_it_back(table: Table, people: Three) -> None:
    ann, bo, cat = people
    await vote(table, bo, "in")
    await vote(table, cat, "in")
    await table.say(ann, "!aa close")
    assert await table.owed() == {"ann": 12000, "bo": -6000, "cat": -6000}


async def test_only_who_asked_or_a_host_closes_it(table: Table, people: Three) -> None:
    _ann, bo, _cat = people
    await vote(table, bo, "in")
    assert "Only whoever asked" in await table.say(bo, "!aa close")
    relation = {"m.relates_to": {"rel_type": "m.reference", "event_id": poll_of(table)}}
    await table.town.send(bo.user, table.room, "org.matrix.msc3381.poll.end", relation)
    assert not ended(table)
    await table.town.send(people[0].user, table.room, "m.poll.end", relation)
    assert await table.owed() == {"ann": 12000, "bo": -12000}


async def test_a_closed_poll_hears_no_more_votes_and_makes_one_bill(table: Table, people: Three) -> None:
    ann, bo, cat = people
    await vote(table, bo, "in")
    await table.say(ann, "!aa close")
    await vote(table, cat, "in")
    assert "no open poll" in await table.say(ann, "!aa close")
    assert "closed" in await table.say(ann, "!aa close 1")
    assert len(await table.bills()) == 1
    assert (await table.owed())["bo"] == -12000


async def test_who_is_not_in_the_room_has_no_vote(table: Table, people: Three) -> None:
    ann, bo, cat = people
    await vote(table, bo, "in")
    await vote(table, cat, "in")
    await table.town.member(table.room, cat.user, "leave")
    await table.say(ann, "!aa close")
    assert await table.owed() == {"ann": 12000, "bo": -12000}


async def test_a_host_may_close_it_when_whoever_asked_has_left(table: Table, people: Three) -> None:
    ann, bo, cat = people
    await vote(table, bo, "in")
    await vote(table, cat, "in")
    await table.town.state(table.room, ann.user, "m.room.power_levels", {"users": {cat.user: 50}})
    await table.town.member(table.room, ann.user, "leave")
    relation = {"m.relates_to": {"rel_type": "m.reference", "event_id": poll_of(table)}}
    await table.town.send(cat.user, table.room, "m.poll.end", relation)
    assert await table.owed() == {"ann": 12000, "bo": -6000, "cat": -6000}


@pytest.mark.parametrize(
    ("line", "title", "total"),
    [
        ("!aa poll 60 EUR lunch", "lunch: €60.00", 6000),
        ("!aa poll Who came to the cinema? 12.50", "the cinema: €12.50", 1250),
        ("!aa 投票 谁去吃火锅了？ 300", "吃火锅：€300.00", 30000),
    ],
)
async def test_the_amount_may_stand_before_or_behind(
    town: Town, people: Three, line: str, title: str, total: int
) -> None:
    table = await Table.of(town, *people)
    await table.say(people[0], line)
    assert title in table.shows("✋")
    await table.tap(people[1], "✋", "✋")
    await table.say(people[0], "!aa close")
    assert await table.owed() == {"ann": total, "bo": -total}


async def test_a_poll_without_an_amount_is_asked_for_one(table: Table, people: Three) -> None:
    assert "!aa poll who was at lunch? 120" in await table.say(people[0], "!aa poll who was at lunch?")


async def test_whoever_is_forgotten_is_not_in_polls_any_more(table: Table, people: Three) -> None:
    _ann, bo, _cat = people
    await vote(table, bo, "in")
    bo = await table.town.arrive("bo")
    await bo.say("friends")
    await bo.say("forget")
    await bo.say("yes")
    assert await table.town.count("pay_poll_vote") == 0
