"""Some people at a table who share bills: a room with the bot for bills, without a homeserver."""

from __future__ import annotations

from mautrix.types import EventID, RoomID
from sqlalchemy import Connection

from laiwang_bridge.payments.bills import bill_store
from laiwang_bridge.payments.bills.bill_store import Bill
from laiwang_bridge.payments.ledger import ledger_store
from tests.unit.laiwang_bridge.features.homeserver import Content
from tests.unit.laiwang_bridge.features.town import DAY, HOUR, PAY_BOT, SECOND, Person, Town

Three = tuple[Person, Person, Person]


class Table:
    """A room in which people share bills with the bot that does only this."""

    def __init__(self, town: Town, room: RoomID) -> None:
        self.town = town
        self.room = room

    @classmethod
    async def of(cls, town: Town, *people: Person) -> Table:
        room = town.homeserver.room(*(person.user for person in people))
        return cls(town, await town.bring_bot(room, PAY_BOT))

    async def say(
        self, person: Person, text: str, *, reply_to: EventID | None = None, relation: Content | None = None
    ) -> str:
        """What the bot says in the room at that. `relation` is the message's `m.relates_to`."""
        self.town.news(self.room)
        self.town.now += 5 * SECOND
        more = {} if relation is None else {"m.relates_to": relation}
        self.last = await self.town.say(person.user, self.room, text, reply_to=reply_to, **more)
        return self.town.news(self.room)

    async def edit(self, person: Person, event: EventID, text: str) -> str:
        """Somebody edits what he wrote."""
        self.town.news(self.room)
        self.town.now += 5 * SECOND
        new = {"msgtype": "m.text", "body": text}
        content: Content = {
            "msgtype": "m.text",
            "body": f"* {text}",
            "m.new_content": new,
            "m.relates_to": {"rel_type": "m.replace", "event_id": event},
        }
        await self.town.send(person.user, self.room, "m.room.message", content)
        return self.town.news(self.room)

    async def tap(self, person: Person, part: str, reaction: str) -> str:
        """Somebody taps a button on the newest message that shows `part`."""
        self.town.news(self.room)
        self.town.now += 5 * SECOND
        await self.town.react(person.user, self.room, self.message(part), reaction)
        return self.town.news(self.room)

    async def upgrade(self, *people: Person, quiet: bool = False) -> Table:
        """The room is replaced by another; if `quiet`, only hosts may speak in the old one from then on."""
        new = self.town.homeserver.room(*(person.user for person in people), name=f"newer-than-{self.room[1:]}")
        new.state[("m.room.create", "")] = {"room_version": "12", "predecessor": {"room_id": self.room}}
        if quiet:
            levels = {"users": {people[0].user: 100}, "events_default": 50}
            await self.town.state(self.room, people[0].user, "m.room.power_levels", levels)
        self.town.news(self.room)
        await self.town.state(self.room, people[0].user, "m.room.tombstone", {"replacement_room": new.id})
        return Table(self.town, new.id)

    def message(self, part: str) -> EventID:
        found = [event for event, body in self.town.shown(self.room).items() if part in body]
        assert found, f"no {part!r} in {list(self.town.shown(self.room).values())}"
        return found[-1]

    def shows(self, part: str) -> str:
        """The newest message with `part` in it, as it stands now."""
        return self.town.shown(self.room)[self.message(part)]

    def card(self, number: int) -> str:
        """The newest card of a bill, as it stands now."""
        return self.shows(f"· #{number}")

    async def owed(self, currency: str = "EUR") -> dict[str, int]:
        """What everybody has in the books of the room, by name, in minor units; those who are even are left out."""

        def work(connection: Connection) -> dict[str, int]:
            ledger = ledger_store.ledger_of(connection, self.room)
            if ledger is None:
                return {}
            known = ledger_store.accounts(connection, ledger)
            return {
                known[account].name.removeprefix("@").partition(":")[0]: minor
                for (account, code), minor in ledger_store.balances(connection, ledger).items()
                if minor and code == currency
            }

        return await self.town.database.read(work)

    async def bills(self) -> list[Bill]:
        """The bills that count, the first one first."""

        def work(connection: Connection) -> list[Bill]:
            ledger = ledger_store.ledger_of(connection, self.room)
            return [] if ledger is None else bill_store.bills(connection, ledger)[::-1]

        return await self.town.database.read(work)


def strangers(town: Town, *names: str) -> tuple[Person, ...]:
    """People without a chat with any of our bots, which most that happens in a room does not need."""
    return tuple(Person(town, town.stranger(name), RoomID("!nowhere")) for name in names)


async def two_with_chats(town: Town) -> Three:
    """Ann and Bo have a chat with the bot for bills, Cat has none."""
    ann = await town.arrive("ann", bot=PAY_BOT)
    return ann, await town.arrive("bo", bot=PAY_BOT), Person(town, town.stranger("cat"), ann.chat)


def wait_for_afternoon(town: Town) -> None:
    """An hour of the day at which nobody's quiet hours are, nor are a day later."""
    town.now += 17 * HOUR - (town.now % DAY) + (DAY if town.now % DAY > 17 * HOUR else 0)
