"""What we know of a room: members, power in old and new room versions, direct chats, and where a room has gone."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest
from mautrix.types import RoomID, UserID
from sqlalchemy import select

from appservice import inbox, outbox
from appservice.database import Database
from appservice.effects import Effect, EffectCodec, Join, Leave, ReadState
from appservice.outbox import Result
from appservice.rooms import Rooms
from appservice.routes import Routes
from appservice.unit import Unit
from tests.support.road import Clock, Desk, note, notes, open_desk, open_road, state_event, transaction
from tests.support.waiting import eventually

BOT, BOB = UserID("@laiwang:localhost"), UserID("@_laiwang_bob:localhost")
LIN, WEI = UserID("@lin:localhost"), UserID("@wei:b.example:8448")
ROOM, OLD, NEW = RoomID("!room"), RoomID("!old:localhost"), RoomID("!new")


def is_ours(user: UserID) -> bool:
    return user in (BOT, BOB)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_road(database_url) as opened:
        yield opened


class Place:
    """Rooms that are told of events as a homeserver tells of them, and effects answered as it answers them."""

    def __init__(self, database: Database, desk: Desk, rooms: Rooms, clock: Clock) -> None:
        self.database = database
        self.desk = desk
        self.rooms = rooms
        self.clock = clock

    async def happens(self, *events: Mapping[str, Any]) -> None:
        await self.desk.inbox.accept(transaction(*events))
        await eventually(self.desk.settled)

    async def ask(self, question: Any, *arguments: Any) -> Any:
        return await self.database.read(lambda connection: question(connection, *arguments))

    async def wanted(self) -> list[Effect]:
        """The effects that wait to be done."""
        table = outbox.outbox.c
        statement = select(table.kind, table.payload).where(table.state == 0).order_by(table.seq)
        rows = await self.database.read(lambda connection: connection.execute(statement).all())
        return [EffectCodec.decode(kind, payload) for kind, payload in rows]

    async def answer(self, room: RoomID, state: Sequence[Mapping[str, Any]] = ()) -> None:
        """The homeserver does the first effect that waits for this room."""
        [first, *_] = await self.database.read(lambda connection: outbox.first(connection, room, 1))
        result = Result(room_id=room, state=state)
        for lane in await self.database.write(lambda connection: outbox.record(connection, first, result, 1)):
            self.desk.dispatcher.wake(lane)
        await eventually(self.desk.settled)

    async def refuse(self, room: RoomID) -> None:
        [first, *_] = await self.database.read(lambda connection: outbox.first(connection, room, 1))
        for lane in await self.database.write(lambda c: outbox.bury(c, first, "M_FORBIDDEN", "no", 1)):
            self.desk.dispatcher.wake(lane)
        await eventually(self.desk.settled)


@pytest.fixture
async def place(database: Database) -> AsyncIterator[Place]:
    rooms, routes = Rooms(is_ours), Routes()
    rooms.add_to(routes)

    def moved(unit: Unit, old: RoomID, new: RoomID) -> None:
        note(unit, f"{old} became {new}")

    def invited(unit: Unit, event: Any) -> None:
        if event.state_key == BOT and event.membership == "invite":
            rooms.enter(unit, event.room_id, BOT, event.sender, is_direct=bool(event.content.get("is_direct")))

    rooms.on_replaced(moved)
    routes.on_event("m.room.member", invited)
    clock = Clock()
    async with open_desk(database, routes, clock) as desk:
        yield Place(database, desk, rooms, clock)


def created(room: str = ROOM, by: UserID = LIN, **content: Any) -> dict[str, Any]:
    return state_event("m.room.create", content, room, sender=by)


def member(user: UserID, membership: str = "join", room: str = ROOM, **content: Any) -> dict[str, Any]:
    return state_event("m.room.member", {"membership": membership, **content}, room, state_key=user, sender=user)


def power(room: str = ROOM, **content: Any) -> dict[str, Any]:
    return state_event("m.room.power_levels", content, room)


def tombstone(replacement: object, room: str = OLD, by: UserID = LIN, **more: Any) -> dict[str, Any]:
    return state_event("m.room.tombstone", {"replacement_room": replacement}, room, sender=by, **more)


class TestMembers:
    async def test_who_is_in_the_room_follows_what_happens(self, place: Place) -> None:
        await place.happens(created(), member(LIN), member(WEI, "invite"), member(BOB))
        assert await place.ask(place.rooms.members, ROOM) == {LIN, BOB}
        assert await place.ask(place.rooms.membership, ROOM, WEI) == "invite"
        await place.happens(member(WEI), member(BOB, "leave"))
        assert await place.ask(place.rooms.members, ROOM) == {LIN, WEI}
        assert await place.ask(place.rooms.membership, ROOM, UserID("@nobody:localhost")) == "leave"

    async def test_names_are_those_of_the_room_else_of_any(self, place: Place) -> None:
        await place.happens(member(LIN, displayname="林"), member(LIN, room="!other", displayname="Lin"), member(WEI))
        assert await place.ask(place.rooms.display_name, LIN, ROOM) == "林"
        assert await place.ask(place.rooms.display_name, LIN, RoomID("!third")) in ("林", "Lin")
        assert await place.ask(place.rooms.display_name, WEI, ROOM) is None

    async def test_a_room_is_called_what_its_name_says_as_long_as_it_has_one(self, place: Place) -> None:
        assert await place.ask(place.rooms.name, ROOM) is None
        await place.happens(state_event("m.room.name", {"name": "Trip"}, room=ROOM))
        assert await place.ask(place.rooms.name, ROOM) == "Trip"
        await place.happens(state_event("m.room.name", {}, room=ROOM))
        assert await place.ask(place.rooms.name, ROOM) is None

    async def test_a_name_that_no_database_takes_harms_nobody(self, place: Place) -> None:
        await place.happens(member(LIN, displayname="a\0b"), member(WEI, displayname=7))
        assert await place.ask(place.rooms.display_name, LIN, ROOM) == "a\ufffdb"
        assert await place.ask(place.rooms.members, ROOM) == {LIN, WEI}

    async def test_a_room_that_we_enter_later_is_read_whole(self, place: Place) -> None:
        await place.happens({**member(BOT, "invite", is_direct=False), "sender": LIN})
        assert await place.wanted() == [Join(sender=BOT, room=ROOM, via=("localhost",))]
        await place.answer(ROOM)
        assert await place.wanted() == [ReadState(sender=BOT, room=ROOM)]
        nonsense = {"type": "m.room.member", "content": "nonsense"}
        state = [created(room_version="11"), member(LIN), member(BOT), nonsense, power(users={LIN: 100, BOT: 50})]
        await place.answer(ROOM, [{k: v for k, v in one.items() if k != "room_id"} for one in state])
        assert await place.ask(place.rooms.members, ROOM) == {LIN, BOT}
        assert await place.ask(place.rooms.power_of, ROOM, BOT) == 50

    async def test_what_was_believed_before_reading_it_is_forgotten(self, place: Place) -> None:
        await place.happens(member(WEI), {**member(BOT, "invite"), "sender": LIN})
        await place.answer(ROOM)
        await place.answer(ROOM, [created(), member(LIN), member(BOT)])
        assert await place.ask(place.rooms.members, ROOM) == {LIN, BOT}


class TestPower:
    async def test_in_version_11_the_levels_say_it_all(self, place: Place) -> None:
        await place.happens(created(room_version="11"), power(users={WEI: 50}, users_default=5, invite=25))
        assert await place.ask(place.rooms.power_of, ROOM, LIN) == 5
        assert await place.ask(place.rooms.power_of, ROOM, WEI) == 50
        assert await place.ask(place.rooms.required_power, ROOM, "invite") == 25
        assert await place.ask(place.rooms.required_power, ROOM, "kick") == 50

    async def test_in_version_12_creators_stand_above_them(self, place: Place) -> None:
        await place.happens(created(room_version="12", additional_creators=[WEI]), power(users={BOT: 100}))
        assert await place.ask(place.rooms.power_of, ROOM, LIN) == math.inf
        assert await place.ask(place.rooms.power_of, ROOM, WEI) == math.inf
        assert await place.ask(place.rooms.power_of, ROOM, BOT) == 100

    async def test_before_there_are_levels_only_the_creator_has_power(self, place: Place) -> None:
        await place.happens(created(room_version="11"))
        assert await place.ask(place.rooms.power_of, ROOM, LIN) == 100
        assert await place.ask(place.rooms.power_of, ROOM, WEI) == 0

    async def test_of_a_room_that_we_do_not_know_nobody_has_any(self, place: Place) -> None:
        assert await place.ask(place.rooms.power_of, ROOM, LIN) == 0
        assert await place.ask(place.rooms.required_power, ROOM, "ban") == 50

    async def test_only_the_state_with_the_empty_key_counts(self, place: Place) -> None:
        await place.happens(created(room_version="11"), power(users={LIN: 100}))
        await place.happens({**power(users={WEI: 100}), "state_key": "x"})
        await place.happens({**created(by=WEI, room_version="12"), "state_key": "x"})
        assert await place.ask(place.rooms.power_of, ROOM, WEI) == 0
        assert await place.ask(place.rooms.power_of, ROOM, LIN) == 100


class TestDirectChats:
    async def enter(self, place: Place, room: str, *others: UserID, is_direct: bool = True) -> None:
        await place.happens({**member(BOT, "invite", room, is_direct=is_direct), "sender": LIN})
        await place.answer(RoomID(room))
        await place.answer(RoomID(room), [created(room), *(member(one, room=room) for one in (BOT, LIN, *others))])

    async def test_a_chat_to_which_we_were_invited_as_such(self, place: Place) -> None:
        await self.enter(place, "!direct")
        assert await place.ask(place.rooms.is_direct, RoomID("!direct"), BOT)
        assert await place.ask(place.rooms.direct_room, BOT, LIN) == "!direct"
        assert await place.ask(place.rooms.direct_room, BOT, WEI) is None

    async def test_a_room_of_two_is_one_even_if_nobody_said_so(self, place: Place) -> None:
        await self.enter(place, "!two", is_direct=False)
        assert await place.ask(place.rooms.is_direct, RoomID("!two"), BOT)
        assert await place.ask(place.rooms.direct_room, BOT, LIN) is None, "but nothing is sent there unasked"

    async def test_a_room_for_several_is_none_when_one_is_left_of_them(self, place: Place) -> None:
        await self.enter(place, "!three", WEI, is_direct=False)
        await place.happens(member(WEI, "leave", room="!three"))
        assert not await place.ask(place.rooms.is_direct, RoomID("!three"), BOT), "they may come back and read it"

    async def test_nor_is_one_to_which_others_are_invited_or_from_which_they_went_before(self, place: Place) -> None:
        await self.enter(place, "!invited", is_direct=False)
        await place.happens(member(WEI, "invite", room="!invited"))
        assert not await place.ask(place.rooms.is_direct, RoomID("!invited"), BOT)
        await place.happens({**member(BOT, "invite", "!left", is_direct=False), "sender": LIN})
        await place.answer(RoomID("!left"))
        state = [member(WEI, "leave", "!left"), created("!left"), member(BOT, room="!left"), member(LIN, room="!left")]
        await place.answer(RoomID("!left"), state)
        assert not await place.ask(place.rooms.is_direct, RoomID("!left"), BOT)

    async def test_with_a_third_person_it_is_none_any_more(self, place: Place) -> None:
        await self.enter(place, "!direct")
        await place.happens(member(WEI, room="!direct"))
        assert not await place.ask(place.rooms.is_direct, RoomID("!direct"), BOT)
        assert await place.ask(place.rooms.direct_room, BOT, LIN) is None

    async def test_an_encrypted_or_replaced_or_left_one_is_not_used(self, place: Place) -> None:
        endings = (
            state_event("m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"}, "!direct"),
            tombstone(NEW, "!direct"),
            member(LIN, "leave", "!direct"),
            member(BOT, "leave", "!direct"),
        )
        for number, ending in enumerate(endings):
            room = f"!direct-{number}"
            await self.enter(place, room)
            assert await place.ask(place.rooms.direct_room, BOT, LIN) == room
            await place.happens({**ending, "room_id": room})
            assert await place.ask(place.rooms.direct_room, BOT, LIN) is None

    async def test_of_several_the_one_where_they_are_and_the_newest(self, place: Place) -> None:
        for room in ("!first", "!second"):
            await self.enter(place, room)
            place.clock.turn(1)
        assert await place.ask(place.rooms.direct_room, BOT, LIN) == "!second"
        await place.happens(member(LIN, "invite", "!second"))
        assert await place.ask(place.rooms.direct_room, BOT, LIN) == "!first"

    async def test_encryption_is_known(self, place: Place) -> None:
        assert not await place.ask(place.rooms.is_encrypted, ROOM)
        await place.happens(state_event("m.room.encryption", {}, ROOM))
        assert await place.ask(place.rooms.is_encrypted, ROOM)


class TestTombstones:
    def successor(self, by: UserID = LIN, predecessor: object = OLD, **levels: Any) -> list[dict[str, Any]]:
        content = {"room_version": "11", "predecessor": {"room_id": predecessor, "event_id": "$tombstone"}}
        levels = levels or {"users": {by: 100}}
        return [created(NEW, by, **content), power(NEW, **levels), member(by, room=NEW), member(BOT, room=NEW)]

    async def settle_in(self, place: Place, *ours: UserID) -> None:
        await place.happens(created(OLD), member(LIN, room=OLD), *(member(one, room=OLD) for one in ours))

    async def test_we_follow_into_a_room_that_calls_the_old_one_its_predecessor(self, place: Place) -> None:
        await self.settle_in(place, BOT)
        await place.happens(tombstone(NEW))
        assert await place.wanted() == [Join(sender=BOT, room=NEW, via=("localhost",))]
        await place.answer(NEW)
        assert await place.wanted() == [ReadState(sender=BOT, room=NEW)]
        await place.answer(NEW, self.successor())
        assert await place.wanted() == []
        assert await notes(place.database) == [f"{OLD} became {NEW}"]
        assert await place.ask(place.rooms.members, NEW) == {LIN, BOT}

    async def test_the_others_of_us_come_after_one_has_looked(self, place: Place) -> None:
        await self.settle_in(place, BOT, BOB)
        await place.happens(tombstone(NEW))
        [first] = await place.wanted()
        assert isinstance(first, Join)
        await place.answer(NEW)
        await place.answer(NEW, self.successor())
        [second] = await place.wanted()
        assert isinstance(second, Join)
        assert {first.sender, second.sender} == {BOT, BOB}
        assert await notes(place.database) == [f"{OLD} became {NEW}"], "and it is told once"

    async def test_a_room_that_knows_nothing_of_the_old_one_is_left_again(self, place: Place) -> None:
        for predecessor in ("!another", None, 7):
            await self.settle_in(place, BOT)
            await place.happens(tombstone(NEW))
            await place.answer(NEW)
            await place.answer(NEW, self.successor(predecessor=predecessor))
            assert await place.wanted() == [Leave(sender=BOT, room=NEW)]
            await place.answer(NEW)
        assert await notes(place.database) == []

    async def test_a_room_in_which_the_one_who_sent_us_there_has_no_power_is_left_again(self, place: Place) -> None:
        await self.settle_in(place, BOT)
        await place.happens(tombstone(NEW, by=WEI))
        await place.answer(NEW)
        await place.answer(NEW, self.successor(users={LIN: 100}, invite=50))
        assert await place.wanted() == [Leave(sender=BOT, room=NEW)]
        assert await notes(place.database) == []

    async def test_a_creator_of_a_version_12_room_has_the_power(self, place: Place) -> None:
        await self.settle_in(place, BOT)
        await place.happens(tombstone(NEW))
        await place.answer(NEW)
        content = {"room_version": "12", "predecessor": {"room_id": OLD}}
        await place.answer(NEW, [created(NEW, LIN, **content), power(NEW, users={}, invite=50), member(BOT, room=NEW)])
        assert await notes(place.database) == [f"{OLD} became {NEW}"]

    @pytest.mark.parametrize("nonsense", [OLD, "", None, 7, ["!new"], {}], ids=repr)
    async def test_a_tombstone_that_leads_nowhere_is_ignored(self, place: Place, nonsense: object) -> None:
        await self.settle_in(place, BOT)
        await place.happens(tombstone(nonsense))
        assert await place.wanted() == []
        assert (await place.database.read(inbox.backlog)).dead == 0

    async def test_a_tombstone_with_a_key_is_none(self, place: Place) -> None:
        await self.settle_in(place, BOT)
        await place.happens(tombstone(NEW, state_key="x"))
        assert await place.wanted() == []

    async def test_where_we_cannot_get_in_we_stay_out(self, place: Place) -> None:
        await self.settle_in(place, BOT)
        await place.happens(tombstone(NEW))
        await place.refuse(NEW)
        assert await place.wanted() == []
        assert await notes(place.database) == []

    async def test_a_direct_chat_stays_one(self, place: Place) -> None:
        await place.happens({**member(BOT, "invite", OLD, is_direct=True), "sender": LIN})
        await place.answer(OLD)
        await place.answer(OLD, [created(OLD), member(LIN, room=OLD), member(BOT, room=OLD)])
        await place.happens(tombstone(NEW))
        await place.answer(NEW)
        await place.answer(NEW, self.successor())
        assert await place.ask(place.rooms.direct_room, BOT, LIN) == NEW

    async def test_rooms_without_us_do_not_matter(self, place: Place) -> None:
        await self.settle_in(place)
        await place.happens(tombstone(NEW))
        assert await place.wanted() == []
