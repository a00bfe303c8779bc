"""Bills in a foreign currency: converted once, at a rate that everybody sees, if the room wants that."""

from __future__ import annotations

from laiwang_bridge.payments.audit import audit
from laiwang_bridge.payments.ledger import rate_store
from laiwang_bridge.payments.money.rates import read_fixings
from tests.unit.laiwang_bridge.features.table import Table, strangers
from tests.unit.laiwang_bridge.features.town import DAY, Town

FIXINGS = read_fixings(b"Date,USD,JPY\n2023-11-14,1.0800,161.00\n")


async def test_a_bill_in_dollars_becomes_one_in_the_currency_of_the_room(town: Town) -> None:
    ann, bo = await town.arrive("ann"), await town.arrive("bo")
    table = await Table.of(town, ann, bo)
    await town.database.write(lambda connection: rate_store.keep_fixings(connection, FIXINGS))
    assert "$30.00" in await table.say(ann, "AA 30 USD lunch @bo"), "a room that did not ask keeps currencies apart"
    assert await table.owed("USD") == {"ann": 1500, "bo": -1500}

    powers = {"users": {ann.user: 50}}
    await town.state(table.room, ann.user, "m.room.power_levels", powers)
    assert "convert" in await table.say(ann, "!aa settings convert on")
    assert "1 USD = 0.9259259259 EUR (ECB, Nov 14, 2023)" in await table.say(ann, "!aa rate usd")
    card = await table.say(ann, "AA $100 USD taxi @bo")
    assert "taxi: €92.59" in card
    assert "at 0.9259259259 (ECB, Nov 14, 2023)" in card
    assert await table.owed() == {"ann": 4629, "bo": -4629} or await table.owed() == {"ann": 4630, "bo": -4630}

    await table.say(ann, "!aa rate USD 0.9")
    card = await table.say(ann, "AA 10 USD tea @bo=10 USD")
    assert "€9.00" in card
    assert "at 0.9, set by hand" in card
    assert "1 USD = 0.9259259259" in await table.say(ann, "!aa rate USD off")
    assert "no rate of VND" in await table.say(ann, "!aa rate VND")
    assert "is no currency code" in await table.say(ann, "!aa rate XXX")
    assert "currency of this room" in await table.say(ann, "!aa rate EUR")
    assert (await town.database.read(audit)).faults == ()


async def test_a_converted_bill_says_how_it_is_split_and_comes_again_at_the_rate_of_its_day(town: Town) -> None:
    ann, bo = strangers(town, "ann", "bo")
    table = await Table.of(town, ann, bo)
    await town.state(table.room, ann.user, "m.room.power_levels", {"users": {ann.user: 50}})
    await table.say(ann, "!aa settings convert on")
    await table.say(ann, "!aa rate USD 0.9")
    assert "2 people in equal parts, to the cent." in await table.say(ann, "AA 100.01 USD hotel @bo")
    assert "by amounts.\n\n💰 Ann gets €18.00, own share €72.00" in await table.say(
        ann, "AA 100 USD inn @bo=20 @ann=80"
    )
    assert "(×2)" in await table.say(ann, "AA 30 USD cab @bo x2 @ann")
    await table.say(ann, "!aa edit #1 amount 200 USD")
    assert "US$200.00 at 0.9" in table.card(1)
    await table.say(ann, "!aa undo")
    assert "US$100.01 at 0.9" in table.card(1), "what it was converted from is not forgotten by an undo"
    await table.say(ann, "AA 30 USD films @bo every month")
    assert "films: €27.00" in table.card(4)
    await table.say(ann, "!aa rate USD 0.8")
    await town.wait(31 * DAY)
    assert "films: €24.00 · #5" in table.card(5)
    assert "US$30.00 at 0.8" in table.card(5)
    assert (await town.database.read(audit)).faults == ()
