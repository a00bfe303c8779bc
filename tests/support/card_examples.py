"""Cards as the program makes them, for the documentation: what they carry for other programs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from appservice.bots.forms import DESCRIPTION, description
from appservice.language import Catalogues, Language
from laiwang_bridge.application import CATALOGUES
from tests.support.folders import fast_folder
from tests.unit.laiwang_bridge.features.table import Table, strangers
from tests.unit.laiwang_bridge.features.town import BOT, PAY_BOT, open_town

_LINES = {
    "org.laiwang.bill": ("AA €100 dinner @bo @cy", "(bo) !aa paid #1"),
    "org.laiwang.settlement": ("AA €90 dinner @bo @cy", "AA €20 taxi paid by @bo", "!aa settle"),
    "org.laiwang.red_packet": ("!aa packet €10 2 good luck", "(bo) grab", "(cy) grab"),
}
"""What is typed in the room, by Ann unless another is named; the last card counts."""
_ROW = re.compile(r"\{\n\s+(\"[^{}]*?)\n\s+\}")


async def example(name: str) -> str:
    """The field of this name of a card that the program has made, or the description of one command, as JSON with a row
    of a list in a line."""
    made = await _described("paid") if name == DESCRIPTION else {name: await _field(name)}
    text = json.dumps(made, indent=2, ensure_ascii=False).replace(":town", ":example.org")
    return _ROW.sub(lambda row: "{" + re.sub(r"\n\s+", " ", row[1]) + "}", text)


async def _described(name: str) -> dict[str, Any]:
    """What clients are told of a command for bills."""
    async with open_town("sqlite://") as town:
        router = next(router for bot in town.app.bots.bots for router in bot.routers if router.find(name))
        command = router.find(name)
    assert command is not None
    return description(command, router, Catalogues(CATALOGUES)[Language.EN])


async def _field(name: str) -> Mapping[str, Any]:
    with fast_folder() as folder:
        async with open_town(f"sqlite:///{folder}/town.db") as town:
            people = dict(zip(("ann", "bo", "cy"), strangers(town, "ann", "bo", "cy"), strict=True))
            table = await Table.of(town, *people.values())
            for line in _LINES[name]:
                who, _, text = line.removeprefix("(").partition(") ") if line.startswith("(") else ("ann", "", line)
                await table.say(people[who], text)
            said = (event["content"] for event in town.rooms[table.room].messages_of(PAY_BOT, BOT))
            found: list[Mapping[str, Any]] = [content[name] for content in said if name in content]
    return found[-1]
