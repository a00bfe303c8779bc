"""The servers and clients that the demo and all the other tests stand on really are what they seem."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from laiwang_bridge.demo.listening import NotSeen
from laiwang_bridge.demo.patience import Refused
from laiwang_bridge.demo.process import free_port
from laiwang_bridge.demo.synapse import Synapse, SynapseFailed
from tests.support.faults import Answer, Delay, DropAfter, DropBefore, TooManyRequests, Truncate
from tests.support.homeservers import FederatedPairFactory, People, SynapseFactory
from tests.support.proxy import Proxy
from tests.support.waiting import has_gone

pytestmark = pytest.mark.synapse


async def test_two_people_talk(shared_synapse: Synapse, people: People) -> None:
    lin, wei = await people(shared_synapse, "lin"), await people(shared_synapse, "wei")

    room = await lin.create_direct_chat(wei.user_id)
    said = await lin.say(room, "你好")
    heard = await wei.wait_for_text("你好", room=room, sender=lin.user_id)
    assert heard.event_id == said
    assert wei.invitations[room].is_direct

    await wei.reply(room, said, "hello")
    await wei.react(room, said, "👍")
    answer = await lin.wait_for_text("hello", room=room)
    assert answer.content["m.relates_to"]["m.in_reply_to"]["event_id"] == said
    assert answer.content["m.mentions"]["user_ids"] == [lin.user_id]
    liked = await lin.wait_for(lambda seen: seen.reacts_to == said, room=room)
    assert liked.reaction == "👍"

    await lin.edit(room, said, "你好啊")
    await wei.wait_for_text("你好啊", room=room)
    shown = wei.shown(room, said)
    assert shown is not None
    assert shown["body"] == "你好啊"

    await lin.redact(room, said)
    await wei.wait_for(lambda seen: seen.redacts == said, room=room)
    assert wei.shown(room, said) is None

    await wei.leave(room)
    await lin.wait_until(lambda: lin.members(room) == {lin.user_id} or None, 60, "wei leaving")
    await wei.wait_until(lambda: not wei.rooms or None, 60, "having left")


async def test_a_knock_is_heard_and_answered(shared_synapse: Synapse, people: People) -> None:
    mei, bo = await people(shared_synapse, "mei"), await people(shared_synapse, "bo")
    knockable = {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "knock"}}
    room = await mei.create_room(initial_state=[knockable])

    with pytest.raises(Refused) as refused:
        await bo.join(room)
    assert refused.value.errcode == "M_FORBIDDEN"

    await bo.knock(room, reason="it is me")
    knock = await mei.wait_for(lambda seen: seen.content.get("membership") == "knock", room=room)
    assert knock.sender == bo.user_id
    await mei.invite(room, bo.user_id)
    await bo.wait_until(lambda: room in bo.rooms or None, 60, "coming in")


async def test_invitations_wait_for_those_who_decide_themselves(shared_synapse: Synapse, people: People) -> None:
    fang, jun = await people(shared_synapse, "fang"), await people(shared_synapse, "jun", accept_invites=False)
    room = await fang.create_room(name="Hotpot", invite=[jun.user_id])
    invitation = await jun.wait_for_invitation(inviter=fang.user_id)
    assert invitation.room_id == room
    assert jun.rooms == set()
    await jun.join(room)
    await jun.wait_until(lambda: room in jun.rooms or None, 60, "coming in")
    assert jun.state(room, "m.room.name") == {"name": "Hotpot"}


async def test_a_timeline_has_no_gaps(shared_synapse: Synapse, people: People) -> None:
    qing = await people(shared_synapse, "qing")
    room = await qing.create_room(public=True)
    sent = [await qing.say(room, f"line {number}") for number in range(110)]

    hao = await people(shared_synapse, "hao")
    await hao.join(room)
    await hao.wait_until(lambda: room in hao.rooms or None, 60, "coming in")
    await hao.wait_for_text("line 109", room=room)

    assert [seen.event_id for seen in hao.timeline(room) if seen.text] == sent
    assert hao.timeline(room)[0].kind == "m.room.create"


async def test_what_does_not_come_is_reported_with_what_came(shared_synapse: Synapse, people: People) -> None:
    yan = await people(shared_synapse, "yan")
    room = await yan.create_room()
    await yan.say(room, "anybody here?")
    await yan.wait_for_text("anybody")
    with pytest.raises(NotSeen, match=r"(?s)yan waited 0.1 s for a message with 'yes'.*anybody here\?"):
        await yan.wait_for_text("yes", timeout=0.1)


async def test_a_homeserver_keeps_its_port_and_data_when_stopped_or_killed(
    synapse_factory: SynapseFactory, people: People
) -> None:
    synapse = await synapse_factory()
    lin, wei = await people(synapse, "lin"), await people(synapse, "wei")
    room = await lin.create_direct_chat(wei.user_id)
    address = synapse.client_url
    said = [await lin.say(room, "before")]

    await synapse.restart()
    said.append(await lin.say(room, "between"))
    synapse.kill()
    assert not synapse.running
    await synapse.start()
    said.append(await lin.say(room, "after"))

    assert synapse.client_url == address
    await wei.wait_for_text("after", room=room)
    assert [seen.event_id for seen in wei.timeline(room) if seen.text] == said
    newcomer = await people.log_in(synapse, "wei")
    assert newcomer.rooms == {room}


async def test_a_person_on_a_bad_network_says_and_sees_everything_once(shared_synapse: Synapse, people: People) -> None:
    ning, tao = await people(shared_synapse, "ning"), await people(shared_synapse, "tao")
    room = await ning.create_direct_chat(tao.user_id)
    async with Proxy(shared_synapse.client_url, seed=1) as network:
        troubles = (DropBefore(), DropAfter(), Answer(502), Truncate(), TooManyRequests(20), Delay(0, 0.1))
        network.add(*troubles, probability=0.4)
        abroad = await people.log_in(shared_synapse, "tao", homeserver_url=network.url)
        sent = [await abroad.say(room, f"line {number}") for number in range(20)]
        await abroad.wait_for_text("line 19", room=room)
        assert len(network.counts) == len(troubles) + 1
        await abroad.close()
    await ning.wait_for_text("line 19", room=room)
    for person in (ning, tao, abroad):
        assert [seen.event_id for seen in person.timeline(room) if seen.text] == sent


async def test_a_registered_application_service_is_told_what_happens(
    folder: Path, synapse_factory: SynapseFactory, people: People
) -> None:
    told: list[str] = []

    async def transaction(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer homeserver token"
        told.extend(event["content"].get("body", "") for event in (await request.json())["events"])
        return web.json_response({})

    application = web.Application()
    application.router.add_put("/_matrix/app/v1/transactions/{id}", transaction)
    runner = web.AppRunner(application)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    registration = folder / "registration.yaml"
    tokens = {"as_token": "service token", "hs_token": "homeserver token"}
    namespaces = {"users": [{"exclusive": False, "regex": "@.*"}]}
    service = {"id": "test", "url": f"http://127.0.0.1:{port}", "sender_localpart": "bot", "namespaces": namespaces}
    registration.write_text(json.dumps(service | tokens))

    synapse = await synapse_factory(registrations=[registration])
    lin = await people(synapse, "lin")
    room = await lin.create_room()
    await lin.say(room, "is anybody listening?")
    deadline = time.monotonic() + 10
    while "is anybody listening?" not in told:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    await runner.cleanup()


async def test_a_homeserver_that_can_not_start_says_why(synapse_factory: SynapseFactory) -> None:
    synapse = synapse_factory.prepare(extra={"listeners": "nonsense"})
    with pytest.raises(SynapseFailed, match=r"(?s)ended at once.*listeners"):
        await synapse.start()


async def test_rate_limits_are_the_usual_ones_when_wanted(synapse_factory: SynapseFactory, people: People) -> None:
    limited = await synapse_factory(rate_limits=True)
    lin = await people(limited, "lin")
    room = await lin.create_room()
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {lin.access_token}"}) as session:
        for number in range(15):
            url = f"{limited.client_url}/_matrix/client/v3/rooms/{room}/send/m.room.message/{number}"
            async with session.put(url, json={"msgtype": "m.text", "body": "again"}) as response:
                if response.status == 429:
                    return
    pytest.fail("fifteen messages in a row, and no limit")


def test_a_homeserver_dies_with_the_process_that_started_it(folder: Path, synapse_installed: None) -> None:
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from laiwang_bridge.demo.synapse import Synapse\n"
        "async def main():\n"
        "    synapse = Synapse(Path(sys.argv[1]))\n"
        "    await synapse.start()\n"
        "    print(synapse.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    starter = subprocess.Popen([sys.executable, "-c", script, str(folder / "hs")], stdout=subprocess.PIPE, text=True)
    with starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        starter.send_signal(signal.SIGKILL)
    assert has_gone(pid), "Synapse outlived the process that started it"


async def test_people_on_two_homeservers_talk_both_ways(federated_pair: FederatedPairFactory, people: People) -> None:
    pair = federated_pair()
    await pair.start()
    lin, ada = await people(pair.first, "lin"), await people(pair.second, "ada")
    assert lin.user_id == f"@lin:{pair.first.server_name}"

    room = await lin.create_room(alias="hotpot", public=True)
    assert await ada.join(f"#hotpot:{pair.first.server_name}") == room
    await lin.wait_until(lambda: ada.user_id in lin.members(room) or None, 60, "ada coming in")
    there = await lin.say(room, "over here")
    back = await ada.say(room, "and back")
    assert (await ada.wait_for_text("over here", room=room)).event_id == there
    assert (await lin.wait_for_text("and back", room=room)).event_id == back

    chat = await ada.create_direct_chat(lin.user_id)
    await lin.wait_until(lambda: chat in lin.rooms or None, 60, "coming into the chat")
    await lin.say(chat, "only for you")
    await ada.wait_for_text("only for you", room=chat)


async def test_a_homeserver_with_a_certificate_of_a_stranger_is_not_talked_to(
    federated_pair: FederatedPairFactory, people: People
) -> None:
    pair = federated_pair(strangers=True)
    await pair.start()
    lin, ada = await people(pair.first, "lin"), await people(pair.second, "ada")
    await lin.create_room(alias="hotpot", public=True)
    with pytest.raises(Refused) as refused:
        await ada.join(f"#hotpot:{pair.first.server_name}")
    assert refused.value.status == 502
