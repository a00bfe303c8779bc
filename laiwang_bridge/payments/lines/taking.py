"""Taking out what a line says beside amount, title and people: who paid, when, how often, for each or in all."""

from __future__ import annotations

import re
from dataclasses import replace

from laiwang_bridge.payments.lines.days import take_date
from laiwang_bridge.payments.lines.left_out import take_left_out
from laiwang_bridge.payments.lines.marking import PERSON, Marked
from laiwang_bridge.payments.lines.options import BEGIN, WORD_END, Options, Perhaps, said_twice
from laiwang_bridge.payments.lines.payers import take_payers
from laiwang_bridge.payments.lines.repeats import take_repeat
from laiwang_bridge.payments.lines.wording import Habits, Mistake
from laiwang_bridge.payments.money.currencies import name_pattern

_CATEGORY = re.compile(r"(?:(?<=\s)|(?<=\x02)|(?<=[\u3400-\u9fff，,])|\A)#([^\W\d_][\w-]*)")
_EACH = re.compile(
    rf"(?:{BEGIN}(?P<each>each(?: of us)?(?: pays?)?|ea\.?|apiece|a piece|per person|per head"
    r"|per pax|a head|a person|pp|p\.\s?p\."
    r"|pro person|pro kopf|pro nase|je person|je nase|für jeden|von jedem|de chacune?|pour chacun"
    r"|for each(?: of us| person)?"
    r"|par personne|par pers\.?|par tête|chacune?)"
    rf"|(?<=[0-9€$£])(?P<glued>pp|p\.\s?p\.|ea\.?)|(?<=[0-9€$£]\s)(?P<pop>a pop)){WORD_END}"
    r"|(?P<slash>\s?/\s?(?:person|head|pers\.?|pax|pp|p|personne|kopf|nase)(?![^\W\d_])|/\s?(?:每?人|位))"
    r"|(?P<han>每个?人|每個人|每人头|人均|每位|各付|各(?=\s?[0-9])|[一1][个個]?人(?=\s?[0-9一二两兩三四五六七八九十百千])"
    r"|(?<=[0-9元块塊钱錢])\s?[一1](?:[个個]人|位)(?![\u3400-\u9fff]))[:：]?"
    r"|(?P<je>(?<![^\W\d_])(?:je|(?:jeder|chacune?)(?: (?:be)?zahlt| gibt| paie| paye| donne| met)?)(?=\s?[0-9€])"
    rf"|(?<=[0-9€]\s)je(?=\s*(?:\Z|[,.;\x02]|{PERSON})))"
)

_OF_PEOPLE = re.compile(r"per|pro|für|pour|for|head|us|pp|p\.|人|位|nase")
_ONE_THING = re.compile(r"\s?[一1][杯份个個张張瓶碗件只隻条條盒间間]")
"""`一人一杯奶茶 54`: perhaps 54 is for all of them."""
_COUNTED = re.compile(
    r"(?<![\w.,])(?:[2-9]|[1-9][0-9])(?:\s?(?:[x×]\s?)?(?!each|people|persons?|pax|guests?|friends|personen|leute|personnes)"
    r"[^\W\d_\u3400-\u9fff]{3,}|[张杯份瓶])(?=.*[0-9])"
)
"""`2 tickets`: then `15 each` is perhaps the price of a ticket."""


def take_options(marked: Marked, habits: Habits, as_title: frozenset[Perhaps]) -> Options | Mistake:
    """Read and take out all options of a line; a mistake where one is said twice or makes no sense.

    What is unsure and in `as_title` stays in the text.
    """
    options: Options | Mistake = Options(marked)
    for step in (_category, take_payers, take_left_out, take_repeat, take_date, _per_head):
        if isinstance(options, Mistake):
            return options
        found = step(options, habits)
        is_refused = isinstance(found, Options) and (found.unsure - options.unsure) & as_title
        options = options if is_refused else found
    return options


def _category(options: Options, _habits: Habits) -> Options | Mistake:
    found = list(_CATEGORY.finditer(options.rest.folded))
    if len(found) > 1:
        return said_twice(options.rest, *found[1].span())
    if not found:
        return options
    start, end = found[0].span()
    return replace(options, rest=options.rest.without(start, end), category=options.rest.text[start + 1 : end])


def _per_head(options: Options, _habits: Habits) -> Options | Mistake:
    rest = options.rest
    match = _EACH.search(rest.folded)
    if match is None:
        return options
    before = _past_currency(rest.folded[: match.start()].rstrip())[-1:]
    after = rest.folded[match.end() :].lstrip()[:1]
    is_price = _COUNTED.search(rest.folded) is not None and match["slash"] is None and not _OF_PEOPLE.search(match[0])
    is_sure = (
        not is_price
        and not _ONE_THING.match(rest.folded, match.end())
        and (match["each"] is None or _touches(before) or _touches(after) or after in ("", "\x02", ",", "，"))
    )
    return replace(
        options,
        rest=rest.without(*match.span()),
        per_head=True,
        unsure=options.unsure if is_sure else options.unsure | {Perhaps.PER_HEAD},
    )


def _past_currency(text: str) -> str:
    """A text without the name of a currency at its end, if it stands behind a number."""
    match = re.search(rf"(?<=[0-9])\s?{name_pattern()}\Z", text)
    return text if match is None else text[: match.start()]


def _touches(char: str) -> bool:
    """Whether it belongs to an amount or a person."""
    return char != "" and (char.isdigit() or char in "€$£¥￥₹₩元块圆円-–)" or ord(char) >= 0xF0000)
