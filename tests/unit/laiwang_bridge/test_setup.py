"""Setting the bridge up."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from mautrix.types import UserID
from ruamel.yaml import YAML

from appservice.bots.permissions import Level
from appservice.registration_file import load
from laiwang_bridge.commands_config import after_init
from laiwang_bridge.config import Config
from laiwang_bridge.config_file import ConfigError, load_config
from laiwang_bridge.setup import AlreadySetUp, SetUp, init, sample_registration

ROOT = Path(__file__).parents[3]


def set_up(folder: Path, **wishes: str) -> tuple[SetUp, Config]:
    done = init(folder, domain="example.org", **wishes)  # type: ignore[arg-type]
    return done, load_config(done.config, {})


def test_what_it_writes_can_be_used_at_once(tmp_path: Path) -> None:
    done, config = set_up(tmp_path / "new" / "folder", admin="@root:example.org")
    registration = load(done.registration, "example.org")
    assert registration == config.registration()
    assert registration.validate() == []
    assert config.permissions(UserID("@root:example.org")) is Level.ADMIN
    assert config.permissions(UserID("@x:elsewhere.org")) is Level.USER


def test_only_the_owner_may_read_what_it_writes(tmp_path: Path) -> None:
    done, _ = set_up(tmp_path)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (done.config, done.registration)} == {0o600}


def test_tokens_are_random(tmp_path: Path) -> None:
    _, one = set_up(tmp_path / "one")
    _, two = set_up(tmp_path / "two")
    tokens = {token for config in (one, two) for token in (config.appservice.as_token, config.appservice.hs_token)}
    assert len(tokens) == 4


@pytest.mark.parametrize("name", ["config.yaml", "registration.yaml"])
def test_existing_files_are_not_overwritten_unasked(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(AlreadySetUp, match=f"{name} exists already") as refused:
        init(tmp_path, domain="example.org")
    assert refused.value.paths == (tmp_path / name,)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "mine")]
    init(tmp_path, domain="example.org", overwrite=True)
    assert load_config(tmp_path / "config.yaml", {}).homeserver.domain == "example.org"


def test_wrong_values_are_all_named_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        init(tmp_path / "new", domain="https://x", homeserver_address="x", database_url="oracle://", admin="me")
    assert [problem.key for problem in refused.value.problems] == [
        "homeserver.address",
        "homeserver.domain",
        "database.url",
    ]
    assert not (tmp_path / "new").exists()


def test_the_lines_for_the_homeserver_name_the_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done, _ = set_up(Path("with a: blank"))
    lines = YAML(typ="safe", pure=True).load(done.homeserver_lines + done.encryption_lines)
    assert lines == {
        "app_service_config_files": [str(tmp_path / "with a: blank" / "registration.yaml")],
        "experimental_features": {
            "msc2409_to_device_messages_enabled": True,
            "msc3202_transaction_extensions": True,
        },
    }


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("http://localhost:29350", "127.0.0.1", 29350),
        ("http://127.0.0.1:4000", "127.0.0.1", 4000),
        ("http://[::1]:4000", "127.0.0.1", 4000),
        ("http://laiwang:29350", "0.0.0.0", 29350),
        ("http://10.0.0.5:80", "0.0.0.0", 80),
        ("http://10.0.0.5", "0.0.0.0", 80),
        ("https://bridge.example.org", "127.0.0.1", 29350),
    ],
)
def test_it_listens_where_the_address_leads(tmp_path: Path, address: str, host: str, port: int) -> None:
    _, config = set_up(tmp_path, address=address)
    assert (config.appservice.listen_host, config.appservice.listen_port) == (host, port)


def test_it_listens_elsewhere_when_told_so(tmp_path: Path) -> None:
    done = init(tmp_path, domain="x.org", address="https://b.x.org", listen_host="10.0.0.1", listen_port=81)
    config = load_config(done.config, {})
    assert (config.appservice.listen_host, config.appservice.listen_port) == ("10.0.0.1", 81)


def test_the_next_steps_name_every_file(tmp_path: Path) -> None:
    done, _ = set_up(tmp_path)
    said = "\n".join(after_init(done))
    assert f"       - {done.registration}" in said
    assert f"laiwang-bridge check --config {done.config}" in said
    assert "     experimental_features:" in said


def test_the_sample_in_the_repository_is_what_the_code_generates() -> None:
    assert (ROOT / "registration.yaml").read_text(encoding="utf-8") == sample_registration()


def test_the_sample_is_complete_but_for_its_tokens_which_are_refused() -> None:
    assert load(ROOT / "registration.yaml", "example.org").validate() == [
        "as_token is still the placeholder: generate a registration to get a random one.",
        "hs_token is still the placeholder: generate a registration to get a random one.",
    ]
