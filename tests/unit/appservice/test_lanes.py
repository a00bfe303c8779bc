"""Lanes: one step at a time in each, so many at once, and nothing kept of those that are idle."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections import defaultdict

import pytest

from appservice.lanes import Lanes
from tests.support.waiting import eventually


class Workshop:
    """Notes who works when; each lane works off what was put for it."""

    def __init__(self, at_once: int = 3) -> None:
        self.lanes = Lanes(self.serve, at_once=at_once)
        self.work: dict[str, list[float | None]] = defaultdict(list)
        self.done: list[str] = []
        self.busy = 0
        self.most = 0
        self._in: set[str] = set()

    def put(self, lane: str, *results: float | None) -> None:
        self.work[lane] += results
        self.lanes.wake(lane)

    async def serve(self, lane: str) -> float | None:
        assert lane not in self._in, "two at once in one lane"
        self._in.add(lane)
        self.busy += 1
        self.most = max(self.most, self.busy)
        try:
            await asyncio.sleep(0.001)
            self.done.append(lane)
            result = self.work[lane].pop(0) if self.work[lane] else None
            if result is not None and result < 0:
                raise RuntimeError("stumbled")
            return result
        finally:
            self._in.discard(lane)
            self.busy -= 1

    async def rest(self) -> None:
        await eventually(lambda: self.lanes.idle, seconds=5)


async def test_so_many_lanes_at_once_and_no_more() -> None:
    shop = Workshop(at_once=3)
    for number in range(20):
        shop.put(str(number))
    await shop.rest()
    assert shop.most == 3
    assert sorted(shop.done, key=int) == [str(number) for number in range(20)]


async def test_woken_while_it_works_it_looks_again_afterwards() -> None:
    shop = Workshop()
    shop.put("a")
    await asyncio.sleep(0)
    for _ in range(5):
        shop.lanes.wake("a")
    await shop.rest()
    assert shop.done == ["a", "a"]


async def test_woken_many_times_before_its_turn_it_works_once() -> None:
    shop = Workshop(at_once=1)
    shop.put("first")
    for _ in range(5):
        shop.lanes.wake("second")
    await shop.rest()
    assert shop.done == ["first", "second"]


async def test_a_lane_that_has_to_wait_comes_back_by_itself() -> None:
    shop = Workshop()
    shop.put("a", 0.05, None)
    await asyncio.sleep(0.03)
    assert shop.done == ["a"]
    assert not shop.lanes.idle
    await shop.rest()
    assert shop.done == ["a", "a"]


async def test_news_end_the_waiting() -> None:
    shop = Workshop()
    shop.put("a", 60.0, None)
    await asyncio.sleep(0.02)
    shop.lanes.wake("a")
    await shop.rest()
    assert shop.done == ["a", "a"]


async def test_a_lane_that_gives_way_goes_to_the_end_of_the_queue() -> None:
    shop = Workshop(at_once=1)
    shop.put("busy", 0, 0, None)
    shop.put("quiet")
    await shop.rest()
    assert shop.done.index("quiet") == 1
    assert shop.done.count("busy") == 3


async def test_a_step_that_stumbles_is_tried_again_and_harms_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appservice.lanes._AFTER_A_FAULT", 0.01)
    shop = Workshop(at_once=1)
    shop.put("a", -1.0, None)
    shop.put("b")
    await shop.rest()
    assert sorted(shop.done) == ["a", "a", "b"]


async def test_closed_nothing_begins_any_more() -> None:
    shop = Workshop(at_once=1)
    for lane in "abc":
        shop.put(lane, 60.0)
    await asyncio.sleep(0)
    await shop.lanes.close()
    shop.lanes.wake("d")
    await asyncio.sleep(0.02)
    assert shop.done == []
    assert shop.lanes.idle


async def test_a_hundred_thousand_lanes_cost_little_and_idle_ones_nothing() -> None:
    async def serve(lane: str) -> None:
        await asyncio.sleep(0)

    lanes = Lanes(serve, at_once=8)

    def wake(wave: int, number: int) -> None:
        for one in range(number):
            lanes.wake(f"!room-{wave}-{one}:localhost")

    tracemalloc.start()
    try:
        idle = []
        for wave in range(3):
            wake(wave, 2_000)
            await eventually(lambda: lanes.idle, seconds=60)
            idle.append(tracemalloc.get_traced_memory()[0])
        assert idle[2] < idle[0] + 20_000, "lanes that have had their turn leave nothing behind"
        wake(4, 100_000)
        assert tracemalloc.get_traced_memory()[0] < 25_000_000
    finally:
        tracemalloc.stop()
        await lanes.close()
