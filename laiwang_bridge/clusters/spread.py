"""How a cluster spreads: each person who may see it has one card, and the card always says how things stand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from appservice.bots import Button, Context, Voice, button
from appservice.content import words
from appservice.language import N_, Message, _
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.clusters import card_store, rules, sight, store
from laiwang_bridge.clusters.card_store import Card, CardState
from laiwang_bridge.clusters.cards import rounded_size
from laiwang_bridge.clusters.rules import ClusterId, Exposure, Lifecycle, Recheck, View
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.people import store as people
from laiwang_bridge.people.mail import Mail, is_here
from laiwang_bridge.people.names import Names
from laiwang_bridge.people.rules import PersonId

JOIN, HIDE, QUIET, LOUD = "👍", "🙈", "🤫", "📣"

_GO_ON = "clusters.spread"
_AT_ONCE = 20
_FRIENDS_SHOWN = 3
_FRIENDS_TALK = N_(
    "{friends} is talking about **{title}**\n(about {size} people)",
    "{friends} are talking about **{title}**\n(about {size} people)",
)
_MANY_TALK = N_(
    "{friends} and {count} more friend are talking about **{title}**\n(about {size} people)",
    "{friends} and {count} more friends are talking about **{title}**\n(about {size} people)",
)

ByNumber = Callable[[Context, int | None], None]


@dataclass(frozen=True, slots=True)
class Face:
    """What a card says: whom of his friends it names to its person, how many more there are, and how large it is."""

    state: CardState
    friends: tuple[PersonId, ...] = ()
    more: int = 0
    size: str = ""
    exposure: Exposure | None = None

    @property
    def digest(self) -> str:
        """Tells whether a card says this already, and nothing else: who is named must not be kept twice."""
        return hashlib.blake2b(repr(self).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Buttons:
    """The commands behind the buttons of the cards; each takes the number of the card."""

    join: ByNumber
    hide: ByNumber
    quiet: ByNumber
    loud: ByNumber


class Spread:
    """Keeps the cards true."""

    def __init__(self, names: Names, mail: Mail) -> None:
        self._names = names
        self._mail = mail
        self._commands: Buttons | None = None

    def buttons_do(self, commands: Buttons) -> None:
        self._commands = commands

    def add_to(self, routes: Routes) -> None:
        routes.on_timer(_GO_ON, self._go_on)

    def recheck(self, unit: Unit, id: ClusterId, change: Recheck, *, without: PersonId | None = None) -> None:
        """Something changed: put right the cards of everybody whose sight of the cluster it can alter.

        Where these are many, it is done in steps, so that nobody else has to wait for it.
        """
        named = store.find(unit.connection, id)
        if named is None:
            return
        concerned = change.people(
            lambda person: people.friends_of(unit.connection, person),
            lambda: sight.audience(unit.connection, id),
        )
        order = sorted(concerned - {without})
        for person in order[:_AT_ONCE]:
            self.update(unit, named, person)
        for start in range(_AT_ONCE, len(order), _AT_ONCE):
            unit.at(
                unit.now,
                _GO_ON,
                key=f"spread:{unit.key}:{len(unit.timers)}",
                lane=f"spread:{id}",
                context={"cluster": id, "persons": order[start : start + _AT_ONCE]},
            )

    def _go_on(self, unit: Unit, context: Mapping[str, Any]) -> None:
        named = store.find(unit.connection, ClusterId(context["cluster"]))
        if named is None:
            return
        for person in context["persons"]:
            if people.user_ids(unit.connection, person):  # he may have asked to be forgotten meanwhile
                self.update(unit, named, PersonId(person))

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
        view = sight.view(unit.connection, named.rules, person)
        card = card_store.find_card(unit.connection, person, named.id)
        state = _state(named, view, card)
        if state is None:
            return
        if card is None:
            card = card_store.add_card(unit.connection, person, named.id, state, unit.now)
        elif card.state is not state:
            card_store.change_card(unit.connection, card, state=state)
        self._show(unit, named, card, self._face(unit, named, view, state))

    def mute(self, unit: Unit, named: Named, card: Card) -> None:
        """The person of this card wants to see no more of the cluster."""
        card_store.change_card(unit.connection, card, state=CardState.MUTED)
        self.update(unit, named, card.person)

    def unmute(self, unit: Unit, named: Named, card: Card) -> None:
        """He does again, and the card says how it stands by now."""
        card_store.change_card(unit.connection, card, state=CardState.GONE)
        self.update(unit, named, card.person)

    def _show(self, unit: Unit, named: Named, card: Card, face: Face) -> None:
        if card.says == face.digest:
            return
        message, buttons = self._content(face, card)
        voice = self._mail.at_hand(unit, card.person) if card.sent_as is not None else None
        if voice is not None and card.sent_as is not None and is_here(voice, card.sent_as):
            voice.edit(card.sent_as, message, buttons=buttons, **self._values(voice, named, face))
            card_store.change_card(unit.connection, card, says=face.digest)
            return
        # Whoever has been inside knows of it, and need not be rung up about it.
        if face.state is not CardState.OFFERED or store.find_stay(unit.connection, named.id, card.person) is not None:
            return
        voice = self._mail.to(unit, card.person)
        if voice is not None:
            sent = voice.send(message, buttons=buttons, rings=True, **self._values(voice, named, face))
            card_store.change_card(unit.connection, card, sent_as=sent, says=face.digest)

    def _face(self, unit: Unit, named: Named, view: View, state: CardState) -> Face:
        match state:
            case CardState.OFFERED:
                friends = rules.shown_friends(named.rules, view)
                more = max(len(friends) - _FRIENDS_SHOWN, 0)
                return Face(state, friends[:_FRIENDS_SHOWN], more, rounded_size(named.rules.seats_taken))
            case CardState.INSIDE:
                stay = store.find_stay(unit.connection, named.id, view.candidate)
                return Face(state, exposure=stay.exposure if stay else None)
            case _:
                return Face(state)

    def _content(self, face: Face, card: Card) -> tuple[Message, list[Button]]:
        commands, number = self._commands, card.number
        assert commands is not None
        match face.state:
            case CardState.OFFERED:
                buttons = [
                    button(JOIN, _("step in"), commands.join, number),
                    button(HIDE, _("hide"), commands.hide, number),
                ]
                return _MANY_TALK if face.more else _FRIENDS_TALK, buttons
            case CardState.INSIDE if face.exposure is Exposure.QUIET:
                loud = button(LOUD, _("let my friends see"), commands.loud, number)
                return _("You are in **{title}**, quietly: your friends do not see it."), [loud]
            case CardState.INSIDE:
                quiet = button(QUIET, _("be there quietly"), commands.quiet, number)
                return _("You are in **{title}**. Your friends may see that."), [quiet]
            case CardState.GONE:
                return _("**{title}** is not available any more."), []
            case CardState.MUTED:
                return _("**{title}** is hidden."), []

    def _values(self, voice: Voice, named: Named, face: Face) -> dict[str, Any]:
        names = self._names.of_persons(voice.connection, face.friends)
        friends = [words(name) for name in names] if face.more else names
        return {"friends": friends, "count": face.more or len(names), "title": named.title, "size": face.size}


def _state(named: Named, view: View, card: Card | None) -> CardState | None:
    """How the card of this candidate has to stand; None if there has to be none."""
    if view.is_member:
        return CardState.INSIDE
    if card is not None and card.state is CardState.MUTED:
        return CardState.MUTED
    if rules.deserves_card(named.rules, view):
        return CardState.OFFERED
    return None if card is None else CardState.GONE
