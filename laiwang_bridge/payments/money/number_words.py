"""Numbers in words of English, German and French: `twenty`, `fünfundzwanzig`, `vingt-cinq`. Up to a thousand."""

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


def read_number_word(folded: str, start: int) -> tuple[int, int] | None:
    """The number whose word begins right there in folded text, and where the word ends."""
    match = _pattern().match(folded, start)
    return None if match is None else (_words()[match[0]], match.end())


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(sorted(map(re.escape, _words()), key=len, reverse=True))})(?![\w-])")


@lru_cache(maxsize=1)
def _words() -> dict[str, int]:
    english, german, french = (dict(enumerate(row, 1)) for row in (_ENGLISH, _GERMAN, _FRENCH))
    found = {word: number for row in (french, german, english) for number, word in row.items()}
    for place, ten in enumerate(_ENGLISH_TENS, 2):
        found[ten] = 10 * place
        found |= {f"{ten}{gap}{english[one]}": 10 * place + one for one in range(1, 10) for gap in "- "}
    for place, ten in enumerate(_GERMAN_TENS, 2):
        found[ten] = 10 * place
        found |= {f"{german[one]}und{ten}": 10 * place + one for one in range(1, 10)}
    for place, ten in enumerate(_FRENCH_TENS, 2):
        found[ten] = 10 * place
        found |= {f"{ten}-{french[one]}": 10 * place + one for one in range(2, 10)} | {f"{ten} et un": 10 * place + 1}
    for one in range(2, 10):
        found |= {f"{english[one]} hundred": 100 * one, f"{german[one]}hundert": 100 * one}
    return found | {
        "dreissig": 30, "soixante-dix": 70, "quatre-vingts": 80, "quatre-vingt-dix": 90, "eine": 1, "une": 1,
        "hundred": 100, "a hundred": 100, "one hundred": 100, "hundert": 100, "einhundert": 100, "cent": 100,
        "a thousand": 1000, "one thousand": 1000, "tausend": 1000, "mille": 1000,
    }  # fmt: skip
