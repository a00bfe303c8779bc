"""Red packets in a room, by the whole program without a homeserver."""

from __future__ import annotations

import re

from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import Connection

from laiwang_bridge.config_payments import Payments
from laiwang_bridge.payments.audit import Rule, audit
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.packets import accounts, drawing
from laiwang_bridge.payments.packets.tables import packet_part
from laiwang_bridge.people import store as people
from tests.unit.laiwang_bridge.features.town import BOT, DAY, HOUR, MINUTE, SECOND, Person, Town, open_town

SHA = re.compile(r"SHA-256 `([0-9a-f]{64})`")
SEED = re.compile(r"seed was `([0-9a-f]{64})`")
AMOUNT = re.compile(r"^(?:👑|🧧) (\w+): €([0-9.]+)", re.MULTILINE)


class Table:
    """Some people in a room with the bot."""

    def __init__(self, town: Town, room: RoomID, people: list[Person]) -> None:
        self.town = town
        self.room = room
        self.people = people

    async def say(self, person: Person, text: str, *, reply_to: EventID | None = None) -> str:
        """What the bot says in the room at that."""
        self.town.news(self.room)
        self.town.now += 5 * SECOND
        await self.town.say(person.user, self.room, text, reply_to=reply_to)
        return self.town.news(self.room)

    async def tap(self, person: Person | UserID, reaction: str = "🧧") -> EventID:
        user = person.user if isinstance(person, Person) else person
        self.town.now += 3 * SECOND
        return await self.town.react(user, self.room, self.card, reaction)

    @property
    def card(self) -> EventID:
        return [event for event, body in self.town.shown(self.room).items() if body.startswith("🧧")][-1]

    @property
    def shown(self) -> str:
        return self.town.shown(self.room)[self.card]

    @property
    def amounts(self) -> dict[str, int]:
        return {name: int(amount.replace(".", "")) for name, amount in AMOUNT.findall(self.shown)}

    async def owed(self) -> dict[str, int]:
        """What everybody has in the books of the room, in cents."""

        def work(connection: Connection) -> dict[str, int]:
            ledger = ledger_store.ledger_of(connection, self.room)
            if ledger is None:
                return {}
            names = {id: account.name for id, account in ledger_store.accounts(connection, ledger).items()}
            balances = ledger_store.balances(connection, ledger)
            return {names[id][1:].partition(":")[0].capitalize(): minor for (id, _currency), minor in balances.items()}

        return await self.town.database.read(work)


async def sit_down(town: Town, *names: str) -> Table:
    them = [await town.arrive(name) for name in names or ("lin", "may", "bo")]
    return Table(town, await town.gather(*them), them)


async def test_a_packet_is_put_in_and_whoever_taps_it_takes_a_part(town: Town) -> None:
    table = await sit_down(town)
    lin, may, bo = table.people
    said = await table.say(lin, "!aa packet 100 3 for you all")
    assert said.startswith("🧧 for you all\n€100.00 from Lin in 3 parts, by luck")
    assert "0 of 3 taken, €100.00 still in it" in said
    assert "🧧 take a part · !aa grab 1" in said
    assert town.buttons(table.room, table.card) == {"🧧", "↩️"}
    for person in (may, bo, lin):
        await table.tap(person)
    assert set(table.amounts) == {"May", "Bo", "Lin"}
    assert sum(table.amounts.values()) == 100_00
    assert table.shown.count("best luck") == 1
    assert "All 3 parts taken in 9 seconds" in table.shown
    assert town.buttons(table.room, table.card) == set()


async def test_what_is_taken_is_owed_by_the_sender_in_the_books_of_the_room(town: Town) -> None:
    table = await sit_down(town)
    lin, may, bo = table.people
    await table.say(lin, "!aa packet 100 3")
    for person in (may, bo, lin):
        await table.tap(person)
    taken = table.amounts
    assert await table.owed() == {
        "May": taken["May"],
        "Bo": taken["Bo"],
        "Lin": -taken["May"] - taken["Bo"],
    }


async def test_the_draw_was_settled_before_and_anybody_can_check_it(town: Town) -> None:
    table = await sit_down(town)
    lin, may, bo = table.people
    first = await table.say(lin, "!aa packet 100 3")
    sealed = SHA.findall(first)
    assert len(sealed) == 1
    assert "still open" in await table.say(may, "!aa check")
    for person in (may, bo, lin):
        await table.tap(person)
    assert SHA.findall(table.shown) == sealed
    seed = bytes.fromhex(SEED.findall(table.shown)[0])
    assert drawing.commitment(seed) == sealed[0]
    assert drawing.lucky_parts(seed, 100_00, 3) == tuple(table.amounts[name] for name in ("May", "Bo", "Lin"))
    checked = await table.say(bo, "!aa check")
    assert "✅ 3 parts were taken, as the draw gives them." in checked
    assert f"packet.py {seed.hex()} 10000 3" in checked


async def test_a_word_is_enough_and_a_reply_is_too(town: Town) -> None:
    table = await sit_down(town)
    lin, may, bo = table.people
    assert await table.say(may, "grab") == ""
    await table.say(lin, "!aa packet 100 3")
    await table.say(may, "GRAB")
    await table.say(bo, "take a part", reply_to=table.card)
    await table.say(lin, "抢")
    assert set(table.amounts) == {"May", "Bo", "Lin"}
    assert await table.say(may, "grab") == "You have had your part of “Best wishes”: €{:.2f}.".format(
        table.amounts["May"] / 100
    )


async def test_a_person_has_one_part_by_whatever_account(town: Town) -> None:
    table = await sit_down(town)
    lin, may, bo = table.people
    other = UserID("@may2:elsewhere")
    await town.member(table.room, other, "join")

    def same(connection: Connection) -> None:
        person = people.person_of(connection, may.user, town.now)
        connection.execute(people.matrix_id.insert().values(user_id=other, person=person, since=town.now))

    await table.say(lin, "!aa packet 100 3")
    await table.tap(may)
    await town.database.write(same)
    before = len(town.rooms[table.room].said)
    await table.tap(other)
    await table.tap(may)
    assert len(town.rooms[table.room].said) == before + 2  # the taps themselves, and nothing said
    assert "You have had your part" in await table.say(may, "grab")
    assert "1 of 3 taken" in table.shown
    await table.tap(bo)
    assert len(await town.rows("packet_part")) == 2


async def test_whoever_is_forgotten_leaves_his_part_and_cannot_have_a_second(town: Town) -> None:
    table = await sit_down(town)
    lin, may, _bo = table.people
    await table.say(lin, "!aa packet 100 3")
    await table.tap(may)
    part = table.amounts["May"]
    await may.say("forget")
    await may.say("yes")
    await town.wait(MINUTE)
    await table.tap(may)
    assert "1 of 3 taken" in table.shown
    assert [(row["user_id"], row["person"], row["amount"]) for row in await town.rows("packet_part")] == [
        (None, None, part)
    ]


async def test_whoever_is_forgotten_cannot_have_a_second_part_by_another_account_of_his(town: Town) -> None:
    table = await sit_down(town)
    lin, may, bo = table.people
    second, third = UserID("@may2:elsewhere"), UserID("@may3:elsewhere")
    await town.member(table.room, second, "join")
    await town.member(table.room, third, "join")

    def same(connection: Connection, user: UserID) -> None:
        person = people.person_of(connection, may.user, town.now)
        connection.execute(people.matrix_id.insert().values(user_id=user, person=person, since=town.now))

    await table.say(lin, "!aa packet 100 3")
    await town.database.write(lambda connection: same(connection, second))
    await table.tap(may)
    await may.say("forget")
    await may.say("yes")
    await table.tap(second)
    await table.say(may, "grab")
    assert "1 of 3 taken" in table.shown
    await town.database.write(lambda connection: same(connection, third))
    await table.tap(third)
    assert "1 of 3 taken" in table.shown, "nor by one that he has linked since"
    await table.tap(bo)
    assert "2 of 3 taken" in table.shown


async def test_a_sender_who_is_forgotten_has_his_packet_ended(town: Town) -> None:
    table = await sit_down(town)
    lin, may, bo = table.people
    await table.say(lin, "!aa packet 100 3")
    await table.tap(may)
    await lin.say("forget")
    await lin.say("yes")
    assert "went back to" in table.shown
    await table.tap(bo)
    assert "1 of 3 taken" in table.shown
    await town.wait(2 * DAY)
    assert "Lin" not in table.shown or "went back" in table.shown


async def test_after_a_day_the_rest_goes_back_once(town: Town) -> None:
    table = await sit_down(town)
    lin, may, bo = table.people
    await table.say(lin, "!aa packet 100 3")
    await table.tap(may)
    await town.wait(DAY - MINUTE)
    assert "still in it" in table.shown
    await town.wait(MINUTE)
    rest = 100_00 - table.amounts["May"]
    assert f"It is over: 1 of 3 taken, €{rest / 100:.2f} went back to Lin." in table.shown
    assert SEED.search(table.shown)
    [row] = await town.rows("packet")
    assert (row["state"], row["left"], row["returned"]) == ("expired", 0, rest)
    await table.tap(bo)
    await town.wait(MINUTE)
    assert "Too late for “Best wishes”, Bo: its 24 hours are over." in town.news(table.room)
    assert [row["returned"] for row in await town.rows("packet")] == [rest]
    assert await table.owed() == {"May": table.amounts["May"], "Lin": -table.amounts["May"]}


async def test_those_who_come_too_late_are_told_together_and_once(town: Town) -> None:
    table = await sit_down(town)
    lin, may, _bo = table.people
    await table.say(lin, "!aa packet 1 1 hop")
    await table.tap(may)
    town.news(table.room)
    late = [UserID(f"@guest{number:02}:town") for number in range(8)]
    for user in late:
        await town.member(table.room, user, "join")
    for user in (*late, late[0]):
        await town.react(user, table.room, table.card, "🧧")
    await town.wait(MINUTE)
    said = town.news(table.room)
    assert said == "Too late for “hop”, Guest00, Guest01, Guest02, Guest03, Guest04, and 3 others: all parts are taken."
    await table.tap(late[1])
    await town.wait(MINUTE)
    assert town.news(table.room) == ""


async def test_a_burst_of_taps_changes_the_card_seldom(town: Town) -> None:
    table = await sit_down(town)
    lin, _may, _bo = table.people
    await table.say(lin, "!aa packet 100 60")
    town.now += HOUR
    guests = [UserID(f"@guest{number:02}:town") for number in range(50)]
    for user in guests:
        town.homeserver.put_member(town.rooms[table.room], user, "join", sender=user)
    await town.settle()
    card, before = table.card, len(town.rooms[table.room].messages_of(BOT))
    for user in guests:
        relation = {"rel_type": "m.annotation", "event_id": card, "key": "🧧"}
        town.homeserver.push(table.room, user, "m.reaction", {"m.relates_to": relation})
    await town.settle()
    assert len(town.rooms[table.room].messages_of(BOT)) == before + 1
    assert "1 of 60 taken" in table.shown
    await town.wait(2 * SECOND)
    assert len(town.rooms[table.room].messages_of(BOT)) == before + 2
    assert "50 of 60 taken" in table.shown


async def test_it_can_be_taken_back_until_somebody_has_a_part(town: Town) -> None:
    table = await sit_down(town)
    lin, may, _bo = table.people
    await table.say(lin, "!aa packet 100 3")
    assert "Only whoever has sent it" in await table.say(may, "!aa takeback")
    await table.tap(may, "↩️")
    assert "still in it" in table.shown
    await table.tap(lin, "↩️")
    assert "Lin has taken it back." in table.shown
    assert "is over already" in await table.say(lin, "!aa takeback 1")
    await table.say(lin, "!aa packet 100 3")
    await table.tap(may)
    assert town.buttons(table.room, table.card) == {"🧧"}
    assert "Somebody has a part" in await table.say(lin, "!aa takeback")
    assert await table.owed() == {"May": table.amounts["May"], "Lin": -table.amounts["May"]}


async def test_a_message_that_is_removed_takes_its_packet_with_it_while_nobody_has_a_part(town: Town) -> None:
    table = await sit_down(town)
    lin, may, _bo = table.people
    first = await town.say(lin.user, table.room, "!aa packet 100 3")
    await town.send(lin.user, table.room, "m.room.redaction", {"redacts": first})
    assert "has taken it back" in table.shown
    second = await town.say(lin.user, table.room, "!aa packet 100 3")
    await table.tap(may)
    await town.send(lin.user, table.room, "m.room.redaction", {"redacts": second})
    assert "1 of 3 taken" in table.shown


async def test_a_packet_for_some_is_for_them_alone(town: Town) -> None:
    table = await sit_down(town)
    lin, may, bo = table.people
    said = await table.say(lin, "!aa packet 10 1 for @may only well done")
    assert "well done" in said
    assert "Only for May." in said
    await table.tap(bo)
    assert "0 of 1 taken" in table.shown
    assert "is for others" in await table.say(bo, "grab")
    await table.tap(may)
    assert table.amounts == {"May": 10_00}
    assert "more parts than people" in await table.say(lin, "!aa packet 10 3 for @may:town @bo")
    assert "who @zed is" in await table.say(lin, "!aa packet 10 1 for @zed")


async def test_fixed_parts_are_all_the_same(town: Town) -> None:
    table = await sit_down(town)
    lin, may, bo = table.people
    said = await table.say(lin, "!aa packet 2.50 each 2 fixed")
    assert "€5.00 from Lin, in 2 parts, all the same" in said
    assert "SHA-256" not in said
    await table.tap(may)
    await table.tap(bo)
    assert table.amounts == {"May": 2_50, "Bo": 2_50}
    assert "best luck" not in table.shown
    assert "`250 250`" in await table.say(may, "!aa check")


async def test_points_are_counted_and_owed_by_nobody(town: Town) -> None:
    table = await sit_down(town)
    lin, may, bo = table.people
    assert "Nobody has any points" in await table.say(lin, "!aa points")
    await table.say(lin, "!aa packet 9 points 2 fixed")
    await table.tap(may)
    await table.tap(bo)
    assert await table.say(lin, "!aa points") == "1. May: 5\n2. Bo: 4\n3. Lin: -9"
    assert await table.owed() == {}
    assert "Points are whole numbers" in await table.say(lin, "!aa packet 9.5 points 2")


async def test_the_moderators_of_a_room_decide_what_packets_there_may_be(town: Town) -> None:
    table = await sit_down(town)
    lin, may, _bo = table.people
    await town.state(table.room, lin.user, "m.room.power_levels", {"users": {lin.user: 100, BOT: 50}})
    assert "Only moderators" in await table.say(may, "!aa packets off")
    assert "of points" in await table.say(lin, "!aa packets points 50")
    assert "20 points from May" in await table.say(may, "!aa packet 20 2")
    assert "€20.00 from May" in await table.say(may, "!aa packet 20 eur 2")
    said = await table.say(may, "!aa packet €50.01 2 big one")
    assert said == '€50.00 is the most that a red packet here may hold.\n!aa packet 50.00 EUR 2 parts "big one"'
    assert "of points" in await table.say(may, "!aa packets")
    assert "There are no red packets" in await table.say(lin, "!aa packets off")
    assert "There are to be no red packets" in await table.say(may, "!aa packet 20 2")


async def test_what_is_missing_or_wrong_is_said_with_the_command_put_right(town: Town) -> None:
    table = await sit_down(town)
    lin = table.people[0]
    for typed, said in [
        ("", "How much is to be in it?\n!aa packet 100 10"),
        ("100", "In how many parts?\n!aa packet 100 10 parts"),
        ("100 0", "In how many parts?\n!aa packet 100 10 parts"),
        ("100 101", "100 parts are the most.\n!aa packet 100 100 parts"),
        ("0.05 10", "€0.05 is not enough for 10 parts: each has at least €0.01.\n!aa packet 0.05 5 parts"),
        ("20000 10", "€10,000.00 is the most that a red packet here may hold.\n!aa packet 10000.00 EUR 10 parts"),
    ]:
        assert await table.say(lin, f"!aa packet {typed}") == said
    unclear = "“1.234” is not clear: 1234.00 EUR? Please write it so:\n!aa packet 1234.00 EUR 5 parts"
    assert await table.say(lin, "!aa packet 1.234 5") == unclear
    assert "There is no such red packet" in await table.say(lin, "!aa grab 7")
    assert await town.rows("packet") == []


async def test_a_command_put_right_by_an_edit_makes_one_packet(town: Town) -> None:
    table = await sit_down(town)
    lin, may, _bo = table.people
    wrong = await town.say(lin.user, table.room, "!aa packet 100")
    new = {"msgtype": "m.text", "body": "!aa packet 100 2"}
    edit = {"rel_type": "m.replace", "event_id": wrong}
    await town.send(lin.user, table.room, "m.room.message", {**new, "m.new_content": new, "m.relates_to": edit})
    await table.tap(may)
    assert "1 of 2 taken" in table.shown


async def test_the_largest_amount_is_the_admins(sqlite_url: str) -> None:
    async with open_town(sqlite_url, payments=Payments(packet_most=5)) as town:
        table = await sit_down(town)
        lin = table.people[0]
        assert "€5.00 is the most" in await table.say(lin, "!aa packet 6 2")
        assert "5 points is the most" in await table.say(lin, "!aa packet 6 points 2")


async def test_of_another_currency_the_largest_amount_is_about_what_that_is_worth(sqlite_url: str) -> None:
    async with open_town(sqlite_url, payments=Payments(packet_most=40)) as town:
        table = await sit_down(town)
        lin = table.people[0]
        for too_much, most in (("4001 JPY", "JP¥4,000"), ("40001 KRW", "₩40,000"), ("20.001 KWD", "KWD 20.000")):
            said = (await table.say(lin, f"!aa packet {too_much} 2")).replace("\u00a0", " ")
            assert f"{most} is the most" in said
        assert "¥2,000" in await table.say(lin, "!aa packet 2000 JPY 2")


async def test_an_admin_who_counts_in_yen_means_yen(sqlite_url: str) -> None:
    async with open_town(sqlite_url, payments=Payments(currency="JPY", packet_most=10_000)) as town:
        table = await sit_down(town)
        lin = table.people[0]
        assert "¥10,000 is the most" in await table.say(lin, "!aa packet 10001 2")
        assert "€100.00 is the most" in await table.say(lin, "!aa packet 101 EUR 2")


async def test_a_room_chooses_less_and_never_more_than_the_admin(sqlite_url: str) -> None:
    async with open_town(sqlite_url, payments=Payments(packet_most=40)) as town:
        table = await sit_down(town)
        lin = table.people[0]
        await town.state(table.room, lin.user, "m.room.power_levels", {"users": {lin.user: 50}})
        assert "€40.00 at most" in await table.say(lin, "!aa packets on 50")
        assert "€30.00 at most" in await table.say(lin, "!aa packets on 30")
        assert "¥3,000 is the most" in await table.say(lin, "!aa packet 3001 JPY 2")
        assert "30 points at most" in await table.say(lin, "!aa packets points")


async def test_in_chinese_it_reads_as_it_should(town: Town) -> None:
    table = await sit_down(town)
    lin, may, bo = table.people
    assert "100.00 CNY和100.00 EUR" in await table.say(lin, "!记账 红包 100元 3个")
    said = await table.say(lin, "!记账 红包 100 CNY 3个")
    assert said.startswith("🧧 恭喜发财，大吉大利\nLin 的拼手气红包：¥100.00，共 3 个")
    assert "已领 0/3 个，还剩 ¥100.00" in said
    assert "🧧 抢红包 · !记账 抢 1" in said
    for person in (may, bo, lin):
        await table.tap(person)
    assert "手气最佳" in table.shown
    assert "个红包" in table.shown
    assert "与抽取结果一致" in await table.say(lin, "!记账 验红包")


async def test_in_chinese_the_word_and_two_numbers_are_enough(town: Town) -> None:
    table = await sit_down(town)
    lin = table.people[0]
    assert await table.say(lin, "红包来了！") == ""
    assert await table.say(lin, "红包 10个") == ""
    assert "🧧 新年快乐\nLin 的拼手气红包：¥66.00，共 6 个" in await table.say(lin, "红包 66 CNY 6个 新年快乐")
    assert "共 6 个" in await table.say(lin, "红包66积分6个")
    assert "¥5.00，共 2 个" in await table.say(lin, "AA 红包 5 CNY 2")
    assert "共 2 个" in await table.say(lin, "aa packet 5 CNY 2 fixed")


async def test_the_audit_of_the_books_looks_at_packets_too(town: Town) -> None:
    table = await sit_down(town)
    lin, may, _bo = table.people
    await table.say(lin, "!aa packet 10 2")
    await table.tap(may)
    assert (await town.database.read(audit)).faults == ()

    def spoil(connection: Connection) -> None:
        connection.execute(packet_part.update().values(amount=packet_part.c.amount + 1))

    await town.database.write(spoil)
    assert [fault.rule for fault in (await town.database.read(audit)).faults] == [Rule.PACKETS]


async def test_a_room_that_is_replaced_takes_its_open_packets_along(town: Town) -> None:
    table = await sit_down(town)
    lin, may, bo = table.people
    await table.say(lin, "!aa packet 10 points 2 fixed")
    await table.tap(may)
    new = town.homeserver.room(*(person.user for person in table.people), name="new").id
    town.rooms[new].state["m.room.create", ""] = {"room_version": "12", "predecessor": {"room_id": table.room}}
    await town.state(table.room, lin.user, "m.room.tombstone", {"replacement_room": new})
    there = Table(town, new, table.people)
    assert "1 of 2 taken" in there.shown
    await there.tap(bo)
    assert "All 2 parts taken" in there.shown
    assert "1. Bo: 5" in await there.say(lin, "!aa points")


async def test_what_is_kept_of_somebody_is_in_his_export(town: Town) -> None:
    table = await sit_down(town)
    lin, may, _bo = table.people
    await table.say(lin, "!aa packet 10 points 2 fixed hello")
    await table.tap(may)

    def work(connection: Connection) -> tuple[int, int]:
        ids = [people.find_person(connection, person.user) for person in (lin, may)]
        looks = [town.app.ties.exports["packets"](connection, id) for id in ids if id is not None]
        return looks[0]["sent"][0]["total"], looks[1]["taken"][0]["amount"]

    assert await town.database.read(work) == (10, 5)


async def test_everything_adds_up_after_a_life_with_restarts_and_repetitions(town: Town) -> None:
    town.twice = True
    table = await sit_down(town)
    lin, may, bo = table.people
    for number in range(6):
        await table.say(lin, f"!aa packet {10 + number} {2 + number % 3} round {number}")
        await table.tap(may)
        town.restart()
        if number % 2:
            await table.tap(bo)
        await town.wait(DAY if number % 3 == 0 else HOUR)
    await town.wait(2 * DAY)
    assert await town.database.read(accounts.unbalanced) == []
    rows = await town.rows("packet")
    taken = sum(row["amount"] for row in await town.rows("packet_part"))
    assert taken + sum(row["returned"] for row in rows) == sum(row["total"] for row in rows)
    assert (await table.owed())["Lin"] == -taken
