"""How the story is told: people act, and nothing counts as done until somebody's client has shown it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NoReturn, TypeVar

from laiwang_bridge.demo.listening import NotSeen
from laiwang_bridge.demo.stage import BOT, Player
from laiwang_bridge.demo.tally import Tally
from laiwang_bridge.demo.timeline import Seen
from laiwang_bridge.demo.transcript import Transcript

T = TypeVar("T")

BOT_NAME = "来往"

PATIENCE = 60.0
_HINT_AFTER = 5.0
_EVENTS_SHOWN = 12


class StepFailed(Exception):
    """Something did not come about. `expected` and `seen` are for people."""

    def __init__(self, what: str, seconds: float, expected: str, seen: Sequence[str]) -> None:
        super().__init__(what)
        self.what = what
        self.seconds = seconds
        self.expected = expected
        self.seen = seen


class Telling:
    """Lets people act and watches for what follows; both are printed. `patience` is in seconds, for each thing.

    All that was said and seen goes into `tally`.
    """

    def __init__(self, transcript: Transcript, *, patience: float = PATIENCE) -> None:
        self.transcript = transcript
        self.tally = Tally()
        self.patience = patience
        self._room_names: dict[str, str] = {}
        self._since = time.monotonic()

    # -- what is done -----------------------------------------------------------------------------------------------

    def name_room(self, room: str, name: str) -> None:
        self._room_names[room] = name

    def begins(self) -> None:
        """From here on time is taken."""
        self._since = time.monotonic()

    def elapsed(self) -> float:
        """Seconds since somebody last did something."""
        return time.monotonic() - self._since

    async def says(self, player: Player, text: str, room: str | None = None) -> str:
        """Somebody writes, in the chat with the bot or in `room`; gives the event's id."""
        room = room or player.chat
        self.transcript.says(player.name, self._room_name(room), text)
        self.begins()
        event_id = await player.client.say(room, text)
        self.tally.message(room, event_id, text)
        return event_id

    async def taps(self, player: Player, card: Seen, button: str) -> None:
        """Somebody uses a button of a card."""
        self.transcript.says(player.name, self._room_name(card.room_id), f"(taps {button})")
        self.begins()
        await player.client.react(card.room_id, card.event_id, button)

    # -- what is seen -----------------------------------------------------------------------------------------------

    async def answered(
        self,
        player: Player,
        what: str,
        *parts: str,
        room: str | None = None,
        fits: Callable[[Seen], bool] = lambda seen: True,
        without: Iterable[str] = (),
        aloud: bool = True,
    ) -> Seen:
        """A message of the bot that nobody has seen yet, with all `parts` in it and none of `without`; printed if
        `aloud`."""
        room = room or player.chat

        def is_new(seen: Seen) -> bool:
            return (
                seen.room_id == room
                and seen.sender == BOT
                and seen.kind == "m.room.message"
                and seen.replaces is None
                and not self.tally.knows(room, seen.event_id)
                and all(part in seen.text for part in parts)
                and fits(seen)
            )

        expected = f"{player.name}'s client shows a new message from {BOT_NAME}{_holding(parts)}"
        seen = await self.until(player, what, expected, lambda: _first(player, room, is_new), room=room, quiet=True)
        self.tally.message(room, seen.event_id, seen.text)
        if aloud:
            self.transcript.says(BOT_NAME, player.name if room == player.chat else self._room_name(room), seen.text)
        wrong = [word for word in without if word in seen.text]
        if wrong:
            self._fail(player, what, f"a message without {' or '.join(wrong)}", room)
        self._done(what)
        return seen

    async def card(
        self,
        player: Player,
        what: str,
        *parts: str,
        buttons: Iterable[str],
        room: str | None = None,
        without: Iterable[str] = (),
    ) -> Seen:
        """A message of the bot that names its buttons, with them below."""
        card = await self.answered(player, what, *parts, *buttons, room=room, without=without)
        for button in buttons:

            def is_button(seen: Seen, button: str = button) -> bool:
                return seen.reacts_to == card.event_id and seen.reaction == button and seen.sender == BOT

            await self.until(
                player,
                what,
                f"{player.name}'s client shows the button {button} below it",
                lambda is_button=is_button: _first(player, card.room_id, is_button),  # type: ignore[misc]
                room=card.room_id,
                quiet=True,
            )
        return card

    async def changed(self, player: Player, card: Seen, what: str, *parts: str) -> None:
        """The card says something else now, with all `parts` in it."""

        def is_change(seen: Seen) -> bool:
            return seen.replaces == card.event_id and all(part in seen.text for part in parts)

        expected = f"{player.name}'s card is replaced by one{_holding(parts)}"
        await self.until(player, what, expected, lambda: _first(player, card.room_id, is_change), room=card.room_id)

    async def heard(self, players: Iterable[Player], event_ids: Iterable[str], room: str, what: str) -> None:
        """These messages have come to all of these people."""
        wanted = list(event_ids)
        for player in players:
            await self.until(
                player,
                what,
                f"{player.name}'s client shows the messages {', '.join(wanted)}",
                lambda player=player: _all(player, room, wanted),  # type: ignore[misc]
                room=room,
                quiet=True,
            )
        self._done(what)

    async def until(
        self,
        player: Player,
        what: str,
        expected: str,
        condition: Callable[[], T | None],
        *,
        room: str | None = None,
        quiet: bool = False,
    ) -> T:
        """Wait until somebody's client shows what makes `condition` give something. Raises `StepFailed`."""
        hint = asyncio.get_running_loop().call_later(_HINT_AFTER, self.transcript.note, f"… waiting until {expected}")
        try:
            result = await player.client.wait_until(condition, self.patience, what)
        except NotSeen:
            self._fail(player, what, expected, room)
        finally:
            hint.cancel()
        if not quiet:
            self._done(what)
        return result

    # -- small things -----------------------------------------------------------------------------------------------

    def _done(self, what: str) -> None:
        self.transcript.seen(what, self.elapsed())

    def _fail(self, player: Player, what: str, expected: str, room: str | None) -> NoReturn:
        rooms = player.client.rooms if room is None else {room}
        seen = [line for name in rooms for line in map(_line, player.client.timeline(name)[-_EVENTS_SHOWN:])]
        raise StepFailed(what, self.elapsed(), expected, seen or ["nothing"])

    def _room_name(self, room: str) -> str:
        return self._room_names.get(room, BOT_NAME)


def _first(player: Player, room: str, fits: Callable[[Seen], bool]) -> Seen | None:
    return next(filter(fits, player.client.timeline(room)), None)


def _all(player: Player, room: str, event_ids: Iterable[str]) -> bool | None:
    return set(event_ids) <= {seen.event_id for seen in player.client.timeline(room)} or None


def _holding(parts: Sequence[str]) -> str:
    return f" with {' and '.join(map(repr, parts))}" if parts else ""


def _line(seen: Seen) -> str:
    at = datetime.fromtimestamp(seen.sent_at / 1000).astimezone()
    what = " ".join((seen.text or seen.reaction or str(dict(seen.content))).split())
    return f"{at:%H:%M:%S} {seen.sender} {seen.kind}: {what[:160]}"
