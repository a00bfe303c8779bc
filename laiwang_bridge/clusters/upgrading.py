"""A cluster moves into a room of a newer version, with all that it is and everybody who is in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from mautrix.types import RoomID, UserID

from appservice.bots import Argument, Context, Router
from appservice.effects import Answer, Invite, Job
from appservice.homeserver import HomeserverAway, HomeserverError
from appservice.language import _
from appservice.routes import Later, Routes
from appservice.unit import Unit
from laiwang_bridge.clusters import seat_store, stay_store, store
from laiwang_bridge.clusters.choosing import Choice
from laiwang_bridge.clusters.pins import Pins
from laiwang_bridge.clusters.surroundings import Surroundings
from laiwang_bridge.people import store as people

UPGRADE_JOB = "clusters.upgrade"

_UPGRADED = "clusters.upgraded"
_LATER_SECONDS = 30.0

Version = Annotated[str, Argument(_("room version"), most=32, example="12")]


class Upgrading:
    """The command `upgrade`, and what is brought along into the new room, whoever made it."""

    def __init__(self, prefixes: tuple[str, ...], around: Surroundings, choice: Choice, pins: Pins) -> None:
        self._around = around
        self._choice = choice
        self._pins = pins
        self.router = router = Router("upgrading", prefixes, title=_("The life of a cluster"))
        router.command(
            "upgrade", "升级", help=_("Move it into a room of a newer version"), group=_("For hosts"), where="room"
        )(self.upgrade)  # fmt: skip

    def add_to(self, routes: Routes) -> None:
        routes.on_job(UPGRADE_JOB, self._upgrade)
        routes.on_answer(_UPGRADED, self._upgraded)

    def upgrade(self, context: Context, version: Version = "") -> None:
        named = self._choice.hosted(context, None)
        assert named.room_id is not None
        given = {"room": named.room_id, "version": version}
        context.unit.emit(
            Job(sender=self._around.bot, name=UPGRADE_JOB, queue=f"upgrade:{named.room_id}", given=given),
            notify=_UPGRADED,
            context={"room": named.room_id, "user": context.sender},
            asker=context.sender,
        )
        context.reply(_("I am making the new room. Everybody here is invited into it."))

    async def _upgrade(self, job: Job) -> Mapping[str, Any]:
        homeserver, bot, room = self._around.homeserver(), self._around.bot, RoomID(job.given["room"])
        try:
            # Done before, in an attempt of which nothing is known.
            if (await homeserver.state(room, "m.room.tombstone", "", bot)).get("replacement_room"):
                return {"done": True}
            await homeserver.upgrade(room, job.given["version"] or await homeserver.default_room_version(bot), bot)
        except HomeserverAway as error:
            raise Later(str(error), _LATER_SECONDS) from error
        except HomeserverError as error:
            if error.status == 429:
                raise Later(str(error), error.retry_after or _LATER_SECONDS) from error
            return {"done": False, "why": error.message}
        return {"done": True}

    def _upgraded(self, unit: Unit, answer: Answer) -> None:
        """Where it was made, the old room's last event tells us."""
        outcome = answer.outcome or {}
        if outcome.get("done"):
            return
        voice = self._around.mail.to_user(unit, UserID(answer.context["user"]))
        if voice is not None:
            voice.send(
                _("The homeserver does not make that room: {why}"), why=str(outcome.get("why") or answer.message)
            )

    def moved(self, unit: Unit, old: RoomID, new: RoomID) -> None:
        """The cluster of `old` goes on in `new`."""
        named = store.in_room(unit.connection, new)
        if named is None:
            return
        self._around.lifecycles.put_right(unit, named)
        self._pins.moved(unit, named, old)
        connection, rooms = unit.connection, self._around.rooms
        inside = {stay.person for stay in stay_store.stays_in(connection, named.id)}
        for person in sorted(inside | set(seat_store.invited_to(connection, named.id))):
            for user in people.user_ids(connection, person):
                was = rooms.membership(connection, old, user)
                if was in ("join", "invite") and rooms.membership(connection, new, user) == "leave":
                    unit.emit(Invite(sender=self._around.bot, room=new, user=user))
