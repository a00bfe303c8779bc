"""The draw of red packets: exact, fair in every place of the row, the same for whoever works it out."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laiwang_bridge.payments.packets import drawing

GUIDE = Path(__file__).parents[5] / "docs" / "red-packets.md"

seeds = st.binary(min_size=drawing.SEED_BYTES, max_size=drawing.SEED_BYTES)
sizes = st.integers(1, 100).flatmap(lambda parts: st.tuples(st.integers(parts, 10**12), st.just(parts)))
tight = st.integers(1, 100).flatmap(lambda parts: st.tuples(st.integers(parts, 3 * parts), st.just(parts)))


@given(seeds, sizes | tight)
def test_the_parts_are_the_whole_and_each_has_at_least_one_unit(seed: bytes, size: tuple[int, int]) -> None:
    total, parts = size
    amounts = drawing.lucky_parts(seed, total, parts)
    assert len(amounts) == parts
    assert sum(amounts) == total
    assert min(amounts) >= 1


@given(seeds, sizes | tight)
def test_no_part_is_more_than_twice_the_mean_of_what_was_left(seed: bytes, size: tuple[int, int]) -> None:
    left, parts = size
    for number in range(1, parts):
        amount = drawing.lucky_part(seed, number, left, parts - number + 1)
        assert amount == 1 or amount <= 2 * left / (parts - number + 1) - 1
        left -= amount


@given(sizes | tight)
def test_fixed_parts_differ_by_one_unit_at_most(size: tuple[int, int]) -> None:
    total, parts = size
    amounts = drawing.equal_parts(total, parts)
    assert sum(amounts) == total
    assert max(amounts) - min(amounts) <= 1
    assert list(amounts) == sorted(amounts, reverse=True)


def test_of_100_in_10_the_first_gets_20_at_most_and_after_2_the_next_21_77() -> None:
    seeds = [hashlib.sha256(f"{number}".encode()).digest() for number in range(2_000)]
    firsts = [drawing.lucky_part(seed, 1, 100_00, 10) for seed in seeds]
    assert 19_50 < max(firsts) <= 20_00
    seconds = [drawing.lucky_part(seed, 2, 98_00, 9) for seed in seeds]
    assert 21_25 < max(seconds) <= 21_77


def test_every_place_in_the_row_expects_the_same() -> None:
    packets = 4_000
    sums = [0] * 5
    for number in range(packets):
        seed = hashlib.sha256(f"fair {number}".encode()).digest()
        for place, amount in enumerate(drawing.lucky_parts(seed, 50_00, 5)):
            sums[place] += amount
    assert all(abs(each / packets - 10_00) < 35 for each in sums), sums


def test_all_amounts_that_can_be_are_equally_likely() -> None:
    counts = [0] * 8
    for number in range(4_000):
        seed = hashlib.sha256(f"even {number}".encode()).digest()
        counts[drawing.lucky_part(seed, 1, 8, 2) - 1] += 1
    assert counts[7] == 0  # one is left for the other
    assert all(abs(count - 4_000 / 7) < 120 for count in counts[:7]), counts


def test_the_same_seed_draws_the_same_and_another_one_something_else() -> None:
    seed, other = b"\1" * 32, b"\2" * 32
    assert drawing.lucky_parts(seed, 100_00, 10) == drawing.lucky_parts(seed, 100_00, 10)
    assert drawing.lucky_parts(seed, 100_00, 10) != drawing.lucky_parts(other, 100_00, 10)


def test_the_commitment_is_plain_sha256() -> None:
    seed = bytes(32)
    assert drawing.commitment(seed) == "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925"


@pytest.mark.parametrize(("left", "parts"), [(0, 1), (9, 10), (5, 0)])
def test_too_little_for_so_many_is_refused(left: int, parts: int) -> None:
    with pytest.raises(ValueError, match="is not enough"):
        drawing.lucky_part(bytes(32), 1, left, parts)
    with pytest.raises(ValueError, match="is not enough"):
        drawing.equal_part(left, parts)


def script() -> str:
    """The few lines in the guide that work a draw out with nothing of ours."""
    found = re.search(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_guide_says_it_in_a_few_lines_that_need_nothing_of_ours() -> None:
    assert len(script().splitlines()) <= 20
    assert "laiwang" not in script().replace('"""', "")


@settings(max_examples=30)
@given(seeds, sizes | tight)
def test_the_script_of_the_guide_draws_the_same(seed: bytes, size: tuple[int, int]) -> None:
    total, parts = size
    said: list[str] = []
    arguments = ["packet.py", seed.hex(), str(total), str(parts)]
    names = {"print": lambda *words: said.append(" ".join(map(str, words))), "argv": arguments}
    exec(compile(script().replace("from sys import argv", ""), "packet.py", "exec"), names)
    assert said == [drawing.commitment(seed), " ".join(map(str, drawing.lucky_parts(seed, total, parts)))]


def test_the_script_of_the_guide_runs_by_itself(tmp_path: Path) -> None:
    (tmp_path / "packet.py").write_text(script(), encoding="utf-8")
    command = [sys.executable, "-I", str(tmp_path / "packet.py"), "0b" * 32, "10000", "10"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seed = bytes.fromhex("0b" * 32)
    amounts = " ".join(map(str, drawing.lucky_parts(seed, 10000, 10)))
    assert done.stdout.splitlines() == [drawing.commitment(seed), amounts]
