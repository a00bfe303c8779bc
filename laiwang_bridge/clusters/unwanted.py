"""People whom a policy list of the operators wants banned are in no cluster and come into none."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from mautrix.types import RoomID, UserID
from sqlalchemy import Connection, or_, select

from appservice import policies
from appservice.bots import Argument, ArgumentError, Context, Level, Router, UserError, Voice
from appservice.content import code, lines, numbered
from appservice.effects import Ban
from appservice.events import Event
from appservice.language import N_, Language, _
from appservice.policies import Policies, PolicyList, Rule
from appservice.room_tables import room_member
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.clusters import store
from laiwang_bridge.clusters.tables import cluster

log = logging.getLogger(__name__)

_PRESENT = ("join", "invite")
_AT_ONCE = 50
_POLICIES = _("Policy lists")


def _read_room(text: str) -> str:
    if text[:1] not in ("#", "!") or len(text) < 2:
        raise ArgumentError(_("A list is a room: write its alias or id, like #bans:example.org."))
    return text


List = Annotated[str, Argument(_("which list"), example="#bans:example.org", parse=_read_room)]
Number = Annotated[int, Argument(_("number"), least=1, example="1")]


class Unwanted:
    """Follows the lists that the operators choose and keeps those on them out of the clusters."""

    def __init__(
        self,
        prefixes: tuple[str, ...],
        lists: Policies,
        speak: Callable[[Unit, RoomID], Voice],
        bot: UserID,
    ) -> None:
        self._lists = lists
        self._speak = speak
        self._bot = bot
        self.router = router = Router("policies", prefixes, title=_POLICIES)
        command, admin = router.command, Level.ADMIN
        command("policies", "封禁名单", help=_("The policy lists that count"), group=_POLICIES, permission=admin)(
            self.policies
        )
        command("follow", "订阅名单", help=_("Follow a policy list"), group=_POLICIES, permission=admin)(self.follow)
        command("unfollow", "退订名单", help=_("Follow one no more"), group=_POLICIES, permission=admin)(self.unfollow)
        lists.on_rules.append(self._on_rules)
        lists.on_followed.append(self._followed)

    def add_to(self, routes: Routes) -> None:
        routes.on_event("m.room.member", self.on_member)

    # -- what operators type ----------------------------------------------------------------------------------------

    def policies(self, context: Context) -> None:
        known = policies.lists(context.connection)
        if not known:
            example = context.line(self.follow, "#bans:example.org")
            raise UserError(_("No policy list is followed. This follows one:"), try_instead=example)
        rows = [
            context.say(N_("{list}: {count} rule", "{list}: {count} rules"), list=one.called, count=one.rules)
            for one in known
        ]
        context.reply(lines(numbered(rows), code(context.line(self.unfollow, 1))))

    def follow(self, context: Context, list: List) -> None:
        self._lists.follow(context.unit, list, {"room": context.room, "language": context.language})
        context.agree("👀")

    def unfollow(self, context: Context, number: Number) -> None:
        known = policies.lists(context.connection)
        if number > len(known):
            raise UserError(_("There is no list {number}."), number=number, try_instead=context.line(self.policies))
        self._lists.unfollow(context.unit, known[number - 1])
        context.reply(
            _("{list} is followed no more. Who was banned for it stays banned."), list=known[number - 1].called
        )

    def _followed(self, unit: Unit, context: Mapping[str, Any], one: PolicyList | None) -> None:
        voice = self._speak(unit, RoomID(context["room"]))
        catalogue = voice.desk.catalogues[Language(context["language"])]
        if one is None:
            said = catalogue.say(
                _("I cannot follow {list}: I may not join that room, or there is none. Invite me there first."),
                list=context["called"],
            )
        else:
            said = catalogue.say(
                N_("{list} is followed: {count} rule.", "{list} is followed: {count} rules."),
                list=one.called,
                count=one.rules,
            )
        voice.send(said)

    # -- what the lists do ------------------------------------------------------------------------------------------

    def on_member(self, unit: Unit, event: Event) -> None:
        """Somebody comes into a cluster by a way that asks no rules of ours: its room is public, a host invited him."""
        if event.membership not in ("join", "invite") or store.in_room(unit.connection, event.room_id) is None:
            return
        user = UserID(event.state_key or "")
        if is_unwanted(unit.connection, user):
            self._ban(unit, event.room_id, user)

    def _on_rules(self, unit: Unit, rules: list[Rule]) -> None:
        for start in range(0, len(rules), _AT_ONCE):
            some = rules[start : start + _AT_ONCE]
            likes = or_(*(room_member.c.user_id.like(rule.like, escape="\\") for rule in some))
            found = (
                select(room_member.c.room_id, room_member.c.user_id)
                .join(cluster, cluster.c.room_id == room_member.c.room_id)
                .where(room_member.c.membership.in_(_PRESENT), likes)
            )
            for row in unit.connection.execute(found).all():
                if any(rule.bans(row.user_id) for rule in some) and row.user_id != self._bot:
                    self._ban(unit, RoomID(row.room_id), UserID(row.user_id))

    def _ban(self, unit: Unit, room: RoomID, user: UserID) -> None:
        log.info("%s is banned from %s for a policy list", user, room)
        unit.emit(Ban(sender=self._bot, room=room, user=user))


def is_unwanted(connection: Connection, user: UserID) -> bool:
    """Whether a list that is followed wants somebody banned."""
    return policies.ban_of(connection, user) is not None
