"""Private lists of friends: what is true of them. A list is seen by its owner alone."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from laiwang_bridge.people.readable import readable
from laiwang_bridge.people.rules import Exposure, ListId, PersonId

LONGEST_NAME = 40
_WORK = frozenset("work job office colleagues coworkers team company business boss clients customers".split())  # noqa: SIM905
_WORK_IN_CHINESE = ("同事", "工作", "公司", "单位", "办公", "职场", "生意", "客户", "领导", "老板")


@dataclass(frozen=True, slots=True)
class FriendList:
    """A named subset of somebody's friends. `exposure` is how the owner wants to be seen in a cluster that these
    friends could see him in; None is as he is seen elsewhere."""

    id: ListId
    owner: PersonId
    name: str
    exposure: Exposure | None = None


def folded(name: str) -> str:
    """The name for comparing: in one case and one width."""
    return readable(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", readable(name)).casefold()))


def exposure_at_first(name: str) -> Exposure | None:
    """How a new list of this name begins: work and acquaintances do not mix unless the owner wants it."""
    known_as = folded(name)
    is_work = not _WORK.isdisjoint(known_as.replace("-", " ").split())
    return Exposure.QUIET if is_work or any(mark in known_as for mark in _WORK_IN_CHINESE) else None
