"""A second cluster with the same topic, for those who come too late for one that is full."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Connection, Integer, Table, Text, bindparam, func, insert, select, update

from appservice.bots import Context, Router, UserError
from appservice.database import metadata
from appservice.language import _
from appservice.prepared import Prepared
from appservice.unit import Unit
from laiwang_bridge.clusters import seat_store, seeds, stay_store, store
from laiwang_bridge.clusters.choosing import Choice, Number
from laiwang_bridge.clusters.links import link_to
from laiwang_bridge.clusters.opening import Opening, Plan, SeedEvent
from laiwang_bridge.clusters.reach import Mode
from laiwang_bridge.clusters.rules import ClusterId
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.clusters.surroundings import Surroundings
from laiwang_bridge.clusters.tables import column_of_cluster
from laiwang_bridge.clusters.titles import TITLE_LENGTH, graphemes
from laiwang_bridge.people.names import who_asks
from laiwang_bridge.people.rules import Exposure

bud = Table(
    "cluster_bud",
    metadata,
    column_of_cluster("cluster", primary_key=True),
    # From which it was begun, and with which cluster the row of them began.
    Column("of", Text, nullable=False),
    Column("root", Text, nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("announced", Boolean, nullable=False, default=False),
)


_UNANNOUNCED = Prepared(select(bud).where(bud.c.cluster == bindparam("id"), bud.c.announced.is_(False)))


class Budding:
    """The command `bud`. `opening` is introduced by `opens_with`; aliases of rooms are found at `domain`."""

    def __init__(self, prefixes: tuple[str, ...], around: Surroundings, choice: Choice, *, domain: str) -> None:
        self._around = around
        self._choice = choice
        self._domain = domain
        self._opening: Opening | None = None
        self.router = router = Router("budding", prefixes, title=_("The life of a cluster"))
        router.command(
            "bud", "分堆", help=_("Begin a second one with the same topic"), group=_("For hosts")
        )(self.bud)  # fmt: skip
        around.doors.watchers.append(self.watch)

    def opens_with(self, opening: Opening) -> None:
        self._opening = opening

    def bud(self, context: Context, number: Number = None) -> None:
        named = self._choice.hosted(context, number)
        assert self._opening is not None
        me, connection = who_asks(context), context.connection
        if named.rules.reach.mode is Mode.LIST and named.rules.initiator != me:
            raise UserError(
                _("“**{title}**” is for lists of whoever began it, who alone can divide it."), title=named.title
            )
        root = _root_of(connection, named.id)
        first = store.find(connection, root) or named
        count = _count(connection, root) + 2
        stay = stay_store.find_stay(connection, named.id, me)
        loud = stay is not None and stay.loud and stay.exposed_to is None
        plan = Plan(
            initiator=me,
            host=context.sender,
            title=_numbered(first.title, count),
            kind=named.kind,
            reach=named.rules.reach,
            named=named.rules.named - {me},
            exposure=Exposure.LOUD if loud else Exposure.QUIET,
        )
        known = named.seed is not None and named.room_id is not None
        seed = SeedEvent(named.room_id, named.seed) if known else seeds.of_text(first.title).content  # type: ignore[arg-type]
        new = self._opening.open(context.unit, plan, seed)
        store.set_cap(connection, new, named.rules.cap)
        row = {"cluster": new, "of": named.id, "root": root, "number": count, "announced": False}
        connection.execute(insert(bud).values(row))
        context.reply(
            _("“**{title}**” is opening. As soon as you are in, people here and those who wait learn of it."),
            title=plan.title,
        )

    def watch(self, unit: Unit, named: Named) -> None:
        """Its host is in: those in the full one learn where it goes on, and those who wait there are offered it."""
        row = _UNANNOUNCED.first(unit.connection, id=named.id)
        stay = stay_store.find_stay(unit.connection, named.id, named.rules.initiator) if row is not None else None
        if row is None or stay is None or not stay.inside:
            return
        unit.connection.execute(update(bud).where(bud.c.cluster == named.id).values(announced=True))
        full = store.find(unit.connection, ClusterId(row.of))
        if full is None or full.room_id is None:
            return
        self._around.speak(unit, full.room_id).send(
            _("It goes on in “**{title}**” too, with the same topic: {link}"),
            title=named.title,
            link=link_to(named.alias, self._domain),
        )
        self._around.spread.offer(unit, named, seat_store.waiting_for(unit.connection, full.id))


def _root_of(connection: Connection, id: ClusterId) -> ClusterId:
    """The cluster with which a row of them began."""
    found = connection.execute(select(bud.c.root).where(bud.c.cluster == id)).scalar()
    return ClusterId(found) if found is not None else id


def _count(connection: Connection, root: ClusterId) -> int:
    return connection.execute(select(func.count()).select_from(bud).where(bud.c.root == root)).scalar_one()


def _numbered(title: str, number: int) -> str:
    """The title with a number behind it, still no longer than titles are."""
    behind = f" {number}"
    return "".join(list(graphemes(title))[: TITLE_LENGTH - len(behind)]).rstrip() + behind
