"""What people type to sort their friends: lists, remarks, who is not seen, and how to be seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

from appservice.bots import Argument, ArgumentError, Context, Router, UserError
from appservice.content import Words, bold, bullets, code, lines
from appservice.language import N_, Message, _
from laiwang_bridge.people import list_store, remark_store, store
from laiwang_bridge.people.finding import Finder
from laiwang_bridge.people.lists import LONGEST_NAME, FriendList, folded
from laiwang_bridge.people.names import Names, who_asks
from laiwang_bridge.people.readable import readable
from laiwang_bridge.people.remark_store import LONGEST_REMARK
from laiwang_bridge.people.rules import Exposure, PersonId
from laiwang_bridge.people.ties import Ties

_SORTING, _SEEN = _("Sorting friends"), _("Being seen")
_MOST_LISTS = 50
_NAMES_SHOWN = 20
_SUGGESTED = (_("family"), _("classmates"), _("work"))
_LOUD_WORDS, _QUIET_WORDS = ("现身", "公开"), ("隐身", "低调")
_WORDS = {"loud": _LOUD_WORDS, "quiet": _QUIET_WORDS, "usual": ("照常", "默认"), "ask": ("询问", "每次问")}


def _read_name(text: str) -> str:
    name = readable(text)
    if not folded(name) or name.startswith("@"):
        raise ArgumentError(_("“{word}” is no name for a list."), word=name)
    if len(name) > LONGEST_NAME:
        raise ArgumentError(_("The name of a list has at most {most} characters."), most=LONGEST_NAME)
    return name


ListName = Annotated[str, Argument(_("list"), parse=_read_name, example="family", chinese="家人")]
Friend = Annotated[str, Argument(_("who"), parse=str, example="@name:example.org")]
Friends = Annotated[tuple[str, ...], Argument(_("who"), parse=str, example="@name:example.org")]
ListExposure = Annotated[Literal["loud", "quiet", "usual"] | None, Argument(_("loud, quiet or usual"), words=_WORDS)]
OwnExposure = Annotated[Literal["loud", "quiet", "ask"] | None, Argument(_("loud, quiet or ask"), words=_WORDS)]
Remark = Annotated[
    str, Argument(_("what you call them"), rest=True, most=LONGEST_REMARK, example="Auntie May", chinese="梅阿姨")
]
Overview = Callable[[Context], None]
YesOrNo = Annotated[bool | None, Argument(_("yes or no"))]


class CircleBot:
    """Lists, remarks, mutes and exposure. `friends` is the command that shows the friends."""

    def __init__(self, prefixes: Sequence[str], names: Names, ties: Ties, overview: Overview) -> None:
        self._names = names
        self._ties = ties
        self._overview = overview
        self.router = router = Router("circles", prefixes)
        command = router.command
        command("lists", "groups", "分组列表", help=_("Your private lists"), group=_SORTING, where="direct")(self.lists)
        command("group", "分组", help=_("Put friends on a list"), group=_SORTING, where="direct")(self.group)
        command("ungroup", "移出分组", help=_("Take friends off a list, or delete it"), group=_SORTING, where="direct")(
            self.ungroup
        )
        command("regroup", "分组改名", help=_("Rename a list"), group=_SORTING, where="direct")(self.regroup)
        command("name", "备注", "remark", help=_("What you call a friend"), group=_SORTING, where="direct")(self.name)
        command("unname", "取消备注", help=_("Call them by their own name"), group=_SORTING, where="direct")(
            self.unname
        )
        command("mute", "不看他", "不看她", help=_("See no clusters through a friend"), group=_SEEN, where="direct")(
            self.mute
        )
        command("unmute", "看他", "看她", help=_("See them again"), group=_SEEN, where="direct")(self.unmute)
        command("exposure", "露面", help=_("Loud or quiet in new clusters"), group=_SEEN, where="direct")(self.exposure)
        command("newfriends", "新朋友", help=_("May they see old clusters through you?"), group=_SEEN, where="direct")(
            self.newfriends
        )

    # -- lists ------------------------------------------------------------------------------------------------------

    def lists(self, context: Context) -> None:
        me = who_asks(context)
        mine = list_store.lists_of(context.connection, me)
        if not mine:
            names = [context.catalogue.text(name) for name in _SUGGESTED]
            raise UserError(
                _("You have no lists yet. Only you see them; many people have {names}. You can begin:"),
                names=names,
                try_instead=context.line(self.group, names[0], None, ("@name:example.org",)),
            )
        context.reply(bullets(self._shown(context, me, one) for one in mine))

    def group(self, context: Context, name: ListName, exposure: ListExposure = None, whom: Friends = ()) -> None:
        me = who_asks(context)
        connection = context.connection
        friends = self._finder(context, me).friends(whom)
        is_new = list_store.list_named(connection, me, name) is None
        if is_new and len(list_store.lists_of(connection, me)) >= _MOST_LISTS:
            raise UserError(_("You have {count} lists; that is the most."), count=_MOST_LISTS)
        one = list_store.put_list(connection, me, name)
        self._ties.tell_list(context.unit, one.id, list_store.add(connection, one, friends))
        if exposure is not None:
            chosen = None if exposure == "usual" else Exposure(exposure)
            list_store.set_list_exposure(connection, one.id, chosen)
        now = list_store.find_list(connection, one.id)
        assert now is not None
        notes = [self._shown(context, me, now)]
        if is_new and exposure is None and now.exposure is Exposure.QUIET:
            usual = code(context.line(self.group, name, "usual"))
            notes.append(context.say(_("A list for work begins quiet. {line} changes that."), line=usual))
        context.reply(lines(*notes))

    def ungroup(self, context: Context, name: ListName, whom: Friends = ()) -> None:
        me = who_asks(context)
        one = self._list(context, me, name)
        if not whom:
            self._take_off(context, one, list_store.members_of(context.connection, one.id))
            list_store.delete_list(context.connection, one.id)
            context.reply(_("The list **{name}** is gone. Your friends are as they were."), name=one.name)
            return
        self._take_off(context, one, self._finder(context, me).friends(whom))
        context.reply(self._shown(context, me, one))

    def regroup(self, context: Context, name: ListName, new_name: ListName) -> None:
        me = who_asks(context)
        one = self._list(context, me, name)
        other = list_store.list_named(context.connection, me, new_name)
        if other is not None and other.id != one.id:
            raise UserError(_("You have a list **{name}** already."), name=other.name)
        list_store.rename(context.connection, one.id, new_name)
        context.reply(_("**{old}** is called **{name}** now."), old=one.name, name=new_name)

    # -- what I call somebody, whom I do not see --------------------------------------------------------------------

    def name(self, context: Context, whom: Friend, remark: Remark = "") -> None:
        me = who_asks(context)
        friend = self._finder(context, me).friend(whom)
        own = self._names.of_person(context.connection, friend)
        if remark:
            remark_store.put_remark(context.connection, me, friend, remark)
        called = remark_store.remark_about(context.connection, me, friend)
        if called is None:
            user = store.user_ids(context.connection, friend)[0]
            raise UserError(
                _("You call **{own}** by their own name. To change that:"),
                own=own,
                try_instead=context.line(self.name, user, str(context.say(_("Auntie May")).plain)),
            )
        context.reply(_("You call **{own}** **{called}**. Nobody else sees that."), own=own, called=called)

    def unname(self, context: Context, whom: Friend) -> None:
        me = who_asks(context)
        friend = self._finder(context, me).friend(whom)
        remark_store.drop_remark(context.connection, me, friend)
        own = self._names.of_person(context.connection, friend)
        context.reply(_("You call **{own}** by their own name again."), own=own)

    def mute(self, context: Context, whom: Friend) -> None:
        me = who_asks(context)
        friend = self._finder(context, me).friend(whom)
        store.mute_person(context.connection, me, friend, context.now)
        self._ties.tell(context.unit, me, friend)
        context.reply(
            _("You see no clusters through **{name}** any more. You are still friends, and nobody is told. {line}"),
            name=self._names.for_viewer(context.connection, me, friend),
            line=self._undo(context, friend),
        )

    def unmute(self, context: Context, whom: Friend) -> None:
        me = who_asks(context)
        friend = self._finder(context, me).friend(whom)
        name = self._names.for_viewer(context.connection, me, friend)
        if not store.unmute_person(context.connection, me, friend):
            raise UserError(_("**{name}** is not muted."), name=name)
        self._ties.tell(context.unit, me, friend)
        context.reply(_("You see clusters through **{name}** again."), name=name)

    # -- how I am seen ----------------------------------------------------------------------------------------------

    def exposure(self, context: Context, how: OwnExposure = None) -> None:
        me = who_asks(context)
        if how is not None:
            store.set_exposure(context.connection, me, None if how == "ask" else Exposure(how))
        match store.exposure_of(context.connection, me):
            case Exposure.LOUD:
                said = _("In new clusters you are **loud**: your friends may see that you are there.")
            case Exposure.QUIET:
                said = _("In new clusters you are **quiet**: nobody learns through you that they exist.")
            case None:
                said = _("You have chosen nothing yet: I ask you when you step in.")
        context.reply(lines(context.say(said), self._quiet_lists(context, me)))

    def newfriends(self, context: Context, may: YesOrNo = None) -> None:
        me = who_asks(context)
        before = store.new_friends_see_old(context.connection, me)
        if may is not None and may != before:
            store.let_new_friends_see_old(context.connection, me, may)
            for friend in store.friends_of(context.connection, me):
                self._ties.tell(context.unit, me, friend)
        if before if may is None else may:
            context.reply(_("New friends may see through you clusters that are older than your friendship."))
        else:
            context.reply(_("New friends see through you only clusters that are younger than your friendship."))

    # -- small things -----------------------------------------------------------------------------------------------

    def _finder(self, context: Context, me: PersonId) -> Finder:
        return Finder(context.connection, self._names, me, context.line(self._overview))

    def _take_off(self, context: Context, one: FriendList, friends: Sequence[PersonId]) -> None:
        list_store.remove(context.connection, one.id, friends)
        self._ties.tell_list(context.unit, one.id, friends)

    def _list(self, context: Context, me: PersonId, name: str) -> FriendList:
        found = list_store.list_named(context.connection, me, name)
        if found is None:
            raise UserError(_("You have no list **{name}**."), name=name, try_instead=context.line(self.lists))
        return found

    def _shown(self, context: Context, me: PersonId, one: FriendList) -> Words:
        members = list_store.members_of(context.connection, one.id)
        called = self._names.for_viewer_all(context.connection, me, members[:_NAMES_SHOWN])
        names: list[str] = [called[friend] for friend in members[:_NAMES_SHOWN]]
        if len(members) > _NAMES_SHOWN:
            names.append("…")
        heading = bold(one.name) + (" · " + context.say(_exposed(one.exposure)) if one.exposure else "")
        if not members:
            return heading + context.say(_(": nobody yet"))
        return heading + context.say(N_(" ({count}): {names}", " ({count}): {names}"), count=len(members), names=names)

    def _quiet_lists(self, context: Context, me: PersonId) -> Words:
        quiet = [one.name for one in list_store.lists_of(context.connection, me) if one.exposure is Exposure.QUIET]
        return (
            context.say(_("Quiet where friends of these lists could see you: {names}."), names=quiet) if quiet else ""
        )

    def _undo(self, context: Context, friend: PersonId) -> Words:
        user = store.user_ids(context.connection, friend)[0]
        return context.say(_("{line} undoes it."), line=code(context.line(self.unmute, user)))


def _exposed(exposure: Exposure) -> Message:
    return _("loud") if exposure is Exposure.LOUD else _("quiet")
