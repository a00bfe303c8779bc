"""Finding rails: those that come along and those of other packages, all by entry points."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points

from laiwang_bridge.payments.rails import Rail

log = logging.getLogger(__name__)

GROUP = "laiwang_bridge.rails"

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")


def installed() -> tuple[EntryPoint, ...]:
    """The entry points of all installed packages, ours first, so that no other takes the name of one of them."""
    found = entry_points(group=GROUP)
    return tuple(sorted(found, key=lambda point: (not point.value.startswith("laiwang_bridge."), point.name)))


def find_rails() -> Mapping[str, Rail]:
    """All rails of this installation."""
    return load(installed())


def load(points: Iterable[EntryPoint]) -> Mapping[str, Rail]:
    """The rails by name. One that cannot be loaded costs nobody but itself: the log says which and why."""
    rails: dict[str, Rail] = {}
    for point in points:
        try:
            rail: Rail = point.load()()
            _check(rail, point)
        except Exception as error:  # whatever somebody else's code does
            log.error("the rail %r (%s) is left out: %s: %s", point.name, point.value, type(error).__name__, error)
            continue
        if rail.name in rails:
            log.error("the rail %r (%s) is left out: there is one of this name", point.name, point.value)
            continue
        rails[rail.name] = rail
    if not rails:
        log.error("no rails were found; install the package laiwang-bridge, so that its entry points are known")
    return rails


def _check(rail: Rail, point: EntryPoint) -> None:
    """Raise `TypeError` for what is no rail."""
    if rail.name != point.name or not _NAME.fullmatch(rail.name):
        raise TypeError(f"it calls itself {rail.name!r}")
    for name in ("title", "currencies", "example"):
        getattr(rail, name)
    if not (callable(rail.check) and callable(rail.offer)):
        raise TypeError("it cannot check or offer")
