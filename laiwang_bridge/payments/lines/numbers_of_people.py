"""Whether a line says another number of people than it names: `split 4 ways @a`, `15 each, 3 people @a`."""

from __future__ import annotations

import re

from laiwang_bridge.payments.lines.marking import Marked
from laiwang_bridge.payments.lines.wording import BillWording, heads

_SO_MANY = re.compile(
    r"(?<![\w.,])([0-9]{1,3})\s?(?:people|persons?|ppl|pax|of us|personen|leute|personnes?|[个個]?人"
    r"|位)(?![^\W\d_\u3400-\u9fff])"
)
_WAYS = re.compile(
    r"(?<![\w.,])(?:(?P<ways>[0-9]{1,2}|two|three|four|five|six)\s?ways?"
    r"|(?:durch|(?:partagée?s?|divisée?s?) (?:en|par)|(?:split|divided|shared) (?:in|into|by)|geteilt (?:durch|in))"
    r" (?P<by>two|three|four|five|six|zwei|drei|vier|fünf|sechs|deux|trois|quatre|cinq|[0-9]{1,2})"
    r"|(?P<us>two|three|four|five|six|both) of us|(?:nous|uns) (?P<nous>deux|trois|quatre|cinq|beiden?|zwei|drei|vier))"
    r"(?![^\W_])|(?<![0-9])(?P<han>[0-9]{1,2}|[两兩二三四五六七八])\s?[个個]?人(?=平分|均[摊攤]|分|平[摊攤]|[摊攤]|aa)|(?:咱们?|我们?)(?P<women>[俩仨两三四五六七八])个?"
)
_PEOPLE = re.compile(
    r"(?<!for )(?<!für )(?<!pour )(?<![\w.,])(?P<people>[0-9]{1,2}|[两三四五六七八])"
    r"\s?(?:people|persons|ppl|pax|of us|personen|leute|personnes|个?人)(?![^\W\d_])"
)
_FEW = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "both": 2, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5,
    "sechs": 6, "beide": 2, "beiden": 2, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "两": 2, "兩": 2, "二": 2,
    "俩": 2, "三": 3, "仨": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8,
}  # fmt: skip


def are_others(bill: BillWording, rest: Marked) -> bool:
    """Whether another number of people is said than those who share a bill that says what each pays."""
    match = _SO_MANY.search(rest.folded)
    return match is not None and heads(bill) != int(match[1])


def is_split_otherwise(bill: BillWording, rest: Marked) -> bool:
    """Whether so many are said to share as do not: `split 4 ways @a`. `for 4 people` may well be the dish."""
    match = _WAYS.search(rest.folded)
    if match is None and heads(bill) is not None:
        match = _PEOPLE.search(rest.folded)
    if match is None:
        return False
    said = next(one for one in match.groups() if one is not None)
    return heads(bill) != (_FEW.get(said) or int(said))
