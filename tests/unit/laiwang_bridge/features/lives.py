"""People who do anything at any time: steps for random lives in a town."""

from __future__ import annotations

from dataclasses import dataclass, field

from mautrix.types import RoomID

from appservice.effects import Invite, Kick
from tests.unit.laiwang_bridge.features.town import BOT, HOUR, MINUTE, Person, Town

NAMES = ("ann", "bo", "cat", "dan", "eve")
TITLES = ("the peak", "the soup")
REACHES = ("", "friends: ", "chain: ", "closed: ", "family: ")
AFTERWARDS = ("friends", "hops:2", "closed", "family", "chain")
AT_ONCE = ("ann", "cat")
"""Those who want their news at once; the others wait for the evening."""
ABOUT_SOMEBODY = ("unfriend", "block", "unblock", "mute", "unmute")


@dataclass
class Lives:
    """`does` takes the name of a step, somebody, somebody else, and a cluster by its number. Steps that make no sense
    just now do nothing. `named` says whom the person who acted named himself; while it is `stalled`, the homeserver is
    slow with invitations and kicks."""

    town: Town
    people: list[Person] = field(default_factory=list)
    clusters: dict[int, RoomID] = field(default_factory=dict)
    named: dict[str, set[str]] = field(default_factory=dict)
    stalled: bool = False

    @classmethod
    async def begin(cls, town: Town, friends: set[tuple[int, int]]) -> Lives:
        lives = cls(town, [await town.arrive(name) for name in NAMES])
        for one, other in sorted(friends):
            await town.befriend(lives.people[one], lives.people[other])
        for person in lives.people:
            if person.user[1:].partition(":")[0] in AT_ONCE:
                await person.say("digest at once")
        return lives

    async def does(self, step: str, who: int, whom: int, number: int) -> None:
        one, other = self.people[who], self.people[whom]
        self.named = {one.user: {other.user}}
        if step in ABOUT_SOMEBODY:
            await one.say(f"{step} {other.user}")
        elif step in ("group", "ungroup"):
            await one.say(f"{step} family {other.user}")
        elif step == "dissolve":
            await one.say("ungroup family")
        elif step == "list":
            await one.say("list")
        elif step == "befriend":
            self.named[other.user] = {one.user}
            await other.say(await one.code())
            await other.say("yes")
            await one.say("yes")
        elif step == "start":
            if number not in self.clusters:
                self.clusters[number] = await self.town.start(one, REACHES[whom] + TITLES[number])
        elif step == "forget":
            await one.say("forget")
            await one.say("yes")
        elif step == "wait":
            await self.town.wait(5 * MINUTE)
        elif step == "sleep":
            for _hours in range(0, 24, 3):
                await self.town.wait(3 * HOUR)
        elif step == "doze":
            self.town.homeserver.homes ^= {one.user}
        elif step == "stall":
            self.stalled = not self.stalled
            self.town.held = lambda effect: self.stalled and isinstance(effect, Invite | Kick)
            await self.town.settle()
        elif number in self.clusters:
            await self._in_cluster(step, one, other, number)

    async def _in_cluster(self, step: str, one: Person, other: Person, number: int) -> None:
        room = self.town.rooms[self.clusters[number]]
        now = room.members.get(one.user, "leave")
        match step:
            case "join" | "hide":
                found = await self.card_number(one, number)
                if found is not None:
                    await one.say(f"{step} {found}")
            case "knock" if now == "leave":
                porch = await self.town.porch_of(room.id)
                if porch is not None and self.town.rooms[porch].members.get(one.user, "leave") == "leave":
                    await self.town.knock(room.id, one.user)
            case "accept" if now == "invite":
                await self.town.member(room.id, one.user, "join")
            case "leave" if now in ("join", "invite"):
                await self.town.member(room.id, one.user, "leave")
            case "kick" if now in ("join", "invite"):
                await self.town.member(room.id, one.user, "leave", by=BOT)
            case "ban" if now != "ban":
                await self.town.member(room.id, one.user, "ban", by=BOT)
            case "unban" if now == "ban":
                await self.town.member(room.id, one.user, "leave", by=BOT)
            case "invite" if now == "leave":
                await self.town.member(room.id, one.user, "invite", by=other.user)
            case "quiet" | "loud" if now == "join":
                await self.town.say(one.user, room.id, f"!zd {step}")
            case "only" if now == "join":
                await self.town.say(one.user, room.id, "!zd only family")
            case "reach" if now == "join":
                await self.town.say(one.user, room.id, f"!zd reach {AFTERWARDS[self.people.index(other)]}")
            case "mention" | "name" if now == "join":
                await self.town.say(one.user, room.id, f"!zd {step} {other.user}")

    async def card_number(self, person: Person, number: int) -> int | None:
        """The number of a person's card of a cluster."""
        users = {row["user_id"]: row["person"] for row in await self.town.rows("matrix_id")}
        ids = {row["room_id"]: row["id"] for row in await self.town.rows("cluster")}
        for row in await self.town.rows("cluster_card"):
            if (row["person"], row["cluster"]) == (users.get(person.user), ids[self.clusters[number]]):
                return int(row["number"])
        return None
