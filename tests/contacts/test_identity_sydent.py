"""Look-ups at a real identity server, as the bot of an application service on a real homeserver."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from mautrix.types import UserID

from appservice import registration_file
from appservice.homeserver import Homeserver
from appservice.registration import generate
from laiwang_bridge.contacts.identity import IdentityCause, IdentityProblem, IdentityServer, openid_of
from laiwang_bridge.outside.addresses import policy
from laiwang_bridge.outside.client import Outside
from tests.support.homeservers import FederatedPairFactory
from tests.support.installing import installed
from tests.support.sydent import Sydent, sydent_python

pytestmark = pytest.mark.synapse

TERMS = "https://identity.example.org/privacy-1.0.html"


@pytest.fixture(scope="session")
def python(pytestconfig: pytest.Config) -> Path:
    """The interpreter that has Sydent."""
    return installed(pytestconfig, sydent_python, "looking people up at a real identity server")


@pytest.fixture
def sydent(folder: Path, python: Path) -> Iterator[Sydent]:
    server = Sydent(folder / "sydent", python)
    yield server
    server.kill()


@pytest.fixture
async def homeserver(folder: Path, federated_pair: FederatedPairFactory) -> AsyncIterator[Homeserver]:
    """The homeserver of the bot, reachable over federation."""
    synapse = federated_pair().first
    bridge = generate(
        id="identity",
        url="http://127.0.0.1:1",  # nothing is ever pushed
        domain=synapse.server_name,
        sender_localpart="laiwang",
        user_prefix="_laiwang_",
    )
    path = folder / "registration.yaml"
    registration_file.write(bridge, path)
    synapse.registrations.append(path)
    await synapse.start()
    client = Homeserver(synapse.client_url, synapse.server_name, bridge.as_token)
    yield client
    await client.close()


@pytest.fixture
async def client(sydent: Sydent) -> AsyncIterator[Outside]:
    async with Outside(policy([f"127.0.0.1:{sydent.port}"], http=True)) as outside:
        yield outside


async def test_friends_are_found_by_number_and_address(sydent: Sydent, homeserver: Homeserver, client: Outside) -> None:
    await sydent.start()
    await sydent.bind("email", "lin@example.org", "@lin:example.org")
    await sydent.bind("msisdn", "8613800138000", "@han:example.com")
    bot = UserID(f"@laiwang:{homeserver.domain}")
    server = IdentityServer(sydent.address, client, openid_of(homeserver, bot))
    strangers = [f"+86139{number:08}" for number in range(2500)]
    found = await server.look_up(["lin@example.org", "+8613800138000", "mei@example.org", *strangers])
    assert found == {"lin@example.org": "@lin:example.org", "+8613800138000": "@han:example.com"}
    assert await server.look_up(["han@example.org"]) == {}


async def test_terms_are_accepted_as_far_as_the_operator_did(
    folder: Path, python: Path, homeserver: Homeserver, sydent: Sydent, client: Outside
) -> None:
    sydent.terms[TERMS] = "Privacy"
    await sydent.start()
    await sydent.bind("email", "lin@example.org", "@lin:example.org")
    openid = openid_of(homeserver, UserID(f"@laiwang:{homeserver.domain}"))
    with pytest.raises(IdentityProblem) as refused:
        await IdentityServer(sydent.address, client, openid).look_up(["lin@example.org"])
    assert (refused.value.cause, refused.value.terms) == (IdentityCause.TERMS, (TERMS,))
    server = IdentityServer(sydent.address, client, openid, accepted_terms=[TERMS])
    assert await server.look_up(["lin@example.org"]) == {"lin@example.org": "@lin:example.org"}


async def test_a_bot_that_no_homeserver_vouches_for_is_nobody(sydent: Sydent, client: Outside) -> None:
    await sydent.start()

    async def forged() -> dict[str, object]:
        return {"access_token": "x", "token_type": "Bearer", "matrix_server_name": "127.0.0.1:1", "expires_in": 3600}

    for credentials in (forged, "not a token"):
        with pytest.raises(IdentityProblem) as refused:
            await IdentityServer(sydent.address, client, credentials).look_up(["lin@example.org"])
        assert refused.value.cause in (IdentityCause.NOT_ACCEPTED, IdentityCause.AWAY)
