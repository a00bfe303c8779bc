"""What a step costs does not depend on how many friends somebody has, counted in statements (`bench.graph`)."""

from __future__ import annotations

from bench import town
from bench.graph import Bridge, Costs
from bench.town import Size

SIZE = Size(persons=10_000, clusters=500)
FEW, MANY = 10, 1_000
MOST_TO_LOOK, MOST_TO_JOIN = 50, 85


async def test_looking_and_stepping_in_take_as_many_statements_with_a_thousand_friends_as_with_ten(
    database_url: str,
) -> None:
    town.populate(database_url, SIZE)
    town.settle(database_url, SIZE, 0)
    bridge = Bridge(database_url)
    looks, joins = Costs(), Costs()
    try:
        for friends in (FEW, MANY):
            persons = SIZE.rulers()[friends][:4]
            await bridge.open_chats(persons)
            for person in persons:
                await bridge.look(person, looks)
                room = await bridge.visible(person)
                if room is not None:
                    await bridge.join(person, room, joins)
    finally:
        await bridge.database.close()
    assert len(joins.statements) >= 5
    assert max(looks.statements) <= MOST_TO_LOOK
    assert max(joins.statements) <= MOST_TO_JOIN
