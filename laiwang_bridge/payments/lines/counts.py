"""Numbers in a line that count or name something: `3 beers 12`, `iPhone 15 case 20`, `pizza for 4 40`, `bus 42 3.20`.

Such a number is left aside only where another one is the amount, and only where no two prices can be meant: what may be
a list of prices, as `beer 15 pizza 20`, is asked about.
"""

from __future__ import annotations

import re

from laiwang_bridge.payments.lines.amounts import Found
from laiwang_bridge.payments.lines.marking import Marked
from laiwang_bridge.payments.money.number_places import Kind

_NAMES_OF_THINGS = (
    "gate|pier|route|interstate|autobahn|autoroute|bundesstraße|size|größe|taille|formula|formel|macbook|ps|version|apollo"
    "|category|group|gruppe|groupe|halle|hall|stand|booth|terminal|platform|studio|area|iphone|ipad|pixel|galaxy|windows|playstation|xbox|season|episode"
    "|chapter|volume|vol|zone|exit|highway|track|class|level|grade|bahncard|gleis|folge|staffel|tor|teil|band|ausgang"
    "|ligne|métro|metro|quai|voie|porte|saison|épisode|tome|chapitre|zone|linie|line|nr|no|numéro|n°|tag|day|woche|week"
)
"""What a number behind it belongs to: nobody pays for these by themselves."""
_PERHAPS_BOUGHT = (
    "room|table|seat|bus|tram|train|flight|row|unit|apt|apartment|floor|locker|box|court|lane|zimmer|tisch|platz|haus"
    "|wohnung|flug|zug|chambre|table|salle|siège|vol|train|appt|appartement|étage|place"
)
"""What may have a number as well as a price."""
_ROOMS = "room|zimmer|chambre|apt|apartment|appartement|wohnung|haus|suite|unit|flat|cabin|table|tisch"
_OF_A_ROOM = (
    "key|keys|keycard|deposit|snacks?|drinks|food|groceries|supplies|cleaning|wifi|internet|rent|bill|fee|charge|tab|laundry|electricity|water|gas|damage"
    "|party|kaution|schlüssel|reinigung|miete|strom|kurtaxe|endreinigung|nebenkosten|caution|clé|clef|ménage|loyer|taxe|électricité"
)
"""What is paid for a room beside its price: then the number before it is the room's."""
_NUMBERED_NAMES = re.compile(
    r"(?<![^\W_])(?:forever 21|blink 182|sum 41|maroon 5|the 1975|studio 54|pier 39|heinz 57|motel 6|super 8|level 42"
    r"|jackson 5|matchbox 20|catch 22|district 9|terminal 21|ocean['’]?s (?:8|11|12|13)|7[ -]eleven|5 guys|4 seasons"
    r"|wd[ -]40|chanel (?:no )?5|12 angry men|50 shades|101 dalmatians|8 mile|24 hour fitness|99 ranch|area 51"
    r"|31 flavors|channel 4|schalke 04|hannover 96|mainz 05|bayer 04|1860 münchen|canal 11)(?![^\W_])|[双雙]1[12]"
)
"""Names that have a number in them."""
_UNITS = (
    "tickets?|bowls?|beds?|betten|lits|karten?|seats?|places|plätze|flaschen?|bottles?|bouteilles?|stück|stk|pieces?|pcs|boxes|packs?|packungen"
    "|kästen|kasten|kisten?|dosen?|cans?|canettes?|tüten?|gläser|glas|glasses|cups?|becher|tassen?|verres?|tasses?"
    "|billets?|entrées?|slices?|rounds?|runden?|rides?|fahrten|trips?|games?|gallons?|liters?|litres?|liter|portionen"
    "|portions?|plates?|assiettes?|parts|cartes?|paquets?|kilos?|pounds?|lbs?|adults?|child|kids?|children|erwachsene"
)
_GOODS = (
    "beers?|pints?|coffees?|pizzas?|burgers?|cokes?|colas?|kebabs?|wraps?|bagels?|teas?|wines?|lattes?|cocktails?|eggs?"
    "|bier|biere|pizzen|kaffee|kaffees|döner|wein|weine|eis|tee|schnitzel|brötchen|brezeln?|semmeln?|cappuccino|espresso"
    "|weißbier|radler|schorlen?|burger|eier|äpfel|menüs?|menus?|bières?|cafés?|thés?|vins?|croissants?|baguettes?"
    "|crêpes?|sandwich(?:e?s)?|sushi|ramen|tacos?|glaces?|currys?|curries"
)
_NOT_SEVERAL = frozenset(("windows", "news", "series", "plus", "minus", "gas", "paris", "swiss", "christmas", "wales"))
_BETWEEN = (
    r"(?!(?:for|on|at|with|and|or|from|für|zu|mit|und|oder|am|um|pour|à|avec|et|ou|de|du)\s)[^\W\d_][^\W\d_'’-]*\s+"
)
_THING = re.compile(
    rf"\s?(?P<more>(?:{_BETWEEN}){{0,2}})"
    rf"(?:(?P<unit>{_UNITS})|(?P<good>{_GOODS})|(?P<several>[^\W\d_]{{3,}}(?:s|x)))(?![^\W\d_])"
)
_WORD_OR_TWO = re.compile(rf"\s(?:{_BETWEEN}){{1,2}}")
_GERMAN_SEVERAL = re.compile(r"\s[A-ZÄÖÜ][a-zäöüß]{3,}(?:en|er|e)(?![^\W\d_])")
_ROOM = re.compile(rf"(?<![^\W\d_])(?:{_ROOMS})\s\Z")
_AT_ROOM = re.compile(rf"\s(?:{_OF_A_ROOM})(?![^\W\d_])")
_AND_SO_MANY = re.compile(r"(?:\s+(?:and|und|et|plus)\s+|\s*[,，&+、]\s*)\Z")
_MORE_THINGS = re.compile(rf"\s?(?:{_BETWEEN}){{0,2}}[^\W\d_][^\W\d_'’-]*")
_COMPANIONS = re.compile(r"\s(?:and|und|et|with|mit|avec|&|plus)(?:\s[^\W\d_][^\W\d_'’-]*){1,4}\s*")
_LABEL = re.compile(rf"(?<![^\W\d_])(?:{_NAMES_OF_THINGS})\s\Z")
_MAYBE_LABEL = re.compile(rf"(?<![^\W\d_])(?:{_PERHAPS_BOUGHT})\s\Z")
_NAME_BEFORE = re.compile(r"[A-Z][^\W\d_]*\s\Z")
_HEADS = re.compile(r"\S\s+(?:for|für|pour)\s+\Z|\A\s*(?:for|für|pour)\s+\Z")
_SO_MANY_AT = re.compile(r"(?<![\w.,])[0-9]+\s?[^\W\d_]+(?:\s[^\W\d_]+)?\s+(?:at|à)\s+\Z")
_AT_A_TIME = re.compile(r"(?<![^\W\d_])(?:at|um|gegen|à|vers)\s+\Z")
_TIME = re.compile(r"(?:[01]?[0-9]|2[0-3])\.[0-5][05]\Z")
_PRICE_BEHIND = re.compile(r"[\s\x02]*(?:(?:for|zu|für|pour|=|[:：,，-]|->|→)\s*)?\Z")
_BEFORE_A_COUNT = re.compile(r"[\s\x02]*(?:(?:for|für|pour|on|de|and|und|et|&|\+|,)\s*)?\Z")
_PRICE = re.compile(r"[0-9]+[.,][0-9]{2}\Z")
_MOST_COUNTED, _MOST_NAMED, _FEW, _DOZEN = 48, 1000, 4, 12
_TEN, _MOST_ROOMS, _MOST_NUMBERS = 10, 3000, 30


def without_counts(numbers: list[Found], marked: Marked) -> list[Found]:
    """The numbers of a text that can be its amount. They are all left if none or all of them seem to be counts."""
    if len(numbers) > _MOST_NUMBERS:
        return numbers
    left = _without_lists(numbers, marked)
    for is_count in (_is_named, _is_counted, _is_heads, _is_time):
        if len(left) < 2:
            break
        kept = [
            one for one in left if not _is_whole(one, marked, is_count is _is_time) or not is_count(one, left, marked)
        ]
        left = kept or left
    return left


def _is_whole(one: Found, marked: Marked, as_time: bool) -> bool:
    """Whether it is written as counts are, or as a time of day."""
    written = marked.folded[one.start : one.end]
    return one.kind is Kind.BARE and (bool(_TIME.match(written)) if as_time else written.isdigit())


def _is_named(one: Found, numbers: list[Found], marked: Marked) -> bool:
    """`gate 12 coffee 6`; `room 12 80`, `3.20 bus 42`, `BahnCard 25 62,90`."""
    before = marked.folded[: one.start]
    if _LABEL.search(before):
        return _value(one, marked) < _MOST_NAMED
    if any(name.start() <= one.start < name.end() for name in _NUMBERED_NAMES.finditer(marked.folded)):
        return True
    others = [other for other in numbers if other is not one]
    if _ROOM.search(before) and len(others) == 1 and _is_room(one, marked):
        return _is_last(others[0], marked) or _is_first(others[0], marked)
    behind = [
        other
        for other in others
        if not marked.folded[one.end : other.start].strip(" \x02:：-") and other.start >= one.end
    ]
    if _MAYBE_LABEL.search(before):
        return len(others) == 1 and bool(behind or _is_first(others[0], marked))
    return (
        len(others) == 1
        and bool(behind)
        and _is_price(behind[0], marked)
        and bool(_NAME_BEFORE.search(marked.text[: one.start]))
    )


def _is_room(one: Found, marked: Marked) -> bool:
    """`Room 204 deposit`, `table 7 drinks`: no price is meant. `room 80 breakfast` may be one."""
    value = _value(one, marked)
    is_like_a_price = value >= _TEN and (value % 5 == 0 or value % 10 == 9)
    return not is_like_a_price and value < _MOST_ROOMS and bool(_AT_ROOM.match(marked.folded, one.end))


def _without_lists(numbers: list[Found], marked: Marked) -> list[Found]:
    """`2 coffees and 1 tea 11`: without what several things are counted by; a comma or a word joins them."""
    counts, whole = numbers[:-1], numbers[-1]
    if len(counts) < 2 or not _is_last(whole, marked) or not _is_first(counts[0], marked):
        return numbers
    for one, following in zip(counts, numbers[1:], strict=True):
        between = marked.folded[one.end : following.start]
        joined = _AND_SO_MANY.search(between) if following is not whole else None
        words = between[: joined.start()] if joined else between.rstrip(" :：-")
        is_few = (
            one.kind is Kind.BARE
            and marked.folded[one.start : one.end].isdigit()
            and 1 <= _value(one, marked) <= _DOZEN
        )
        if not is_few or (joined is None and following is not whole) or not _MORE_THINGS.fullmatch(words):
            return numbers
    is_enough = _is_price(whole, marked) or _value(whole, marked) * 2 > 3 * sum(_value(one, marked) for one in counts)
    return [whole] if is_enough else numbers


def _is_counted(one: Found, numbers: list[Found], marked: Marked) -> bool:
    """`3 beers 12`, `12 for 3 beers`, `Kino 4 Karten 48`."""
    others = [other for other in numbers if other is not one]
    thing = _thing(one, marked) or _any_thing(one, others[0], marked)
    if thing is None or len(others) != 1 or not 1 <= _value(one, marked) <= _MOST_COUNTED:
        return False
    other, (end, is_unit) = others[0], thing
    if _thing(other, marked) is not None and not _is_price(other, marked):
        return False
    if other.end <= one.start:
        return _is_first(other, marked) and bool(_BEFORE_A_COUNT.match(marked.folded[other.end : one.start]))
    is_first = _is_first(one, marked)
    is_next = bool(_PRICE_BEHIND.match(marked.folded[end : other.start])) and other.start >= end
    if is_first and _is_last(other, marked) and _COMPANIONS.fullmatch(marked.folded[end : other.start]):
        return _is_price(other, marked) or _value(other, marked) >= 2 * _value(one, marked)
    is_few = is_first or _value(one, marked) <= _FEW
    if not (is_unit and is_few and _is_last(other, marked)) and not (is_first and is_next):
        return False
    return _is_price(other, marked) or _value(one, marked) <= _value(other, marked)


def _is_heads(one: Found, numbers: list[Found], marked: Marked) -> bool:
    """`pizza for 4 40`, `40 pizza for 4`."""
    others = [other for other in numbers if other is not one]
    if not _HEADS.search(marked.folded[: one.start]) or not 2 <= _value(one, marked) <= 30 or len(others) != 1:
        return False
    other = others[0]
    thing = _thing(other, marked)
    if thing is not None and other.kind is Kind.BARE and marked.folded[thing[0] - 1] == "s":
        return False
    is_next = other.start >= one.end and not marked.folded[one.end : other.start].strip(" \x02,:")
    return is_next or (_is_first(other, marked) and _is_last(one, marked))


def _is_time(one: Found, numbers: list[Found], marked: Marked) -> bool:
    """`dinner at 8.30 60`."""
    before = marked.folded[: one.start]
    return bool(_AT_A_TIME.search(before)) and not _SO_MANY_AT.search(before)


def _thing(one: Found, marked: Marked) -> tuple[int, bool] | None:
    """Where the thing ends that a number may count, and whether it is a unit, which is nothing to buy by itself."""
    match = _THING.match(marked.folded, one.end)
    if match is not None:
        word = match["unit"] or match["good"] or match["several"]
        is_plural = not word.endswith(("ss", "us", "is")) and word not in _NOT_SEVERAL
        if match["several"] is None or is_plural:
            return match.end(), match["unit"] is not None
    german = _GERMAN_SEVERAL.match(marked.text, one.end)
    if german is None or _LABEL.search(marked.folded[one.end : german.end()] + " "):
        return None
    return None if _MAYBE_LABEL.search(marked.folded[one.end : german.end()] + " ") else (german.end(), False)


def _any_thing(one: Found, other: Found, marked: Marked) -> tuple[int, bool] | None:
    """`2 Spezi 8`, `2 Maß 27,60`: a small number, a word or two, and a price at the end, large enough for it."""
    words = marked.folded[one.end : other.start] if one.end <= other.start else ""
    if not _is_first(one, marked) or not _is_last(other, marked) or not _WORD_OR_TWO.fullmatch(words):
        return None
    most = _DOZEN if _is_price(other, marked) and "," in marked.folded[other.start : other.end] else _FEW
    is_enough = _is_price(other, marked) or _value(other, marked) >= 2 * _value(one, marked)
    return (other.start, False) if 2 <= _value(one, marked) <= most and is_enough else None


def _value(one: Found, marked: Marked) -> int:
    written = marked.folded[one.start : one.end]
    if written.isdigit():
        return int(written)
    return max((reading.money.minor // reading.money.currency.scale for reading in one.readings), default=0)


def _is_price(one: Found, marked: Marked) -> bool:
    """Whether it is written as only money is."""
    if one.kind is Kind.MARKED:
        return True
    written = marked.folded[one.start : one.end]
    return bool(_PRICE.match(written)) and ("," in written or not _TIME.match(written) or not written.startswith("0"))


def _is_first(one: Found, marked: Marked) -> bool:
    return not marked.text[: one.start].strip(" \t\n\x02,:：-")


def _is_last(one: Found, marked: Marked) -> bool:
    return not marked.text[one.end :].strip(" \t\n\x02,.!。")
