"""Whatever people do, in whatever order: every card stands as the rules say, and nobody learns what is not his."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mautrix.types import UserID
from sqlalchemy import Connection

from laiwang_bridge.clusters import sight, store
from laiwang_bridge.clusters.feed import feed
from laiwang_bridge.clusters.rules import deserves_card
from laiwang_bridge.config import Clusters
from laiwang_bridge.people.rules import PersonId
from tests.support.folders import fast_folder
from tests.unit.laiwang_bridge.features.brute_force import Tables
from tests.unit.laiwang_bridge.features.homeserver import display_name
from tests.unit.laiwang_bridge.features.lives import NAMES, REACHES, TITLES, Lives
from tests.unit.laiwang_bridge.features.town import BOT, Town, open_town

PEOPLE = st.integers(0, len(NAMES) - 1)
PAIRS = st.tuples(PEOPLE, PEOPLE).filter(lambda pair: pair[0] < pair[1])
OFTEN = ("join", "knock", "accept", "leave", "quiet", "loud", "block", "unblock", "befriend", "unfriend")
SELDOM = ("wait", "start", "hide", "kick", "ban", "unban", "invite", "forget", "doze", "stall")
SEEING = ("sleep", "list", "mute", "unmute", "group", "ungroup", "dissolve", "only", "mention", "name", "reach")
DEEDS = st.sampled_from((*SELDOM, *SEEING, *OFTEN, *OFTEN))
STEPS = st.tuples(DEEDS, PEOPLE, PEOPLE, st.integers(0, len(TITLES) - 1)).filter(lambda step: step[1] != step[2])


async def check_cards(town: Town) -> Tables:
    tables = await Tables.of(town)
    for cluster in tables.clusters:
        for person, user in tables.users.items():
            card = tables.card(cluster, person)
            expected = tables.expected(cluster, person, card)
            assert (card["state"] if card else None) == expected, f"{user} and {cluster['title']}"
    return tables


async def check_feeds(town: Town, tables: Tables) -> None:
    """What somebody finds when he looks is what may be shown to him, by the definitions and by the rules one by one."""

    def look(connection: Connection) -> None:
        for person, user in tables.users.items():
            me = PersonId(person)
            found = {seen.named.id for seen in feed(connection, me, town.now)}
            cards = {row["cluster"]: row["state"] for row in tables.cards if row["person"] == person}
            shown = [cluster for cluster in tables.clusters if tables.is_shown(cluster, person)]
            assert found == {row["id"] for row in shown if cards.get(row["id"]) != "muted"}, user
            every = store.find_many(connection, [row["id"] for row in tables.clusters])
            views = {id: sight.view(connection, named.rules, me) for id, named in every.items()}
            assert found == {id for id, view in views.items() if deserves_card(every[id].rules, view)}, user

    await town.database.read(look)


def check_members(town: Town, tables: Tables) -> None:
    """Who is inside, invited or banned is who that is in the room."""
    for cluster in tables.clusters:
        members = town.rooms[cluster["room_id"]].members
        for person, user in tables.users.items():
            membership = members.get(UserID(user), "leave")
            assert (person in tables.inside(cluster)) == (membership == "join"), user
            assert person not in tables.invited(cluster) or membership == "invite", user


def check_faces(lives: Lives, tables: Tables) -> None:
    """Where a cluster is offered, friends that are loud inside are named, and nobody else; elsewhere nobody is."""
    clusters = {cluster["id"]: cluster for cluster in tables.clusters}
    for line in tables.lines:
        person, cluster = line["person"], clusters[line["cluster"]]
        reader = next(one for one in lives.people if one.user == tables.users[person])
        event = lives.town.event_of(line["page"])
        assert event is not None
        page = lives.town.shown(reader.chat)[event]
        texts = [text for text in page.split("\n") if cluster["title"] in text]
        if len([other for other in tables.lines if other["page"] == line["page"]]) == 1:
            texts = [page]
        assert len(texts) == 1, f"{reader.user} reads {page!r}"
        named = {one for one in tables.users if display_name(UserID(tables.users[one])) in texts[0]}
        card = tables.card(cluster, person)
        assert card is not None
        offered = card["state"] == "offered"
        allowed = tables.shown(cluster, person) if offered else set()
        assert named <= allowed, f"{reader.user} reads {page!r}"
        assert named or not allowed, f"{reader.user} reads {page!r}"
        assert offered == (f"join {card['number']}" in texts[0]), f"{reader.user} reads {page!r}"


def check_news(lives: Lives, tables: Tables) -> None:
    """After a day, everybody has been shown everything that he may see."""
    for cluster in tables.clusters:
        for person, user in tables.users.items():
            if tables.is_shown(cluster, person):
                assert tables.card(cluster, person) is not None, f"{user} was never shown {cluster['title']}"


class Ears:
    """Listens to all that the bot says, and checks that nobody hears of people who are none of his business."""

    def __init__(self, town: Town, lives: Lives) -> None:
        self._town, self._lives = town, lives
        self._heard: dict[str, int] = {}
        self._friends: dict[str, set[str]] = {}

    def check(self, tables: Tables) -> None:
        friends = {
            user: {tables.users[other] for other in tables.friends(person)} for person, user in tables.users.items()
        }
        for room in self._town.rooms.values():
            begun = self._heard.get(room.id, 0)
            events = list(room.said.values())
            self._heard[room.id] = len(events)
            reader = next((person.user for person in self._lives.people if person.chat == room.id), None)
            for event in events[begun:]:
                if event["sender"] != BOT:
                    continue
                content = {} if event["type"] in ("m.room.member", "m.room.power_levels") else event["content"]
                reason = event["content"].get("reason", "")
                named = {user for user in self._users() if _is_named(user, f"{content} {reason}")}
                known = {reader or ""} | self._friends.get(reader or "", set()) | friends.get(reader or "", set())
                known |= self._lives.named.get(reader or "", set())
                assert named <= known, f"in {room.id} of {reader}: {event}"
        self._friends = friends

    def _users(self) -> list[UserID]:
        return [person.user for person in self._lives.people]


def _is_named(user: UserID, text: str) -> bool:
    return user in text or display_name(user) in text


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    friends=st.sets(PAIRS, min_size=3, max_size=8),
    hosts=st.tuples(PEOPLE, PEOPLE),
    cap=st.sampled_from([2, 3, 500]),
    reach=st.sampled_from(range(len(REACHES))),
    steps=st.lists(STEPS, min_size=30, max_size=40),
)
async def test_every_card_stands_as_the_rules_say_and_nobody_learns_of_others(
    friends: set[tuple[int, int]],
    hosts: tuple[int, int],
    cap: int,
    reach: int,
    steps: list[tuple[str, int, int, int]],
) -> None:
    with fast_folder() as folder:
        async with open_town(f"sqlite:///{folder}/town.db", clusters=Clusters(cap=cap), hurried=False) as town:
            lives = await Lives.begin(town, friends)
            ears = Ears(town, lives)
            grouping = [("group", hosts[1], friend, 0) for pair in friends if hosts[1] in pair for friend in pair]
            opening = [("start", hosts[0], 0, 0), *grouping[:3], ("start", hosts[1], reach, 1)]
            for step in [*opening, *steps, ("sleep", 0, 1, 0)]:
                await lives.does(*step)
                tables = await check_cards(town)
                await check_feeds(town, tables)
                if not lives.stalled:
                    check_members(town, tables)
                check_faces(lives, tables)
                ears.check(tables)
            check_news(lives, tables)
