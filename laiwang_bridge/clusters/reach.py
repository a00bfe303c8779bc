"""Reach: how far a cluster may travel, how it is written, and which reach is narrower than which."""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from appservice.language import Message, _
from laiwang_bridge.people.rules import ListId

DEFAULT_HOPS = 2
MOST_HOPS = 9


class Mode(StrEnum):
    """From the narrowest to the widest: people named one by one, the initiator's lists, his friends, friends of friends
    up to a number of hops, friends of friends without end, anybody."""

    CLOSED = "closed"
    LIST = "list"
    FRIENDS = "friends"
    HOPS = "hops"
    CHAIN = "chain"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Reach:
    """A reach. `hops` (2 to 9) belongs to HOPS alone: one hop is FRIENDS. `lists` belongs to LIST alone.

    The text of a reach may go anywhere, so it never says which lists are meant.
    """

    mode: Mode
    hops: int | None = None
    lists: frozenset[ListId] = field(default=frozenset(), repr=False)

    def __post_init__(self) -> None:
        if (self.mode is Mode.HOPS) != (self.hops is not None):
            raise ValueError("a number of hops belongs to the reach hops, and to no other")
        if self.hops is not None and not DEFAULT_HOPS <= self.hops <= MOST_HOPS:
            raise ValueError(f"hops go from {DEFAULT_HOPS} to {MOST_HOPS}")
        if self.lists and self.mode is not Mode.LIST:
            raise ValueError("lists belong to the reach list, and to no other")

    def __str__(self) -> str:
        return self.mode.value if self.hops is None else f"{self.mode.value}:{self.hops}"


DEFAULT_REACH = Reach(Mode.HOPS, DEFAULT_HOPS)


class ReachProblem(StrEnum):
    """Why a text is no reach."""

    UNKNOWN = "unknown"
    HOPS = "hops"


@dataclass(frozen=True, slots=True)
class BadReach:
    """A text that is no reach, and the reach that was most likely meant."""

    problem: ReachProblem
    suggestion: Reach

    @property
    def sentence(self) -> Message:
        """For the person, with `suggestion` to fill in."""
        if self.problem is ReachProblem.HOPS:
            return _("Hops go from 1 to 9. Did you mean {suggestion}?")
        return _("A reach is closed, list, friends, hops:2, chain or open. Did you mean {suggestion}?")


_WORDS = {
    Mode.CLOSED: ("closed", "named", "private", "指定", "点名", "點名", "私密"),
    Mode.LIST: ("list", "lists", "名单", "名單", "分组", "分組"),
    Mode.FRIENDS: ("friends", "friend", "好友", "朋友"),
    Mode.HOPS: ("hops", "hop", "friends of friends", "朋友的朋友", "好友的好友"),
    Mode.CHAIN: ("chain", "接力", "连锁", "連鎖", "不限"),
    Mode.OPEN: ("open", "public", "everybody", "公开", "公開", "开放", "開放", "所有人"),
}
_MODES = {word: mode for mode, words in _WORDS.items() for word in words}
_NUMERALS = str.maketrans("一二两兩三四五六七八九", "12223456789")
_HOPS_THEN_NUMBER = re.compile(r"(?:hops?|跳)\s*[: ]?\s*(\d{1,4})")
_NUMBER_THEN_HOPS = re.compile(r"(\d{1,4})\s*(?:hops?|跳|度|层|層)")


def parse_reach(text: str) -> Reach | BadReach:
    """The reach that a text means: `hops:2`, `Friends`, `2 hops`, `朋友的朋友`, `三跳`. `hops` alone means `hops:2`."""
    word = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    mode = _MODES.get(word)
    if mode is not None:
        return DEFAULT_REACH if mode is Mode.HOPS else Reach(mode)
    numbered = word.translate(_NUMERALS)
    found = _HOPS_THEN_NUMBER.fullmatch(numbered) or _NUMBER_THEN_HOPS.fullmatch(numbered)
    if found is not None:
        return _hops(int(found[1]))
    close = difflib.get_close_matches(word, _MODES, n=1)
    meant = _MODES[close[0]] if close else Mode.HOPS
    return BadReach(ReachProblem.UNKNOWN, DEFAULT_REACH if meant is Mode.HOPS else Reach(meant))


def _hops(count: int) -> Reach | BadReach:
    if count == 0:
        return BadReach(ReachProblem.HOPS, Reach(Mode.FRIENDS))
    if count > MOST_HOPS:
        return BadReach(ReachProblem.HOPS, Reach(Mode.HOPS, MOST_HOPS))
    return Reach(Mode.FRIENDS) if count == 1 else Reach(Mode.HOPS, count)


def may_narrow(old: Reach, new: Reach) -> bool:
    """Whether nobody comes within `new` who was not within `old`. A partial order: different lists do not compare."""
    if old.mode is Mode.LIST and new.mode is Mode.LIST:
        return new.lists <= old.lists
    return _breadth(new) <= _breadth(old)


def may_change(old: Reach, new: Reach, others_joined: bool) -> bool:
    """Once others have joined, a reach may only be narrowed: they came for the audience that they saw."""
    return not others_joined or may_narrow(old, new)


def _breadth(reach: Reach) -> int:
    return tuple(Mode).index(reach.mode) * (MOST_HOPS + 1) + (reach.hops or 0)


def default_cap(reach: Reach) -> int | None:
    """How many people fit in by default; None is as many as the homeserver bears."""
    match reach.mode:
        case Mode.CLOSED:
            return 50
        case Mode.LIST:
            return 100
        case Mode.OPEN:
            return None
        case _:
            return 500


def join_rule(reach: Reach) -> Literal["invite", "public"]:
    """The room's join rule. Nobody ever knocks at it: homeservers show the room to whoever has knocked in vain."""
    return "public" if reach.mode is Mode.OPEN else "invite"


def has_porch(reach: Reach) -> bool:
    """Whether people may knock, at a porch beside the room. A porch shows the name of the cluster to anyone who holds
    its link, so the narrow ones have none."""
    return reach.mode in (Mode.FRIENDS, Mode.HOPS, Mode.CHAIN)
