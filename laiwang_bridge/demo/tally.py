"""Whether what people find in their rooms is what has to be there: nothing missing, and nothing twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from laiwang_bridge.demo.timeline import Seen


class Tally:
    """Collects what has to be in each room while the story goes on, and compares it with what a client found."""

    def __init__(self) -> None:
        self._messages: dict[str, dict[str, str]] = defaultdict(dict)
        self._steps: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))

    @property
    def rooms(self) -> list[str]:
        return list(self._messages)

    def message(self, room: str, event_id: str, text: str) -> None:
        """One message that somebody sent or saw."""
        self._messages[room][event_id] = text

    def knows(self, room: str, event_id: str) -> bool:
        return event_id in self._messages[room]

    def member(self, room: str, user_id: str, *memberships: str) -> None:
        """What happens to somebody in a room, each once and in this order: invite, join, knock, leave."""
        self._steps[room][user_id].extend(memberships)

    def count(self, room: str) -> int:
        """How many messages and comings and goings there have to be."""
        return len(self._messages[room]) + sum(map(len, self._steps[room].values()))

    def differences(self, room: str, found: Sequence[Seen]) -> list[str]:
        """What is missing and what is too much in a room as a client found it, as sentences."""
        return [*self._of_messages(room, found), *self._of_members(room, found), *_repeated(found)]

    def _of_messages(self, room: str, found: Sequence[Seen]) -> Iterable[str]:
        expected = self._messages[room]
        times = Counter(seen.event_id for seen in found)
        for event_id, text in expected.items():
            if times[event_id] != 1:
                yield f"{times[event_id]} times instead of once: {_short(text)}"
        for seen in found:
            if seen.kind == "m.room.message" and seen.replaces is None and seen.event_id not in expected:
                yield f"once too often, from {seen.sender}: {_short(seen.text)}"

    def _of_members(self, room: str, found: Sequence[Seen]) -> Iterable[str]:
        expected, steps = self._steps[room], _steps(found)
        for user_id in {**expected, **steps}:
            if steps.get(user_id, []) != expected.get(user_id, []):
                yield f"{user_id}: {_listed(steps.get(user_id))} instead of {_listed(expected.get(user_id))}"


def _steps(found: Iterable[Seen]) -> dict[str, list[str]]:
    """The memberships of everybody in order. A new name or picture is no step."""
    steps: dict[str, list[str]] = defaultdict(list)
    profiles: dict[str, tuple[object, object]] = {}
    for seen in found:
        if seen.kind != "m.room.member" or seen.state_key is None:
            continue
        user_id, membership = seen.state_key, str(seen.content.get("membership"))
        profile = (seen.content.get("displayname"), seen.content.get("avatar_url"))
        if steps[user_id][-1:] != [membership] or profiles[user_id] == profile:
            steps[user_id].append(membership)
        profiles[user_id] = profile
    return steps


def _repeated(found: Iterable[Seen]) -> Iterable[str]:
    """Changes of a message and reactions that somebody sent more than once."""
    times = Counter(
        (seen.sender, seen.replaces or seen.reacts_to, seen.text or seen.reaction)
        for seen in found
        if seen.replaces or seen.reacts_to
    )
    for (sender, _target, text), count in times.items():
        if count > 1:
            yield f"{count} times the same from {sender}: {_short(text or '')}"


def _listed(memberships: Sequence[str] | None) -> str:
    return ", ".join(memberships or ()) or "nothing"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79] + "…"
