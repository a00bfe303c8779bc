"""What people type about clusters."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

from mautrix.types import UserID

from appservice.bots import Argument, ArgumentError, Context, Router, UserError
from appservice.bots.line import fold
from appservice.language import Message, _
from laiwang_bridge.clusters import store
from laiwang_bridge.clusters.card_store import Card, CardState
from laiwang_bridge.clusters.doors import Doors
from laiwang_bridge.clusters.explaining import explain
from laiwang_bridge.clusters.exposures import Commands as Answers
from laiwang_bridge.clusters.exposures import Exposures
from laiwang_bridge.clusters.faces import Buttons
from laiwang_bridge.clusters.feed import feed, look_at
from laiwang_bridge.clusters.links import is_link
from laiwang_bridge.clusters.meant import card_meant, cluster_inside
from laiwang_bridge.clusters.pages import Pages
from laiwang_bridge.clusters.rules import NOT_AVAILABLE
from laiwang_bridge.clusters.spread import Spread
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.people import list_store
from laiwang_bridge.people import store as people
from laiwang_bridge.people.names import Names, who_asks
from laiwang_bridge.people.rules import Exposure, PersonId

PREFIXES = ("!zd", "!扎堆")

_CLUSTERS = _("Clusters")
_LISTED = 20

List = Annotated[str, Argument(_("list"), rest=True, example="family", chinese="家人")]
Friend = Annotated[UserID, Argument(_("friend"), example="@xiaolin:example.org")]
Number = Annotated[int | None, Argument(_("number"), least=1, example="1")]


def _read_which(text: str) -> int | str:
    """The number of a card, or a link, as many write it behind this command too."""
    digits = fold(text).removeprefix("#").rstrip(".,，。、")
    if re.fullmatch(r"[1-9]\d{0,8}", digits):
        return int(digits)
    if is_link(text):
        return text
    raise ArgumentError(_("“{word}” is neither a number of your list nor a link."), word=text[:30], suggestion="1")


Which = Annotated[int | str | None, Argument(_("number"), example="1", parse=_read_which)]


class ClusterBot:
    """Seeing, entering and leaving clusters. `mute` is the command with which people see no clusters through a friend
    any more."""

    def __init__(
        self,
        doors: Doors,
        spread: Spread,
        pages: Pages,
        names: Names,
        exposures: Exposures,
        mute: Callable[[Context, str], None],
    ) -> None:
        self._doors = doors
        self._spread = spread
        self._pages = pages
        self._names = names
        self._enter: Callable[[Context, str], None] | None = None
        self.router = router = Router("clusters", PREFIXES, title=_("Clusters"))
        command = router.command
        command("list", "列表", help=_("What your friends talk about"), group=_CLUSTERS, where="direct")(self.list)
        command("join", "加入", help=_("Step in"), group=_CLUSTERS, where="direct")(self.join)
        command("leave", "退出", "离开", help=_("Step out, silently"), group=_CLUSTERS)(self.leave)
        command("quiet", "隐身", help=_("Your friends do not see you there"), group=_CLUSTERS)(self.quiet)
        command("loud", "现身", help=_("Your friends may see you there"), group=_CLUSTERS)(self.loud)
        command("only", "只给", help=_("Only friends on one list see you there"), group=_CLUSTERS)(self.only)
        command("hide", "不看", help=_("See no more of it"), group=_CLUSTERS, where="direct")(self.hide)
        command("why", "为什么", help=_("Why you see it, and why there"), group=_CLUSTERS, where="direct")(self.why)
        command("mention", "叫", help=_("Call a friend in"), group=_CLUSTERS)(self.mention)
        exposures.buttons_do(Answers(loud=self.loud, quiet=self.quiet, only=self.only))
        pages.buttons_do(
            Buttons(join=self.join, hide=self.hide, quiet=self.quiet, loud=self.loud, list=self.list, mute=mute)
        )

    def links_lead_in_by(self, enter: Callable[[Context, str], None]) -> None:
        """The command that takes links."""
        self._enter = enter

    def list(self, context: Context) -> None:
        me = who_asks(context)
        seen = feed(context.connection, me, context.now)
        if not self._pages.answer(context, me, seen, _LISTED):
            example = str(context.say(_("weekend hike?")).plain)
            raise UserError(
                _("None of your friends is talking about anything here yet. You can begin:"),
                try_instead=f"{self.router.prefix_in(context.language)} {example}",
            )

    def why(self, context: Context, number: Number = None) -> None:
        """Explains the place of a cluster in the list, from what its reader may know anyway."""
        me = who_asks(context)
        card = self._card(context, me, number, CardState.OFFERED)
        named = store.find(context.connection, card.cluster)
        seen = look_at(context.connection, me, [named], context.now) if named else []
        if card.state is CardState.INSIDE:
            context.reply(_("You are in “**{title}**” yourself."), title=named.title if named else "")
        elif not seen:
            context.reply(NOT_AVAILABLE)
        else:
            names = self._names.for_viewer_all(context.connection, me, seen[0].friends)
            context.reply(explain(context, seen[0], [names[friend] for friend in seen[0].friends], context.now))

    def mention(self, context: Context, whom: Friend, number: Number = None) -> None:
        named, me = self._inside(context, number)
        friend = people.find_person(context.connection, whom)
        if friend is not None and friend != me:
            self._spread.call(context.unit, named, me, friend)
        # Whether he may see it, and whether he has anything to do with us, is not for others to learn.
        if context.room == named.room_id:
            context.agree()
        else:
            context.reply(_("If {user} may see “**{title}**”, they are told now."), user=whom, title=named.title)

    def join(self, context: Context, number: Which = None) -> None:
        me = who_asks(context)
        if isinstance(number, str):
            assert self._enter is not None
            self._enter(context, number)
            return
        card = self._card(context, me, number, CardState.OFFERED)
        named = store.find(context.connection, card.cluster)
        assert named is not None
        if card.state is CardState.INSIDE:
            context.reply(_("You are inside already."))
            return
        if card.state is CardState.MUTED:
            self._spread.unmute(context.unit, named, card)
        entry = self._doors.let_in(context.unit, named, context.sender)
        context.reply(entry.sentence, title=named.title)

    def leave(self, context: Context, number: Number = None) -> None:
        named, _me = self._inside(context, number)
        reason = context.say(_("Left at their own wish.")).plain
        self._doors.show_out(context.unit, named, context.sender, reason)
        if context.room != named.room_id:
            context.reply(_("You have left “**{title}**”."), title=named.title)

    def quiet(self, context: Context, number: Number = None) -> None:
        self._expose(context, number, Exposure.QUIET, _("Your friends no longer see that you are in “**{title}**”."))

    def loud(self, context: Context, number: Number = None) -> None:
        self._expose(context, number, Exposure.LOUD, _("Your friends may see now that you are in “**{title}**”."))

    def only(self, context: Context, number: Number = None, which: List = "") -> None:
        named, me = self._inside(context, number)
        chosen = list_store.list_named(context.connection, me, which)
        in_private = context.room != named.room_id
        if chosen is None and (in_private or not which):
            raise UserError(
                _("Of which list of yours shall they see you there? So far nothing has changed."),
                try_instead=context.line(self.only, number, self._example_of_list(context, me)),
            )
        if chosen is not None:
            self._doors.expose(context.unit, named, me, Exposure.LOUD, chosen.id)
        if in_private and chosen is not None:
            answer = _("Only your friends on “{list}” may see now that you are in “**{title}**”.")
            context.reply(answer, list=chosen.name, title=named.title)
        elif chosen is not None:
            context.agree()
        else:
            context.agree("🤷")  # which lists somebody has is not for the room to read

    def hide(self, context: Context, number: Number = None) -> None:
        me = who_asks(context)
        card = self._card(context, me, number, CardState.OFFERED)
        if card.state is CardState.INSIDE:
            raise UserError(_("You are inside. Step out first:"), try_instead=context.line(self.leave, card.number))
        named = store.find(context.connection, card.cluster)
        assert named is not None
        self._spread.mute(context.unit, named, card)
        if context.event.type != "m.reaction":
            context.agree()  # the card says it

    # -- small things -----------------------------------------------------------------------------------------------

    def _card(self, context: Context, me: PersonId, number: int | None, wanted: CardState) -> Card:
        return card_meant(context, me, number, wanted, self.list)

    def _example_of_list(self, context: Context, me: PersonId) -> str:
        mine = list_store.lists_of(context.connection, me)
        return mine[0].name if mine else str(context.say(_("family")).plain)

    def _inside(self, context: Context, number: int | None) -> tuple[Named, PersonId]:
        return cluster_inside(context, number, self.list)

    def _expose(self, context: Context, number: int | None, exposure: Exposure, answer: Message) -> None:
        named, me = self._inside(context, number)
        self._doors.expose(context.unit, named, me, exposure)
        if context.room == named.room_id:
            context.agree()  # in the room itself, only the person has to know
        else:
            context.reply(answer, title=named.title)
