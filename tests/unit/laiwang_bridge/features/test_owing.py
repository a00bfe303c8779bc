"""What somebody owes one person at this moment, as whoever asks how to pay is told."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.paying import owing
from tests.unit.laiwang_bridge.features.table import Table, strangers
from tests.unit.laiwang_bridge.features.town import Person, Town


async def owed_to(table: Table, payer: Person, *payees: Person) -> Mapping[str, list[int]]:
    def work(connection: Connection) -> Mapping[str, list[int]]:
        ledger = ledger_store.ledger_of(connection, table.room)
        assert ledger is not None
        now = table.town.now
        mine, *others = (ledger_store.account_of(connection, ledger, one.user, now) for one in (payer, *payees))
        return {
            payee.user: [owed.money.minor for owed in owing.to_somebody(connection, ledger, mine, other, now)]
            for payee, other in zip(payees, others, strict=True)
        }

    return await table.town.database.write(work)


async def test_those_who_settle_as_one_owe_together_whichever_of_them_was_there(town: Town) -> None:
    ann, bo, cat, _dan, eve = people = strangers(town, "ann", "bo", "cat", "dan", "eve")
    table = await Table.of(town, *people)
    await town.state(table.room, ann.user, "m.room.power_levels", {"users": {ann.user: 50}})
    await table.say(ann, "AA 30 dinner @bo=15 @dan=15")
    await table.say(cat, "AA 30 taxi @bo=15 @dan=15")
    await table.say(ann, "!aa together @bo @eve")
    plan = await table.say(ann, "!aa settle")
    planned, direct = (ann, cat) if "Eve → Ann" in plan else (cat, ann)
    for one in (bo, eve):
        owed = await owed_to(table, one, planned, direct)
        assert owed[planned.user] == [3000], "by the plan"
        assert owed[direct.user] == [1500], "by the bills, though Eve was at neither"
