"""What the hosts of a cluster are told of unasked: that it is full, and that it grows faster than talk can follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mautrix.types import UserID

from appservice.bots import Context, button
from appservice.language import Message, _
from appservice.unit import Unit
from laiwang_bridge.clusters import card_store, growth, numbers, store
from laiwang_bridge.clusters.ages import Life
from laiwang_bridge.clusters.choosing import HOST_POWER
from laiwang_bridge.clusters.reach import Mode
from laiwang_bridge.clusters.rules import Cluster, Lifecycle
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.clusters.surroundings import Surroundings
from laiwang_bridge.people import store as people

_DAY_MS = 86_400_000
_MOST_HOSTS = 10

Command = Callable[[Context, int | None], None]


class Watch:
    """Looks at a cluster when its seats change. The commands behind its buttons are introduced by `buttons_do`."""

    def __init__(self, around: Surroundings) -> None:
        self._rooms = around.rooms
        self._mail = around.mail
        self._is_ours = around.is_ours
        self._lifecycles = around.lifecycles
        self._bud: Command | None = None
        self._seal: Command | None = None

    def buttons_do(self, bud: Command, seal: Command) -> None:
        self._bud = bud
        self._seal = seal

    def hosts_of(self, unit: Unit, named: Named) -> list[UserID]:
        """Who inside has the power of a host."""
        if named.room_id is None:
            return []
        room, connection = named.room_id, unit.connection
        people = [user for user in sorted(self._rooms.members(connection, room)) if not self._is_ours(user)]
        levels = self._rooms.levels(connection, room) or {}
        listed = levels.get("users")
        if levels.get("users_default", 0) == 0 and isinstance(listed, dict):
            people = [user for user in people if user in listed]
        return [user for user in people if self._rooms.power_of(connection, room, user) >= HOST_POWER][:_MOST_HOSTS]

    def seats_changed(self, unit: Unit, named: Named) -> None:
        if named.rules.lifecycle is not Lifecycle.OPEN:
            return
        if named.rules.full and not named.life.told_full:
            named = self._note(unit, named, replace(named.life, told_full=True))
            sentence = _(
                "“**{title}**” is full: {cap} people have a seat. You can let it have more, or begin a second one with "
                "the same topic for those who come too late."
            )
            self._tell(unit, named, sentence, "🌱", _("a second one"), self._bud)
        if named.rules.reach.mode is Mode.OPEN and _is_at_the_limit(named.rules):
            self._lifecycles.describe(unit, named)  # whether people come in unasked
        counted = numbers.numbers_of(unit.connection, named.id, unit.now) if named.let_in >= growth.FLOOD else None
        if counted is None or not growth.grows_fast(counted.sponsored, counted.loud):
            return
        known = named.life.fast_at
        named = self._note(unit, named, replace(named.life, fast_at=unit.now))
        if known is None or unit.now - known > _DAY_MS:
            sentence = _(
                "“**{title}**” grows fast: {count} people have come through friends within an hour. From now on they "
                "come in more slowly. You can also seal it: the talk goes on, and it spreads no further."
            )
            self._tell(unit, named, sentence, "🔒", _("seal it"), self._seal, count=counted.sponsored)

    def _note(self, unit: Unit, named: Named, life: Life) -> Named:
        store.set_life(unit.connection, named.id, life)
        return replace(named, life=life)

    def _tell(
        self,
        unit: Unit,
        named: Named,
        sentence: Message,
        emoji: str,
        label: Message,
        command: Command | None,
        count: int | None = None,
    ) -> None:
        for user in self.hosts_of(unit, named):
            voice = self._mail.to_user(unit, user)
            if voice is None:
                continue
            person = people.find_person(unit.connection, user)
            card = card_store.find_card(unit.connection, person, named.id) if person else None
            buttons = [button(emoji, label, command, card.number)] if command and card else []
            voice.send(sentence, buttons=buttons, title=named.title, cap=named.rules.cap, count=count)


def _is_at_the_limit(cluster: Cluster) -> bool:
    """Whether it may have become full just now, or a seat in it free."""
    return cluster.cap is not None and cluster.seats_taken >= cluster.cap - 1
