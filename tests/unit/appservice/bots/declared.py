"""Two routers as features declare them, for the tests of the parser and of help."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from mautrix.types import UserID

from appservice.bots import Argument, ArgumentError, Context, Level, Router
from appservice.language import _

# These are not extracted: no catalogue covers the tests.


class Tongue(StrEnum):
    EN = "en"
    ZH = "zh"


def read_code(text: str) -> str:
    code = text.upper().replace("-", "")
    if len(code) != 4 or not code.isalnum():
        raise ArgumentError(_("A code has four letters."))
    return code


Whom = Annotated[UserID, Argument(_("whom"))]

lw = Router("people", ("!lw", "!来往"), title=_("People"))


@lw.command("friends", "好友", help=_("Who your friends are"))
def friends(context: Context) -> None: ...


@lw.command("block", "屏蔽", "keep away", help=_("Never see somebody again"))
def block(context: Context, whom: Whom) -> None: ...


@lw.command("remind", "提醒", help=_("Tell somebody something later"), group=_("Later"))
def remind(
    context: Context,
    whom: Whom,
    when: Annotated[timedelta, Argument(_("in how long"))],
    what: Annotated[str, Argument(_("what to say"), rest=True, most=20, example="Call me")],
) -> None: ...


@lw.command("language", "语言", help=_("The language I use with you"), group=_("Later"))
def language(
    context: Context,
    which: Annotated[Tongue, Argument(_("which one"), words={"en": ("english", "英文"), "zh": ("chinese", "中文")})],
) -> None: ...


@lw.command("code", "暗号", help=_("Make a code, or use one"))
def code(
    context: Context, given: Annotated[str, Argument(_("a code"), parse=read_code, example="ABCD")] | None = None
) -> None: ...


@lw.command("add", "添加", help=_("Add people from a list"))
def add(
    context: Context,
    which: Annotated[tuple[int, ...], Argument(_("which ones"), least=1, most=99, example="2 5")],
    loud: Annotated[bool, Argument(_("yes or no"))] = False,
) -> None: ...


@lw.command("show", "显示", help=_("A page of a list"))
def show(
    context: Context,
    page: Annotated[int, Argument(_("page"))] = 1,
    order: Annotated[Literal["new", "old"], Argument(_("order"))] = "new",
    word: Annotated[str, Argument(_("a word"))] = "",
) -> None: ...


@lw.command("reset", help=_("Start anew"), permission=Level.ADMIN, power=50, where="room")
def reset(context: Context) -> None: ...


zd = Router("clusters", ("!zd", "!扎堆"), title=_("Clusters"))


@zd.command("new", "发起", help=_("Start a cluster"), default=True)
def new(context: Context, topic: Annotated[str, Argument(_("topic"), rest=True, most=200)] = "") -> None: ...


@zd.command("join", "加入", help=_("Step in"))
def join(context: Context, number: Annotated[int, Argument(_("which one"))] = 0) -> None: ...


@zd.command("leave", "离开", help=_("Step out"))
def leave(context: Context) -> None: ...
