"""Where numbers stand in a text: where one may begin and end, and whether it looks like an amount or like a count."""

from __future__ import annotations

import re
import unicodedata
from enum import Enum

from appservice.language import contains_han
from laiwang_bridge.payments.money.atoms import CUT, Atom, is_latin
from laiwang_bridge.payments.money.numerals import CHINESE

_OPENING = "([{<（「《"
_CLOSING = ")]}>）」》"
_WIDE_CLOSING = "】）」》"
_PAUSES = ",，、;；:：!！?？…–—|~=。"
_COUNTED = re.compile(
    "(?:个|個|人|位|天|晚|夜|次|回|杯|瓶|份|碗|盘|張|张|件|号|號|楼|層|层|路|点|點|月|日|年|岁|歲|届|周|週|星期|排|桌|间|間|"
    "栋|幢|单元|只|折|度|室(?![内外友])|條|条|本|双|套|台|辆|斤|克|千克|公斤|公里|米|升|小时|小時|分钟|秒|步|场|場|罐|包(?![邮郵车車场場])|袋|盒|串|根|口|家|种|代|线|線|环|环路|寸)"
    r"|\s?(?:people|persons?|ppl|pax|guests?|friends|adults?|kids|children|personen|leute|gäste|freunde|kinder"
    r"|personnes?|gens|amis|enfants|adultes|nights?|days?|weeks?|months?|years?|hours?|hrs?|min|minutes?|nächte|tage?|"
    r"wochen?|stunden?|uhr|o'clock|nuits?|jours?|semaines?|mois|heures?|kg|g|ml|cl|km|cm|mm|erwachsenen?|kind|minuten?|sekunden?|senioren|l|lbs?|oz|gb|tb|mb|zoll|inch|inches|pack|adults?|child|kids?|seniors?|students?)(?![^\W_]|['’])"
    r"|\.\s(?:klasse|stock|etage|og|ug|reihe|rang|runde|geburtstag|mal|advent|semester|etappe|liga|bezirk)(?![^\W_])"
    r"|\s?(?:ways|of us|von uns|d['’]entre nous)(?![^\W_])|\s[x×]\s(?!\(?[0-9])"
)
_COUNTED_BY_PIECES = re.compile("[一二两兩三四五六七八九][块塊](?![钱錢半零一二两兩三四五六七八九])[\u3400-\u9fff]")
_OF_K = re.compile(
    r"k\s(?:run|race|jog|walk|marathon|fun run|charity|lauf|staffel|course|trail|tv|television|monitor|video|screen"
    r"|display|fernseher|blu-?ray|film|movie|camera|kamera)(?![^\W_])"
)
"""A length, or a picture: `10k run`, `4k tv`."""
_PEOPLE = re.compile("个?人|個人|位")
_ABOUT = "多几幾来來余餘"
_POINTS = "点點"
_MORE_COINS = re.compile(f"[0-9{CHINESE}半]+")
_ORDINAL = "第周週"
_WRITTEN_OUT = re.compile(f"[{CHINESE}]+[百千万萬佰仟][{CHINESE}]*")
"""`一百二`, `两千`: what else ends a word so is rare."""
_NO_START = "第几幾数數初成过過近上约約点點长長小大"


class Kind(Enum):
    """How much a number looks like an amount: it stands with a currency, alone, or with what it counts."""

    MARKED = "marked"
    BARE = "bare"
    COUNT = "count"


def goes_on(folded: str, end: int) -> bool:
    """Whether behind `3块` more digits follow that count nothing else: perhaps they are part of it."""
    more = _MORE_COINS.match(folded, end) if contains_han(folded[end - 1]) else None
    return more is not None and not _PEOPLE.match(folded, more.end())


def kind_of(folded: str, start: int, end: int, atoms: tuple[Atom, ...]) -> Kind:
    if len(atoms) == 1 and atoms[0].is_chinese and _COUNTED_BY_PIECES.match(folded, start):
        return Kind.COUNT
    if any(not name.is_doubtful for atom in atoms for name in atom.names):
        return Kind.MARKED
    if len(atoms) == 1 and not atoms[0].names and _OF_K.match(folded, end - 1):
        return Kind.COUNT
    if _COUNTED.match(folded, end) or folded[start - 1 : start] in tuple(_ORDINAL):
        return Kind.COUNT
    return Kind.BARE


def is_possible_alone(folded: str, start: int, end: int, atom: Atom) -> bool:
    """Chinese numerals are found in many words (三里屯): without a currency they must be a word of their own."""
    if not atom.is_chinese or atom.names:
        return True
    before, after = folded[start - 1 : start] if start else "", folded[end : end + 1]
    if contains_han(after):
        return False
    return not contains_han(before) or bool(_WRITTEN_OUT.fullmatch(folded, start, end) and before not in _NO_START)


def begins(folded: str, start: int) -> bool:
    """Whether a number may begin here: not within a word, a time of day, a fraction, a date."""
    if start == 0:
        return True
    before = folded[start - 1]
    if before in _POINTS and (folded[start - 2 : start - 1].isdigit() or folded[start - 2 : start - 1] in CHINESE):
        return False
    if before.isspace() or before == CUT or before in _OPENING or contains_han(before) or ord(before) >= 0xF0000:
        return True
    if before in _WIDE_CLOSING:
        return True
    earlier = folded[start - 2 : start - 1]
    if unicodedata.category(before) == "So":
        return True
    return before in _PAUSES and not earlier.isdigit()


def ends(folded: str, end: int) -> bool:
    """Whether a number may end here."""
    if end >= len(folded):
        return True
    after, later = folded[end], folded[end + 1 : end + 2]
    if after in _ABOUT or (after in _POINTS and later.isdigit()):
        return False
    if contains_han(folded[end - 1]) or unicodedata.category(after) == "So":
        return after not in "%％"
    if after in "-*=~\u2013":
        return not later or later.isspace()
    if after.isspace() or after == CUT or after in _CLOSING or contains_han(after) or ord(after) >= 0xF0000:
        return True
    if after == ".":
        return not later or later.isspace() or later == CUT or contains_han(later)
    if after in _PAUSES:
        return not later.isdigit() or after in "，、；。"
    return not is_latin(after) and folded[end - 1] in "€$£¥￥₹₩" and not after.isdigit() and after not in "%/*+-"
