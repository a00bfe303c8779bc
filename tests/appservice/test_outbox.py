"""Effects as rows: each once, in order per lane, and everybody who asked is told what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import select, update

from appservice import inbox, leases, outbox
from appservice.database import Database
from appservice.effects import CreateRoom, Effect, EffectKey, Join, RoomOf, SendMessage, Upload, creation_lane
from appservice.outbox import Delivery, Result, Waiting, transaction_id
from appservice.unit import Emission
from tests.support.road import open_road

BOT = UserID("@laiwang:localhost")
LIN = UserID("@lin:localhost")
ROOM = RoomID("!room")
SECRET = "谁也不该再读到这句话"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_road(database_url) as opened:
        yield opened


def message(text: str, room: RoomID | RoomOf = ROOM) -> SendMessage:
    return SendMessage(sender=BOT, room=room, content={"msgtype": "m.text", "body": text})


def creation(alias: str = "zd_a") -> CreateRoom:
    return CreateRoom(sender=BOT, alias_localpart=alias)


async def emit(database: Database, key: str, effect: Effect, **more: Any) -> list[str]:
    emission = Emission(EffectKey(key), effect, **more)
    return await database.write(lambda connection: outbox.put(connection, [emission], now=1))


async def waiting(database: Database, lane: str, limit: int = 100) -> list[Waiting]:
    return await database.read(lambda connection: outbox.first(connection, lane, limit))


async def deliver(database: Database, lane: str, result: Result | None = None) -> set[str]:
    """As the courier does with the first effect of a lane."""
    [first] = await waiting(database, lane, 1)
    done = result or Result(event_id=EventID(f"$of-{first.key}"), room_id=ROOM)
    return await database.write(lambda connection: outbox.record(connection, first, done, now=2))


async def bury(database: Database, lane: str) -> set[str]:
    [first] = await waiting(database, lane, 1)
    return await database.write(lambda connection: outbox.bury(connection, first, "M_FORBIDDEN", "no", now=2))


async def entries(database: Database) -> list[tuple[str, str, dict[str, Any]]]:
    """Kind, lane and body of what the inbox was told."""
    box = inbox.inbox.c
    rows = await database.read(lambda c: c.execute(select(box.kind, box.lane, box.body).order_by(box.seq)).all())
    return [(kind, lane, orjson.loads(body)) for kind, lane, body in rows]


class TestPutting:
    async def test_effects_come_out_in_the_order_they_were_emitted(self, database: Database) -> None:
        for number in range(10):
            await emit(database, f"k{number}", message(str(number)))
        assert [one.key for one in await waiting(database, ROOM)] == [f"k{number}" for number in range(10)]
        assert [one.key for one in await waiting(database, ROOM, 3)] == ["k0", "k1", "k2"]

    async def test_a_second_effect_of_the_same_key_is_dropped(self, database: Database) -> None:
        await emit(database, "k", message("first"))
        await emit(database, "k", message("second"))
        [one] = await waiting(database, ROOM)
        assert one.effect == message("first")
        await deliver(database, ROOM)
        await emit(database, "k", message("third"))
        assert await waiting(database, ROOM) == []

    async def test_it_comes_out_as_it_went_in(self, database: Database) -> None:
        upload = Upload(sender=BOT, data=b"\0\xff", content_type="image/png", filename="茶.png")
        context = {"who": LIN}
        await emit(database, "k", upload, notify="stored", context=context, asker=LIN, not_before=5)
        [one] = await waiting(database, upload.lane)
        assert one.effect == upload
        assert (one.notify, one.context, one.asker, one.due_at) == ("stored", context, LIN, 5)
        assert not one.postponed

    async def test_postponed_it_says_so(self, database: Database) -> None:
        await emit(database, "k", message("x"))
        [one] = await waiting(database, ROOM)
        await database.write(lambda c: outbox.postpone(c, one.seq, 3, 1000, "a\0b"))
        [one] = await waiting(database, ROOM)
        assert (one.attempts, one.due_at, one.postponed) == (3, 1000, True)


class TestTransactionIds:
    def test_a_repetition_has_the_same_and_nothing_else_has(self) -> None:
        ids = {transaction_id(b"a bridge", EffectKey(f"$event/{number}")) for number in range(1000)}
        assert len(ids) == 1000
        assert transaction_id(b"a bridge", EffectKey("$event/7")) in ids
        assert transaction_id(b"another bridge", EffectKey("$event/7")) not in ids
        assert all(one.isalnum() and len(one) < 64 for one in ids)


class TestRecording:
    async def test_a_delivered_effect_keeps_its_key_and_event_but_not_its_content(self, database: Database) -> None:
        await emit(database, "k", message(SECRET), context={"text": SECRET}, notify="sent")
        await deliver(database, ROOM, Result(EventID("$sent"), ROOM))
        assert await waiting(database, ROOM) == []
        assert await database.read(lambda c: outbox.key_of_event(c, EventID("$sent"))) == "k"
        assert await database.read(lambda c: outbox.key_of_event(c, EventID("$other"))) is None
        found = await database.read(lambda c: outbox.result_of(c, EffectKey("k")))
        assert found == (Delivery.DONE, Result(EventID("$sent"), ROOM))
        table = outbox.outbox.c
        [kept] = await database.read(lambda c: c.execute(select(table.payload, table.data, table.context)).all())
        assert tuple(kept) == (None, None, None)

    async def test_whoever_asked_is_answered_once_in_the_lane_of_the_room(self, database: Database) -> None:
        join = Join(sender=BOT, room=ROOM)
        await emit(database, "k", join, notify="joined", context={"inviter": LIN})
        [one] = await waiting(database, ROOM)
        result = Result(room_id=RoomID("!real"))
        for _ in range(2):
            await database.write(lambda c: outbox.record(c, one, result, now=2))
        [(kind, lane, body)] = await entries(database)
        assert (kind, lane) == ("answer", "!real")
        assert (body["name"], body["room_id"], body["context"]) == ("joined", "!real", {"inviter": LIN})

    async def test_nobody_is_told_who_did_not_ask(self, database: Database) -> None:
        await emit(database, "k", message("x"))
        assert await deliver(database, ROOM) == set()
        await emit(database, "l", message("x"))
        assert await bury(database, ROOM) == set()
        assert await entries(database) == []

    async def test_the_state_of_a_room_is_answered_whole(self, database: Database) -> None:
        await emit(database, "k", Join(sender=BOT, room=ROOM), notify="read")
        state = [{"type": "m.room.name", "content": {"name": "茶"}}]
        await deliver(database, ROOM, Result(room_id=ROOM, state=state))
        [(_, _, body)] = await entries(database)
        assert body["state"] == state


class TestGivingUp:
    async def test_whoever_asked_is_told_and_the_lane_goes_on(self, database: Database) -> None:
        await emit(database, "bad", message("bad"), notify="sent", asker=LIN)
        await emit(database, "good", message("good"))
        assert await bury(database, ROOM) == {ROOM}
        assert [one.key for one in await waiting(database, ROOM)] == ["good"]
        answer, letter = await entries(database)
        assert answer[0] == "answer"
        assert (answer[2]["error"], answer[2]["message"]) == ("M_FORBIDDEN", "no")
        assert letter[0] == "letter"
        assert (letter[2]["asker"], letter[2]["what"], letter[2]["room_id"]) == (LIN, "SendMessage", ROOM)
        assert (await database.read(outbox.backlog)).dead == 1

    async def test_what_another_process_delivered_meanwhile_is_not_given_up(self, database: Database) -> None:
        """We stood still, lost the lane, and wake up with an old opinion."""
        await emit(database, "k", message("x"), notify="sent", asker=LIN)
        [stale] = await waiting(database, ROOM)
        await deliver(database, ROOM)
        assert await database.write(lambda c: outbox.bury(c, stale, "M_FORBIDDEN", "no", now=3)) == set()
        await database.write(lambda c: outbox.postpone(c, stale.seq, 7, 10**15, "no"))
        assert (await database.read(outbox.backlog)).dead == 0
        assert [kind for kind, _, _ in await entries(database)] == ["answer"]

    async def test_revived_it_is_tried_again_in_its_place_and_answered_again(self, database: Database) -> None:
        await emit(database, "a", message("a"), notify="sent")
        await emit(database, "b", message("b"))
        [first] = await waiting(database, ROOM, 1)
        await bury(database, ROOM)
        done = update(inbox.inbox).values(state=inbox.State.DONE)
        await database.write(lambda c: c.execute(done))
        assert await database.write(lambda c: outbox.revive(c, [first.seq])) == [ROOM]
        assert [one.key for one in await waiting(database, ROOM)] == ["a", "b"]
        await deliver(database, ROOM)
        [(_, _, body)] = await entries(database)
        assert body["error"] is None


class TestNewRooms:
    async def test_what_happens_in_a_room_waits_for_it_and_moves_into_its_lane(self, database: Database) -> None:
        await emit(database, "make", creation())
        room = RoomOf(EffectKey("make"))
        await emit(database, "1", message("1", room))
        await emit(database, "2", message("2", room))
        assert [one.key for one in await waiting(database, creation_lane(room.key))] == ["1", "2"]
        await deliver(database, creation().lane, Result(room_id=ROOM))
        assert await waiting(database, creation_lane(room.key)) == []
        assert [one.key for one in await waiting(database, ROOM)] == ["1", "2"]

    async def test_once_the_room_is_there_its_id_is_used_at_once(self, database: Database) -> None:
        await emit(database, "make", creation())
        await deliver(database, creation().lane, Result(room_id=ROOM))
        assert await emit(database, "1", message("1", RoomOf(EffectKey("make")))) == [ROOM]
        [one] = await waiting(database, ROOM)
        assert one.effect == message("1", ROOM)

    async def test_one_unit_may_emit_into_the_room_before_it_makes_it(self, database: Database) -> None:
        room = RoomOf(EffectKey("make"))
        emissions = [Emission(EffectKey("1"), message("1", room)), Emission(EffectKey("make"), creation())]
        await database.write(lambda c: outbox.put(c, emissions, now=1))
        await deliver(database, creation().lane, Result(room_id=ROOM))
        assert [one.key for one in await waiting(database, ROOM)] == ["1"]

    async def test_a_creation_lane_knows_where_it_belongs(self, database: Database) -> None:
        lane = creation_lane(EffectKey("make"))

        async def home() -> str | None:
            return await database.write(lambda c: outbox.home_of(c, lane))

        assert await home() == lane, "nobody ever makes this room"
        await emit(database, "make", creation())
        assert await home() is None, "it is being made"
        await bury(database, creation().lane)
        assert await home() == lane, "it will never be"

    async def test_what_was_given_up_with_the_room_follows_it_when_revived(self, database: Database) -> None:
        await emit(database, "make", creation())
        lane = creation_lane(EffectKey("make"))
        await emit(database, "1", message("1", RoomOf(EffectKey("make"))))
        [make], [sent] = await waiting(database, creation().lane), await waiting(database, lane)
        await bury(database, creation().lane)
        await bury(database, lane)
        await database.write(lambda c: outbox.revive(c, [make.seq]))
        await deliver(database, creation().lane, Result(room_id=ROOM))
        await database.write(lambda c: outbox.revive(c, [sent.seq]))
        assert await database.write(lambda c: outbox.home_of(c, lane)) == ROOM
        assert [one.key for one in await waiting(database, ROOM)] == ["1"]

    async def test_nothing_is_left_behind_when_both_happen_at_the_same_moment(self, database: Database) -> None:
        """A handler emits into the room just while its creation is recorded."""
        for number in range(15):
            key, room = f"make-{number}", RoomID(f"!{number}")
            await emit(database, key, creation(f"zd_{number}"))
            await asyncio.gather(
                deliver(database, f"create:zd_{number}", Result(room_id=room)),
                emit(database, f"in-{number}", message("x", RoomOf(EffectKey(key)))),
            )
            assert [one.key for one in await waiting(database, room)] == [f"in-{number}"]


class TestLeases:
    async def test_a_lane_belongs_to_one_process_until_it_gives_it_back(self, database: Database) -> None:
        def claim(owner: str, seconds: float = 30) -> Any:
            return database.write(lambda c: leases.claim(c, "!lane", owner, seconds))

        assert await claim("a")
        assert await claim("a")
        assert not await claim("b")
        await database.write(lambda c: leases.release(c, "!lane", "b"))
        assert not await claim("b")
        await database.write(lambda c: leases.release(c, "!lane", "a"))
        assert await claim("b")

    async def test_of_many_at_once_one_gets_it(self, database: Database) -> None:
        def claim(owner: str) -> Any:
            return database.write(lambda c: leases.claim(c, "!lane", owner, 30))

        claims = [claim(str(number)) for number in range(12)]
        assert sorted(await asyncio.gather(*claims)) == [False] * 11 + [True]

    async def test_a_lease_that_is_not_renewed_ends(self, database: Database) -> None:
        assert await database.write(lambda c: leases.claim(c, "!lane", "dead", 0.05))
        await asyncio.sleep(0.1)
        assert await database.write(lambda c: leases.claim(c, "!lane", "alive", 30))
        assert not await database.write(lambda c: leases.renew(c, "!lane", "dead", 30))
        assert await database.write(lambda c: leases.renew(c, "!lane", "alive", 30))

    async def test_a_lane_that_was_given_back_is_not_taken_by_renewing(self, database: Database) -> None:
        assert await database.write(lambda c: leases.claim(c, "!lane", "a", 30))
        await database.write(lambda c: leases.release(c, "!lane", "a"))
        assert not await database.write(lambda c: leases.renew(c, "!lane", "a", 30))
        assert await database.write(lambda c: leases.claim(c, "!lane", "b", 30))


class TestForgetting:
    async def test_events_of_ours_are_known_longer_than_what_made_none(self, database: Database) -> None:
        await emit(database, "event", message("x"))
        await deliver(database, ROOM, Result(EventID("$sent"), ROOM))
        await emit(database, "profile", message("y", RoomID("!other")))
        await deliver(database, "!other", Result())
        await emit(database, "waits", message("z"))
        assert await database.write(lambda c: outbox.forget_before(c, 100, 1)) == 1
        assert await database.read(lambda c: outbox.key_of_event(c, EventID("$sent"))) == "event"
        assert await database.write(lambda c: outbox.forget_before(c, 100, 100)) == 1
        assert await database.read(lambda c: outbox.key_of_event(c, EventID("$sent"))) is None
        assert [one.key for one in await waiting(database, ROOM)] == ["waits"]
