"""From a command to its answer through a real Synapse and a real client, and how much of it is ours.

Ours is from the moment at which the transaction with the command has arrived here to the moment at which the answer
leaves for the homeserver. Aim: half of them within 10 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any

from appservice.inbox import Inbox
from appservice.transaction import Transaction
from bench.homeserver import house
from bench.report import Report, memory_folder, percentile
from laiwang_bridge.application import Application
from laiwang_bridge.demo.person import Person

_COMMANDS = 100
_AIM_MS = 10.0


class Tap:
    """Notes when a transaction with a command arrives, and when the next message leaves."""

    def __init__(self, application: Application) -> None:
        self.ours: list[float] = []
        self._arrived: float | None = None
        self._accept = Inbox.accept
        self._call = application.service.homeserver.call
        application.service.homeserver.call = self._leaves  # type: ignore[method-assign]

    async def arrives(self, inbox: Inbox, transaction: Transaction) -> None:
        if any(event.get("type") == "m.room.message" for event in transaction.events):
            self._arrived = time.perf_counter()
        await self._accept(inbox, transaction)

    async def _leaves(self, method: str, path: Any, *arguments: Any, **options: Any) -> Any:
        if self._arrived is not None and "/send/m.room.message/" in str(path):
            self.ours.append((time.perf_counter() - self._arrived) * 1000)
            self._arrived = None
        return await self._call(method, path, *arguments, **options)


async def _measure(commands: int, report: Report) -> None:
    whole: list[float] = []
    with memory_folder() as folder:
        async with house(folder) as here, here.bridge() as application:
            tap = Tap(application)
            original = Inbox.accept
            Inbox.accept = lambda inbox, txn: tap.arrives(inbox, txn)  # type: ignore[method-assign, assignment]
            try:
                await here.synapse.register_user("alice", "password")
                async with Person(here.synapse.client_url, "alice") as alice:
                    await alice.log_in("password")
                    room = await alice.create_direct_chat(application.bot)
                    await alice.wait_for_text("Laiwang", sender=application.bot)
                    tap.ours.clear()
                    for _ in range(commands):
                        position, began = alice.position, time.perf_counter()
                        await alice.say(room, "friends")
                        await alice.wait_for_text("no friends", room=room, sender=application.bot, since=position)
                        whole.append((time.perf_counter() - began) * 1000)
                        await asyncio.sleep(0.06)  # within the limit of what one person may ask
            finally:
                Inbox.accept = original  # type: ignore[method-assign]
    rows = [
        [what, *(f"{value:.1f}" for value in (statistics.median(times), percentile(times, 0.99), max(times)))]
        for what, times in (("command seen to be answered", whole), ("of that, ours", tap.ours))
    ]
    report.table(("milliseconds", "p50", "p99", "most"), rows)
    ours = statistics.median(tap.ours)
    report.aim(f"our part within {_AIM_MS:.0f} ms (p50)", ours <= _AIM_MS, f"{ours:.1f} ms")


def main(arguments: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(prog="roundtrip", description=__doc__)
    parser.add_argument("--commands", type=int, default=_COMMANDS)
    options = parser.parse_args(arguments)
    report = Report("roundtrip: from a command to its answer")
    asyncio.run(_measure(options.commands, report))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
