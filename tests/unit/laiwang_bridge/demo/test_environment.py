from __future__ import annotations

import sys
from pathlib import Path

import pytest

from laiwang_bridge.demo.environment import REQUIREMENTS, cache_folder, synapse_python


def test_the_admins_own_interpreter_is_used_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAIWANG_SYNAPSE_PYTHON", sys.executable)
    said: list[str] = []
    assert synapse_python(said.append) == Path(sys.executable)
    assert said == []


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"LAIWANG_CACHE": "/c", "XDG_CACHE_HOME": "/x"}, "/c"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/laiwang-bridge"),
        ({}, "/home/lin/.cache/laiwang-bridge"),
    ],
)
def test_the_cache_is_where_the_user_keeps_caches(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], folder: str
) -> None:
    for name in ("LAIWANG_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/lin")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == Path(folder)


def test_every_package_of_synapse_has_one_exact_version() -> None:
    lines = REQUIREMENTS.read_text().splitlines()
    assert all(len(line.split("==")) == 2 for line in lines)
    assert len({line.partition("==")[0].lower() for line in lines}) == len(lines)
