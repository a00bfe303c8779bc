"""Buttons: a bot's own reactions below a card; whoever taps one has typed the command behind it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import BigInteger, Column, Connection, Index, Table, Text, bindparam, delete, insert, select

from appservice.database import metadata
from appservice.effects import EffectKey
from appservice.language import Language, Sayable
from appservice.prepared import Prepared

if TYPE_CHECKING:
    from appservice.bots.context import Context

P = ParamSpec("P")

bot_button = Table(
    "bot_button",
    metadata,
    Column("card_key", Text, primary_key=True),
    Column("reaction", Text, primary_key=True),
    Column("bot", Text, nullable=False),
    Column("room_id", Text),
    Column("router", Text, nullable=False),
    Column("typed", Text, nullable=False),
    Column("undo", Text),
    Column("label", Text, nullable=False),
    Column("for_user", Text),
    Column("language", Text, nullable=False),
    Column("reaction_key", Text, nullable=False),
    Column("thread", Text),
    Column("at", BigInteger, nullable=False),
    Index("ix_bot_button_at", "at"),
)
bot_press = Table(
    "bot_press",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("card_key", Text, nullable=False),
    Column("reaction", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_bot_press_at", "at"),
    Index("ix_bot_press_card", "card_key", "person"),
)


_OF_CARD = Prepared(select(bot_button).where(bot_button.c.card_key == bindparam("card")))
_TAKE_OFF = Prepared(delete(bot_button).where(bot_button.c.card_key == bindparam("card")))
_PUT_ON = Prepared(insert(bot_button), [column.name for column in bot_button.c])


@dataclass(frozen=True, slots=True)
class Deed:
    """A command with its arguments, by its handler."""

    handler: Callable[..., None]
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Button:
    """One reaction and what tapping it does. Made by `button`."""

    reaction: str
    label: Sayable
    deed: Deed
    undo: Deed | None = None
    for_user: UserID | None = None

    def only_for(self, user: UserID) -> Button:
        """The same for one person; others tap it in vain."""
        return replace(self, for_user=user)

    def undone_by(
        self, handler: Callable[Concatenate[Context, P], None], /, *args: P.args, **kwargs: P.kwargs
    ) -> Button:
        """The same, where taking the reaction back runs another command. Otherwise it does nothing."""
        return replace(self, undo=deed(handler, *args, **kwargs))


def button(
    reaction: str,
    label: Sayable,
    handler: Callable[Concatenate[Context, P], None],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> Button:
    """A button that runs the command `handler` with these arguments as if the person who taps it had typed it."""
    return Button(reaction, label, deed(handler, *args, **kwargs))


def deed(handler: Callable[Concatenate[Context, P], None], /, *args: P.args, **kwargs: P.kwargs) -> Deed:
    """A command with its arguments. Raises `TypeError` if they do not fit."""
    function = getattr(handler, "__func__", None)
    names, needed = _parameters(handler if function is None else function, is_method=function is not None)
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    if len(given) != len(args) + len(kwargs) or not needed <= given.keys() <= set(names):
        inspect.signature(handler).bind(None, *args, **kwargs)  # says what is wrong
    return Deed(handler, given)


@cache
def _parameters(function: Callable[..., None], *, is_method: bool) -> tuple[tuple[str, ...], frozenset[str]]:
    """The names of what a command is given, and those that it cannot do without. Worked out once, because a list names
    a command in every line."""
    found = list(inspect.signature(function).parameters.values())[2 if is_method else 1 :]
    return tuple(each.name for each in found), frozenset(each.name for each in found if each.default is each.empty)


def plain_reaction(key: str) -> str:
    """A reaction without what only changes its looks: variation selectors and skin tones."""
    kept = (char for char in key if char not in "\ufe0e\ufe0f" and not "\U0001f3fb" <= char <= "\U0001f3ff")
    return "".join(kept).strip() or key


@dataclass(frozen=True, slots=True)
class StoredButton:
    """A button of a card that has been sent, in the thread that began with `thread` if in one. `typed` and `undo` are
    command lines without prefix."""

    card: EffectKey
    reaction: str
    bot: UserID
    room: RoomID | None
    router: str
    typed: str
    undo: str | None
    label: str
    for_user: UserID | None
    language: Language
    reaction_key: EffectKey
    thread: EventID | None = None


def buttons_of(connection: Connection, card: EffectKey) -> list[StoredButton]:
    rows = _OF_CARD.all(connection, card=card)
    return [
        StoredButton(
            card=EffectKey(row.card_key),
            reaction=row.reaction,
            bot=UserID(row.bot),
            room=None if row.room_id is None else RoomID(row.room_id),
            router=row.router,
            typed=row.typed,
            undo=row.undo,
            label=row.label,
            for_user=None if row.for_user is None else UserID(row.for_user),
            language=Language(row.language),
            reaction_key=EffectKey(row.reaction_key),
            thread=None if row.thread is None else EventID(row.thread),
        )
        for row in rows
    ]


def store_buttons(connection: Connection, card: EffectKey, buttons: Sequence[StoredButton], now: int) -> None:
    """Give a card exactly these buttons."""
    _TAKE_OFF.send(connection, card=card)
    add_buttons(connection, buttons, now)


def add_buttons(connection: Connection, buttons: Sequence[StoredButton], now: int) -> None:
    """Give their cards, which had none, these buttons."""
    rows = [
        {
            "card_key": button.card,
            "reaction": button.reaction,
            "bot": button.bot,
            "room_id": button.room,
            "router": button.router,
            "typed": button.typed,
            "undo": button.undo,
            "label": button.label,
            "for_user": button.for_user,
            "language": button.language.value,
            "reaction_key": button.reaction_key,
            "thread": button.thread,
            "at": now,
        }
        for button in buttons
    ]
    if rows:
        _PUT_ON.send_all(connection, rows)


def note_press(connection: Connection, event_id: EventID, button: StoredButton, person: UserID, now: int) -> None:
    """Remember a tap that can be taken back."""
    row = {
        "event_id": event_id,
        "card_key": button.card,
        "reaction": button.reaction,
        "person": person,
        "at": now,
    }
    connection.execute(insert(bot_press).values(row))


def take_press(connection: Connection, event_id: EventID, person: UserID) -> StoredButton | None:
    """The button that `person` has just let go of, once; None while another tap of his on it stands."""
    row = connection.execute(
        select(bot_press).where(bot_press.c.event_id == event_id, bot_press.c.person == person)
    ).first()
    if row is None:
        return None
    connection.execute(delete(bot_press).where(bot_press.c.event_id == event_id))
    found = next((b for b in buttons_of(connection, row.card_key) if b.reaction == row.reaction), None)
    mine = (bot_press.c.card_key == row.card_key, bot_press.c.reaction == row.reaction, bot_press.c.person == person)
    is_held = connection.execute(select(bot_press.c.event_id).where(*mine).limit(1)).first() is not None
    return None if is_held else found
