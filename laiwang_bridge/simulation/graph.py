"""A made-up server: who is whose friend.

Most friends of somebody live near him and know each other too; some live anywhere, which makes the world small (Watts
and Strogatz, "Collective dynamics of 'small-world' networks", 1998). Unlike there, people differ in how many friends
they have, and many of them have few: those with many carry a cluster further than an average would tell.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from laiwang_bridge.people.rules import PersonId

_NEAR = 0.8
"""The share of friendships between neighbours."""


@dataclass(frozen=True, slots=True)
class Town:
    """People 0, 1, … and the friends of each, in order."""

    friends: tuple[tuple[PersonId, ...], ...] = field(repr=False)

    @property
    def size(self) -> int:
        return len(self.friends)

    @property
    def mean_friends(self) -> float:
        return sum(map(len, self.friends)) / self.size

    def friends_of(self, person: PersonId) -> tuple[PersonId, ...]:
        return self.friends[person]


def fewest_people(friends: int) -> int:
    """How many people there have to be for neighbours to be few among all."""
    return 4 * friends


def small_world(people: int, friends: int, seed: int) -> Town:
    """A town of so many people with about so many friends each (the mean); the same for the same arguments.

    Raises ValueError where `people` are less than `fewest_people`, or `friends` less than 1.
    """
    if friends < 1 or people < fewest_people(friends):
        raise ValueError(f"{friends} friends each need at least 1 friend and {fewest_people(friends)} people")
    chance = Random(f"town {people} {friends} {seed}")
    known: list[set[int]] = [set() for _ in range(people)]
    for one in range(people):
        for _ in range(_begun(friends, chance)):
            other = _neighbour(one, people, friends, chance) if chance.random() < _NEAR else _anybody(people, chance)
            if other == one or other in known[one]:
                other = _anybody(people, chance)
            if other != one:
                known[one].add(other)
                known[other].add(one)
    return Town(tuple(tuple(PersonId(other) for other in sorted(each)) for each in known))


def _begun(friends: int, chance: Random) -> int:
    """How many friendships somebody begins: each is counted by two, so half of the mean; at least one."""
    return max(1, round(chance.expovariate(2 / friends)))


def _neighbour(one: int, people: int, friends: int, chance: Random) -> int:
    """One of the next `friends` people on either side, who live in a ring."""
    distance = 1 + int(chance.random() * friends)
    return (one + (distance if chance.random() < 0.5 else -distance)) % people


def _anybody(people: int, chance: Random) -> int:
    return int(chance.random() * people)
