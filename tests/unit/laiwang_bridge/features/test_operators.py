"""The people who run the bridge: how it is doing, what its users tell them, and what could not be done."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from mautrix.types import RoomID
from sqlalchemy import Connection

from appservice import inbox
from appservice.effects import CreateRoom, Effect, Invite, SendMessage
from appservice.inbox import Kind
from appservice.outbox import Delivery
from appservice.routes import DeadLetter, letter_body
from laiwang_bridge import __version__
from tests.unit.laiwang_bridge.features.town import BOT, MINUTE, OPERATORS, Person, Town, open_town


@pytest.fixture
async def lin(town: Town) -> Person:
    return await town.arrive("lin")


@pytest_asyncio.fixture
async def operator(town: Town) -> AsyncIterator[Person]:
    yield await town.operators()


async def letter(town: Town, letter: DeadLetter) -> None:
    """Something was given up."""

    def work(connection: Connection) -> None:
        inbox.put(connection, f"letter:{letter.number}", "lane", Kind.LETTER, letter_body(letter), town.now)

    await town.database.write(work)
    await town.settle()


# -- status -----------------------------------------------------------------------------------------------------------


async def test_status_says_that_all_is_well(lin: Person) -> None:
    assert await lin.say("status") == f"laiwang-bridge {__version__} is at work.\nNothing is waiting to be done."
    assert "运行正常" in await lin.say("状态")


async def test_status_says_how_much_waits_and_since_when(town: Town, lin: Person) -> None:
    town.held = lambda effect: isinstance(effect, SendMessage) and effect.room == lin.chat
    await lin.say("friends")
    await town.wait(2 * MINUTE)
    await lin.say("status")
    town.held = lambda _effect: False
    await town.settle()
    said = lin.news()
    assert "1 thing is waiting to be done." in said
    assert "The oldest has been waiting for 125 seconds." in said


async def test_anybody_may_ask_anywhere(town: Town, lin: Person) -> None:
    hall = await town.gather(lin, await town.arrive("amy"))
    await town.say(lin.user, hall, "!lw status")
    assert "is at work" in town.news(hall)


# -- feedback ---------------------------------------------------------------------------------------------------------


async def test_feedback_goes_to_the_operators_and_their_answer_comes_back(
    town: Town, lin: Person, operator: Person
) -> None:
    amy = await town.arrive("amy")
    assert await lin.say("feedback it is **slow** today\nvery") == (
        "Thank you, that is feedback 1. The answer comes to you."
    )
    assert operator.news() == (
        f"Feedback 1 from @lin:town (laiwang-bridge {__version__}):\nit is **slow** today\nvery\n"
        "Answer with `!lw answer 1 …`"
    )
    await amy.say("反馈 很好")
    assert operator.news().startswith("Feedback 2 from @amy:town")

    asked = await town.say(operator.user, OPERATORS, "!lw answer 2 thank you\nsee you")
    assert town.buttons(OPERATORS, asked) == {"👍"}
    assert amy.news() == "管理员回复了你的反馈 2：\nthank you\nsee you"
    assert lin.news() == ""
    assert [row["answered_at"] is not None for row in await town.rows("feedback")] == [False, True]


async def test_only_the_operators_answer(town: Town, lin: Person, operator: Person) -> None:
    await lin.say("feedback hello")
    hall = await town.gather(lin, await town.arrive("eve"))
    await town.say(lin.user, hall, "!lw answer 1 I am the operator")
    assert town.news(hall) == "Feedback is answered in the operators’ room."
    assert await lin.say("answer 1 so am I") == "Feedback is answered in the operators’ room."
    assert "The operators answer" not in lin.news()
    assert await operator.say("!lw answer 9 who?") == "There is no feedback 9."
    assert await operator.say("!lw answer 1") == "Something is missing: text.\n!lw answer 1 …"


async def test_what_only_operators_need_is_not_in_everybodys_help(lin: Person, operator: Person) -> None:
    assert "answer" not in await lin.say("help")
    assert "feedback" in await lin.say("help")
    assert "Answer feedback (operators)" in await operator.say("!lw help answer")


async def test_somebody_who_left_cannot_be_answered(town: Town, lin: Person, operator: Person) -> None:
    await lin.say("feedback hello")
    await town.member(lin.chat, lin.user, "leave")
    town.homeserver.homes.discard(lin.user)
    assert await operator.say("!lw answer 1 hi") == ""  # a chat is made for it
    [made] = town.chats_made_for(lin.user)
    await town.member(made, lin.user, "leave")
    assert await operator.say("!lw answer 1 hi") == "@lin:town has left the chat with me and cannot be reached."


async def test_feedback_that_cannot_reach_the_operators_is_not_said_to_have(town: Town, lin: Person) -> None:
    """The room is configured, but the bot is not in it."""
    assert "Sorry: something that you asked for could not be done." in await lin.say("feedback hello")


async def test_without_a_room_there_is_no_feedback(sqlite_url: str) -> None:
    async with open_town(sqlite_url) as town:
        lin = await town.arrive("lin")
        assert await lin.say("feedback hi") == "The operators of this bridge have set up no room for feedback yet."
        assert await town.count("feedback") == 0


async def test_feedback_has_its_bounds(lin: Person) -> None:
    assert "The text has 2,001 characters; 2,000 is the most." in await lin.say("feedback " + "x" * 2001)


# -- what could not be done -------------------------------------------------------------------------------------------


async def test_what_could_not_be_done_is_told_to_whoever_asked_and_to_the_operators(
    town: Town, lin: Person, operator: Person
) -> None:
    town.homeserver.refused = lambda effect: "no rooms today" if isinstance(effect, CreateRoom) else None
    await lin.say("!zd weekend hike?")
    await lin.say("publish")
    [number] = [word for word in lin.reads("Sorry").split() if word.startswith("out-")]
    assert operator.news() == f"Given up: {number.rstrip('.')} (CreateRoom), M_FORBIDDEN: no rooms today"


async def test_of_an_error_only_the_first_line_is_told(town: Town, lin: Person, operator: Person) -> None:
    """What follows may be the statement that failed, with what somebody wrote in it."""
    error = "IntegrityError: it went wrong\n[parameters: ('my secret',)]"
    await letter(town, DeadLetter("in-7", "m.room.message", error, asker=lin.user, room_id=lin.chat))
    assert operator.news() == "Given up: in-7 (m.room.message), IntegrityError: it went wrong"
    await letter(town, DeadLetter("in-8", "timer", "x" * 5000))
    assert len(operator.news()) < 300


async def test_a_flood_does_not_flood_the_operators_room(town: Town, operator: Person) -> None:
    town.homeserver.refused = lambda effect: "no" if isinstance(effect, CreateRoom) else None
    lin = await town.arrive("lin")
    for number in range(8):
        await lin.say(f"!zd talk {number}")
        await lin.say("publish")
    await town.wait(MINUTE)
    said = operator.news().split("\n\n")
    dead = sum(row["state"] == Delivery.DEAD for row in await town.rows("outbox"))
    assert dead >= 8
    assert all(line.startswith("Given up: out-") for line in said[:5])
    assert len(said) <= 7
    assert said[-1] == f"More was given up: {dead} things wait for you in `laiwang-bridge dead-letters`."
    await town.wait(10 * MINUTE)
    assert operator.news() == ""
    await letter(town, DeadLetter("in-99", "timer", "Error: no"))
    assert operator.news() == "Given up: in-99 (timer), Error: no"


async def test_in_a_long_flood_the_operators_hear_of_it_once_a_minute(town: Town, operator: Person) -> None:
    town.homeserver.refused = lambda effect: "no" if isinstance(effect, CreateRoom) else None
    lin = await town.arrive("lin")
    await lin.say("!zd talk")
    await lin.say("publish")
    for number in range(300):
        town.now += 1000
        await letter(town, DeadLetter(f"in-{number}", "timer", "Error: no"))
    assert 5 <= len(operator.news().split("\n\n")) <= 11


async def test_who_only_came_or_went_is_not_bothered(town: Town, lin: Person, operator: Person) -> None:
    event = "$event"
    came = DeadLetter("in-7", "m.room.member", "Error: no", asker=lin.user, room_id=lin.chat, event_id=event)  # type: ignore[arg-type]
    await letter(town, came)
    assert lin.news() == ""
    assert "in-7" in operator.news()


async def test_nobody_is_told_about_what_the_bots_themselves_wanted(town: Town, operator: Person) -> None:
    chats = len(town.rooms)
    await letter(town, DeadLetter("in-7", "m.room.message", "Error: no", asker=BOT, room_id=RoomID("!x")))
    assert "in-7" in operator.news()
    assert len(town.rooms) == chats


@pytest.mark.parametrize("is_there", [True, False])
async def test_dead_letters_never_make_more_of_them(town: Town, lin: Person, is_there: bool) -> None:
    if is_there:
        await town.operators()
    refused: list[Effect] = []

    def refuse(effect: Effect) -> str:
        refused.append(effect)
        return "nothing works"

    town.homeserver.refused = refuse
    await lin.say("friends")
    # The answer; then that it could not be given: to whoever asked, and to the operators. And then no more.
    assert [type(effect) for effect in refused] == [SendMessage] * 3
    assert {effect.room for effect in refused if isinstance(effect, SendMessage)} == {lin.chat, OPERATORS}
    assert len([key for key in town.handled if key.startswith("letter:")]) == 1


async def test_an_invitation_that_fails_is_no_dead_letter_for_the_operators(
    town: Town, lin: Person, operator: Person
) -> None:
    """Whoever refuses invitations is told what to do, and that is that."""
    amy = await town.arrive("amy")
    await town.befriend(lin, amy)
    await town.start(lin, "weekend hike?")
    town.homeserver.refused = lambda effect: "blocked" if isinstance(effect, Invite) else None
    await amy.say("join")
    assert operator.news() == ""
