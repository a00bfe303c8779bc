"""Numbers and e-mail addresses, proven on a real Synapse by a bridge that runs as admins run it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from ruamel.yaml import YAML
from yarl import URL

from appservice.routes import Later
from laiwang_bridge.demo.synapse import Synapse
from laiwang_bridge.people.addresses import AddressKind
from laiwang_bridge.people.proving.homeserver import HomeserverKnowledge
from tests.support.bridges import Chat, set_up_bridge, start_bridge
from tests.support.homeservers import People, SynapseFactory
from tests.support.mailserver import mail_server
from tests.support.waiting import eventually

pytestmark = pytest.mark.synapse

NUMBER, EMAIL = AddressKind.NUMBER, AddressKind.EMAIL
KNOWN = {"problem": None, "known": True}
UNKNOWN = {"problem": None, "known": False}
REFUSED = {"problem": "service", "known": False}


async def test_a_bridge_sends_a_mail_and_believes_its_homeserver(
    synapse_factory: SynapseFactory, folder: Path, people: People
) -> None:
    synapse = synapse_factory.prepare()
    bridged = await set_up_bridge(synapse, folder / "bridge")
    async with mail_server() as post:
        try:
            await synapse.start()
            admin = await synapse.register_user("admin", "password", admin=True)
            _configure(folder / "bridge" / "config.yaml", post.port, admin.access_token)
            await start_bridge(bridged)
            lin = await Chat.begin(await people(synapse, "lin"), bridged.bot)
            threepids = [{"medium": "msisdn", "address": "8613800138000"}]
            await _change(synapse, admin.access_token, lin.person.user_id, {"threepids": threepids})
            await lin.say("number +86 138 0013 8000", "+86 138 •••• 8000 is yours.")
            await lin.say("email mei@example.org", "A mail with a code is on its way to m•••@example.org.")
            await eventually(lambda: post.mails, "a mail")
            found = re.search(r"confirm (\S+)", str(post.mails[0].get_content()))
            assert found is not None
            await lin.say(found[0], "m•••@example.org is yours.")
            await lin.say("mine", "(known to your homeserver)")
        finally:
            bridged.close()
            await synapse.stop()
    assert len(post.mails) == 1


def _configure(path: Path, port: int, token: str) -> None:
    """Have mails sent, and the homeserver asked."""
    yaml = YAML()
    config = yaml.load(path)
    sender = "Laiwang <laiwang@example.org>"
    config["email"].update(host="localhost", port=port, security="none", sender=sender)
    config["contacts"]["homeserver_admin_token"] = token
    yaml.dump(config, path)


async def test_it_tells_what_it_has_confirmed_and_no_more(shared_synapse: Synapse) -> None:
    admin = await shared_synapse.register_user("addresses_admin", "password", admin=True)
    lin = await shared_synapse.register_user("addresses/lin+1", "password")
    amy = await shared_synapse.register_user("addresses_amy", "password")
    threepids = [
        {"medium": "msisdn", "address": "8613800138000"},
        {"medium": "email", "address": "mei@example.org"},
    ]
    await _change(shared_synapse, admin.access_token, lin.user_id, {"threepids": threepids})
    knowledge = HomeserverKnowledge(shared_synapse.client_url, admin.access_token)
    assert await knowledge.ask(lin.user_id, NUMBER, "+8613800138000") == KNOWN
    assert await knowledge.ask(lin.user_id, EMAIL, "mei@example.org") == KNOWN
    assert await knowledge.ask(lin.user_id, NUMBER, "+8613900139000") == UNKNOWN
    assert await knowledge.ask(amy.user_id, NUMBER, "+8613800138000") == UNKNOWN
    assert await knowledge.ask("@addresses_nobody:localhost", NUMBER, "+8613800138000") == REFUSED


async def test_it_tells_nothing_to_a_token_that_is_no_admins(
    shared_synapse: Synapse, caplog: pytest.LogCaptureFixture
) -> None:
    bo = await shared_synapse.register_user("addresses_bo", "password")
    for token in (bo.access_token, "no-token-at-all"):
        knowledge = HomeserverKnowledge(shared_synapse.client_url, token)
        assert await knowledge.ask(bo.user_id, NUMBER, "+8613800138000") == REFUSED
        assert token not in caplog.text
    assert "contacts.homeserver_admin_token" in caplog.text


async def test_a_homeserver_that_is_gone_is_asked_again_later() -> None:
    with pytest.raises(Later):
        await HomeserverKnowledge("http://127.0.0.1:9", "token").ask("@lin:localhost", NUMBER, "+8613800138000")


async def _change(synapse: Synapse, token: str, user: str, body: dict[str, Any]) -> None:
    url = URL(f"{synapse.client_url}/_synapse/admin/v2/users/{quote(user, safe='')}", encoded=True)
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as session, session.put(url, json=body, headers=headers) as answer:
        assert answer.status in (200, 201), await answer.text()
