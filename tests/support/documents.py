"""The parts of the documentation that the program itself writes, so that they cannot be wrong.

`python -m tests.support.documents` (`make docs`) writes them anew; tests/unit/test_docs.py fails while they differ.

- The table of commands, between the marks `<!-- commands -->` and `<!-- end of commands -->`; the list of them in their
  groups, between `<!-- index -->` and `<!-- end of index -->`; of the page of one command what is between
  `<!-- command -->` and `<!-- end of command -->`. A page that is missing is begun.
- The sentences of `laiwang-bridge check`, between `<!-- checks -->` and `<!-- end of checks -->`.
- Conversations: code blocks marked ```chat. What people say in one is kept, what the bot says is what it answers. A
  comment before the block, `<!-- friends lin amy · cluster lin weekend hike? · days 8 -->`, is what happened before;
  `room lin dinner with amy bo` is a room with them and the bot, `writes lin dinner …` what she wrote there.
- What cards carry for other programs: the code block after a comment `<!-- card org.laiwang.bill -->`.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mautrix.types import EventID, RoomID
from sqlalchemy import Connection

from appservice.bots import Level, Permissions, Router
from appservice.content import edit_in
from laiwang_bridge.config_contacts import Contacts
from laiwang_bridge.people import store as people
from laiwang_bridge.people.address_store import address_key, mark_of, put_address
from laiwang_bridge.people.addresses import AddressKind, Proof
from tests.support import card_examples, command_pages
from tests.support.check_sentences import sentences
from tests.support.folders import fast_folder
from tests.unit.laiwang_bridge.features.town import BOT, DAY, HOUR, OPERATORS, SECOND, Person, Town, open_town

ROOT = Path(__file__).parents[2]
WITH_GENERATED_PARTS = ("README.md", "docs/commands.md", "docs/operations.md", "docs/events.md")
PAGES = ROOT / command_pages.FOLDER

_COMMANDS = re.compile(r"(?<=<!-- commands -->\n).*?(?=<!-- end of commands -->)", re.DOTALL)
_INDEX = re.compile(r"(?<=<!-- index -->\n).*?(?=<!-- end of index -->)", re.DOTALL)
_HEAD = re.compile(r"(?<=<!-- command -->\n).*?(?=<!-- end of command -->)", re.DOTALL)
_CHECKS = re.compile(r"(?<=<!-- checks -->\n).*?(?=<!-- end of checks -->)", re.DOTALL)
_CHAT = re.compile(r"(?:<!-- (?P<before>[^\n]*?) -->\n+)?```chat\n(?P<said>.*?)```\n", re.DOTALL)
_CARD = re.compile(r"<!-- card (?P<name>\S+) -->\n+```json\n.*?```\n", re.DOTALL)
_SAID = re.compile(r"(?P<who>lin|amy|bo|dan|op)(?: in (?P<room>.+?))?: (?P<text>.+)")
_TAP = re.compile(r"\(taps (?P<reaction>\S+)\)")
_REPLY = re.compile(r"\(replies to “(?P<part>.+?)”\) (?P<text>.+)")
_CODE = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{4}-[0-9A-Z]{4}(?![0-9A-Z])")
_SHOWN_CODE = "K7RF-2XWM"
"""Stands for whatever code was shown last."""
_LINK = re.compile(r"https://matrix\.to/#/!\S+")
_CLUSTER = re.compile(r"(?:(?<=%23)|\b)zd_[0-9a-z]{12}\b")
_SHOWN_CLUSTER = "zd_4h7kq2mw9xcd"
_SHA = re.compile(r"\b[0-9a-f]{64}\b")
_SHOWN_SHA = "3b1f…c0de"
_BOT = "laiwang"
_EDITED = ", by an edit"


# -- commands -------------------------------------------------------------------------------------------------------


async def routers() -> Sequence[Router]:
    """All that people can type where everything is set up, as it is declared."""
    contacts = Contacts(identity_server="https://identity.example.org")
    async with open_town("sqlite://", contacts=contacts) as town:
        known = {router.name: router for bot in town.app.bots.bots for router in bot.routers}
        return list(known.values())


# -- the sentences of check -----------------------------------------------------------------------------------------


def table_of_checks() -> str:
    """What `check` says and what it says to do, as Markdown."""
    rows = ["| code | | it says | it says to do |", "|---|---|---|---|"]
    for found in sentences():
        codes = "<br>".join(f"`{code}`" for code in found.codes)
        said = found.text if found.text.strip("…: ") else "what is wrong, in words of its own"
        rows.append(f"| {codes} | {found.level} | {said} | {found.mend} |")
    return "\n".join(rows) + "\n"


# -- conversations --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """Something that one person does: in their chat with the bot, or in a room of this name."""

    who: str
    room: str | None
    text: str

    @property
    def written(self) -> str:
        return f"{self.who} in {self.room}: {self.text}" if self.room else f"{self.who}: {self.text}"


class Conversation:
    """Plays lines in a town of its own and writes down what the bot says at them."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._people: dict[str, Person] = {}
        self._looked_at = 0
        self._code = _SHOWN_CODE

    async def prepare(self, lines: Sequence[Line], before: str | None) -> None:
        self._people["op"] = await self._town.operators()
        for step in before.split(" · ") if before else ():
            await self._before(*_in_town(step).split(" ", 2))
        for line in lines:
            await self._person(line.who)
        self._news()

    async def play(self, line: Line) -> list[str]:
        person = await self._person(line.who)
        town = self._town
        town.now += 5 * SECOND
        room = self._room(line.room) if line.room else person.chat
        text = _in_town(line.text.replace(_SHOWN_CODE, self._code))
        if tap := _TAP.fullmatch(text):
            await town.react(person.user, room, self._with_button(room, tap["reaction"]), tap["reaction"])
        elif reply := _REPLY.fullmatch(text):
            await town.say(person.user, room, reply["text"], reply_to=self._message(room, reply["part"]))
        else:
            await town.say(person.user, room, text)
        return [line.written, *self._news()]

    async def _person(self, name: str) -> Person:
        if name not in self._people:
            self._people[name] = await self._town.arrive(name)
        return self._people[name]

    async def _before(self, what: str, who: str, rest: str = "") -> None:
        if what == "days":
            await self._town.wait(int(who) * DAY)
            await self._town.wait(HOUR)  # in which a bridge that was away hears what was said
            return
        person = await self._person(who)
        match what:
            case "friends":
                await self._befriend(person, await self._person(rest))
            case "cluster":
                await person.say(f"!zd {rest}")
                await person.say("publish")
            case "room":
                name, _, others = rest.partition(" with ")
                await self._gather(person, name, [await self._person(other) for other in others.split()])
            case "writes":
                room, _, text = rest.partition(" ")
                await self._town.say(person.user, self._room(room), text)
            case "does":
                await person.say(rest)
            case "proven":
                await self._prove(person, rest)
            case _:
                raise ValueError(f"nobody knows how to {what!r}")

    async def _prove(self, person: Person, number: str) -> None:
        """A number is a person's own, without the ceremony."""

        def work(connection: Connection) -> None:
            me = people.person_of(connection, person.user, self._town.now)
            mark = mark_of(address_key(connection, ""), AddressKind.NUMBER, number)
            put_address(connection, me, AddressKind.NUMBER, mark, "…", Proof.TEXT, self._town.now)

        await self._town.database.write(work)

    async def _befriend(self, one: Person, other: Person) -> None:
        found = _CODE.search(await one.say("code"))
        assert found is not None
        await other.say(f"code {found.group()}")
        await other.say("yes")
        await one.say("yes")

    async def _gather(self, person: Person, name: str, others: Sequence[Person]) -> None:
        """A room with the bot, whose host `person` is; with somebody whom nobody knows, unless others are named."""
        users = [other.user for other in others] or [self._town.stranger("guest")]
        room = self._town.homeserver.room(person.user, *users, name=name)
        await self._town.member(room.id, BOT, "invite", by=person.user)
        if others:
            await self._town.state(room.id, person.user, "m.room.power_levels", {"users": {person.user: 100, BOT: 50}})

    def _room(self, name: str) -> RoomID:
        if name == "the operators’ room":
            return OPERATORS
        own = RoomID(f"!{name}")
        return own if own in self._town.rooms else self._town.cluster_room(name)

    def _with_button(self, chat: RoomID, reaction: str) -> EventID:
        """The newest message that has this button."""
        found = [message for message in self._town.shown(chat) if reaction in self._town.buttons(chat, message)]
        assert found, f"nothing has the button {reaction}"
        return found[-1]

    def _message(self, room: RoomID, part: str) -> EventID:
        events = self._town.rooms[room].said.items()
        found = [id for id, event in events if part in str(event["content"].get("body", ""))]
        assert found, f"nobody said {part!r}"
        return found[-1]

    def _news(self) -> list[str]:
        """What the bot has said or done since the last look, in the order in which it did."""
        events = [event for room in self._town.rooms.values() for event in room.said.values()]
        events = sorted(events, key=lambda event: int(event["event_id"].removeprefix("$event")))
        fresh, self._looked_at = events[self._looked_at :], len(events)
        said = [shown for event in fresh if event["sender"] == BOT and (shown := self._shown(event, events))]
        # That a card now says what is said below it too need not be read twice.
        return [shown for shown in said if shown.replace(_EDITED, "") not in said or _EDITED not in shown]

    def _shown(self, event: dict[str, Any], events: Sequence[dict[str, Any]]) -> str | None:
        where = self._where(event["room_id"])
        content = event["content"]
        if event["type"] == "m.room.message":
            edit = edit_in(content)
            body = str((edit.content if edit else content)["body"])
            for code in _CODE.findall(body):
                self._code = code
            body = body.replace(self._code, _SHOWN_CODE).replace(":town", ":example.org")
            body = _SHA.sub(_SHOWN_SHA, body.replace("%3Atown", "%3Aexample.org"))
            body = _CLUSTER.sub(_SHOWN_CLUSTER, _LINK.sub("https://matrix.to/#/!…/$…", body))
            return f"{_BOT}{where}{_EDITED if edit else ''}: " + body.replace("\n", "\n    ")
        if event["type"] == "m.reaction":
            target = content["m.relates_to"]["event_id"]
            on = next(one for one in events if one["event_id"] == target)
            return None if on["sender"] == BOT else f"{_BOT}{where}: {content['m.relates_to']['key']}"
        if event["type"] == "m.room.member" and content["membership"] in ("invite", "leave"):
            if event["state_key"] not in {person.user for person in self._people.values()}:
                return None
            done = "invites" if content["membership"] == "invite" else "lets out"
            name = str(event["state_key"])[1:].partition(":")[0]
            return f"({_BOT}{where} {done} {name})"
        return None

    def _where(self, room: RoomID) -> str:
        for name, person in self._people.items():
            if person.chat == room != OPERATORS:
                return f" → {name}"
        return f" in {self._named(room)}"

    def _named(self, room: RoomID) -> str:
        if room == OPERATORS:
            return "the operators’ room"
        creation = self._town.rooms[room].creation
        return (creation.name if creation else None) or room.removeprefix("!")


def _in_town(text: str) -> str:
    return text.replace(":example.org", ":town")


async def played(before: str | None, said: str) -> str:
    """A conversation as it goes with the program as it is."""
    lines = [Line(m["who"], m["room"], m["text"]) for row in said.splitlines() if (m := _SAID.fullmatch(row))]
    permissions = Permissions({"*": Level.USER, "@op:town": Level.ADMIN})
    with fast_folder() as folder:
        async with open_town(f"sqlite:///{folder}/town.db", operators=OPERATORS, permissions=permissions) as town:
            conversation = Conversation(town)
            await conversation.prepare(lines, before)
            shown = [row for line in lines for row in await conversation.play(line)]
    return "\n".join(re.sub(r"[ \t]+$", "", row, flags=re.MULTILINE) for row in shown) + "\n"


# -- files ----------------------------------------------------------------------------------------------------------


async def written_anew(name: str, text: str, all_routers: Sequence[Router]) -> str:
    """The document of this name with its generated parts as they are to be."""
    every = command_pages.entries(all_routers)
    parts: list[tuple[re.Pattern[str], Callable[[], str]]] = [
        (_COMMANDS, lambda: command_pages.table(every)),
        (_INDEX, lambda: command_pages.index(every)),
        (_CHECKS, table_of_checks),
        *(
            (_HEAD, partial(command_pages.head, entry))
            for entry in every
            if name == f"{command_pages.FOLDER}/{entry.page}"
        ),
    ]
    for pattern, write in parts:
        text = pattern.sub(lambda _, write=write: write(), text)  # type: ignore[misc]
    text = await _replaced(_CARD, text, _with_field)
    return await _replaced(_CHAT, text, _with_answers)


async def _with_answers(match: re.Match[str]) -> str:
    begun = match.start("said") - match.start()
    return f"{match[0][:begun]}{await played(match['before'], match['said'])}```\n"


async def _with_field(match: re.Match[str]) -> str:
    name = match["name"]
    return f"<!-- card {name} -->\n\n```json\n{await card_examples.example(name)}\n```\n"


async def _replaced(pattern: re.Pattern[str], text: str, new: Callable[[re.Match[str]], Awaitable[str]]) -> str:
    pieces, end = [], 0
    for match in pattern.finditer(text):
        pieces += [text[end : match.start()], await new(match)]
        end = match.end()
    return "".join([*pieces, text[end:]])


def begun(entry: command_pages.Entry) -> str:
    """A page that has nothing yet but what is generated."""
    return f"# {entry.heading}\n\n<!-- command -->\n<!-- end of command -->\n"


def documents() -> list[str]:
    """The names of all that has, or may have, generated parts."""
    return [*WITH_GENERATED_PARTS, *(f"{command_pages.FOLDER}/{path.name}" for path in sorted(PAGES.glob("*.md")))]


def main(names: Sequence[str]) -> int:
    """Write documents anew, all or those of these names; tells which of them changed."""
    all_routers = asyncio.run(routers())
    for entry in command_pages.entries(all_routers):
        if not (PAGES / entry.page).exists():
            (PAGES / entry.page).write_text(begun(entry), encoding="utf-8")
    for name in names or documents():
        path = ROOT / name
        before = path.read_text(encoding="utf-8")
        after = asyncio.run(written_anew(name, before, all_routers))
        if after != before:
            path.write_text(after, encoding="utf-8")
            print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
