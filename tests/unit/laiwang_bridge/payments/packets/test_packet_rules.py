"""What a red packet may be, and who may do what with it."""

from __future__ import annotations

import pytest

from laiwang_bridge.payments.packets.rules import (
    SHOWN_EVERY_MS,
    Flaw,
    Reply,
    Showing,
    State,
    flaw,
    luckiest,
    may_withdraw,
    reply,
    showing,
)


@pytest.mark.parametrize(
    ("total", "parts", "people", "wrong"),
    [
        (100, 10, None, None),
        (100, 100, None, None),
        (1000, 101, None, Flaw.TOO_MANY_PARTS),
        (100, 0, None, Flaw.NO_PARTS),
        (9, 10, None, Flaw.TOO_LITTLE),
        (-5, 1, None, Flaw.TOO_LITTLE),
        (5000, 10, None, None),
        (5001, 10, None, Flaw.TOO_MUCH),
        (100, 2, 2, None),
        (100, 3, 2, Flaw.MORE_PARTS_THAN_PEOPLE),
    ],
)
def test_there_are_limits(total: int, parts: int, people: int | None, wrong: Flaw | None) -> None:
    assert flaw(total, parts, most=5000, people=people) is wrong


def test_who_reaches_for_a_packet_gets_a_part_or_the_first_reason_why_not() -> None:
    def ask(state: State, *, has_one: bool = False, is_meant: bool = True, now: int = 0) -> Reply:
        return reply(state, has_one=has_one, is_meant=is_meant, now=now, ends_at=100)

    assert ask(State.OPEN) is Reply.TAKES
    assert ask(State.OPEN, now=99) is Reply.TAKES
    assert ask(State.OPEN, now=100) is Reply.TOO_LATE
    assert ask(State.OPEN, has_one=True) is Reply.HAS_ONE
    assert ask(State.EMPTY, has_one=True) is Reply.HAS_ONE
    assert ask(State.OPEN, is_meant=False) is Reply.NOT_MEANT
    assert {ask(state) for state in State if state is not State.OPEN} == {Reply.TOO_LATE}


def test_it_can_be_taken_back_until_somebody_has_a_part() -> None:
    assert may_withdraw(State.OPEN, 0)
    assert not may_withdraw(State.OPEN, 1)
    assert not may_withdraw(State.EXPIRED, 0)


def test_the_luckiest_is_the_first_with_the_most() -> None:
    assert luckiest([3, 9, 9, 1]) == 1
    assert luckiest([5, 5]) is None
    assert luckiest([5]) is None
    assert luckiest([]) is None


def test_a_card_changes_at_once_or_with_what_else_changes_in_these_moments() -> None:
    assert showing(State.OPEN, 0, None, SHOWN_EVERY_MS) == Showing(now=True)
    assert showing(State.OPEN, 1000, None, 1001) == Showing(at=1000 + SHOWN_EVERY_MS)
    assert showing(State.OPEN, 1000, 1000 + SHOWN_EVERY_MS, 1002) == Showing()
    assert showing(State.EMPTY, 1000, 3000, 1002) == Showing(now=True)
