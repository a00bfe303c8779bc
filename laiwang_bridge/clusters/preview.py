"""The card that shows a cluster before there is one: who can see it now, how far it may go, and what to do with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from appservice.bots import Button, Context, Voice, button
from appservice.content import Rich, bold, code, lines
from appservice.effects import EffectKey
from appservice.language import N_, Language, Message, _
from laiwang_bridge.clusters.cards import Audience, audience
from laiwang_bridge.clusters.drafts import Draft
from laiwang_bridge.clusters.reach import DEFAULT_REACH, Mode, Reach
from laiwang_bridge.people import list_store
from laiwang_bridge.people import store as people

_CHOICES = (
    ("👥", Reach(Mode.FRIENDS), _("friends only"), ("friends", "好友")),
    ("🔗", DEFAULT_REACH, _("friends of friends"), ("hops:2", "朋友的朋友")),
    ("♾️", Reach(Mode.CHAIN), _("as far as it goes"), ("chain", "接力")),
    ("🌍", Reach(Mode.OPEN), _("everybody"), ("open", "公开")),
)


@dataclass(frozen=True, slots=True)
class Commands:
    """The commands behind the buttons and the lines of the card."""

    start: Callable[[Context, str], None]
    publish: Callable[[Context], None]
    drop: Callable[[Context], None]
    reach: Callable[[Context, str], None]
    name: Callable[[Context, str], None]


class Preview:
    """Shows drafts."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def show(self, voice: Voice, draft: Draft, *, instead_of: EffectKey | None = None) -> EffectKey:
        """Send the card, or change the one that is there; returns its key."""
        message, buttons = self._message(voice, draft), self._buttons(voice, draft)
        if instead_of is not None:
            voice.edit(instead_of, message, buttons=buttons)
            return instead_of
        return (
            voice.reply(message, buttons=buttons)
            if isinstance(voice, Context)
            else voice.send(message, buttons=buttons)
        )

    def _message(self, voice: Voice, draft: Draft) -> Rich:
        return lines(
            f"{draft.kind.emoji} " + bold(draft.title),
            *self._audience(voice, draft),
            voice.say(_("Nothing is open yet; this waits for your ✅ for a day.")),
            self._guess(voice, draft),
        )

    def _audience(self, voice: Voice, draft: Draft) -> list[Rich]:
        reach = draft.reach
        match reach.mode:
            case Mode.CLOSED if not draft.named:
                line = code(f"{voice.line(self._commands.name, '')} @name:example.org")
                return [voice.say(_("Only those whom you name can see it. So far that is nobody: {line}"), line=line)]
            case Mode.CLOSED:
                only = N_(
                    "Only {count} person whom you named will see it.", "Only {count} people whom you named will see it."
                )
                return [voice.say(only, count=len(draft.named))]
            case Mode.LIST:
                chosen = [one for one in list_store.lists_of(voice.connection, draft.person) if one.id in reach.lists]
                members = {one for each in chosen for one in list_store.members_of(voice.connection, each.id)}
                only = N_("Only {count} friend on {lists} will see it.", "Only {count} friends on {lists} will see it.")
                return [voice.say(only, count=len(members), lists=[f"“{one.name}”" for one in chosen])]
        rings = people.rings(voice.connection, draft.person, reach.hops or 1)
        return [voice.say(message, **values) for message, values in _sentences(audience(reach, 0, rings))]

    def _guess(self, voice: Voice, draft: Draft) -> Rich | str:
        """How to say that what was taken for the reach belongs to the topic."""
        if draft.guessed is None:
            return ""
        meant = code(voice.line(self._commands.start, f'"{draft.guessed} {draft.text or draft.title}"'))
        return voice.say(
            _("I took “{word}” for how far it may go. If it belongs to the topic: {line}"),
            word=draft.guessed,
            line=meant,
        )

    def _buttons(self, voice: Voice, draft: Draft) -> list[Button]:
        commands = self._commands
        in_chinese = voice.language is Language.ZH
        return [
            button("✅", _("open it"), commands.publish),
            button("❌", _("leave it"), commands.drop),
            *(
                button(emoji, label, commands.reach, words[in_chinese])
                for emoji, reach, label, words in _CHOICES
                if reach != draft.reach
            ),
        ]


def _sentences(expected: Audience) -> Sequence[tuple[Message, dict[str, int]]]:
    """Who can see a cluster once its initiator is in, and how far it may go."""
    if expected.now is None:
        return [(_("Everybody can see it, and step in."), {})]
    if expected.now == 0:
        return [(_("You have no friends here yet who could see it."), {})]
    now = N_("**{count}** friend of yours will see it.", "**{count}** friends of yours will see it.")
    first: tuple[Message, dict[str, int]] = (now, {"count": expected.now})
    if expected.furthest is None:
        return [first, (_("Through them it may go on without end."), {})]
    if expected.furthest > expected.now:
        further = _("Through them up to about {furthest} people may see the title.")
        return [first, (further, {"furthest": expected.furthest})]
    return [first, (_("It goes no further."), {})]
