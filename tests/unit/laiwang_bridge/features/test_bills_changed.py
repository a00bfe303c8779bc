"""Bills that change: edited, void, undone, looked at; and what happens around them in their room."""

from __future__ import annotations

from typing import Any

import pytest_asyncio
from sqlalchemy import Connection

from appservice.effects import Join
from laiwang_bridge.people.store import find_person
from tests.unit.laiwang_bridge.features.table import Table, strangers
from tests.unit.laiwang_bridge.features.town import PAY_BOT, Person, Town

People = tuple[Person, Person, Person]


@pytest_asyncio.fixture
async def people(town: Town) -> People:
    ann, bo, cat = strangers(town, "ann", "bo", "cat")
    return ann, bo, cat


@pytest_asyncio.fixture
async def table(town: Town, people: People) -> Table:
    """Ann has paid a dinner of 120 for all three; she is no host."""
    table = await Table.of(town, *people)
    await table.say(people[0], "AA 120 dinner @bo @cat")
    return table


async def make_host(table: Table, person: Person) -> None:
    powers: dict[str, Any] = {"users": {person.user: 50}}
    await table.town.state(table.room, person.user, "m.room.power_levels", powers)


async def test_an_edit_of_the_message_is_a_correction(table: Table, people: People) -> None:
    ann, bo, _cat = people
    said = await table.edit(ann, table.last, "AA 130 lunch @bo")
    assert "Bill #1 is different now:\n- total €120.00 → €130.00\n- title dinner → lunch\n- shares" in said
    assert "lunch: €130.00 · #1" in table.card(1)
    assert await table.owed() == {"ann": 6500, "bo": -6500}
    await table.edit(ann, table.last, "AA 140 lunch @bo")
    assert await table.owed() == {"ann": 7000, "bo": -7000}
    assert await table.edit(bo, table.last, "AA 10 lunch @bo") == "", "only its writer edits a message"
    assert len(await table.bills()) == 1


async def test_an_edit_that_is_no_bill_leaves_it_as_it_was(table: Table, people: People) -> None:
    said = await table.edit(people[0], table.last, "never mind")
    assert "Bill #1 stays as it was." in said
    assert await table.owed() == {"ann": 8000, "bo": -4000, "cat": -4000}


async def test_an_edit_answers_a_question_anew(table: Table, people: People) -> None:
    ann = people[0]
    await table.say(ann, "!aa 1.234 rent @bo")
    asked = table.last
    await table.edit(ann, asked, "!aa 1234 EUR rent @bo")
    assert [bill.content.total.minor for bill in await table.bills()] == [12000, 123400]
    await table.edit(ann, asked, "!aa 1235 EUR rent @bo")
    assert [bill.content.total.minor for bill in await table.bills()] == [12000, 123500], "the same bill"


async def test_what_was_paid_for_a_bill_is_asked_about_before_it_changes(table: Table, people: People) -> None:
    ann, bo, _cat = people
    await table.say(bo, "!aa paid #1")
    await table.tap(ann, "· #1", "👍")
    assert "✅ Bo: €40.00 paid" in table.card(1)
    assert "▓▓▓▓▓░░░░░ 1/2 paid" in table.card(1)
    said = await table.edit(ann, table.last, "AA 90 dinner @bo @cat")
    said = await table.say(ann, "!aa edit 1 amount 90")
    assert said.startswith("€40.00 was paid for bill #1 already.")
    assert (await table.owed())["ann"] == 4000, "nothing has changed yet"
    await table.tap(ann, "was paid for bill #1", "✅")
    assert await table.owed() == {"ann": 2000, "bo": 1000, "cat": -3000}, "what is too much is a credit"
    await table.say(ann, "!aa edit 1 title Supper")
    assert "Supper" in table.card(1), "what changes no money is not asked about"


async def test_parts_of_a_bill_can_be_changed_one_by_one(table: Table, people: People) -> None:
    ann = people[0]
    await table.say(ann, "!aa edit 1 amount 90")
    assert await table.owed() == {"ann": 6000, "bo": -3000, "cat": -3000}
    await table.say(ann, "!aa edit #1 people @bo x2, @ann")
    assert await table.owed() == {"ann": 6000, "bo": -6000}
    await table.say(ann, "!记账 改 1 付款人 @bo")
    assert await table.owed() == {"ann": -3000, "bo": 3000}
    await table.say(ann, "!aa edit 1 date 2023-11-02")
    assert "Nov 2, 2023" in table.card(1)
    assert "Bill #1: category – → food." in await table.say(ann, "!aa category 1 food")
    assert await table.say(ann, "!aa category") == "- food: 1"
    assert "That changes nothing" in await table.say(ann, "!aa edit 1 amount 90")
    assert "too much" in await table.say(ann, "!aa edit 1 people @bo=10 @ann=100")
    assert await table.owed() == {"ann": -3000, "bo": 3000}


async def test_by_default_author_and_hosts_change_a_bill(table: Table, people: People) -> None:
    ann, bo, cat = people
    assert "Only whoever added bill #1" in await table.say(bo, "!aa edit 1 amount 9")
    assert "Only whoever added bill #1" in await table.say(bo, "!aa void 1")
    await make_host(table, cat)
    await table.say(cat, "!aa edit 1 amount 60")
    assert await table.owed() == {"ann": 4000, "bo": -2000, "cat": -2000}, "me is still who wrote it"
    await table.say(cat, "!aa edit 1 60 dinner @bo")
    assert await table.owed() == {"ann": 3000, "bo": -3000}
    await table.say(cat, "!aa settings change members")
    await table.say(bo, "!aa edit 1 amount 10")
    assert (await table.owed())["ann"] == 500
    await table.say(cat, "!aa settings add hosts")
    assert await table.say(ann, "!aa 5 tea @bo") == "Only hosts add bills in this room."
    history = await table.say(ann, "!aa history 1")
    assert "Cat: total €120.00 → €60.00" in history
    assert "Bo: total €60.00 → €10.00" in history


async def test_void_and_undo_lose_nothing(table: Table, people: People) -> None:
    ann, bo, _cat = people
    assert "#1 does not count any more" in await table.say(ann, "!aa void 1")
    assert "Void" in table.card(1)
    assert await table.owed() == {}
    assert "is void already" in await table.say(ann, "!aa delete 1")
    assert "Bring it back first" in await table.say(ann, "!aa edit 1 amount 9")
    await table.say(ann, "!aa undo")
    assert await table.owed() == {"ann": 8000, "bo": -4000, "cat": -4000}
    await table.say(ann, "!aa edit 1 amount 90")
    assert "Bill #1: total €90.00 → €120.00" in await table.say(ann, "!aa undo")
    assert "done nothing here" in await table.say(bo, "!aa undo")
    await table.say(bo, "!aa 10 tea @ann")
    await table.say(bo, "!aa undo")
    assert [bill.number for bill in await table.bills()] == [1]
    assert await table.owed() == {"ann": 8000, "bo": -4000, "cat": -4000}


async def test_an_undo_takes_a_payment_back(table: Table, people: People) -> None:
    ann, bo, _cat = people
    await table.say(bo, "!aa paid #1")
    await table.tap(ann, "· #1", "👍")
    assert (await table.owed())["ann"] == 4000
    assert "does not count any more" in await table.say(ann, "!aa undo")
    assert (await table.owed())["ann"] == 8000
    assert "0/2 paid" in table.card(1)


async def test_a_removed_message_makes_nothing_void_silently(table: Table, people: People) -> None:
    ann = people[0]
    await table.town.send(ann.user, table.room, "m.room.redaction", {"redacts": table.last})
    assert "The message of bill #1 (“dinner”, €120.00) was removed." in table.shows("was removed")
    assert (await table.owed())["ann"] == 8000
    await table.tap(people[1], "was removed", "🗑")
    assert (await table.owed())["ann"] == 8000, "who may not change it does not make it void either"
    await table.tap(ann, "was removed", "👌")
    assert "stays as it is" in table.shows("Bill #1 stays")
    await table.say(ann, "AA 30 tea @bo")
    await table.town.send(ann.user, table.room, "m.room.redaction", {"redacts": table.last})
    await table.tap(ann, "was removed", "🗑")
    assert (await table.owed())["ann"] == 8000
    assert [bill.number for bill in await table.bills()] == [1]


async def test_bills_are_listed_and_found(table: Table, people: People) -> None:
    ann = people[0]
    for number in range(11):
        await table.say(ann, f"!aa 10 tea{number} @bo")
    page = await table.say(ann, "!aa list")
    assert page.startswith("12 bills\n- #12 tea10: €10.00")
    assert "Page 1 of 2" in page
    assert "#1 dinner: €120.00" in await table.say(ann, "!aa list 2")
    assert await table.say(ann, "!aa search DIN") == "One bill\n- #1 dinner: €120.00 · Nov 14, 2023 · ⏳ 0/2 paid"
    assert "No bill here has" in await table.say(ann, "!aa search 100%")
    assert "dinner: €120.00 · #1" in await table.say(ann, "!aa show 1")
    await table.say(ann, "!aa edit 1 amount 60")
    assert "dinner: €60.00 · #1" in table.card(1), "from then on the new card is kept up to date"


async def test_a_bill_of_things_is_called_by_them_and_found_by_each(
    table: Table, people: tuple[Person, Person, Person]
) -> None:
    ann = people[0]
    await table.say(ann, "!aa pizza 12 @ann @bo; wine 20 @cat; tip 10%")
    assert "pizza, wine" in await table.say(ann, "!aa search wine")


async def test_a_room_chooses_how_it_counts(table: Table, people: People) -> None:
    ann = people[0]
    await make_host(table, ann)
    assert "`currency`: CNY" in await table.say(ann, "!aa settings currency cny")
    assert "`currency`: EUR" in await table.say(ann, "!aa settings currency €")
    assert "`currency`: GBP" in await table.say(ann, "!aa settings currency pounds")
    for said in ("money", "$", "cents"):
        assert "is no currency" in await table.say(ann, f"!aa settings currency {said}")
    assert "`货币`：CNY" in await table.say(ann, "!记账 设置 货币 人民币")
    await table.say(ann, "!aa 30 tea @bo")
    assert await table.owed("CNY") == {"ann": 1500, "bo": -1500}
    await table.say(ann, "!aa settings ask 20")
    assert (await table.say(ann, "!aa 30 tea @bo")).startswith("That is a lot")
    assert "“add” can be" in await table.say(ann, "!aa settings add everyone")
    assert "There is no setting" in await table.say(ann, "!aa settings colour red")
    assert "Only hosts" in await table.say(people[1], "!aa settings currency eur")


async def test_children_bear_half_and_couples_settle_as_one(table: Table, people: People) -> None:
    ann, bo, cat = people
    await table.say(ann, "!aa weight +Kim 1/2")
    await table.say(ann, "!aa 50 zoo @bo +Kim")
    assert await table.owed() == {"ann": 11000, "bo": -6000, "cat": -4000, "Kim": -1000}
    assert "no number of parts" in await table.say(ann, "!aa weight +Kim much")
    assert "Only hosts" in await table.say(bo, "!aa weight @bo 0"), "nobody excuses himself"
    assert "Only hosts" in await table.say(ann, "!aa together @cat @bo")
    assert "shall Cat and Bo settle as one?" in await table.say(bo, "!aa together @cat @bo")
    await table.tap(bo, "settle as one", "✅")
    assert "shall" in table.shows("settle as one"), "nobody says yes for another"
    await table.tap(cat, "settle as one", "✅")
    assert "Cat and Bo settle as one from now on" in table.shows("settle as one")
    await table.say(ann, "!aa 30 tea @bo @cat")
    assert "⏳ Bo: €20.00" in table.card(3)
    assert "settles alone" in await table.say(cat, "!aa apart @cat")


async def test_who_leaves_keeps_what_he_owes(table: Table, people: People) -> None:
    ann, _bo, cat = people
    await table.town.member(table.room, cat.user, "leave")
    await table.say(ann, "!aa edit 1 amount 90")
    assert await table.owed() == {"ann": 6000, "bo": -3000, "cat": -3000}
    await table.say(ann, "!aa 20 taxi")
    assert await table.owed() == {"ann": 7000, "bo": -4000, "cat": -3000}, "all are those who are here"
    await table.say(ann, "!aa 10 parcel @cat:town")
    assert (await table.owed())["cat"] == -3500, "who has been here can still be named"


async def test_who_wants_to_be_forgotten_goes_and_the_sums_stay(table: Table, people: People) -> None:
    bo = await table.town.arrive("bo")

    def export(connection: Connection) -> Any:
        person = find_person(connection, bo.user)
        assert person is not None
        return table.town.app.ties.exports["bills"](connection, person)

    await bo.say("language en")  # who is to be forgotten has to be known
    [room] = await table.town.database.read(export)
    assert (room["room"], room["balances"]) == (table.room, {"EUR": -4000})
    assert [(bill["title"], bill["share"], bill["paid"]) for bill in room["bills"]] == [("dinner", 4000, 0)]
    await bo.say("forget")
    await bo.say("yes")
    owed = await table.owed()
    assert owed.pop("ann") == 8000
    assert sorted(owed.values()) == [-4000, -4000]
    assert "bo" not in owed
    assert "Bo" not in table.card(1)
    assert bo.user not in str(await table.town.rows("pay_account"))


async def test_an_upgraded_room_takes_its_bills_along(town: Town, table: Table, people: People) -> None:
    ann = people[0]
    there = await table.upgrade(*people)
    assert "The bills of the old room go on here" in there.shows("old room")
    assert await there.owed() == {"ann": 8000, "bo": -4000, "cat": -4000}
    assert "⏳ Bo: €40.00" in there.card(1), "what is open is shown anew"
    await there.say(ann, "!aa edit 1 amount 90")
    assert "dinner: €90.00 · #1" in there.card(1)
    assert await there.owed() == {"ann": 6000, "bo": -3000, "cat": -3000}


async def test_cards_in_the_old_room_say_where_their_bills_went(town: Town, table: Table, people: People) -> None:
    ann, bo, _cat = people
    line = table.last
    there = await table.upgrade(*people)
    old = table.message("· #1")
    assert table.card(1) == f"dinner: €120.00 · #1 goes on in the new room (https://matrix.to/#/{there.room}?via=town)."
    said = [
        await table.tap(bo, "· #1", "✅"),
        await table.say(bo, "!aa paid #1"),
        await table.say(bo, "paid", reply_to=old),
        await table.say(ann, "AA 30 EUR tea @bo"),
        await table.say(ann, "!aa list"),
        await table.edit(ann, line, "AA 150 dinner @bo @cat"),
    ]
    assert [one.removeprefix("* ")[:44] for one in said] == ["The bills of this room go on in the new room"] * 6
    assert await there.owed() == {"ann": 8000, "bo": -4000, "cat": -4000}
    assert [bill.number for bill in await there.bills()] == [1]
    assert await town.count("pay_ledger") == 1
    await there.tap(bo, "· #1", "✅")
    assert "🕓 Bo" in there.card(1)
    town.restart()
    further = await there.upgrade(*people)
    assert "🕓 Bo" in further.card(1)
    assert f"go on in the new room (https://matrix.to/#/{further.room}" in await table.say(bo, "!aa paid #1")


async def test_into_a_private_room_the_bills_come_with_the_invitation_and_once(
    town: Town, table: Table, people: People
) -> None:
    town.homeserver.refused = lambda effect: "not invited" if isinstance(effect, Join) else None
    there = await table.upgrade(*people)
    assert await there.owed() == {}
    town.homeserver.refused = lambda _effect: None
    for _times in range(2):
        await town.member(there.room, PAY_BOT, "invite", by=people[0].user)
        assert await there.owed() == {"ann": 8000, "bo": -4000, "cat": -4000}
        await town.member(there.room, PAY_BOT, "leave", by=people[0].user)
    cards = [one for one in town.rooms[there.room].messages_of(PAY_BOT) if "· #1" in one["content"]["body"]]
    assert len(cards) == 1


async def test_where_nobody_may_speak_any_more_old_cards_stay_as_they_are(
    town: Town, table: Table, people: People
) -> None:
    there = await table.upgrade(*people, quiet=True)
    assert town.news(table.room) == ""
    assert "⏳ Bo" in there.card(1)


async def test_of_very_many_open_bills_an_upgraded_room_shows_a_list_once(
    town: Town, table: Table, people: People
) -> None:
    ann = people[0]
    for number in range(2, 24):
        await table.say(ann, f"AA {number} EUR tea @bo")
    await table.say(ann, "!aa void 2")
    there = await table.upgrade(*people)
    said = town.news(there.room)
    assert "22 bills are still to be paid:" in said
    assert "#23 tea: €11.50 of €23.00 open" in said
    assert "and 2 more" in said
    assert "#2 tea" not in said
    assert said.count("The bills of the old room") == 1
    assert "⏳ Bo" not in said, "no card of its own for each"
    assert "tea: €23.00 · #23" in await there.say(ann, "!aa show 23")
    await town.state(table.room, ann.user, "m.room.tombstone", {"replacement_room": there.room})
    assert "bills" not in town.news(there.room)


async def test_a_bill_of_a_thread_and_its_receipt_survive_an_upgrade(town: Town, people: People) -> None:
    ann = people[0]
    old = await Table.of(town, *people)
    root = await town.say(ann.user, old.room, "lunch")
    await old.say(ann, "AA 30 EUR lunch @bo", relation={"rel_type": "m.thread", "event_id": root})
    picture = {"msgtype": "m.image", "body": "receipt.jpg", "url": "mxc://town/1"}
    reply = {"m.relates_to": {"m.in_reply_to": {"event_id": old.message("· #1")}}}
    receipt = await town.send(ann.user, old.room, "m.room.message", picture | reply)
    there = await old.upgrade(*people)
    assert f"{old.room}/{receipt}" in there.card(1).replace("%21", "!").replace("%24", "$")
    [card] = [one for one in town.rooms[there.room].messages_of(PAY_BOT) if "· #1" in one["content"]["body"]]
    assert "m.relates_to" not in card["content"]


async def test_a_room_full_of_people_is_asked_first(town: Town, people: People) -> None:
    room = town.homeserver.room(people[0].user, *(town.stranger(f"guest{number}") for number in range(25)))
    table = Table(town, await town.bring_bot(room, PAY_BOT))
    assert "for all 26 people" in await table.say(people[0], "!aa 100 cake")
    await table.tap(people[0], "for all 26 people", "✅")
    assert len(await table.owed()) == 26


async def test_what_somebody_is_called_elsewhere_is_not_told_here(town: Town, people: People) -> None:
    ann, bo, cat = people
    elsewhere = town.homeserver.room(bo.user, cat.user)
    await town.bring_bot(elsewhere, PAY_BOT)
    nick = {"membership": "join", "displayname": "Night Owl"}
    await town.state(elsewhere.id, bo.user, "m.room.member", nick, state_key=bo.user)
    table = await Table.of(town, *people)
    await table.say(ann, "AA 120 dinner @bo")
    assert "Bo: €60.00" in table.card(1) or "bo: €60.00" in table.card(1)
    assert "Owl" not in table.card(1)


async def test_several_payers_of_a_bill_that_changes_are_asked_for(table: Table, people: People) -> None:
    ann = people[0]
    await table.say(ann, "!aa 90 trip @ann @bo @cat paid by @ann=30, @bo=60")
    assert "Several have paid this bill" in await table.say(ann, "!aa edit 2 amount 120")
    await table.say(ann, "!aa edit 2 120 paid by @ann=60, @bo=60")
    assert await table.owed() == {"ann": 8000 + 2000, "bo": -4000 + 2000, "cat": -8000}


async def test_a_room_says_how_its_numbers_are_read(table: Table, people: People) -> None:
    ann = people[0]
    await make_host(table, ann)
    assert "How is that number meant?" in await table.say(ann, "AA Miete 1.200 @bo")
    assert "`numbers`: 1.234,50" in await table.say(ann, "!aa settings numbers 1.234,50")
    assert "Miete: €1,200.00" in await table.say(ann, "AA Miete 1.200 @bo")
    assert "“numbers” can be: ask, 1.234,50" in await table.say(ann, "!aa settings numbers perhaps")
