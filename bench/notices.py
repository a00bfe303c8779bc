"""Notices of a payment service: very many, repeated and in no order, on the listener that the internet reaches.

1,000 payments are told of ten times each, by 32 workers at once over HTTP. Every delivery is verified on its bytes, and
answered when what it means is durable. Aim: 1,000 credits, not one more or less, on each database.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence

from aiohttp import ClientSession

from appservice.server import Server
from bench.databases import empty_database
from bench.report import Report, memory_folder, percentile
from laiwang_bridge.payments.rails import merchant_store
from laiwang_bridge.payments.rails.charging import PATH
from tests.appservice.wire import ANY_PORT, TOKEN, RecordingInbox
from tests.unit.laiwang_bridge.features.counter import credits_in, notices, open_counter

_DATABASES = ("sqlite", "postgres")
_PAYMENTS, _COPIES, _WORKERS = 1_000, 10, 32


def main(options: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench notices", description=__doc__)
    parser.add_argument("--payments", type=int, default=_PAYMENTS, help=f"that are told of ({_PAYMENTS:,})")
    parser.add_argument("--databases", nargs="+", choices=_DATABASES, default=list(_DATABASES))
    arguments = parser.parse_args(options)
    payments = arguments.payments
    report = Report(f"notices: {payments * _COPIES:,} deliveries of {payments:,} payments by {_WORKERS} workers")
    rows = []
    for database in arguments.databases:
        with memory_folder() as folder, empty_database(database, folder) as url:
            rows.append(asyncio.run(_storm(report, url, database, payments)))
    report.table(("", "deliveries/s", "seconds", "p50 ms", "p99 ms", "credits"), rows)
    return report.finish()


async def _storm(report: Report, url: str, name: str, payments: int) -> Sequence[str]:
    async with open_counter(url) as counter:
        town = counter.town
        await counter.ask(counter.bo, "!aa how #1")
        [charge] = await town.rows("pay_charge")
        charges, calls = notices(town, charge, payments, _COPIES)
        await town.database.write(
            lambda connection: connection.execute(merchant_store.pay_charge.insert(), charges) and None
        )
        callback = town.app.payments.charging.callback(town.database.write, lambda _lane: None, lambda: town.now)
        times: list[float] = []
        deliveries = len(calls)
        async with (
            Server(ANY_PORT, TOKEN, RecordingInbox(), callbacks=[callback]) as server,
            ClientSession() as session,
        ):
            address = f"http://{server.address}{PATH}stripe"

            async def work() -> None:
                while calls:
                    call = calls.pop()
                    began = time.perf_counter()
                    async with session.post(address, data=call.body, headers=dict(call.headers)) as answer:
                        assert answer.status == 200, answer.status
                    times.append((time.perf_counter() - began) * 1000)

            began = time.perf_counter()
            await asyncio.gather(*(work() for _worker in range(_WORKERS)))
            seconds = time.perf_counter() - began
        credited = await town.database.read(credits_in)
        report.aim(f"{name}: each payment once", credited == payments, f"{credited:,} credits of {payments:,}")
        speed = deliveries / seconds
        shown = (f"{percentile(times, 0.5):.1f}", f"{percentile(times, 0.99):.1f}")
        return (name, f"{speed:,.0f}", f"{seconds:.1f}", *shown, f"{credited:,}")
