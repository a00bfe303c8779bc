"""What people type about themselves and their friends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import orjson
from mautrix.types import UserID

from appservice.bots import Argument, ArgumentError, Context, Router, UserError
from appservice.bots.line import user_in
from appservice.content import Words, bold, code, code_block, lines, numbered, paragraphs
from appservice.effects import MediaOf, Upload
from appservice.language import N_, Language, _
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.people import list_store, record, store
from laiwang_bridge.people.codes import BadCode, format_code, looks_like_code, parse_code
from laiwang_bridge.people.digests import Digests
from laiwang_bridge.people.invitations import Codes, texts_to_send
from laiwang_bridge.people.names import Names, who_asks
from laiwang_bridge.people.requests import Requests
from laiwang_bridge.people.rules import Origin, PersonId, Refusal, RefusalCause
from laiwang_bridge.people.ties import Ties

PREFIXES = ("!lw", "!来往")

_FRIENDS, _ME = _("Friends"), _("About me")
_LONGEST_LIST = 50
_HOUR_MS = 3_600_000
_WIPE = "people.wipe"


def _read_code(text: str) -> int:
    read = parse_code(text)
    if isinstance(read, BadCode):
        raise ArgumentError(read.problem.sentence, count=read.count, character=read.character)
    return read


def _read_door(text: str) -> UserID | int:
    """A person to knock at: his id, or a code of his."""
    user = user_in(text)
    if user is None and looks_like_code(text):
        return _read_code(text)
    if user is None:
        raise ArgumentError(
            _("“{word}” is nobody’s Matrix id. Mention the person, or write it out like @alice:example.org."),
            word=text[:30],
        )
    return user


def _show_door(door: UserID | int) -> str:
    return format_code(door) if isinstance(door, int) else door


Code = Annotated[int | None, Argument(_("code"), example="K7RF-2XWM", rest=True, parse=_read_code, show=format_code)]
Whom = Annotated[UserID, Argument(_("who"), example="@name:example.org")]
Door = Annotated[UserID | int, Argument(_("who"), parse=_read_door, show=_show_door, example="@name:example.org")]
Number = Annotated[int | None, Argument(_("number"), least=1, example="1")]
WhichLanguage = Annotated[
    Language,
    Argument(_("language"), words={"en": ("english", "英文", "英语"), "zh": ("chinese", "中文", "汉语")}),
]
Line = Annotated[str, Argument(_("a line"), rest=True, most=60, example="we met at May’s", chinese="在小梅家认识的")]
Confirmation = Annotated[bool, Argument(_("yes or no"))]


class PeopleBot:
    """Codes, friends, blocks, and everything that is kept about somebody."""

    def __init__(
        self,
        names: Names,
        requests: Requests,
        digests: Digests,
        ties: Ties,
        *,
        code_lifetime_hours: int,
        is_ours: Callable[[UserID], bool],
    ) -> None:
        self._names = names
        self._requests = requests
        self._ties = ties
        self._digests = digests
        self._codes = Codes(code_lifetime_hours * _HOUR_MS)
        self._is_ours = is_ours
        self.router = router = Router("people", PREFIXES, title=_("People"))
        command = router.command
        command(
            "code", "暗号", "加好友",
            help=_("Make friends: get one or type one"), group=_FRIENDS, where="direct", bare=looks_like_code,
        )(self.code)  # fmt: skip
        command("friends", "好友", help=_("Your friends"), group=_FRIENDS, where="direct")(self.friends)
        command("knock", "敲门", help=_("Ask a friend of a friend"), group=_FRIENDS, where="direct")(self.knock)
        command("invite", "邀请", help=_("A text to send to a friend"), group=_FRIENDS, where="direct")(self.invite)
        command("requests", "请求", "敲门的人", help=_("Who waits for your answer"), group=_FRIENDS, where="direct")(
            self.requests
        )
        command("yes", "同意", help=_("Say yes to a request"), group=_FRIENDS, where="direct")(self.yes)
        command("no", "拒绝", help=_("Say no, silently"), group=_FRIENDS, where="direct")(self.no)
        command("unfriend", "删除好友", help=_("End it, silently"), group=_FRIENDS, where="direct")(self.unfriend)
        command("block", "拉黑", help=_("Out of each other’s sight"), group=_FRIENDS, where="direct")(self.block)
        command("unblock", "取消拉黑", help=_("Lift a block"), group=_FRIENDS, where="direct")(self.unblock)
        command("language", "语言", help=_("English or Chinese"), group=_ME)(self.language)
        command("export", "导出", help=_("All I know about you"), group=_ME, where="direct")(self.export)
        command("forget", "忘记我", "注销", help=_("Delete all of it"), group=_ME, where="direct")(self.forget)
        router.dialogue(self.confirm_forget)
        requests.answered_by(self.yes, self.no)

    def add_to(self, routes: Routes) -> None:
        routes.on_timer(_WIPE, self._wipe)

    # -- friends ----------------------------------------------------------------------------------------------------

    def code(self, context: Context, typed: Code = None) -> None:
        if typed is not None:
            self._requests.redeem(context, typed)
            return
        me = who_asks(context)
        mine = self._codes.open_or_new(context.unit, me)
        hours = max((mine.expires_at - context.now) // _HOUR_MS, 1)
        shown = format_code(mine.value)
        context.reply(
            N_(
                "Your code is **{code}**. Read it to a friend or send it; it works once, for {count} hour.\n"
                "Your friend writes {line} to {bot}.",
                "Your code is **{code}**. Read it to a friend or send it; it works once, for {count} hours.\n"
                "Your friend writes {line} to {bot}.",
            ),
            code=shown,
            count=hours,
            line=code(context.line(self.code, mine.value)),
            bot=context.bot.user_id,
        )

    def knock(self, context: Context, whom: Door, line: Line = "") -> None:
        """The answer is the same whatever the other one is to the person who asks: else it would tell of the graph."""
        if isinstance(whom, int):
            self._requests.redeem(context, whom)
            return
        if whom == context.sender or self._is_ours(whom):
            raise UserError(_("You can knock at other people only."))
        me = who_asks(context)
        other = store.find_person(context.connection, whom)
        if other is not None:
            tie = store.tie(context.connection, me, other)
            if tie.friends:
                raise UserError(Refusal(RefusalCause.ALREADY_FRIENDS).sentence)
            if tie.i_blocked:
                blocked = Refusal(RefusalCause.YOU_BLOCKED).sentence
                raise UserError(blocked, try_instead=context.line(self.unblock, whom))
        if not self._requests.may_knock(context.unit, me):
            raise UserError(_("You have knocked at many people today. Please go on tomorrow."))
        if other is not None:
            self._requests.propose(context.unit, me, other, Origin.KNOCK, line)
        context.reply(
            _(
                "You have knocked at {whom}. If the two of you have a friend in common, it is in the next digest "
                "there. You hear of it again only if the answer is yes; you can knock again after 30 days."
            ),
            whom=whom,
        )

    def invite(self, context: Context) -> None:
        me = who_asks(context)
        new = self._codes.new(context.unit, me)
        zone = self._digests.hours_of(context.connection, me).zone
        bot = context.bot.user_id
        texts = texts_to_send(new, bot, zone, context.desk.catalogues, context.language)
        words = context.say(
            _("Send one of these to your friend yourself; I write to nobody. Each needs a code of their own:")
        )
        context.reply(paragraphs(words, *(code_block(text) for text in texts)))

    def requests(self, context: Context) -> None:
        self._requests.show_all(context)

    def yes(self, context: Context, number: Number = None) -> None:
        self._requests.answer(context, number, yes=True)

    def no(self, context: Context, number: Number = None) -> None:
        self._requests.answer(context, number, yes=False)

    def friends(self, context: Context) -> None:
        me = who_asks(context)
        friends = store.friends_of(context.connection, me)
        if not friends:
            context.reply(
                _("You have no friends here yet. {line} gives you a code for one."), line=code(context.line(self.code))
            )
            return
        shown = self._described(context, me, friends[:_LONGEST_LIST])
        heading = context.say(N_("You have {count} friend.", "You have {count} friends."), count=len(friends))
        context.reply(lines(heading, numbered(shown), "…" if len(friends) > _LONGEST_LIST else ""))

    def unfriend(self, context: Context, whom: Whom) -> None:
        me, other = who_asks(context), store.find_person(context.connection, whom)
        if other is None or not store.unfriend(context.connection, me, other):
            raise UserError(_("{whom} is not among your friends."), whom=whom, try_instead=context.line(self.friends))
        self._ties.tell(context.unit, me, other)
        context.reply(_("You and {whom} are no longer friends. Nobody is told."), whom=whom)

    def block(self, context: Context, whom: Whom) -> None:
        if whom == context.sender or self._is_ours(whom):
            raise UserError(_("Only other people can be blocked."))
        me = who_asks(context)
        other = store.put_block(context.connection, me, whom, context.now)
        if other is not None:
            store.unfriend(context.connection, me, other)
            self._requests.end_between(context, me, other)
            self._ties.tell(context.unit, me, other)
        context.reply(
            _(
                "{whom} is blocked: neither of you sees the other in clusters, and {whom} cannot become your friend. "
                "Nobody is told. To see no messages either, ignore {whom} in your Matrix client too."
            ),
            whom=whom,
        )

    def unblock(self, context: Context, whom: Whom) -> None:
        me = who_asks(context)
        if not store.lift_block(context.connection, me, whom):
            raise UserError(_("{whom} is not blocked."), whom=whom)
        other = store.find_person(context.connection, whom)
        if other is not None:
            self._ties.tell(context.unit, me, other)
        context.reply(_("{whom} is no longer blocked. A friendship that there was does not come back."), whom=whom)

    # -- about me ---------------------------------------------------------------------------------------------------

    def language(self, context: Context, which: WhichLanguage) -> None:
        store.choose_language(context.connection, who_asks(context), which.value)
        answer = context.at(context.room, which, is_direct=context.is_direct)
        context.reply(answer.say(_("From now on I write to you in English, unless you write Chinese yourself.")))

    def export(self, context: Context) -> None:
        me = who_asks(context)
        everything: dict[str, Any] = {"people": record.export(context.connection, me)}
        for feature, export in self._ties.exports.items():
            everything[feature] = export(context.connection, me)
        data = orjson.dumps(everything, option=orjson.OPT_INDENT_2)
        file = context.unit.emit(
            Upload(sender=context.bot.user_id, data=data, content_type="application/json", filename="laiwang.json"),
            asker=context.sender,
        )
        context.reply(
            {
                "msgtype": "m.file",
                "body": "laiwang.json",
                "filename": "laiwang.json",
                "url": MediaOf(file),
                "info": {"mimetype": "application/json", "size": len(data)},
                "m.mentions": {},
            }
        )
        context.send(
            _("This is all that is kept about you. The messages in your rooms are your homeserver's, not mine.")
        )

    def forget(self, context: Context) -> None:
        context.ask(
            self.confirm_forget,
            _(
                "This deletes your friendships, codes, blocks and your place in every cluster, for good. "
                "Rooms and what you wrote in them stay. Shall I? Answer yes or no."
            ),
        )

    def confirm_forget(self, context: Context, sure: Confirmation) -> None:
        if not sure:
            context.reply(_("All right, nothing was deleted."))
            return
        me = store.find_person(context.connection, context.sender)
        users = [context.sender]
        if me is not None:
            users = store.user_ids(context.connection, me)
            self._ties.tell_leaving(context.unit, me)
            store.forget(context.connection, me)
        context.reply(_("Done, I know nothing about you any more. Write to me whenever you like; we start anew."))
        # Then everything that this very command leaves behind is there, and goes too.
        context.unit.at(context.now, _WIPE, key=f"wipe:{context.unit.key}", lane=context.room, context={"users": users})

    def _wipe(self, unit: Unit, context: Mapping[str, Any]) -> None:
        for user in context["users"]:
            self._ties.wipe(unit.connection, UserID(user))

    # -- small things -----------------------------------------------------------------------------------------------

    def _described(self, context: Context, me: PersonId, friends: list[PersonId]) -> list[Words]:
        """Each friend by what he is called here, his own name if that is another, his id, and the lists he is on."""
        connection = context.connection
        users = store.first_user_ids(friends).ask(connection)
        called = self._names.for_viewer_all(connection, me, friends)
        notes: dict[PersonId, list[str]] = {friend: [] for friend in friends}
        for one in list_store.lists_of(connection, me):
            for friend in notes.keys() & set(list_store.members_of(connection, one.id)):
                notes[friend].append(one.name)
        for friend in notes.keys() & set(store.mutes_of(connection, me)):
            notes[friend].append(context.catalogue.text(_("muted")))
        shown: list[Words] = []
        for friend in friends:
            own = self._names.of_user(connection, users[friend])
            line = bold(called[friend]) + (f" ({own})" if own != called[friend] else "") + f" {users[friend]}"
            shown.append(line + (" · " + ", ".join(notes[friend]) if notes[friend] else ""))
        return shown
