"""Loud or quiet: how somebody is in a cluster into which he comes, and the one time that he is asked."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from laiwang_bridge.clusters.exposures import of_lists
from laiwang_bridge.people import list_store
from laiwang_bridge.people import store as people
from laiwang_bridge.people.lists import FriendList
from laiwang_bridge.people.rules import Exposure, ListId, PersonId
from tests.unit.laiwang_bridge.features.story import CARD, GONE, HIKE
from tests.unit.laiwang_bridge.features.town import Person, Town

ASKED = "You are in “weekend hike?”. Let your 2 friends see that?"
LOUD, QUIET = Exposure.LOUD, Exposure.QUIET
THANKS_LOUD = "Your friends may see where you are from now on, unless you are quiet in a cluster."
THANKS_QUIET = "Your friends do not see where you are from now on, unless you are loud in a cluster."


@pytest.mark.parametrize(
    ("exposures", "usual", "then"),
    [
        ([], None, None),
        ([], LOUD, LOUD),
        ([None], QUIET, QUIET),
        ([None, None], None, None),
        ([LOUD], None, LOUD),
        ([LOUD], QUIET, LOUD),
        ([LOUD, QUIET], LOUD, QUIET),
        ([None, QUIET], LOUD, QUIET),
    ],
)
def test_lists_decide_first_and_quiet_ones_before_loud_ones(
    exposures: list[Exposure | None], usual: Exposure | None, then: Exposure | None
) -> None:
    lists = [FriendList(ListId(id), PersonId(1), f"list {id}", one) for id, one in enumerate(exposures)]
    assert of_lists(lists, usual) is then


@pytest.fixture
async def undecided(town: Town, line: list[Person]) -> list[Person]:
    """The line, of whom Bo has never been asked."""
    await town.choose(None, line[1])
    return line


async def put_on_list(town: Town, owner: Person, name: str, friend: Person, exposure: Exposure | None = None) -> ListId:
    def work(connection: Connection) -> ListId:
        mine = list_store.put_list(connection, people.person_of(connection, owner.user, 0), name)
        list_store.add(connection, mine, [people.person_of(connection, friend.user, 0)])
        if exposure is not None:
            list_store.set_list_exposure(connection, mine.id, exposure)
        return mine.id

    return await town.database.write(work)


async def usual(town: Town, one: Person) -> Any:
    rows = await town.rows("person")
    [number] = [row["person"] for row in await town.rows("matrix_id") if row["user_id"] == one.user]
    return next(row["exposure"] for row in rows if row["id"] == number)


async def test_whoever_comes_for_the_first_time_is_asked_and_quiet_until_he_answers(
    town: Town, undecided: list[Person]
) -> None:
    ann, bo, cat, _dan = undecided
    await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    assert bo.reads(ASKED) == (
        f"{ASKED}\nUntil you say so they do not. I keep to your answer in other clusters, too.\n\n"
        "📣 let them see · loud 1\n🤫 stay quiet · quiet 1"
    )
    assert not cat.sees(CARD)
    await bo.tap(ASKED, "📣")
    assert bo.sees(THANKS_LOUD)
    assert cat.sees(CARD)
    assert await usual(town, bo) == "loud"
    assert await town.count("cluster_undecided") == 0


async def test_the_answer_holds_for_the_next_cluster_and_can_be_changed_in_each(
    town: Town, undecided: list[Person]
) -> None:
    ann, bo, cat, _dan = undecided
    await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    assert "no longer see" in await bo.say("quiet")
    assert bo.sees(THANKS_QUIET)
    soup = await town.start(ann, "soup")
    await bo.tap("talking about “soup”", "👍")
    assert not bo.sees("You are in “soup”. Let your 2 friends see that?")
    assert not cat.sees("soup")
    await town.say(bo.user, soup, "!zd loud")
    assert cat.sees("talking about “soup”")
    assert await usual(town, bo) == "quiet"
    assert not cat.sees(CARD)


async def test_nobody_is_asked_twice_and_one_answer_is_for_all(town: Town, undecided: list[Person]) -> None:
    ann, bo, cat, _dan = undecided
    await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    await town.start(ann, "soup")
    await bo.tap("talking about “soup”", "👍")
    assert not bo.sees("You are in “soup”. Let")
    town.restart()
    await bo.tap(ASKED, "📣")
    assert cat.sees("“weekend hike?” — Bo")
    assert cat.sees("“soup” — Bo")
    assert await town.count("cluster_undecided") == 0


async def test_what_he_says_of_another_cluster_is_no_answer(town: Town, undecided: list[Person]) -> None:
    ann, bo, cat, _dan = undecided
    await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    soup = await town.start(ann, "soup")
    await bo.tap("talking about “soup”", "👍")
    await town.say(bo.user, soup, "!zd loud")
    assert cat.sees("talking about “soup”")
    assert await usual(town, bo) is None
    assert bo.sees(ASKED)
    await bo.tap(ASKED, "🤫")
    assert await usual(town, bo) == "quiet"
    assert cat.sees("talking about “soup”")


async def test_coming_back_changes_nothing(town: Town, undecided: list[Person]) -> None:
    ann, bo, cat, _dan = undecided
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    await bo.tap(ASKED, "📣")
    await bo.say("quiet")
    await town.member(room, bo.user, "leave")
    bo.news()
    await town.knock(room, bo.user)
    assert ASKED not in bo.news()
    assert not cat.sees(CARD)


async def test_whoever_leaves_need_not_answer_and_is_asked_the_next_time(town: Town, undecided: list[Person]) -> None:
    ann, bo, _cat, _dan = undecided
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    await town.member(room, bo.user, "leave")
    assert bo.sees("You need not answer that any more.")
    assert not bo.sees(ASKED)
    await town.start(ann, "soup")
    await bo.tap("talking about “soup”", "👍")
    assert bo.sees("You are in “soup”. Let your 2 friends see that?")


async def test_lists_speak_for_their_owner(town: Town, undecided: list[Person]) -> None:
    ann, bo, cat, _dan = undecided
    await put_on_list(town, bo, "work", ann)  # which is quiet from the beginning
    await town.choose(LOUD, bo)
    await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    assert not bo.sees(ASKED)
    assert not cat.sees(CARD)
    assert "quietly" in bo.reads("You are in")


async def test_an_answer_about_a_list_is_kept_for_that_list(town: Town, undecided: list[Person]) -> None:
    ann, bo, cat, _dan = undecided
    id = await put_on_list(town, bo, "hikers", ann)
    await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    assert "Only some of them: `only 1 hikers`" in bo.reads(ASKED)
    await bo.tap(ASKED, "📣")
    assert cat.sees(CARD)
    assert await usual(town, bo) is None
    assert [row["exposure"] for row in await town.rows("friend_list") if row["id"] == id] == ["loud"]
    await town.start(cat, "soup")
    await bo.tap("talking about “soup”", "👍")
    assert bo.sees("You are in “soup”. Let your 2 friends see that?")


async def test_one_may_be_seen_by_one_list_alone(town: Town, undecided: list[Person]) -> None:
    ann, bo, cat, _dan = undecided
    eve = await town.arrive("eve")
    await town.befriend(bo, eve, since=0)
    await town.choose(None, bo)
    await put_on_list(town, bo, "class", eve)
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    answer = await bo.say("only 1 class")
    assert answer.endswith("Only your friends on “class” may see now that you are in “weekend hike?”.")
    assert bo.sees(THANKS_QUIET)
    assert eve.sees(CARD)
    assert not cat.sees(CARD)
    await town.say(bo.user, room, "!zd loud")
    assert cat.sees(CARD)
    await town.say(bo.user, room, "!zd only class")
    assert cat.sees(GONE)
    town.news(room)
    await town.say(bo.user, room, "!zd only strangers")
    assert town.news(room) == ""
    assert (await bo.say("only strangers")).endswith("nothing has changed.\nonly class")


async def test_whoever_has_no_friends_is_not_asked(town: Town) -> None:
    ann, eve = await town.arrive("ann"), await town.arrive("eve")
    room = await town.start(ann, HIKE)
    await town.member(room, eve.user, "invite", by=ann.user)
    await town.member(room, eve.user, "join")
    assert "friends see that" not in eve.news()


async def test_the_answer_counts_once_however_often_it_arrives(town: Town, undecided: list[Person]) -> None:
    ann, bo, cat, _dan = undecided
    town.twice = True
    await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    assert len([1 for body in town.shown(bo.chat).values() if ASKED in body]) == 1
    card = bo.card(ASKED)
    await town.react(bo.user, bo.chat, card, "📣")
    await town.react(bo.user, bo.chat, card, "🤫")
    assert await usual(town, bo) == "loud"
    assert cat.sees(CARD)


async def test_the_undecided_is_forgotten_whole(town: Town, undecided: list[Person]) -> None:
    ann, bo, _cat, _dan = undecided
    await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    await bo.say("forget")
    await bo.say("yes")
    assert await town.count("cluster_undecided") == 0
