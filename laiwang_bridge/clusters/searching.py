"""How close a title comes to the words of somebody who searches. Pure, and the same for every script.

Chinese is written without spaces, so there two characters that stand together count as a word.
"""

from __future__ import annotations

import re
import unicodedata

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_AROUND_HAN = re.compile(rf"(?<=[{_HAN}]) | (?=[{_HAN}])")
_RUNS = re.compile(rf"[{_HAN}]+|[^\s{_HAN}]+")
_HAN_RUN = re.compile(rf"[{_HAN}]+")
_MOST_PARTS = 24


def folded(text: str) -> str:
    """A text for comparing: one width, no capitals, nothing but letters and digits with single spaces between; beside
    Chinese characters none."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = "".join(char if unicodedata.category(char)[0] in "LNM" else " " for char in plain)
    return _AROUND_HAN.sub("", " ".join(kept.split()))


def parts(query: str) -> list[str]:
    """The words of a folded query, the first 24. A title that has none of them is not `close` to it."""
    found: list[str] = []
    for run in _RUNS.findall(query):
        if _HAN_RUN.fullmatch(run) and len(run) > 2:
            found += [run[start : start + 2] for start in range(len(run) - 1)]
        else:
            found.append(run)
    return list(dict.fromkeys(found))[:_MOST_PARTS]


def closeness(query: str, title: str) -> float:
    """How close a title comes to a query, both folded: the higher the closer, 0 for not at all.

    The title itself comes before one that begins so, that before one with the words in this order, that before one
    with all of them, and last comes one with at least half of them.
    """
    if not query or not title:
        return 0.0
    share = len(query) / max(len(title), len(query))
    if query == title:
        return 5.0
    if title.startswith(query):
        return 3.0 + share
    if query in title:
        return 2.0 + share
    wanted = parts(query)
    there = sum(part in title for part in wanted)
    if there == len(wanted):
        return 1.0 + share
    return there / len(wanted) if there * 2 >= len(wanted) else 0.0
