"""The messages in which clusters are shown to people, and how these stay true.

A page is one message of the bot in somebody's chat. It shows one cluster with buttons (a card), or several, a line
each: the daily digest, and the answer to whoever asks what his friends talk about. A page is changed when what it says
is true no more; that there is more to say can wait.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from appservice.bots import Button, Context, Voice
from appservice.content import Rich, code, lines
from appservice.effects import EffectKey
from appservice.language import N_, _
from appservice.prepared import together
from appservice.unit import Unit
from laiwang_bridge.clusters import card_store, sight, stay_store, store
from laiwang_bridge.clusters.card_store import Card, CardState, Line
from laiwang_bridge.clusters.faces import Buttons, Face, Friend, alone, face, own_face, row, state_of
from laiwang_bridge.clusters.feed import Seen
from laiwang_bridge.clusters.rules import ClusterId
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.people.digests import Digests
from laiwang_bridge.people.mail import Mail, is_here
from laiwang_bridge.people.names import Names
from laiwang_bridge.people.rules import PersonId

_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Entry:
    """A cluster as it stands on a page."""

    named: Named
    card: Card
    face: Face
    is_new: bool = False
    """Whether its card was made for this page."""


class Pages:
    """Shows clusters to people. The commands behind the buttons are introduced by `buttons_do`; `digests` knows by
    which clock people live."""

    def __init__(self, names: Names, mail: Mail, digests: Digests) -> None:
        self._names = names
        self._mail = mail
        self._digests = digests
        self._commands: Buttons | None = None

    def buttons_do(self, commands: Buttons) -> None:
        self._commands = commands

    def bring(self, unit: Unit, person: PersonId, some: Sequence[Seen], *, more: int = 0) -> bool:
        """Send somebody a page that he did not ask for, so that his phone rings; says whether he could be reached.

        `more` is how many clusters are left out.
        """
        voice = self._mail.to(unit, person)
        if voice is None:
            return False
        entries = self._entries(unit, person, some, card_store.highest_number(person).ask(unit.connection))
        rich, buttons = self._draw(voice, person, entries)
        if more:
            line = code(voice.line(self._buttons.list))
            rich = lines(
                rich, voice.say(N_("… and {count} more: {line}", "… and {count} more: {line}"), count=more, line=line)
            )
        self._written(unit, person, voice.send(rich, buttons=buttons, rings=True), entries, is_list=False)
        return True

    def answer(self, context: Context, person: PersonId, seen: Sequence[Seen], most: int) -> bool:
        """Answer somebody who asks what there is, in the place of what he was answered before: `most` clusters at most,
        those that he is in last. Says whether there is any."""
        own = (CardState.INSIDE,)
        inside, count, old, highest = together(
            context.connection,
            card_store.cards_of(person, own, most),
            card_store.count_cards(person, own),
            card_store.lists_of(person),
            card_store.highest_number(person),
        )
        if not seen and not inside:
            return False
        card_store.drop_lines(context.connection, person, old)
        for page in old:
            if is_here(context, page):
                context.edit(page, _("There is a newer list below."))
        shown = self._entries(context.unit, person, seen[:most], highest)
        entries = [*shown, *self._own_entries(context.unit, person, inside[: most - len(shown)])]
        rich, buttons = self._draw(context, person, entries)
        if more := len(seen) + count - len(entries):
            rich = lines(rich, context.say(N_("… and {count} more", "… and {count} more"), count=more))
        self._written(context.unit, person, context.reply(rich, buttons=buttons), entries, is_list=True)
        return True

    def put_right(self, unit: Unit, named: Named, now: Mapping[PersonId, tuple[Card, Face]]) -> None:
        """Edit the pages of these people where they say something else of a cluster than what is true `now`."""
        for person, some in card_store.lines_on(unit.connection, named.id, list(now)).items():
            card, face = now[person]
            true = (face.digest, face.in_a_row.digest)
            for page in [line.page for line in some if line.says not in true]:
                self._put_page_right(unit, page, Entry(named, card, face))

    def _put_page_right(self, unit: Unit, page: EffectKey, one: Entry) -> None:
        """Edit a page on which `one` stands, and maybe others."""
        person = one.card.person
        voice = self._mail.where(unit, person, page)
        if voice is None:
            return
        ids = [line.cluster for line in card_store.lines_of_page(unit.connection, person, page)]
        entries = [one] if len(ids) == 1 else self._standing(unit, person, ids)
        rich, buttons = self._draw(voice, person, entries)
        voice.edit(page, rich, buttons=buttons)
        card_store.note_said(unit.connection, person, page, _says(entries))

    # -- small things -----------------------------------------------------------------------------------------------

    @property
    def _buttons(self) -> Buttons:
        assert self._commands is not None
        return self._commands

    def _entries(self, unit: Unit, person: PersonId, some: Sequence[Seen], highest: int) -> list[Entry]:
        """Clusters that may be shown, each with its card; `highest` is the number of the person's last one."""
        ids = [seen.named.id for seen in some if seen.card is None]
        new = card_store.new_cards(person, ids, CardState.OFFERED, unit.now, after=highest, times_shown=1)
        card_store.put_cards(unit.connection, new.values())
        return [
            Entry(
                seen.named,
                seen.card or new[seen.named.id],
                face(seen.named, seen.view, CardState.OFFERED, messages=seen.messages),
                is_new=seen.card is None,
            )
            for seen in some
        ]

    def _own_entries(self, unit: Unit, person: PersonId, cards: Sequence[Card]) -> list[Entry]:
        """Clusters that somebody is in."""
        if not cards:
            return []
        found = store.find_many(unit.connection, [card.cluster for card in cards])
        stays = {stay.cluster: stay for stay in stay_store.stays_of(unit.connection, person)}
        return [Entry(found[card.cluster], card, own_face(stays.get(card.cluster))) for card in cards]

    def _standing(self, unit: Unit, person: PersonId, ids: Sequence[ClusterId]) -> list[Entry]:
        """The lines of a page, as they have to be now."""
        found = store.find_many(unit.connection, ids)
        views = sight.views_of(unit.connection, person, [named.rules for named in found.values()])
        cards = card_store.cards_among(person, ids).ask(unit.connection)
        entries = []
        for id in ids:
            state = state_of(found[id], views[id], cards[id])
            entries.append(Entry(found[id], cards[id], face(found[id], views[id], state or CardState.GONE)))
        return entries

    def _draw(self, voice: Voice, person: PersonId, entries: Sequence[Entry]) -> tuple[Rich, list[Button]]:
        friends = self._friends(voice.connection, person, entries)
        has_hour = any(one.face.ends_at is not None for one in entries)
        zone = self._digests.hours_of(voice.connection, person).zone if has_hour else _UTC
        if len(entries) == 1:
            [one] = entries
            return alone(voice, one.named, one.face, one.card.number, friends(one), self._buttons, zone)
        drawn = [row(voice, one.named, one.face, one.card.number, friends(one), self._buttons, zone) for one in entries]
        return lines(*drawn), []

    def _friends(
        self, connection: Connection, person: PersonId, entries: Sequence[Entry]
    ) -> Callable[[Entry], list[Friend]]:
        persons = {friend for entry in entries for friend in entry.face.friends}
        known = self._names.known_to(connection, person, persons)
        return lambda entry: [Friend(known[one].user, known[one].name) for one in entry.face.friends]

    def _written(
        self, unit: Unit, person: PersonId, page: EffectKey, entries: Sequence[Entry], *, is_list: bool
    ) -> None:
        says = _says(entries)
        rows = [
            Line(person, page, entry.named.id, place, is_list, says[entry.named.id])
            for place, entry in enumerate(entries)
        ]
        card_store.add_lines(unit.connection, rows)
        card_store.note_shown(unit.connection, person, [e.named.id for e in entries if not e.is_new], unit.now)


def _says(entries: Sequence[Entry]) -> dict[ClusterId, str]:
    if len(entries) == 1:
        return {entry.named.id: entry.face.digest for entry in entries}
    return {entry.named.id: entry.face.in_a_row.digest for entry in entries}
