"""A bill on a real homeserver: a line, a card that is edited in place, taps, an edit and a redaction."""

from __future__ import annotations

import pytest
from mautrix.api import Path
from mautrix.types import RoomID

from appservice.homeserver import Homeserver
from laiwang_bridge.demo.person import Person
from laiwang_bridge.demo.timeline import Seen
from tests.support.bridges import Bridged
from tests.support.homeservers import People

pytestmark = pytest.mark.synapse


async def test_a_bill_from_its_line_to_its_last_cent(bridged: Bridged, people: People) -> None:
    bot = f"@laiwang_pay:{bridged.synapse.server_name}"
    lin, may = await people(bridged.synapse, "bill-lin"), await people(bridged.synapse, "bill-may")
    room = await lin.create_room(invite=[bot, may.user_id])
    everybody = {lin.user_id, may.user_id, bot}
    await lin.wait_until(lambda: everybody <= lin.members(room) or None, 60, "everybody to come")

    line = await lin.say(room, f"AA €120 dinner {may.user_id}")
    card = await may.wait_for(lambda seen: seen.sender == bot and "€120.00 · #1" in seen.text, room=room)
    assert card.content["m.mentions"] == {"user_ids": [may.user_id]}
    assert "░ 0/1 paid" in card.text
    assert card.content["org.laiwang.bill"]["total"] == {"minor": "12000", "currency": "EUR", "decimals": 2}
    await may.wait_for(lambda seen: seen.reacts_to == card.event_id and seen.reaction == "✅", room=room)

    await may.react(room, card.event_id, "✅")
    await shows(lin, room, card, "said to be paid")
    await lin.react(room, card.event_id, "👍")
    await shows(lin, room, card, "▓ 1/1 paid")

    await lin.edit(room, line, f"AA €100 dinner {may.user_id}")
    asked = await lin.wait_for(
        lambda seen: seen.sender == bot and "was paid for bill #1 already" in seen.text, room=room
    )
    await lin.react(room, asked.event_id, "✅")
    await shows(may, room, card, "dinner: €100.00 · #1")

    await lin.redact(room, line)
    await lin.wait_for(lambda seen: seen.sender == bot and "The message of bill #1" in seen.text, room=room)
    form = {"command": "aa history", "arguments": {"number": "1"}}
    content = {"msgtype": "m.text", "body": "/aa history", "m.mentions": {"user_ids": [bot]}}
    await lin.send(room, "m.room.message", {**content, "org.matrix.msc4391.command": form})
    history = await may.wait_for(lambda seen: "added: €120.00" in seen.text, room=room)
    assert "total €120.00 → €100.00" in history.text


async def test_a_poll_becomes_a_bill_and_its_plan_is_paid(bridged: Bridged, people: People) -> None:
    bot = f"@laiwang_pay:{bridged.synapse.server_name}"
    lin, may = await people(bridged.synapse, "poll-lin"), await people(bridged.synapse, "poll-may")
    room = await lin.create_room(invite=[bot, may.user_id])
    everybody = {lin.user_id, may.user_id, bot}
    await lin.wait_until(lambda: everybody <= lin.members(room) or None, 60, "everybody to come")

    await lin.say(room, "!aa poll who was at dinner? 80 EUR")
    card = await lin.wait_for(lambda seen: seen.sender == bot and "dinner: €80.00" in seen.text, room=room)
    poll = await may.wait_for(lambda seen: seen.kind == "org.matrix.msc3381.poll.start", room=room)
    assert [each["id"] for each in poll.content["org.matrix.msc3381.poll.start"]["answers"]] == ["in", "out"]
    vote = {
        "m.relates_to": {"rel_type": "m.reference", "event_id": poll.event_id},
        "org.matrix.msc3381.poll.response": {"answers": ["in"]},
    }
    await may.send(room, "org.matrix.msc3381.poll.response", vote)
    await lin.react(room, card.event_id, "✋")
    await shows(lin, room, card, "2 were there")
    await lin.say(room, "!aa close")
    await may.wait_for(lambda seen: seen.kind == "org.matrix.msc3381.poll.end", room=room)
    bill = await may.wait_for(lambda seen: seen.sender == bot and "dinner: €80.00 · #1" in seen.text, room=room)

    await lin.say(room, "!aa settle")
    plan = await lin.wait_for(lambda seen: seen.sender == bot and "one payment" in seen.text, room=room)
    await may.react(room, plan.event_id, "1️⃣")
    await shows(lin, room, plan, "⏳ paid, says")
    await lin.react(room, plan.event_id, "1️⃣")
    await shows(lin, room, plan, "All is settled.")
    await shows(may, room, bill, "▓ 1/1 paid")


async def test_a_bill_in_a_thread_goes_along_when_its_room_is_replaced(bridged: Bridged, people: People) -> None:
    bot = f"@laiwang_pay:{bridged.synapse.server_name}"
    lin, may = await people(bridged.synapse, "moving-lin"), await people(bridged.synapse, "moving-may")
    old = await lin.create_room(invite=[bot, may.user_id], room_version="11")
    everybody = {lin.user_id, may.user_id, bot}
    await lin.wait_until(lambda: everybody <= lin.members(old) or None, 60, "everybody to come")

    root = await lin.say(old, "that dinner")
    thread = {"rel_type": "m.thread", "event_id": root}
    line = f"AA €120 dinner {may.user_id}"
    await lin.send(old, "m.room.message", {"msgtype": "m.text", "body": line, "m.relates_to": thread})
    card = await may.wait_for(lambda seen: seen.sender == bot and "€120.00 · #1" in seen.text, room=old)
    await lin.wait_for(lambda seen: seen.reacts_to == card.event_id and seen.reaction == "✅", room=old)
    await lin.react(old, card.event_id, "✅")
    no = await lin.wait_for(lambda seen: seen.sender == bot and "the others owe you" in seen.text, room=old)
    assert [one.content["m.relates_to"]["event_id"] for one in (card, no)] == [root, root]

    client = Homeserver(bridged.synapse.client_url, bridged.synapse.server_name, lin.access_token)
    path = Path.v3.rooms[RoomID(old)].upgrade
    new = (await client.call("POST", path, {"new_version": "12"}))["replacement_room"]
    await client.close()
    await lin.invite(new, bot)
    there = await lin.wait_for(lambda seen: seen.sender == bot and "€120.00 · #1" in seen.text, room=new)
    assert "m.relates_to" not in there.content
    await lin.invite(new, may.user_id)
    await may.wait_until(lambda: may.user_id in may.members(new) or None, 60, "May to come along")
    await may.react(new, there.event_id, "✅")
    await shows(lin, new, there, "said to be paid")


async def shows(person: Person, room: str, card: Seen, part: str) -> None:
    """Wait until a card, edits applied, shows this."""

    def found() -> bool | None:
        content = person.shown(room, card.event_id) or {}
        return part in str(content.get("body", "")) or None

    await person.wait_until(found, 60, f"the card to show {part!r}")
