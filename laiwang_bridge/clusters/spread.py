"""How a cluster spreads: each person who may see it has one card, and the card always says how things stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from appservice.bots import Button, Context, Voice, button
from appservice.effects import EffectKey
from appservice.language import N_, Message, _
from appservice.unit import Unit
from laiwang_bridge.clusters import rules, store
from laiwang_bridge.clusters.cards import rounded_size
from laiwang_bridge.clusters.rules import ClusterId, Lifecycle, Recheck, View
from laiwang_bridge.clusters.store import Card, CardState, Named
from laiwang_bridge.people import store as people
from laiwang_bridge.people.mail import Mail
from laiwang_bridge.people.names import Names
from laiwang_bridge.people.rules import PersonId

JOIN, HIDE, QUIET = "👍", "🙈", "🤫"

_FRIENDS_SHOWN = 3

ByNumber = Callable[[Context, int | None], None]


class Spread:
    """Keeps the cards true. The commands behind the buttons are given by `buttons_do`."""

    def __init__(self, names: Names, mail: Mail) -> None:
        self._names = names
        self._mail = mail
        self._join: ByNumber | None = None
        self._hide: ByNumber | None = None
        self._quiet: ByNumber | None = None

    def buttons_do(self, *, join: ByNumber, hide: ByNumber, quiet: ByNumber) -> None:
        self._join, self._hide, self._quiet = join, hide, quiet

    def recheck(self, unit: Unit, id: ClusterId, change: Recheck) -> None:
        """Something changed: put right the cards of everybody whose sight of the cluster it can alter."""
        named = store.find(unit.connection, id)
        if named is None:
            return
        concerned = change.people(
            lambda person: people.friends_of(unit.connection, person),
            lambda: store.audience(unit.connection, id),
        )
        for person in sorted(concerned):
            self.update(unit, named, person)

    def tie_changed(self, unit: Unit, one: PersonId, another: PersonId) -> None:
        """Two persons became friends, stopped being friends, or one blocked the other."""
        concerned: set[ClusterId] = set()
        for person in (one, another):
            concerned |= {stay.cluster for stay in store.stays_of(unit.connection, person)}
            concerned |= {
                ClusterId(row.id)
                for row in store.started_by(unit.connection, person)
                if row.lifecycle == Lifecycle.OPEN
            }
        for id in sorted(concerned):
            self.recheck(unit, id, rules.after_tie(one, another))

    def update(self, unit: Unit, named: Named, person: PersonId) -> None:
        """Bring one person's card in line with what he may see now."""
        view = store.view(unit.connection, named.rules, person)
        card = store.find_card(unit.connection, person, named.id)
        state = _wanted(named, view, card)
        if card is None:
            if state is CardState.OFFERED:
                self._offer(unit, named, view)
            elif state is CardState.INSIDE:
                store.add_card(unit.connection, person, named.id, state, unit.now)
        elif state is not None and card.state is not state:
            self._change(unit, named, view, card, state)

    def _offer(self, unit: Unit, named: Named, view: View) -> None:
        voice = self._mail.to(unit, view.candidate)
        card = store.add_card(unit.connection, view.candidate, named.id, CardState.OFFERED, unit.now)
        if voice is not None:
            self._send(voice, named, view, card)

    def _send(self, voice: Voice, named: Named, view: View, card: Card) -> None:
        message, buttons = self._content(CardState.OFFERED, card)
        sent = voice.send(message, buttons=buttons, rings=True, **self._values(voice, named, view))
        room = voice.room if isinstance(voice.room, str) else None
        store.change_card(voice.connection, card, sent_as=sent, room_id=room)

    def _change(self, unit: Unit, named: Named, view: View, card: Card, state: CardState) -> None:
        store.change_card(unit.connection, card, state=state)
        voice = self._mail.to(unit, view.candidate)
        if voice is None:
            return
        if card.sent_as is None:
            if state is CardState.OFFERED:
                self._send(voice, named, view, card)
            return
        message, buttons = self._content(state, card)
        voice.edit(EffectKey(card.sent_as), message, buttons=buttons, **self._values(voice, named, view))

    def _content(self, state: CardState, card: Card) -> tuple[Message, list[Button]]:
        assert self._join is not None
        assert self._hide is not None
        assert self._quiet is not None
        match state:
            case CardState.OFFERED:
                buttons = [
                    button(JOIN, _("step in"), self._join, card.number),
                    button(HIDE, _("hide"), self._hide, card.number),
                ]
                return (
                    N_(
                        "{friends} is talking about **{title}**\n{size} people",
                        "{friends} are talking about **{title}**\n{size} people",
                    ),
                    buttons,
                )
            case CardState.INSIDE:
                quiet = button(QUIET, _("nobody learns of it through me"), self._quiet, card.number)
                return _("You are in **{title}**. Your friends may see that you are there."), [quiet]
            case CardState.GONE:
                return _("**{title}** is not available any more."), []
            case CardState.MUTED:
                return _("**{title}** is hidden."), []

    def _values(self, voice: Voice, named: Named, view: View) -> dict[str, Any]:
        shown = rules.shown_friends(named.rules, view)
        friends = self._names.of_persons(voice.connection, shown[:_FRIENDS_SHOWN])
        if len(shown) > _FRIENDS_SHOWN:
            friends.append(f"+{len(shown) - _FRIENDS_SHOWN}")
        return {
            "friends": friends,
            "count": len(shown),
            "title": named.title,
            "size": rounded_size(named.rules.seats_taken),
        }


def _wanted(named: Named, view: View, card: Card | None) -> CardState | None:
    if view.is_member:
        return CardState.INSIDE
    if card is not None and card.state is CardState.MUTED:
        return CardState.MUTED
    if rules.deserves_card(named.rules, view):
        return CardState.OFFERED
    return None if card is None else CardState.GONE
