"""People in a marked line, each with what is said of his part: `@a x2`, `@b=20`, `@c 30%`, `@d+5`, `@e=rest`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from laiwang_bridge.payments.lines.amounts import found_at
from laiwang_bridge.payments.lines.marking import PERSON, Marked
from laiwang_bridge.payments.lines.wording import Habits, Who
from laiwang_bridge.payments.money.atoms import CUT

_FEW = {
    "半": Fraction(1, 2), "一": Fraction(1), "双": Fraction(2), "雙": Fraction(2), "两": Fraction(2), "兩": Fraction(2),
    "二": Fraction(2), "三": Fraction(3), "四": Fraction(4),
    "one": Fraction(1), "two": Fraction(2), "three": Fraction(3),
    "half a": Fraction(1, 2), "einen": Fraction(1), "zwei": Fraction(2), "drei": Fraction(3), "une": Fraction(1),
    "deux": Fraction(2), "trois": Fraction(3), "eine halbe": Fraction(1, 2), "une demi": Fraction(1, 2),
}  # fmt: skip
_NUMBER = r"([0-9]+(?:[.,][0-9]{1,2})?(?:/[1-9][0-9]*)?)"
_WEIGHT = re.compile(
    rf"\s*[x×*]\s*{_NUMBER}(?![\w%]|[.,][0-9])|\s*[(（][x×*]\s*{_NUMBER}[)）]"
    rf"|\s*({_NUMBER}|{'|'.join(_FEW)})\s*(?:份|shares?\b|parts?\b|anteile?\b)(?![\u3400-\u9fff])"
)
_PERCENT = re.compile(r"\s*[=:：]?\s*([0-9]+(?:[.,][0-9]+)?)\s*[%％]")
_REST = re.compile(
    r"\s*[=:：]\s*(?:the rest|rest|remainder|remaining|其余|其餘|剩下的?|剩余|余下|reste|le reste|den rest"
    r"|restbetrag)(?![^\W_])"
)
_LOOSE_REST = re.compile(
    r"\s*(?:the rest|rest|remainder|remaining|其余|其餘|剩下的?|剩余|den rest|le reste|reste)"
    r"(?=\s*(?:\Z|[,，、;；\x02]|[\U000f0000-\U000ffffd]))"
)
_EXACT = re.compile(r"\s*=\s*|[:：](?=[0-9$€£¥￥])")
_ADJUSTED = re.compile(r"([+\u2212-])(?=[0-9$€£¥￥])|\s*[(（]([+\u2212-])(?=[^)）]*[)）])")
_TIMES = re.compile(rf"\s*\(?{_NUMBER}\s?[x×]\)?(?=\s*(?:\Z|[,，、;；\x02\U000f0000-\U000ffffd]))")
_HALF = re.compile(
    r"\s+(?:half|halb|demi|double|doppelt|twice|一半|双倍|减半)(?=\s*(?:\Z|[,，、;；\x02\U000f0000-\U000ffffd]))"
)
_UNREADABLE = re.compile(r"\s*[x×*]\s?[0-9½¼¾]")
_SPACED_ADJUSTED = re.compile(r"\s+[+\u2212-][0-9$€£¥￥]")
_WITH = (
    r"(?:(?:(?:to )?(?:split |shared? |geteilt |(?:auf)?teilen |zu teilen |partagée? |divisée? |divided |à (?:partager"
    r"|diviser) )?(?:between|btwn?|with|w/|(?<=[^\W\d_]\s)w|among|amongst|for|zwischen|mit|m\.|für|unter"
    r"|entre|avec|pour)|(?:auf|ver)?geteilt (?:durch|auf)|verteilt auf|y compris"
    r"|(?:and|und|et|&)|[和跟给給与與及]|包括|含|算上|加上|incl\.?|including|inkl\.?)[:：]?\s*)"
)
_LIST_BEGIN = re.compile(
    rf"(?:(?<![^\W\d_\u3400-\u9fff]){_WITH})?(?:\s*(?:[,，、&:：]|(?<![0-9])\+|\+(?={PERSON})))*\s*(?={PERSON})"
)
AND = re.compile(r"\s*(?:[,，、&+/]\s*)?(?:(?:and|und|et|n|u\.?)(?=\s)|[和跟与與及])?\s*")
_AND_SOMEBODY = re.compile(r"\s*[,，、]?\s*(?:(?:and|und|et)\s+|[&和跟与與及]\s*)(?=[^\W\d_])")


class Saying(Enum):
    """What is said of a person's part."""

    NOTHING = "nothing"
    WEIGHT = "weight"
    PERCENT = "percent"
    EXACT = "exact"
    REST = "rest"
    ADJUSTED = "adjusted"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Term:
    """One person and what is said of his part. `amount` is what stands there for EXACT and ADJUSTED, `number`
    belongs to WEIGHT and PERCENT, and is the sign of ADJUSTED."""

    who: Who
    typed: str
    saying: Saying = Saying.NOTHING
    number: Fraction = Fraction(1)
    amount: str = ""


def take_lists(marked: Marked, habits: Habits) -> tuple[tuple[Term, ...], Marked, str | None]:
    """All people with their terms, the text without them, and a word joined to them that is nobody's name."""
    terms: list[Term] = []
    stranger: str | None = None
    while (begin := _next_list(marked)) is not None:
        start, position = begin
        while True:
            term, position = _term(marked, position, habits)
            terms.append(term)
            behind = AND.match(marked.folded, position)
            following = behind.end() if behind else position
            if not _is_person(marked, following):
                break
            position = following
        joined = _AND_SOMEBODY.match(marked.folded, position)
        if joined is not None and stranger is None:
            stranger = re.split(r"[\s,，、;；\x02]", marked.text[joined.end() :], maxsplit=1)[0]
        marked = marked.without(start, position)
    return tuple(terms), marked, stranger


def term_at(marked: Marked, position: int, habits: Habits) -> tuple[Term, int]:
    """The person whose sign stands there, with his term."""
    return _term(marked, position, habits)


def is_rest(folded: str, position: int) -> bool:
    """Whether it is said there of somebody that he bears the rest."""
    return bool(_REST.match(folded, position) or _LOOSE_REST.match(folded, position))


def _next_list(marked: Marked) -> tuple[int, int] | None:
    """Where the next list of people begins, with the word before it and without."""
    first = re.search(PERSON, marked.folded)
    if first is None:
        return None
    for match in _LIST_BEGIN.finditer(marked.folded, max(0, first.start() - 30), first.start() + 1):
        if match.end() == first.start():
            return match.start(), first.start()
    return first.start(), first.start()


def _is_person(marked: Marked, position: int) -> bool:
    return marked.folded[position : position + 1] in marked.people


def _term(marked: Marked, position: int, habits: Habits) -> tuple[Term, int]:
    sign = marked.folded[position]
    who, typed = marked.people[sign], marked.typed[sign]
    behind = position + 1
    folded = marked.folded
    if (match := _WEIGHT.match(folded, behind)) is not None:
        number = _FEW.get(match[3] or "") or _fraction(match[1] or match[2] or match[3])
        return Term(who, typed, Saying.WEIGHT, number), match.end()
    if (match := _TIMES.match(folded, behind)) is not None:
        return Term(who, typed, Saying.WEIGHT, _fraction(match[1])), match.end()
    if (match := _PERCENT.match(folded, behind)) is not None:
        return Term(who, typed, Saying.PERCENT, _fraction(match[1])), match.end()
    if (match := _REST.match(folded, behind)) is not None:
        return Term(who, typed, Saying.REST), match.end()
    if (match := _LOOSE_REST.match(folded, behind)) is not None:
        return Term(who, typed, Saying.REST), match.end()
    if (match := _ADJUSTED.match(folded, behind)) is not None:
        return _adjusted(marked, match, Term(who, typed), habits)
    if (match := _EXACT.match(folded, behind)) is not None:
        found = found_at(marked.text, folded, match.end(), habits)
        if found is None:
            return Term(who, typed, Saying.UNCLEAR), match.end()
        return Term(who, typed, Saying.EXACT, amount=marked.text[match.end() : found.end]), found.end
    if _HALF.match(folded, behind) or _SPACED_ADJUSTED.match(folded, behind) or _UNREADABLE.match(folded, behind):
        return Term(who, typed, Saying.UNCLEAR), behind
    return Term(who, typed), behind


def _adjusted(marked: Marked, match: re.Match[str], term: Term, habits: Habits) -> tuple[Term, int]:
    found = found_at(marked.text, marked.folded, match.end(), habits)
    end = found.end if found else match.end()
    amount = marked.text[match.end() : end]
    if match[2] is not None:
        if found is None or marked.folded[end : end + 1] not in (")", "）"):
            return Term(term.who, term.typed, Saying.UNCLEAR), end
        end += 1
    if found is None or (amount == "1" and match[1] == "+"):  # @tom+1 brings somebody, or bears one more
        return Term(term.who, term.typed, Saying.UNCLEAR), end
    sign = match[1] or match[2]
    return Term(term.who, term.typed, Saying.ADJUSTED, Fraction(1 if sign == "+" else -1), amount), end


def _fraction(text: str) -> Fraction:
    whole, _slash, below = text.replace(",", ".").partition("/")
    return Fraction(whole) / (int(below) if below else 1)


def is_cut(text: str) -> bool:
    """Whether nothing is left of a text but signs of what was taken out, and pauses."""
    return not text.strip(f"{CUT} ,，、;；.。")
