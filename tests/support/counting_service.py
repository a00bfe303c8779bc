"""A small application service that counts messages and does something of every kind for them.

    python -m tests.support.counting_service settings.json

It is there to be killed: `tests.support.killing` knows what has to be seen of it afterwards.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, func, select

import appservice.courier
import appservice.delivery
from appservice import registration_file
from appservice.database import Database, metadata
from appservice.effects import (
    Answer,
    CreateRoom,
    EffectKey,
    EventOf,
    Invite,
    React,
    Redact,
    RoomOf,
    SendMessage,
    SetState,
)
from appservice.events import Event
from appservice.listener import TcpAddress
from appservice.rooms import Rooms
from appservice.routes import Routes
from appservice.service import ApplicationService, Settings
from appservice.unit import Unit

DOMAIN = "localhost"
BOT = UserID(f"@laiwang:{DOMAIN}")

own = MetaData()
counted = Table(
    "test_counted",
    own,
    Column("event_id", Text, primary_key=True),
    Column("room_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
)
answered = Table(
    "test_answered",
    own,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False),
)


@dataclass(frozen=True)
class ProcessSettings:
    """What one process is started with. `lease` and `unfinished` are seconds, shorter than in earnest."""

    database: str
    registration: str
    homeserver: str
    port: int
    lease: float = 1.5
    unfinished: float = 4.0

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(dataclasses.asdict(self)))


def ghost(number: int) -> UserID:
    return UserID(f"@_laiwang_ghost{number % 3}:{DOMAIN}")


def new_room_name(room: str, number: int) -> str:
    return f"room {number} of {room}"


def steps(number: int) -> list[str]:
    """What is done in the room for its message of this number, in this order."""
    done = ["reply", "react"]
    done += ["edit"] if number % 3 == 0 else []
    done += ["ghost"] if number % 4 == 0 else []
    done += ["topic"] if number % 5 == 0 else []
    done += ["room"] if number % 6 == 0 else []
    done += ["redact"] if number % 7 == 0 else []
    done += ["timer"] if number % 8 == 0 else []
    return done


class Counting:
    """The handlers."""

    def __init__(self, rooms: Rooms, is_ours: Any) -> None:
        self._rooms = rooms
        self._is_ours = is_ours

    def add_to(self, routes: Routes) -> None:
        self._rooms.add_to(routes)
        routes.on_event("m.room.member", self._member)
        routes.on_event("m.room.message", self._message)
        routes.on_answer("made", self._made)
        routes.on_timer("later", self._later)

    def _member(self, unit: Unit, event: Event) -> None:
        if event.state_key == BOT and event.membership == "invite":
            self._rooms.enter(unit, event.room_id, BOT, event.sender, is_direct=False)

    def _message(self, unit: Unit, event: Event) -> None:
        if self._is_ours(event.sender):
            return
        here = counted.c.room_id == event.room_id
        number = unit.connection.execute(select(func.count()).where(here)).scalar_one() + 1
        unit.connection.execute(
            counted.insert(), {"event_id": event.event_id, "room_id": event.room_id, "number": number}
        )
        for step in steps(number):
            getattr(self, f"_{step}")(unit, event, number)

    def _reply(self, unit: Unit, event: Event, number: int) -> None:
        reply = _say(event.room_id, f"{number}: {event.body}")
        unit.emit(dataclasses.replace(reply, reply_to=event.event_id), key=_key(event.event_id, "reply"))

    def _react(self, unit: Unit, event: Event, number: int) -> None:
        target = EventOf(_key(event.event_id, "reply"))
        effect = React(sender=BOT, room=event.room_id, target=target, reaction=str(number))
        unit.emit(effect, key=_key(event.event_id, "react"))

    def _edit(self, unit: Unit, event: Event, number: int) -> None:
        earlier = self._earlier(unit.connection, event.room_id, number - 2)
        edit = _say(event.room_id, f"{number - 2} edited")
        unit.emit(dataclasses.replace(edit, replaces=EventOf(_key(earlier, "reply"))))

    def _ghost(self, unit: Unit, event: Event, number: int) -> None:
        unit.emit(_say(event.room_id, f"ghost {number}", ghost(number)))

    def _topic(self, unit: Unit, event: Event, number: int) -> None:
        content = {"topic": str(number)}
        unit.emit(SetState(sender=BOT, room=event.room_id, type="m.room.topic", content=content))

    def _room(self, unit: Unit, event: Event, number: int) -> None:
        name = new_room_name(event.room_id, number)
        alias = "zd_" + hashlib.sha256(event.event_id.encode()).hexdigest()[:20]
        made = RoomOf(_key(event.event_id, "room"))
        unit.emit(
            CreateRoom(sender=BOT, alias_localpart=alias, name=name, invite=(event.sender,)),
            key=made.key,
            notify="made",
        )
        for word, sender in (("first", BOT), ("second", ghost(number)), ("third", BOT)):
            unit.emit(_say(made, f"{word} of {number}", sender))

    def _redact(self, unit: Unit, event: Event, number: int) -> None:
        earlier = self._earlier(unit.connection, event.room_id, number - 1)
        unit.emit(Redact(sender=BOT, room=event.room_id, target=EventOf(_key(earlier, "react"))))

    def _timer(self, unit: Unit, event: Event, number: int) -> None:
        context = {"room": event.room_id, "number": number}
        unit.at(unit.now + 300, "later", key=event.event_id, lane=event.room_id, context=context)

    def _later(self, unit: Unit, context: Mapping[str, Any]) -> None:
        unit.emit(_say(RoomID(context["room"]), f"later {context['number']}"))

    def _made(self, unit: Unit, answer: Answer) -> None:
        unit.connection.execute(answered.insert(), {"key": answer.key})
        if answer.room_id is not None:
            unit.emit(_say(answer.room_id, "answered"))
            unit.emit(Invite(sender=BOT, room=answer.room_id, user=ghost(7)))

    def _earlier(self, connection: Connection, room: str, number: int) -> EventID:
        statement = select(counted.c.event_id).where(counted.c.room_id == room, counted.c.number == number)
        return EventID(connection.execute(statement).scalar_one())


def _key(event_id: str, what: str) -> EffectKey:
    return EffectKey(f"{event_id}/{what}")


def _say(room: RoomID | RoomOf, text: str, sender: UserID = BOT) -> SendMessage:
    return SendMessage(sender=sender, room=room, content={"msgtype": "m.notice", "body": text, "m.mentions": {}})


def create_tables(url: str) -> None:
    """Once, before the first process is started."""
    database = Database(url)
    metadata.create_all(database.engine)
    own.create_all(database.engine)
    database.close_now()


async def serve(settings: ProcessSettings) -> None:
    appservice.courier._LEASE_SECONDS = settings.lease
    appservice.delivery.UNFINISHED_SECONDS = settings.unfinished
    registration = registration_file.load(Path(settings.registration), DOMAIN)
    database = Database(settings.database, exclusive=True)
    routes = Routes()
    Counting(Rooms(registration.is_ours), registration.is_ours).add_to(routes)
    service = await ApplicationService.open(
        Settings(
            registration=registration,
            address=settings.homeserver,
            domain=DOMAIN,
            listen=TcpAddress("127.0.0.1", settings.port),
        ),
        database,
        routes,
    )
    async with service:
        await asyncio.Event().wait()


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(levelname)s %(name)s %(message)s")
    asyncio.run(serve(ProcessSettings(**json.loads(Path(sys.argv[1]).read_text()))))


if __name__ == "__main__":
    main()
