"""What cards carry for other programs. That the schema allows it is checked of every message in every town."""

from __future__ import annotations

from typing import Any

import orjson
from jsonschema import Draft202012Validator

from appservice.content import edit_in
from tests.support import card_schema
from tests.unit.laiwang_bridge.features.table import Table, strangers
from tests.unit.laiwang_bridge.features.town import BOT, PAY_BOT, Town

BILL, SETTLEMENT, PACKET = card_schema.NAMES


def fields(town: Town, table: Table, name: str) -> list[dict[str, Any]]:
    """What the messages of the room carried under this name, edits included."""
    said = (event["content"] for event in town.rooms[table.room].messages_of(PAY_BOT, BOT))
    found = (content for content in said if name in content)
    return [content[name] for content in found]


async def seated(town: Town) -> tuple[Table, Any, Any, Any]:
    ann, bo, cy = strangers(town, "ann", "bo", "cy")
    return await Table.of(town, ann, bo, cy), ann, bo, cy


async def test_a_bill_says_in_numbers_who_owes_whom_what(town: Town) -> None:
    table, ann, bo, _cy = await seated(town)
    await table.say(ann, "AA €100 dinner @bo @cy")
    (field,) = fields(town, table, BILL)
    assert field["bill"] == field["revision"] == 1
    assert field["total"] == {"minor": "10000", "currency": "EUR", "decimals": 2}
    assert [one["user_id"] for one in field["people"]] == ["@ann:town", "@bo:town", "@cy:town"]
    assert sum(int(one["share"]) for one in field["shares"]) == 100_00
    assert [one["state"] for one in field["shares"]] == ["nothing", "open", "open"]
    assert {(one["from"], one["to"]) for one in field["debts"]} == {(1, 0), (2, 0)}
    await table.tap(bo, "· #1", "✅")
    assert fields(town, table, BILL)[-1]["shares"][1]["state"] == "claimed"
    await table.say(ann, "!aa received #1 @bo")
    paid = fields(town, table, BILL)[-1]["shares"][1]
    assert paid["state"] == "paid"
    assert paid["returned"] == paid["owes"] == field["debts"][0]["minor"]


async def test_an_edit_of_a_card_carries_what_is_new_in_both_places(town: Town) -> None:
    table, ann, *_others = await seated(town)
    await table.say(ann, "AA €100 dinner @bo @cy")
    await table.edit(ann, table.last, "AA €90 dinner @bo @cy")
    said = (event["content"] for event in town.rooms[table.room].messages_of(PAY_BOT))
    content = [one for one in said if BILL in one][-1]
    edit = edit_in(content)
    assert edit is not None
    assert edit.content[BILL] == content[BILL]
    published = Draft202012Validator(orjson.loads(card_schema.SCHEMA.read_bytes()))
    published.validate(content)
    assert not published.is_valid({**content, "m.new_content": {**edit.content, BILL: {}}})
    assert (content[BILL]["total"]["minor"], content[BILL]["revision"]) == ("9000", 2)
    await table.say(ann, "!aa void 1")
    assert fields(town, table, BILL)[-1]["state"] == "void"


async def test_guests_are_named_and_yen_have_no_decimals(town: Town) -> None:
    table, ann, *_others = await seated(town)
    await table.say(ann, 'AA JPY 900 sushi +guest"Tom"')
    (field,) = fields(town, table, BILL)
    assert field["total"] == {"minor": "900", "currency": "JPY", "decimals": 0}
    assert {"name": "Tom"} in field["people"]


async def test_a_plan_names_its_payments_and_what_has_become_of_them(town: Town) -> None:
    table, ann, bo, _cy = await seated(town)
    await table.say(ann, "AA €90 dinner @bo @cy")
    await table.say(bo, "!aa settle")
    (plan,) = fields(town, table, SETTLEMENT)
    assert (plan["state"], plan["mode"]) == ("open", "minimal")
    first = plan["payments"][0]
    assert first["amount"] == {"minor": "3000", "currency": "EUR", "decimals": 2}
    payer = plan["people"][first["from"]]["user_id"]
    assert plan["people"][first["to"]] == {"user_id": "@ann:town"}
    assert payer != "@ann:town"
    await table.say(ann, f"!aa settled {first['number']}")
    assert fields(town, table, SETTLEMENT)[-1]["payments"][0]["state"] == "confirmed"
    await table.say(ann, "AA €10 taxi @bo")
    assert fields(town, table, SETTLEMENT)[-1]["state"] == "outdated"


async def test_a_packet_keeps_its_seed_until_it_is_over(town: Town) -> None:
    table, ann, bo, cy = await seated(town)
    await table.say(ann, "!aa packet €10 2 luck")
    (open_one,) = fields(town, table, PACKET)
    assert "seed" not in open_one
    assert (open_one["state"], open_one["taken"], open_one["left"]) == ("open", [], "1000")
    for person in (bo, cy):
        await table.tap(person, "🧧", "🧧")
    over = fields(town, table, PACKET)[-1]
    assert over["commitment"] == open_one["commitment"]
    assert over["state"] == "empty"
    assert len(over["seed"]) == 64
    assert [one["user_id"] for one in over["taken"]] == ["@bo:town", "@cy:town"]
    assert sum(int(one["minor"]) for one in over["taken"]) == 10_00


async def test_what_does_not_fit_into_an_event_is_left_to_the_text(town: Town) -> None:
    names = [f"{'very' * 20}long{number}" for number in range(70)]
    people = strangers(town, *names)
    table = await Table.of(town, *people)
    await table.say(people[0], "AA €700 party all")
    await table.say(people[0], "!aa choose 1 1")
    (field,) = fields(town, table, BILL)
    assert field["complete"] is False
    assert field["total"]["minor"] == "70000"
    assert "shares" not in field


async def test_the_schema_notices_a_card_that_is_wrong(town: Town) -> None:
    table, ann, *_others = await seated(town)
    await table.say(ann, "AA €100 dinner @bo @cy")
    (field,) = fields(town, table, BILL)
    for wrong in ({"total": {**field["total"], "minor": 10000}}, {"sum": "1"}, {"state": "paid"}):
        assert not card_schema.validator().is_valid({BILL: {**field, **wrong}})
