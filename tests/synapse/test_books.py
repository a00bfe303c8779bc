"""Books on a real homeserver: a real file comes in, and pictures and files go out."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from aiohttp import ClientSession
from PIL import Image

from laiwang_bridge.demo.person import Person
from laiwang_bridge.demo.timeline import Seen
from laiwang_bridge.payments.books.importing.found import Found
from laiwang_bridge.payments.books.importing.reader import read_books
from tests.support.bridges import Bridged
from tests.support.homeservers import People

pytestmark = pytest.mark.synapse

SPLITWISE = Path(__file__).parents[1] / "unit/laiwang_bridge/payments/books/files/splitwise-en.csv"


async def test_a_file_comes_in_and_the_books_go_out(bridged: Bridged, people: People) -> None:
    bot = f"@laiwang_pay:{bridged.synapse.server_name}"
    lin, may = await people(bridged.synapse, "books-lin"), await people(bridged.synapse, "books-may")
    room = await lin.create_room(invite=[bot, may.user_id])
    everybody = {lin.user_id, may.user_id, bot}
    await lin.wait_until(lambda: everybody <= lin.members(room) or None, 60, "everybody to come")

    async def hears(part: str) -> Seen:
        return await lin.wait_for(lambda seen: seen.sender == bot and part in seen.text, room=room)

    uri = await upload(lin, SPLITWISE.read_bytes())
    file = await lin.send(room, "m.room.message", {"msgtype": "m.file", "body": "export.csv", "url": uri})
    await lin.reply(room, file, "!aa import as Ann=me")
    await hears("No file of yours waits here.")
    await lin.reply(room, file, "!aa import")
    card = await hears("Splitwise: 4 bills and payments")
    await lin.wait_for(lambda seen: seen.reacts_to == card.event_id and seen.reaction == "👍", room=room)
    await lin.react(room, card.event_id, "👍")
    await hears("4 bills and payments of Splitwise are in the books now.")

    await lin.say(room, "!aa stats all")
    picture = await hears("paid €90.00")
    assert picture.content["msgtype"] == "m.image"
    with Image.open(io.BytesIO(await download(lin, picture))) as image:
        assert image.size == (picture.content["info"]["w"], picture.content["info"]["h"])
    await lin.say(room, "!aa export json here")
    found = read_books(await download(lin, await hears("Its head is")), "EUR")
    assert isinstance(found, Found)
    assert len(found.books.entries) == 4


async def upload(person: Person, data: bytes) -> str:
    headers = {"Authorization": f"Bearer {person.access_token}", "Content-Type": "text/csv"}
    url = f"{person.homeserver_url}/_matrix/media/v3/upload?filename=export.csv"
    async with ClientSession(headers=headers) as session, session.post(url, data=data) as response:
        assert response.status == 200, await response.text()
        return str((await response.json())["content_uri"])


async def download(person: Person, message: Seen) -> bytes:
    path = str(message.content["url"]).removeprefix("mxc://")
    headers = {"Authorization": f"Bearer {person.access_token}"}
    url = f"{person.homeserver_url}/_matrix/client/v1/media/download/{path}"
    async with ClientSession(headers=headers) as session, session.get(url) as response:
        assert response.status == 200, await response.text()
        return await response.read()
