"""Counting wrong codes, so that nobody finds a right one by trying."""

from __future__ import annotations

from appservice.bots import Context
from appservice.rooms import server_name
from laiwang_bridge import rates
from laiwang_bridge.people import store
from laiwang_bridge.people.codes import GUESSES_PER_PERSON, GUESSES_PER_SERVER


def guesses_too_much(context: Context) -> bool:
    """Whether somebody, or his whole homeserver, has to wait before typing another code."""
    return any(
        rates.wait(limit, store.guesses_drain_at(context.connection, who), context.now) > 0
        for limit, who in _buckets(context)
    )


def count_guess(context: Context) -> None:
    for limit, who in _buckets(context):
        drains_at = store.guesses_drain_at(context.connection, who)
        store.note_guess(context.connection, who, rates.pour(limit, drains_at, context.now))


def _buckets(context: Context) -> list[tuple[rates.Limit, str]]:
    """Known by their marks, so that asking to be forgotten gives nobody new guesses."""
    person = store.mark_of(context.connection, context.sender)
    return [(GUESSES_PER_PERSON, f"person:{person}"), (GUESSES_PER_SERVER, f"server:{server_name(context.sender)}")]
