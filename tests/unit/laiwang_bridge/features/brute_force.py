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
    mutes: list[Row]
    named: list[Row]
    lists: list[Row]
    listed: list[Row]
    lines: list[Row]
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
            mutes=list(await town.rows("mute")),
            named=list(await town.rows("cluster_named")),
            lists=list(await town.rows("cluster_list")),
            listed=list(await town.rows("friend_list_member")),
            lines=list(await town.rows("cluster_line")),
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
        """Friends inside who are loud towards him, from before the cluster, and no block between."""
        friends = self.friends(person)
        return {
            other
            for other, stay in self.inside(cluster).items()
            if (stay["exposure"] == "loud" or self.on_list(stay["exposed_to"], person))
            and friends.get(other, cluster["created_at"] + 1) <= cluster["created_at"]
            and not self.blocked(person, other)
        }

    def on_list(self, list: int | None, person: int) -> bool:
        return any((row["list"], row["person"]) == (list, person) for row in self.listed)

    def has_muted(self, person: int, other: int | None) -> bool:
        return any((row["person"], row["muted"]) == (person, other) for row in self.mutes)

    def is_chosen(self, cluster: Row, person: int) -> bool:
        """Named for a closed cluster, or on a list that it is for."""
        key = {"cluster": cluster["id"]}
        if cluster["reach"] == "closed":
            return {**key, "person": person} in [dict(row) for row in self.named]
        return any(row["cluster"] == cluster["id"] and self.on_list(row["list"], person) for row in self.lists)

    def near(self, cluster: Row, person: int) -> set[int]:
        """Those through whom somebody may come in, whatever he has muted."""
        mode, _, hops = cluster["reach"].partition(":")
        near = self.sponsors(cluster, person)
        if mode == "friends":
            return near & {cluster["initiator"]}
        return {other for other in near if mode == "chain" or self.inside(cluster)[other]["hop"] < int(hops)}

    def shown(self, cluster: Row, person: int) -> set[int]:
        """The friends whom a card may name."""
        return {other for other in self.sponsors(cluster, person) if not self.has_muted(person, other)}

    def may_enter(self, cluster: Row, person: int) -> bool:
        seats = len(self.inside(cluster)) + len(self.invited(cluster))
        banned = any(row["person"] == person and row["cluster"] == cluster["id"] for row in self.bans)
        if person in self.inside(cluster) or cluster["lifecycle"] != "open" or banned:
            return False
        if self.blocked(person, cluster["initiator"]):
            return False
        if seats >= cluster["cap"] and person not in self.invited(cluster):
            return False
        if person == cluster["initiator"]:
            return True
        if cluster["reach"] in ("closed", "list"):
            return self.is_chosen(cluster, person)
        return bool(self.near(cluster, person))

    def is_shown(self, cluster: Row, person: int) -> bool:
        """Whether a cluster may be brought to somebody who has not hidden it."""
        if not self.may_enter(cluster, person) or person == cluster["initiator"]:
            return False
        if cluster["reach"] in ("closed", "list"):
            return not self.has_muted(person, cluster["initiator"])
        return any(not self.has_muted(person, other) for other in self.near(cluster, person))

    def expected(self, cluster: Row, person: int, card: Row | None) -> str | None:
        """How the card of a person has to stand; None if there may be none."""
        if person in self.inside(cluster):
            return "inside"
        if card is not None and card["state"] == "muted":
            return "muted"
        if card is None:
            return None
        return "offered" if self.is_shown(cluster, person) else "gone"

    def card(self, cluster: Row, person: int) -> Row | None:
        found = (row for row in self.cards if row["person"] == person and row["cluster"] == cluster["id"])
        return next(found, None)
