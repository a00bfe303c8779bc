"""`laiwang-bridge packet-check`: the draw of a red packet, worked out by anybody."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laiwang_bridge.cli import main
from laiwang_bridge.payments.packets import drawing
from laiwang_bridge.payments.packets.checking import Drawn, verdict
from laiwang_bridge.payments.packets.rules import Kind

DOCS = Path(__file__).parents[4] / "docs"
SEED = bytes(range(32))
SEALED = drawing.commitment(SEED)
PARTS = drawing.lucky_parts(SEED, 10_000, 3)
ASKED = ("packet-check", SEED.hex(), "10000", "3")


def card(**changes: Any) -> dict[str, Any]:
    field = {
        "kind": "lucky",
        "state": "empty",
        "total": {"minor": "10000", "currency": "EUR", "decimals": 2},
        "parts": 3,
        "taken": [{"part": place, "minor": str(minor)} for place, minor in enumerate(PARTS, 1)],
        "commitment": SEALED,
        "seed": SEED.hex(),
    }
    return {"content": {"body": "🧧", "org.laiwang.red_packet": {**field, **changes}}}


def test_it_prints_every_part_of_the_draw(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(ASKED) == 0
    said = capsys.readouterr().out
    assert [int(amount) for amount in re.findall(r"part \d+: (\d+)", said)] == list(PARTS)
    assert f"SHA-256 of the seed: {SEALED}" in said
    assert "Compare it" in said


def test_what_was_taken_as_drawn_is_good(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ASKED, "--commitment", SEALED, "--taken", *map(str, PARTS[:2])]) == 0
    assert "part 3: " + str(PARTS[2]) + "  nobody took it" in capsys.readouterr().out


@pytest.mark.parametrize(
    "wrong",
    [
        ("--commitment", "0" * 64),
        ("--taken", str(PARTS[1]), str(PARTS[0])),
        ("--taken", *map(str, PARTS), "1"),
    ],
)
def test_what_was_not_drawn_so_ends_with_a_problem(wrong: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ASKED, *wrong]) == 1
    said = capsys.readouterr().out
    assert "wrong: " in said
    assert said.endswith("The packet was NOT drawn so.\n")


def test_a_card_is_checked_as_the_client_shows_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "card.json"
    for content, status in ((card(), 0), (card(seed="11" * 32), 1), (card(kind="fixed"), 1)):
        path.write_text(json.dumps(content), encoding="utf-8")
        assert main(["packet-check", "--card", str(path)]) == status
    path.write_text(json.dumps(card()["content"]["org.laiwang.red_packet"]), encoding="utf-8")
    assert main(["packet-check", "--card", str(path)]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (json.dumps(card(state="open")), "still open"),
        (json.dumps({"body": "hello"}), "no org.laiwang.red_packet"),
        (json.dumps(card(total={"minor": "1.5"})), "no amount in minor units"),
        (json.dumps(card(parts=0)), "no packet of 10000 in 0 parts"),
        (json.dumps(card(seed=None)), "64 hexadecimal digits"),
        ("[]", "an object"),
        ("{", "no JSON"),
    ],
)
def test_what_is_no_card_is_told_in_a_sentence(
    given: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "card.json"
    path.write_text(given, encoding="utf-8")
    assert main(["packet-check", "--card", str(path)]) == 1
    assert said in capsys.readouterr().err


def test_without_anything_to_check_it_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["packet-check"]) == 1
    assert main([*ASKED, "--card", "x.json"]) == 1
    assert "--card" in capsys.readouterr().err


@settings(max_examples=60)
@given(st.binary(min_size=32, max_size=32), st.integers(1, 100), st.integers(0, 10_000), st.data())
def test_every_draw_is_good_and_none_with_a_unit_more(seed: bytes, parts: int, more: int, data: st.DataObject) -> None:
    expected = drawing.lucky_parts(seed, parts + more, parts)
    taken = list(expected[: data.draw(st.integers(0, parts))])
    told = Drawn(Kind.LUCKY, parts + more, parts, seed.hex(), drawing.commitment(seed), taken)
    assert verdict(told).is_good
    if taken:
        taken[data.draw(st.integers(0, len(taken) - 1))] += 1
        assert not verdict(told).is_good


def test_the_example_of_the_documentation_is_what_it_prints(capsys: pytest.CaptureFixture[str]) -> None:
    text = (DOCS / "red-packets.md").read_text(encoding="utf-8")
    block = re.search(r"```console\n\$ laiwang-bridge (packet-check.*?)\n(SHA-256.*?)```", text, re.DOTALL)
    assert block is not None
    assert main(block[1].replace("\\\n", " ").split()) == 0
    assert capsys.readouterr().out == block[2]
