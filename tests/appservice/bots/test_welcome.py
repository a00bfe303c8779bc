"""Invitations, greetings, and rooms that we cannot read."""

from __future__ import annotations

from typing import Any

from mautrix.types import RoomID, UserID

from appservice.bots import Audience, Bots, Level, Permissions
from appservice.bots.testing import Stage, event_of
from appservice.database import Database
from appservice.effects import CreateRoom, Join, Leave, RoomOf, RoomRef
from appservice.language import Catalogues, Language
from appservice.unit import Unit
from tests.appservice.bots.library import ANN, BEN, BOTS, CAT, CHAT, HALL, LIBRARY, SHELF

DAY = 86_400_000


async def membership(stage: Stage, who: str, whose: str, room: str, kind: str, **more: Any) -> list[str]:
    content = {"membership": kind, **more}
    return await stage.play(stage.bots.on_member, who, room, "m.room.member", content, state_key=whose)


async def encrypted(stage: Stage, who: str, room: str, **content: Any) -> list[str]:
    return await stage.play(stage.bots.on_encrypted, who, room, "m.room.encrypted", content)


async def test_an_invited_bot_comes_and_says_hello_in_both_languages(stage: Stage) -> None:
    assert await membership(stage, ANN, LIBRARY, CHAT, "invite", is_direct=True) == [
        "Welcome to the library.\nWrite `help` to see what I can do.\n\n"
        "Welcome to the library.\n写 `帮助` 就能看到我会做什么。"
    ]
    assert stage.effects()[0] == Join(sender=LIBRARY, room=RoomID(CHAT))


async def test_in_a_room_the_greeting_names_the_prefix(database: Database) -> None:
    stage = Stage(database, BOTS, language_of=lambda _connection, _user: Language.ZH)
    assert await membership(stage, ANN, SHELF, HALL, "invite") == [
        "你好，我是Shelf。\n写 `!书架 帮助` 就能看到我会做什么。"
    ]


async def test_it_greets_once_and_again_after_it_was_away(stage: Stage) -> None:
    assert await membership(stage, ANN, LIBRARY, HALL, "invite") != []
    assert await membership(stage, BEN, LIBRARY, HALL, "invite") == []
    assert await membership(stage, ANN, LIBRARY, HALL, "leave") == []
    assert await membership(stage, ANN, LIBRARY, HALL, "invite") != []


async def test_an_invitation_by_the_blocked_is_refused_in_silence(database: Database) -> None:
    stage = Stage(database, BOTS, level_of=Permissions({"test": Level.USER}))
    assert await membership(stage, CAT, LIBRARY, HALL, "invite") == []
    assert stage.effects() == [Leave(sender=LIBRARY, room=RoomID(HALL))]


async def test_invitations_by_ourselves_and_for_others_are_none_of_our_business(stage: Stage) -> None:
    assert await membership(stage, LIBRARY, SHELF, HALL, "invite") == []
    assert await membership(stage, ANN, BEN, HALL, "invite") == []
    assert await membership(stage, ANN, LIBRARY, HALL, "join") == []
    content = {"membership": "invite"}
    assert await stage.play(stage.bots.on_member, ANN, HALL, "m.room.member", content) == []
    assert stage.effects() == []


async def test_a_bot_does_not_stay_alone_where_it_was_invited(stage: Stage) -> None:
    await membership(stage, ANN, LIBRARY, CHAT, "invite", is_direct=True)
    await membership(stage, ANN, SHELF, CHAT, "invite")
    stage.room(CHAT, LIBRARY, SHELF)
    await membership(stage, ANN, ANN, CHAT, "leave")
    assert stage.effects()[-2:] == [Leave(sender=bot, room=RoomID(CHAT)) for bot in (LIBRARY, SHELF)]


async def test_it_stays_while_somebody_is_there_and_where_it_was_not_invited(stage: Stage) -> None:
    await membership(stage, ANN, LIBRARY, CHAT, "invite")
    stage.room(CHAT, LIBRARY, BEN)
    await membership(stage, ANN, ANN, CHAT, "leave")
    stage.room(HALL, LIBRARY)
    await membership(stage, ANN, ANN, HALL, "ban")
    assert not any(isinstance(effect, Leave) for effect in stage.effects())


ADVICE = "I cannot read encrypted rooms. Make a new room with encryption switched off, invite @library:test, "
ADVICE += "and write to me there."


async def test_in_an_encrypted_chat_one_sentence_a_day_says_what_to_do(stage: Stage) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    [said] = await encrypted(stage, ANN, CHAT)
    assert said.startswith(ADVICE)
    assert "请新建一个关闭加密的聊天室" in said
    assert await encrypted(stage, ANN, CHAT) == []
    stage.now += DAY
    assert await encrypted(stage, ANN, CHAT) != []


async def test_among_others_it_is_said_once_unless_somebody_replies_to_us(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf list")
    ours = event_of(stage.sent()[-1][0])
    assert await encrypted(stage, ANN, HALL) != []
    stage.now += DAY
    assert await encrypted(stage, ANN, HALL) == []
    reply = {"m.in_reply_to": {"event_id": ours}}
    assert await encrypted(stage, ANN, HALL, **{"m.relates_to": reply}) != []
    assert await encrypted(stage, ANN, HALL, **{"m.relates_to": reply}) == []
    stage.now += DAY
    assert await encrypted(stage, ANN, HALL, **{"m.relates_to": {"m.in_reply_to": {"event_id": "$x"}}}) == []


async def test_where_no_bot_is_nothing_is_said(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN)
    assert await encrypted(stage, ANN, HALL) == []
    assert await encrypted(stage, LIBRARY, HALL) == []


async def test_who_can_be_reached_in_a_readable_chat_is_sent_there(stage: Stage) -> None:
    def reach(unit: Unit, bot: UserID, user: UserID) -> RoomRef | None:
        return RoomOf(unit.emit(CreateRoom(sender=bot, alias_localpart="x", invite=(user,), is_direct=True)))

    stage.bots = Bots(
        BOTS,
        rooms=stage.rooms,
        audience=Audience(lambda _user: Level.USER, lambda _connection, _user: Language.EN, lambda _user: False),
        catalogues=Catalogues(),
        resolve_event=lambda _connection, _event: None,
        reach=reach,
    )
    stage.room(CHAT, ANN, LIBRARY)
    stage.room(HALL, ANN, BEN, LIBRARY)
    assert await encrypted(stage, ANN, CHAT) == [
        "I cannot read encrypted rooms. Please write to me in our chat without encryption; "
        "it may wait as an invitation."
    ]
    assert [type(effect).__name__ for effect in stage.effects()] == ["CreateRoom", "SendMessage"]
    assert await encrypted(stage, ANN, HALL) == [ADVICE]
