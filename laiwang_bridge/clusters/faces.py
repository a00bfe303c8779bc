"""What is said of a cluster to one person: a message with buttons where it stands alone, else a line among several."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from mautrix.types import UserID

from appservice.bots import Button, Context, Voice, button
from appservice.content import Rich, Words, code, join, words
from appservice.language import N_, _
from laiwang_bridge.clusters import cards, rules
from laiwang_bridge.clusters.card_store import Card, CardState
from laiwang_bridge.clusters.cards import rounded_size, size_sentence
from laiwang_bridge.clusters.rules import Stay, View
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.people.rules import Exposure, ListId, PersonId

JOIN, HIDE, MUTE, QUIET, LOUD = "👍", "🙈", "🔕", "🤫", "📣"

FRIENDS_SHOWN = 3

_FRIENDS_TALK = N_(
    "{friends} is talking about “**{title}**”\n({size})",
    "{friends} are talking about “**{title}**”\n({size})",
)
_MANY_TALK = N_(
    "{friends} and {count} more friend are talking about “**{title}**”\n({size})",
    "{friends} and {count} more friends are talking about “**{title}**”\n({size})",
)
_LINE = N_(
    "{count} friend is talking: “**{title}**” — {friends}{others} · {size} · {line}",
    "{count} friends are talking: “**{title}**” — {friends}{others} · {size} · {line}",
)
_FOR_YOU = _("You may step into “**{title}**”\n({size})")
_LINE_FOR_YOU = _("You may step in: “**{title}**” · {size} · {line}")

_ALL_SEE = _("You are in “**{title}**”. Your friends may see that.")
_SOME_SEE = _("You are in “**{title}**”. Friends on one list of yours may see that.")

ByNumber = Callable[[Context, int | None], None]


@dataclass(frozen=True, slots=True)
class Face:
    """What is said: whom of his friends it names to its person, how many more there are, how large it is, at which hour
    it ends if its host has set one. `exposure`: how he is inside himself. `talk`: about how many messages there were in
    a day, 0 where none or unknown.
    """

    state: CardState
    friends: tuple[PersonId, ...] = ()
    more: int = 0
    size: int = 0
    exposure: Exposure | None = None
    exposed_to: ListId | None = None
    ends_at: int | None = None
    talk: int = 0

    @property
    def digest(self) -> str:
        """Tells whether a message says this already, and nothing else: who is named must not be kept twice. Talk goes
        on all the time, so what was said of it is let stand."""
        lasting = replace(self, talk=0)
        return hashlib.blake2b(repr(lasting).encode(), digest_size=8).hexdigest()

    @property
    def in_a_row(self) -> Face:
        """What of it a line among several says."""
        return replace(self, exposure=None, exposed_to=None)


@dataclass(frozen=True, slots=True)
class Buttons:
    """The commands behind the buttons, most for the number of a card; `mute` is for a friend by his Matrix id."""

    join: ByNumber
    hide: ByNumber
    quiet: ByNumber
    loud: ByNumber
    list: Callable[[Context], None]
    mute: Callable[[Context, str], None]


@dataclass(frozen=True, slots=True)
class Friend:
    """A friend as the reader calls him."""

    user: UserID
    name: str


def state_of(named: Named, view: View, card: Card | None) -> CardState | None:
    """How the card of the person of this view has to stand; None if there is nothing to show him."""
    if view.is_member:
        return CardState.INSIDE
    if card is not None and card.state is CardState.MUTED:
        return CardState.MUTED
    if rules.deserves_card(named.rules, view):
        return CardState.OFFERED
    return None if card is None else CardState.GONE


def face(named: Named, view: View, state: CardState, *, messages: int = 0) -> Face:
    """What there is to say to the person of this view; for somebody inside see `own_face`. `messages`: of a day."""
    if state is not CardState.OFFERED:
        return Face(state)
    friends = rules.shown_friends(named.rules, view)
    more = max(len(friends) - FRIENDS_SHOWN, 0)
    size = rounded_size(named.rules.seats_taken)
    return Face(state, friends[:FRIENDS_SHOWN], more, size, ends_at=named.life.ends_at, talk=cards.round_up(messages))


def own_face(stay: Stay | None) -> Face:
    """What there is to say to somebody who is inside."""
    if stay is None:
        return Face(CardState.INSIDE)
    return Face(CardState.INSIDE, exposure=stay.exposure, exposed_to=stay.exposed_to)


def alone(
    voice: Voice, named: Named, face: Face, number: int, friends: Sequence[Friend], commands: Buttons, zone: ZoneInfo
) -> tuple[Rich, list[Button]]:
    """A message about this cluster and no other; hours are told as those of `zone`."""
    title = named.heading
    match face.state:
        case CardState.OFFERED:
            buttons = [
                button(JOIN, _("step in"), commands.join, number),
                button(HIDE, _("hide"), commands.hide, number),
            ]
            if not friends:
                return voice.say(_FOR_YOU, title=title, size=_facts(voice, face, zone)), buttons
            names = [friend.name for friend in friends]
            nearest = friends[0]
            no_more = voice.say(_("hide what comes through {name}"), name=nearest.name)
            buttons.append(button(MUTE, no_more, commands.mute, nearest.user))
            sentence = voice.say(
                _MANY_TALK if face.more else _FRIENDS_TALK,
                friends=[words(name) for name in names] if face.more else names,
                count=face.more or len(names),
                title=title,
                size=_facts(voice, face, zone),
            )
            return sentence, buttons
        case CardState.INSIDE if face.exposure is Exposure.QUIET:
            loud = button(LOUD, _("let my friends see"), commands.loud, number)
            return voice.say(_("You are in “**{title}**”, quietly: your friends do not see it."), title=title), [loud]
        case CardState.INSIDE:
            quiet = button(QUIET, _("be there quietly"), commands.quiet, number)
            seen_by = _SOME_SEE if face.exposed_to is not None else _ALL_SEE
            return voice.say(seen_by, title=title), [quiet]
        case CardState.GONE:
            return voice.say(_("“**{title}**” is not available any more."), title=title), []
        case CardState.MUTED:
            line = code(voice.line(commands.join, number))
            return voice.say(_("“**{title}**” is hidden. {line} brings it back."), title=title, line=line), []


def row(
    voice: Voice, named: Named, face: Face, number: int, friends: Sequence[Friend], commands: Buttons, zone: ZoneInfo
) -> Words:
    """A line among several about this cluster."""
    title = named.heading
    match face.state:
        case CardState.OFFERED:
            line = code(voice.line(commands.join, number))
            if not friends:
                return voice.say(_LINE_FOR_YOU, title=title, size=_facts(voice, face, zone), line=line)
            return voice.say(
                _LINE,
                count=len(friends) + face.more,
                title=title,
                friends=[words(friend.name) for friend in friends],
                others=f" + {face.more}" if face.more else "",
                size=_facts(voice, face, zone),
                line=line,
            )
        case CardState.INSIDE:
            return voice.say(_("{number} · “**{title}**” · you are in"), number=str(number), title=title)
        case CardState.GONE:
            return voice.say(_("“**{title}**” · not available any more"), title=title)
        case CardState.MUTED:
            return voice.say(_("“**{title}**” · hidden"), title=title)


def _facts(voice: Voice, face: Face, zone: ZoneInfo) -> Rich:
    """How large it is, whether there is talk, and when it ends."""
    facts: list[Words] = [voice.say(size_sentence(face.size), size=face.size)]
    if face.talk:
        facts.append(voice.say(_("about {count} messages in a day"), count=face.talk))
    if face.ends_at is not None:
        then = datetime.fromtimestamp(face.ends_at // 1000, zone)
        facts.append(voice.say(_("ends on {day} at {time}"), day=f"{then:%Y-%m-%d}", time=f"{then:%H:%M}"))
    return join(" · ", facts)
