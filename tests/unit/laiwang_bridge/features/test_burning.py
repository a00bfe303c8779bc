"""Burn after reading, by the whole program without a homeserver."""

from __future__ import annotations

from typing import Any

from mautrix.types import EventID, RoomID

from tests.unit.laiwang_bridge.features.town import BOT, DAY, HOUR, MINUTE, SECOND, Person, Town


async def a_room(town: Town, *people: Person) -> RoomID:
    """A room in which the bot may remove messages."""
    room = await town.gather(*people)
    levels = {"users": {people[0].user: 100, BOT: 50}, "redact": 50}
    await town.state(room, people[0].user, "m.room.power_levels", levels)
    return room


def is_gone(town: Town, room: RoomID, event: EventID) -> bool:
    return event in town.rooms[room].redacted


async def test_a_message_burns_some_time_after_the_other_has_read_it(town: Town) -> None:
    lin, may = await town.arrive("lin"), await town.arrive("may")
    room = await a_room(town, lin, may)
    secret = await town.say(lin.user, room, "!burn 10s the key is under the mat")
    await town.wait(HOUR)
    assert not is_gone(town, room, secret)
    await town.read(may.user, room, secret)
    assert not is_gone(town, room, secret)
    await town.wait(10 * SECOND)
    assert is_gone(town, room, secret)


async def test_it_burns_after_a_day_although_nobody_says_that_he_has_read_it(town: Town) -> None:
    lin, may = await town.arrive("lin"), await town.arrive("may")
    room = await a_room(town, lin, may)
    secret = await town.say(lin.user, room, "!burn the key is under the mat")
    await town.wait(DAY - MINUTE)
    assert not is_gone(town, room, secret)
    await town.wait(MINUTE)
    assert is_gone(town, room, secret)


async def test_who_has_read_what_came_later_has_read_it(town: Town) -> None:
    lin, may = await town.arrive("lin"), await town.arrive("may")
    room = await a_room(town, lin, may)
    earlier = await town.say(lin.user, room, "hello")
    secret = await town.say(lin.user, room, "!burn 10s the key is under the mat")
    later = await town.say(lin.user, room, "and the door is green")
    await town.read(may.user, room, earlier)
    await town.wait(MINUTE)
    assert not is_gone(town, room, secret)
    await town.read(may.user, room, later)
    await town.wait(10 * SECOND)
    assert is_gone(town, room, secret)


async def test_all_have_to_read_it_unless_the_first_is_enough(town: Town) -> None:
    lin, may, bo = await town.arrive("lin"), await town.arrive("may"), await town.arrive("bo")
    room = await a_room(town, lin, may, bo)
    for_all = await town.say(lin.user, room, "!burn 10s all one")
    for_first = await town.say(lin.user, room, "!burn 10s first two")
    await town.read(may.user, room, for_first)
    await town.wait(MINUTE)
    assert is_gone(town, room, for_first)
    assert not is_gone(town, room, for_all)
    await town.member(room, bo.user, "leave")
    await town.wait(MINUTE)
    assert is_gone(town, room, for_all)


async def test_fire_says_read_and_from_the_writer_it_burns_at_once(town: Town) -> None:
    lin, may = await town.arrive("lin"), await town.arrive("may")
    room = await a_room(town, lin, may)
    one = await town.say(lin.user, room, "!burn 10s one")
    assert town.buttons(room, one) == {"🔥"}
    await town.react(may.user, room, one, "🔥")
    await town.wait(10 * SECOND)
    assert is_gone(town, room, one)
    two = await town.say(lin.user, room, "!burn 10s two")
    await town.react(lin.user, room, two, "🔥")
    assert is_gone(town, room, two)


async def test_a_reply_burns_a_message_of_ones_own_and_the_command_at_once(town: Town) -> None:
    lin, may = await town.arrive("lin"), await town.arrive("may")
    room = await a_room(town, lin, may)
    photo = {"msgtype": "m.image", "body": "mat.jpg", "url": "mxc://town/mat"}
    picture = await town.send(lin.user, room, "m.room.message", photo)
    command = await town.say(lin.user, room, "!burn 10s", reply_to=picture)
    assert is_gone(town, room, command)
    await town.read(may.user, room, command)
    await town.wait(10 * SECOND)
    assert is_gone(town, room, picture)
    theirs = await town.say(may.user, room, "hello")
    await town.say(lin.user, room, "!burn 10s", reply_to=theirs)
    assert "Only a message of your own can burn." in town.news(room)
    await town.wait(2 * DAY)
    assert not is_gone(town, room, theirs)


async def test_its_edits_burn_with_it(town: Town) -> None:
    lin, may = await town.arrive("lin"), await town.arrive("may")
    room = await a_room(town, lin, may)
    secret = await town.say(lin.user, room, "!burn 10s the key is under the mat")
    content = {"msgtype": "m.text", "body": "* no, above", "m.new_content": {"msgtype": "m.text", "body": "no, above"}}
    content["m.relates_to"] = {"rel_type": "m.replace", "event_id": secret}
    edit = await town.send(lin.user, room, "m.room.message", content)
    await town.wait(DAY)
    assert is_gone(town, room, secret)
    assert is_gone(town, room, edit)


async def test_an_app_can_ask_for_it_in_the_message(town: Town) -> None:
    lin, may = await town.arrive("lin"), await town.arrive("may")
    room = await a_room(town, lin, may)
    wish: Any = {"after_read_s": 5, "max_s": 60}
    secret = await town.say(lin.user, room, "psst", **{"io.github.laiwang_bridge.burn": wish})
    await town.wait(MINUTE)
    assert is_gone(town, room, secret)


async def test_without_the_power_to_remove_messages_the_bot_says_so(town: Town) -> None:
    lin, may = await town.arrive("lin"), await town.arrive("may")
    room = await a_room(town, lin, may)
    await town.state(room, lin.user, "m.room.create", {"room_version": "11"})
    await town.state(room, lin.user, "m.room.power_levels", {"users": {lin.user: 100}})
    await town.say(lin.user, room, "!burn 10s the key is under the mat")
    assert "I may not remove messages here." in town.news(room)


async def test_mistakes_are_answered_with_the_right_command(town: Town) -> None:
    lin, may = await town.arrive("lin"), await town.arrive("may")
    room = await a_room(town, lin, may)
    await town.say(lin.user, room, "!burn")
    assert "!burn message 30s all the key is under the mat" in town.news(room)
    await town.say(lin.user, room, "!burn 10d the key is under the mat")
    assert "!burn message 30s all the key is under the mat" in town.news(room)
    await town.say(may.user, room, "!阅后即焚 10秒")
    assert "把消息写在命令后面" in town.news(room)


async def test_who_asks_to_be_forgotten_has_his_messages_burnt_first(town: Town) -> None:
    lin, may = await town.arrive("lin"), await town.arrive("may")
    room = await a_room(town, lin, may)
    secret = await town.say(lin.user, room, "!burn 10s the key is under the mat")
    assert secret in str(await town.rows("burning"))
    await lin.say("forget")
    await lin.say("yes")
    assert is_gone(town, room, secret)
    assert await town.count("burning") == 0


async def test_everything_twice_burns_once_and_a_restart_forgets_nothing(town: Town) -> None:
    town.twice = True
    lin, may = await town.arrive("lin"), await town.arrive("may")
    room = await a_room(town, lin, may)
    secret = await town.say(lin.user, room, "!burn 10s the key is under the mat")
    town.restart()
    await town.read(may.user, room, secret)
    town.restart()
    await town.wait(MINUTE)
    redactions = [event for event in town.rooms[room].said.values() if event["type"] == "m.room.redaction"]
    assert [event["content"]["redacts"] for event in redactions] == [secret]
    assert await town.count("receipt_watch") == await town.count("burning_later") == 0
