"""What `laiwang-bridge` does, says and ends with."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from appservice import registration_file
from appservice.database import Database
from appservice.inbox import Kind, State, inbox
from appservice.outbox import Delivery, outbox
from laiwang_bridge import __version__
from laiwang_bridge.cli import main
from laiwang_bridge.config_file import load_config
from laiwang_bridge.demo.process import free_port
from tests.support.set_ups import SetUp, set_up

OK, PROBLEM, USAGE = 0, 1, 2


@pytest.fixture
def bridge(folder: Path, monkeypatch: pytest.MonkeyPatch) -> SetUp:
    """A bridge that is set up, in the current folder; its homeserver is not running."""
    made = set_up(folder, "laiwang", f"http://127.0.0.1:{free_port()}")
    monkeypatch.chdir(made.folder)
    return made


@contextmanager
def connected(bridge: SetUp) -> Iterator[sa.Connection]:
    with sa.create_engine(bridge.config.database.url, poolclass=sa.NullPool).begin() as connection:
        yield connection


# -- as a whole -----------------------------------------------------------------------------------------------------


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == OK
    assert capsys.readouterr().out == f"laiwang-bridge {__version__}\n"


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == OK
    shown = capsys.readouterr().out
    for command in (
        "init",
        "run",
        "check",
        "migrate",
        "demo",
        "config",
        "registration",
        "dead-letters",
        "audit",
        "packet-check",
    ):
        assert f"\n    {command} " in shown


@pytest.mark.parametrize(
    "words",
    [
        *(["init"], ["run"], ["check"], ["migrate"], ["demo"], ["config"], ["registration"], ["dead-letters"]),
        ["audit"],
        *(["config", "check"], ["config", "show"], ["config", "example"], ["config", "upgrade"]),
        *(["dead-letters", "list"], ["dead-letters", "show"], ["dead-letters", "retry"], ["dead-letters", "drop"]),
    ],
    ids=" ".join,
)
def test_every_command_has_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--help"]) == OK
    assert f"laiwang-bridge {' '.join(words)}" in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["dance"], ["config"], ["run", "--quickly"], ["dead-letters", "retry"]])
def test_what_is_not_understood_ends_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == USAGE
    assert "usage: laiwang-bridge" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["run"], ["migrate"], ["config", "show"], ["registration"], ["dead-letters"]])
def test_without_a_configuration_the_way_to_one_is_told(
    words: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    assert main(words) == PROBLEM
    assert "There is no config.yaml. Make one with `laiwang-bridge init`" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["before", "after", "environment", "before a sub-command"])
def test_the_configuration_may_lie_elsewhere(
    place: str, bridge: SetUp, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    path = str(bridge.config_path)
    if place == "environment":
        monkeypatch.setenv("LAIWANG_CONFIG", path)
    words = {
        "before": ["-c", path, "migrate"],
        "after": ["migrate", "--config", path],
        "environment": ["migrate"],
        "before a sub-command": ["dead-letters", "-c", path, "list"],
    }[place]
    assert main(words) == OK
    assert capsys.readouterr().err == ""


def test_a_broken_configuration_is_told_line_by_line(bridge: SetUp, capsys: pytest.CaptureFixture[str]) -> None:
    bridge.config_path.write_text("homeserver: {domian: x}\nlogging: {level: loud}\n", encoding="utf-8")
    assert main(["run"]) == PROBLEM
    shown = capsys.readouterr().err.splitlines()
    assert "config.yaml:1: homeserver.domian is not a setting. Did you mean domain?" in shown
    assert any(line.startswith("config.yaml:2: logging.level must be debug, info, warning or error") for line in shown)


def test_who_reads_only_the_beginning_gets_no_traceback(folder: Path) -> None:
    command = f"{sys.executable} -m laiwang_bridge config example | head -n 1"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


# -- init -----------------------------------------------------------------------------------------------------------


def test_init_writes_two_files_and_tells_what_is_next(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    words = ["init", "--domain", "example.org", "--address", "http://bridge:4000", "--admin", "@lin:example.org"]
    assert main(words) == OK
    config = load_config(folder / "config.yaml", {})
    assert config.homeserver.domain == "example.org"
    assert (config.appservice.listen_host, config.appservice.listen_port) == ("0.0.0.0", 4000)
    assert (folder / "registration.yaml").exists()
    shown = capsys.readouterr().out
    assert "app_service_config_files:" in shown
    assert "laiwang-bridge check" in shown


def test_init_replaces_nothing_unless_forced(bridge: SetUp, capsys: pytest.CaptureFixture[str]) -> None:
    before = bridge.config_path.read_text(encoding="utf-8")
    assert main(["init", "--domain", "example.org"]) == PROBLEM
    assert "--force" in capsys.readouterr().err
    assert bridge.config_path.read_text(encoding="utf-8") == before

    assert main(["init", "--domain", "example.org", "--force"]) == OK
    assert bridge.config_path.read_text(encoding="utf-8") != before


def test_init_with_nobody_to_ask_needs_the_domain(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    assert main(["init"]) == USAGE
    assert "--domain is needed" in capsys.readouterr().err


def test_init_names_what_will_not_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    assert main(["init", "--domain", "https://example.org/"]) == PROBLEM
    assert "homeserver.domain must be a server name" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_init_asks_on_a_terminal(folder: Path) -> None:
    terminal, end = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "laiwang_bridge", "init", "--homeserver", "http://synapse:8008"],
        cwd=folder,
        stdin=end,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    ) as process:
        os.close(end)
        os.write(terminal, b"https://wrong\nexample.org\n\n\nlin\n@lin:example.org\n")
        shown, errors = process.communicate(timeout=30)
    os.close(terminal)
    assert process.returncode == OK
    config = load_config(folder / "config.yaml", {})
    assert config.homeserver.domain == "example.org"
    assert config.homeserver.address == "http://synapse:8008"
    assert config.permissions.levels["@lin:example.org"].name == "ADMIN"
    assert "Domain of the homeserver" in shown
    assert "Where the bridge reaches" not in shown
    assert "This must be a server name such as example.org" in errors
    assert "This must be a user id such as @alice:example.org" in errors


# -- config and registration ----------------------------------------------------------------------------------------


def test_config_check_tells_every_problem(bridge: SetUp, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check"]) == OK
    assert capsys.readouterr().out == "config.yaml is fine.\n"
    bridge.config_path.write_text("nonsense: 1\n", encoding="utf-8")
    assert main(["config", "check"]) == PROBLEM
    assert "config.yaml:1: nonsense is not a section." in capsys.readouterr().err


def test_config_show_hides_every_secret(bridge: SetUp, capsys: pytest.CaptureFixture[str]) -> None:
    url = "postgresql://lin:hunter2@db/laiwang"
    changed = bridge.configure(lambda config: replace(config, database=replace(config.database, url=url)))
    assert main(["config", "show"]) == OK
    shown = capsys.readouterr().out
    for secret in ("hunter2", changed.config.appservice.as_token, changed.config.appservice.hs_token):
        assert secret not in shown
    assert "lin:***@db/laiwang" in shown
    assert 'as_token: "(hidden)"' in shown


def test_config_example_is_the_file_of_the_repository(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "example"]) == OK
    example = Path(__file__).parents[4] / "config.example.yaml"
    assert capsys.readouterr().out == example.read_text(encoding="utf-8")


def test_config_upgrade_adds_what_is_new(bridge: SetUp, capsys: pytest.CaptureFixture[str]) -> None:
    text = bridge.config_path.read_text(encoding="utf-8")
    bridge.config_path.write_text(text[: text.index("# Figures on how")], encoding="utf-8")
    assert main(["config", "upgrade"]) == OK
    assert "config.yaml.bak" in capsys.readouterr().out
    assert "metrics:" in bridge.config_path.read_text(encoding="utf-8")


def test_registration_writes_what_the_configuration_says(
    bridge: SetUp, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bridge.configure(
        lambda config: replace(config, appservice=replace(config.appservice, address="http://bridge:1234"))
    )
    assert main(["registration"]) == OK
    assert registration_file.load(bridge.registration_path, "localhost").url == "http://bridge:1234"
    assert main(["registration", "--output", str(folder / "elsewhere.yaml")]) == OK
    assert (folder / "elsewhere.yaml").read_bytes() == bridge.registration_path.read_bytes()
    assert "restart it" in capsys.readouterr().out


def test_a_folder_that_is_not_there_is_named(bridge: SetUp, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["registration", "--output", "nowhere/registration.yaml"]) == PROBLEM
    assert "No such file or directory" in capsys.readouterr().err


# -- the database ---------------------------------------------------------------------------------------------------


def test_migrate_makes_the_tables_once(bridge: SetUp, capsys: pytest.CaptureFixture[str]) -> None:
    bridge.database.unlink()
    assert main(["migrate"]) == OK
    assert capsys.readouterr().out.startswith("Made the tables of the database (revision ")
    assert main(["migrate"]) == OK
    assert "is up to date" in capsys.readouterr().out


def test_migrate_leaves_a_database_alone_that_a_bridge_works_on(
    bridge: SetUp, capsys: pytest.CaptureFixture[str]
) -> None:
    running = Database(bridge.config.database.url, exclusive=True)
    assert main(["migrate"]) == PROBLEM
    running.close_now()
    assert f"is in use by another bridge (process {os.getpid()}). Stop that one first" in capsys.readouterr().err


def test_the_database_of_another_program_is_refused(bridge: SetUp, capsys: pytest.CaptureFixture[str]) -> None:
    bridge.database.unlink()
    with connected(bridge) as connection:
        connection.execute(sa.text("create table room_memberships (id text)"))
    for words in (["migrate"], ["run"], ["dead-letters"], ["audit"]):
        assert main(words) == PROBLEM
        assert "belongs to Synapse" in capsys.readouterr().err


# -- check ----------------------------------------------------------------------------------------------------------


def test_check_ends_with_1_when_something_fails(bridge: SetUp, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == PROBLEM
    shown = capsys.readouterr().out
    assert "FAIL  The homeserver does not answer" in shown
    assert shown.splitlines()[-1].startswith("1 to mend")


def test_check_tells_programs_in_json(bridge: SetUp, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json"]) == PROBLEM
    found = {finding["code"]: finding for finding in json.loads(capsys.readouterr().out)}
    assert found["homeserver.unreachable"]["level"] == "fail"
    assert found["token"]["level"] == "skipped"
    assert found["config"]["level"] == "ok"


# -- audit ----------------------------------------------------------------------------------------------------------


def test_books_in_order_are_told_so(bridge: SetUp, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit"]) == OK
    shown = capsys.readouterr().out
    assert shown.startswith("Looked at 0 rooms with bills, 0 entries, 0 postings, 0 bills.")
    assert "WRONG" not in shown


def test_books_that_were_tampered_with_end_with_1(bridge: SetUp, capsys: pytest.CaptureFixture[str]) -> None:
    with connected(bridge) as connection:
        connection.execute(sa.text("drop trigger pay_posting_open"))
    assert main(["audit"]) == PROBLEM
    assert "the guard pay_posting_open of the table pay_posting is gone" in capsys.readouterr().out


# -- dead letters ---------------------------------------------------------------------------------------------------


@pytest.fixture
def given_up(bridge: SetUp) -> SetUp:
    """Three things were given up: an event, an event that was not understood, and a message."""
    arrived = {"kind": Kind.EVENT, "lane": "!hotpot:localhost", "received_at": 1_000, "attempts": 7}
    event = {"type": "m.room.message", "content": {"body": "only for you"}}
    error = "ValueError: cannot read 'only for you'\nDETAIL: (only for you)"
    leaving = {"kind": "SendMessage", "lane": "!hotpot:localhost", "attempts": 1, "created_at": 2_000}
    with connected(bridge) as connection:
        connection.execute(
            inbox.insert(),
            [
                {**arrived, "key": "$1", "body": json.dumps(event).encode(), "state": State.DEAD, "error": error},
                {**arrived, "key": "$2", "body": b"[1]", "state": State.ASIDE, "error": "not an object"},
                {**arrived, "key": "$3", "body": b"{}", "state": State.WAITING, "error": None},
            ],
        )
        row = {**leaving, "key": "a", "payload": b"{}", "state": Delivery.DEAD, "error": "M_FORBIDDEN: no"}
        connection.execute(outbox.insert(), row)
    return bridge


def test_nothing_was_given_up(bridge: SetUp, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dead-letters"]) == OK
    assert capsys.readouterr().out == "Nothing was given up.\n"


@pytest.mark.parametrize("words", [["dead-letters"], ["dead-letters", "list"]])
def test_what_was_given_up_is_listed_without_its_words(
    words: list[str], given_up: SetUp, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == OK
    shown = capsys.readouterr().out
    heading, *rows = shown.splitlines()
    assert heading.split() == ["NUMBER", "SINCE", "WHAT", "WHERE", "TRIES", "WHY"]
    assert [row.split()[0] for row in rows] == ["in-1", "in-2", "out-1"]
    assert "m.room.message  !hotpot:localhost  7      ValueError: cannot read '…'" in rows[0]
    assert "only for you" not in shown


def test_one_can_be_shown_whole(given_up: SetUp, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dead-letters", "show", "in-1"]) == OK
    shown = json.loads(capsys.readouterr().out)
    assert shown["body"]["content"]["body"] == "only for you"
    assert "only for you" in shown["error"]


@pytest.mark.parametrize("number", ["in-3", "in-99", "out-2", "12", "all"])
def test_what_was_not_given_up_has_no_number(number: str, given_up: SetUp, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dead-letters", "show", number]) == PROBLEM
    assert f"There is no dead letter '{number}'" in capsys.readouterr().err


def test_they_can_be_tried_again(given_up: SetUp, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dead-letters", "retry", "in-1", "out-1", "in-1"]) == OK
    assert capsys.readouterr().out.startswith("2 things will be tried again")
    with connected(given_up) as connection:
        arrived = connection.execute(sa.select(inbox.c.state, inbox.c.attempts).order_by(inbox.c.seq)).all()
        leaving = connection.execute(sa.select(outbox.c.state, outbox.c.attempts)).all()
    assert [tuple(row) for row in arrived] == [(State.WAITING, 0), (State.ASIDE, 7), (State.WAITING, 7)]
    assert [tuple(row) for row in leaving] == [(Delivery.WAITING, 0)]


def test_one_wrong_number_and_none_is_tried_again(given_up: SetUp) -> None:
    assert main(["dead-letters", "retry", "in-1", "in-99"]) == PROBLEM
    with connected(given_up) as connection:
        states = connection.execute(sa.select(inbox.c.state).order_by(inbox.c.seq)).scalars().all()
    assert states == [State.DEAD, State.ASIDE, State.WAITING]


def test_all_can_be_forgotten_and_an_event_that_comes_again_is_known(
    given_up: SetUp, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dead-letters", "drop", "all"]) == OK
    assert capsys.readouterr().out == "3 things forgotten.\n"
    with connected(given_up) as connection:
        arrived = connection.execute(sa.select(inbox.c.key, inbox.c.state, inbox.c.body).order_by(inbox.c.seq)).all()
        assert connection.execute(sa.select(sa.func.count()).select_from(outbox)).scalar() == 0
    assert [tuple(row) for row in arrived] == [
        ("$1", State.DONE, None),
        ("$2", State.DONE, None),
        ("$3", State.WAITING, b"{}"),
    ]
    assert main(["dead-letters"]) == OK
    assert capsys.readouterr().out == "Nothing was given up.\n"


def test_tables_of_another_revision_have_to_be_migrated_first(
    bridge: SetUp, capsys: pytest.CaptureFixture[str]
) -> None:
    bridge.database.unlink()
    assert main(["dead-letters"]) == PROBLEM
    assert "run `laiwang-bridge migrate` first" in capsys.readouterr().err
