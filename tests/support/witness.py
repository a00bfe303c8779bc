"""A witness: reads everything that a homeserver shows one person, and everything that it has got itself."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode

from aiohttp import ClientSession, ClientTimeout

_EVERYTHING = {"room": {"include_leave": True, "timeline": {"limit": 1000}}}
_AT_A_TIME = 8
_ROOM = re.compile(r"![^/?: ]+(:[^/? ]+)?")
_PASSING = ("age", "unsigned")
_SECTIONS = ("join", "invite", "knock", "leave")


@dataclass(frozen=True, slots=True)
class Places:
    """What somebody may ask about: rooms by id and alias, people, words to search for, servers that know the rooms."""

    rooms: frozenset[str]
    aliases: frozenset[str]
    users: frozenset[str]
    words: frozenset[str]
    servers: frozenset[str]


@dataclass(slots=True)
class Testimony:
    """Every answer that a homeserver gave, refusals as well, as JSON, by what was asked."""

    answers: dict[str, Any] = field(default_factory=dict)
    _texts: dict[str, str] = field(default_factory=dict)

    def mentioning(self, word: str) -> list[str]:
        """Which answers hold a word, in whatever case; with what stands around it."""
        found = []
        if len(self._texts) != len(self.answers):
            self._texts = {asked: text_of(answer).casefold() for asked, answer in self.answers.items()}
        for asked, text in self._texts.items():
            at = text.find(word.casefold())
            if at >= 0:
                found.append(f"{asked}: …{text[max(at - 200, 0) : at + 200]}…")
        return found

    def events(self) -> list[Mapping[str, Any]]:
        """Every event in any answer, stripped ones too, each form of it once; with its room, where that is known."""
        forms = {}
        for asked, answer in self.answers.items():
            found = _ROOM.search(unquote(asked))
            for event in _events_in(answer, found[0] if found else None):
                forms[text_of({name: value for name, value in event.items() if name not in _PASSING})] = event
        return list(forms.values())


class Witness:
    """Asks with the access token of somebody, as any client could."""

    def __init__(self, homeserver_url: str, access_token: str) -> None:
        self._url = homeserver_url
        self._token = access_token

    async def tell(self, places: Places) -> Testimony:
        """Ask for everything: what a sync holds, then room by room what there is, then what can be looked up."""
        said = Testimony()
        timeout = ClientTimeout(60)
        async with ClientSession(headers={"Authorization": f"Bearer {self._token}"}, timeout=timeout) as session:
            asking = _Asking(session, self._url, said)
            everything = json.dumps(_EVERYTHING)
            sync = await asking.get("v3/sync", filter=everything, full_state="true", timeout="0")
            rooms = {room for section in _SECTIONS for room in sync.get("rooms", {}).get(section, {})}
            await asyncio.gather(
                *(self._room(asking, room, places) for room in sorted(rooms | places.rooms)),
                *(self._alias(asking, alias) for alias in sorted(places.aliases)),
                *(self._user(asking, user) for user in sorted(places.users)),
                *(self._search(asking, word) for word in sorted(places.words)),
                self._directories(asking, places),
            )
        return said

    async def _room(self, asking: _Asking, room: str, places: Places) -> None:
        here = f"v3/rooms/{quote(room)}"
        via = [("via", server) for server in sorted(places.servers)]
        for path in ("state", "members", "joined_members", "aliases"):
            await asking.get(f"{here}/{path}")
        for path in (f"v1/room_summary/{quote(room)}", f"unstable/im.nheko.summary/summary/{quote(room)}"):
            await asking.get(path, *via)
        await asking.get(f"v1/rooms/{quote(room)}/hierarchy")
        await asking.get(f"v1/rooms/{quote(room)}/threads")
        events, start = [], None
        while True:
            page = await asking.get(f"{here}/messages", dir="b", limit="1000", **({"from": start} if start else {}))
            events += page.get("chunk", [])
            if page.get("end") in (None, start):
                break
            start = page["end"]
        for event in (event["event_id"] for event in events):
            if room in places.rooms:
                await asking.get(f"{here}/context/{quote(event)}", limit="4")
                await asking.get(f"v1/rooms/{quote(room)}/relations/{quote(event)}", limit="50")

    async def _alias(self, asking: _Asking, alias: str) -> None:
        await asking.get(f"v3/directory/room/{quote(alias)}")
        await asking.get("v3/thirdparty/location", alias=alias)

    async def _user(self, asking: _Asking, user: str) -> None:
        await asking.get(f"v3/profile/{quote(user)}")
        await asking.get("v3/thirdparty/user", userid=user)

    async def _search(self, asking: _Asking, word: str) -> None:
        await asking.get("v3/thirdparty/location/laiwang", topic=word)
        await asking.get("v3/thirdparty/user/laiwang", topic=word)
        await asking.post("v3/user_directory/search", {"search_term": word, "limit": 50})
        room_events = {"search_term": word, "include_state": True, "event_context": {"include_profile": True}}
        await asking.post("v3/search", {"search_categories": {"room_events": room_events}})

    async def _directories(self, asking: _Asking, places: Places) -> None:
        await asking.get("v3/thirdparty/protocols")
        for server in (None, *sorted(places.servers)):
            where = {"server": server} if server else {}
            await asking.get("v3/publicRooms", **where)
            await asking.post("v3/publicRooms", {"include_all_networks": True}, **where)
            await asking.post("v3/publicRooms", {"third_party_instance_id": "laiwang|laiwang"}, **where)


class _Asking:
    def __init__(self, session: ClientSession, url: str, said: Testimony) -> None:
        self._session = session
        self._url = f"{url}/_matrix/client"
        self._said = said
        self._turns = asyncio.Semaphore(_AT_A_TIME)

    async def get(self, path: str, *pairs: tuple[str, str], **query: str) -> Any:
        return await self._ask("GET", path, [*pairs, *query.items()], None)

    async def post(self, path: str, body: Mapping[str, Any], **query: str) -> Any:
        return await self._ask("POST", path, list(query.items()), body)

    async def _ask(self, method: str, path: str, query: list[tuple[str, str]], body: Mapping[str, Any] | None) -> Any:
        asked = f"{path}?{urlencode(query)}" if query else path
        async with self._turns, self._session.request(method, f"{self._url}/{asked}", json=body) as response:
            answer = await response.json(content_type=None)
        self._said.answers[f"{method} {asked} {text_of(body) if body else ''}".strip()] = answer
        return answer


def held_by(homeserver_database: Path, rooms: Iterable[str]) -> Testimony:
    """The events of these rooms that a homeserver on SQLite has got, whoever may see them."""
    said = Testimony()
    connection = sqlite3.connect(f"file:{homeserver_database}?mode=ro", uri=True)
    try:
        for room in rooms:
            rows = connection.execute("select json from event_json where room_id = ?", (room,)).fetchall()
            said.answers[f"event_json {room}"] = [json.loads(json_text) for (json_text,) in rows]
    finally:
        connection.close()
    return said


def bytes_of(sqlite_database: Path) -> bytes:
    """All that stands in the files of a database, what is deleted and not yet overwritten as well."""
    files = [sqlite_database.with_name(sqlite_database.name + ending) for ending in ("", "-wal", "-journal")]
    return b"\0".join(file.read_bytes() for file in files if file.exists())


def text_of(answer: Any) -> str:
    return json.dumps(answer, ensure_ascii=False, sort_keys=True)


def _events_in(answer: Any, room: str | None) -> Iterator[Mapping[str, Any]]:
    if isinstance(answer, Mapping):
        if isinstance(answer.get("type"), str) and isinstance(answer.get("content"), Mapping):
            yield {**answer, "room_id": answer.get("room_id", room)}
        for key, value in answer.items():
            yield from _events_in(value, key if _ROOM.fullmatch(key) else room)
    elif isinstance(answer, list):
        for value in answer:
            yield from _events_in(value, room)
