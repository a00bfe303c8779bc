"""`laiwang-bridge check` names the cause: every classic failure, made on a real homeserver."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from appservice.registration import Namespace, Registration, new_token
from laiwang_bridge.check import Level
from laiwang_bridge.check.examination import CHECKS
from laiwang_bridge.config import Config
from laiwang_bridge.demo.process import free_port
from tests.support.homeservers import SynapseFactory
from tests.support.set_ups import (
    DOMAIN,
    ConfigChange,
    RegistrationChange,
    SetUp,
    same_config,
    same_registration,
    set_up,
)

pytestmark = [pytest.mark.synapse, pytest.mark.asyncio(loop_scope="module")]

STATUS = {"unauthorised": 401, "nothing-there": 404, "broken": 500, "agreeable": 200}
"""Programs that are not ours and answer everything with one status."""


def ours(**changes: object) -> ConfigChange:
    """A change of the section `appservice`."""
    return lambda config: replace(config, appservice=replace(config.appservice, **changes))  # type: ignore[arg-type]


def told(**changes: object) -> RegistrationChange:
    return lambda registration: replace(registration, **changes)  # type: ignore[arg-type]


def swap_tokens(registration: Registration) -> Registration:
    return replace(registration, as_token=registration.hs_token, hs_token=registration.as_token)


def other_bot(registration: Registration) -> Registration:
    users = (Namespace(True, f"@other-bot:{DOMAIN}"), *registration.namespaces.users)
    return replace(registration, sender_localpart="other-bot", namespaces=replace(registration.namespaces, users=users))


def without_ghosts(registration: Registration) -> Registration:
    *bots, _ = registration.namespaces.users
    return replace(registration, namespaces=replace(registration.namespaces, users=tuple(bots)))


def without_contacts_bot(registration: Registration) -> Registration:
    """As it was written before there was that bot."""
    bot, _, *others = registration.namespaces.users
    return replace(registration, namespaces=replace(registration.namespaces, users=(bot, *others)))


def grasping(registration: Registration) -> Registration:
    """Somebody else's service that claims names of two of our set-ups."""
    theirs = (Namespace(True, f"@robbed:{DOMAIN}"), Namespace(True, rf"@_crowded_.*:{DOMAIN}"))
    users = (*registration.namespaces.users, *theirs)
    return replace(registration, namespaces=replace(registration.namespaces, users=users))


def other_domain(config: Config) -> Config:
    return replace(config, homeserver=replace(config.homeserver, domain="example.org"))


@dataclass(frozen=True, slots=True)
class Case:
    """`registered` is how the homeserver's registration differs from ours, `configured` what was changed later.

    `expected` is what is found, code by code, with words that must be in the text or the way out.
    """

    name: str
    expected: dict[str, str]
    registered: RegistrationChange = same_registration
    configured: ConfigChange = same_config


CASES = [
    Case("well", {}),
    Case("swapped", {"token.swapped": "Swap them in config.yaml"}, registered=swap_tokens),
    Case(
        "renewed",
        {"token.unknown": "registration.yaml` under app_service_config_files"},
        registered=told(as_token=new_token()),
    ),
    Case(
        "elsewhere",
        {"identity.other-domain": "Write homeserver.domain: localhost. Run `laiwang-bridge registration`"},
        configured=other_domain,
    ),
    Case("renamed", {"identity.other-user": "makes us @other-bot:localhost instead of @renamed"}, registered=other_bot),
    Case("robbed", {"bot.taken": "claims the name @robbed:localhost for itself"}),
    Case("grasping", {}, registered=grasping),
    Case("crowded", {"namespace.taken": "claims the users @_crowded_*:localhost for itself"}),
    Case(
        "ghostless",
        {"namespace.not-covered": "does not give us the users @_ghostless_*:localhost"},
        registered=without_ghosts,
    ),
    Case(
        "older",
        {"bot.not-covered": "does not give us @older-contacts:localhost"},
        registered=without_contacts_bot,
    ),
    Case("unsent", {"ping.url-not-set": "says url: null"}, registered=told(url=None)),
    Case(
        "unreached",
        {"ping.unreachable": "The address names port"},
        registered=told(url=f"http://127.0.0.1:{free_port()}"),
        configured=ours(address="http://127.0.0.1:1"),
    ),
    Case("nameless", {"ping.unreachable": "DNS"}, registered=told(url="http://no-such-host.invalid:29350")),
    Case("mistrusted", {"ping.hs-token": "shows us another hs_token"}, registered=told(hs_token=new_token())),
    Case("numbered", {"ping.other-id": "does not know us as 'another'"}, configured=ours(id="another")),
    Case("unauthorised", {"ping.other-program": "Not we but another program answers"}),
    Case("nothing-there", {"ping.other-program": "Not we but another program answers"}),
    Case("broken", {"ping.bad-status": "an answer that is not ours (HTTP 500)"}),
    Case("agreeable", {"ping.misdirected": "Not we but another program answers"}),
    Case(
        "foreign-interface",
        {"ping.cannot-listen": "192.0.2.1"},
        configured=ours(listen_host="192.0.2.1"),
    ),
]


async def _answers_with(status: int) -> tuple[web.AppRunner, int]:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({}, status=status)

    application = web.Application()
    application.router.add_route("*", "/{anything:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner, port


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(session_folder: Path, session_synapse_factory: SynapseFactory) -> AsyncIterator[dict[str, SetUp]]:
    """One homeserver that has been given the registrations of all cases, and what their bridges have."""
    synapse = session_synapse_factory.prepare(DOMAIN)
    folder = session_folder / "check"
    programs: list[web.AppRunner] = []
    set_ups: dict[str, SetUp] = {}
    for case in CASES:
        made = set_up(folder, case.name, synapse.client_url)
        registered = case.registered
        if case.name in STATUS:
            program, port = await _answers_with(STATUS[case.name])
            programs.append(program)
            registered = told(url=f"http://127.0.0.1:{port}")
        made.register(registered)
        synapse.registrations.append(made.registration_path)
        set_ups[case.name] = made
    await synapse.start()
    for case in CASES:  # what the homeserver has read stays as it was; what lies here is as the configuration says
        set_ups[case.name] = set_ups[case.name].configure(case.configured).register()
    yield set_ups
    for program in programs:
        await program.cleanup()
    await synapse.stop()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_the_cause_is_named(world: dict[str, SetUp], case: Case) -> None:
    troubles = await world[case.name].troubles()
    assert set(troubles) == set(case.expected), list(troubles.values())
    for code, words in case.expected.items():
        assert words in f"{troubles[code].text} {troubles[code].mend}"
        assert troubles[code].level is Level.FAIL


async def test_of_a_bridge_that_is_well_every_single_thing_is_well(world: dict[str, SetUp]) -> None:
    findings = await world["well"].findings()
    assert {finding.level for finding in findings} == {Level.OK}
    assert [finding.code for finding in findings] == [check.code for check in CHECKS]


async def test_what_depends_on_something_broken_is_left_out_and_says_so(world: dict[str, SetUp]) -> None:
    findings = await world["swapped"].findings()
    left_out = {finding.code: finding.text for finding in findings if finding.level is Level.SKIPPED}
    assert set(left_out) == {"identity", "bot", "namespace", "devices", "encryption", "ping"}
    assert set(left_out.values()) == {"Not looked at because of token.swapped."}


async def test_clocks_that_differ_are_named(world: dict[str, SetUp]) -> None:
    behind = await world["well"].troubles(clock_behind=90)
    assert "90 seconds ahead of ours" in behind["clock.apart"].text or "89" in behind["clock.apart"].text
    assert "clock.apart" not in await world["well"].troubles(clock_behind=50)
    assert "behind ours" in (await world["well"].troubles(clock_behind=-3600))["clock.apart"].text


async def test_a_bot_that_the_homeserver_remembers_tells_that_the_tokens_have_changed(world: dict[str, SetUp]) -> None:
    before = world["grasping"]
    await before.findings()
    renewed = before.configure(ours(as_token=new_token())).register()
    troubles = await renewed.troubles()
    assert set(troubles) == {"token.changed"}
    before.configure(same_config).register()


@pytest.mark.parametrize("known", [True, False], ids=["given-another-file", "not-loaded"])
async def test_a_homeserver_that_takes_registrations_of_people_tells_more(
    folder: Path, synapse_factory: SynapseFactory, known: bool
) -> None:
    open_to_all = {"enable_registration": True, "enable_registration_without_verification": True}
    synapse = synapse_factory.prepare(DOMAIN, extra=open_to_all)
    made = set_up(folder, "laiwang", synapse.client_url)
    if known:
        synapse.registrations.append(made.register(told(as_token=new_token())).registration_path)
    await synapse.start()
    made.register()
    troubles = await made.troubles()
    assert set(troubles) == {"token.other-registration" if known else "token.not-loaded"}
