"""Keeping order in a cluster: reporting, removing, closing it for a while, and links from people whom nobody knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Protocol

from mautrix.types import EventID, RoomID, UserID

from appservice.bots import Argument, Context, Level, Router, UserError, Voice
from appservice.bots.buttons import plain_reaction
from appservice.content import Rich, code, edit_in, lines
from appservice.effects import Answer, Ban, Kick, ReadEvent, Redact, Unban
from appservice.events import Event
from appservice.language import N_, Message, _
from appservice.rooms import Rooms
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.clusters import card_store, order, order_store, stay_store, store
from laiwang_bridge.clusters.lifecycle import Lifecycles
from laiwang_bridge.clusters.links import message_in
from laiwang_bridge.clusters.reach import Mode
from laiwang_bridge.clusters.rules import ClusterId, Lifecycle
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.people import store as people
from laiwang_bridge.people.mail import Mail
from laiwang_bridge.people.names import who_asks
from laiwang_bridge.people.rules import PersonId

FLAG = "🚩"
"""A reaction with this reports a message."""

HOST_POWER = 50

_REPORTED = "clusters.reported"
_LONGEST_COPY = 500
_REASON = _("Removed by the host.")
_LOCKED = _(
    "Several people have reported something here, so for now nobody can write. The host or an operator of the bridge "
    "can open it again."
)

Whom = Annotated[UserID, Argument(_("who"), example="@name:example.org")]
Which = Annotated[str, Argument(_("which cluster"), example="zd_4h7kq2mw9xcd")]
Why = Annotated[str, Argument(_("why"), rest=True, most=500, example="spam", chinese="垃圾广告")]


class NoteOperators(Protocol):
    def __call__(self, unit: Unit, message: Message, **values: Any) -> None: ...


class OrderBot:
    """What members, hosts and operators can do about people who spoil a cluster."""

    def __init__(
        self,
        prefixes: tuple[str, ...],
        lifecycles: Lifecycles,
        rooms: Rooms,
        mail: Mail,
        bot: UserID,
        is_ours: Callable[[UserID], bool],
        speak: Callable[[Unit, RoomID], Voice],
        note: NoteOperators,
        leave: Callable[[Context, int | None], None],
        quiet: Callable[[Context, int | None], None],
    ) -> None:
        self._lifecycles = lifecycles
        self._rooms = rooms
        self._mail = mail
        self._bot = bot
        self._is_ours = is_ours
        self._speak = speak
        self._note = note
        self._leave = leave
        self._quiet = quiet
        self.router = router = Router("order", prefixes, title=_("Order"))
        command, group = router.command, _("Order")
        command("report", "举报", help=_("Tell the operators of a message"), group=group)(self.report)
        command("vouch", "担保", help=_("Let somebody post links here"), group=group, where="room")(self.vouch)
        hosts = _("For hosts")
        command("remove", "移出", help=_("Take somebody out"), group=hosts, where="room", power=HOST_POWER)(self.remove)
        command("ban", "封禁", help=_("Take somebody out for good"), group=hosts, where="room", power=HOST_POWER)(
            self.ban
        )
        command("unban", "解禁", help=_("Lift a ban"), group=hosts, where="room", power=HOST_POWER)(self.unban)
        command("lock", "锁定", help=_("Nobody writes for now"), group=hosts, where="room", power=HOST_POWER)(self.lock)
        command("unlock", "解锁", help=_("Open it again"), group=hosts, where="room", power=HOST_POWER)(self.unlock)
        command("release", "放行", help=_("Open a cluster that was reported"), permission=Level.ADMIN)(self.release)

    def add_to(self, routes: Routes) -> None:
        routes.on_event("m.reaction", self.on_reaction)
        routes.on_event("m.room.message", self.on_message)
        routes.on_answer(_REPORTED, self._reported)

    # -- reports ----------------------------------------------------------------------------------------------------

    def report(self, context: Context, why: Why = "") -> None:
        """In the room as a reply, or unseen by anybody there with the link to the message in the chat with the bot."""
        linked = message_in(why)
        if linked is not None:
            room, event, rest = linked
            found = store.in_room(context.connection, room)
            if found is None or self._rooms.membership(context.connection, room, context.sender) != "join":
                raise UserError(_("That is no message of a cluster that you are in."))
            said = None if context.is_direct else context.event.event_id
            self._report(context.unit, found, context.sender, event, said, rest)
            return
        if context.is_direct:
            raise UserError(
                _(
                    "Which message? Copy its link in your client (“share” or “permalink”) and write it behind the "
                    "command."
                ),
                try_instead=context.line(self.report, "https://matrix.to/#/!room/$message"),
            )
        named = self._here(context)
        if context.replied_to is None:
            raise UserError(_("Reply to the message that you want to report, or react to it with {flag}."), flag=FLAG)
        self._report(context.unit, named, context.sender, context.replied_to, context.event.event_id, why)

    def on_reaction(self, unit: Unit, event: Event) -> None:
        relation = event.relation
        if relation.event_id is None or plain_reaction(relation.key or "") != plain_reaction(FLAG):
            return
        named = None if self._is_ours(event.sender) else store.in_room(unit.connection, event.room_id)
        if named is not None:
            self._report(unit, named, event.sender, relation.event_id, event.event_id, "")

    def _report(self, unit: Unit, named: Named, user: UserID, target: EventID, said: EventID | None, why: str) -> None:
        """What was `said` about it in the room is taken away at once: who reports is nobody's business there."""
        assert named.room_id is not None
        if said is not None:
            unit.emit(Redact(sender=self._bot, room=named.room_id, target=said))
        reporter = people.person_of(unit.connection, user, unit.now)
        if not order_store.add_report(unit.connection, named.id, target, reporter, unit.now):
            return
        if (voice := self._mail.to(unit, reporter)) is not None:
            voice.send(
                _(
                    "Thank you. The operators of this bridge see your report of a message in “**{title}**”, the people "
                    "there do not. The moderators of your own homeserver see what you report with your Matrix client."
                ),
                title=named.title,
            )
        context = {"cluster": named.id, "why": why, "reporter": user}
        unit.emit(ReadEvent(sender=self._bot, room=named.room_id, target=target), notify=_REPORTED, context=context)
        reporters = order_store.reporters(unit.connection, named.id)
        connection, initiator = unit.connection, named.rules.initiator
        if named.rules.lifecycle in (Lifecycle.OPEN, Lifecycle.SEALED) and order.must_lock(
            reporters, order_store.sponsors(connection, named.id), initiator
        ):
            self._lifecycles.change(unit, named, Lifecycle.LOCKED)
            self._speak(unit, named.room_id).send(_LOCKED)
            self._note(unit, _("{cluster} (**{title}**) is locked: several people have reported something in it."),
                       cluster=named.id, title=named.title)  # fmt: skip

    def _reported(self, unit: Unit, answer: Answer) -> None:
        """The operators get a copy, for by the time that they look the message may be gone."""
        named = store.find(unit.connection, ClusterId(answer.context["cluster"]))
        found = answer.state[0] if answer.state else None
        if named is None or named.room_id is None or found is None:
            return
        event, content = EventID(str(found.get("event_id"))), found.get("content")
        body = content.get("body") if isinstance(content, dict) else None
        copy = " ".join(str(body or "").split())
        self._note(
            unit,
            N_(
                "Report from {reporter}: a message by {writer} in “**{title}**” ({cluster}), reported {count} time.\n"
                "{copy}\n{link}\n{why}",
                "Report from {reporter}: a message by {writer} in “**{title}**” ({cluster}), reported {count} times.\n"
                "{copy}\n{link}\n{why}",
            ),
            reporter=answer.context["reporter"],
            writer=str(found.get("sender")),
            title=named.title,
            cluster=named.id,
            count=order_store.count_reports(unit.connection, named.id, event),
            copy=copy if len(copy) <= _LONGEST_COPY else copy[: _LONGEST_COPY - 1] + "…",
            link=f"https://matrix.to/#/{named.room_id}/{event}",
            why=answer.context["why"],
        )

    # -- what a host can do -----------------------------------------------------------------------------------------

    def remove(self, context: Context, whom: Whom) -> None:
        room = self._room_without(context, whom)
        reason = self._mail.text(context.unit, whom, _REASON)
        context.unit.emit(Kick(sender=self._bot, room=room, user=whom, reason=reason), asker=context.sender)
        context.agree()

    def ban(self, context: Context, whom: Whom) -> None:
        room = self._room_without(context, whom)
        reason = self._mail.text(context.unit, whom, _REASON)
        context.unit.emit(Ban(sender=self._bot, room=room, user=whom, reason=reason), asker=context.sender)
        context.agree()

    def unban(self, context: Context, whom: Whom) -> None:
        self._here(context)
        if self._rooms.membership(context.connection, context.room, whom) != "ban":
            raise UserError(_("{whom} is not banned here."), whom=whom)
        context.unit.emit(Unban(sender=self._bot, room=context.room, user=whom), asker=context.sender)
        context.agree()

    def lock(self, context: Context) -> None:
        named = self._here(context)
        if named.rules.lifecycle not in (Lifecycle.OPEN, Lifecycle.SEALED):
            raise UserError(_("It is not open."))
        self._lifecycles.change(context.unit, named, Lifecycle.LOCKED)
        context.reply(
            _("Nobody but the host can write here now. {line} opens it again."), line=code(context.line(self.unlock))
        )

    def unlock(self, context: Context) -> None:
        self._open(context, self._here(context))

    def release(self, context: Context, which: Which) -> None:
        """For operators, from anywhere."""
        named = store.find(context.connection, ClusterId(which.strip("#").partition(":")[0]))
        if named is None:
            raise UserError(_("There is no cluster {which}."), which=which)
        self._open(context, named)

    def _open(self, context: Context, named: Named) -> None:
        if named.rules.lifecycle is not Lifecycle.LOCKED:
            raise UserError(_("It is not locked."))
        order_store.settle_reports(context.connection, named.id)
        self._lifecycles.change(context.unit, named, Lifecycle.OPEN)
        context.agree()

    def _room_without(self, context: Context, whom: UserID) -> RoomID:
        """The room that somebody can be taken out of."""
        self._here(context)
        connection, room = context.connection, context.room
        if self._rooms.membership(connection, room, whom) not in ("join", "invite", "knock"):
            raise UserError(_("{whom} is not here."), whom=whom)
        if self._rooms.power_of(connection, room, whom) >= self._rooms.power_of(connection, room, context.sender):
            raise UserError(_("{whom} has as much to say here as you."), whom=whom)
        return room

    # -- links ------------------------------------------------------------------------------------------------------

    def vouch(self, context: Context, whom: Whom) -> None:
        named, me = self._here(context), who_asks(context)
        other = people.find_person(context.connection, whom)
        if other is None or self._rooms.membership(context.connection, context.room, whom) != "join":
            raise UserError(_("{whom} is not here."), whom=whom)
        if other == me or not self._may_link(context.unit, named, context.sender, me):
            raise UserError(_("Somebody who knows people here has to vouch."))
        order_store.vouch(context.connection, named.id, other, me, context.now)
        context.agree()

    def on_message(self, unit: Unit, event: Event) -> None:
        """In an open cluster, links of those whom nobody there knows are taken away: sellers come uninvited."""
        named = None if self._is_ours(event.sender) else store.in_room(unit.connection, event.room_id)
        if named is None or named.rules.reach.mode is not Mode.OPEN or not order.has_link(_text(event)):
            return
        person = people.person_of(unit.connection, event.sender, unit.now)
        if self._may_link(unit, named, event.sender, person):
            return
        reason = self._mail.text(unit, event.sender, _("Links need somebody here who knows you."))
        unit.emit(Redact(sender=self._bot, room=event.room_id, target=event.event_id, reason=reason))
        if (voice := self._mail.at_hand(unit, person)) is not None:
            voice.send(
                _(
                    "Your message in “**{title}**” held a link and was taken away: nobody there knows you yet. Ask "
                    "somebody inside to vouch for you with {line}."
                ),
                title=named.title,
                line=self._typed_in_room(voice, event.sender),
                key=f"vouch:{named.id}:{person}",
            )

    def _typed_in_room(self, voice: Voice, user: UserID) -> Rich:
        command = self.router.find("vouch")
        assert command is not None
        return code(f"{self.router.prefix_in(voice.language)} {command.name_in(voice.language)} {user}")

    def _may_link(self, unit: Unit, named: Named, user: UserID, person: PersonId) -> bool:
        if person == named.rules.initiator:
            return True
        if self._rooms.power_of(unit.connection, named.room_id or RoomID(""), user) >= HOST_POWER:
            return True
        return order_store.is_known_in(unit.connection, named.id, person)

    # -- blocks -----------------------------------------------------------------------------------------------------

    def tie_changed(self, unit: Unit, one: PersonId, another: PersonId) -> None:
        """Somebody has blocked another with whom he is in clusters: leave, or stay unseen?"""
        if not people.tie(unit.connection, one, another).i_blocked:
            return
        theirs = {stay.cluster for stay in stay_store.stays_of(unit.connection, another)}
        shared = [stay.cluster for stay in stay_store.stays_of(unit.connection, one) if stay.cluster in theirs]
        voice = self._mail.at_hand(unit, one) if shared else None
        if voice is None:
            return
        rows = []
        for id in sorted(shared):
            named, card = store.find(unit.connection, id), card_store.find_card(unit.connection, one, id)
            if named is not None and card is not None:
                leave, quiet = voice.line(self._leave, card.number), voice.line(self._quiet, card.number)
                rows.append(
                    voice.say(_("“**{title}**”: `{leave}` or `{quiet}`"), title=named.title, leave=leave, quiet=quiet)
                )
        if rows:
            voice.send(
                lines(voice.say(_("You are both in these. Step out, or stay without being seen by others?")), *rows)
            )

    def _here(self, context: Context) -> Named:
        named = store.in_room(context.connection, context.room)
        if named is None:
            raise UserError(_("That is for a cluster: write it in its room."))
        return named


def _text(event: Event) -> str:
    """All that a message shows, an edit as it is now."""
    edit = edit_in(event.content)
    content = edit.content if edit else event.content
    return " ".join(str(content.get(name) or "") for name in ("body", "formatted_body"))
