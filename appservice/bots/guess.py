"""What somebody probably meant: the known words nearest to a mistyped one."""

from __future__ import annotations

from collections.abc import Iterable

from appservice.language import contains_han


def distance(one: str, other: str, most: int) -> int:
    """How many single typing mistakes lie between two words; anything above `most` if it is more.

    A mistake is a letter too many, too few or wrong, or two neighbours exchanged (optimal string alignment).
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    previous = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        current = [i]
        for j, right in enumerate(other, 1):
            best = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                best = min(best, before[j - 2] + 1)
            current.append(best)
        if min(current) > most:
            return most + 1
        before, previous = previous, current
    return previous[-1]


def nearest(word: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """The known words that `word` may stand for, the likeliest first: near misses, and words that it begins."""
    most = 1 if len(word) < 6 else 2
    enough_to_begin = 1 if contains_han(word) else 2
    ranked = []
    for order, candidate in enumerate(dict.fromkeys(known)):
        begins = len(word) >= enough_to_begin and candidate.startswith(word)
        steps = 1 if begins else distance(word, candidate, most)
        # Of a word of one letter nothing is left after one mistake.
        if steps <= most and (begins or steps < max(len(word), len(candidate))):
            ranked.append((steps, order, candidate))
    return [candidate for _steps, _order, candidate in sorted(ranked)[:limit]]
