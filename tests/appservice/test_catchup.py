"""What a homeserver forgot to push is found in its rooms and taken up in order.

The Synapse of these tests pushes nothing at all.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from mautrix.api import Path
from mautrix.types import RoomID, UserID
from sqlalchemy import select

from appservice.catchup import Catchup
from appservice.database import Database
from appservice.inbox import Inbox, inbox
from appservice.transaction import Transaction
from tests.support.faults import DropBefore, SlowBody
from tests.support.post import Eyes, Post
from tests.support.proxy import Proxy
from tests.support.road import Clock, event, numbers, transaction
from tests.support.waiting import eventually

pytestmark = pytest.mark.synapse


@pytest.fixture
async def bot(post: Post) -> UserID:
    """A bot that is in no other test's rooms."""
    made = UserID(f"@_laiwang_bot{next(numbers)}:localhost")
    await post.ghosts.ensure(made)
    return made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def catchup(database: Database, post: Post, bot: UserID, clock: Clock) -> AsyncIterator[Catchup]:
    """Begun when all was well."""
    arriving = Inbox(database, lambda lane: None, clock)
    looking = Catchup(database, post.homeserver, post.ghosts, bot, arriving, clock, looks_again_after=())
    await looking.start()
    yield looking
    await looking.close()


@pytest.fixture
async def room(eyes: Eyes, bot: UserID, database: Database, clock: Clock) -> RoomID:
    """A room of the bot's whose events so far have been pushed."""
    made = await new_room(eyes, bot)
    events = [{**one, "room_id": made} for one in await eyes.timeline(made, bot)]
    await Inbox(database, lambda lane: None, clock).accept(transaction(*events))
    return made


async def new_room(eyes: Eyes, owner: UserID) -> RoomID:
    answer = await eyes.homeserver.call("POST", Path.v3.createRoom, {"preset": "public_chat"}, user=owner)
    return RoomID(answer["room_id"])


async def say(eyes: Eyes, sender: UserID, room: RoomID, *texts: str) -> list[str]:
    """Messages that the homeserver accepts and never pushes; their event ids."""
    made = []
    for text in texts:
        path = Path.v3.rooms[room].send["m.room.message"][f"t{next(numbers)}"]
        answer = await eyes.homeserver.call("PUT", path, {"msgtype": "m.text", "body": text}, user=sender)
        made.append(answer["event_id"])
    return made


async def known(database: Database, room: str) -> list[str]:
    """The events of a room that the inbox has, in its order."""
    statement = select(inbox.c.key).where(inbox.c.lane == room).order_by(inbox.c.seq)
    return list(await database.read(lambda connection: connection.execute(statement).scalars().all()))


async def test_what_was_forgotten_is_taken_up_in_order(
    catchup: Catchup, eyes: Eyes, bot: UserID, database: Database, room: RoomID
) -> None:
    before = await known(database, room)
    missed = await say(eyes, bot, room, "a", "b", "c")
    catchup.suspect()
    await eventually(lambda: catchup.whole)
    assert await known(database, room) == before + missed
    assert catchup.found == 3


async def test_nothing_is_taken_up_twice(
    catchup: Catchup, eyes: Eyes, bot: UserID, database: Database, room: RoomID
) -> None:
    await say(eyes, bot, room, "a")
    for _ in range(3):
        catchup.suspect()
        await eventually(lambda: catchup.whole)
    assert catchup.found == 1


async def test_more_than_a_page_is_read_back_to_what_is_known(
    catchup: Catchup, eyes: Eyes, bot: UserID, database: Database, room: RoomID
) -> None:
    before = await known(database, room)
    missed = await say(eyes, bot, room, *(str(number) for number in range(130)))
    catchup.suspect()
    await eventually(lambda: catchup.whole)
    assert await known(database, room) == before + missed


async def test_a_gap_between_known_events_is_found_after_trouble(
    catchup: Catchup, eyes: Eyes, bot: UserID, database: Database, room: RoomID
) -> None:
    """The homeserver stopped twice, and we could not look in between."""
    missed = await say(eyes, bot, room, "missed")
    came = await say(eyes, bot, room, *(str(number) for number in range(30)))
    await Inbox(database, lambda lane: None, Clock()).accept(transaction(*(event(room, event_id=id) for id in came)))
    catchup.suspect()
    catchup.suspect()
    await eventually(lambda: catchup.whole)
    assert missed[0] in await known(database, room)


async def test_new_events_of_a_room_wait_for_what_was_missed_there(
    catchup: Catchup, eyes: Eyes, bot: UserID, database: Database, proxy: Proxy, room: RoomID
) -> None:
    before = await known(database, room)
    missed, new = await say(eyes, bot, room, "missed"), await say(eyes, bot, room, "new")
    proxy.add(SlowBody(0.5), path="/messages")
    catchup.suspect()
    await catchup.accept(transaction(event(room, event_id=new[0])))
    assert await known(database, room) == before + missed + new


async def test_other_rooms_do_not_wait(
    catchup: Catchup, eyes: Eyes, bot: UserID, database: Database, proxy: Proxy
) -> None:
    slow, quick = await new_room(eyes, bot), await new_room(eyes, bot)
    proxy.add(SlowBody(30), path=f"/rooms/{slow}/messages")
    catchup.suspect()
    async with asyncio.timeout(25):
        await catchup.accept(transaction(event(quick)))


async def test_a_homeserver_that_gives_no_answer_stops_what_it_pushes_only_once(
    catchup: Catchup, database: Database, proxy: Proxy, room: RoomID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appservice.catchup._GATE_SECONDS", 0.5)
    proxy.add(SlowBody(30), path="/messages")
    catchup.suspect()
    began = time.monotonic()
    for _ in range(10):
        await catchup.accept(transaction(event(room)))
    assert 0.5 <= time.monotonic() - began < 1.5
    assert not catchup.whole


async def test_it_is_looked_for_until_the_homeserver_is_back(
    catchup: Catchup, eyes: Eyes, bot: UserID, database: Database, proxy: Proxy, room: RoomID
) -> None:
    missed = await say(eyes, bot, room, "missed")
    rule = proxy.add(DropBefore())
    catchup.suspect()
    await asyncio.sleep(0.5)
    assert not catchup.whole
    assert len(proxy.log) > 1
    proxy.rules.remove(rule)
    await eventually(lambda: catchup.whole)
    assert missed[0] in await known(database, room)


async def test_what_was_before_we_came_is_none_of_our_business(
    catchup: Catchup, eyes: Eyes, bot: UserID, post: Post, database: Database
) -> None:
    ghost = UserID(f"@_laiwang_owner{next(numbers)}:localhost")
    await post.ghosts.ensure(ghost)
    room = await new_room(eyes, ghost)
    private = await say(eyes, ghost, room, "before", "we", "came")
    await eyes.homeserver.call("POST", Path.v3.join[room], user=bot)
    ours = await say(eyes, ghost, room, "after")
    catchup.suspect()
    await eventually(lambda: catchup.whole)
    taken = await known(database, room)
    assert ours[0] in taken
    assert not set(private) & set(taken)


async def test_what_is_older_than_all_trouble_is_left_alone(
    catchup: Catchup, eyes: Eyes, bot: UserID, database: Database, clock: Clock
) -> None:
    """The ids of old events are forgotten after a while: they must not be taken for new ones."""
    old = await new_room(eyes, bot)
    await say(eyes, bot, old, "long ago")
    clock.turn(2 * 3600)
    catchup.suspect()
    await eventually(lambda: catchup.whole)
    assert await known(database, old) == []


async def test_after_a_restart_it_is_looked_from_where_all_was_well(
    catchup: Catchup, eyes: Eyes, bot: UserID, post: Post, database: Database, clock: Clock, room: RoomID
) -> None:
    await catchup.close()
    missed = await say(eyes, bot, room, "while we were away")
    again = Catchup(database, post.homeserver, post.ghosts, bot, Inbox(database, lambda lane: None, clock), clock)
    await again.start()
    await eventually(lambda: again.whole)
    await again.close()
    assert missed[0] in await known(database, room)


async def test_rooms_we_are_not_in_are_passed_over(catchup: Catchup, database: Database) -> None:
    catchup.suspect()
    await catchup.accept(transaction(event("!elsewhere:localhost"), "no event at all"))
    assert len(await known(database, "!elsewhere:localhost")) == 1


async def test_in_peace_nothing_is_asked(catchup: Catchup, proxy: Proxy) -> None:
    await eventually(lambda: catchup.whole)
    asked = len(proxy.log)
    for number in range(10):
        await catchup.accept(Transaction(str(number), [event()]))
    assert len(proxy.log) == asked


async def test_what_is_laid_aside_just_after_the_start_is_found_too(
    database: Database, post: Post, eyes: Eyes, bot: UserID, clock: Clock, room: RoomID
) -> None:
    """Synapse does that with an event that comes while it ends catching up with us."""
    arriving = Inbox(database, lambda lane: None, clock)
    looking = Catchup(database, post.homeserver, post.ghosts, bot, arriving, clock, looks_again_after=(0.2,) * 300)
    await looking.start()
    laid_aside: list[str] = []

    async def is_found() -> bool:
        return set(laid_aside) <= set(await known(database, room))

    for text in ("after the first look", "after the next"):
        laid_aside += await say(eyes, bot, room, text)
        await eventually(is_found)
    await looking.close()


async def test_what_stood_in_a_transaction_that_never_came_is_found_when_the_next_comes(
    catchup: Catchup, eyes: Eyes, bot: UserID, database: Database, room: RoomID
) -> None:
    before = await known(database, room)
    [first], missed = await say(eyes, bot, room, "a"), await say(eyes, bot, room, "b")
    [last] = await say(eyes, bot, room, "c")
    await catchup.accept(Transaction("41", [event(room, event_id=first)]))
    assert catchup.whole
    await catchup.accept(Transaction("43", [event(room, event_id=last)]))
    await eventually(lambda: catchup.whole)
    assert await known(database, room) == [*before, first, *missed, last]
    await catchup.accept(Transaction("42", [event(room, event_id=missed[0])]))
    assert catchup.whole


async def test_transactions_that_came_to_another_process_are_not_missed(
    catchup: Catchup, database: Database, clock: Clock, room: RoomID
) -> None:
    elsewhere = Inbox(database, lambda lane: None, clock)
    await catchup.accept(Transaction("1", [event(room)]))
    for number in range(2, 12):
        await elsewhere.accept(Transaction(str(number), [event(room)]))
    await catchup.accept(Transaction("12", [event(room)]))
    assert catchup.whole
