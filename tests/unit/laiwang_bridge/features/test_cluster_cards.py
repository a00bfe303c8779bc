"""Cards and the list: what a person has of a cluster in his chat with the bot, and what he can do there."""

from __future__ import annotations

from appservice.effects import SendMessage
from tests.unit.laiwang_bridge.features.story import CARD, GONE, HIKE, NOT_AVAILABLE
from tests.unit.laiwang_bridge.features.town import BOT, MINUTE, Person, Town


async def test_whoever_hides_a_cluster_sees_no_more_of_it(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    bo.news()
    assert await bo.tap(CARD, "🙈") == "* “weekend hike?” is hidden. `join 1` brings it back."
    assert bo.buttons("is hidden.") == set()
    await town.member(room, ann.user, "leave")
    await town.member(room, ann.user, "invite", by=BOT)
    await town.member(room, ann.user, "join")
    assert bo.news() == ""
    assert "None of your friends" in await bo.say("list")

    assert "Come in" in await bo.say("join 1")
    assert bo.reads("You are in").startswith("You are in “weekend hike?”")
    assert cat.sees(CARD)


async def test_what_was_hidden_and_is_gone_by_now_says_so(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "🙈")
    await town.member(room, ann.user, "leave")
    assert NOT_AVAILABLE in await bo.say("join 1")
    assert bo.sees(GONE)


async def test_inside_there_is_nothing_to_hide(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    assert await bo.say("hide 1") == "You are inside. Step out first:\nleave 1"
    assert await bo.say("join 1") == "You are inside already."


async def test_the_list_shows_what_is_there_and_how_to_get_in(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    await town.start(ann, HIKE)
    await town.start(ann, "dinner")
    await bo.say("join 1")
    shown = "1 friend is talking: “dinner” — Ann · a few people · `join 2`\n1 · “weekend hike?” · you are in"
    assert await bo.say("list") == shown
    assert (await bo.say("!zd")).endswith(shown)


async def test_a_long_list_is_cut_and_old_cards_that_are_gone_do_not_fill_it(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    await town.start(ann, "the oldest")
    for number in range(30):
        await town.start(ann, f"topic {number}")
        await town.wait(MINUTE)
    said = await bo.say("list")
    assert said.startswith("1 friend is talking: “topic 29” — Ann · a few people · `join 31`")
    assert said.endswith("\n… and 11 more")
    for number in range(30):
        await bo.say(f"hide {number + 2}")
        await town.wait(MINUTE)
    assert "Ann is talking about “the oldest”" in await bo.say("list")


async def test_a_card_waits_in_the_list_for_somebody_who_left_the_chat(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    await town.member(bo.chat, bo.user, "leave")
    town.homeserver.homes.discard(bo.user)
    await town.start(ann, HIKE)
    [made] = [room for room in town.rooms.values() if room.creation and bo.user in room.creation.invite]
    await town.member(made.id, bo.user, "leave")
    await town.start(ann, "dinner")  # nobody runs after him
    assert [room for room in town.rooms.values() if room.creation and bo.user in room.creation.invite] == [made]
    bo.chat = await town.open_chat(bo.user)
    assert await bo.say("list") == (
        "1 friend is talking: “dinner” — Ann · a few people · `join 2`\n"
        "1 friend is talking: “weekend hike?” — Ann · a few people · `join 1`"
    )
    assert "Come in" in await bo.say("join 1")


async def test_who_writes_in_an_encrypted_chat_gets_cards_in_a_readable_one(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    await town.state(bo.chat, bo.user, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    await town.start(ann, HIKE)
    assert not bo.sees(CARD)
    [made] = [room for room in town.rooms.values() if room.creation and bo.user in room.creation.invite]
    assert CARD in town.news(made.id)
    bo.chat = made.id
    await bo.tap(CARD, "👍")
    assert bo.user in town.rooms[town.cluster_room(HIKE)].inside


async def test_a_stranger_knows_no_numbers(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, _dan = line
    await town.start(ann, HIKE)
    eve = await town.arrive("eve")
    for command in ("join", "join 1", "hide 1", "leave", "leave 1", "quiet 1", "loud"):
        assert await eve.say(command) == "There is no such cluster in your list:\nlist"


async def test_leaving_and_going_quiet_work_from_the_chat_too(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    assert "no longer see" in await bo.say("quiet 1")
    assert not cat.sees(CARD)
    assert "may see now" in await bo.say("loud")
    assert "You have left “weekend hike?”." in await bo.say("leave 1")
    assert bo.user not in town.rooms[room].inside
    assert await bo.say("leave 1") == "You are not in that cluster.\nlist"


async def test_in_the_room_itself_no_number_is_needed(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    asked = await town.say(bo.user, room, "!zd quiet")
    assert town.buttons(room, asked) == {"👍"}
    assert not cat.sees(CARD)
    await town.say(bo.user, room, "!扎堆 现身")
    assert cat.sees(CARD)
    town.news(room)
    await town.say(bo.user, room, "!zd leave")
    assert town.rooms[room].members[bo.user] == "leave"
    assert town.news(room) == ""


async def test_nothing_private_is_said_where_others_read_along(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    room = await town.start(ann, HIKE)
    other = await town.start(ann, "dinner")
    await bo.say("join 1")
    await bo.say("join 2")
    hall = await town.gather(bo, cat, ann)
    refused = f"Not where others read along: write that to {BOT} in a direct chat."
    for command in ("!zd", "!zd leave", "!zd quiet 1", "!zd loud", "!zd leave 2"):
        for place in (hall, other) if command[-1].isdigit() else (hall,):
            await town.say(bo.user, place, command)
            assert town.news(place).endswith(refused), command
            await town.wait(MINUTE)
    assert town.rooms[room].inside == town.rooms[other].inside == {BOT, ann.user, bo.user}


async def test_a_cluster_opened_in_a_room_is_previewed_in_private(town: Town, line: list[Person]) -> None:
    ann, bo, cat, _dan = line
    hall = await town.gather(ann, bo, cat)
    asked = await town.say(ann.user, hall, f"!zd {HIKE}")
    assert town.news(hall) == ""
    assert town.buttons(hall, asked) == {"👍"}
    assert "1 friend of yours will see it." in ann.news()
    assert not bo.sees(CARD)
    await ann.say("publish")
    assert bo.sees(CARD)


async def test_a_cluster_room_is_no_direct_chat_though_two_are_in_it(town: Town, line: list[Person]) -> None:
    ann, _bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    town.news(room)
    await town.say(ann.user, room, "hello? anybody here? help")
    await town.say(ann.user, room, "yes")
    assert town.news(room) == ""


async def test_everything_the_bot_sends_rings_only_where_it_should(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    town.homeserver.sent.clear()
    await town.start(ann, HIKE)
    await bo.tap(CARD, "👍")
    await bo.say("leave")
    ringing = [
        effect.content["body"].splitlines()[0]
        for room, effect in town.homeserver.sent
        if isinstance(effect, SendMessage) and effect.content["msgtype"] == "m.text" and effect.replaces is None
        if room != town.cluster_room(HIKE)
    ]
    assert ringing == ["Ann is talking about “weekend hike?”", "Bo is talking about “weekend hike?”"]


async def test_a_card_names_a_friend_as_he_is_called_in_his_chat_with_the_bot(town: Town, line: list[Person]) -> None:
    """What he calls himself elsewhere may be meant for others."""
    ann, bo, cat, _dan = line
    hall = await town.gather(ann, cat)
    nickname = {"membership": "join", "displayname": "Anonymous Llama"}
    await town.state(hall, ann.user, "m.room.member", nickname, state_key=ann.user)
    await town.start(ann, HIKE)
    assert bo.reads(CARD).startswith("Ann is talking about")


async def test_a_card_says_whether_there_is_talk_and_when_it_ends(town: Town, line: list[Person]) -> None:
    ann, bo, _cat, _dan = line
    room = await town.start(ann, HIKE)
    assert bo.reads(CARD).startswith("Ann is talking about “weekend hike?”\n(a few people)\n")
    await bo.say("timezone Asia/Shanghai")
    await town.say(ann.user, room, "!zd ends 22:00")
    assert "(a few people · ends on 2023-11-16 at 06:00)" in bo.reads(CARD), "by the reader's own clock"
    for number in range(7):
        await town.say(ann.user, room, f"message {number}")
    assert "(a few people · about 10 messages in a day · ends on 2023-11-16 at 06:00)" in await bo.say("!zd")
    assert "几个人 · 一天大约 10 条消息 · 2023-11-16 06:00 散场" in await bo.say("!扎堆")
    shown = len(town.rooms[bo.chat].said)
    await town.say(ann.user, room, "one more")
    assert len(town.rooms[bo.chat].said) == shown, "for talk alone nothing is edited"
    await town.say(ann.user, room, "!zd ends off")
    assert "散场" not in bo.reads("weekend hike?")
    await town.start(ann, "dinner")
    assert "几个人 · 一天大约 10 条消息 · `加入 1`" in await bo.say("!扎堆")
