"""What is pinned in a cluster: what it began with, always first, and what its hosts put behind it."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from mautrix.types import EventID, RoomID
from sqlalchemy import Column, Connection, LargeBinary, Table, select

from appservice.bots import Context, Router, UserError
from appservice.database import metadata
from appservice.effects import Answer, ReadEvent, SendMessage, SetState
from appservice.events import Event
from appservice.language import _
from appservice.routes import Routes
from appservice.sql import upsert
from appservice.unit import Unit
from laiwang_bridge.clusters import seeds, store
from laiwang_bridge.clusters.choosing import Choice
from laiwang_bridge.clusters.rules import ClusterId
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.clusters.surroundings import Surroundings
from laiwang_bridge.clusters.tables import column_of_cluster

PINNED = "m.room.pinned_events"
MOST_PINS = 50

_SEED_READ, _SEEDED = "clusters.seed_carried", "clusters.seeded_again"

pins = Table("cluster_pins", metadata, column_of_cluster("cluster", primary_key=True), Column("events", LargeBinary))


class Pins:
    """The commands `pin` and `unpin`. What is pinned without them counts as well."""

    def __init__(self, prefixes: tuple[str, ...], around: Surroundings, choice: Choice) -> None:
        self._around = around
        self._choice = choice
        self.router = router = Router("pins", prefixes, title=_("The life of a cluster"))
        command, group = router.command, _("For hosts")
        command("pin", "置顶", help=_("Pin the message that you reply to"), group=group, where="room")(self.pin)
        command("unpin", "取消置顶", help=_("Pin it no more"), group=group, where="room")(self.unpin)

    def add_to(self, routes: Routes) -> None:
        routes.on_event(PINNED, self.on_pinned)
        routes.on_answer(_SEED_READ, self._seed_read)
        routes.on_answer(_SEEDED, self._seeded)

    def pin(self, context: Context) -> None:
        named, target = self._meant(context)
        pinned = pinned_in(context.connection, named.id)
        if target in pinned:
            raise UserError(_("That is pinned already."))
        if len(pinned) >= MOST_PINS:
            raise UserError(_("So much is pinned here that nobody would look through more. Unpin something first."))
        self._set(context.unit, named, [*pinned, target])
        context.agree("📌")

    def unpin(self, context: Context) -> None:
        named, target = self._meant(context)
        pinned = pinned_in(context.connection, named.id)
        if target not in pinned:
            raise UserError(_("That is not pinned."))
        if target == named.seed:
            raise UserError(_("What the cluster began with stays pinned."))
        self._set(context.unit, named, [event for event in pinned if event != target])
        context.agree()

    def _meant(self, context: Context) -> tuple[Named, EventID]:
        named = self._choice.hosted(context, None)
        if context.replied_to is None:
            raise UserError(_("Reply to the message that you mean."))
        return named, context.replied_to

    def on_pinned(self, unit: Unit, event: Event) -> None:
        named = store.in_room(unit.connection, event.room_id) if event.state_key == "" else None
        if named is None:
            return
        listed = event.content.get("pinned")
        events = [str(one) for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
        _note(unit.connection, named.id, events[: 2 * MOST_PINS])

    def _set(self, unit: Unit, named: Named, events: Sequence[str]) -> None:
        """The seed first, whatever else is pinned."""
        assert named.room_id is not None
        first = [named.seed] if named.seed is not None else []
        pinned = [*first, *(event for event in events if event != named.seed)]
        _note(unit.connection, named.id, pinned)
        effect = SetState(sender=self._around.bot, room=named.room_id, type=PINNED, content={"pinned": pinned})
        unit.emit(effect)

    # -- into another room ------------------------------------------------------------------------------------------

    def moved(self, unit: Unit, named: Named, old: RoomID) -> None:
        """The cluster goes on in another room: begin that with the same message, and link to what else was pinned."""
        if named.seed is not None:
            unit.emit(
                ReadEvent(sender=self._around.bot, room=old, target=named.seed),
                notify=_SEED_READ,
                context={"cluster": named.id, "old": old},
            )

    def _seed_read(self, unit: Unit, answer: Answer) -> None:
        named = store.find(unit.connection, ClusterId(answer.context["cluster"]))
        if named is None or named.room_id is None:
            return
        seed = seeds.of_event(answer.state[0]) if answer.state else None
        content = seed.content if isinstance(seed, seeds.Seed) else seeds.of_text(named.title).content
        unit.emit(
            SendMessage(sender=self._around.bot, room=named.room_id, content=content),
            notify=_SEEDED,
            context=answer.context,
        )
        further = [event for event in pinned_in(unit.connection, named.id) if event != named.seed]
        if further:
            links = "\n".join(_link(answer.context["old"], event) for event in further)
            voice = self._around.speak(unit, named.room_id)
            voice.send(_("Pinned in the room before this one:\n{links}"), links=links)

    def _seeded(self, unit: Unit, answer: Answer) -> None:
        named = store.find(unit.connection, ClusterId(answer.context["cluster"]))
        if named is None or answer.event_id is None:
            return
        store.note_seed(unit.connection, named.id, answer.event_id)
        after = store.find(unit.connection, named.id)
        assert after is not None
        self._set(unit, after, [])
        self._around.lifecycles.describe(unit, after)


def pinned_in(connection: Connection, id: ClusterId) -> list[str]:
    """What is pinned in a cluster, the first first."""
    found = connection.execute(select(pins.c.events).where(pins.c.cluster == id)).scalar()
    return list(orjson.loads(found)) if found else []


def _note(connection: Connection, id: ClusterId, events: Sequence[str]) -> None:
    upsert(connection, pins, {"cluster": id, "events": orjson.dumps(list(events))})


def _link(room: RoomID, event: str) -> str:
    return f"https://matrix.to/#/{room}/{event}"
