"""Upgrading an admin's file: what is new comes in, and what the admin wrote stays as it was."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from ruamel.yaml import YAML

from laiwang_bridge.commands_config import config_example, config_upgrade
from laiwang_bridge.config_file import ConfigError
from laiwang_bridge.config_text import scalar
from laiwang_bridge.config_upgrade import Upgraded, upgrade_config
from tests.unit.laiwang_bridge.configurations import SECTIONS, files


def said_by(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def upgraded(text: str, moved: dict[str, str] | None = None) -> Upgraded:
    return upgrade_config(text, source="config.yaml", moved=moved or {})


def stays(old: str, new: str) -> bool:
    """Whether every old line is in the new text, unchanged and in order; a line with braces may hold more in them."""
    following = iter(new.splitlines())
    return all(
        any(later.startswith(line.partition("}")[0]) if "}" in line else later == line for later in following)
        for line in old.splitlines()
    )


def additions(said: dict[str, Any]) -> Iterator[str]:
    """What an upgrade has to report for a file that says this."""
    for name, section in SECTIONS.items():
        if name not in said:
            yield f"Added the section {name}."
            continue
        for key in section.settings:
            if key not in (said[name] or {}):
                yield f"Added {name}.{key}: {scalar(getattr(section.default(), key))}."


@settings(deadline=None, max_examples=15)  # some 0.2 s each: the file is read again after every edit
@given(files())
def test_every_line_and_value_of_the_admin_stays_and_everything_new_is_there(file: tuple[str, dict[str, Any]]) -> None:
    text, said = file
    result = upgraded(text)
    now = said_by(result.text)
    for name, body in said.items():
        assert {key: now[name][key] for key in body or {}} == (body or {})
    for section in SECTIONS.values():
        assert set(section.settings) <= set(now[section.name] or {})
    assert list(result.changes) == list(additions(said))
    assert stays(text, result.text)
    assert ("\r" in text) == ("\r" in result.text)
    assert upgraded(result.text) == Upgraded(result.text, ())


def test_the_example_needs_no_upgrade() -> None:
    assert upgraded(config_example()) == Upgraded(config_example(), ())


def test_an_empty_file_becomes_the_example_without_its_heading() -> None:
    assert upgraded("").text == config_example().split("\n\n", 1)[1]


def test_what_is_new_comes_to_its_place_with_its_meaning() -> None:
    text = """\
# my bridge

homeserver:
  domain: example.org   # home

# quiet nights
delivery:
    rooms_in_parallel: 20

    # seconds!
    timeout_seconds: 5
    # timeout_seconds: 10
metrics: {enabled: true}  # for grafana
"""
    result = upgraded(text)
    assert result.text.startswith(
        """\
# my bridge

homeserver:
  # Base address of its client-server API, as seen from the bridge.
  address: http://localhost:8008
  domain: example.org   # home

# The bridge as the homeserver sees it."""
    )
    assert (
        """\
# quiet nights
delivery:
    rooms_in_parallel: 20
    # In how many rooms at a time to handle what people wrote.
    handlers_in_parallel: 8

    # seconds!
    timeout_seconds: 5
    # timeout_seconds: 10

# The bots that people talk to.
bots:
"""
        in result.text
    )
    assert result.text.endswith(
        'metrics: {enabled: true, listen_host: "127.0.0.1", listen_port: 29351}  # for grafana\n'
    )
    assert result.changes[0] == "Added homeserver.address: http://localhost:8008."
    assert "Added the section bots." in result.changes


def test_an_empty_section_is_filled() -> None:
    result = upgraded("logging:  # later\n")
    assert said_by(result.text)["logging"] == {"level": "info", "format": "text"}
    assert "logging:  # later\n  # debug, info" in result.text
    assert "logging: {level: info, format: text}" in upgraded("logging: {}\n").text


def test_a_secret_in_a_file_of_its_own_counts_as_given() -> None:
    result = upgraded("appservice:\n  as_token_file: a\n  hs_token_file: b\n")
    assert not [change for change in result.changes if "token" in change]


def test_a_merged_setting_counts_as_given() -> None:
    text = "defaults: &d\n  level: debug\nlogging:\n  <<: *d\n  format: json\n"
    assert said_by(upgraded(text).text)["logging"] == {"level": "debug", "format": "json"}


def test_a_file_with_a_byte_order_mark_or_without_a_last_newline_is_upgraded() -> None:
    assert upgraded("\ufefflogging:\n  level: debug").text.startswith("\ufeff# The homeserver")
    assert "level: debug\n  # text for people" in upgraded("logging:\n  level: debug").text


def test_long_values_are_kept() -> None:
    text = "operators:\n  room: >-\n    #ops:example.org\n\n\nlogging:\n  level: >\n     debug\n\n  # end\n"
    result = upgraded(text)
    assert said_by(result.text)["operators"] == said_by(text)["operators"]
    assert said_by(result.text)["logging"] == {"level": "debug\n", "format": "text"}


def test_a_key_is_renamed_in_its_place() -> None:
    text = "homeserver:\n  # where\n  url : http://x  # there\n  domain: x\n"
    result = upgraded(text, {"homeserver.url": "homeserver.address"})
    assert "  # where\n  address : http://x  # there\n  domain: x\n" in result.text
    assert result.changes[0] == "Moved homeserver.url to homeserver.address."


def test_a_section_is_renamed_in_its_place() -> None:
    result = upgraded("# net\nnetwork: {timeout_seconds: 9}\n", {"network": "delivery"})
    assert "# net\ndelivery: {timeout_seconds: 9, rooms_in_parallel: 32" in result.text


def test_a_key_moves_to_another_section_with_its_comments() -> None:
    text = """\
homeserver:
    domain: x
    # my own reason
    # in two lines
    log_level: |  # and here
      debug
    address: http://x
logging:
  # form
  format: json
"""
    result = upgraded(text, {"homeserver.log_level": "logging.level"})
    assert (
        """\
homeserver:
    domain: x
    address: http://x
"""
        in result.text
    )
    assert result.text.index(
        "logging:\n  # my own reason\n  # in two lines\n  level: |  # and here\n    debug\n  # form\n"
    )


def test_a_key_moves_into_an_empty_section() -> None:
    result = upgraded("homeserver:\n  log_level: debug\nlogging:\n", {"homeserver.log_level": "logging.level"})
    assert said_by(result.text)["logging"] == {"level": "debug", "format": "text"}
    assert list(said_by(result.text)["homeserver"]) == ["address", "domain"]


def test_a_section_that_is_no_more_goes_when_its_last_key_has_moved() -> None:
    text = "# old things\nlog:  # remark\n  level: debug\n  # shape\n  shape: json\nhomeserver: {domain: x}\n"
    result = upgraded(text, {"log.level": "logging.level", "log.shape": "logging.format"})
    assert "log" not in said_by(result.text)
    assert said_by(result.text)["logging"] == {"level": "debug", "format": "json"}
    assert "# old things\n# remark\nhomeserver: {domain: x, address:" in result.text
    assert "# The log on standard error. What people write is never logged.\nlogging:\n  level: debug\n" in result.text
    assert "  # shape\n  format: json\n" in result.text
    assert upgraded(result.text).changes == ()


def test_a_key_that_is_there_under_both_names_is_left_to_the_admin() -> None:
    with pytest.raises(ConfigError, match=r"homeserver.url is called homeserver.address now, and both are given"):
        upgraded("homeserver: {url: a, address: b}\n", {"homeserver.url": "homeserver.address"})


def test_a_key_in_braces_that_changes_its_section_is_left_to_the_admin() -> None:
    with pytest.raises(ConfigError, match=r"log.level is called logging.level now: move it by hand"):
        upgraded("log: {level: debug}\n", {"log.level": "logging.level"})


def test_nothing_moves_that_is_not_there() -> None:
    assert (
        upgraded(config_example(), {"homeserver.url": "homeserver.address", "log.level": "logging.level"}).changes == ()
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("homeserver: 5\n", "config.yaml: homeserver must hold settings"),
        ("homeserver: []\n", "config.yaml: homeserver must hold settings"),
        ("homeserver: ~\n", "config.yaml: homeserver must hold settings"),
        ("{homeserver: {domain: x}}\n", "each section on a line of its own"),
        ("other: &o {domain: x}\nhomeserver: *o\n", "config.yaml: homeserver must hold settings"),
        ("? homeserver\n: {domain: x}\n", "laid out in a way that cannot be upgraded"),
        ("homeserver:\n  domain: x\n...\n---\na: b\n", "config.yaml:4: is not YAML"),
        ("- a\n", "must be made of sections"),
        ("a: [\n", "config.yaml:2: is not YAML"),
    ],
)
def test_what_cannot_be_upgraded_safely_is_refused_in_a_sentence(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        upgraded(text)
    (problem,) = refused.value.problems
    assert words in str(problem)


def test_the_old_file_stays_beside_the_new_one_and_both_keep_their_mode(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(b"homeserver:\r\n  domain: x\r\n")
    path.chmod(0o640)
    said = config_upgrade(path)
    assert said[-1] == f"Wrote {path}; the old one is config.yaml.bak beside it."
    backup = tmp_path / "config.yaml.bak"
    assert backup.read_bytes() == b"homeserver:\r\n  domain: x\r\n"
    assert b"address: http://localhost:8008\r\n" in path.read_bytes()
    assert {stat.S_IMODE(file.stat().st_mode) for file in (path, backup)} == {0o640}
    assert sorted(os.listdir(tmp_path)) == ["config.yaml", "config.yaml.bak"]


def test_a_file_that_needs_nothing_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(config_example())
    before = path.stat()
    assert config_upgrade(path) == [f"{path} is up to date; nothing was changed."]
    assert path.stat() == before
    assert os.listdir(tmp_path) == ["config.yaml"]


def test_a_file_that_is_refused_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("homeserver: 5\n")
    with pytest.raises(ConfigError):
        config_upgrade(path)
    assert path.read_text() == "homeserver: 5\n"
    assert os.listdir(tmp_path) == ["config.yaml"]


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    real.write_text("homeserver: {domain: x}\n")
    link = tmp_path / "config.yaml"
    link.symlink_to(real)
    config_upgrade(link)
    assert link.is_symlink()
    assert "address" in real.read_text()
    assert (tmp_path / "real.yaml.bak").exists()
