"""The cards as they have to be, worked out from the bare tables and the definitions, without a query of the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.unit.laiwang_bridge.features.town import Town

Row = Mapping[str, Any]


@dataclass
class Tables:
    """Everything that counts, as rows."""

    clusters: list[Row]
    stays: list[Row]
    invitations: list[Row]
    bans: list[Row]
    cards: list[Row]
    friendships: list[Row]
    blocks: list[Row]
    users: dict[int, str]

    @classmethod
    async def of(cls, town: Town) -> Tables:
        users = {row["person"]: row["user_id"] for row in await town.rows("matrix_id")}
        return cls(
            clusters=list(await town.rows("cluster")),
            stays=list(await town.rows("stay")),
            invitations=list(await town.rows("cluster_invitation")),
            bans=list(await town.rows("cluster_ban")),
            cards=list(await town.rows("cluster_card")),
            friendships=list(await town.rows("friendship")),
            blocks=list(await town.rows("block")),
            users=users,
        )

    def inside(self, cluster: Row) -> dict[int, Row]:
        return {row["person"]: row for row in self.stays if row["cluster"] == cluster["id"] and row["left_at"] is None}

    def invited(self, cluster: Row) -> set[int]:
        return {row["person"] for row in self.invitations if row["cluster"] == cluster["id"]}

    def blocked(self, one: int, other: int | None) -> bool:
        return any({row["person"], row["blocked"]} == {one, other} for row in self.blocks)

    def friends(self, one: int) -> dict[int, int]:
        return {row["friend"]: row["since"] for row in self.friendships if row["person"] == one}

    def sponsors(self, cluster: Row, person: int) -> set[int]:
        """Loud friends inside, from before the cluster, and no block between."""
        friends = self.friends(person)
        return {
            other
            for other, stay in self.inside(cluster).items()
            if stay["exposure"] == "loud"
            and friends.get(other, cluster["created_at"] + 1) <= cluster["created_at"]
            and not self.blocked(person, other)
        }

    def may_enter(self, cluster: Row, person: int) -> bool:
        seats = len(self.inside(cluster)) + len(self.invited(cluster))
        banned = any(row["person"] == person and row["cluster"] == cluster["id"] for row in self.bans)
        if person in self.inside(cluster) or cluster["lifecycle"] != "open" or banned:
            return False
        if self.blocked(person, cluster["initiator"]):
            return False
        if seats >= cluster["cap"] and person not in self.invited(cluster):
            return False
        hops = int(cluster["reach"].partition(":")[2])
        near = (self.inside(cluster)[other]["hop"] < hops for other in self.sponsors(cluster, person))
        return person == cluster["initiator"] or any(near)

    def expected(self, cluster: Row, person: int, card: Row | None) -> str | None:
        """How the card of a person has to stand; None if there has to be none."""
        if person in self.inside(cluster):
            return "inside"
        if card is not None and card["state"] == "muted":
            return "muted"
        if self.may_enter(cluster, person) and person != cluster["initiator"]:
            return "offered"
        return None if card is None else "gone"

    def card(self, cluster: Row, person: int) -> Row | None:
        found = (row for row in self.cards if row["person"] == person and row["cluster"] == cluster["id"])
        return next(found, None)
