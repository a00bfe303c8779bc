"""A policy list on a real Synapse: its room is joined, its rules are read and kept up to date."""

from __future__ import annotations

from pathlib import Path

import pytest
from mautrix.types import UserID

from appservice import inbox, policies, registration_file
from appservice.inbox import Kind
from appservice.listener import TcpAddress
from appservice.policies import Policies, Rule
from appservice.registration import generate
from appservice.routes import Routes
from appservice.service import ApplicationService, Settings
from appservice.unit import Unit
from laiwang_bridge.demo.process import free_port
from tests.support.homeservers import People, SynapseFactory
from tests.support.road import note, notes, open_road
from tests.support.waiting import eventually

pytestmark = pytest.mark.synapse

BOT = UserID("@laiwang:localhost")


async def test_a_list_is_followed_by_its_alias_and_its_rules_come_and_go(
    synapse_factory: SynapseFactory, people: People, folder: Path, sqlite_url: str
) -> None:
    port = free_port()
    registration = generate(
        id="laiwang",
        url=f"http://127.0.0.1:{port}",
        domain="localhost",
        sender_localpart="laiwang",
        user_prefix="_laiwang_",
    )
    registration_file.write(registration, folder / "registration.yaml")
    synapse = await synapse_factory(registrations=[folder / "registration.yaml"])
    routes, lists = Routes(), Policies(BOT)
    lists.add_to(routes)

    def told(unit: Unit, rules: list[Rule]) -> None:
        for rule in rules:
            note(unit, f"{rule.about} {rule.entity}")

    lists.on_rules.append(told)
    routes.on_timer("follow", lambda unit, context: lists.follow(unit, context["list"], {}))
    settings = Settings(
        registration=registration, address=synapse.client_url, domain="localhost", listen=TcpAddress("127.0.0.1", port)
    )
    async with (
        open_road(sqlite_url) as database,
        await ApplicationService.open(settings, database, routes) as service,
    ):
        await service.connected()
        owner = await people(synapse, "owner")
        bans = await owner.create_room(public=True, alias="bans")
        rule = {"entity": "*.evil.org", "recommendation": "m.ban", "reason": "spam"}
        await owner.set_state(bans, "m.policy.rule.server", rule, "one")

        body = {"name": "follow", "context": {"list": "#bans:localhost"}}
        await database.write(lambda c: inbox.put(c, "follow", "follow", Kind.TIMER, body, 0))
        service.wake("follow")
        await eventually(lambda: database.read(lambda c: bool(policies.lists(c))), "the list", seconds=20)
        await eventually(lambda: _has(service, "server *.evil.org"), "the rule", seconds=20)
        spammer = {"entity": "@spam:localhost", "recommendation": "org.matrix.mjolnir.ban"}
        await owner.set_state(bans, "m.policy.rule.user", spammer, "two")
        await eventually(lambda: _has(service, "user @spam:localhost"), "the new rule", seconds=20)
        await owner.set_state(bans, "m.policy.rule.user", {}, "two")

        async def lifted() -> bool:
            return await database.read(lambda c: policies.ban_of(c, UserID("@spam:localhost"))) is None

        await eventually(lifted, "the rule to go", seconds=20)
        assert await database.read(lambda c: policies.ban_of(c, UserID("@a:sub.evil.org"))) is not None


async def _has(service: ApplicationService, text: str) -> bool:
    return text in await notes(service.database)
