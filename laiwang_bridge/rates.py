"""Leaky buckets as pure functions on integers.

A bucket is remembered as one number, `drains_at`: the time in milliseconds at which it will be empty (0 for a bucket
never used). That is the generic cell rate algorithm, and it fits one column of a table.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """`burst` at once from an empty bucket; after that one every `every_ms` milliseconds."""

    burst: int
    every_ms: int

    def __post_init__(self) -> None:
        if self.burst < 1 or self.every_ms < 1:
            raise ValueError("a limit needs a burst and an interval of at least 1")


def wait(limit: Limit, drains_at: int, now: int) -> int:
    """How many milliseconds to wait before the next one fits; 0 means that it fits now."""
    return max(0, drains_at - now - (limit.burst - 1) * limit.every_ms)


def room(limit: Limit, drains_at: int, now: int) -> int:
    """How many more fit now."""
    level = max(0, drains_at - now)
    return max(0, limit.burst + -level // limit.every_ms)


def pour(limit: Limit, drains_at: int, now: int, count: int = 1) -> int:
    """The new `drains_at` after so many more went in."""
    return max(drains_at, now) + count * limit.every_ms
