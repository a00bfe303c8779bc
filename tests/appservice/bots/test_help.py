"""Help fits a phone, in both languages, and tells only what one may use."""

from __future__ import annotations

from typing import Annotated

import pytest

from appservice.bots import Argument, Bot, Context, Level, Permissions, Router
from appservice.bots.help import WIDTH, columns, overview, wrap
from appservice.bots.testing import Stage
from appservice.database import Database
from appservice.language import Catalogues, Language, Message
from tests.appservice.bots.library import ANN, BEN, BOTS, CHAT, HALL, LIBRARY, desk, rules, shelf

HELP = """\
Books
lend <which book> – Lend a book
back <which one> – A book has come back
name – Give yourself a name
nice <which one> – Like a book
nasty <which one> – Like a book no more
list – All books
about – What this message replies to
nod – Agree

Desk
secret – Between us
map – A map of the house
wrong – A question that forgets
crash – Fail

Rules
rules – The rules of the house

More in rooms with others: `!desk help`

More about one of them:
help lend"""


async def test_help_in_a_chat_shows_what_can_be_done_there_in_groups_without_prefixes(stage: Stage) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    for question in ("help", "!help", "?", "Help"):
        assert await stage.say(ANN, CHAT, question) == [HELP]


async def test_help_in_a_room_is_about_the_prefix_it_was_asked_with(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    [said] = await stage.say(ANN, HALL, "!desk")
    assert said.splitlines() == [
        "Desk",
        "!desk shout <whom> – To everybody",
        "!desk map – A map of the house",
        "!desk wrong – A question that forgets",
        "!desk crash – Fail",
        "",
        "Rules",
        "!desk rules – The rules of the house",
        "",
        "More in our direct chat: write `help`",
        "there.",
        "",
        "More about one of them:",
        "!desk help shout",
    ]


async def test_who_has_the_power_for_more_sees_more(stage: Stage) -> None:
    stage.rooms.power[(stage.room(HALL, ANN, BEN, LIBRARY), ANN)] = 50
    assert "!desk order – Call to order" in (await stage.say(ANN, HALL, "!desk help"))[0]
    assert "order" not in (await stage.say(BEN, HALL, "!desk help"))[0]


async def test_help_is_in_the_language_of_the_question(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    [said] = await stage.say(ANN, HALL, "！前台帮助")
    assert "!前台 规矩 – The rules of the house" in said
    assert said.endswith("想看某一条的详细说明：\n!前台 帮助 shout")


async def test_an_administrator_sees_more(database: Database) -> None:
    stage = Stage(database, BOTS, level_of=Permissions({"*": Level.USER, ANN: Level.ADMIN}))
    stage.room(HALL, ANN, BEN, LIBRARY)
    assert "close" in (await stage.say(ANN, HALL, "!desk help"))[0]
    assert "close" not in (await stage.say(BEN, HALL, "!desk help"))[0]
    assert "close" not in (await stage.say(BEN, HALL, "!desk help close"))[0]


async def test_help_about_one_command_tells_all_about_it(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    assert await stage.say(ANN, HALL, "!shelf help lend") == [
        "!shelf lend <which book>\nLend a book\n\nwhich book: for example Emma\nAlso: 借出\n\n!shelf lend Emma"
    ]
    [said] = await stage.say(ANN, HALL, "!desk help order")
    assert "Takes power level 50 in the room." in said
    assert "Only in our direct chat." in (await stage.say(ANN, HALL, "!desk help secret"))[0]
    assert "Only in a room." in (await stage.say(ANN, HALL, "!desk help shout"))[0]
    assert "只能在跟我的私聊里用。\n也可以写：secret" in (await stage.say(ANN, HALL, "!前台 帮助 秘密"))[0]


async def test_help_about_one_feature_tells_about_that_one(stage: Stage) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    [said] = await stage.say(ANN, CHAT, "help rules")
    assert said.startswith("rules\n")
    [said] = await stage.say(ANN, CHAT, "help shelf")
    assert "Books" in said
    assert "Desk" not in said
    assert await stage.say(ANN, CHAT, "help nonsense") == [HELP]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("prefixed", [True, False])
def test_no_line_of_help_is_wider_than_a_phone(language: Language, prefixed: bool) -> None:
    said = overview(
        [shelf, desk, rules],
        Catalogues()[language],
        lambda router: router.prefix_in(language) if prefixed else "",
        lambda _command: True,
    )
    assert [line for line in said.plain.splitlines() if columns(line) > WIDTH] == []


def test_of_many_commands_only_the_names_are_shown() -> None:
    many = Bot(LIBRARY, "Library", (shelf, shelf, desk, rules, shelf)).routers
    said = overview(many, Catalogues()[Language.EN], lambda router: router.prefix_in(Language.EN), lambda _c: True)
    assert "Desk: !desk secret · shout · close ·" in said.plain
    assert "Between us" not in said.plain


def test_where_only_names_are_shown_what_is_needed_most_is_explained() -> None:
    often = (Message("`{prefix} go 1` – go there"), Message("`{prefix} stop` – and stay"))
    router = Router("x", ("!x",), first=Message("Begin."), often=often)

    def handler(context: Context) -> None: ...

    def shown(*routers: Router, prefixed: bool = True) -> str:
        prefix_of = lambda router: router.prefix_in(Language.EN) if prefixed else ""  # noqa: E731
        return overview(routers, Catalogues()[Language.EN], prefix_of, lambda _command: True).plain

    router.command("go", help=Message("Go"))(handler)
    assert "Begin." in shown(router)
    for number in range(24):
        router.command(f"go{number}", help=Message("Go"))(handler)
    for alone in (shown(router), shown(router, prefixed=False)):
        assert "`!x go 1` – go there\n`!x stop` – and stay" in alone
    together = shown(router, desk)
    assert "Begin." in together
    assert "go there" not in together


def test_a_usage_wider_than_a_phone_is_shortened() -> None:
    router = Router("x", ("!x",))

    def handler(context: Context, one: Annotated[str, Argument(Message("a very long explanation of it"))]) -> None: ...

    router.command("go", help=Message("Go"))(handler)
    said = overview([router], Catalogues()[Language.EN], lambda _router: "!longer", lambda _command: True)
    assert said.plain.startswith("!longer go … – Go")


def test_who_may_do_nothing_is_told_so() -> None:
    said = overview([desk], Catalogues()[Language.EN], lambda _router: "", lambda _command: False)
    assert said.plain == "There is nothing here that you may use."


@pytest.mark.parametrize("text", ["a" * 100, "一二三四，" * 20, "words and 汉字 " * 12, "x", "", "。" * 50])
def test_a_text_is_wrapped_without_losing_a_letter(text: str) -> None:
    wrapped = wrap(text, 20, "  ")
    assert "".join(wrapped.split()) == "".join(text.split())
    for line in wrapped.splitlines():
        assert columns(line) <= 22 or " " not in line.strip()


def test_a_long_explanation_has_a_line_of_its_own() -> None:
    router = Router("x", ("!x",))

    def handler(context: Context) -> None: ...

    router.command("go", help=Message("What this does needs a few more words than one line holds"))(handler)
    said = overview([router], Catalogues()[Language.EN], lambda _router: "!x", lambda _command: True)
    assert said.plain.splitlines()[:3] == [
        "!x go",
        "  What this does needs a few more words",
        "  than one line holds",
    ]
    assert said.html.startswith("<code>!x go</code> – What this does needs")
