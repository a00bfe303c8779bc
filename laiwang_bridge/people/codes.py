"""Short codes that can be read aloud: eight characters, shown as `K7RF-2XWM`.

Seven characters carry the value, one the checksum. The alphabet has 23 characters, because a sum modulo a prime catches
every single wrong character and every two that changed places, and because 23 are left when look-alikes go:

- no 0, O, 1, I and L at all; of U/V, Z/2, S/5, B/8 and G/6 only the second, of M/N (alike to the ear) only M, and what
  is typed for the other one is read as it;
- no A and E, so that no code spells a word.

How safe that is: a code has `CODE_BITS` = 31 random bits, about two thousand million values. The checksum is no secret,
so it does not count. With 1,000 codes waiting to be used, one guess hits one of them with a chance of 1 in 2.1 million.
Under `GUESSES_PER_PERSON` one account has at most 149 guesses on its first day and 144 on each further one, and under
`GUESSES_PER_SERVER` all accounts of one homeserver together 1,490 and then 1,440, so a hostile homeserver needs about
four years for one hit. The hit is worth little: it shows a name and puts a question to one person, who can decline it.
Without those limits these codes would not be safe. Only what names no usable code counts as a guess; a mistyped code
(wrong checksum) does not.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from appservice.language import Message, _
from laiwang_bridge.rates import Limit

ALPHABET = "23456789CDFHJKMPQRTVWXY"
CODE_BITS = 31
CODE_LENGTH = 8
GUESSES_PER_PERSON = Limit(burst=5, every_ms=10 * 60_000)
GUESSES_PER_SERVER = Limit(burst=50, every_ms=60_000)

_BASE = len(ALPHABET)
_CODE_VALUES = _BASE ** (CODE_LENGTH - 1)
_DIGITS = {character: digit for digit, character in enumerate(ALPHABET)}
_READ_AS = {"U": "V", "Z": "2", "S": "5", "B": "8", "G": "6", "N": "M"}
_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 1)
_NOT_WRITTEN = "ZPCSM"  # Unicode categories: spaces, punctuation, control characters, symbols, marks
_LONG_VOWEL_MARK = "\u30fc"  # what some input methods give for a hyphen


class CodeProblem(StrEnum):
    """Why a text is no code. `sentence` is for the person who typed it, with the fields of `BadCode` to fill in."""

    LENGTH = "length"
    CHARACTER = "character"
    CHECKSUM = "checksum"

    @property
    def sentence(self) -> Message:
        return _SENTENCES[self]


_SENTENCES = {
    CodeProblem.LENGTH: _("This is not a code: a code has 8 letters and digits, this has {count}."),
    CodeProblem.CHARACTER: _("This is not a code: “{character}” is never used in one. Please look at it again."),
    CodeProblem.CHECKSUM: _("One character of this code is wrong, or two have changed places. Please check it."),
}


@dataclass(frozen=True, slots=True)
class BadCode:
    """A text that is no code: how many letters and digits it has, and for CHARACTER the first that does not belong."""

    problem: CodeProblem
    count: int
    character: str = ""


def format_code(bits: int) -> str:
    """The code for a value of `CODE_BITS` random bits. Raises ValueError for a value that no code can carry."""
    if not 0 <= bits < _CODE_VALUES:
        raise ValueError(f"a code carries a value from 0 to {_CODE_VALUES - 1}")
    digits: list[int] = []
    for _position in range(CODE_LENGTH - 1):
        bits, digit = divmod(bits, _BASE)
        digits.insert(0, digit)
    digits.append(-_weighted(digits) % _BASE)
    text = "".join(ALPHABET[digit] for digit in digits)
    return f"{text[:4]}-{text[4:]}"


def parse_code(text: str) -> int | BadCode:
    """The value of a code as people type it: in any case, full-width, with spaces, hyphens or other marks between."""
    written = _written(text)
    if len(written) != CODE_LENGTH:
        return BadCode(CodeProblem.LENGTH, len(written))
    digits: list[int] = []
    for character in written:
        digit = _DIGITS.get(_READ_AS.get(character, character))
        if digit is None:
            return BadCode(CodeProblem.CHARACTER, len(written), character)
        digits.append(digit)
    if _weighted(digits) % _BASE:
        return BadCode(CodeProblem.CHECKSUM, len(written))
    value = 0
    for digit in digits[:-1]:
        value = value * _BASE + digit
    return value


def looks_like_code(text: str) -> bool:
    """Whether a text that stands alone is most likely meant as a code, if perhaps mistyped."""
    read = parse_code(text)
    if isinstance(read, BadCode):
        return read.problem is CodeProblem.CHECKSUM and any(character.isdigit() for character in text)
    return True


def _written(text: str) -> str:
    """Letters and digits only, in one case and one width."""
    plain = unicodedata.normalize("NFKC", text).upper()
    return "".join(
        character
        for character in plain
        if character != _LONG_VOWEL_MARK and unicodedata.category(character)[0] not in _NOT_WRITTEN
    )


def _weighted(digits: list[int]) -> int:
    # All weights differ and none is 0 modulo 23: that is what catches every single error and every swap.
    return sum(weight * digit for weight, digit in zip(_WEIGHTS, digits, strict=False))
