"""The folder of a demo goes with it, and with the next one if it was killed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from laiwang_bridge.demo.stage import temporary_folder

LONG_AGO = 1_000_000_000


@pytest.fixture(autouse=True)
def _base(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def _abandoned(base: Path) -> Path:
    folder = base / "laiwang-demo-abandoned"
    (folder / "bridge").mkdir(parents=True)
    (folder / "bridge" / "laiwang.db").touch()
    return folder


def test_it_is_gone_afterwards(tmp_path: Path) -> None:
    with temporary_folder() as folder:
        (folder / "file").touch()
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_demo_left_is_removed_by_the_next(tmp_path: Path) -> None:
    left = _abandoned(tmp_path)
    os.utime(left, (LONG_AGO, LONG_AGO))
    with temporary_folder():
        assert not left.exists()


def test_a_demo_that_has_only_just_begun_is_left_alone(tmp_path: Path) -> None:
    left = _abandoned(tmp_path)
    with temporary_folder():
        assert left.exists()


def test_a_demo_that_is_at_work_is_left_alone() -> None:
    with temporary_folder() as one:
        os.utime(one, (LONG_AGO, LONG_AGO))
        with temporary_folder() as another:
            assert one.exists()
            assert another != one
