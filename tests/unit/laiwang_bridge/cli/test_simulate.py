"""`laiwang-bridge simulate`: what it prints, and what it says of mistakes."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from laiwang_bridge.cli import main

OK, PROBLEM, USAGE = 0, 1, 2
SMALL = ["simulate", "--people", "300", "--friends", "10", "--runs", "20", "--chance", "0.2"]


def test_it_prints_a_line_for_each_reach_and_what_they_mean(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--reach", "friends", "--reach", "2 hops", "--reach", "chain", "--cap", "50"]) == OK
    told = capsys.readouterr().out.splitlines()
    assert "A toy" in told[0]
    assert told[2].split() == ["REACH", "CAP", "MEMBERS", "SHOWN", "FULL", "R", "DAYS"]
    assert [line.split()[:2] for line in told[3:6]] == [["friends", "50"], ["hops:2", "50"], ["chain", "50"]]
    said = "\n".join(told[7:])
    assert "friends: half of the clusters have at most" in said
    assert "become full (50 people). Such a one is shown to some" in said
    assert re.search(r"(half|third|quarter|most|whole).* server\.$", said, re.MULTILINE)
    assert told[-1].startswith("Friends x chance x loud = 10 x 0.2 x 0.6 = 1.")


@pytest.mark.parametrize(("chance", "meaning"), [("0.05", "below 1"), ("0.2", "near 1"), ("0.5", "above 1")])
def test_it_says_on_which_side_of_the_threshold_this_is(
    chance: str, meaning: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SMALL, "--reach", "friends", "--chance", chance]) == OK
    assert f", {meaning}: " in capsys.readouterr().out.splitlines()[-1]


def test_without_a_reach_the_usual_ones_are_compared_at_the_caps_of_the_bridge(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*SMALL, "--json"]) == OK
    found = json.loads(capsys.readouterr().out)
    assert [(one["reach"], one["cap"]) for one in found["reaches"]] == [
        ("friends", 500),
        ("hops:2", 500),
        ("hops:3", 500),
        ("chain", 500),
    ]
    assert found["runs"] == 20
    assert found["reaches"][0]["members"]["median"] <= found["reaches"][3]["members"]["median"]


def test_the_same_seed_prints_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for seed in ("1", "1", "2"):
        assert main([*SMALL, "--reach", "chain", "--seed", seed]) == OK
        told.append(capsys.readouterr().out)
    assert told[0] == told[1] != told[2]


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_it_draws_the_same_picture_each_time(folder: Path, ending: str) -> None:
    first, second = folder / f"first.{ending}", folder / f"second.{ending}"
    for path in (first, second):
        assert main([*SMALL, "--plot", str(path)]) == OK
    assert first.read_bytes() == second.read_bytes()
    begins = b"<?xml" if ending == "svg" else b"\x89PNG"
    assert first.read_bytes().startswith(begins)


def test_a_picture_for_which_nothing_is_installed_is_refused_before_the_work(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find_spec = importlib.util.find_spec

    def without_matplotlib(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "matplotlib" else find_spec(name, package)

    monkeypatch.setattr("laiwang_bridge.simulation.plot.find_spec", without_matplotlib)
    assert main(["simulate", "--plot", str(folder / "far.svg")]) == PROBLEM
    told = capsys.readouterr()
    assert told.out == ""
    assert "pip install 'laiwang-bridge[plots]'" in told.err


def test_what_draws_is_loaded_only_to_draw() -> None:
    script = f"import sys; from laiwang_bridge.cli import main; main({SMALL!r}); sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--people", "many"], "many is not a whole number from 10 to 200000"),
        (["--people", "5"], "5 is not a whole number from 10 to 200000"),
        (["--runs", "0"], "0 is not a whole number from 1 to 10000"),
        (["--cap", "1"], "1 is not a whole number from 2 to 200000"),
        (["--chance", "6"], "6 is not a share from 0 to 1, as 0.06 for 6 in 100"),
        (["--loud", "60%"], "60% is not a share from 0 to 1"),
        (["--hours", "0"], "0 is not a number of hours above 0"),
        (["--hours", "nan"], "nan is not a number of hours above 0"),
        (["--reach", "hops:12"], "hops:12 is no reach; did you mean hops:9?"),
        (["--reach", "chian"], "chian is no reach; did you mean chain?"),
        (["--reach", "open"], "a cluster that is open does not spread through friends; try friends, hops:2 or chain"),
        (["--plot", "far.pdf"], "far.pdf does not end with .svg or .png"),
    ],
)
def test_a_mistake_is_named(arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", *arguments]) == USAGE
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--people", "100"], "say --people 120 or more, or --friends 25 or fewer"),
        (["--plot", "nowhere/far.svg"], "for the picture; make it first"),
    ],
)
def test_what_does_not_fit_together_is_told(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", *arguments]) == PROBLEM
    told = capsys.readouterr()
    assert expected in told.err
    assert told.out == ""
