"""Codes that are read aloud: nothing that can be misheard or mistyped once goes through."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laiwang_bridge.people.codes import (
    ALPHABET,
    CODE_BITS,
    GUESSES_PER_PERSON,
    GUESSES_PER_SERVER,
    BadCode,
    CodeProblem,
    format_code,
    parse_code,
)
from laiwang_bridge.rates import Limit, pour, wait

VALUES = st.integers(0, 2**CODE_BITS - 1)
FULL_WIDTH = {ord(character): ord(character) + 0xFEE0 for character in string.ascii_letters + string.digits + "-"}
READ_ALIKE = {"V": "U", "2": "Z", "5": "S", "8": "B", "6": "G", "M": "N"}
FIXED = random.Random(23)
SAMPLE = [0, 1, 2**CODE_BITS - 1, *(FIXED.getrandbits(CODE_BITS) for _ in range(60))]


def plain(value: int) -> str:
    return format_code(value).replace("-", "")


def test_a_code_is_two_groups_of_four_from_the_alphabet() -> None:
    code = format_code(123_456_789)
    assert code == "2V65-VPHV"
    assert set(code) <= {*ALPHABET, "-"}


def test_the_alphabet_has_no_look_alikes_no_vowels_and_a_prime_size() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) == 23
    assert not set(ALPHABET) & set("01OILUZSBGNAE")


@given(value=VALUES)
def test_what_is_formatted_can_be_parsed(value: int) -> None:
    assert parse_code(format_code(value)) == value


@given(value=VALUES, data=st.data())
def test_the_way_it_is_typed_does_not_matter(value: int, data: st.DataObject) -> None:
    noise = st.sampled_from(["", " ", "-", "－", "—", "\u3000", "\u2011", " - ", ".", "\u200b", "ー", "_"])
    typed = data.draw(noise)
    for character in plain(value):
        character = data.draw(st.sampled_from([character, READ_ALIKE.get(character, character)]))
        character = data.draw(st.sampled_from([character, character.lower()]))
        character = data.draw(st.sampled_from([character, character.translate(FULL_WIDTH)]))
        typed += character + data.draw(noise)
    assert parse_code(typed) == value


@pytest.mark.parametrize("value", SAMPLE)
def test_every_single_wrong_character_is_noticed(value: int) -> None:
    right = plain(value)
    for place, character in enumerate(right):
        for wrong in string.ascii_uppercase + string.digits:
            answer = parse_code(right[:place] + wrong + right[place + 1 :])
            if wrong == character or READ_ALIKE.get(character) == wrong:
                assert answer == value
            elif wrong in ALPHABET or wrong in READ_ALIKE.values():
                assert answer == BadCode(CodeProblem.CHECKSUM, 8)
            else:
                assert answer == BadCode(CodeProblem.CHARACTER, 8, wrong)


@pytest.mark.parametrize("value", SAMPLE)
def test_every_two_characters_that_changed_places_are_noticed(value: int) -> None:
    right = plain(value)
    for one in range(8):
        for other in range(one + 1, 8):
            swapped = list(right)
            swapped[one], swapped[other] = swapped[other], swapped[one]
            if right[one] != right[other]:
                assert parse_code("".join(swapped)) == BadCode(CodeProblem.CHECKSUM, 8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", BadCode(CodeProblem.LENGTH, 0)),
        ("hello", BadCode(CodeProblem.LENGTH, 5)),
        ("2V65-VPH", BadCode(CodeProblem.LENGTH, 7)),
        ("2V65-VPHVV", BadCode(CodeProblem.LENGTH, 9)),
        ("2V65-VPHO", BadCode(CodeProblem.CHARACTER, 8, "O")),
        ("2v65 vph1", BadCode(CodeProblem.CHARACTER, 8, "1")),
        ("周末爬山周末爬山", BadCode(CodeProblem.CHARACTER, 8, "周")),
        ("2V65-VPHW", BadCode(CodeProblem.CHECKSUM, 8)),
    ],
)
def test_what_is_no_code_says_what_is_wrong_with_it(text: str, expected: BadCode) -> None:
    assert parse_code(text) == expected


def test_each_problem_has_its_sentence() -> None:
    answers = [parse_code("2V65-VPH"), parse_code("2V65-VPHO"), parse_code("2V65-VPHW")]
    said = []
    for answer in answers:
        assert isinstance(answer, BadCode)
        said.append(answer.problem.sentence.singular.format(count=answer.count, character=answer.character))
    assert said == [
        "This is not a code: a code has 8 letters and digits, this has 7.",
        "This is not a code: “O” is never used in one. Please look at it again.",
        "One character of this code is wrong, or two have changed places. Please check it.",
    ]


@given(text=st.text(max_size=30))
def test_any_text_is_a_code_or_says_why_not(text: str) -> None:
    answer = parse_code(text)
    if isinstance(answer, int):
        assert parse_code(format_code(answer)) == answer


@pytest.mark.parametrize("value", [-1, 23**7])
def test_a_value_that_does_not_fit_into_a_code_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match="from 0 to"):
        format_code(value)


@pytest.mark.parametrize(("limit", "most"), [(GUESSES_PER_PERSON, 149), (GUESSES_PER_SERVER, 1_490)])
def test_a_day_of_guessing_is_as_short_as_the_safety_of_codes_needs(limit: Limit, most: int) -> None:
    day, now, drains_at, guesses = 24 * 3_600_000, 0, 0, 0
    while now + wait(limit, drains_at, now) < day:
        now += wait(limit, drains_at, now)
        drains_at = pour(limit, drains_at, now)
        guesses += 1
    assert guesses <= most
    years_for_a_hit = 2**CODE_BITS / 1_000 / most / 365
    assert years_for_a_hit > 3.9
