"""Host passes: a code by which somebody is let into a cluster whom its reach alone would not let in.

A pass stands for what its host could do by hand, inviting one person; whoever types it need not be known to the host.
Everything else that keeps people out holds. A pass that lets nobody in, whatever the cause, looks like a code that
there never was, and counts as a guess like one.
"""

from __future__ import annotations

from appservice.bots import Context
from appservice.language import _
from appservice.unit import Unit
from laiwang_bridge.clusters import pass_store, stay_store, store
from laiwang_bridge.clusters.doors import Doors, Entry
from laiwang_bridge.clusters.pass_store import Pass, PassState
from laiwang_bridge.clusters.rules import ClusterId
from laiwang_bridge.people import request_store
from laiwang_bridge.people import store as people
from laiwang_bridge.people.codes import CODE_BITS
from laiwang_bridge.people.guesses import guesses_too_much
from laiwang_bridge.people.names import who_asks
from laiwang_bridge.people.rules import PersonId

LIFETIME_MS = 24 * 3_600_000
MOST_OPEN = 20


class Passes:
    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def new(self, unit: Unit, id: ClusterId, host: PersonId) -> Pass | None:
        """A pass for one person more; None if too many of this cluster are open."""
        connection = unit.connection
        if pass_store.count_open(connection, id, unit.now) >= MOST_OPEN:
            return None
        for attempt in range(8):
            value = unit.random_bits(f"pass/{attempt}", CODE_BITS)
            if pass_store.find_pass(connection, value) is None and request_store.find_code(connection, value) is None:
                made = Pass(value, id, host, unit.now, unit.now + LIFETIME_MS)
                pass_store.add_pass(connection, made)
                return made
        raise RuntimeError("no free code was found in eight tries")

    def take(self, context: Context, value: int) -> bool:
        """Take a code that somebody typed, if it is a pass that lets him in now."""
        connection = context.connection
        found = pass_store.find_pass(connection, value)
        if found is None or guesses_too_much(context):
            return False
        me = who_asks(context)
        named = store.find(connection, found.cluster)
        tie = people.tie(connection, me, found.host)
        if named is None or tie.i_blocked or tie.blocked_me or not found.opens_for(me, context.now):
            return False
        stay = stay_store.find_stay(connection, named.id, me)
        if stay is not None and stay.inside:
            context.reply(_("You are inside already."))
            return True
        pass_store.take_pass(connection, value, me)
        entry = self._doors.let_in(context.unit, named, context.sender)
        if entry is Entry.REFUSED:
            if found.state is PassState.OPEN:
                pass_store.give_back(connection, value)
            return False
        context.reply(entry.sentence, title=named.title)
        return True
