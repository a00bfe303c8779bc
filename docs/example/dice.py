"""A bot that rolls dice and reminds people: a whole application service built on nothing but `appservice`.

    python dice.py --homeserver http://localhost:8008 --domain example.org

The first time it writes dice-registration.yaml and says what to do with it; after that it runs.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from mautrix.types import RoomID, UserID
from sqlalchemy import BigInteger, Column, Integer, Table, Text, delete, insert, select

from appservice import outbox, registration_file
from appservice.bots import Argument, ArgumentError, Audience, Bot, Bots, Context, Level, Router, UserError, button
from appservice.content import lines, pill
from appservice.database import Database, metadata
from appservice.language import Catalogues, Language, _
from appservice.listener import TcpAddress
from appservice.registration import generate
from appservice.rooms import Rooms
from appservice.routes import Routes
from appservice.service import ApplicationService, Settings
from appservice.unit import Unit

reminder = Table(
    "dice_reminder",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("room_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
)
router = Router("dice", ("!dice", "!骰子"), title=_("Dice and reminders"))


@dataclass(frozen=True, slots=True)
class Throw:
    dice: int = 1
    sides: int = 6

    def __str__(self) -> str:
        return f"{self.dice}d{self.sides}"

    @classmethod
    def read(cls, text: str) -> Throw:
        match = re.fullmatch(r"(\d{0,2})d(\d{1,3})", text.casefold())
        throw = cls(int(match[1] or 1), int(match[2])) if match else cls(0, 0)
        if not (1 <= throw.dice <= 20 and 2 <= throw.sides <= 100):
            raise ArgumentError(_("That is no throw: 1 to 20 dice of 2 to 100 sides, like 2d6."), suggestion="2d6")
        return throw


@router.command("roll", "掷", help=_("Roll some dice"))
def roll(
    context: Context, throw: Annotated[Throw, Argument(_("which dice"), example="2d6", parse=Throw.read)] = Throw()
) -> None:
    # A unit may run again after a crash, so chance comes from the unit: the same event rolls the same numbers.
    bits = context.unit.random_bits("roll", 20 * 16)
    rolled = [(bits >> (16 * die)) % 65_536 * throw.sides // 65_536 + 1 for die in range(throw.dice)]
    context.reply(
        _("{throw}: {rolled} makes **{total}**."),
        throw=str(throw), rolled=" + ".join(map(str, rolled)), total=sum(rolled),
        buttons=[button("🎲", _("again"), roll, throw)],
    )  # fmt: skip


@router.command("remind", "提醒", help=_("Remind you of something later"))
def remind(
    context: Context,
    after: Annotated[timedelta, Argument(_("after how long"), example="10m")],
    text: Annotated[str, Argument(_("of what"), rest=True, most=200, example="tea is ready")],
) -> None:
    due_at = context.now + round(after.total_seconds() * 1000)
    row = {"room_id": context.room, "user_id": context.sender, "text": text, "due_at": due_at}
    made = context.connection.execute(insert(reminder).values(row)).inserted_primary_key
    assert made is not None
    # The timer is stored with the row, in one transaction, and outlives a restart.
    context.unit.at(due_at, "dice.remind", key=f"reminder:{made[0]}", lane=context.room, context={"number": made[0]})
    context.reply(_("I remind you in {after}. Never mind: {line}"), after=after, line=context.line(forget, made[0]))


@router.command("reminders", "清单", help=_("What you are reminded of here"))
def reminders(context: Context) -> None:
    mine = (reminder.c.room_id == context.room, reminder.c.user_id == context.sender)
    rows = context.connection.execute(select(reminder).where(*mine).order_by(reminder.c.due_at))
    context.reply(lines(*(f"{row.number} · {row.text}" for row in rows)) or _("There is nothing to be reminded of."))


@router.command("forget", "取消提醒", help=_("Forget a reminder"))
def forget(context: Context, number: Annotated[int, Argument(_("which one"), least=1)]) -> None:
    mine = (reminder.c.number == number, reminder.c.user_id == context.sender)
    if context.connection.execute(delete(reminder).where(*mine)).rowcount == 0:
        raise UserError(_("You have no reminder {number}."), number=number, try_instead=context.line(reminders))
    context.unit.cancel(f"reminder:{number}")
    context.agree()


def routes_of(settings: Settings) -> Routes:
    """Who handles what: the rooms keep up with what they are, the bot with what is said, and the timer goes off."""
    routes, rooms = Routes(), Rooms(settings.registration.is_ours)
    bots = Bots(
        [Bot(settings.bot, "Dice", (router,))],
        rooms=rooms,
        audience=Audience(
            level_of=lambda _user: Level.USER,
            language_of=lambda _connection, _user: None,
            is_ignored=settings.registration.is_ours,
        ),
        catalogues=Catalogues(),
        resolve_event=outbox.key_of_event,
    )

    def ring(unit: Unit, context: Mapping[str, Any]) -> None:
        this = reminder.c.number == context["number"]
        row = unit.connection.execute(select(reminder).where(this)).one()
        unit.connection.execute(delete(reminder).where(this))
        voice, user = bots.voice(unit, settings.bot, RoomID(row.room_id), Language.EN), UserID(row.user_id)
        voice.send(_("{whom}: {text}"), whom=pill(user), text=row.text, mentions=[user], rings=True)

    rooms.add_to(routes)
    bots.add_to(routes)
    routes.on_timer("dice.remind", ring)
    return routes


async def run(settings: Settings, database_url: str) -> None:
    database = Database(database_url, exclusive=True)
    try:
        await database.write(metadata.create_all)
        async with await ApplicationService.open(settings, database, routes_of(settings)):
            await asyncio.Event().wait()
    finally:
        await database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="A bot that rolls dice and reminds people.")
    parser.add_argument("--homeserver", default="http://localhost:8008", help="where the bot reaches the homeserver")
    parser.add_argument("--domain", required=True, help="the homeserver's server_name")
    parser.add_argument("--port", type=int, default=29400, help="where the homeserver reaches the bot")
    options = parser.parse_args()
    path = Path("dice-registration.yaml")
    if not path.exists():
        url = f"http://localhost:{options.port}"
        made = generate(id="dice", url=url, domain=options.domain, sender_localpart="dice", user_prefix="_dice_")
        registration_file.write(made, path)
        print(f"Wrote {path}. Name it under app_service_config_files in homeserver.yaml and restart the homeserver.")
        return
    logging.basicConfig(level=logging.INFO)
    settings = Settings(
        registration=registration_file.load(path, options.domain),
        address=options.homeserver,
        domain=options.domain,
        listen=TcpAddress("127.0.0.1", options.port),
    )
    with suppress(KeyboardInterrupt):
        asyncio.run(run(settings, "sqlite:///dice.db"))


if __name__ == "__main__":
    main()
