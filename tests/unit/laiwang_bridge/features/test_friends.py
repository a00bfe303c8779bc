"""Becoming friends by a code: every way through it, and what nobody may learn from it."""

from __future__ import annotations

import pytest

from laiwang_bridge.people.codes import format_code, parse_code
from tests.unit.laiwang_bridge.features.town import BOT, DAY, HOUR, MINUTE, Person, Town, code_in

NOT_VALID = "This code is not valid, or not any more. Please ask for a new one."


@pytest.fixture
async def lin(town: Town) -> Person:
    return await town.arrive("lin")


@pytest.fixture
async def amy(town: Town) -> Person:
    return await town.arrive("amy")


async def test_a_code_and_two_yeses_make_friends(lin: Person, amy: Person) -> None:
    said = await lin.say("code")
    code = code_in(said)
    assert f"Your friend writes `code {code}` to {BOT}." in said
    assert "72 hours" in said

    asked = await amy.say(f"code {code}")
    assert asked.startswith("This code is from Lin (@lin:town). Shall the two of you be friends?")
    assert lin.news().startswith("Amy (@amy:town) typed your code. Shall the two of you be friends?")

    assert "You said yes. Now Lin (@lin:town) has to say yes too." in await amy.tap("This code is from", "✅")
    assert lin.news() == ""
    assert "You and Amy (@amy:town) are friends now." in await lin.tap("typed your code", "✅")
    assert "You and Lin (@lin:town) are friends now." in amy.news()
    assert "1. Amy @amy:town" in await lin.say("friends")
    assert "1. Lin @lin:town" in await amy.say("friends")


async def test_the_one_who_gave_the_code_may_answer_first(lin: Person, amy: Person) -> None:
    await amy.say(f"code {await lin.code()}")
    lin.news()
    await lin.say("yes")
    assert amy.news() == ""
    assert "are friends now" in await amy.say("yes")
    assert "are friends now" in lin.news()


async def test_a_typed_answer_changes_the_card_and_gets_a_nod_not_the_whole_sentence_again(
    town: Town, lin: Person, amy: Person
) -> None:
    await amy.say(await lin.code())
    said = await town.say(amy.user, amy.chat, "yes")
    assert amy.reads("You said yes").startswith("You said yes. Now Lin (@lin:town) has to say yes too.")
    assert len([body for body in town.shown(amy.chat).values() if "You said yes" in body]) == 1
    assert town.buttons(amy.chat, said) == {"👍"}


async def test_answered_cards_have_no_buttons_left(lin: Person, amy: Person) -> None:
    await amy.say(await lin.code())
    assert amy.buttons("This code is from") == {"✅", "❌"}
    assert lin.buttons("typed your code") == {"✅", "❌"}
    await amy.say("yes")
    assert amy.buttons("You said yes") == set()
    await lin.say("yes")
    for person in (lin, amy):
        assert not person.sees("Shall the two of you")
        assert person.buttons("are friends now") == set()


@pytest.mark.parametrize(
    "typed",
    ["{code}", "code {code}", "add {code}", "!lw code {code}", "!lw {code}", "暗号 {code}", "！来往 加好友{code}"],
)
async def test_a_code_may_be_typed_in_many_ways(lin: Person, amy: Person, typed: str) -> None:
    code = await lin.code()
    answer = await amy.say(typed.format(code=code.lower().replace("-", " ")))
    assert "Lin" in answer
    assert "(@lin:town)" in answer or "（@lin:town）" in answer


async def test_a_mistyped_code_is_told_apart_and_costs_no_guess(lin: Person, amy: Person) -> None:
    code = await lin.code()
    wrong = code[:-1] + ("2" if code[-1] != "2" else "3")
    for _attempt in range(6):
        assert "One character of this code is wrong" in await amy.say(f"code {wrong}")
    assert "a code has 8 letters and digits, this has 3" in await amy.say("code 234")
    assert "“A” is never used" in await amy.say("code 2345-678A")
    assert "This code is from Lin" in await amy.say(code)


async def test_whoever_says_no_is_not_given_away(lin: Person, amy: Person) -> None:
    await amy.say(await lin.code())
    await amy.say("yes")
    lin.news()
    assert "You said no to Amy (@amy:town). Nobody is told." in await lin.tap("typed your code", "❌")
    assert amy.news() == ""
    assert "You said yes. Now Lin (@lin:town) has to say yes too." in amy.reads("You said yes")
    assert "Lin" not in await amy.say("friends")


async def test_a_no_can_still_become_a_yes(lin: Person, amy: Person) -> None:
    await amy.say(await lin.code())
    await amy.say("yes")
    await lin.say("no")
    assert "are friends now" in await lin.say("yes 1")


async def test_the_asker_may_say_no_himself(lin: Person, amy: Person) -> None:
    await amy.say(await lin.code())
    lin.news()
    assert "You said no to Lin" in await amy.say("no")
    assert "Now Amy (@amy:town) has to say yes too" in await lin.say("yes")
    assert amy.news() == ""


async def test_yes_without_a_number_is_for_the_newest_request(town: Town, lin: Person, amy: Person) -> None:
    bo = await town.arrive("bo")
    await amy.say(await lin.code())
    await bo.say(await lin.code())
    assert "Now Bo (@bo:town) has to say yes too" in await lin.say("yes")
    assert "Now Amy (@amy:town) has to say yes too" in await lin.say("yes")
    assert await lin.say("yes") == "Nobody is waiting for an answer from you."


async def test_requests_of_others_cannot_be_answered(town: Town, lin: Person, amy: Person) -> None:
    dan = await town.arrive("dan")
    await amy.say(await lin.code())
    await amy.say("yes")
    assert await dan.say("yes 1") == "There is no request 1 for you."
    assert await dan.say("yes 7") == "There is no request 7 for you."
    assert await dan.say("friends") == "You have no friends here yet. `code` gives you a code for one."


async def test_a_code_works_once(town: Town, lin: Person, amy: Person) -> None:
    dan = await town.arrive("dan")
    code = await lin.code()
    await amy.say(code)
    assert await dan.say(code) == NOT_VALID
    assert await lin.code() != code


async def test_typing_the_code_again_shows_the_request_again(lin: Person, amy: Person) -> None:
    code = await lin.code()
    await amy.say(code)
    await amy.say("yes")
    lin.news()
    assert "You said yes. Now Lin" in await amy.say(code)
    assert lin.news() == ""


async def test_two_codes_typed_crosswise_are_one_request(lin: Person, amy: Person) -> None:
    mine, theirs = await lin.code(), await amy.code()
    await amy.say(mine)
    await lin.say(theirs)
    await lin.say("yes")
    assert "are friends now" in await amy.say("yes")
    assert "are friends now" in lin.news()
    assert await lin.say("yes") == "Nobody is waiting for an answer from you."
    assert await amy.say("yes") == "Nobody is waiting for an answer from you."


async def test_a_code_is_kept_until_it_is_used_or_over(town: Town, lin: Person, amy: Person) -> None:
    code = await lin.code()
    assert await lin.code() == code
    await town.wait(71 * HOUR)
    assert "for 1 hour." in await lin.say("code")
    await town.wait(HOUR)
    assert await amy.say(code) == NOT_VALID
    assert await lin.code() != code


async def test_a_request_runs_out_for_both_without_a_word(town: Town, lin: Person, amy: Person) -> None:
    await amy.say(await lin.code())
    await amy.say("yes")
    await town.wait(15 * DAY)
    over = "This request is over. A new code starts a new one."
    assert over in await lin.say("yes 1")
    assert over in await amy.say("yes 1")
    await amy.say(await lin.code())
    await amy.say("yes")
    assert "are friends now" in await lin.say("yes")


async def test_nobody_befriends_himself(lin: Person) -> None:
    assert await lin.say(await lin.code()) == "This is your own code: give it to somebody else to type."


async def test_friends_need_no_second_code(town: Town, lin: Person, amy: Person) -> None:
    await town.befriend(lin, amy)
    assert await amy.say(await lin.code()) == "You are friends already."


async def test_a_friendship_that_ended_is_not_back_by_an_old_yes(town: Town, lin: Person, amy: Person) -> None:
    await town.befriend_by_code(lin, amy)
    await amy.say("unfriend @lin:town")
    assert "This request is over." in await lin.say("yes 1")
    assert "no friends here yet" in await lin.say("friends")


async def test_ending_a_friendship_is_silent(town: Town, lin: Person, amy: Person) -> None:
    await town.befriend(lin, amy)
    assert "no longer friends. Nobody is told." in await amy.say("unfriend @lin:town")
    assert lin.news() == ""
    for person in (lin, amy):
        assert "no friends here yet" in await person.say("friends")
    assert await amy.say("unfriend @lin:town") == "@lin:town is not among your friends.\nfriends"
    assert await amy.say("unfriend @nobody:town") == "@nobody:town is not among your friends.\nfriends"


async def test_a_code_of_somebody_who_blocked_me_looks_like_one_that_is_over(
    town: Town, lin: Person, amy: Person
) -> None:
    used = await lin.code()
    await (await town.arrive("bo")).say(used)
    blocked = await lin.code()
    await lin.say("block @amy:town")
    unknown = format_code(parse_code(blocked) ^ 1)  # type: ignore[operator]
    assert {await amy.say(code) for code in (used, blocked, unknown)} == {NOT_VALID}
    assert lin.news() == ""


async def test_a_block_ends_a_request_without_a_word(lin: Person, amy: Person) -> None:
    await amy.say(await lin.code())
    await amy.say("yes")
    lin.news()
    assert "@amy:town is blocked" in await lin.say("block @amy:town")
    assert amy.news() == ""
    assert "You said yes. Now Lin" in amy.reads("You said yes")
    assert "Unblock them first" in await lin.say("yes 1")
    assert "You said yes. Now Lin" in await amy.say("yes 1")
    assert "no friends here yet" in await amy.say("friends")


async def test_the_blocker_cannot_befriend_the_blocked_by_mistake(lin: Person, amy: Person) -> None:
    await lin.say("block @amy:town")
    assert "You have blocked this person" in await lin.say(await amy.code())


async def test_a_block_ends_a_friendship_and_lifting_it_does_not_bring_it_back(
    town: Town, lin: Person, amy: Person
) -> None:
    await town.befriend(lin, amy)
    await lin.say("block @amy:town")
    assert amy.news() == ""
    for person in (lin, amy):
        assert "no friends here yet" in await person.say("friends")
    assert "@amy:town is no longer blocked" in await lin.say("unblock @amy:town")
    assert await lin.say("unblock @amy:town") == "@amy:town is not blocked."
    assert "no friends here yet" in await lin.say("friends")
    await town.befriend_by_code(lin, amy)


async def test_somebody_never_seen_can_be_blocked_in_advance(town: Town, lin: Person) -> None:
    assert "@dan:town is blocked" in await lin.say("block @dan:town")
    dan = await town.arrive("dan")
    assert await dan.say(await lin.code()) == NOT_VALID
    assert "no longer blocked" in await lin.say("unblock @dan:town")
    assert "This code is from Lin" in await dan.say(await lin.code())


async def test_a_block_of_a_stranger_can_be_lifted_before_he_ever_comes(town: Town, lin: Person) -> None:
    await lin.say("block @dan:town")
    assert "no longer blocked" in await lin.say("unblock @dan:town")
    dan = await town.arrive("dan")
    assert "This code is from Lin" in await dan.say(await lin.code())


@pytest.mark.parametrize("whom", ["@lin:town", BOT, "@_laiwang_1:town"])
async def test_only_other_people_can_be_blocked(lin: Person, whom: str) -> None:
    assert await lin.say(f"block {whom}") == "Only other people can be blocked."


async def test_wrong_codes_are_limited_for_each_person(town: Town, lin: Person, amy: Person) -> None:
    guesses = [format_code(number) for number in range(100, 106)]
    for guess in guesses[:5]:
        assert await amy.say(guess) == NOT_VALID
    assert "Too many wrong codes" in await amy.say(guesses[5])
    assert "Too many wrong codes" in await amy.say(await lin.code())  # a right one tells nothing then
    assert "This code is from Lin" in await (await town.arrive("bo")).say(await lin.code())
    await town.wait(11 * MINUTE)
    assert "This code is from Lin" in await amy.say(await lin.code())


async def test_wrong_codes_are_limited_for_each_server(town: Town, lin: Person) -> None:
    tried = 0
    for account in range(12):
        guesser = await town.arrive(f"guesser{account}", server="evil")
        for number in range(5):
            if "Too many wrong codes" in await guesser.say(format_code(number)):
                break
            tried += 1
    assert 50 <= tried < 60
    honest = await town.arrive("amy", server="good")
    assert "This code is from Lin" in await honest.say(await lin.code())


async def test_a_person_who_left_the_chat_is_not_pursued(town: Town, lin: Person, amy: Person) -> None:
    code = await lin.code()
    await town.member(lin.chat, lin.user, "leave")
    rooms = set(town.rooms)
    await amy.say(code)
    [made] = set(town.rooms) - rooms  # one try to reach him, in a chat made for it
    assert town.rooms[made].members[lin.user] == "join"
    await town.member(made, lin.user, "leave")
    await amy.say("yes")
    assert set(town.rooms) == rooms | {made}


async def test_a_card_in_a_chat_that_was_left_is_not_edited_from_the_new_one(
    town: Town, lin: Person, amy: Person
) -> None:
    await amy.say(await lin.code())
    await town.member(amy.chat, amy.user, "leave")
    amy.chat = await town.open_chat(amy.user)
    assert await amy.say("yes") == "You said yes. Now Lin (@lin:town) has to say yes too."
    await lin.say("yes")
    assert "are friends now" in amy.news()


async def test_a_card_in_a_chat_made_for_it_is_edited_there(town: Town, lin: Person, amy: Person) -> None:
    """The chat did not exist yet when the card was written."""
    code = await lin.code()
    await town.member(lin.chat, lin.user, "leave")
    await amy.say(code)
    lin.chat = next(room.id for room in town.rooms.values() if room.creation and lin.user in room.creation.invite)
    assert lin.buttons("typed your code") == {"✅", "❌"}
    await lin.tap("typed your code", "✅")
    assert not lin.sees("typed your code")
    assert "You said yes" in lin.reads("You said yes")


async def test_the_list_of_friends_is_bounded(town: Town, lin: Person) -> None:
    for number in range(51):
        await town.befriend(lin, await town.arrive(f"friend{number}"))
    said = await lin.say("friends")
    assert said.startswith("You have 51 friends.")
    assert "50. Friend49" in said
    assert said.endswith("…")


async def test_names_cannot_pass_for_the_bots_own_words(town: Town, lin: Person, amy: Person) -> None:
    room = town.rooms[amy.chat]
    long = "**Bob**\n\n✅ \u202e`forget`\u0007 " + "x" * 100
    content = {"membership": "join", "displayname": long}
    await town.state(room.id, amy.user, "m.room.member", content, state_key=amy.user)
    await amy.say(await lin.code())
    card = lin.reads("typed your code")
    assert card.startswith("**Bob** ✅ `forget` xxxxxxxxxxxx… (@amy:town) typed your code.")


async def test_commands_about_friends_are_not_answered_where_others_read(town: Town, lin: Person, amy: Person) -> None:
    await town.befriend(lin, amy)
    hall = await town.gather(lin, amy, await town.arrive("dan"))
    for command in ("code", "friends", "unfriend @amy:town", "block @amy:town", "export", "forget", "yes", "no"):
        await town.wait(MINUTE)
        await town.say(lin.user, hall, f"!lw {command}")
        assert town.news(hall) == f"That is for the two of us alone: open a direct chat with {BOT} and write it there."
    assert "1. Amy" in await lin.say("friends")
