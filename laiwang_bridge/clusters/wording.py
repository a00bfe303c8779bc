"""The one line that begins a cluster: what in it says how far it may go, and what is the topic.

    weekend hike?                 the topic alone
    friends: weekend hike?        a reach and a colon before it; 好友：周末爬山？ just so
    hops:3 weekend hike?          closed, chain, open and hops need no colon
    work: lunch?                  a list of the initiator's, or several: 同学、家人：聚餐
    @ann @bo: surprise party      people: closed, for these alone
    "open mic night"              in quotation marks, all of it is the topic

Only reaches, lists that there are, and people count: whatever else stands before a colon belongs to the topic.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from appservice.bots.line import Line, fold
from laiwang_bridge.clusters.reach import BadReach, Mode, Reach, parse_reach
from laiwang_bridge.people.rules import ListId


@dataclass(frozen=True, slots=True)
class Wording:
    """What such a line says. `reach` None is whatever is usual. `people` are those named, by their ids or, after an @,
    by what they are called. `guessed` is a word that was taken for the reach and might belong to the topic."""

    topic: str
    reach: Reach | BadReach | None = None
    people: tuple[str, ...] = ()
    guessed: str | None = None


Lists = Mapping[str, ListId]
"""The initiator's lists by their names, as `list_key` has these."""

_CLOSED = Reach(Mode.CLOSED)
_WITHOUT_COLON = frozenset((Mode.CLOSED, Mode.CHAIN, Mode.OPEN))
_FARTHEST_COLON = 120
_BETWEEN = " \t\u3000,，、;；&+"
_AND = re.compile(r"\s*[,，、;；&+]\s*|\s+and\s+|\s*[和与與及]\s*")
_HOPS = re.compile(r"(?:hops?|跳)\s*[: ]?\s*(?:\d{1,4}|[一二两兩三四五六七八九])(?=[\s:]|$)")
_USER = re.compile(r"@[^\s:@]*:(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]*[A-Za-z0-9])(?::\d{1,5})?(?=[\s:：,，、;；&+]|$)")
_NAME = re.compile(r"@[^\s:：@,，、;；&+]+")


def read(line: Line, start: int, lists: Lists, *, has_seed: bool = False) -> Wording:
    """Read the line from `start` on. With a seed beside it (`has_seed`), there may be no topic behind the reach."""
    begin = _past(line.text, start, " \t\u3000")
    text = line.text.rstrip()
    if len(text) > begin + 2 and text[begin] == text[-1] == '"' and '"' not in text[begin + 1 : -1]:
        return Wording(text[begin + 1 : -1].strip())
    found = _named(line, begin) or _hops(text, begin) or _before_colon(text, begin, lists) or _first_word(text, begin)
    if found is None or not (found.topic or has_seed):
        return Wording(text[begin:])
    return found


def read_people(line: Line, start: int) -> tuple[str, ...]:
    """The people at the beginning of what stands there."""
    return _people(line, start)[0]


def read_reach(text: str, lists: Lists) -> Reach | BadReach:
    """The reach that a text means on its own: the words of `parse_reach`, or lists."""
    chosen = _chosen(text, lists)
    return Reach(Mode.LIST, lists=chosen) if chosen else parse_reach(text)


def list_key(name: str) -> str:
    """The name of a list for comparing: whatever its width, case and spaces."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _named(line: Line, begin: int) -> Wording | None:
    """`@ann @bo: topic`, `closed @ann topic`."""
    start, is_closed = begin, False
    first = _word(line.text, begin)
    reach = parse_reach(first.rstrip(":："))
    if isinstance(reach, Reach) and reach.mode is Mode.CLOSED:
        start, is_closed = _past(line.text, begin + len(first), _BETWEEN + ":："), True
    people, end = _people(line, start)
    behind = _past(line.text, end, " \t\u3000")
    if not people or not (is_closed or line.text[behind : behind + 1] in (":", "：") or behind == len(line.text)):
        return None
    return Wording(line.text[_past(line.text, behind, ":： \t\u3000") :].strip(), _CLOSED, people)


def _people(line: Line, start: int) -> tuple[tuple[str, ...], int]:
    """Those named from a place on, and where that ends."""
    pills = {pill.start: pill for pill in line.pills}
    found: list[str] = []
    end = position = start
    while position < len(line.text):
        pill = pills.get(position)
        match = None if pill else _USER.match(line.text, position) or _NAME.match(line.text, position)
        if pill is None and match is None:
            break
        found.append(pill.user if pill else match[0] if match else "")
        end = pill.end if pill else match.end() if match else position
        position = _past(line.text, end, _BETWEEN)
    return tuple(dict.fromkeys(found)), end


def _hops(text: str, begin: int) -> Wording | None:
    found = _HOPS.match(fold(text), begin)
    if found is None:
        return None
    return Wording(text[_past(text, found.end(), ":： \t\u3000") :], parse_reach(text[begin : found.end()]))


def _before_colon(text: str, begin: int, lists: Lists) -> Wording | None:
    """`friends: topic`, `work、family: topic`."""
    colon = next((at for at, sign in enumerate(text[begin : begin + _FARTHEST_COLON], begin) if sign in ":："), None)
    if colon is None or "\n" in text[begin:colon]:
        return None
    reach = read_reach(text[begin:colon], lists)
    is_known = isinstance(reach, Reach) and (reach.mode is not Mode.LIST or reach.lists)
    return Wording(text[colon + 1 :].strip(), reach) if is_known else None


def _first_word(text: str, begin: int) -> Wording | None:
    """`chain topic`: could be a topic too, which is why the word is told."""
    word = _word(text, begin)
    reach = parse_reach(word)
    if not isinstance(reach, Reach) or reach.mode not in _WITHOUT_COLON:
        return None
    topic = text[begin + len(word) :].strip()
    return Wording(topic, reach, guessed=word if topic else None)


def _chosen(text: str, lists: Lists) -> frozenset[ListId]:
    """The lists that a text names, all of them; none if anything in it is no list."""
    whole = lists.get(list_key(text))
    if whole is not None:
        return frozenset((whole,))
    found = [lists.get(list_key(piece)) for piece in _AND.split(text.strip())]
    return frozenset(one for one in found if one is not None) if None not in found else frozenset()


def _word(text: str, begin: int) -> str:
    end = begin
    while end < len(text) and not text[end].isspace():
        end += 1
    return text[begin:end]


def _past(text: str, position: int, skipped: str) -> int:
    while position < len(text) and text[position] in skipped:
        position += 1
    return position
