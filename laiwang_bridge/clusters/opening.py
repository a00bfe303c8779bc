"""Opening a cluster: from what somebody agreed to, to a room with its seed in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from mautrix.types import EventID, RoomID, UserID

from appservice.effects import Answer, ReadEvent, RoomOf, SendMessage, SetState
from appservice.events import Content
from appservice.language import Message
from appservice.rooms import Rooms
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.clusters import rules, seeds, stay_store, store
from laiwang_bridge.clusters.links import new_alias
from laiwang_bridge.clusters.reach import Reach, default_cap, has_porch
from laiwang_bridge.clusters.room import CLUSTER_STATE, creation, description
from laiwang_bridge.clusters.rules import Cluster, ClusterId, Lifecycle
from laiwang_bridge.clusters.seeds import Kind
from laiwang_bridge.clusters.store import NOBODY
from laiwang_bridge.people.mail import Mail
from laiwang_bridge.people.rules import Exposure, PersonId

_SEED_READ, _OPENED, _SEEDED = "clusters.seed_read", "clusters.opened", "clusters.seeded"

Opened = Callable[[Unit, ClusterId], None]


@dataclass(frozen=True, slots=True)
class SeedEvent:
    """A message that becomes a seed. With a `caption`, those are its words from then on."""

    room: RoomID
    event: EventID
    caption: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A cluster that is to be opened. `host` is the Matrix id with which the initiator comes in, `named` are those for
    whom a closed one is, and `exposure` is how the initiator is in it."""

    initiator: PersonId
    host: UserID
    title: str
    kind: Kind
    reach: Reach
    named: frozenset[PersonId] = field(default=frozenset(), repr=False)
    exposure: Exposure = Exposure.LOUD


class Opening:
    """Makes clusters. `bot` is the host of every room; the aliases of the rooms begin with `alias_prefix`.

    `opened`, the first of the `listeners`, is told when the room of a cluster is there.
    """

    def __init__(
        self,
        rooms: Rooms,
        mail: Mail,
        bot: UserID,
        opened: Opened,
        *,
        alias_prefix: str,
        cap: int,
    ) -> None:
        self._rooms = rooms
        self._mail = mail
        self._bot = bot
        self.listeners = [opened]
        self._alias_prefix = alias_prefix
        self._cap = cap

    def add_to(self, routes: Routes) -> None:
        routes.on_answer(_SEED_READ, self._seed_read)
        routes.on_answer(_OPENED, self._opened)
        routes.on_answer(_SEEDED, self._seeded)

    def open(self, unit: Unit, plan: Plan, seed: Content | SeedEvent) -> ClusterId:
        """Open a cluster that begins with this content, or with a message that its host may see."""
        limit = default_cap(plan.reach)
        new = Cluster(
            id=ClusterId(new_alias(unit, "cluster", self._alias_prefix)),
            initiator=plan.initiator,
            reach=plan.reach,
            cap=self._cap if limit is None else min(limit, self._cap),
            lifecycle=Lifecycle.OPENING,
            created_at=unit.now,
            seats_taken=0,
            named=plan.named,
        )
        store.add(unit.connection, new, plan.title, plan.kind)
        if has_porch(plan.reach):
            store.put_porch(unit.connection, new.id, new_alias(unit, "porch", self._alias_prefix))
        # Not inside yet; but whoever comes back is as loud or quiet as he was.
        stay_store.put_stay(unit.connection, rules.leave(rules.first_stay(new, plan.exposure), unit.now))
        if isinstance(seed, SeedEvent):
            unit.emit(
                ReadEvent(sender=self._bot, room=seed.room, target=seed.event, seen_by=plan.host),
                notify=_SEED_READ,
                context={"cluster": new.id, "host": plan.host, "caption": seed.caption},
            )
        else:
            self._create(unit, new, plan.title, plan.kind, plan.host, seed)
        return new.id

    def _seed_read(self, unit: Unit, answer: Answer) -> None:
        id, host = ClusterId(answer.context["cluster"]), UserID(answer.context["host"])
        named = store.find(unit.connection, id)
        if named is None or named.rules.lifecycle is not Lifecycle.OPENING:
            return
        seed = seeds.of_event(answer.state[0]) if answer.state else seeds.CANNOT_READ
        if isinstance(seed, Message) or named.rules.initiator == NOBODY:
            store.set_lifecycle(unit.connection, id, Lifecycle.ARCHIVED)
            if isinstance(seed, Message) and (voice := self._mail.to_user(unit, host)) is not None:
                voice.send(seeds.CANNOT_READ)
            return
        content = seeds.captioned(seed.content, answer.context["caption"])
        self._create(unit, named.rules, named.title, named.kind, host, content)

    def _create(self, unit: Unit, new: Cluster, title: str, kind: Kind, host: UserID, seed: Content) -> None:
        made = unit.emit(
            creation(new, title, kind, self._bot, host),
            notify=_OPENED,
            context={"cluster": new.id},
            asker=host,
        )
        unit.emit(
            SendMessage(sender=self._bot, room=RoomOf(made), content=seed),
            notify=_SEEDED,
            context={"cluster": new.id},
        )

    def _opened(self, unit: Unit, answer: Answer) -> None:
        id = ClusterId(answer.context["cluster"])
        if answer.room_id is None:
            store.set_lifecycle(unit.connection, id, Lifecycle.ARCHIVED)
            return
        self._rooms.created(unit.connection, answer.room_id, unit.now)
        store.open_room(unit.connection, id, answer.room_id)
        for tell in self.listeners:
            tell(unit, id)

    def _seeded(self, unit: Unit, answer: Answer) -> None:
        """The seed is there: pin it, and let the room say which one it is."""
        named = store.find(unit.connection, ClusterId(answer.context["cluster"]))
        if named is None or answer.room_id is None or answer.event_id is None:
            return
        store.note_seed(unit.connection, named.id, answer.event_id)
        contents = {
            "m.room.pinned_events": {"pinned": [answer.event_id]},
            CLUSTER_STATE: description(named.rules, named.title, named.kind, answer.event_id, named.life),
        }
        for type, content in contents.items():
            unit.emit(SetState(sender=self._bot, room=answer.room_id, type=type, content=content))
