"""Numbers below a hundred thousand in words of English, German and French: `twenty`, `deux cent cinquante`."""

from __future__ import annotations

import re
from functools import lru_cache

_ENGLISH = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_ENGLISH_TENS = (
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
)  # fmt: skip
_GERMAN = (
    "ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf",
    "dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn",
)  # fmt: skip
_GERMAN_TENS = (
    "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig",
)  # fmt: skip
_FRENCH = (
    "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze",
    "treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf",
)  # fmt: skip
_FRENCH_TENS = (
    "vingt", "trente", "quarante", "cinquante", "soixante",
)  # fmt: skip
_ELSEWHERE = {
    "dreissig": 30, "eine": 1, "une": 1, "fuffzig": 50,
}  # fmt: skip
_HUNDREDS_OF_ONE = ("hundred", "a hundred", "one hundred", "hundert", "einhundert", "cent")
_THOUSAND = "thousand|tausend|mille"
_JOINT = "(?: and | und | et |und|-| )?"


def read_number_word(folded: str, start: int) -> tuple[int, int] | None:
    """The number whose words begin right there in folded text, and where they end."""
    match = _pattern().match(folded, start) if folded[start : start + 3] in _beginnings() else None
    if match is None:
        return None
    value = _hundreds().get(match["hundreds"], 0) + _small().get(match["small"], 0)
    if match["thousand"]:
        value += 1000 * (_small().get(match["many"], 0) or 1)
    return (value, match.end()) if value else None


@lru_cache(maxsize=1)
def _beginnings() -> frozenset[str]:
    """What a number in words begins with: most words are none."""
    words = (*_small(), *_hundreds(), *_THOUSAND.split("|"), "a thousand")
    return frozenset(f"{word} "[:3] for word in words)


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    small, hundreds = _longest_first(_small()), _longest_first(_hundreds())
    return re.compile(
        rf"(?=[a-zäöüé])(?:(?:(?P<many>{small}|a)[ -]?)?(?P<thousand>{_THOUSAND})(?![a-z]*s){_JOINT})?"
        rf"(?:(?P<hundreds>{hundreds}){_JOINT})?(?P<small>{small})?(?<![ -])(?![\w-])"
        rf"(?! (?:hundred|{_THOUSAND}|hundert|million))"
    )


def _longest_first(words: dict[str, int]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


@lru_cache(maxsize=1)
def _hundreds() -> dict[str, int]:
    found = dict.fromkeys(_HUNDREDS_OF_ONE, 100)
    for one in range(2, 10):
        found |= {f"{_ENGLISH[one - 1]} hundred": 100 * one, f"{_GERMAN[one - 1]}hundert": 100 * one}
        found |= {f"{_FRENCH[one - 1]}{gap}cent{s}": 100 * one for gap in " -" for s in ("", "s")}
    return found


@lru_cache(maxsize=1)
def _small() -> dict[str, int]:
    """The numbers below a hundred."""
    english, german, french = (dict(enumerate(row, 1)) for row in (_ENGLISH, _GERMAN, _FRENCH))
    found = {word: number for row in (french, german, english) for number, word in row.items()} | _ELSEWHERE
    for place, ten in enumerate(_ENGLISH_TENS, 2):
        found[ten] = 10 * place
        found |= {f"{ten}{gap}{english[one]}": 10 * place + one for one in range(1, 10) for gap in "- "}
    for place, ten in enumerate(_GERMAN_TENS, 2):
        found[ten] = 10 * place
        found |= {f"{german[one]}und{ten}": 10 * place + one for one in range(1, 10)}
    for place, ten in enumerate(_FRENCH_TENS, 2):
        found |= _french(ten, 10 * place, range(2, 20 if ten == "soixante" else 10))
    for value, ten in ((70, "septante"), (80, "huitante"), (80, "octante"), (90, "nonante")):
        found |= _french(ten, value, range(2, 10)) | {f"{ten} et un": value + 1}
    return found | _french("quatre-vingt", 80, range(1, 20)) | {"quatre-vingts": 80, "quatre vingts": 80}


def _french(ten: str, value: int, ones: range) -> dict[str, int]:
    """`soixante`, `soixante-deux`, `soixante deux`, `soixante et onze`."""
    tens = dict.fromkeys((ten, ten.replace("-", " ")), value)
    found = tens | {f"{one}{gap}{_FRENCH[few - 1]}": value + few for one in tens for few in ones for gap in "- "}
    joined = {f"{ten}{gap}et{gap}un": value + 1 for gap in "- "} if value < 80 else {}
    return found | joined | ({f"{ten}{gap}et{gap}onze": 71 for gap in "- "} if value == 60 else {})
