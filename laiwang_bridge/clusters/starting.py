"""How a cluster begins: a line or a message, a card that says who will see it, and a yes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from mautrix.types import EventID, UserID
from sqlalchemy import Connection

from appservice.bots import Argument, Context, Router, UserError, Voice
from appservice.bots.line import Line
from appservice.content import code, without_reply_fallback
from appservice.effects import Answer, ReadEvent
from appservice.events import Event
from appservice.language import Message, _
from appservice.rooms import Rooms
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.clusters import drafts, seeds, store, wording
from laiwang_bridge.clusters.changes import Changes
from laiwang_bridge.clusters.drafts import Draft
from laiwang_bridge.clusters.naming import friends_called
from laiwang_bridge.clusters.opening import Opening, Plan, SeedEvent
from laiwang_bridge.clusters.preview import Commands, Preview
from laiwang_bridge.clusters.reach import BadReach, Mode, Reach
from laiwang_bridge.clusters.seeds import Kind
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.people import list_store
from laiwang_bridge.people import store as people
from laiwang_bridge.people.lists import folded
from laiwang_bridge.people.mail import Mail
from laiwang_bridge.people.names import Names, who_asks
from laiwang_bridge.people.rules import Exposure, PersonId

SEED = "👥"
"""Whoever reacts with this to a message sees what a cluster about it would be."""

_READ, _ENDS = "clusters.draft_read", "clusters.draft_ends"
_CLOSED = Reach(Mode.CLOSED)
_WITH_CAPTION = frozenset(("m.image", "m.video", "m.audio", "m.file"))

Topic = Annotated[str, Argument(_("topic"), rest=True, example="weekend hike?", chinese="周末去爬山？")]
How = Annotated[
    Literal["loud", "quiet"],
    Argument(_("loud or quiet"), words={"loud": ("现身",), "quiet": ("quietly", "隐身", "悄悄")}),
]
WhichReach = Annotated[str, Argument(_("how far"), rest=True, example="friends", chinese="好友")]
Whom = Annotated[str, Argument(_("whom"), rest=True, example="@name:example.org")]


class Starting:
    """The commands with which clusters begin. `usual` is the reach where nobody says another, `show_list` what `!zd`
    without a topic does."""

    def __init__(
        self,
        prefixes: tuple[str, ...],
        opening: Opening,
        changes: Changes,
        rooms: Rooms,
        names: Names,
        mail: Mail,
        bot: UserID,
        *,
        usual: Reach,
        show_list: Callable[[Context], None],
    ) -> None:
        self._opening = opening
        self._changes = changes
        self._rooms = rooms
        self._names = names
        self._mail = mail
        self._bot = bot
        self._usual = usual
        self._show_list = show_list
        self.router = router = Router("starting", prefixes, title=_("Clusters"))
        command, group = router.command, _("Clusters")
        command("start", "发起", help=_("Talk about something"), group=group, default=True)(self.start)
        command("publish", "发布", help=_("Open it, after a look at who sees it"), group=group, where="direct")(
            self.publish
        )
        command("drop", "放弃", help=_("Do not open it"), group=group, where="direct")(self.drop)
        command("reach", "范围", help=_("How far it may go"), group=group)(self.reach)
        command("name", "点名", help=_("For whom a closed one is"), group=group)(self.name)
        router.reacts(SEED, self.start_by_reaction)
        self._preview = Preview(Commands(self.start, self.publish, self.drop, self.reach, self.name))

    def add_to(self, routes: Routes) -> None:
        routes.on_answer(_READ, self._read)
        routes.on_timer(_ENDS, self._ends)

    # -- beginning --------------------------------------------------------------------------------------------------

    def start(self, context: Context, topic: Topic = "") -> None:
        me = who_asks(context)
        seed = _seed_of(context)
        if not topic and seed is None:
            self._only_in_private(context)
            self._show_list(context)
            return
        try:
            draft = self._draft_of(context, me, topic, seed)
        except UserError as error:
            if context.is_direct:
                raise
            # Which lists and which friends somebody has is not for the room to read; nor how many.
            context.agree()
            if (voice := self._mail.to(context.unit, me)) is not None:
                voice.send(error.message, **error.values)
            return
        self._begin(context, draft)

    def start_by_reaction(self, context: Context, target: EventID) -> None:
        me = people.find_person(context.connection, context.sender)
        if me is not None:  # with whom we have had to do before: others mean something else by it
            seed = SeedEvent(context.room, target)
            self._begin(context, self._new_draft(context, me, "", self._usual, seed=seed), agrees=False)

    def _draft_of(self, context: Context, me: PersonId, topic: str, seed: SeedEvent | None) -> Draft:
        line, start = _line_of(context, topic)
        lists = {folded(one.name): one.id for one in list_store.lists_of(context.connection, me)}
        said = wording.read(line, start, lists, has_seed=seed is not None)
        reach = self._usual if said.reach is None else said.reach
        if isinstance(reach, BadReach):
            raise UserError(
                reach.sentence,
                suggestion=reach.suggestion,
                try_instead=context.line(self.start, f"{reach.suggestion}: {said.topic}"),
            )
        title = seeds.title_of(said.topic)
        if seed is None and not title:
            raise UserError(_("A cluster needs a topic that can be read."))
        if seed is not None and seed.caption is not None:
            seed = replace(seed, caption=said.topic)
        named = friends_called(context.connection, self._names, me, said.people)
        draft = self._new_draft(context, me, title, reach, seed=seed)
        typed = said.topic if seed is None else seed.caption
        kind = seeds.kind_of(said.topic) if seed is None else Kind.TEXT
        return replace(draft, named=named, guessed=said.guessed, text=typed, kind=kind)

    def _new_draft(self, context: Context, me: PersonId, title: str, reach: Reach, *, seed: SeedEvent | None) -> Draft:
        return Draft(
            person=me,
            host=context.sender,
            title=title,
            kind=Kind.TEXT,
            reach=reach,
            seed=seed,
            ends_at=context.now + drafts.LIFETIME_MS,
        )

    def _begin(self, context: Context, draft: Draft, *, agrees: bool = True) -> None:
        """Show it, or read the message that it is about first."""
        unit = context.unit
        self._put_aside(unit, draft.person)
        unit.at(draft.ends_at, _ENDS, key=_timer(draft.person), lane=_timer(draft.person), context={"of": draft.person})
        if agrees and not context.is_direct:
            context.agree()
        if draft.seed is not None:
            drafts.put(unit.connection, draft)
            unit.emit(
                ReadEvent(sender=self._bot, room=draft.seed.room, target=draft.seed.event, seen_by=draft.host),
                notify=_READ,
                context={"of": draft.person, "room": draft.seed.room, "event": draft.seed.event},
            )
        elif context.is_direct:
            self._show(context, draft)
        elif (voice := self._mail.to(unit, draft.person)) is not None:
            self._show(voice, draft)

    def _read(self, unit: Unit, answer: Answer) -> None:
        """The message that is to be a seed has been read."""
        draft = drafts.find(unit.connection, PersonId(answer.context["of"]))
        read = (answer.context["room"], answer.context["event"])
        if draft is None or draft.seed is None or draft.sent_as or (draft.seed.room, draft.seed.event) != read:
            return
        voice = self._mail.to_user(unit, draft.host)
        seed = self._seed_in(unit.connection, draft.seed, answer)
        if isinstance(seed, Message) or voice is None:
            drafts.drop(unit.connection, draft.person)
            if isinstance(seed, Message) and voice is not None:
                voice.send(seed, line=code(voice.line(self.start, "")))
            return
        name = voice.catalogue.text(seed.name) if seed.name else "…"
        self._show(voice, replace(draft, title=draft.title or seed.title or name, kind=seed.kind))

    def _seed_in(self, connection: Connection, seed: SeedEvent, answer: Answer) -> seeds.Seed | Message:
        event = answer.state[0] if answer.state else {}
        # What we say to somebody alone is for nobody else.
        if event.get("sender") == self._bot and self._rooms.is_direct(connection, seed.room, self._bot):
            return seeds.CANNOT_READ
        return seeds.of_event(event)

    def _show(self, voice: Voice, draft: Draft) -> None:
        drafts.put(voice.connection, replace(draft, sent_as=self._preview.show(voice, draft)))

    # -- what becomes of it -----------------------------------------------------------------------------------------

    def publish(self, context: Context, how: How = "loud") -> None:
        draft = self._draft(context)
        reach, named = self._still_there(context, draft)
        exposure = Exposure(how)
        plan = Plan(
            initiator=draft.person,
            host=draft.host,
            title=draft.title,
            kind=draft.kind,
            reach=reach,
            named=named,
            exposure=exposure,
        )
        self._opening.open(context.unit, plan, draft.seed or seeds.of_text(draft.text or draft.title).content)
        loud = _("“**{title}**” is opening. You are being invited.")
        quiet = _("“**{title}**” is opening, and your friends do not see that you are in it. You are being invited.")
        self._end(context, draft, loud if exposure is Exposure.LOUD else quiet)

    def drop(self, context: Context) -> None:
        self._end(context, self._draft(context), _("“**{title}**” was not opened."))

    def reach(self, context: Context, which: WhichReach) -> None:
        me = who_asks(context)
        lists = {folded(one.name): one.id for one in list_store.lists_of(context.connection, me)}
        reach = wording.read_reach(which, lists)
        if isinstance(reach, BadReach) or (reach.mode is Mode.LIST and not reach.lists):
            meant = reach.suggestion if isinstance(reach, BadReach) else Reach(Mode.FRIENDS)
            raise UserError(
                _("It may go to `friends`, `hops:2` (up to 9), `chain` or `open`, or to a list of yours by its name."),
                try_instead=context.line(self.reach, str(meant)),
            )
        named = store.in_room(context.connection, context.room)
        if named is not None:
            self._narrow(context, me, named, reach)
            return
        self._only_in_private(context)
        draft = self._draft(context)
        people_named = draft.named if reach.mode is Mode.CLOSED else frozenset[PersonId]()
        self._change(context, draft, replace(draft, reach=reach, named=people_named, guessed=None))

    def name(self, context: Context, whom: Whom) -> None:
        me = who_asks(context)
        line, start = _line_of(context, whom)
        called = wording.read_people(line, start)
        if not called:
            raise UserError(_("Mention those whom you mean:"), try_instead=context.line(self.name, "@name:example.org"))
        named = store.in_room(context.connection, context.room)
        if named is not None:
            self._name_in_room(context, me, named, called)
            return
        self._only_in_private(context)
        draft = self._draft(context)
        everybody = draft.named | friends_called(context.connection, self._names, me, called)
        self._change(context, draft, replace(draft, reach=_CLOSED, named=everybody, guessed=None))

    def _narrow(self, context: Context, me: PersonId, named: Named, reach: Reach) -> None:
        self._only_initiator(me, named)
        if not self._changes.may_reach(context.connection, named, reach):
            prefix = self.router.prefix_in(context.language)
            raise UserError(
                _("Others came for the audience that they saw, so afterwards it only becomes smaller. Begin anew:"),
                try_instead=f"{prefix} {reach}: {named.title}",
            )
        if reach != named.rules.reach:
            self._changes.reach(context.unit, named, reach)
        context.agree()

    def _name_in_room(self, context: Context, me: PersonId, named: Named, called: Iterable[str]) -> None:
        self._only_initiator(me, named)
        if named.rules.reach.mode is not Mode.CLOSED:
            raise UserError(_("Only a closed cluster is for those whom its initiator names."))
        try:
            self._changes.name(context.unit, named, friends_called(context.connection, self._names, me, called))
        except UserError as error:
            if (voice := self._mail.to(context.unit, me)) is not None:
                voice.send(error.message, **error.values)
        context.agree()

    def _still_there(self, context: Context, draft: Draft) -> tuple[Reach, frozenset[PersonId]]:
        """Lists may have been deleted and friendships have ended since it was shown."""
        named = draft.named & set(people.friends_of(context.connection, draft.person))
        if draft.reach.mode is not Mode.LIST:
            return draft.reach, named
        lists = draft.reach.lists & {one.id for one in list_store.lists_of(context.connection, draft.person)}
        if not lists:
            raise UserError(
                _("The lists for which this was are no more. Choose anew how far it may go:"),
                try_instead=context.line(self.reach, "friends"),
            )
        return Reach(Mode.LIST, lists=lists), named

    def _change(self, context: Context, old: Draft, new: Draft) -> None:
        there = self._mail.where(context.unit, old.person, old.sent_as) if old.sent_as else None
        if there is None:
            self._show(context, new)
            return
        self._preview.show(there, new, instead_of=old.sent_as)
        drafts.put(context.connection, new)
        _nod(context)

    def _end(self, context: Context, draft: Draft, sentence: Message) -> None:
        drafts.drop(context.connection, draft.person)
        context.unit.cancel(_timer(draft.person))
        there = self._mail.where(context.unit, draft.person, draft.sent_as) if draft.sent_as else None
        if there is None or draft.sent_as is None:
            context.reply(sentence, title=draft.title)
            return
        there.edit(draft.sent_as, sentence, title=draft.title)
        _nod(context)

    def _put_aside(self, unit: Unit, person: PersonId) -> None:
        """A draft that its person has not opened is over."""
        draft = drafts.find(unit.connection, person)
        if draft is None:
            return
        drafts.drop(unit.connection, person)
        there = self._mail.where(unit, person, draft.sent_as) if draft.sent_as else None
        if there is not None and draft.sent_as is not None:
            there.edit(draft.sent_as, _("“**{title}**” was not opened."), title=draft.title)

    def person_leaves(self, unit: Unit, person: PersonId) -> None:
        """Somebody asked to be forgotten."""
        drafts.drop(unit.connection, person)
        unit.cancel(_timer(person))

    def _ends(self, unit: Unit, context: Mapping[str, Any]) -> None:
        draft = drafts.find(unit.connection, PersonId(context["of"]))
        if draft is not None and draft.ends_at <= unit.now:
            self._put_aside(unit, draft.person)

    # -- small things -----------------------------------------------------------------------------------------------

    def _draft(self, context: Context) -> Draft:
        me = who_asks(context)
        draft = drafts.find(context.connection, me)
        if draft is None or draft.sent_as is None:
            example = str(context.say(_("weekend hike?")).plain)
            raise UserError(
                _("Nothing waits to be opened. Begin with a topic:"),
                try_instead=f"{self.router.prefix_in(context.language)} {example}",
            )
        return draft

    def _only_initiator(self, me: PersonId, named: Named) -> None:
        if named.rules.initiator != me:
            raise UserError(_("Only whoever began a cluster may say for whom it is."))

    def _only_in_private(self, context: Context) -> None:
        """Where others read along, nothing is said about the clusters that somebody is in, sees or prepares."""
        if not context.is_direct:
            raise UserError(
                _("Not where others read along: write that to {bot} in a direct chat."), bot=context.bot.user_id
            )


def _seed_of(context: Context) -> SeedEvent | None:
    """The message that is meant: the one replied to, or a picture whose caption the command is."""
    if context.replied_to is not None:
        return SeedEvent(context.room, context.replied_to)
    if _is_file(context.event):
        return SeedEvent(context.room, context.event.event_id, caption="")
    return None


def _is_file(event: Event) -> bool:
    return event.type == "m.room.message" and event.content.get("msgtype") in _WITH_CAPTION


def _line_of(context: Context, text: str) -> tuple[Line, int]:
    """The line whose end `text` is, with the people mentioned in it; a line of its own for a tap."""
    line = Line.of(without_reply_fallback(context.event.content))
    whole = line.text.rstrip()
    return (line, len(whole) - len(text)) if whole.endswith(text) else (Line(text), 0)


def _nod(context: Context) -> None:
    """Whoever typed is shown that it was heard; whoever tapped sees the card change."""
    if context.event.type != "m.reaction":
        context.agree()


def _timer(person: PersonId) -> str:
    return f"draft:{person}"
