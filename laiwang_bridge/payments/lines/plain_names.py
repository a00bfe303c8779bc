"""Names without an @: `dinner with Tom and Ann`, `Ann paid 60 for dinner`, `跟小明打车 50`.

A word that is a member's name in this room, where only a person can stand, is that person; whose name it is, is found
out as with an @ before it, and a name that anybody can give himself is asked about. Other words that look like names
are asked about where nobody is named with an @: they may be guests, or belong to the title.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from appservice.language import contains_han
from laiwang_bridge.payments.lines.amounts import folded_text
from laiwang_bridge.payments.lines.first_names import COMMON
from laiwang_bridge.payments.lines.marking import NOT_IN, PERSON, Marked
from laiwang_bridge.payments.lines.wording import Everybody, Guest, Named, Sender

_WORD = r"[^\W\d_](?:[\w'’]|[.-](?=\w))*"
_AND = r"(?:\s*,\s*(?:(?:and|und|et)\s+)?|\s+(?:and|und|et|&|\+)\s+|\s*&\s*)"
_WITH = re.compile(
    rf"(?<![^\W\d_])(?:with|w/|mit|avec|between|among|zwischen|unter|entre|except|excluding|without|außer|ausser|ohne|sauf|sans"
    rf"|paid by|(?:be|ge)zahlt von|payée? par)\s+(?:(?:me|mir|mich|moi|{PERSON}){_AND})?(?={PERSON}|[^\W\d_])"
)
_MORE = re.compile(rf"(?:{_AND})(?=[^\W\d_])")
_BEHIND_PERSON = re.compile(rf"{PERSON}{_AND}(?=[^\W\d_])")
_BEFORE_PERSON = re.compile(
    rf"(?<![^\W\d_])(?:for|with|between|für|mit|zwischen|pour|avec|entre)\s+({_WORD}){_AND}(?={PERSON})"
)
_LEFT_OUT = re.compile(r"(?<![^\W\d_])(?:without|ohne|sans)\s+([A-ZÀ-Ý][\w'’-]*)\s*(?=\Z|[0-9,.])")
_WHO_PAID = re.compile(
    rf"(?:\A|(?<=[\s,(]))({_WORD})\s+(?:paid|has paid|hat\s.*?\b(?:be|ge)zahlt|zahlte|a payé)(?![^\W\d_])(?!\s+by)"
)
_KNOWN_PAID = re.compile(
    rf"(?:\A|(?<=[\s,(]))({_WORD})\s+(?:covered|got|bought|fronted|treated|ordered|picked up|a avancé|a réglé|a offert)"
    r"(?![^\W\d_])"
)
_BY = re.compile(rf"(?<![^\W\d_])(?:von|par|by)\s+({_WORD})\s+(?:be|ge|aus)(?:zahlt|legt)(?![^\W\d_])")
_NOBODY = frozenset(
    (
        "i", "we", "you", "he", "she", "they", "it", "who", "already", "just", "got", "was", "is", "have",
        "has", "were", "not", "me", "ich", "wir", "er", "sie", "es", "man", "wer", "schon", "je", "nous",
        "on", "il", "elle", "ils", "elles", "qui", "déjà", "card", "cash", "get", "be", "been", "being",
        "all", "everyone", "everybody", "fully", "partly", "half", "pre",
    )
)  # fmt: skip
_HAN_PAID = re.compile(
    r"(?<![\u3400-\u9fff])([\u3400-\u9fff]{2,3}?)(?:先)?(?:付的款?|付了|付款|垫付|垫的|买的?单|请客|结账)(?=\s|\Z|[，,;；。])"
)
_HAN_NOBODY = re.compile(r"[我谁未已没]|微信|支付|现金|刷卡|公司|预先")
_HAN_WITH = re.compile(r"(?:\A|(?<=[\s，,0-9元块])|(?<=[今昨前明][天晚日早]))(?:和|跟|与|同)(?=[\u3400-\u9fff])")
_HAN_AND = re.compile(r"\s*[和跟与與、]\s*")
_HAN_OUT = re.compile(rf"(?:\A|(?<=[\s，,、0-9元块]))([\u3400-\u9fff]{{2,4}}?)(?={NOT_IN}(?![\u3400-\u9fff]))")
_TO = re.compile(rf"(?<=[0-9€$£]\s)(?:to|an|à)\s+({_WORD})")
_AFTER_PERSON = re.compile(rf"(?<=[和跟与與同]{PERSON})[和跟与與、]?(?=[\u3400-\u9fff])")
_HAN_VERB = re.compile("[吃喝打去看买玩唱坐住点叫租的一]")
_ALONE_BEHIND = re.compile(
    r"(?<=[0-9元块€$£])\s+(?P<names>[\u3400-\u9fff]{2,4}(?:[\s、，]+[\u3400-\u9fff]{2,4})*)\s*\Z"
)
_LOOSE = re.compile(rf"(?<![^\W\d_])(?:for|für|pour)\s+(?P<names>{_WORD}(?:{_AND}{_WORD})*)\s*\Z")
_AT_END = re.compile(rf"(?<=[^\W\d_]\s)(?P<names>{_WORD}(?:{_AND}{_WORD})+)\s*(?:[0-9.,]+\s*)?\Z")
_PERHAPS = re.compile(
    rf"(?<![^\W\d_])(?:with|w/|mit|avec)\s+(?P<names>{_WORD}(?:{_AND}{_WORD})*)(?=\s*(?:\Z|[\s,.;:!?)0-9]))"
)
_NOTHING = re.compile(r"[\s,，、.!€$£¥]*")
_TOKEN = re.compile(rf"{PERSON}|{_WORD}")
_JOINING = frozenset(("and", "und", "et", "n", "u"))
_JOINT = re.compile(r"(?:\s*[,，、&+和跟与與及])?\s*(?:(?:and|und|et|n|u\.?)\s+)?")
_ME = frozenset(("me", "myself", "ich", "mir", "mich", "moi", "我"))
_ONLY_TITLE = re.compile(r"[^\w]*[0-9][0-9.,]*\s*(?:for|für|pour)\s+(?P<names>[A-ZÀ-Ý][\w'’-]*)\s*\Z")
_NO_NAMES = frozenset(
    (
        "salami", "käse", "milch", "zucker", "pommes", "freunden", "kollegen", "familie", "kindern", "auto",
        "bahn", "bus", "zug", "frühstück", "sahne", "schinken", "pilzen", "fleisch", "gemüse", "reis",
        "salat", "soße", "sauce", "ketchup", "mayo", "alkohol", "karte", "trinkgeld", "eis", "brot",
        "butter", "wein", "bier", "kaffee", "kuchen", "cheese", "milk", "sugar", "friends", "colleagues",
        "family", "kids", "wine", "beer", "fries", "chips", "breakfast", "tip", "tax", "parking", "wifi",
        "visa", "paypal", "fromage", "lait", "sucre", "frites", "amis", "collègues", "famille", "enfants",
        "vin", "bière", "jambon", "café", "pain",
    )
)  # fmt: skip


def with_known_names(marked: Marked, names: frozenset[str]) -> Marked:
    """The line with members' names as people, where only people can be meant."""
    while names and (found := next(_known(marked, names), None)) is not None:
        marked = _with_people(marked, [found])
    return marked


def stranger_in(marked: Marked) -> str | None:
    """A word that is said to have paid and is nobody's name."""
    match = _WHO_PAID.search(marked.folded)
    if match is not None and match[1] not in _NOBODY:
        return marked.text[match.start(1) : match.end(1)]
    match = _BEFORE_PERSON.search(marked.text) or (None if _is_anybody(marked) else _LEFT_OUT.search(marked.text))
    if match is not None:
        return match[1]
    match = _HAN_PAID.search(marked.text)
    if match is not None and not _HAN_NOBODY.search(match[1]):
        return match[1]
    match = _HAN_WITH.search(marked.text)
    if match is not None and not _is_anybody(marked):
        end = _HAN_VERB.search(marked.text, match.end() + 1)
        return re.split(r"[\s0-9，,]", marked.text[match.end() : end.start() if end else None], maxsplit=1)[0]
    return None


def names_others(marked: Marked) -> bool:
    """Whether anybody else than whoever writes is named."""
    return any(sign in marked.text and who not in (Everybody(), Sender()) for sign, who in marked.people.items())


def with_perhaps_names(marked: Marked, names: frozenset[str]) -> Marked | None:
    """The line with what looks like names as people, where they may be meant; None where nothing looks so."""
    is_anybody = _is_anybody(marked)
    for pattern, is_sign_enough in (
        (_PERHAPS, True),
        (_AT_END, False),
        (_LOOSE, False),
        (_ONLY_TITLE, True),
        (_ALONE_BEHIND, False),
    ):
        for match in pattern.finditer(marked.text) if pattern is _PERHAPS or not is_anybody else ():
            stretches = [
                (match.start("names") + word.start(), match.start("names") + word.end())
                for word in re.finditer(_WORD, match["names"])
                if folded_text(word[0]) not in ("and", "und", "et")
            ]
            words = [marked.text[start:end] for start, end in stretches]
            if not all(_may_be_name(word, names) for word in words) or not words:
                continue
            are_known = any(folded_text(word) in names for word in words)
            are_known = are_known or (pattern is _PERHAPS and any(folded_text(word) in COMMON for word in words))
            if not (
                are_known
                or (is_sign_enough and not is_anybody and _look_like_names(words, names))
                or _are_joined_names(pattern, words)
            ):
                continue
            for (start, end), word in zip(reversed(stretches), reversed(words), strict=True):
                who = Named(word) if folded_text(word) in names else Guest(word)
                marked = marked.with_person(start, end, who, f"@{word}" if who == Named(word) else f"+{word}")
            return marked
    return _with_known_run(marked, names) if names else None


def _with_known_run(marked: Marked, names: frozenset[str]) -> Marked | None:
    """`pizza 40 ann bo`, `ann, bo and me 40 pizza`: several names in a row, or one at the end."""
    for run in _runs(marked, names):
        known = [span for span in run if marked.folded[slice(*span)] in names]
        is_end = bool(_NOTHING.fullmatch(marked.text, run[-1][1])) and run[0][0] > 0 and not _is_anybody(marked)
        if known and (len(run) > 1 or is_end):
            return _with_people(marked, run)
    return None


def _all_names(marked: Marked, start: int, end: int, names: frozenset[str]) -> list[tuple[int, int]]:
    """The names in a Chinese word that has nothing else in it: `大刘小陈和`; none where it has."""
    found: list[tuple[int, int]] = []
    while start < end:
        behind = _known_end(marked, start, names)
        if behind:
            found.append((start, behind))
        elif not found or marked.folded[start] not in "和跟与與及":
            return []
        start = behind or start + 1
    return found


def _with_people(marked: Marked, run: list[tuple[int, int]]) -> Marked:
    for start, end in reversed(run):
        word = marked.text[start:end]
        if word not in marked.people:
            who = Sender() if folded_text(word) in _ME else Named(word)
            marked = marked.with_person(start, end, who, word if who == Sender() else f"@{word}")
    return marked


def _runs(marked: Marked, names: frozenset[str], start: int = 0) -> Iterator[list[tuple[int, int]]]:
    """Where names, people and `me` follow each other with nothing between but a joint."""
    run: list[tuple[int, int]] = []
    for token in _TOKEN.finditer(marked.folded, start):
        if token[0] in _JOINING:
            continue
        if run and not _JOINT.fullmatch(marked.folded, run[-1][1], token.start()):
            yield run
            run = []
        is_one = token[0] in names or token[0] in _ME or token[0] in marked.people
        found = [token.span()] if is_one else _all_names(marked, *token.span(), names)
        if not found and run:
            yield run
            run = []
        run += found
    if run:
        yield run


def _known(marked: Marked, names: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Where a member's name stands where only people can."""
    for match in _BEHIND_PERSON.finditer(marked.folded):
        found = _name_at(marked, match.end(), names)
        if found is not None:
            yield found
    for match in _WITH.finditer(marked.folded):
        run = next(_runs(marked, names, match.end()), [])
        if run and run[0][0] == match.end() and any(marked.folded[slice(*span)] in names for span in run):
            yield from (span for span in run if marked.folded[span[0]] not in marked.people)
    for joined in _BEFORE_PERSON.finditer(marked.folded):
        if joined[1] in names:
            yield joined.span(1)
    for paid in (_WHO_PAID.search(marked.folded), _HAN_PAID.search(marked.folded)):
        if paid is not None and paid[1] in names:
            yield paid.span(1)
    for pattern in (_TO, _HAN_OUT, _KNOWN_PAID, _BY):
        for match in pattern.finditer(marked.folded):
            if match[1] in names:
                yield match.span(1)
    yield from _known_at_start(marked, names)
    for together in (_HAN_WITH.search(marked.text), _AFTER_PERSON.search(marked.text)):
        if together is not None and (end := _known_end(marked, together.end(), names)) > together.end() + 1:
            yield together.end(), end


def _known_at_start(marked: Marked, names: frozenset[str]) -> Iterator[tuple[int, int]]:
    """`小王和小李 火锅 300`: several names that begin the line."""
    found: list[tuple[int, int]] = []
    position = len(marked.folded) - len(marked.folded.lstrip())
    while end := _known_end(marked, position, names):
        found.append((position, end))
        joint = _HAN_AND.match(marked.folded, end)
        if joint is None:
            break
        position = joint.end()
    if len(found) > 1:
        yield from (span for span in found if marked.folded[span[0]] not in marked.people)


def _known_end(marked: Marked, start: int, names: frozenset[str]) -> int:
    """Where a Chinese name that begins there ends, or the sign of somebody; 0 if there is none."""
    if marked.folded[start : start + 1] in marked.people:
        return start + 1
    if not contains_han(marked.folded[start : start + 1]):
        return 0
    return next((end for end in range(start + 4, start, -1) if marked.folded[start:end] in names), 0)


def _name_at(marked: Marked, start: int, names: frozenset[str]) -> tuple[int, int] | None:
    word = re.compile(_WORD).match(marked.folded, start)
    return word.span() if word is not None and word[0] in names else None


def _is_anybody(marked: Marked) -> bool:
    """Whether somebody is named already."""
    return any(sign in marked.text and who != Everybody() for sign, who in marked.people.items())


def _may_be_name(word: str, names: frozenset[str]) -> bool:
    return folded_text(word) in names or (folded_text(word) not in _NO_NAMES and folded_text(word) not in _NOBODY)


def _look_like_names(words: list[str], names: frozenset[str]) -> bool:
    """Whether all of them begin with a capital; where no member is known, two that are joined do as well."""
    return all(word[0].isupper() for word in words) or (not names and len(words) > 1)


def _are_joined_names(pattern: re.Pattern[str], words: list[str]) -> bool:
    return pattern is _AT_END and len(words) > 1 and all(word[0].isupper() and word.isascii() for word in words)
