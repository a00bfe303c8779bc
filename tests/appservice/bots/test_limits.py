"""Nobody keeps a bot busy: limits for people, and for machines that answer it."""

from __future__ import annotations

from sqlalchemy import func, select

from appservice.bots import Rate
from appservice.bots.buttons import bot_button, bot_press
from appservice.bots.memory import bot_bucket, bot_command
from appservice.bots.questions import bot_dialogue
from appservice.bots.testing import Stage
from appservice.database import Database
from tests.appservice.bots.library import ANN, BEN, BOTS, CHAT, HALL, LIBRARY

DAY = 86_400_000


async def test_too_much_at_once_gets_one_notice_and_then_silence_until_it_is_less(database: Database) -> None:
    stage = Stage(database, BOTS, rate=Rate(burst=4, seconds_each=2))
    stage.room(HALL, ANN, BEN, LIBRARY)

    async def ask(who: str = ANN) -> list[str]:
        return await stage.say(who, HALL, "!shelf list")

    assert [await ask() for _ in range(4)] == [["Nothing."]] * 4
    assert await ask() == ["That was a lot at once. I listen again in 4 seconds."]
    stage.now += 2000
    assert [await ask() for _ in range(4)] == [[]] * 4
    assert await ask(BEN) == ["Nothing."]
    stage.now += 2000
    assert [await ask() for _ in range(2)] == [["Nothing."]] * 2
    assert await ask() == ["That was a lot at once. I listen again in 4 seconds."]


async def test_what_was_not_heard_can_be_edited_later(database: Database) -> None:
    stage = Stage(database, BOTS, rate=Rate(burst=1, seconds_each=2))
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf list")
    await stage.say(ANN, HALL, "!shelf list", event_id="$unheard")
    stage.now += 10_000
    assert await stage.change(ANN, HALL, "$unheard", "!shelf list") == ["Nothing."]


async def test_a_slow_asker_is_never_stopped(database: Database) -> None:
    stage = Stage(database, BOTS, rate=Rate(burst=2, seconds_each=2))
    stage.room(HALL, ANN, BEN, LIBRARY)
    for _ in range(20):
        assert await stage.say(ANN, HALL, "!shelf list") == ["Nothing."]
        stage.now += 2000


async def test_taps_and_answers_count_too(database: Database) -> None:
    stage = Stage(database, BOTS, rate=Rate(burst=2, seconds_each=2))
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf The Trial")
    card = stage.sent()[-1][0]
    assert await stage.tap(ANN, HALL, card, "👍") != []
    assert await stage.tap(ANN, HALL, card, "👍") == ["That was a lot at once. I listen again in 2 seconds."]
    assert await stage.tap(ANN, HALL, card, "👍") == []


async def test_a_question_waits_while_its_answers_are_too_many(database: Database) -> None:
    stage = Stage(database, BOTS, rate=Rate(burst=3, seconds_each=2))
    stage.room(CHAT, ANN, LIBRARY)
    await stage.say(ANN, CHAT, "lend Emma")
    await stage.say(ANN, CHAT, "back 1")
    assert await stage.say(ANN, CHAT, "hm") != []
    assert await stage.say(ANN, CHAT, "hm") == ["That was a lot at once. I listen again in 3 seconds."]
    assert await stage.say(ANN, CHAT, "hm") == []
    assert await stage.say(ANN, CHAT, "cancel") == []
    assert await stage.say(ANN, CHAT, "yes") == []
    stage.now += 3000
    assert await stage.say(ANN, CHAT, "yes") == ["Rated: good."]


async def test_a_machine_that_answers_our_answers_soon_talks_to_itself(stage: Stage) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    said = ["what?"]
    turns = 0
    while said:
        said = await stage.say(ANN, CHAT, f"Sorry, I do not understand “{said[0][:20]}”")
        turns += 1
        stage.now += 10_000
    assert turns == 9
    assert await stage.say(ANN, CHAT, "list") == ["Nothing."]
    assert await stage.say(ANN, CHAT, "lsit") == ["I do not know “lsit”. Did you mean this?\nlist"]


async def test_mistakes_are_forgiven_after_an_hour(stage: Stage) -> None:
    stage.room(CHAT, ANN, LIBRARY)
    for _ in range(9):
        last = await stage.say(ANN, CHAT, "lsit")
    assert last == []
    stage.now += 3_600_001
    assert await stage.say(ANN, CHAT, "lsit") != []


async def test_what_no_longer_matters_is_forgotten(stage: Stage) -> None:
    stage.room(HALL, ANN, BEN, LIBRARY)
    await stage.say(ANN, HALL, "!shelf The Trial")
    await stage.tap(ANN, HALL, stage.sent()[-1][0], "👍")
    await stage.say(ANN, HALL, "!shelf name")

    async def sizes() -> list[int]:
        tables = (bot_command, bot_bucket, bot_dialogue, bot_button, bot_press)
        return await stage.database.read(
            lambda c: [c.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]
        )

    async def after(days: int) -> list[int]:
        await stage.database.write(lambda connection: stage.bots.forget_old(connection, stage.now + days * DAY))
        return await sizes()

    assert await sizes() == [2, 1, 1, 2, 1]
    assert await after(0) == [2, 1, 1, 2, 1]
    assert await after(2) == [2, 0, 0, 2, 1]
    assert await after(31) == [0, 0, 0, 2, 1]
    assert await after(366) == [0, 0, 0, 0, 0]
