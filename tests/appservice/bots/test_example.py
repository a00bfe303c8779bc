"""The example in the documentation of `appservice.bots` is a bot that works."""

from __future__ import annotations

import inspect
import textwrap
from types import ModuleType, SimpleNamespace
from typing import Annotated, Any

import pytest
from mautrix.types import UserID

import appservice.bots
from appservice.bots import Argument, Bot, Context, Router, UserError, button
from appservice.bots.testing import Stage
from appservice.content import bullets, pill
from appservice.database import Database
from appservice.language import _
from tests.appservice.bots.library import ANN, BEN, HALL, LIBRARY


class Shelf:
    """What the example's store does, in memory."""

    def __init__(self) -> None:
        self.lent: dict[int, str] = {}

    def lend(self, _connection: Any, _sender: UserID, _whom: UserID, book: str) -> int:
        self.lent[len(self.lent) + 1] = book
        return len(self.lent)

    def is_lent(self, _connection: Any, number: int) -> bool:
        return number in self.lent

    def give_back(self, _connection: Any, number: int, good: bool) -> None:
        assert good
        del self.lent[number]

    def titles(self, _connection: Any) -> list[str]:
        return list(self.lent.values())


@pytest.fixture
def router() -> Router:
    documentation = inspect.getdoc(appservice.bots) or ""
    code = documentation.partition("manual page:\n")[2].partition("\nNothing else is needed")[0]
    module = ModuleType("example")
    names = SimpleNamespace(
        Annotated=Annotated,
        Argument=Argument,
        Context=Context,
        Router=Router,
        UserError=UserError,
        UserID=UserID,
        _=_,
        bullets=bullets,
        button=button,
        pill=pill,
        store=Shelf(),
    )
    vars(module).update(vars(names))
    exec(compile(textwrap.dedent(code), "example", "exec"), vars(module))
    found = vars(module)["router"]
    assert isinstance(found, Router)
    return found


async def test_the_example_lends_books(database: Database, router: Router) -> None:
    stage = Stage(database, [Bot(LIBRARY, "Library", (router,))])
    stage.room(HALL, ANN, BEN, LIBRARY)
    [said] = await stage.say(ANN, HALL, "！书架借出 @ben:test 西游记")
    assert said == "西游记 is for @ben:test.\n\n✅ Back on the shelf · !书架 归还 1"
    card = stage.sent()[-1][0]
    assert await stage.say(ANN, HALL, "!shelf list") == ["- 西游记"]
    assert await stage.say(ANN, HALL, "!shelf back 2") == ["Book 2 is not lent.\n!shelf list"]
    assert await stage.tap(BEN, HALL, card, "✅") == []
    assert await stage.say(ANN, HALL, "back", reply_to=f"${card}") == ["Was it a good book?"]
    assert await stage.say(ANN, HALL, "yes") == []
    assert await stage.say(ANN, HALL, "!shelf list") == ["All books are here."]
    assert (await stage.say(ANN, HALL, "!shelf"))[0].startswith("Books to lend\n!shelf lend <to whom> <which book>\n")
