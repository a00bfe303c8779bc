"""Of what people say, nothing is in the database once it was handled; on SQLite and on PostgreSQL."""

from __future__ import annotations

from laiwang_bridge.database import tables
from laiwang_bridge.people.rules import Exposure
from tests.unit.laiwang_bridge.features.town import Town

KEPT = "hello operators"
"""Feedback is kept word for word, as the documentation says."""
SAID = (
    "pineapples", "marmalade", "wheelbarrow", "turpentine", "gooseberry", "kohlrabi", "loathsome", "whortleberry",
    "Sekretny", "Verborgen", "2345678", "carddavlogin", "tarragon",
)  # fmt: skip


async def test_no_words_stay_but_feedback(either_town: Town) -> None:
    town = either_town
    await town.operators()
    ann, bo, cat = [await town.arrive(name) for name in ("ann", "bo", "cat")]
    await town.befriend(ann, bo, cat)
    await town.choose(Exposure.LOUD, ann, bo, cat)
    room = await town.start(ann, "lantern parade")
    await bo.tap("talking about “lantern parade”", "👍")
    await town.say(ann.user, room, "pineapples for everybody")
    said = await town.say(bo.user, room, "marmalade")
    edit = {"m.new_content": {"msgtype": "m.text", "body": "wheelbarrow"}, "msgtype": "m.text", "body": "* wheelbarrow"}
    await town.send(
        bo.user, room, "m.room.message", edit | {"m.relates_to": {"rel_type": "m.replace", "event_id": said}}
    )
    await town.say(ann.user, room, "!burn 30s turpentine")
    bad = await town.say(ann.user, room, "gooseberry")
    await town.say(bo.user, room, "!zd report loathsome", reply_to=bad)
    await town.say(bo.user, room, "kohlrabi", reply_to=bad)
    await cat.say("whortleberry, but that is no command")
    await cat.say("import Zebulon Sekretny, +49 1761 2345678\nOttoline Verborgen, ottoline@example.org")
    await cat.say("import https://dav.example.org")
    await cat.say("carddavlogin")
    await cat.say("cancel")
    await cat.say("!lw knock @nobody:town tarragon")
    await cat.say(f"feedback {KEPT}")
    kept = {table.name: str(await town.rows(table.name)) for table in tables.metadata.sorted_tables}
    assert [(word, name) for word in SAID for name, rows in kept.items() if word in rows] == []
    assert [name for name, rows in kept.items() if KEPT in rows] == ["feedback"]
