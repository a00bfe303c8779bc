"""The title of a bill: what is left of a line, without the words that only join it to the amount."""

from __future__ import annotations

import re

from laiwang_bridge.payments.lines.marking import Marked

AROUND = " \t\n\u3000\u00a0,，、;；:：-–—·|。\x02"
_LEADING = re.compile(r"\A(?:for|für|fürs|pour|de|d['’]|on)\s*(?<=\W)(?=\S)", re.IGNORECASE)
_EQUALLY = re.compile(
    r"(?<=\s)(?:(?:split|shared|geteilt|partagé) )?(?:equally|evenly|gleichmäßig|à parts égales)(?=\s*(?:\x02|\Z))",
    re.IGNORECASE,
)
_IN_ALL = re.compile(
    r"\A\s*(?:(?:in )?total|all in|insgesamt|zusammen|au total|en tout|总共|一共)(?=\s*(?:[\x02,;.]|\Z))", re.IGNORECASE
)
_FOR = re.compile(r"\A(?:for|für|fürs|pour)\s+", re.IGNORECASE)
_EMPTY = re.compile(r"[(（\[]\s*[)）\]]")
_AND_NOTHING = re.compile(r"\s(?:and|und|et|&|wurde|a été|was)\Z", re.IGNORECASE)
_LONELY = re.compile(r"(?<!\S)[.,;:，。；：=…!?！？]+(?!\S)")
_I_PAID = re.compile(
    r"\s*(?:(?:i|we|ich|wir|j['’]ai|on a|nous avons|我们|我)\s*)?(?:(?:have|hab|habe|haben|just)\s+)*"
    r"(?:paid|spent|(?:split|share)(?: (?:evenly|equally|up|the))*|payé|avancé|dépensé|réglé|bezahlt|habe?n?"
    r"|ausgelegt|vorgestreckt|付了|(?:一共|总共|总计|共)(?:花了?|用了?|付了?)"
    r"|花了|用了|垫了|total|in total|insgesamt|一共|总共)?\s*\Z",
    re.IGNORECASE,
)
_JOINING = re.compile(
    r"(?:(?<=\s)(?:was|were|is|costs?|kostete?n?|kosten|hat|haben|for|für|pour|zu|on|the|a coûté|coûte|coûtait|total)"
    r"|(?<=[\u3400-\u9fff\s])(?:一共花了|总共花了|花了|一共|总共|共计|合计|总计|总价|總價|實付|实付|共)|=|=>|[-=]>|→|…|\.{2,})\s*\Z",
    re.IGNORECASE,
)
_VERB_AT_END = re.compile(r"\s(?:bezahlt|gezahlt|ausgegeben|ausgelegt|gekostet)\s*(?=[\x02,，;；.]|\Z)", re.IGNORECASE)
_GERMAN_HAVE = re.compile(r"(?:\A|\s)(?:hat|hab|habe|haben)\s*\Z", re.IGNORECASE)


def title(marked: Marked, start: int, end: int) -> str:
    """What is left as the title when the amount is taken out; a title in quotation marks without these."""
    before, after = marked.text[:start], marked.text[end:]
    if _GERMAN_HAVE.search(before):
        after = _VERB_AT_END.sub(" ", after, count=1)
    after = _IN_ALL.sub("", _EQUALLY.sub("", after))
    is_behind_somebody = before.lstrip().startswith("\x02")
    if before.strip(AROUND) and _I_PAID.fullmatch(before):
        before = ""
    elif before.strip(AROUND):
        before = _joined(before)
    plain = f"{before}\x02{after}".strip(AROUND)
    if plain in marked.quotes:
        return clean_title(marked.quotes[plain])
    plain = " ".join(_EMPTY.sub(" ", plain.replace("\x02", " ")).split())
    plain = _LONELY.sub(" ", plain).strip(AROUND)
    plain = _AND_NOTHING.sub("", plain)
    if not before.strip(AROUND):
        plain = _LEADING.sub("", plain, count=1)
    elif is_behind_somebody:
        plain = _FOR.sub("", plain, count=1)
    shown = "".join(marked.typed.get(char, char) for char in plain)
    return clean_title(shown.strip(AROUND))


def clean_title(text: str) -> str:
    return " ".join(text.split())


def _joined(before: str) -> str:
    """A text without the words at its end that lead to the amount."""
    stripped = before
    while (match := _JOINING.search(stripped)) is not None and stripped[: match.start()].strip(AROUND):
        stripped = stripped[: match.start()]
    return stripped
