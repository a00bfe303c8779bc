"""What people type about themselves and their friends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import orjson
from mautrix.types import UserID

from appservice.bots import Argument, ArgumentError, Context, Router, UserError
from appservice.content import bold, code, lines, numbered
from appservice.effects import MediaOf, Upload
from appservice.language import N_, Language, _
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.people import record, request_store, rules, store
from laiwang_bridge.people.codes import CODE_BITS, BadCode, format_code, looks_like_code, parse_code
from laiwang_bridge.people.names import Names, who_asks
from laiwang_bridge.people.requests import Requests
from laiwang_bridge.people.rules import PersonId
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


Code = Annotated[int | None, Argument(_("code"), example="K7RF-2XWM", rest=True, parse=_read_code, show=format_code)]
Whom = Annotated[UserID, Argument(_("who"), example="@name:example.org")]
Number = Annotated[int | None, Argument(_("number"), least=1, example="1")]
WhichLanguage = Annotated[
    Language,
    Argument(_("language"), words={"en": ("english", "英文", "英语"), "zh": ("chinese", "中文", "汉语")}),
]
Confirmation = Annotated[bool, Argument(_("yes or no"))]


class PeopleBot:
    """Codes, friends, blocks, and everything that is kept about somebody."""

    def __init__(
        self,
        names: Names,
        requests: Requests,
        ties: Ties,
        *,
        code_lifetime_hours: int,
        is_ours: Callable[[UserID], bool],
    ) -> None:
        self._names = names
        self._requests = requests
        self._ties = ties
        self._code_lifetime_ms = code_lifetime_hours * _HOUR_MS
        self._is_ours = is_ours
        self.router = router = Router("people", PREFIXES, title=_("People"))
        command = router.command
        command(
            "code", "暗号", "add", "加好友",
            help=_("Make friends: get one or type one"), group=_FRIENDS, where="direct", bare=looks_like_code,
        )(self.code)  # fmt: skip
        command("friends", "好友", help=_("Your friends"), group=_FRIENDS, where="direct")(self.friends)
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
        mine = request_store.open_code(context.connection, me, context.now) or self._new_code(context, me)
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

    def yes(self, context: Context, number: Number = None) -> None:
        self._requests.answer(context, number, yes=True)

    def no(self, context: Context, number: Number = None) -> None:
        self._requests.answer(context, number, yes=False)

    def friends(self, context: Context) -> None:
        friends = store.friends_of(context.connection, who_asks(context))
        if not friends:
            context.reply(
                _("You have no friends here yet. {line} gives you a code for one."), line=code(context.line(self.code))
            )
            return
        users = store.first_user_ids(context.connection, friends)
        shown = [
            bold(self._names.of_user(context.connection, users[friend])) + f" {users[friend]}"
            for friend in friends[:_LONGEST_LIST]
        ]
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

    def _new_code(self, context: Context, me: PersonId) -> rules.FriendCode:
        for attempt in range(8):
            value = context.unit.random_bits(f"code/{attempt}", CODE_BITS)
            if request_store.find_code(context.connection, value) is None:
                new = rules.make_code(me, value, context.now, self._code_lifetime_ms)
                request_store.put_code(context.connection, new)
                return new
        raise RuntimeError("no free code was found in eight tries")
