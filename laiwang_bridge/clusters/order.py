"""When a cluster is closed because of reports, and who may post links in an open one.

Reports count by the branches they come from: three people who came in through one and the same friend may be up to
something together, three from two sides of the circle are not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from laiwang_bridge.people.rules import PersonId

REPORTERS, BRANCHES = 3, 2
"""So many different people, by so many different branches, close a cluster until its host or an operator has looked."""

_LINK = re.compile(
    r"(?i)\b[a-z][a-z0-9+.-]{1,15}://\S|\bwww\.\S|\b[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|cn|io|top|xyz|shop|info|cc|me)\b"
)

_PERSON = re.compile(r"(?i)(?:https?://matrix\.to/#/|matrix:)(?:@|%40|u/)[^\s\"'<>)]*")

Sponsors = Mapping[PersonId, Collection[PersonId]]
"""Through whom everybody who is or was inside came in; nobody for those who came by themselves."""


def branch(person: PersonId, sponsors: Sponsors, initiator: PersonId) -> PersonId:
    """The first, seen from the initiator, on the way by which somebody came in; he himself if he came by himself.

    Of several ways the one through the lowest ids counts, so that it is always the same.
    """
    seen = {person}
    while True:
        before = min((one for one in sponsors.get(person, ()) if one not in seen), default=None)
        if before is None or before == initiator:
            return person
        seen.add(before)
        person = before


def must_lock(reporters: Iterable[PersonId], sponsors: Sponsors, initiator: PersonId) -> bool:
    """Whether so many have reported something from so many sides that nobody may write for now."""
    different = set(reporters)
    branches = {branch(person, sponsors, initiator) for person in different}
    return len(different) >= REPORTERS and len(branches) >= BRANCHES


def has_link(text: str) -> bool:
    """Whether a text holds something that people follow to somewhere else. People and e-mail addresses are none."""
    text = _PERSON.sub(" ", text)
    return any(text[max(found.start() - 1, 0) : found.start()] not in ("@", ":") for found in _LINK.finditer(text))
