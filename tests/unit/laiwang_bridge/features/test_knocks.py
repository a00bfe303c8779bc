"""Knocking at a friend of a friend, and invitations: what is asked of whom, and what nobody may learn from it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from mautrix.types import UserID
from sqlalchemy import Connection

from appservice import outbox, timers
from appservice.unit import Unit
from laiwang_bridge.people import store
from laiwang_bridge.people.rules import Origin
from tests.unit.laiwang_bridge.features.test_about_me import exported
from tests.unit.laiwang_bridge.features.town import BOT, DAY, HOUR, MINUTE, Person, Town, code_in, open_town

KNOCKED = (
    "You have knocked at {}. If the two of you have a friend in common, it is in the next digest there. "
    "You hear of it again only if the answer is yes; you can knock again after 30 days."
)


@pytest_asyncio.fixture
async def town(sqlite_url: str) -> AsyncIterator[Town]:
    """Where news wait for the digest, at six in the evening; a town begins at ten at night."""
    async with open_town(sqlite_url, hurried=False) as town:
        yield town


@pytest.fixture
async def line(town: Town) -> list[Person]:
    """Ann and Cat have Bo for a friend; Dan has nobody."""
    ann, bo, cat, dan = [await town.arrive(name) for name in ("ann", "bo", "cat", "dan")]
    await town.befriend(bo, ann, cat)
    await dan.say("friends")
    return [ann, bo, cat, dan]


async def test_a_knock_is_in_the_next_digest_and_a_yes_makes_friends(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    assert await ann.say("knock @cat:town we met at May’s") == KNOCKED.format("@cat:town")
    assert cat.news() == ""
    await town.wait(19 * HOUR)
    assert cat.news() == ""
    await town.wait(HOUR)
    assert cat.news().startswith(
        "Ann (@ann:town), a friend of a friend of yours, knocks and says: “we met at May’s” "
        "Shall the two of you be friends?"
    )
    assert "You and Ann (@ann:town) are friends now." in await cat.tap("knocks and says", "✅")
    assert "You and Cat (@cat:town) are friends now." in ann.news()
    assert bo.news() == ""


async def test_in_chinese(town: Town, line: list[Person]) -> None:
    ann, _bo, cat, _dan = line
    await cat.say("好友")
    assert "已经替你敲了 @cat:town 的门" in await ann.say("敲门 @cat:town 我是老王")
    await town.wait(20 * HOUR)
    assert "你朋友的朋友 Ann（@ann:town）来敲门，说：“我是老王”" in cat.news()


async def test_whoever_knocks_is_told_the_same_whatever_is_the_case(town: Town, line: list[Person]) -> None:
    ann, _bo, cat, dan = line
    await cat.say("block @eve:town")
    eve = await town.arrive("eve")
    await town.befriend(line[1], eve)
    assert await ann.say("knock @dan:town") == KNOCKED.format("@dan:town")  # no friend in common
    assert await ann.say("knock @nobody:else") == KNOCKED.format("@nobody:else")
    assert await eve.say("knock @cat:town") == KNOCKED.format("@cat:town")  # blocked
    for person in (cat, dan):
        person.news()
    await town.wait(2 * DAY)
    assert (cat.news(), dan.news()) == ("", "")
    assert [request["my_answer"] for request in (await exported(ann))["people"]["requests"]] == ["yes"]
    assert (await exported(cat))["people"]["requests"] == []


async def test_a_no_or_no_answer_is_never_told(town: Town, line: list[Person]) -> None:
    ann, _bo, cat, _dan = line
    await ann.say("knock @cat:town")
    await town.wait(20 * HOUR)
    await cat.tap("knocks", "❌")
    cat.news()
    assert ann.news() == ""
    assert await ann.say("knock @cat:town") == KNOCKED.format("@cat:town")
    await town.wait(25 * DAY)
    assert cat.news() == ""
    await town.wait(5 * DAY)
    await ann.say("knock @cat:town")
    await town.wait(DAY)
    assert "knocks" in cat.news()


async def test_a_friend_in_common_who_is_blocked_is_none(town: Town, line: list[Person]) -> None:
    ann, _bo, cat, _dan = line
    await cat.say("block @bo:town")
    cat.news()
    assert await ann.say("knock @cat:town") == KNOCKED.format("@cat:town")
    await town.wait(2 * DAY)
    assert cat.news() == ""


async def test_two_who_knock_at_each_other_are_friends(town: Town, line: list[Person]) -> None:
    ann, _bo, cat, _dan = line
    await ann.say("knock @cat:town")
    await cat.say("knock @ann:town")
    assert "You and Ann (@ann:town) are friends now." in cat.reads("friends now")
    assert "You and Cat (@cat:town) are friends now." in ann.news()
    await town.wait(2 * DAY)
    assert not cat.sees("knocks")


async def test_a_knock_is_found_without_waiting_for_the_digest(town: Town, line: list[Person]) -> None:
    ann, _bo, cat, _dan = line
    await cat.say("digest off")
    await ann.say("knock @cat:town")
    await town.wait(3 * DAY)
    assert cat.news() == ""
    assert await cat.say("yes") == "Nobody is waiting for an answer from you."  # of nothing that was not shown
    assert "Ann (@ann:town), a friend of a friend of yours, knocks." in await cat.say("requests")
    assert "are friends now" in await cat.say("yes")
    assert await cat.say("requests") == "Nobody is waiting for an answer from you."


async def test_many_knocks_come_some_at_a_time(town: Town, line: list[Person]) -> None:
    bo, cat = line[1], line[2]
    for number in range(7):
        other = await town.arrive(f"k{number}")
        await town.befriend(bo, other)
        await other.say("knock @cat:town")
    await town.wait(20 * HOUR)
    assert cat.news().count("knocks") == 5
    await town.wait(DAY)
    assert cat.news().count("knocks") == 2


async def test_somebody_who_knocks_everywhere_is_slowed_down(town: Town, line: list[Person]) -> None:
    ann = line[0]
    for number in range(10):
        assert "You have knocked" in await ann.say(f"knock @p{number}:else")
    assert await ann.say("knock @q:else") == "You have knocked at many people today. Please go on tomorrow."
    await town.wait(DAY)
    assert await ann.say("knock @q:else") == KNOCKED.format("@q:else")


async def test_where_there_is_nothing_to_knock_for_the_answer_says_so(line: list[Person]) -> None:
    ann = line[0]
    assert await ann.say("knock @bo:town") == "You are friends already."
    assert await ann.say("knock @ann:town") == "You can knock at other people only."
    assert await ann.say(f"knock {BOT}") == "You can knock at other people only."
    await ann.say("block @cat:town")
    assert await ann.say("knock @cat:town") == ("You have blocked this person. Unblock them first.\nunblock @cat:town")
    assert "60 is the most" in await ann.say("knock @dan:town " + "x" * 61)


async def test_a_code_opens_a_door_that_stayed_shut(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, dan = line
    await ann.say("knock @dan:town")
    await ann.say(await dan.code())
    assert "typed your code" in dan.news()
    assert "are friends now" in await dan.say("yes")


async def test_a_knock_with_a_code_is_a_code(town: Town, line: list[Person]) -> None:
    ann, _bo, cat, _dan = line
    code = await cat.code()
    assert "This code is from Cat" in await ann.say(f"knock {code}")


async def test_whoever_is_forgotten_no_longer_knocks(town: Town, line: list[Person]) -> None:
    ann, _bo, cat, _dan = line
    await ann.say("knock @cat:town")
    await ann.say("forget")
    await ann.say("yes")
    await town.wait(2 * DAY)
    assert cat.news() == ""


# -- numbers and proposals --------------------------------------------------------------------------------------------


async def test_everybody_counts_requests_from_one(town: Town, line: list[Person]) -> None:
    ann, bo, cat, dan = line
    await dan.say(await ann.code())
    assert "yes 1" in ann.reads("typed your code")
    await dan.say(await cat.code())
    assert "yes 1" in cat.reads("typed your code")
    assert "yes 2" in dan.reads("This code is from Cat")
    assert "Now Ann (@ann:town) has to say yes too" in await dan.say("yes 1")
    assert await bo.say("yes 1") == "There is no request 1 for you."
    assert "You and Dan (@dan:town) are friends now." in await ann.say("yes 1")


async def propose(town: Town, asker: Person, *owners: UserID) -> None:
    """What the address book does when somebody adds the people it found."""

    def work(connection: Connection) -> None:
        unit = Unit(connection, town.now, f"$proposal{town.now}", b"secret")
        me = store.person_of(connection, asker.user, town.now)
        for owner in owners:
            other = store.person_of(connection, owner, town.now)
            town.app.people.requests.propose(unit, me, other, Origin.CONTACTS)
        timers.set_timers(connection, unit.timers)
        outbox.put(connection, unit.emissions, town.now)

    await town.database.write(work)
    await town.settle()


async def test_a_proposal_from_an_address_book_asks_at_once(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, dan = line
    await propose(town, ann, dan.user)
    assert dan.news().startswith("Ann (@ann:town) knows you and has found you here. Shall the two of you be friends?")
    assert "are friends now" in await dan.tap("has found you here", "✅")
    assert "You and Dan (@dan:town) are friends now." in ann.news()


async def test_proposals_from_both_sides_make_friends(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, dan = line
    await propose(town, ann, dan.user)
    await propose(town, dan, ann.user)
    assert "are friends now" in ann.news()
    assert dan.buttons("You and Ann") == set()


async def test_of_very_many_proposals_the_later_ones_are_asked_later(town: Town, line: list[Person]) -> None:
    ann = line[0]
    others = [await town.arrive(f"p{number}") for number in range(53)]
    await propose(town, ann, *(other.user for other in others))
    assert [bool(other.news()) for other in others] == [True] * 50 + [False] * 3
    await others[51].say("block @ann:town")
    await town.wait(DAY)
    assert "has found you here" in others[50].news()
    assert not others[51].sees("has found you here")
    assert "has found you here" in others[52].news()


# -- invitations ------------------------------------------------------------------------------------------------------


async def test_an_invitation_is_a_text_to_send_oneself_in_both_languages(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, dan = line
    said = await ann.say("invite")
    code = code_in(said)
    assert said.count(code) == 2
    assert said.index("Get a Matrix account") < said.index("先有一个 Matrix 账号")
    assert f"https://matrix.to/#/{BOT}" in said
    chinese = await ann.say("邀请")
    assert chinese.index("先有一个 Matrix 账号") < chinese.index("Get a Matrix account")
    assert code_in(chinese) != code
    assert "This code is from Ann" in await dan.say(code)


async def test_even_an_eager_inviter_has_only_so_many_codes_open(town: Town, line: list[Person]) -> None:
    codes = set()
    for _time in range(25):
        codes.add(code_in(await line[0].say("invite")))
        await town.wait(MINUTE)
    assert len(codes) == 20
