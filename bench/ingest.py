"""How many events per second can be taken from a homeserver: ours made durable, mautrix's stored nowhere.

Synthetic transactions over one keep-alive connection, one under way, as homeservers send them. Aims: at 100 events a
transaction ahead of mautrix; at 1 at least half of it.
"""

from __future__ import annotations

import argparse
import itertools
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from bench.contestants import CONTESTANTS, TOKEN
from bench.report import Report, memory_folder, spread

SIZES = {1: 1500, 10: 600, 100: 150}
"""Events in a transaction, and how many transactions make a turn."""
_ROUNDS = 5

_BASELINE, _OURS = "mautrix AppService", "laiwang-bridge"
_numbers = itertools.count(os.getpid() * 10_000_000)


class Contestant:
    """One server process and the connection to it."""

    def __init__(self, name: str, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.contestants", name, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        port = int(self._line())
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.close()
        self._process.kill()
        self._process.wait()

    def turn(self, events: int, transactions: int) -> tuple[float, float]:
        """Events per second, and CPU milliseconds of the server per 1,000 events."""
        requests = [_request(events) for _ in range(transactions)]
        cpu, began = self._cpu(), time.perf_counter()
        for request in requests:
            self._socket.sendall(request)
            self._read_answer()
        seconds, used = time.perf_counter() - began, self._cpu() - cpu
        return events * transactions / seconds, used * 1e6 / (events * transactions)

    def _read_answer(self) -> None:
        answer = b""
        while b"\r\n\r\n" not in answer or not answer.rstrip().endswith(b"}"):
            received = self._socket.recv(65536)
            if not received:
                raise ConnectionError("the server closed the connection")
            answer += received
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.decode(errors="replace"))

    def _cpu(self) -> float:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def _request(events: int) -> bytes:
    body = orjson.dumps({"events": [_event(next(_numbers)) for _ in range(events)]})
    head = (
        f"PUT /_matrix/app/v1/transactions/{next(_numbers)} HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _event(number: int) -> dict[str, object]:
    return {
        "type": "m.room.message",
        "room_id": f"!room{number % 50}:example.org",
        "sender": "@somebody:example.org",
        "event_id": f"${number:040d}",
        "origin_server_ts": 1_700_000_000_000 + number,
        "content": {
            "msgtype": "m.text",
            "body": f"Message number {number}, as long as people write.",
            "m.mentions": {},
        },
        "unsigned": {"age": 42},
        "user_id": "@somebody:example.org",
        "age": 42,
    }


def main(arguments: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(prog="ingest", description=__doc__)
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    rounds: int = parser.parse_args(arguments).rounds
    report = Report("ingest: events per second taken from the homeserver")
    speeds: dict[tuple[str, int], list[float]] = {}
    costs: dict[tuple[str, int], list[float]] = {}
    with memory_folder() as folder:
        contestants = {name: Contestant(name, folder) for name in CONTESTANTS}
        try:
            for _ in range(rounds):
                for (size, transactions), (name, contestant) in itertools.product(SIZES.items(), contestants.items()):
                    speed, cost = contestant.turn(size, transactions)
                    speeds.setdefault((name, size), []).append(speed)
                    costs.setdefault((name, size), []).append(cost)
        finally:
            for contestant in contestants.values():
                contestant.__exit__(None, None, None)
    rows = [
        [name, str(size), spread(speeds[name, size]), f"{_ratio(speeds, name, size):.2f}", spread(costs[name, size])]
        for size in SIZES
        for name in CONTESTANTS
    ]
    report.table(("server", "events/txn", "events/s", "to mautrix", "CPU ms/1000"), rows)
    for size, aim in ((100, 1.0), (1, 0.5)):
        ratio = _ratio(speeds, _OURS, size)
        report.aim(f"at {size} events a transaction at least {aim} of mautrix", ratio >= aim, f"{ratio:.2f}")
    return report.finish()


def _ratio(speeds: dict[tuple[str, int], list[float]], name: str, size: int) -> float:
    """The median over the rounds of the ratio within each round."""
    pairs = zip(speeds[name, size], speeds[_BASELINE, size], strict=True)
    return statistics.median(mine / theirs for mine, theirs in pairs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
