"""What an operator can watch: counters of what came in, and how long things wait."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder

from appservice.transaction import Transaction

log = logging.getLogger(__name__)

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
_SNAPSHOT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue at one moment: how many wait, for how many seconds the oldest, how many were given up."""

    waiting: int
    oldest_seconds: float
    dead: int = 0


Snapshot = Callable[[], Awaitable[Mapping[str, Queue]]]
"""The queues by name, as they are now."""


class Metrics:
    """The metrics of one application service, in a registry of their own.

    Others may add theirs to `registry`. `snapshot` is asked at every scrape.
    """

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self.registry = CollectorRegistry()
        self._snapshot = snapshot
        ProcessCollector(registry=self.registry)
        transactions = Counter(
            "appservice_transactions",
            "Transactions of the homeserver: accepted (now durable) or failed (it will send them again)",
            ["result"],
            registry=self.registry,
        )
        self._accepted = transactions.labels("accepted")
        self._failed = transactions.labels("failed")
        received = Counter(
            "appservice_received",
            "What accepted transactions held, repetitions included",
            ["kind"],
            registry=self.registry,
        )
        self._events = received.labels("event")
        self._ephemeral = received.labels("ephemeral")
        self._to_device = received.labels("to_device")
        self._seconds = Histogram(
            "appservice_transaction_seconds",
            "From the head of a transaction to its being durable",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._last = Gauge(
            "appservice_last_transaction_timestamp_seconds",
            "When the last transaction was accepted (Unix time)",
            registry=self.registry,
        )
        self._refusals = Counter(
            "appservice_refused_requests",
            "Requests answered with an error, by its code",
            ["errcode"],
            registry=self.registry,
        )
        self._waiting = Gauge("appservice_queue_waiting", "Entries that wait", ["queue"], registry=self.registry)
        self._oldest = Gauge(
            "appservice_queue_oldest_seconds",
            "For how long the oldest entry has been waiting; 0 when none waits",
            ["queue"],
            registry=self.registry,
        )
        self._dead = Gauge(
            "appservice_queue_dead_letters", "Entries that were given up", ["queue"], registry=self.registry
        )
        self._fresh = Gauge(
            "appservice_queue_snapshot_ok",
            "Whether the queues could be looked at in this scrape",
            registry=self.registry,
        )

    def transaction_accepted(self, transaction: Transaction, seconds: float) -> None:
        self._accepted.inc()
        self._seconds.observe(seconds)
        self._last.set(time.time())
        if transaction.events:
            self._events.inc(len(transaction.events))
        if transaction.ephemeral:
            self._ephemeral.inc(len(transaction.ephemeral))
        if transaction.to_device:
            self._to_device.inc(len(transaction.to_device))

    def transaction_failed(self) -> None:
        self._failed.inc()

    def request_refused(self, errcode: str) -> None:
        self._refusals.labels(errcode).inc()

    async def render(self, accept: str = "") -> tuple[bytes, str]:
        """The exposition and its content type, in the format that an Accept header asks for."""
        await self._look_at_queues()
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type

    async def _look_at_queues(self) -> None:
        if self._snapshot is None:
            return
        try:
            async with asyncio.timeout(_SNAPSHOT_SECONDS):
                queues = await self._snapshot()
        except Exception:
            # The rest of the metrics is what explains why.
            log.exception("the queues could not be looked at")
            self._fresh.set(0)
            return
        self._fresh.set(1)
        for name, queue in queues.items():
            self._waiting.labels(name).set(queue.waiting)
            self._oldest.labels(name).set(queue.oldest_seconds)
            self._dead.labels(name).set(queue.dead)
