"""What the bots remember: which message was which command, how much somebody has asked, what has been told where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    Table,
    Text,
    bindparam,
    delete,
    select,
    update,
)

from appservice.bots.buttons import bot_button, bot_press
from appservice.bots.questions import bot_dialogue
from appservice.database import metadata
from appservice.effects import EffectKey
from appservice.prepared import Prepared
from appservice.sql import upsert

DAY = 86_400_000
_KEEP_COMMANDS, _KEEP_BUTTONS = 30 * DAY, 365 * DAY

bot_command = Table(
    "bot_command",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("room_id", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("bot", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("answer_key", Text),
    Column("replied_to", Text),
    Column("at", BigInteger, nullable=False),
    Index("ix_bot_command_at", "at"),
)
bot_bucket = Table(
    "bot_bucket",
    metadata,
    Column("person", Text, primary_key=True),
    Column("level", Integer, nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("mistakes", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_bot_bucket_at", "at"),
)
bot_told = Table(
    "bot_told",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("bot", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
)


# Every command needs these.
_BUCKET = Prepared(select(bot_bucket).where(bot_bucket.c.person == bindparam("who")))
_FORGIVE = Prepared(
    update(bot_bucket).where(bot_bucket.c.person == bindparam("who"), bot_bucket.c.mistakes > 0).values(mistakes=0)
)


class Outcome(StrEnum):
    """What became of a command: refused (nothing was done), done, or done and its edit explained."""

    REFUSED = "refused"
    DONE = "done"
    EXPLAINED = "explained"


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that was taken for a command, what it replied to, and the first thing said in answer."""

    event_id: EventID
    room: RoomID
    sender: UserID
    bot: UserID
    outcome: Outcome
    answer: EffectKey | None
    replied_to: EventID | None


def heard(connection: Connection, event_id: EventID) -> Heard | None:
    row = connection.execute(select(bot_command).where(bot_command.c.event_id == event_id)).first()
    if row is None:
        return None
    return Heard(
        event_id=event_id,
        room=RoomID(row.room_id),
        sender=UserID(row.sender),
        bot=UserID(row.bot),
        outcome=Outcome(row.outcome),
        answer=None if row.answer_key is None else EffectKey(row.answer_key),
        replied_to=None if row.replied_to is None else EventID(row.replied_to),
    )


def remember(connection: Connection, heard: Heard, now: int) -> None:
    values = {
        "event_id": heard.event_id,
        "room_id": heard.room,
        "sender": heard.sender,
        "bot": heard.bot,
        "outcome": heard.outcome.value,
        "answer_key": heard.answer,
        "replied_to": heard.replied_to,
        "at": now,
    }
    upsert(connection, bot_command, values)


@dataclass(frozen=True, slots=True)
class Rate:
    """A leaky bucket: `burst` requests at once, then one in `seconds_each`.

    It closes when full, and opens again when half of it has leaked away.
    """

    burst: int = 12
    seconds_each: float = 3.0

    @property
    def pause(self) -> int:
        """Seconds from closing to opening."""
        return round(self.burst / 2 * self.seconds_each)


class Flow(StrEnum):
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


MISTAKES_IN_A_ROW = 8
"""So many mistakes without a right word between them are no person typing, but another machine answering us."""

_MISTAKES_FORGIVEN_AFTER = 3_600_000


def pour(connection: Connection, person: UserID, rate: Rate, now: int) -> Flow:
    """Count one request. CLOSING is said once; what comes while it is CLOSED is not counted."""
    row = _BUCKET.first(connection, who=person)
    each = round(rate.seconds_each * 1000)
    if row is None:
        level, closed, mistakes = 0, False, 0
    else:
        passed = max(now - row.at, 0)
        level, closed = max(row.level - passed, 0), row.closed
        mistakes = 0 if passed > _MISTAKES_FORGIVEN_AFTER else row.mistakes
    if closed and level > rate.burst * each // 2:
        return Flow.CLOSED
    flow = Flow.OPEN if level + each <= rate.burst * each else Flow.CLOSING
    values = {
        "person": person,
        "level": level + each if flow is Flow.OPEN else level,
        "closed": flow is Flow.CLOSING,
        "mistakes": mistakes,
        "at": now,
    }
    upsert(connection, bot_bucket, values)
    return flow


def count_mistake(connection: Connection, person: UserID) -> int:
    """Note another mistake in a row; returns how many that makes."""
    here = bot_bucket.c.person == person
    count = (connection.execute(select(bot_bucket.c.mistakes).where(here)).scalar() or 0) + 1
    connection.execute(update(bot_bucket).where(here).values(mistakes=count))
    return count


def forgive_mistakes(connection: Connection, person: UserID) -> None:
    _FORGIVE.send(connection, who=person)


def tell_once(
    connection: Connection, room: RoomID, bot: UserID, subject: str, now: int, again_after: int | None = None
) -> bool:
    """Whether a thing is to be said in a room now; then it counts as said for good, or for so many milliseconds."""
    said_at = _told_at(connection, room, bot, subject)
    if said_at is not None and (again_after is None or now - said_at < again_after):
        return False
    upsert(connection, bot_told, {"room_id": room, "bot": bot, "subject": subject, "at": now})
    return True


def bots_that_told(connection: Connection, room: RoomID, subject: str) -> list[UserID]:
    rows = connection.execute(select(bot_told.c.bot).where(bot_told.c.room_id == room, bot_told.c.subject == subject))
    return [UserID(bot) for bot in rows.scalars()]


def _told_at(connection: Connection, room: RoomID, bot: UserID, subject: str) -> int | None:
    return connection.execute(
        select(bot_told.c.at).where(bot_told.c.room_id == room, bot_told.c.bot == bot, bot_told.c.subject == subject)
    ).scalar()


def forget_room(connection: Connection, room: RoomID, bot: UserID) -> None:
    """A bot is no longer in a room."""
    connection.execute(delete(bot_told).where(bot_told.c.room_id == room, bot_told.c.bot == bot))
    connection.execute(delete(bot_dialogue).where(bot_dialogue.c.room_id == room, bot_dialogue.c.bot == bot))


def forget_person(connection: Connection, person: UserID) -> None:
    """Somebody wants nothing to be remembered."""
    connection.execute(delete(bot_command).where(bot_command.c.sender == person))
    connection.execute(delete(bot_bucket).where(bot_bucket.c.person == person))
    connection.execute(delete(bot_button).where(bot_button.c.for_user == person))
    connection.execute(delete(bot_press).where(bot_press.c.person == person))
    connection.execute(delete(bot_dialogue).where(bot_dialogue.c.person == person))


def forget_old(connection: Connection, now: int) -> None:
    """Drop what no longer matters: commands after 30 days, cards' buttons after a year, expired questions."""
    connection.execute(delete(bot_command).where(bot_command.c.at < now - _KEEP_COMMANDS))
    connection.execute(delete(bot_button).where(bot_button.c.at < now - _KEEP_BUTTONS))
    connection.execute(delete(bot_press).where(bot_press.c.at < now - _KEEP_BUTTONS))
    connection.execute(delete(bot_dialogue).where(bot_dialogue.c.expires_at < now - DAY))
    connection.execute(delete(bot_bucket).where(bot_bucket.c.at < now - DAY))
