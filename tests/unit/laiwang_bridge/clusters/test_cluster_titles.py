"""Titles: one short, clean line."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laiwang_bridge.clusters.titles import TITLE_LENGTH, graphemes, title

FAMILY = "👨\u200d👩\u200d👧\u200d👦"
SCOTLAND = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
TRICKY = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(list("\u200d\u200c\ufe0f\u20e3\u0301\u094d\u1160\u0e33 \n\t\u202e\ufeff🏽🇨🇳👩क한" + SCOTLAND)),
    ),
    max_size=200,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  周末爬山?  ", "周末爬山?"),
        ("\n \nfirst\nsecond", "first"),
        ("one\r\ntwo", "one"),
        ("a\tb\u3000\u3000c", "a b c"),
        ("nul\x00byte", "nul byte"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("\ufeffBOM and \u200bzero\u00ad width", "BOM and zero width"),
        ("e\u0301", "é"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\U0001fae9 newer than this Python", "\U0001fae9 newer than this Python"),
        ("hid\U000e0068\U000e0069den", "hidden"),
        (SCOTLAND, SCOTLAND),
        ("\u200b\u200d\u3164\u2800\u0301", ""),
        ("", ""),
    ],
)
def test_a_title_is_the_first_line_cleaned(text: str, expected: str) -> None:
    assert title(text) == expected


@pytest.mark.parametrize("unit", ["x", "山", FAMILY, "🇨🇳", "👍🏽", "1\ufe0f\u20e3", "กำ", "क्ष", "q\u0323\u0307"])
def test_a_long_title_is_cut_between_visible_characters(unit: str) -> None:
    assert title(unit * TITLE_LENGTH) == unit * TITLE_LENGTH
    assert title(unit * (TITLE_LENGTH + 1)) == unit * (TITLE_LENGTH - 1) + "…"


def test_a_pile_of_marks_is_cut_down() -> None:
    assert len(title("Z" + "\u0335" * 500)) == 16


def test_flags_are_two_letters_each() -> None:
    assert list(graphemes("🇩🇪🇨🇳🇫")) == ["🇩🇪", "🇨🇳", "🇫"]


@given(text=TRICKY)
def test_any_text_gives_a_short_clean_line(text: str) -> None:
    line = title(text)
    assert len(list(graphemes(line))) <= TITLE_LENGTH
    assert line == line.strip()
    assert not {unicodedata.category(character) for character in line} & {"Cc", "Cs", "Zl", "Zp"}
    assert line.encode().decode() == line
    assert title(line) == line


@given(text=TRICKY)
def test_visible_characters_put_together_again_give_the_text(text: str) -> None:
    line = title(text)
    assert "".join(graphemes(line)) == line
