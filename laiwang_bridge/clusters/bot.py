"""What people type about clusters."""

from __future__ import annotations

from typing import Annotated

from appservice.bots import Argument, Context, Router, UserError
from appservice.content import Words, bold, code, lines
from appservice.language import Message, _
from laiwang_bridge.clusters import store
from laiwang_bridge.clusters.cards import audience
from laiwang_bridge.clusters.doors import Doors, Entry
from laiwang_bridge.clusters.opening import Opening, audience_sentence
from laiwang_bridge.clusters.rules import NOT_AVAILABLE, Exposure
from laiwang_bridge.clusters.spread import Spread
from laiwang_bridge.clusters.store import Card, CardState, Named
from laiwang_bridge.clusters.titles import title as title_of
from laiwang_bridge.people import store as people
from laiwang_bridge.people.rules import PersonId

PREFIXES = ("!zd", "!扎堆")

_CLUSTERS = _("Clusters")
_LISTED = 20

Topic = Annotated[str, Argument(_("what it is about"), rest=True, example="weekend hike?")]
Number = Annotated[int | None, Argument(_("its number in your list"), least=1, example="1")]


class ClusterBot:
    """Opening, seeing, entering and leaving clusters."""

    def __init__(self, opening: Opening, doors: Doors, spread: Spread) -> None:
        self._opening = opening
        self._doors = doors
        self._spread = spread
        self.router = router = Router("clusters", PREFIXES, title=_("Clusters"))
        command = router.command
        command("start", "开", help=_("Open a cluster about something"), group=_CLUSTERS, default=True)(self.start)
        command("list", "列表", help=_("What your friends are talking about"), group=_CLUSTERS, where="direct")(
            self.list
        )
        command("join", "加入", help=_("Step in"), group=_CLUSTERS, where="direct")(self.join)
        command("leave", "离开", help=_("Leave, silently"), group=_CLUSTERS)(self.leave)
        command("quiet", "安静", help=_("Nobody learns of it through you"), group=_CLUSTERS)(self.quiet)
        command("loud", "公开", help=_("Your friends may see you there"), group=_CLUSTERS)(self.loud)
        command("hide", "隐藏", help=_("See no more of it"), group=_CLUSTERS, where="direct")(self.hide)
        spread.buttons_do(join=self.join, hide=self.hide, quiet=self.quiet)

    def start(self, context: Context, topic: Topic = "") -> None:
        me = self._person(context)
        title = title_of(topic)
        if context.replied_to is not None:
            self._opening.start_from(context.unit, me, context.sender, context.room, context.replied_to, title)
        elif title:
            self._opening.start(context.unit, me, context.sender, title)
        elif not topic:
            self.list(context)
            return
        else:
            raise UserError(_("A cluster needs a topic that can be read."))
        self._preview(context, me, title)

    def list(self, context: Context) -> None:
        me = self._person(context)
        shown = [card for card in store.cards_of(context.connection, me) if card.state in _LISTABLE]
        rows = [row for card in shown[:_LISTED] if (row := self._row(context, card))]
        if rows:
            context.reply(lines(*rows))
            return
        context.reply(
            _("None of your friends is talking about anything here yet. Begin: {line}"),
            line=code(context.line(self.start, str(context.say(_("weekend hike?")).plain))),
        )

    def join(self, context: Context, number: Number = None) -> None:
        me = self._person(context)
        card = self._card(context, me, number, CardState.OFFERED)
        named = store.find(context.connection, card.cluster)
        if card.state is CardState.INSIDE:
            context.reply(_("You are inside already."))
            return
        if card.state is CardState.MUTED:
            store.change_card(context.connection, card, state=CardState.OFFERED)
        entry = Entry.REFUSED if named is None else self._doors.let_in(context.unit, named, context.sender)
        match entry:
            case Entry.INVITED:
                context.reply(_("Come in: **{title}** has invited you."), title=named.title if named else "")
            case Entry.QUEUED:
                context.reply(_("Many people want in just now. You are invited as soon as it is your turn."))
            case Entry.REFUSED:
                context.reply(NOT_AVAILABLE)

    def leave(self, context: Context, number: Number = None) -> None:
        named, _me = self._inside(context, number)
        goodbye = context.say(_("You asked to leave.")).plain
        self._doors.show_out(context.unit, named, context.sender, goodbye)
        if context.room != named.room_id:
            context.reply(_("You have left **{title}**."), title=named.title)

    def quiet(self, context: Context, number: Number = None) -> None:
        self._expose(context, number, Exposure.QUIET, _("Nobody learns of **{title}** through you now."))

    def loud(self, context: Context, number: Number = None) -> None:
        self._expose(context, number, Exposure.LOUD, _("Your friends may see now that you are in **{title}**."))

    def hide(self, context: Context, number: Number = None) -> None:
        me = self._person(context)
        card = self._card(context, me, number, CardState.OFFERED)
        if card.state is CardState.INSIDE:
            raise UserError(_("You are inside. Leave first."), try_instead=context.line(self.leave, card.number))
        store.change_card(context.connection, card, state=CardState.MUTED)
        named = store.find(context.connection, card.cluster)
        if card.sent_as is not None:
            context.edit(card.sent_as, _("**{title}** is hidden."), title=named.title if named else "")
        context.reply(_("Hidden. {line} brings it back."), line=code(context.line(self.join, card.number)))

    # -- small things -----------------------------------------------------------------------------------------------

    def _person(self, context: Context) -> PersonId:
        return people.person_of(context.connection, context.sender, context.now)

    def _preview(self, context: Context, me: PersonId, title: str) -> None:
        reach = self._opening.reach
        expected = audience(reach, 0, people.rings(context.connection, me, reach.hops or 1))
        values = {"now": expected.now or 0, "furthest": expected.furthest or 0}
        context.reply(
            lines(
                context.say(_("**{title}** is opening. You are being invited."), title=title or "…"),
                context.say(audience_sentence(expected.now, expected.furthest), **values),
            )
        )

    def _row(self, context: Context, card: Card) -> Words:
        named = store.find(context.connection, card.cluster)
        if named is None:
            return ""
        heading = f"{card.number} · " + bold(named.title)
        if card.state is CardState.INSIDE:
            return heading + " · " + context.say(_("you are in"))
        return heading + " · " + code(context.line(self.join, card.number))

    def _card(self, context: Context, me: PersonId, number: int | None, wanted: CardState) -> Card:
        if number is None:
            newest = store.cards_of(context.connection, me, wanted, limit=1)
            card = newest[0] if newest else None
        else:
            card = store.card_number(context.connection, me, number)
        if card is None:
            raise UserError(_("There is no such cluster in your list."), try_instead=context.line(self.list))
        return card

    def _inside(self, context: Context, number: int | None) -> tuple[Named, PersonId]:
        """The cluster that is meant: the room we are in, else a number, else the newest that the person is in."""
        me = self._person(context)
        named = store.in_room(context.connection, context.room) if number is None else None
        if named is None:
            card = self._card(context, me, number, CardState.INSIDE)
            named = store.find(context.connection, card.cluster)
        stay = store.find_stay(context.connection, named.id, me) if named else None
        if named is None or stay is None or not stay.inside:
            raise UserError(_("You are not in that cluster."), try_instead=context.line(self.list))
        return named, me

    def _expose(self, context: Context, number: int | None, exposure: Exposure, answer: Message) -> None:
        named, me = self._inside(context, number)
        self._doors.expose(context.unit, named, me, exposure)
        if context.room == named.room_id:
            context.agree()  # in the room itself, only the person has to know
        else:
            context.reply(answer, title=named.title)


_LISTABLE = (CardState.OFFERED, CardState.INSIDE)
