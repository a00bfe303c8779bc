"""Moderation policy lists: rooms whose state says which users and servers are not wanted.

Client-server specification, "Moderation policy lists". Only bans are known there; anything else recommended is passed
over. A list is followed by joining its room: its rules arrive as state, now and whenever they change.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mautrix.types import RoomID, UserID
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Table,
    Text,
    bindparam,
    delete,
    or_,
    select,
)

from appservice.database import metadata, storable
from appservice.effects import Answer, Join, Leave, ReadState
from appservice.events import Event, MalformedEvent
from appservice.prepared import Prepared
from appservice.rooms import server_name
from appservice.routes import Routes
from appservice.sql import insert_ignoring, upsert
from appservice.unit import Unit

log = logging.getLogger(__name__)

policy_list = Table(
    "policy_list",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("called", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
)
policy_rule = Table(
    "policy_rule",
    metadata,
    Column("room_id", Text, ForeignKey("policy_list.room_id", ondelete="CASCADE"), primary_key=True),
    Column("type", Text, primary_key=True),
    Column("state_key", Text, primary_key=True),
    Column("about", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("is_pattern", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_policy_rule_entity", "entity"),
    Index("ix_policy_rule_is_pattern", "is_pattern"),
)


_RULES_ABOUT = Prepared(
    select(policy_rule).where(
        or_(
            policy_rule.c.entity == bindparam("user"),
            policy_rule.c.entity == bindparam("server"),
            policy_rule.c.is_pattern.is_(True),
        )
    )
)


class About(StrEnum):
    """What a rule is about. Rules about rooms are no business of ours."""

    USER = "user"
    SERVER = "server"


# The names of today and those of before they were in the specification.
TYPES = {
    f"{prefix}.{about}": about
    for about in About
    for prefix in ("m.policy.rule", "m.room.rule", "org.matrix.mjolnir.rule")
}
_BANS = frozenset(("m.ban", "org.matrix.mjolnir.ban"))
_JOINED, _READ = "policies.joined", "policies.read"


@dataclass(frozen=True, slots=True)
class Rule:
    """Users or servers that a list wants banned. In `entity` a `*` stands for anything, a `?` for one character."""

    about: About
    entity: str
    reason: str = ""

    @property
    def is_pattern(self) -> bool:
        return "*" in self.entity or "?" in self.entity

    def bans(self, user: UserID) -> bool:
        text = user if self.about is About.USER else server_name(user)
        return matches(self.entity, text)

    @property
    def like(self) -> str:
        """All that this rule bans, and perhaps more, as a SQL pattern for user ids; `\\` escapes."""
        escaped = re.sub(r"([\\%_])", r"\\\1", self.entity).replace("*", "%").replace("?", "_")
        return escaped if self.about is About.USER else f"%:{escaped}"


@dataclass(frozen=True, slots=True)
class PolicyList:
    """A list that is followed, and as what it was asked for."""

    room_id: RoomID
    called: str
    rules: int


NewRules = Callable[[Unit, list[Rule]], None]
Followed = Callable[[Unit, Mapping[str, Any], PolicyList | None], None]


class Policies:
    """Follows lists as `bot`. `on_rules` are told of bans that are new."""

    def __init__(self, bot: UserID) -> None:
        self._bot = bot
        self.on_rules: list[NewRules] = []
        self.on_followed: list[Followed] = []

    def add_to(self, routes: Routes) -> None:
        for type in TYPES:
            routes.on_event(type, self.on_rule)
        routes.on_answer(_JOINED, self._joined)
        routes.on_answer(_READ, self._read)

    # -- following --------------------------------------------------------------------------------------------------

    def follow(self, unit: Unit, room: str, context: Mapping[str, Any]) -> None:
        """Join a list by its room's id or alias. `on_followed` is told how it went, with this context."""
        server = room.partition(":")[2]
        unit.emit(
            Join(sender=self._bot, room=RoomID(room), via=(server,) if server else ()),
            notify=_JOINED,
            context={"called": room, **context},
        )

    def _joined(self, unit: Unit, answer: Answer) -> None:
        if answer.failed or answer.room_id is None:
            self._tell_followed(unit, answer, None)
            return
        row = {"room_id": answer.room_id, "called": answer.context["called"], "since": unit.now}
        unit.connection.execute(insert_ignoring(unit.connection, policy_list), row)
        unit.emit(ReadState(sender=self._bot, room=answer.room_id), notify=_READ, context=answer.context)

    def _read(self, unit: Unit, answer: Answer) -> None:
        if answer.failed or answer.room_id is None:
            self._tell_followed(unit, answer, None)
            return
        unit.connection.execute(delete(policy_rule).where(policy_rule.c.room_id == answer.room_id))
        learnt = [rule for raw in answer.state if (rule := self._learn(unit.connection, answer.room_id, raw))]
        found = next((one for one in lists(unit.connection) if one.room_id == answer.room_id), None)
        self._tell_followed(unit, answer, found)
        self._tell_rules(unit, learnt)

    def unfollow(self, unit: Unit, one: PolicyList) -> None:
        """Its rules no longer count; those whom it has had banned stay so."""
        unit.connection.execute(delete(policy_list).where(policy_list.c.room_id == one.room_id))
        unit.emit(Leave(sender=self._bot, room=one.room_id))

    def on_rule(self, unit: Unit, event: Event) -> None:
        """A rule was made, changed or taken back in a list."""
        followed = select(policy_list.c.room_id).where(policy_list.c.room_id == event.room_id)
        if event.state_key is None or unit.connection.execute(followed).first() is None:
            return
        rule = _keep(unit.connection, event)
        self._tell_rules(unit, [rule] if rule else [])

    def _learn(self, connection: Connection, room: RoomID, raw: Mapping[str, Any]) -> Rule | None:
        if raw.get("type") not in TYPES:
            return None
        try:
            return _keep(connection, Event.parse({**raw, "room_id": room}))
        except MalformedEvent as error:
            log.warning("a rule of the policy list %s is left out: %s", room, error)
            return None

    def _tell_rules(self, unit: Unit, rules: list[Rule]) -> None:
        for listener in self.on_rules if rules else ():
            listener(unit, rules)

    def _tell_followed(self, unit: Unit, answer: Answer, one: PolicyList | None) -> None:
        for listener in self.on_followed:
            listener(unit, answer.context, one)


def lists(connection: Connection) -> list[PolicyList]:
    """The lists that are followed, in the order in which they were asked for."""
    counts: dict[str, int] = {}
    for room in connection.execute(select(policy_rule.c.room_id)).scalars():
        counts[room] = counts.get(room, 0) + 1
    rows = connection.execute(select(policy_list).order_by(policy_list.c.since, policy_list.c.room_id))
    return [PolicyList(RoomID(row.room_id), row.called, counts.get(row.room_id, 0)) for row in rows]


def ban_of(connection: Connection, user: UserID) -> Rule | None:
    """A rule by which somebody is not wanted; None if there is none."""
    rows = _RULES_ABOUT.all(connection, user=user, server=server_name(user))
    return next((rule for rule in map(_rule, rows) if rule.bans(user)), None)


def _keep(connection: Connection, event: Event) -> Rule | None:
    """Store a rule as the list has it now; None for one that was taken back or bans nobody."""
    content = event.content
    entity, reason = content.get("entity"), content.get("reason")
    this = {"room_id": event.room_id, "type": event.type, "state_key": event.state_key}
    if not isinstance(entity, str) or not entity or content.get("recommendation") not in _BANS:
        gone = (getattr(policy_rule.c, name) == value for name, value in this.items())
        connection.execute(delete(policy_rule).where(*gone))
        return None
    rule = Rule(TYPES[event.type], storable(entity), storable(reason) if isinstance(reason, str) else "")
    values = {"about": rule.about, "entity": rule.entity, "is_pattern": rule.is_pattern, "reason": rule.reason}
    upsert(connection, policy_rule, {**this, **values})
    return rule


def _rule(row: Any) -> Rule:
    return Rule(About(row.about), row.entity, row.reason)


def matches(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern of `*` and `?`, in time proportional to their lengths multiplied: regular
    expressions can be made to take for ever."""
    at, position, star, retry = 0, 0, -1, 0
    while position < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, retry = at, position
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[position]):
            at, position = at + 1, position + 1
        elif star >= 0:
            at, retry = star + 1, retry + 1
            position = retry
        else:
            return False
    return all(character == "*" for character in pattern[at:])
