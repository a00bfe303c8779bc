"""Address books on a real homeserver: real uploads of real files, from the first message to the friendship."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from laiwang_bridge.demo.person import Person
from tests.support.bridges import Bridged, Chat, set_up_bridge, start_bridge
from tests.support.homeservers import People, SynapseFactory
from tests.unit.laiwang_bridge.features.town import code_in

pytestmark = pytest.mark.synapse

BOOK = Path(__file__).parents[1] / "unit" / "laiwang_bridge" / "contacts" / "address_books" / "rfc2426-example.vcf"
FRANK, TIM = "+1 919 676 9515", "+1 415 937 3419"
CARD = "In your address book, and here too:"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bridged(session_synapse_factory: SynapseFactory, session_folder: Path) -> AsyncIterator[Bridged]:
    """A homeserver, and a bridge whose operator can send text messages: into a file."""
    synapse = session_synapse_factory.prepare()
    bridged = await set_up_bridge(synapse, session_folder / "bridge-of-the-contacts")
    give_text_messages(bridged)
    try:
        await synapse.start()
        await start_bridge(bridged)
        yield bridged
    finally:
        bridged.close()
        await synapse.stop()


def give_text_messages(bridged: Bridged) -> None:
    program = bridged.bridge.folder / "send-sms"
    program.write_text(f"#!/bin/sh\ncat > '{bridged.bridge.folder}'/$LAIWANG_NUMBER\n", encoding="utf-8")
    program.chmod(0o700)
    config = bridged.bridge.config.read_text(encoding="utf-8")
    assert "\n  command: []\n" in config
    config = config.replace("\n  command: []\n", f"\n  command: ['{program}']\n")
    bridged.bridge.config.write_text(config, encoding="utf-8")


async def prove(bridged: Bridged, chat: Chat, number: str) -> None:
    await chat.say(f"number {number}", "a code goes to")
    text = bridged.bridge.folder / number.replace(" ", "")
    await chat.person.wait_until(lambda: (text.exists() and bool(text.read_bytes())) or None, 60, f"a text at {number}")
    await chat.say(f"confirm {code_in(text.read_text(encoding='utf-8'))}", "is yours")


async def send_file(person: Person, room: str, data: bytes, name: str, kind: str = "m.file") -> None:
    """Upload a file as clients do, and say that it is there."""
    headers = {"Authorization": f"Bearer {person.access_token}", "Content-Type": "text/vcard"}
    async with (
        ClientSession(headers=headers) as session,
        session.post(f"{person.homeserver_url}/_matrix/media/v3/upload?filename={name}", data=data) as response,
    ):
        assert response.status == 200, await response.text()
        uri = (await response.json())["content_uri"]
    content = {"msgtype": kind, "body": name, "url": uri, "info": {"mimetype": "text/vcard", "size": len(data)}}
    await person.send(room, "m.room.message", content)


async def test_two_people_send_their_address_books_and_become_friends(bridged: Bridged, people: People) -> None:
    frank, tim = [await Chat.begin(await people(bridged.synapse, name), bridged.bot) for name in ("frank", "tim")]
    await prove(bridged, frank, FRANK)
    await prove(bridged, tim, TIM)

    await send_file(frank.person, frank.room, BOOK.read_bytes(), "contacts.vcf")
    await frank.hear("I have read 2 cards, 2 with a number or address.")
    await send_file(tim.person, tim.room, BOOK.read_bytes(), "contacts.vcf")
    card = await tim.hear(CARD)
    assert f"1. Frank Dawson ({frank.person.user_id})" in card.text
    assert "Tim Howes" not in card.text
    await tim.tap(card, "👍")
    await tim.hear("✓")
    asked = await frank.hear("(@tim:")
    await frank.tap(asked, "✅")
    await tim.say("friends", "Frank Dawson (frank)")


async def test_what_was_sent_while_the_bridge_was_down_is_read_when_it_is_back(
    bridged: Bridged, people: People
) -> None:
    mei = await Chat.begin(await people(bridged.synapse, "mei"), bridged.bot)
    bridged.bridge.kill()
    since = mei.person.position
    await send_file(mei.person, mei.room, BOOK.read_bytes(), "contacts.vcf")
    await start_bridge(bridged)
    await mei.hear("I have read 2 cards, 2 with a number or address.", since=since)
    said = [seen.text for seen in mei.person.timeline(mei.room) if seen.text and "I have read" in seen.text]
    assert len(said) == 1


async def test_the_bot_for_address_books_is_there_on_its_own(bridged: Bridged, people: People) -> None:
    bot = f"@laiwang_contacts:{bridged.synapse.server_name}"
    bo = Chat(person := await people(bridged.synapse, "bo"), bot, await person.create_direct_chat(bot, timeout=60))
    await bo.hear("Hello, I find your friends.")
    await bo.say("导入", "请先验证你自己的手机号：`号码 …`\n\n请把通讯录以文件的形式发给我")
    await send_file(person, bo.room, b"\x89PNG\r\n\x1a\n" + b"\0" * 64, "me.png", "m.image")
    await bo.hear("这是一张图片，我读不了。")
    await send_file(person, bo.room, b"BEGIN:VCARD\nFN:Greg\nTEL:+1 919 676 9564\nEND:VCARD\n", "greg.vcf")
    await bo.hear("我读了 1 张名片，1 张有号码或邮箱。")
