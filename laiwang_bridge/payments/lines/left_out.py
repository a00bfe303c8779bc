"""Who takes no part, as it is said: `except @bo`, `@ann only`, `I'm not in`, `除了@丙`, `@丙除外`."""

from __future__ import annotations

import re
from dataclasses import replace

from appservice.language import _
from laiwang_bridge.payments.lines.marking import NOT_IN, PERSON, Marked
from laiwang_bridge.payments.lines.options import BEGIN, Options
from laiwang_bridge.payments.lines.terms import AND, Saying, term_at
from laiwang_bridge.payments.lines.wording import Everybody, Habits, Mistake, Problem, Sender, Who

_EXCEPT = re.compile(
    rf"(?:{BEGIN}(?:except(?:ing)?(?: for)?|without|w/o|excluding|excl\.?|but(?: not| for)?|not|minus|apart from"
    rf"|other than"
    r"|außer|ausser|ohne|bis auf|nicht|exkl\.?|sauf|sans|hors|hormis|à part|pas)"
    r"|除了|除去|除咗|除|不算|不含|不包括|不包含|不計|唔計|唔计|唔包|没有|沒有)"
    rf"\s*[:：]?\s*(?={PERSON})"
)
_OUT_BEFORE_OTHERS = re.compile(rf"(?P<who>{PERSON}){NOT_IN}(?=\s+{PERSON})")
"""`我不算 @老张`: with a space only behind, it is said of whoever stands before it."""
_OUT = re.compile(
    rf"(?P<who>{PERSON})(?:\s*(?:除外|以外|之外|{NOT_IN}(?![\u3400-\u9fff]))"
    rf"|\s+(?:nicht|is not|is out|not|pas|non)(?=\s*(?:\Z|[,，;；)）\x02])))"
)
_I_AM_OUT = re.compile(
    r"[(（]?(?:\b(?:i['’]?m|i am|i was) (?:not\b|out\b)|\bi (?:(?:was|did|do)n['’]?t|did not|was not|do not)\b"
    r"|\bich (?:war |bin |habe |esse )?nicht\b|\bje (?:n['’]étais|ne suis|n['’]ai) pas\b)"
    r"(?:\s+(?:in|there|included|part of it|eat(?:ing)?|come|coming|join(?:ing)?|dabei|drin|da|mitgegessen|là"
    r"|inclus|dedans))?"
    r"(?=\s*(?:\Z|[,，;；.)）\x02]|[\U000f0000-\U000ffffd]))[)）]?"
)
_ONLY = re.compile(
    rf"(?:{BEGIN}(?P<word>only|just|nur|bloß|seulement|juste|uniquement|只有|仅|只算|就|只)\s*(?:(?:for|mit|with|für|pour|avec)\s+)?(?={PERSON}))"
)
_ONLY_BEHIND = re.compile(
    rf"(?<={PERSON})\s*(?P<word>(?:only|alone|owes(?: me)?|schuldet(?: mir)?|me doit|doit)(?![^\W_])|欠我?)"
)
_OWES = re.compile("(?:owes|schuldet|doit|me doit|欠).*")
_I_OWE = re.compile(
    rf"(?:\bi owe|\bich schulde|\bje dois\b.*\bà|我欠)\s*(?:[0-9.,€$£]+\s*(?:à\s*)?)?{PERSON}|\bje dois\b"
)
_DASH = re.compile(rf"(?<=\s)[-−–](?={PERSON})")
_AFTER_EXCEPT = re.compile(r"\s*(?:以外|之外|除外|外)")


def take_left_out(options: Options, habits: Habits) -> Options | Mistake:
    """Whoever takes no part though everybody else, or the sender by default, does."""
    rest = options.rest
    excluded: list[Who] = []
    match = _OUT_BEFORE_OTHERS.search(rest.folded)
    if match is not None and rest.people[match["who"]] != Everybody():
        excluded.append(rest.people[match["who"]])
        rest = rest.without(*match.span())
    while (match := _EXCEPT.search(rest.folded)) is not None:
        found = _listed(rest, match.end(), habits)
        if isinstance(found, Mistake):
            return found
        people, end = found
        excluded += people
        after = _AFTER_EXCEPT.match(rest.folded, end)
        rest = rest.without(match.start(), after.end() if after else end)
    while (match := _OUT.search(rest.folded)) is not None:
        excluded.append(rest.people[match["who"]])
        rest = rest.without(*match.span())
    if (match := _I_AM_OUT.search(rest.folded)) is not None:
        excluded.append(Sender())
        rest = rest.without(*match.span())
    if _I_OWE.search(rest.folded):
        return Mistake(Problem.UNCLEAR, _("Say it like `20 lunch with me, without @ann, paid by @ann`."), {})
    if _DASH.search(rest.folded):
        return Mistake(Problem.UNCLEAR, _("To leave somebody out, write `without @ann`."), {})
    only = _ONLY.search(rest.folded) or _ONLY_BEHIND.search(rest.folded)
    if only is not None and _OWES.fullmatch(only["word"]) and len(re.findall(PERSON, rest.folded)) > 1:
        only = None  # @a owes @b: that is between them
    if only is not None:
        rest = rest.without(*only.span("word"))
        others = [who for sign, who in rest.people.items() if sign in rest.text]
        excluded += [Sender()] if Sender() not in others and Everybody() not in others else []
    return options if rest is options.rest else replace(options, rest=rest, excluded=tuple(dict.fromkeys(excluded)))


def _listed(rest: Marked, position: int, habits: Habits) -> tuple[list[Who], int] | Mistake:
    """The people who are named one behind the other, and where they end."""
    people: list[Who] = []
    while True:
        term, end = term_at(rest, position, habits)
        if term.saying is not Saying.NOTHING:
            return Mistake(Problem.MIXED_SPLITS, _("Somebody who is left out can have no part."), {})
        people.append(term.who)
        behind = AND.match(rest.folded, end)
        following = behind.end() if behind else end
        is_joined = term.who != Sender() or bool(rest.folded[end:following].strip())
        next_one = rest.people.get(rest.folded[following : following + 1])
        if not is_joined or next_one is None or next_one == Everybody():
            return people, end
        position = following
