"""The bots of a made-up library, which do a bit of everything that a bot can do."""

from __future__ import annotations

from typing import Annotated

from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import Column, Integer, MetaData, Table, Text, insert, select

from appservice.bots import Argument, Bot, Context, Level, Router, UserError, button
from appservice.bots.line import Line
from appservice.content import pill
from appservice.language import Language, Message

ANN, BEN, CAT = UserID("@ann:test"), UserID("@ben:test"), UserID("@cat:else.where")
LIBRARY, SHELF, DESK = UserID("@library:test"), UserID("@shelf:test"), UserID("@desk:test")
CHAT, HALL = "!chat:test", "!hall:test"
QUIET = RoomID("!quiet:test")
"""A room in which the shelf hears what was not said to it."""

own = MetaData()
loan = Table(
    "test_loan",
    own,
    Column("number", Integer, primary_key=True),
    Column("book", Text, nullable=False),
    Column("rating", Text),
)

Number = Annotated[int, Argument(Message("which one"), least=1)]

shelf = Router("shelf", ("!shelf", "!书架"), title=Message("Books"))
desk = Router("desk", ("!desk", "!前台"), title=Message("Desk"))
rules = Router("rules", ("!desk", "!前台"), title=Message("Rules"))
shelf.overhears(lambda _connection, room, line: 0 if room == QUIET and line.text in ("list", ".rules") else None)
rules.overhears(lambda _connection, room, line: 1 if room == QUIET and line.text == ".rules" else None)


@shelf.command("lend", "借出", help=Message("Lend a book"), default=True)
def lend(context: Context, book: Annotated[str, Argument(Message("which book"), rest=True, example="Emma")]) -> None:
    number = context.connection.execute(insert(loan).values(book=book)).inserted_primary_key[0]  # type: ignore[index]
    context.reply(
        Message("**{book}** is lent as {number}."),
        book=book,
        number=number,
        buttons=[
            button("✅", Message("returned"), give_back, number),
            button("👍🏽", Message("nice"), nice, number).only_for(context.sender).undone_by(nasty, number),
        ],
    )


@shelf.command("back", "归还", help=Message("A book has come back"))
def give_back(context: Context, number: Number) -> None:
    if context.connection.execute(select(loan).where(loan.c.number == number)).first() is None:
        context.reply(Message("This is never seen."))
        context.unit.at(context.now, "never", key="never", lane="never")
        context.connection.execute(insert(loan).values(book="never stored"))
        raise UserError(Message("Book {number} is not lent."), number=number, try_instead=context.line(show))
    context.ask(rate, Message("Was {number} good?"), remember={"number": number}, number=number)


@shelf.dialogue
def rate(context: Context, good: Annotated[bool, Argument(Message("yes or no"))], *, number: int) -> None:
    rating = "good" if good else "bad"
    context.connection.execute(loan.update().where(loan.c.number == number).values(rating=rating))
    context.reply(Message("Rated: {rating}."), rating=rating)


@shelf.command("name", "取名", help=Message("Give yourself a name"))
def name(context: Context) -> None:
    context.ask(named, Message("What is your name?"), minutes=10)


@shelf.dialogue
def named(context: Context, text: Annotated[str, Argument(Message("a name"))]) -> None:
    if text == "nobody":
        raise UserError(Message("Nobody is called so."))
    context.reply(Message("Hello {name}."), name=text)


@shelf.command("nice", help=Message("Like a book"))
def nice(context: Context, number: Number) -> None:
    context.send(Message("{who} likes {number}."), who=context.sender, number=number)


@shelf.command("nasty", help=Message("Like a book no more"))
def nasty(context: Context, number: Number) -> None:
    context.send(Message("{who} likes {number} no more."), who=context.sender, number=number)


@shelf.command("list", "清单", help=Message("All books"))
def show(context: Context) -> None:
    books = context.connection.execute(select(loan.c.book).order_by(loan.c.number)).scalars()
    context.reply(", ".join(books) or Message("Nothing."))


@shelf.command("about", help=Message("What this message replies to"))
def about(context: Context) -> None:
    context.reply(context.replied_to or "nothing")


@shelf.command("nod", help=Message("Agree"))
def nod(context: Context) -> None:
    context.agree()


@desk.command("secret", "秘密", help=Message("Between us"), where="direct")
def secret(context: Context) -> None:
    context.reply("psst")


@desk.command("shout", help=Message("To everybody"), where="room")
def shout(context: Context, whom: Annotated[UserID, Argument(Message("whom"))]) -> None:
    context.reply(Message("HEY {whom}"), whom=pill(whom), mentions=[whom])


def follow(context: Context, line: Line, original: EventID) -> None:
    context.reply(Message("{who} means {text}, not {original}."), who=context.sender, text=line.text, original=original)


desk.amends(lambda _connection, event: event == "$noted", follow)


@desk.command("close", help=Message("Close the library"), permission=Level.ADMIN)
def close(context: Context) -> None:
    context.reply("closed")


@desk.command("order", help=Message("Call to order"), power=50)
def order(context: Context) -> None:
    context.reply("order!")


@desk.command("map", help=Message("A map of the house"))
def send_map(context: Context) -> None:
    context.reply({"msgtype": "m.image", "body": "map.png", "url": "mxc://test/map", "m.mentions": {}})
    context.at(RoomID(HALL), Language.ZH, is_direct=False).send(Message("There is nothing to cancel."))


@desk.command("wrong", help=Message("A question that forgets"))
def wrong(context: Context) -> None:
    context.ask(rate, Message("?"), remember={"count": 5})


@desk.command("crash", help=Message("Fail"))
def crash(context: Context) -> None:
    raise RuntimeError("out of paper")


@rules.command("rules", "规矩", help=Message("The rules of the house"))
def read_rules(context: Context) -> None:
    context.reply("no shouting")


BOTS = [
    Bot(LIBRARY, "Library", (shelf, desk, rules), greeting=Message("Welcome to the library.")),
    Bot(SHELF, "Shelf", (shelf,)),
    Bot(DESK, "Desk", (desk,)),
]
