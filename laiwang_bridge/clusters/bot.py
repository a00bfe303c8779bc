"""What people type about clusters."""

from __future__ import annotations

from typing import Annotated

from appservice.bots import Argument, Context, Router, UserError
from appservice.content import Words, bold, code, lines
from appservice.language import N_, Message, _
from laiwang_bridge.clusters import card_store, store
from laiwang_bridge.clusters.card_store import Card, CardState
from laiwang_bridge.clusters.doors import Doors, Entry
from laiwang_bridge.clusters.opening import Opening
from laiwang_bridge.clusters.rules import NOT_AVAILABLE, Exposure
from laiwang_bridge.clusters.spread import Buttons, Spread
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.clusters.titles import title as title_of
from laiwang_bridge.people.mail import Mail
from laiwang_bridge.people.names import who_asks
from laiwang_bridge.people.rules import PersonId

PREFIXES = ("!zd", "!扎堆")

_CLUSTERS = _("Clusters")
_LISTED = 20
_LISTABLE = (CardState.OFFERED, CardState.INSIDE)

Topic = Annotated[str, Argument(_("topic"), rest=True, example="weekend hike?")]
Number = Annotated[int | None, Argument(_("number"), least=1, example="1")]


class ClusterBot:
    """Opening, seeing, entering and leaving clusters."""

    def __init__(self, opening: Opening, doors: Doors, spread: Spread, mail: Mail) -> None:
        self._opening = opening
        self._doors = doors
        self._spread = spread
        self._mail = mail
        self.router = router = Router("clusters", PREFIXES, title=_("Clusters"))
        command = router.command
        command("start", "发起", help=_("Talk about something"), group=_CLUSTERS, default=True)(self.start)
        command("list", "列表", help=_("What your friends talk about"), group=_CLUSTERS, where="direct")(self.list)
        command("join", "加入", help=_("Step in"), group=_CLUSTERS, where="direct")(self.join)
        command("leave", "退出", "离开", help=_("Step out, silently"), group=_CLUSTERS)(self.leave)
        command("quiet", "隐身", help=_("Your friends do not see you there"), group=_CLUSTERS)(self.quiet)
        command("loud", "现身", help=_("Your friends may see you there"), group=_CLUSTERS)(self.loud)
        command("hide", "不看", help=_("See no more of it"), group=_CLUSTERS, where="direct")(self.hide)
        spread.buttons_do(Buttons(join=self.join, hide=self.hide, quiet=self.quiet, loud=self.loud))

    def start(self, context: Context, topic: Topic = "") -> None:
        me = who_asks(context)
        title = title_of(topic)
        if context.replied_to is not None:
            self._opening.start_from(context.unit, context.sender, context.room, context.replied_to, title)
        elif title:
            self._opening.start(context.unit, me, context.sender, title)
        elif topic:
            raise UserError(_("A cluster needs a topic that can be read."))
        else:
            self._only_in_private(context)
            self.list(context)
            return
        if context.is_direct:
            context.reply(self._opening.preview(context, me, title))
            return
        # How many friends somebody has is not for the room to read.
        context.agree()
        if (voice := self._mail.to(context.unit, me)) is not None:
            voice.send(self._opening.preview(voice, me, title))

    def list(self, context: Context) -> None:
        me = who_asks(context)
        shown = card_store.cards_of(context.connection, me, _LISTABLE, _LISTED)
        rows = [row for card in shown if (row := self._row(context, card))]
        if not rows:
            example = str(context.say(_("weekend hike?")).plain)
            raise UserError(
                _("None of your friends is talking about anything here yet. You can begin:"),
                try_instead=f"{self.router.prefix_in(context.language)} {example}",
            )
        if more := card_store.count_cards(context.connection, me, _LISTABLE) - len(shown):
            rows.append(context.say(N_("… and {count} older one", "… and {count} older ones"), count=more))
        context.reply(lines(*rows))

    def join(self, context: Context, number: Number = None) -> None:
        me = who_asks(context)
        card = self._card(context, me, number, CardState.OFFERED)
        named = store.find(context.connection, card.cluster)
        assert named is not None
        if card.state is CardState.INSIDE:
            context.reply(_("You are inside already."))
            return
        if card.state is CardState.MUTED:
            self._spread.unmute(context.unit, named, card)
        match self._doors.let_in(context.unit, named, context.sender):
            case Entry.INVITED:
                context.reply(_("Come in: you are invited into **{title}**."), title=named.title)
            case Entry.QUEUED:
                context.reply(_("Many want in just now. You are invited as soon as it is your turn."))
            case Entry.REFUSED:
                context.reply(NOT_AVAILABLE)

    def leave(self, context: Context, number: Number = None) -> None:
        named, _me = self._inside(context, number)
        reason = context.say(_("Left at their own wish.")).plain
        self._doors.show_out(context.unit, named, context.sender, reason)
        if context.room != named.room_id:
            context.reply(_("You have left **{title}**."), title=named.title)

    def quiet(self, context: Context, number: Number = None) -> None:
        self._expose(context, number, Exposure.QUIET, _("Your friends no longer see that you are in **{title}**."))

    def loud(self, context: Context, number: Number = None) -> None:
        self._expose(context, number, Exposure.LOUD, _("Your friends may see now that you are in **{title}**."))

    def hide(self, context: Context, number: Number = None) -> None:
        me = who_asks(context)
        card = self._card(context, me, number, CardState.OFFERED)
        if card.state is CardState.INSIDE:
            raise UserError(_("You are inside. Step out first:"), try_instead=context.line(self.leave, card.number))
        named = store.find(context.connection, card.cluster)
        assert named is not None
        self._spread.mute(context.unit, named, card)
        context.reply(
            _("**{title}** is hidden. {line} brings it back."),
            title=named.title,
            line=code(context.line(self.join, card.number)),
        )

    # -- small things -----------------------------------------------------------------------------------------------

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
            newest = card_store.cards_of(context.connection, me, (wanted,), limit=1)
            card = newest[0] if newest else None
        else:
            card = card_store.card_number(context.connection, me, number)
        if card is None:
            raise UserError(_("There is no such cluster in your list:"), try_instead=context.line(self.list))
        return card

    def _inside(self, context: Context, number: int | None) -> tuple[Named, PersonId]:
        """The cluster that is meant: the one whose room this is, else a number, else the newest that he is in."""
        me = who_asks(context)
        named = store.in_room(context.connection, context.room) if number is None else None
        if named is None:
            self._only_in_private(context)
            card = self._card(context, me, number, CardState.INSIDE)
            named = store.find(context.connection, card.cluster)
        stay = store.find_stay(context.connection, named.id, me) if named else None
        if named is None or stay is None or not stay.inside:
            raise UserError(_("You are not in that cluster."), try_instead=context.line(self.list))
        return named, me

    def _only_in_private(self, context: Context) -> None:
        """Where others read along, nothing is said about the clusters that somebody is in or sees."""
        if not context.is_direct:
            raise UserError(
                _("Not where others read along: write that to {bot} in a direct chat."), bot=context.bot.user_id
            )

    def _expose(self, context: Context, number: int | None, exposure: Exposure, answer: Message) -> None:
        named, me = self._inside(context, number)
        self._doors.expose(context.unit, named, me, exposure)
        if context.room == named.room_id:
            context.agree()  # in the room itself, only the person has to know
        else:
            context.reply(answer, title=named.title)
