"""Reading a configuration: what is accepted, what is refused and in which words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mautrix.types import UserID
from ruamel.yaml import YAML

from appservice.bots.permissions import Level
from laiwang_bridge.clusters.reach import Mode, Reach
from laiwang_bridge.commands_config import config_check, config_example
from laiwang_bridge.config import Config
from laiwang_bridge.config_file import ConfigError, load_config, parse_config
from laiwang_bridge.config_text import config_text
from tests.unit.laiwang_bridge.configurations import AS_TOKEN, HS_TOKEN, SECTIONS, configs

ROOT = Path(__file__).parents[3]
SMALLEST = f"""\
homeserver:
  domain: example.org
appservice:
  as_token: {AS_TOKEN}
  hs_token: {HS_TOKEN}
"""
SETTINGS = [(section.name, key) for section in SECTIONS.values() for key in section.known_keys]


def parse(text: str, environ: Mapping[str, str] | None = None, folder: Path = Path("/etc/laiwang")) -> Config:
    return parse_config(text, source="config.yaml", folder=folder, environ=environ or {})


def problems(text: str, environ: Mapping[str, str] | None = None, folder: Path = Path("/etc/laiwang")) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        parse(text, environ, folder)
    return [str(problem) for problem in refused.value.problems]


def test_the_example_in_the_repository_is_what_the_code_generates() -> None:
    assert (ROOT / "config.example.yaml").read_text(encoding="utf-8") == config_example()


def test_the_example_needs_exactly_what_only_the_admin_can_know() -> None:
    assert [problem.split(" is missing")[0].split(": ")[1] for problem in problems(config_example())] == [
        "homeserver.domain",
        "appservice.as_token",
        "appservice.hs_token",
    ]


def test_the_example_and_an_almost_empty_file_mean_the_same() -> None:
    example = config_example()
    for key, value in (("domain", "example.org"), ("as_token", AS_TOKEN), ("hs_token", HS_TOKEN)):
        example = example.replace(f'{key}: ""', f"{key}: {value}")
    assert parse(example) == parse(SMALLEST)


def test_every_setting_says_what_it_means_in_the_example() -> None:
    lines = config_example().splitlines()
    for number, line in enumerate(lines):
        if line and not line.lstrip().startswith(("#", '"*"')):
            assert lines[number - 1].startswith("# " if line.endswith(":") else "  # ")


@settings(max_examples=25)  # each is written and read, which takes its time
@given(configs())
def test_what_is_written_is_what_is_read(config: Config) -> None:
    assert parse(config_text(config)) == config


@settings(max_examples=25)  # each is written and read, which takes its time
@given(configs())
def test_every_value_may_also_come_from_the_environment(config: Config) -> None:
    document = YAML(typ="safe", pure=True).load(config_text(config))
    environ = {}
    for section, body in document.items():
        if SECTIONS[section].read_entry is not None:
            environ[f"LAIWANG_{section.upper()}"] = str(body)
            continue
        for name, value in body.items():
            shown = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
            environ[f"LAIWANG_{section}__{name}".upper()] = shown
    assert parse("", environ) == config


@settings(max_examples=25)  # each is written and read, which takes its time
@given(configs())
def test_secrets_are_not_in_its_representation(config: Config) -> None:
    shown = repr(config)
    assert config.appservice.as_token not in shown
    assert config.appservice.hs_token not in shown
    assert "p%40ss" not in shown


@settings(max_examples=25)  # each is written and read, which takes its time
@given(configs())
def test_the_registration_that_goes_with_a_configuration_is_valid(config: Config) -> None:
    made = config.registration()
    assert made.validate() == []
    assert made.as_token == config.appservice.as_token
    assert made.is_our_alias(f"#{config.appservice.alias_prefixes[0]}x:{config.homeserver.domain}")


def test_all_problems_are_named_at_once_with_their_lines() -> None:
    text = f"""\
homeserver:
  adress: http://localhost
  domain: https://example.org
appservice:
  as_token: change-me
  hs_token: {HS_TOKEN}
  listen_port: 70000
  alias_prefixes: zd_
datbase: {{}}
metrics:
  enabled: yes
delivery: 5
logging:
  level: infos
clusters: {{reach: hops:20}}
permissions:
  alice: user
  "@bob": user
  "*": usr
"""
    assert problems(text) == [
        "config.yaml:2: homeserver.adress is not a setting. Did you mean address?",
        "config.yaml:3: homeserver.domain must be a server name such as example.org, without https:// and without a "
        "path, not 'https://example.org'.",
        "config.yaml:5: appservice.as_token is still the placeholder: generate a registration to get a random one.",
        "config.yaml:7: appservice.listen_port must be a whole number from 1 to 65535, not 70000.",
        "config.yaml:8: appservice.alias_prefixes must be a list with at least one entry, for instance [zd_], not "
        "'zd_'.",
        "config.yaml:9: datbase is not a section. Did you mean database?",
        "config.yaml:11: metrics.enabled must be true or false, not 'yes'.",
        "config.yaml:12: delivery must hold settings, one `key: value` per line, indented.",
        "config.yaml:14: logging.level must be debug, info, warning or error, not 'infos'. Did you mean info?",
        "config.yaml:15: clusters.reach must be closed, friends, hops:2 to hops:9, chain or open, not 'hops:20'. Did "
        "you mean hops:9?",
        'config.yaml:18: permissions.@bob must be a user id such as "@alice:example.org", a server name or "*".',
        "config.yaml:19: permissions.* must be block, user or admin, not 'usr'. Did you mean user?",
    ]


@st.composite
def _typos(draw: st.DrawFn) -> tuple[str, str, str]:
    """A section, one of its keys, and the key with one slip of the finger."""
    section, key = draw(st.sampled_from(SETTINGS))
    at = draw(st.integers(0, len(key) - 1))
    other = draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz_-"))
    typo = draw(
        st.sampled_from(
            [
                key[:at] + key[at + 1 :],
                key[:at] + other + key[at:],
                key[:at] + other + key[at + 1 :],
                key[:at] + key[at : at + 2][::-1] + key[at + 2 :],
                key.replace("_", "-"),
                key.capitalize(),
            ]
        )
    )
    return section, key, typo


@given(_typos().filter(lambda typo: typo[2] not in {"", "-", *(key for _, key in SETTINGS)}))
def test_a_slip_of_the_finger_gets_the_right_key(typo: tuple[str, str, str]) -> None:
    section, key, wrong = typo
    text = f'"{section}":\n  "{wrong}": 1\n'
    found = [problem for problem in problems(text) if f"{section}.{wrong} is not a setting" in problem]
    assert len(found) == 1
    assert found[0].startswith("config.yaml:2: ")
    assert key in found[0].partition("Did you mean ")[2].removesuffix("?").split(" or ")


@given(st.sampled_from(list(SECTIONS)), st.data())
def test_a_slip_in_a_section_gets_the_right_section(section: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(section) - 1))
    wrong = section[:at] + section[at + 1 :]
    assert f"config.yaml:1: {wrong} is not a section. Did you mean {section}?" in problems(f"{wrong}:\n  x: 1\n")


def test_a_key_in_the_wrong_section_is_sent_home() -> None:
    text = SMALLEST + "logging: {domain: example.org, listen_host: x}\n"
    assert problems(text) == [
        "config.yaml:6: logging.domain is not a setting. It belongs under homeserver.",
        "config.yaml:6: logging.listen_host is not a setting. It belongs under appservice or metrics.",
    ]


def test_values_that_contradict_each_other_are_refused() -> None:
    text = f"""\
homeserver: {{domain: example.org, address: "http://localhost:29350/"}}
appservice:
  as_token: {AS_TOKEN}
  hs_token: {AS_TOKEN}
  bot_localpart: _laiwang_bot
"""
    assert problems(text) == [
        "config.yaml:2: appservice.address is the address of the homeserver: write the one at which the homeserver "
        "reaches the bridge.",
        "config.yaml:4: appservice.hs_token is the same as as_token: each side needs a secret of its own.",
        "config.yaml:5: appservice.bot_localpart must not begin with the user_prefix '_laiwang_'.",
    ]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://me:hidden@host/db", "hidden", "5"])
def test_a_database_that_cannot_be_used_is_refused_without_showing_its_password(url: str) -> None:
    found = problems(SMALLEST + f"database: {{url: '{url}'}}\n")
    assert len(found) == 1
    assert found[0].startswith("config.yaml:6: database.url must ")
    assert "hidden" not in found[0]


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ("a: [", 1),
        ("a: 1\na: 2\n", 2),
        ('permissions:\n  "*": user\n  @me:example.org: admin\n', 3),
        ("permissions:\n  *: user\n", 2),
        ("a: 1\n b: 2\n", 2),
    ],
)
def test_what_is_not_yaml_is_refused_with_its_line(wrong: str, line: int) -> None:
    (problem,) = problems(wrong)
    assert problem.startswith(f"config.yaml:{line}: is not YAML: ")
    assert ("put quotes around" in problem) == ("permissions" in wrong)


@pytest.mark.parametrize("wrong", ["- homeserver", "homeserver", "x: 2001-99-99"])
def test_what_is_no_configuration_is_refused(wrong: str) -> None:
    assert len(problems(wrong)) == 1


def test_a_token_that_stands_there_twice_is_not_shown() -> None:
    assert AS_TOKEN not in " ".join(problems(f"appservice:\n  as_token: {AS_TOKEN}\n  as_token: {AS_TOKEN}x\n"))


def test_anchors_and_merged_keys_may_be_used() -> None:
    text = (
        "appservice: &ours\n  as_token: &t 0123456789abcdef0123456789abcdef\n"
        + "  hs_token: 5\nmetrics:\n  <<: *ours\n"
    )
    assert "config.yaml:3: appservice.hs_token must be a text: put the token in quotes." in problems(text)


def test_secrets_may_come_from_files_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "as").write_text(f"{AS_TOKEN}\n")
    (tmp_path / "hs").write_text(f"{HS_TOKEN}\r\n")
    (tmp_path / "db").write_text("postgresql://me:secret@host/name\n")
    text = "homeserver: {domain: example.org}\nappservice: {as_token_file: as, hs_token_file: hs}\n"
    config = parse(text, {"LAIWANG_DATABASE__URL_FILE": str(tmp_path / "db")}, tmp_path)
    assert config.appservice.as_token == AS_TOKEN
    assert config.appservice.hs_token == HS_TOKEN
    assert config.database.url == "postgresql://me:secret@host/name"


def test_a_secret_file_that_cannot_be_used_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    text = """\
homeserver: {domain: example.org}
appservice:
  as_token_file: nowhere
  hs_token_file: empty
database:
  url: sqlite:///x.db
  url_file: nowhere
"""
    assert problems(text, {"LAIWANG_APPSERVICE__HS_TOKEN_FILE": "binary"}, tmp_path) == [
        f"config.yaml:3: appservice.as_token_file names {tmp_path}/nowhere, which cannot be read: No such file or "
        "directory.",
        "config.yaml:7: database.url_file and database.url are both given: keep one of them.",
        f"environment: LAIWANG_APPSERVICE__HS_TOKEN_FILE names {tmp_path}/binary, which is not UTF-8 text.",
    ]
    assert f"config.yaml:4: appservice.hs_token_file names {tmp_path}/empty, which is empty." in problems(
        text, {}, tmp_path
    )


def test_the_environment_wins_over_the_file() -> None:
    environ = {
        "LAIWANG_HOMESERVER__DOMAIN": "example.com",
        "LAIWANG_APPSERVICE__LISTEN_PORT": "4000",
        "LAIWANG_APPSERVICE__ALIAS_PREFIXES": "[zd_, x_]",
        "LAIWANG_METRICS__ENABLED": "true",
        "LAIWANG_CLUSTERS__REACH": "chain",
        "LAIWANG_PERMISSIONS": '{"*": block, "@me:example.com": admin}',
        "LAIWANG_PORT": "tcp://10.0.0.1:80",
        "PATH": "/bin",
    }
    config = parse(SMALLEST + "metrics: {enabled: false}\n", environ)
    assert config.homeserver.domain == "example.com"
    assert config.appservice.listen_port == 4000
    assert config.appservice.alias_prefixes == ("zd_", "x_")
    assert config.metrics.enabled
    assert config.clusters.reach == Reach(Mode.CHAIN)
    assert config.permissions(UserID("@me:example.com")) is Level.ADMIN
    assert config.permissions(UserID("@you:example.com")) is Level.BLOCK


def test_problems_of_the_environment_name_the_variable() -> None:
    environ = {
        "LAIWANG_APPSERVICE__LISTEN_PORT": "many",
        "LAIWANG_LOGGIN__LEVEL": "info",
        "LAIWANG_APPSERVICE__AS_TOKEN": AS_TOKEN,
        "LAIWANG_APPSERVICE__AS_TOKEN_FILE": "x",
        "LAIWANG_METRICS__ENABLED": "[",
        "LAIWANG_PERMISSIONS": '{"*": all}',
    }
    assert sorted(problems(SMALLEST, environ)) == [
        "environment: LAIWANG_APPSERVICE__AS_TOKEN_FILE and LAIWANG_APPSERVICE__AS_TOKEN are both given: keep one of "
        "them.",
        "environment: LAIWANG_APPSERVICE__LISTEN_PORT must be a whole number from 1 to 65535, not 'many'.",
        "environment: LAIWANG_LOGGIN__LEVEL sets nothing that exists. Did you mean LAIWANG_LOGGING__LEVEL?",
        "environment: LAIWANG_METRICS__ENABLED must be true or false, not '['.",
        "environment: LAIWANG_PERMISSIONS.* must be block, user or admin, not 'all'.",
    ]
    assert problems(SMALLEST, {"LAIWANG_PERMISSIONS": "["})[0].startswith("LAIWANG_PERMISSIONS:1: is not YAML")


def test_a_relative_database_path_starts_at_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(SMALLEST + "database: {url: 'sqlite:///data/my.db'}\n")
    config = load_config(tmp_path / "config.yaml", {})
    assert config.database.url == f"sqlite:///{tmp_path}/data/my.db"
    assert parse(SMALLEST + "database: {url: 'sqlite:////var/my.db'}\n").database.url == "sqlite:////var/my.db"
    assert parse(SMALLEST).database.url == "sqlite:////etc/laiwang/laiwang.db"


def test_addresses_lose_the_slash_at_their_end() -> None:
    config = parse(SMALLEST + "delivery:\n", {"LAIWANG_HOMESERVER__ADDRESS": "https://matrix.example.org/"})
    assert config.homeserver.address == "https://matrix.example.org"
    assert "before /_matrix" in problems(SMALLEST, {"LAIWANG_HOMESERVER__ADDRESS": "https://x/_matrix/client"})[0]


def test_an_empty_section_or_setting_has_its_defaults() -> None:
    assert parse(SMALLEST + "delivery:\nmetrics:\n  enabled:\npermissions: {}\n") == parse(SMALLEST)


def test_the_most_exact_permission_counts() -> None:
    config = parse(
        SMALLEST
        + 'permissions: {"*": block, example.org: user, "@root:example.org": admin, "@bad:example.org": block}\n'
    )
    levels = {
        user: config.permissions(UserID(user)) for user in ("@root:example.org", "@x:example.org", "@x:else.where")
    }
    assert list(levels.values()) == [Level.ADMIN, Level.USER, Level.BLOCK]
    assert config.permissions(UserID("@bad:example.org")) is Level.BLOCK


def test_a_cluster_cannot_travel_along_lists_by_default() -> None:
    (problem,) = problems(SMALLEST + "clusters: {reach: list}\n")
    assert "everybody has lists of his own" in problem


def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(tmp_path: Path) -> None:
    assert config_check(tmp_path / "nothing.yaml", {}) == [
        f"{tmp_path}/nothing.yaml: cannot be read: No such file or directory."
    ]
    (tmp_path / "latin.yaml").write_bytes("a: \xe4".encode("latin-1"))
    assert config_check(tmp_path / "latin.yaml", {}) == [f"{tmp_path}/latin.yaml: is not UTF-8 text."]


def test_a_good_file_has_no_problems(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(SMALLEST)
    assert config_check(tmp_path / "config.yaml", {}) == []


def test_a_configuration_can_be_made_in_code_without_a_file() -> None:
    config = Config()
    assert (
        replace(config, homeserver=replace(config.homeserver, domain="example.org")).homeserver.domain == "example.org"
    )


@pytest.mark.parametrize(
    "wrong", ["3", "[0]", "[366]", "[1.5]", "[3, 1]", "[1, 1]", "[yes]", "[1,2,3,4,5,6,7,8,9,10,11]"]
)
def test_days_of_reminders_grow(wrong: str) -> None:
    [problem] = problems(SMALLEST + f"payments: {{reminder_days: {wrong}}}\n")
    assert "payments.reminder_days must be a list of up to 10 whole numbers from 1 to 365" in problem
    assert parse(SMALLEST + "payments: {reminder_days: []}\n").payments.reminder_days == ()
