"""The bots among their neighbours: real rooms, real routes."""

from __future__ import annotations

from itertools import count
from typing import Any

import orjson
from mautrix.types import EventID, RoomID

from appservice.bots import Audience, Bots, Level, RoomView
from appservice.database import Database
from appservice.effects import Answer, EffectKey, Join, ReadState, SendMessage
from appservice.inbox import Entry, Kind
from appservice.language import Catalogues
from appservice.rooms import Rooms
from appservice.routes import Routes, answer_body
from appservice.unit import Emission, Unit
from tests.appservice.bots.library import ANN, BOTS, CHAT, LIBRARY


class House:
    def __init__(self, database: Database) -> None:
        self.database = database
        rooms = Rooms(lambda user: user in {bot.user_id for bot in BOTS})
        view: RoomView = rooms
        self.routes = Routes()
        rooms.add_to(self.routes)
        bots = Bots(
            BOTS,
            rooms=view,
            audience=Audience(lambda _user: Level.USER, lambda _connection, _user: None, lambda user: user == LIBRARY),
            catalogues=Catalogues(),
            resolve_event=lambda _connection, _event: None,
        )
        bots.add_to(self.routes)
        self._numbers = count(1)

    async def handle(self, kind: Kind, body: dict[str, Any]) -> list[Emission]:
        number = next(self._numbers)
        entry = Entry(number, f"$e{number}", CHAT, kind, orjson.dumps(body), 0, 0)

        def work(connection: Any) -> list[Emission]:
            unit = Unit(connection, 1_700_000_000_000, entry.key, b"secret")
            self.routes.handle(unit, entry)
            return unit.emissions

        return await self.database.write(work)

    async def event(self, type: str, sender: str, content: dict[str, Any], **more: Any) -> list[Emission]:
        raw = {"event_id": f"$e{next(self._numbers)}", "room_id": CHAT, "type": type, "sender": sender}
        return await self.handle(Kind.EVENT, {**raw, "content": content, **more})

    async def answer(self, emission: Emission, state: tuple[dict[str, Any], ...] = ()) -> list[Emission]:
        answer = Answer(EffectKey(emission.key), emission.context, EventID("$x"), RoomID(CHAT), None, state)
        return await self.handle(Kind.ANSWER, answer_body(emission.notify or "", answer))


def member(user: str, membership: str) -> dict[str, Any]:
    return {
        "event_id": f"$m{user}",
        "room_id": CHAT,
        "type": "m.room.member",
        "sender": ANN,
        "state_key": user,
        "content": {"membership": membership},
    }


async def test_an_invited_bot_enters_says_hello_and_answers(database: Database) -> None:
    house = House(database)
    invitation = {"membership": "invite", "is_direct": True}
    join, greeting = await house.event("m.room.member", ANN, invitation, state_key=LIBRARY)
    assert isinstance(join.effect, Join)
    assert isinstance(greeting.effect, SendMessage)
    [read] = await house.answer(join)
    assert isinstance(read.effect, ReadState)
    await house.answer(read, (member(ANN, "join"), member(LIBRARY, "join")))
    [answer] = await house.event("m.room.message", ANN, {"msgtype": "m.text", "body": "list"})
    assert isinstance(answer.effect, SendMessage)
    assert (answer.effect.sender, answer.effect.content["body"]) == (LIBRARY, "Nothing.")


async def test_everybody_else_in_the_namespace_is_left_alone(database: Database) -> None:
    house = House(database)
    assert await house.event("m.room.message", ANN, {"msgtype": "m.text", "body": "!shelf list"}) == []
    assert await house.event("m.room.encrypted", ANN, {"algorithm": "m.megolm.v1.aes-sha2"}) == []
    assert await house.event("m.reaction", ANN, {"m.relates_to": {"event_id": "$x", "rel_type": "m.annotation"}}) == []
    assert await house.event("m.room.redaction", ANN, {"redacts": "$x"}) == []
