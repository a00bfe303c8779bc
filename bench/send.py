"""How many messages per second get through a real Synapse: by outbox and courier, and by a bare ordered client.

Both keep the order within a room, so in each room one message is under way. The bare client remembers nothing. Aim: at
least 0.9 of it, in one room and in twenty.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import resource
import statistics
import sys
import time
from collections.abc import Sequence

import aiohttp
from mautrix.types import RoomID

from appservice import outbox
from appservice.content import text
from appservice.effects import EffectKey, SendMessage
from appservice.unit import Emission
from bench.homeserver import house
from bench.report import Report, memory_folder, spread
from laiwang_bridge.application import Application

ROOMS = {1: 200, 20: 20}
"""Rooms, and messages in each."""
_ROUNDS = 5
_AIM = 0.9
_BARE, _OURS = "bare ordered client", "laiwang-bridge"

_numbers = itertools.count()


async def _create_rooms(application: Application, count: int) -> list[RoomID]:
    homeserver = application.service.homeserver
    answers = [
        await homeserver.call("POST", "_matrix/client/v3/createRoom", {"name": f"Room {number}"}, user=application.bot)
        for number in range(count)
    ]
    return [RoomID(answer["room_id"]) for answer in answers]


async def _bare(application: Application, rooms: Sequence[RoomID], messages: int) -> None:
    token = application.registration.as_token
    address = application.config.homeserver.address

    async def talk(session: aiohttp.ClientSession, room: RoomID) -> None:
        for _ in range(messages):
            number = next(_numbers)
            url = f"{address}/_matrix/client/v3/rooms/{room}/send/m.room.message/bare{number}"
            content = text(f"Message number {number}")
            async with session.put(url, params={"user_id": application.bot}, json=content) as response:
                response.raise_for_status()
                await response.json()

    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        await asyncio.gather(*(talk(session, room) for room in rooms))


async def _ours(application: Application, rooms: Sequence[RoomID], messages: int) -> None:
    service = application.service
    now = service.clock()
    emissions = []
    for room, _ in itertools.product(rooms, range(messages)):
        number = next(_numbers)
        effect = SendMessage(sender=application.bot, room=room, content=text(f"Message number {number}"))
        emissions.append(Emission(EffectKey(f"bench:{number}"), effect))
    wanted = service.courier.delivered + len(emissions)
    await application.database.write(lambda connection: outbox.put(connection, emissions, now))
    for room in rooms:
        service.courier.wake(room)
    while service.courier.delivered < wanted:  # noqa: ASYNC110 - an event would cost the courier more
        await asyncio.sleep(0.005)
    while not await service.settled():  # noqa: ASYNC110
        await asyncio.sleep(0.005)


async def _measure(rounds: int, report: Report) -> None:
    speeds: dict[tuple[str, int], list[float]] = {}
    costs: dict[tuple[str, int], list[float]] = {}
    contestants = {_BARE: _bare, _OURS: _ours}
    with memory_folder() as folder:
        async with house(folder) as here, here.bridge() as application:
            for count, messages in ROOMS.items():
                rooms = await _create_rooms(application, count)
                await _bare(application, rooms, 5)  # Synapse's caches
                for turn in range(rounds):
                    order = list(contestants.items()) if turn % 2 else list(contestants.items())[::-1]
                    for name, send in order:
                        cpu, began = _cpu(), time.perf_counter()
                        await send(application, rooms, messages)
                        seconds = time.perf_counter() - began
                        speeds.setdefault((name, count), []).append(count * messages / seconds)
                        costs.setdefault((name, count), []).append((_cpu() - cpu) * 1000 / (count * messages))
    rows = [
        [name, str(count), spread(speeds[name, count], 1), f"{_ratio(speeds, name, count):.2f}", spread(cost, 2)]
        for (name, count), cost in costs.items()
    ]
    report.table(("sender", "rooms", "messages/s", "to bare", "CPU s/1000"), rows)
    for count in ROOMS:
        ratio = _ratio(speeds, _OURS, count)
        report.aim(f"in {count} rooms at least {_AIM} of a bare ordered client", ratio >= _AIM, f"{ratio:.2f}")


def _ratio(speeds: dict[tuple[str, int], list[float]], name: str, rooms: int) -> float:
    return statistics.median(
        mine / theirs for mine, theirs in zip(speeds[name, rooms], speeds[_BARE, rooms], strict=True)
    )


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(arguments: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(prog="send", description=__doc__)
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    options = parser.parse_args(arguments)
    report = Report("send: messages per second through a real Synapse, in order")
    asyncio.run(_measure(options.rounds, report))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
