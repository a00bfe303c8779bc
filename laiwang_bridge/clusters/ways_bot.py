"""What people type to see and reach clusters in further ways: a Space, a search, a card to hand on, a link, a pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from appservice.bots import Argument, ArgumentError, Context, Router, UserError, Voice
from appservice.bots.line import fold
from appservice.content import Rich, bold, code, lines, link
from appservice.effects import MediaOf, Upload
from appservice.language import N_, _
from appservice.rooms import Rooms
from laiwang_bridge.clusters import card_store, pass_store, sight, stay_store, store
from laiwang_bridge.clusters.card_store import CardState
from laiwang_bridge.clusters.doors import Doors, Entry
from laiwang_bridge.clusters.feed import feed
from laiwang_bridge.clusters.links import alias_in, link_to, qr_picture
from laiwang_bridge.clusters.listing import best_of, find_listed
from laiwang_bridge.clusters.meant import ListCommand, cluster_inside
from laiwang_bridge.clusters.passes import MOST_OPEN, Passes
from laiwang_bridge.clusters.reach import Mode
from laiwang_bridge.clusters.rules import ClusterId, Lifecycle, visible
from laiwang_bridge.clusters.space import Spaces
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.people.codes import format_code
from laiwang_bridge.people.mail import Mail
from laiwang_bridge.people.names import who_asks
from laiwang_bridge.people.rules import PersonId

_FOUND = 20
_OFF = ("off", "关", "收回", "作废")
_WAYS = _("Ways to see clusters")


@dataclass(frozen=True, slots=True)
class PassWish:
    """A new pass for the cluster of this number, if one is given; or all that are open taken back."""

    number: int | None = None
    off: bool = False


_NEW_PASS = PassWish()
_TAKE_BACK = PassWish(off=True)


def _read_pass_wish(text: str) -> PassWish:
    word = fold(text).strip().removeprefix("#")
    if word in _OFF:
        return _TAKE_BACK
    if word.isdecimal() and len(word) < 10:
        return PassWish(int(word))
    raise ArgumentError(_("“{word}” is neither the number of a cluster nor `off`."), word=text[:30], suggestion="off")


def _show_pass_wish(wish: PassWish) -> str:
    return "off" if wish.off else str(wish.number)


Number = Annotated[int | None, Argument(_("number"), least=1, example="1")]
OnOff = Annotated[Literal["on", "off"], Argument(_("on or off"), words={"on": ("开",), "off": ("关",)})]
SearchWords = Annotated[str, Argument(_("words"), rest=True, most=100, example="hike", chinese="爬山")]
Where = Annotated[str, Argument(_("link"), rest=True, example="#zd_4h7kq2mw9xcd:example.org")]
Which = Annotated[
    PassWish,
    Argument(_("number, or off"), example="1", words={"off": _OFF[1:]}, parse=_read_pass_wish, show=_show_pass_wish),
]


@dataclass(frozen=True, slots=True)
class Commands:
    """Those of others that are named here: `list` shows somebody his clusters, `join` is for the number of one."""

    list: ListCommand
    join: Callable[[Context, int | None], None]


class WaysBot:
    """`domain` is our homeserver's."""

    def __init__(
        self,
        prefixes: tuple[str, ...],
        spaces: Spaces,
        passes: Passes,
        doors: Doors,
        rooms: Rooms,
        mail: Mail,
        *,
        domain: str,
        commands: Commands,
    ) -> None:
        self._spaces = spaces
        self._passes = passes
        self._doors = doors
        self._rooms = rooms
        self._mail = mail
        self._domain = domain
        self._commands = commands
        self.router = router = Router("ways", prefixes, title=_WAYS)
        command = router.command
        command("search", "搜索", help=_("Find a cluster by its title"), group=_WAYS, where="direct")(self.search)
        command("share", "分享", help=_("A card, a link and a QR code to hand on"), group=_WAYS)(self.share)
        command(
            "enter", "进门", help=_("Come in by a link"), group=_WAYS, where="direct", bare=self._is_link
        )(self.enter)  # fmt: skip
        command("pass", "口令", "通行口令", help=_("A code that lets one person in"), group=_WAYS)(self.give_pass)
        command("space", "空间", help=_("Your clusters as a Space"), group=_WAYS, where="direct")(self.space)

    # -- seeing -----------------------------------------------------------------------------------------------------

    def space(self, context: Context, switch: OnOff | None = None) -> None:
        me = who_asks(context)
        match switch:
            case "on":
                new = self._spaces.switch_on(context.unit, me, context.sender)
                made = _(
                    "You are being invited into a Space of your own: it shows what your friends talk about and where "
                    "you are in. Nobody else sees it. {line} takes it away."
                )
                said = made if new else _("You have your Space. {line} takes it away.")
                context.reply(said, line=code(context.line(self.space, "off")))
            case "off":
                was_there = self._spaces.switch_off(context.unit, me)
                context.reply(_("Your Space is gone.") if was_there else _("You have no Space."))
            case None:
                context.reply(
                    _(
                        "In clients that show Spaces you can have your clusters as one: what your friends talk about, "
                        "and where you are in. {on} makes it, {off} takes it away; nobody else sees it."
                    ),
                    on=code(context.line(self.space, "on")),
                    off=code(context.line(self.space, "off")),
                )

    def search(self, context: Context, words: SearchWords) -> None:
        """Looks through what this person may see, and tells the titles of that."""
        connection, me = context.connection, who_asks(context)
        seen = {each.named.id: each.named for each in feed(connection, me, context.now)}
        inside = store.find_many(connection, [stay.cluster for stay in stay_store.stays_of(connection, me)])
        others = [each for each in find_listed(connection, words, _FOUND) if each.id not in seen | inside]
        views = sight.views_of(connection, me, [each.rules for each in others])
        public = {each.id: each for each in others if visible(each.rules, views[each.id]).allowed}
        found = best_of([*seen.values(), *inside.values(), *public.values()], words)[:_FOUND]
        if not found:
            raise UserError(_("Nothing that you may see is called so."), try_instead=context.line(self._commands.list))
        # Nobody stands behind an open cluster in which no friends are; whatever is found has a number to come in by.
        states = {
            each.id: CardState.INSIDE if each.id in inside else CardState.OFFERED if each.id in seen else CardState.GONE
            for each in found
        }
        numbers = self._numbers(context, me, states)
        context.reply(lines(*(self._found(context, each, numbers[each.id], each.id in inside) for each in found)))

    def _numbers(self, context: Context, me: PersonId, states: Mapping[ClusterId, CardState]) -> dict[ClusterId, int]:
        """The numbers of these clusters for a person; what he has no card of gets one that stands so."""
        cards = card_store.cards_among(me, states.keys()).ask(context.connection)
        for state in CardState:
            new = [id for id in states if id not in cards and states[id] is state]
            cards |= card_store.add_cards(context.connection, me, new, state, context.now)
        return {id: card.number for id, card in cards.items()}

    def _found(self, context: Context, named: Named, number: int, is_inside: bool) -> Rich:
        if is_inside:
            return context.say(_("{number} · “**{title}**” · you are in"), number=str(number), title=named.title)
        line = code(context.line(self._commands.join, number))
        return context.say(_("“**{title}**” · {line}"), title=named.title, line=line)

    # -- handing on -------------------------------------------------------------------------------------------------

    def share(self, context: Context, number: Number = None) -> None:
        """A card for friends. Whoever follows it meets the same door as anybody."""
        named, _me = cluster_inside(context, number, self._commands.list)
        self._must_be_open(named)
        title = named.title
        if named.rules.reach.mode in (Mode.CLOSED, Mode.LIST):
            context.reply(
                _(
                    "“**{title}**” is for people who were chosen, so there is no link to it: a link would show its "
                    "name. A host can give a code that lets one person in: {line}"
                ),
                title=title,
                line=code(context.line(self.give_pass, PassWish(number) if number else _NEW_PASS)),
            )
            return
        url = link_to(named.alias, self._domain)
        anybody, friends = (
            _("Hand this on. Whoever follows the link may come in."),
            _(
                "Hand this on. Whoever follows the link asks to come in, and may if it reaches them through friends "
                "inside."
            ),
        )
        context.reply(anybody if named.rules.reach.mode is Mode.OPEN else friends)
        context.send(lines(bold(title), link(url, url)))
        data, width = qr_picture(url)
        file = context.unit.emit(
            Upload(sender=context.bot.user_id, data=data, content_type="image/png", filename="cluster.png"),
            asker=context.sender,
        )
        context.send(
            {
                "msgtype": "m.image",
                "body": f"{title}\n{url}",
                "filename": "cluster.png",
                "url": MediaOf(file),
                "info": {"mimetype": "image/png", "w": width, "h": width, "size": len(data)},
                "m.mentions": {},
            }
        )

    def enter(self, context: Context, where: Where) -> None:
        """For clients that cannot knock. It is asked who may come in, as at the door itself."""
        alias = alias_in(where, self._domain)
        named = store.behind(context.connection, alias) if alias is not None else None
        stay = stay_store.find_stay(context.connection, named.id, who_asks(context)) if named is not None else None
        if stay is not None and stay.inside:
            context.reply(_("You are inside already."))
            return
        entry = self._doors.let_in(context.unit, named, context.sender) if named is not None else Entry.REFUSED
        context.reply(entry.sentence, title=named.title if named is not None else "")

    def _is_link(self, text: str) -> bool:
        return alias_in(text, self._domain) is not None

    # -- passes -----------------------------------------------------------------------------------------------------

    def give_pass(self, context: Context, which: Which = _NEW_PASS, number: Number = None) -> None:
        number = which.number if number is None else number
        named, me = cluster_inside(context, number, self._commands.list)
        self._must_be_host(context, named)
        if which.off:
            self._take_back(context, named)
            return
        self._must_be_open(named)
        new = self._passes.new(context.unit, named.id, me)
        if new is None:
            raise UserError(
                _("{count} passes of “**{title}**” are open already; more cannot be. This takes them back:"),
                count=str(MOST_OPEN),
                title=named.title,
                try_instead=context.line(self.give_pass, _TAKE_BACK, number),
            )
        # The room must not read it: there it would be anybody's.
        voice: Voice | None = context if context.is_direct else self._mail.to(context.unit, me)
        if voice is None:
            raise UserError(_("I cannot reach you in private. Open a chat with {bot} first."), bot=context.bot.user_id)
        card = card_store.find_card(context.connection, me, named.id)
        off = code(voice.line(self.give_pass, _TAKE_BACK, card.number if card else None))
        said = voice.say(
            _(
                "**{code}** lets one person into “**{title}**”, whoever types it to {bot} first within 24 hours, even "
                "where its reach would not. Read it to them or send it. {line} takes it back."
            ),
            code=format_code(new.value),
            title=named.title,
            bot=context.bot.user_id,
            line=off,
        )
        if voice is context:
            context.reply(said)
        else:
            voice.send(said)
            context.agree()

    def _take_back(self, context: Context, named: Named) -> None:
        count = pass_store.withdraw(context.connection, named.id, context.now)
        if not context.is_direct:
            context.agree()
            return
        context.reply(
            N_(
                "{count} pass of “**{title}**” is taken back; it opens nothing any more.",
                "{count} passes of “**{title}**” are taken back; they open nothing any more.",
            ),
            count=count,
            title=named.title,
        )

    # -- small things -----------------------------------------------------------------------------------------------

    def _must_be_open(self, named: Named) -> None:
        if named.rules.lifecycle is not Lifecycle.OPEN:
            raise UserError(_("Nobody new can come into “**{title}**” now."), title=named.title)

    def _must_be_host(self, context: Context, named: Named) -> None:
        """A pass stands for an invitation by hand, so whoever may invite by hand may give passes."""
        room = named.room_id
        power = self._rooms.power_of(context.connection, room, context.sender) if room is not None else 0
        if room is None or power < self._rooms.required_power(context.connection, room, "invite"):
            raise UserError(_("Only a host of “**{title}**” can do that."), title=named.title)
