"""What a step costs does not depend on how many friends somebody has, counted in statements (`bench.graph`), nor on how
much others have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event

from bench import town
from bench.graph import Bridge, Costs
from bench.town import Size

SIZE = Size(persons=10_000, clusters=500)
FEW, MANY = 10, 1_000
MOST_TO_LOOK, MOST_TO_JOIN = 40, 60


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


async def test_no_statement_reads_what_all_people_were_shown_or_all_chats_of_the_bot(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'town.db'}"
    town.populate(url, SIZE)
    town.settle(url, SIZE, 0)
    bridge = Bridge(url)
    plans: set[str] = set()

    def explain(
        connection: Connection, _cursor: object, statement: str, given: Any, _context: object, many: bool
    ) -> None:
        if not many and statement.startswith(("SELECT", "UPDATE", "DELETE")):
            raw: Any = connection.connection.dbapi_connection
            steps = raw.execute(f"EXPLAIN QUERY PLAN {statement}", given)
            plans.update(f"{step} in {statement}" for _, _, _, step in steps)

    try:
        persons = SIZE.rulers()[MANY][:2]
        await bridge.open_chats(persons)
        event.listen(bridge.database.engine, "before_cursor_execute", explain)
        for person in persons:
            await bridge.look(person, Costs())
            room = await bridge.visible(person)
            assert room is not None
            await bridge.join(person, room, Costs())
    finally:
        await bridge.database.close()
    large = ("cluster", "cluster_line", "cluster_card", "stay", "friendship", "person", "room", "room_member", "outbox")
    assert not [plan for plan in plans if plan.startswith(tuple(f"SCAN {table} " for table in large))]
    by_the_bot = [plan for plan in plans if "ix_room_member_user_id" in plan and plan.startswith("SEARCH ours")]
    assert not by_the_bot
