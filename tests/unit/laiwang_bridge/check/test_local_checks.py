"""What is found without a homeserver: the files, the database, and our own port."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import ClientSession, web

from appservice.database import Database
from appservice.inbox import State, inbox
from appservice.listener import TcpAddress
from appservice.registration import new_token
from appservice.server import Server
from appservice.transaction import Transaction
from laiwang_bridge.check import Finding, Level, examine, is_healthy, lines, summary, to_json
from laiwang_bridge.check.storage import about, file_system_of
from laiwang_bridge.database import Standing
from laiwang_bridge.database import State as Tables
from laiwang_bridge.database.schema import note_revision
from laiwang_bridge.demo.process import free_port
from laiwang_bridge.setup import sample_registration
from tests.support.set_ups import SetUp, set_up
from tests.unit.laiwang_bridge.check.odd_homeservers import homeserver, serving


@pytest.fixture
def bridge(folder: Path) -> SetUp:
    """A bridge of which nothing is wrong but that its homeserver is not running."""
    return set_up(folder, "laiwang", f"http://127.0.0.1:{free_port()}")


async def troubles(bridge: SetUp) -> dict[str, Finding]:
    found = await bridge.troubles()
    del found["homeserver.unreachable"]
    return found


def with_database(url: str) -> Any:
    return lambda config: replace(config, database=replace(config.database, url=url))


async def execute(url: str, *statements: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


# -- files ----------------------------------------------------------------------------------------------------------


async def test_nothing_is_wrong_with_what_init_makes(bridge: SetUp) -> None:
    assert await troubles(bridge) == {}


async def test_every_problem_of_a_configuration_is_told_and_nothing_else_is_looked_at(folder: Path) -> None:
    path = folder / "config.yaml"
    path.write_text("homeserver:\n  domian: example.org\n", encoding="utf-8")
    findings = [finding async for finding in examine(path, {})]
    invalid = [finding.text for finding in findings if finding.code == "config.invalid"]
    assert any(f"{path}:2: homeserver.domian is not a setting. Did you mean domain?" in text for text in invalid)
    assert {finding.level for finding in findings if finding.code != "config.invalid"} == {Level.SKIPPED}
    assert not is_healthy(findings)


async def test_secrets_that_everybody_may_read(bridge: SetUp) -> None:
    for path in (bridge.config_path, bridge.registration_path, bridge.database):
        path.chmod(0o644)
    found = await troubles(bridge)
    assert set(found) == {
        "config.readable-by-others",
        "registration.readable-by-others",
        "database.readable-by-others",
    }
    assert found["config.readable-by-others"].mend == f"chmod o= {bridge.config_path}"


async def test_a_group_may_read_them(bridge: SetUp) -> None:
    bridge.registration_path.chmod(0o640)
    assert await troubles(bridge) == {}


async def test_no_registration(bridge: SetUp) -> None:
    bridge.registration_path.unlink()
    assert (await troubles(bridge))["registration.missing"].level is Level.WARN


async def test_a_registration_that_cannot_be_read(bridge: SetUp) -> None:
    bridge.registration_path.write_text("id: [unfinished", encoding="utf-8")
    assert set(await troubles(bridge)) == {"registration.unreadable"}


async def test_the_sample_in_place_of_the_registration(bridge: SetUp) -> None:
    bridge.registration_path.write_text(sample_registration(), encoding="utf-8")
    found = await troubles(bridge)
    assert set(found) == {"registration.invalid"}
    assert found["registration.invalid"].level is Level.FAIL
    texts = [finding.text for finding in await bridge.findings() if finding.code == "registration.invalid"]
    assert any("as_token is still the placeholder" in text for text in texts)


async def test_a_registration_that_differs_from_the_configuration(bridge: SetUp) -> None:
    bridge.register(lambda registration: replace(registration, url="http://old.example.org:1234"))
    found = (await troubles(bridge))["registration.differs"]
    assert found.level is Level.FAIL
    assert found.text.startswith('The registration file has url: "http://old.example.org:1234", the configuration')
    assert found.mend == "Run `laiwang-bridge registration`, give the homeserver the new file and restart it."


async def test_a_registration_with_swapped_tokens(bridge: SetUp) -> None:
    ours = bridge.registration
    bridge.register(lambda registration: replace(registration, as_token=ours.hs_token, hs_token=ours.as_token))
    found = await troubles(bridge)
    assert "swapped" in found["registration.differs"].text
    assert ours.hs_token not in found["registration.differs"].text


async def test_a_registration_that_slows_us_down(bridge: SetUp) -> None:
    bridge.register(lambda registration: replace(registration, rate_limited=True))
    found = await troubles(bridge)
    assert {code: finding.level for code, finding in found.items()} == {"registration.rate-limited": Level.WARN}


# -- the database ---------------------------------------------------------------------------------------------------


async def test_an_empty_database_is_well(bridge: SetUp) -> None:
    bridge.database.unlink()
    assert await troubles(bridge) == {}
    assert not bridge.database.exists()


async def test_no_folder_for_the_database(bridge: SetUp, folder: Path) -> None:
    found = await troubles(bridge.configure(with_database(f"sqlite:///{folder}/nowhere/laiwang.db")))
    assert set(found) == {"database.no-folder"}


async def test_a_database_that_we_may_not_write_to(bridge: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.access  # for root, who runs tests in containers, everything is writable
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != bridge.database and real(path, mode))
    assert set(await troubles(bridge)) == {"database.not-writable"}


async def test_a_file_that_is_no_database(bridge: SetUp) -> None:
    bridge.database.write_bytes(b"not at all " * 100)
    assert set(await troubles(bridge)) == {"database.unreachable"}


async def test_the_database_of_another_program(bridge: SetUp, database_url: str) -> None:
    await execute(database_url, "create table room_memberships (id text)")
    found = await troubles(bridge.configure(with_database(database_url)))
    assert found["database.foreign"].level is Level.FAIL
    assert found["database.foreign"].text == "The database belongs to Synapse: it has the table room_memberships."


async def test_a_newer_database(bridge: SetUp) -> None:
    engine = sa.create_engine(bridge.config.database.url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        note_revision(connection, "9999")
    found = await troubles(bridge)
    assert set(found) == {"database.newer"}
    assert found["database.newer"].mend.startswith("Install the newer version again")


@pytest.mark.parametrize(("is_sqlite", "backup"), [(True, "a copy of the file"), (False, "run pg_dump before")])
def test_an_old_database_is_brought_up_to_date_by_itself(is_sqlite: bool, backup: str) -> None:
    found = about(Tables(Standing.OLD, "0001", "0002"), is_sqlite=is_sqlite)
    assert (found.code, found.level) == ("database.old", Level.WARN)
    assert found.text == "The database has revision 0001, and this version works with 0002."
    assert backup in found.mend


@pytest.mark.postgres
async def test_a_postgres_database_that_cannot_keep_everything(bridge: SetUp, postgres_url: str) -> None:
    await execute(postgres_url, "select 1")
    assert await troubles(bridge.configure(with_database(postgres_url))) == {}

    engine = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text("create database ascii_only encoding 'SQL_ASCII' template template0"))
    url = sa.make_url(postgres_url).set(database="ascii_only").render_as_string(hide_password=False)
    found = await troubles(bridge.configure(with_database(url)))
    assert set(found) == {"database.encoding"}
    with engine.connect() as connection:
        connection.execute(sa.text("drop database ascii_only with (force)"))


async def test_a_database_that_another_bridge_uses(bridge: SetUp) -> None:
    other = Database(bridge.config.database.url, exclusive=True)
    found = await troubles(bridge)
    other.close_now()
    assert set(found) == {"database.in-use"}
    assert f"Process {os.getpid()} uses" in found["database.in-use"].text
    assert await troubles(bridge) == {}


async def test_what_was_given_up_is_counted(bridge: SetUp) -> None:
    engine = sa.create_engine(bridge.config.database.url, poolclass=sa.NullPool)
    row = {"lane": "!r:localhost", "kind": "event", "received_at": 1}
    with engine.begin() as connection:
        for number, state in enumerate((State.DEAD, State.ASIDE, State.DONE, State.WAITING)):
            connection.execute(inbox.insert(), {**row, "key": f"${number}", "state": state})
    found = (await troubles(bridge))["dead-letters.waiting"]
    assert found.text == "2 things were given up."
    assert found.level is Level.WARN


def test_network_file_systems_are_recognised(folder: Path) -> None:
    mounts = folder / "mounts"
    mounts.write_text(
        "/dev/sda1 / ext4 rw 0 0\n"
        f"server:/export {folder}/my\\040share nfs4 rw 0 0\n"
        f"/dev/sdb1 {folder}/my\\040share/local ext4 rw 0 0\n",
        encoding="utf-8",
    )
    share = folder / "my share"
    assert file_system_of(share / "laiwang.db", mounts) == "nfs4"
    assert file_system_of(share / "deeper" / "laiwang.db", mounts) == "nfs4"
    assert file_system_of(share / "local" / "laiwang.db", mounts) == "ext4"
    assert file_system_of(folder / "laiwang.db", mounts) == "ext4"
    assert file_system_of(folder / "laiwang.db", folder / "no-such-table") is None


# -- our own port ---------------------------------------------------------------------------------------------------


class _Keeps:
    async def accept(self, transaction: Transaction) -> None:
        raise AssertionError("nothing is sent here")


def a_bridge(bridge: SetUp, token: str) -> Server:
    ours = bridge.config.appservice
    return Server(TcpAddress(ours.listen_host, ours.listen_port), token, _Keeps())


async def test_a_running_bridge_is_recognised(bridge: SetUp) -> None:
    async with a_bridge(bridge, bridge.registration.hs_token):
        findings = {finding.code: finding for finding in await bridge.findings()}
    assert findings["bridge"].text.startswith("The bridge runs on")


async def test_a_bridge_with_other_tokens(bridge: SetUp) -> None:
    async with a_bridge(bridge, new_token()):
        assert set(await troubles(bridge)) == {"bridge.other"}


@pytest.mark.parametrize("status", [200, 404])
async def test_another_program_on_our_port(bridge: SetUp, status: int) -> None:
    async with serving({"/live": (status, {})}, port=bridge.config.appservice.listen_port):
        assert set(await troubles(bridge)) == {"bridge.port-taken"}


async def test_a_bridge_that_is_not_ready_says_why(bridge: SetUp) -> None:
    checks = {"outbox": {"ok": False, "reason": "12 waiting"}, "inbox": {"ok": True, "reason": "0 waiting"}}
    answers = {
        "/live": (200, {"live": True}),
        "/ping": (200, {}),
        "/ready": (503, {"ready": False, "checks": checks}),
    }
    async with serving(answers, port=bridge.config.appservice.listen_port):
        found = await troubles(bridge)
    assert set(found) == {"bridge.not-ready"}
    assert "(outbox: 12 waiting)" in found["bridge.not-ready"].text


async def test_the_check_takes_no_events_from_the_homeserver(bridge: SetUp) -> None:
    """While it answers in place of the bridge, what the homeserver sends must come again later."""
    ours = bridge.config.appservice
    statuses = []

    async def send_events(_: web.Request) -> web.Response:
        headers = {"Authorization": f"Bearer {ours.hs_token}"}
        url = f"http://127.0.0.1:{ours.listen_port}/_matrix/app/v1/transactions/1"
        async with ClientSession(headers=headers) as session, session.put(url, json={"events": []}) as response:
            statuses.append(response.status)
        return web.json_response({"errcode": "M_CONNECTION_FAILED"}, status=502)

    said = homeserver("@laiwang:localhost")
    async with serving({"appservice/laiwang/ping": send_events, **said}) as port:
        address = f"http://127.0.0.1:{port}"
        moved = bridge.configure(lambda config: replace(config, homeserver=replace(config.homeserver, address=address)))
        assert set(await moved.troubles()) == {"ping.unreachable"}
    assert statuses == [503]


# -- the report -----------------------------------------------------------------------------------------------------


def test_the_report_reads_well() -> None:
    findings = [
        Finding("token", Level.OK, "The homeserver knows our as_token."),
        Finding("ping.timeout", Level.FAIL, "It cannot reach us.", "Open the port."),
        Finding("clock.apart", Level.WARN, "The clocks differ.", "Use NTP."),
        Finding("devices", Level.SKIPPED, "Not looked at because of bot.taken."),
    ]
    shown = [line for finding in findings for line in lines(finding)]
    assert shown == [
        "ok    The homeserver knows our as_token.  [token]",
        "FAIL  It cannot reach us.  [ping.timeout]",
        "      -> Open the port.",
        "warn  The clocks differ.  [clock.apart]",
        "      -> Use NTP.",
        "skip  Not looked at because of bot.taken.  [devices]",
    ]
    assert summary(findings) == "1 to mend, 1 to look at, 1 not looked at."
    assert summary(findings[:1]) == "All is well."
    assert json.loads(to_json(findings))[1] == {
        "code": "ping.timeout",
        "level": "fail",
        "text": "It cannot reach us.",
        "mend": "Open the port.",
    }
    assert is_healthy(findings[2:])
    assert not is_healthy(findings)
