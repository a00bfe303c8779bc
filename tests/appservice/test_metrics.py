"""What /metrics tells."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families

from appservice.metrics import Metrics, Queue
from appservice.server import Server
from tests.appservice.wire import ANY_PORT, TOKEN, RecordingInbox, Reply, call, push


def samples(reply: Reply) -> dict[tuple[str, ...], float]:
    """Values by the name and the label values."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(reply.body.decode())
        for sample in family.samples
    }


async def scrape(server: Server) -> dict[tuple[str, ...], float]:
    reply = await call(server, "GET", "/metrics", headers={})
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/plain")
    return samples(reply)


async def test_transactions_and_what_is_in_them_are_counted() -> None:
    inbox = RecordingInbox()
    async with Server(ANY_PORT, TOKEN, inbox, metrics=Metrics()) as server:
        await push(server, {"events": [{}, {}], "ephemeral": [{}], "to_device": [{}, {}, {}]})
        await push(server, {"events": [{}]})
        inbox.error = RuntimeError()
        await push(server, {"events": [{}]})
        await push(server, [])
        await call(server, "POST", "/_matrix/app/v1/ping", {}, {"Authorization": "Bearer wrong"})
        found = await scrape(server)
    assert found["appservice_transactions_total", "accepted"] == 2
    assert found["appservice_transactions_total", "failed"] == 1
    assert found["appservice_received_total", "event"] == 3
    assert found["appservice_received_total", "ephemeral"] == 1
    assert found["appservice_received_total", "to_device"] == 3
    assert found["appservice_refused_requests_total", "M_BAD_JSON"] == 1
    assert found["appservice_refused_requests_total", "M_FORBIDDEN"] == 1
    assert found["appservice_refused_requests_total", "M_UNKNOWN"] == 1
    assert found[("appservice_transaction_seconds_count",)] == 2
    assert abs(found[("appservice_last_transaction_timestamp_seconds",)] - time.time()) < 60


async def test_queues_are_looked_at_when_asked() -> None:
    waiting = 7

    async def snapshot() -> Mapping[str, Queue]:
        return {"inbox": Queue(waiting, 1.5), "outbox": Queue(0, 0.0, dead=2)}

    async with Server(ANY_PORT, TOKEN, RecordingInbox(), metrics=Metrics(snapshot)) as server:
        found = await scrape(server)
        waiting = 8
        later = await scrape(server)
    assert found["appservice_queue_waiting", "inbox"] == 7
    assert found["appservice_queue_oldest_seconds", "inbox"] == 1.5
    assert found["appservice_queue_dead_letters", "outbox"] == 2
    assert found[("appservice_queue_snapshot_ok",)] == 1
    assert later["appservice_queue_waiting", "inbox"] == 8


@pytest.mark.parametrize("hangs", [True, False])
async def test_the_rest_is_told_when_the_queues_cannot_be_looked_at(hangs: bool, monkeypatch) -> None:
    monkeypatch.setattr("appservice.metrics._SNAPSHOT_SECONDS", 0.05)

    async def snapshot() -> Mapping[str, Queue]:
        if hangs:
            await asyncio.sleep(60)
        raise RuntimeError

    async with Server(ANY_PORT, TOKEN, RecordingInbox(), metrics=Metrics(snapshot)) as server:
        found = await scrape(server)
    assert found[("appservice_queue_snapshot_ok",)] == 0
    assert found["appservice_transactions_total", "accepted"] == 0


async def test_openmetrics_is_told_to_who_asks_for_it() -> None:
    async with Server(ANY_PORT, TOKEN, RecordingInbox(), metrics=Metrics()) as server:
        reply = await call(server, "GET", "/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"})
    assert reply.headers["content-type"].startswith("application/openmetrics-text")
    assert reply.body.endswith(b"# EOF\n")


async def test_metrics_may_be_on_an_address_of_their_own() -> None:
    async with Server(ANY_PORT, TOKEN, RecordingInbox(), metrics=Metrics(), metrics_address=ANY_PORT) as server:
        assert server.metrics_address != server.address
        assert (await call(server, "GET", "/metrics")).status == 404
        assert (await call(server, "GET", "/metrics", address=server.metrics_address)).status == 200
        for address in (server.address, server.metrics_address):
            assert (await call(server, "GET", "/live", address=address)).status == 200
            assert (await call(server, "GET", "/ready", address=address)).status == 200
        reply = await call(server, "PUT", "/transactions/1", {"events": []}, address=server.metrics_address)
        assert (reply.status, reply.errcode) == (404, "M_UNRECOGNIZED")


async def test_two_services_in_one_process_do_not_share_metrics() -> None:
    first, second = Metrics(), Metrics()
    first.transaction_failed()
    assert b'appservice_transactions_total{result="failed"} 1.0' in (await first.render())[0]
    assert b'appservice_transactions_total{result="failed"} 0.0' in (await second.render())[0]
