"""Time passes in clusters: who has long said nothing finds his locked, then over. One timer each, set anew when it goes
off, so that nothing is written because somebody speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from mautrix.types import RoomID

from appservice.bots import Button, Voice
from appservice.language import N_, _
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.clusters import store, talk
from laiwang_bridge.clusters.ages import DAY_MS, GRACE_MS, Step, next_step
from laiwang_bridge.clusters.lifecycle import Lifecycles
from laiwang_bridge.clusters.rules import ClusterId, Lifecycle
from laiwang_bridge.clusters.store import Named

_DUE = "clusters.age"
_LATE_MS, _CATCH_UP_MS = 7_200_000, 600_000


class Ageing:
    """Ends clusters in which nobody has spoken for `idle_days`, and those whose hour has come.

    `speak` makes the bot speak in a room. The buttons below what it says are introduced by `buttons_do`.
    """

    def __init__(self, lifecycles: Lifecycles, speak: Callable[[Unit, RoomID], Voice], *, idle_days: int) -> None:
        self._lifecycles = lifecycles
        self._speak = speak
        self._idle_ms = idle_days * DAY_MS
        self._reopening: Button | None = None
        self._saving: Button | None = None
        lifecycles.listeners.append(self.watch)

    def buttons_do(self, reopening: Button, saving: Button) -> None:
        self._reopening = reopening
        self._saving = saving

    def add_to(self, routes: Routes) -> None:
        routes.on_timer(_DUE, self._due)

    def opened(self, unit: Unit, id: ClusterId) -> None:
        """The room of a cluster is there."""
        named = store.find(unit.connection, id)
        if named is not None:
            self.watch(unit, named)

    def watch(self, unit: Unit, named: Named) -> None:
        """Something that its age depends on has changed: wait for what comes next."""
        step = self._next(unit, named)
        if step is None:
            unit.cancel(_timer(named.id))
        else:
            self._wait(unit, named, step.at)

    def _next(self, unit: Unit, named: Named) -> Step | None:
        last_word = talk.last_word(unit.connection, named.id) or named.rules.created_at
        return next_step(named.rules.lifecycle, named.life, last_word, self._idle_ms)

    def _wait(self, unit: Unit, named: Named, until: int, *, caught_up: bool = False) -> None:
        key = _timer(named.id)
        unit.at(until, _DUE, key=key, lane=key, context={"cluster": named.id, "caught_up": caught_up})

    def _due(self, unit: Unit, context: Mapping[str, Any]) -> None:
        named = store.find(unit.connection, ClusterId(context["cluster"]))
        step = self._next(unit, named) if named is not None else None
        if named is None or step is None:
            return
        if step.at > unit.now:
            self._wait(unit, named, step.at)
        elif unit.now - step.at > _LATE_MS and not context["caught_up"]:
            # We were away: first hear what was said meanwhile.
            self._wait(unit, named, unit.now + _CATCH_UP_MS, caught_up=True)
        else:
            self._end(unit, named, step)

    def _end(self, unit: Unit, named: Named, step: Step) -> None:
        room = named.room_id
        assert room is not None
        has_ended = named.life.ends_at is not None and named.life.ends_at <= unit.now
        before = named.rules.lifecycle
        named = replace(named, life=replace(named.life, ends_at=None))
        self._lifecycles.change(unit, named, step.to, reopens_as=before if step.to is Lifecycle.LOCKED else None)
        voice = self._speak(unit, room)
        if step.to is Lifecycle.ARCHIVED:
            voice.send(
                _("This cluster is over; nobody new sees it. What was said stays, and whoever was inside can save it."),
                buttons=[self._saving] if self._saving else (),
            )
            return
        days = GRACE_MS // DAY_MS
        again = N_(
            "Whoever is inside opens it again within {count} day: by 🔓 below, or by “{line}” to {bot} in private.",
            "Whoever is inside opens it again within {count} days: by 🔓 below, or by “{line}” to {bot} in private.",
        )
        why = _("Its time has come.") if has_ended else N_(
            "Nobody has written here for {count} day.", "Nobody has written here for {count} days."
        )  # fmt: skip
        idle_days = self._idle_ms // DAY_MS
        voice.send(
            _("{why} This cluster can be read now, and no more. {again}"),
            why=voice.say(why, count=idle_days),
            again=voice.say(again, count=days, line=_typed(voice, self._reopening), bot=voice.bot.user_id),
            buttons=[self._reopening] if self._reopening else (),
        )


def _typed(voice: Voice, button: Button | None) -> str:
    return voice.line(button.deed.handler) if button is not None else ""


def _timer(id: ClusterId) -> str:
    return f"age:{id}"
