"""Clubs: several clusters of one host in a Space of their own. What is in a club stays as it is: it travels no
differently, and silence does not end it. Who is in one of its clusters is let into the Space at his wish, so that he
finds the others; into each of these he comes by its own rules."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Any

from mautrix.types import RoomID, UserID
from sqlalchemy import BigInteger, Column, Connection, ForeignKey, Table, Text, delete, insert, select, update

from appservice.bots import Argument, Context, Router, UserError
from appservice.bots.line import fold
from appservice.content import code
from appservice.database import metadata
from appservice.effects import Answer, CreateRoom, Invite, RoomOf, RoomRef, SetState
from appservice.language import N_, _
from appservice.routes import Routes
from appservice.sql import Sequence64
from appservice.unit import Unit
from laiwang_bridge.clusters import stay_store, store
from laiwang_bridge.clusters.choosing import Choice
from laiwang_bridge.clusters.rules import ClusterId, Lifecycle
from laiwang_bridge.clusters.store import Named
from laiwang_bridge.clusters.surroundings import Surroundings
from laiwang_bridge.clusters.tables import column_of_cluster
from laiwang_bridge.clusters.titles import title as title_of
from laiwang_bridge.people.names import who_asks
from laiwang_bridge.people.rules import PersonId

_CREATED = "clusters.club_created"
_ID_BITS = 60

club = Table(
    "cluster_club",
    metadata,
    Column("id", Text, primary_key=True),
    Column("room_id", Text, unique=True),
    Column("owner", Sequence64, ForeignKey("person.id", ondelete="SET NULL"), index=True),
    Column("title", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
)
member = Table(
    "cluster_club_member",
    metadata,
    column_of_cluster("cluster", primary_key=True),
    Column("club", Text, ForeignKey("cluster_club.id", ondelete="CASCADE"), nullable=False, index=True),
)

_ADDING = re.compile(r"(add|加入|加|remove|移出|去掉)\s*#?(\d{1,6})(?:\s+(.+))?", re.DOTALL)
_TAKING_OUT = frozenset(("remove", "移出", "去掉"))

What = Annotated[str, Argument(_("name, or add and a number"), rest=True, example="add 4")]


@dataclass(frozen=True, slots=True)
class Club:
    """`room_id` is None while its Space is being made."""

    id: str
    room_id: RoomID | None
    owner: PersonId | None
    title: str


class Clubs:
    """The command `club`, and the Spaces. Aliases of these begin with `alias_prefix`, rooms are found at `domain`."""

    def __init__(
        self, prefixes: tuple[str, ...], around: Surroundings, choice: Choice, *, alias_prefix: str, domain: str
    ) -> None:
        self._around = around
        self._choice = choice
        self._alias_prefix = alias_prefix
        self._domain = domain
        self.router = router = Router("clubs", prefixes, title=_("The life of a cluster"))
        router.command(
            "club", "俱乐部", help=_("Several clusters of one host, in a Space"), group=_("Clusters")
        )(self.club)  # fmt: skip
        around.lifecycles.listeners.append(self.lifecycle_changed)

    def add_to(self, routes: Routes) -> None:
        routes.on_answer(_CREATED, self._created)

    def club(self, context: Context, what: What = "") -> None:
        wanted = _ADDING.fullmatch(fold(what).strip())
        if wanted is not None:
            number, name = int(wanted[2]), what.strip()[-len(wanted[3]) :] if wanted[3] else ""
            if wanted[1] in _TAKING_OUT:
                self._take_out(context, number)
            else:
                self._add(context, number, name)
        elif what.strip():
            self._make(context, what)
        else:
            self._enter(context)

    # -- what hosts do ----------------------------------------------------------------------------------------------

    def _make(self, context: Context, name: str) -> None:
        """In a cluster, with that in it; in private, empty for now."""
        unit, me, title = context.unit, who_asks(context), title_of(name)
        if not title:
            raise UserError(_("A club needs a name that can be read."), try_instead=context.line(self.club, "…"))
        here = None if context.is_direct else self._choice.hosted(context, None)
        if here is not None and club_of(context.connection, here.id) is not None:
            raise UserError(_("“**{title}**” is in a club already."), title=here.title)
        new = f"{self._alias_prefix}club_{unit.random_bits('club', _ID_BITS):x}"
        row = {"id": new, "room_id": None, "owner": me, "title": title, "made_at": unit.now}
        unit.connection.execute(insert(club).values(row))
        made = unit.emit(
            _space(new, title, self._around.bot, context.sender),
            notify=_CREATED,
            context={"club": new},
            asker=context.sender,
        )
        if here is not None:
            self._put_in(unit, new, RoomOf(made), here)
        context.reply(
            _("The club **{name}** is opening, you are being invited. {line} puts another of your clusters in."),
            name=title,
            line=code(context.line(self.club, "add 4")),
        )

    def _add(self, context: Context, number: int, name: str) -> None:
        mine = clubs_of(context.connection, who_asks(context))
        chosen = [one for one in mine if not name or fold(one.title) == fold(name)]
        if not chosen:
            raise UserError(
                _("You have no such club. Make one first:"), try_instead=context.line(self.club, name or "…")
            )
        named = self._choice.hosted(context, number)
        if club_of(context.connection, named.id) is not None:
            raise UserError(_("“**{title}**” is in a club already."), title=named.title)
        if chosen[0].room_id is None:
            raise UserError(_("Its Space is still being made; try again in a moment."))
        self._put_in(context.unit, chosen[0].id, chosen[0].room_id, named)
        context.reply(
            _("“**{title}**” is in the club **{name}**: it does not end because nobody writes, and its reach stays."),
            title=named.title,
            name=chosen[0].title,
        )

    def _take_out(self, context: Context, number: int) -> None:
        named = self._choice.hosted(context, number)
        its = club_of(context.connection, named.id)
        if its is None:
            raise UserError(_("“**{title}**” is in no club."), title=named.title)
        context.connection.execute(delete(member).where(member.c.cluster == named.id))
        self._show(context.unit, its.room_id, named, is_in=False)
        self._keep(context.unit, named, kept=False)
        context.reply(_("“**{title}**” is in no club any more."), title=named.title)

    def _put_in(self, unit: Unit, id: str, room: RoomRef, named: Named) -> None:
        unit.connection.execute(insert(member).values(cluster=named.id, club=id))
        self._show(unit, room, named, is_in=True)
        self._keep(unit, named, kept=True)

    def _keep(self, unit: Unit, named: Named, *, kept: bool) -> None:
        self._around.lifecycles.live(unit, named, replace(named.life, kept=kept))

    # -- what members do --------------------------------------------------------------------------------------------

    def _enter(self, context: Context) -> None:
        """Whoever is in one of its clusters finds his way into the Space."""
        me = who_asks(context)
        here = store.in_room(context.connection, context.room)
        inside = {stay.cluster for stay in stay_store.stays_of(context.connection, me)}
        found = clubs_around(context.connection, inside if here is None else inside & {here.id})
        missing = [
            one
            for one in found
            if one.room_id is not None
            and self._around.rooms.membership(context.connection, one.room_id, context.sender) not in ("join", "ban")
        ]
        if not found:
            raise UserError(
                _("None of your clusters is in a club. Make one of those that you are host of:"),
                try_instead=context.line(self.club, str(context.say(_("Weekend people")).plain)),
            )
        for one in missing:
            assert one.room_id is not None
            context.unit.emit(
                Invite(sender=self._around.bot, room=one.room_id, user=context.sender), asker=context.sender
            )
        if missing:
            names = [one.title for one in missing]
            context.reply(
                N_("You are invited into the club {names}.", "You are invited into the clubs {names}."),
                count=len(names),
                names=names,
            )
        else:
            context.reply(_("You are in it already."))

    # -- the Spaces -------------------------------------------------------------------------------------------------

    def _created(self, unit: Unit, answer: Answer) -> None:
        id = answer.context["club"]
        if answer.room_id is None:
            unit.connection.execute(delete(club).where(club.c.id == id))
            return
        self._around.rooms.created(unit.connection, answer.room_id, unit.now)
        unit.connection.execute(update(club).where(club.c.id == id).values(room_id=answer.room_id))

    def lifecycle_changed(self, unit: Unit, named: Named) -> None:
        """What is over is in no club any more."""
        its = club_of(unit.connection, named.id) if named.rules.lifecycle is Lifecycle.ARCHIVED else None
        if its is not None:
            unit.connection.execute(delete(member).where(member.c.cluster == named.id))
            self._show(unit, its.room_id, named, is_in=False)

    def moved(self, unit: Unit, old: RoomID, new: RoomID) -> None:
        """A room was replaced: the Space of a club, or the room of a cluster, which is known to have moved."""
        unit.connection.execute(update(club).where(club.c.room_id == old).values(room_id=new))
        named = store.in_room(unit.connection, new)
        its = club_of(unit.connection, named.id) if named is not None else None
        if named is not None and its is not None:
            self._show(unit, its.room_id, replace(named, room_id=old), is_in=False)
            self._show(unit, its.room_id, named, is_in=True)

    def _show(self, unit: Unit, space: RoomRef | None, named: Named, *, is_in: bool) -> None:
        if space is None or named.room_id is None:
            return
        content: dict[str, Any] = {"via": [self._domain]} if is_in else {}
        effect = SetState(
            sender=self._around.bot, room=space, type="m.space.child", state_key=named.room_id, content=content
        )
        unit.emit(effect)


def club_of(connection: Connection, id: ClusterId) -> Club | None:
    """The club that a cluster is in."""
    return next(iter(clubs_around(connection, [id])), None)


def clubs_around(connection: Connection, ids: Iterable[ClusterId]) -> list[Club]:
    """The clubs that any of these clusters is in."""
    there = select(member.c.club).where(member.c.cluster.in_(list(ids)))
    return _clubs(connection.execute(select(club).where(club.c.id.in_(there)).order_by(club.c.made_at)).all())


def clubs_of(connection: Connection, owner: PersonId) -> list[Club]:
    """The clubs that somebody made, the newest first."""
    return _clubs(connection.execute(select(club).where(club.c.owner == owner).order_by(club.c.made_at.desc())).all())


def _clubs(rows: Iterable[Any]) -> list[Club]:
    return [Club(row.id, row.room_id, row.owner, row.title) for row in rows]


def export(connection: Connection, me: PersonId) -> list[dict[str, Any]]:
    """The clubs of one person."""
    return [{"club": one.id, "title": one.title} for one in clubs_of(connection, me)]


def _space(alias: str, title: str, bot: UserID, owner: UserID) -> CreateRoom:
    return CreateRoom(
        sender=bot,
        alias_localpart=alias,
        name=title,
        invite=(owner,),
        room_type="m.space",
        initial_state=(
            _state("m.room.join_rules", {"join_rule": "invite"}),
            _state("m.room.history_visibility", {"history_visibility": "shared"}),
            _state("m.room.guest_access", {"guest_access": "forbidden"}),
        ),
        power_levels={
            "users": {bot: 100, owner: 50},
            "users_default": 0,
            "events_default": 100,
            "state_default": 100,
            "events": {"m.room.name": 50, "m.room.topic": 50, "m.room.avatar": 50},
            "invite": 50,
            "kick": 50,
            "ban": 50,
            "redact": 50,
        },
    )


def _state(type: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"type": type, "state_key": "", "content": content}
