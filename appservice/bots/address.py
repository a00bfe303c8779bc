"""Whom a message is meant for: by a prefix, by a mention at its beginning, or because nobody else is there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mautrix.types import RoomID
from sqlalchemy import Connection

from appservice.bots.line import Line, after_mention, find_prefix, fold
from appservice.bots.registry import Registry
from appservice.bots.rooms import RoomView
from appservice.bots.router import Bot, Router
from appservice.content import mentioned
from appservice.events import Content, Event, Relation

_FIRST_WORD = re.compile(r"\s*([^\s:：,，]+)[:：,，]?")


@dataclass(frozen=True, slots=True)
class Address:
    """Where in the line the command begins, the routers it may belong to, and the bots that may answer.

    `prefix` is how a command must begin to be understood in this place; `is_prefixed` tells that it did.
    """

    bots: tuple[Bot, ...]
    routers: tuple[Router, ...]
    start: int
    prefix: str
    is_prefixed: bool = False


def called(
    registry: Registry, rooms: RoomView, connection: Connection, room: RoomID, line: Line, content: Content
) -> Address | None:
    """The address of a message that calls a bot by a prefix or its name; None if it calls nobody who is here."""
    prefixed = find_prefix(line, registry.prefixes)
    if prefixed is not None:
        present = _present(registry.bots, rooms, connection, room)
        routers = tuple(registry.routers_of(prefixed.prefix, present))
        return Address(present, routers, prefixed.start, prefixed.prefix, is_prefixed=True) if routers else None
    # Clients add whom one replies to by themselves, so there it says nothing.
    meant = frozenset() if Relation.of(content).in_reply_to else mentioned(content)
    for bot in registry.bots:
        start = after_mention(line, bot.user_id, bot.names, is_meant=bot.user_id in meant)
        if start is not None:
            if not _present((bot,), rooms, connection, room):
                return None
            return Address((bot,), bot.routers, _past_mark(line, start), f"@{bot.names[1]}:")
    return None


def alone_with(registry: Registry, rooms: RoomView, connection: Connection, room: RoomID, line: Line) -> Address | None:
    """The address of whatever is said in a direct chat."""
    bot = direct_bot(registry, rooms, connection, room)
    if bot is None:
        return None
    return _after_bare_prefix(bot, line) or Address((bot,), bot.routers, _past_mark(line, 0), "")


def _after_bare_prefix(bot: Bot, line: Line) -> Address | None:
    """The address of a line that begins with a prefix whose mark was left out, `zd hike?` for `!zd hike?`: a word
    of its own, and no command."""
    first = _FIRST_WORD.match(line.text)
    if first is None or (line.pills and line.pills[0].start < first.end()):
        return None
    name = fold(first[1])
    if any(name in router.named for router in bot.routers):
        return None
    prefixes = {prefix for router in bot.routers for prefix in router.prefixes}
    meant = next((prefix for prefix in prefixes if fold(prefix) == f"!{name}"), None)
    if meant is None:
        return None
    routers = tuple(router for router in bot.routers if meant in router.prefixes)
    return Address((bot,), routers, first.end(), meant, is_prefixed=True)


def overheard(registry: Registry, rooms: RoomView, connection: Connection, room: RoomID, line: Line) -> Address | None:
    """The address of a message that calls nobody, where a router takes it for a command nevertheless."""
    heard = (
        (start, router)
        for router in registry.routers.values()
        if router.overheard is not None and (start := router.overheard(connection, room, line)) is not None
    )
    for start, router in sorted(heard, key=lambda one: -one[0]):
        able = [bot for bot in registry.bots if router in bot.routers]
        if present := _present(able, rooms, connection, room):
            return Address(present, (router,), start, router.prefixes[0])
    return None


def form_address(registry: Registry, rooms: RoomView, connection: Connection, event: Event) -> Address | None:
    """The address of a command that was filled in as a form: the bot that it mentions, else the one of this chat."""
    meant = [bot for bot in registry.bots if bot.user_id in mentioned(event.content)]
    bot = next(iter(_present(meant, rooms, connection, event.room_id)), None)
    if bot is None and not meant:
        bot = direct_bot(registry, rooms, connection, event.room_id)
    return Address((bot,), bot.routers, 0, bot.routers[0].prefixes[0]) if bot else None


def direct_bot(registry: Registry, rooms: RoomView, connection: Connection, room: RoomID) -> Bot | None:
    """The bot whose direct chat with somebody this room is."""
    candidates = [bot for bot in registry.bots if rooms.is_direct(connection, room, bot.user_id)]
    return next(iter(_present(candidates, rooms, connection, room)), None) if candidates else None


def _present(bots: Iterable[Bot], rooms: RoomView, connection: Connection, room: RoomID) -> tuple[Bot, ...]:
    members = rooms.members(connection, room)
    return tuple(bot for bot in bots if bot.user_id in members)


def _past_mark(line: Line, start: int) -> int:
    """Where no prefix is needed, an exclamation mark out of habit does no harm."""
    return start + 1 if line.text[start : start + 1] in ("!", "！") else start
