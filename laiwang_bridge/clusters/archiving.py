"""Saving what was said: a member gets it as two files in his chat with the bot, one for programs, one to read. They are
made while he waits and nothing of them is kept here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from mautrix.types import RoomID, UserID

from appservice.bots import Context, Router, UserError
from appservice.effects import Answer, Job
from appservice.homeserver import Homeserver, HomeserverAway, HomeserverError
from appservice.language import Message, _
from appservice.routes import Later, Routes
from appservice.unit import Unit
from laiwang_bridge.clusters.archive import READ, Archive, Gathering, as_json
from laiwang_bridge.clusters.archive_page import Labels, page
from laiwang_bridge.clusters.choosing import Choice, Number
from laiwang_bridge.clusters.surroundings import Surroundings
from laiwang_bridge.people.names import who_asks

ARCHIVE_JOB = "clusters.archive"

MOST_MESSAGES = 20_000
MOST_CHARACTERS = 10_000_000
PAGE = 500
MOST_PAGES = 400
"""So much goes into one archive, and so many events are looked at for it."""

_SAVED = "clusters.archived"
_LATER_SECONDS = 30.0
_FAILED = _("I could not save “**{title}**” now. Please try again later.")


class Archiving:
    """The command `archive`."""

    def __init__(self, prefixes: tuple[str, ...], around: Surroundings, choice: Choice) -> None:
        self._around = around
        self._choice = choice
        self.router = router = Router("archiving", prefixes, title=_("The life of a cluster"))
        router.command("archive", "归档", "save", "存档", help=_("Save what was said, as a file"), group=_("Clusters"))(
            self.archive
        )

    def add_to(self, routes: Routes) -> None:
        routes.on_job(ARCHIVE_JOB, self._save)
        routes.on_answer(_SAVED, self._saved)

    def archive(self, context: Context, number: Number = None) -> None:
        named = self._choice.inside(context, number)
        room = named.room_id
        if room is None or self._around.rooms.membership(context.connection, room, context.sender) != "join":
            raise UserError(_("You are in no such cluster."))
        zone = self._around.digests.hours_of(context.connection, who_asks(context)).zone
        now = datetime.fromtimestamp(context.now // 1000, zone)
        voice = context if context.is_direct else self._around.mail.to_user(context.unit, context.sender)
        if voice is None:
            return

        def word(message: Message, **values: Any) -> str:
            return voice.say(message, **values).plain

        labels = Labels(
            language=voice.language.value,
            about=word(
                _("Saved on {day} at {time} ({zone})"), day=f"{now:%Y-%m-%d}", time=f"{now:%H:%M}", zone=zone.key
            ),
            cut=word(_("There was more before this; it did not fit in.")),
            unreadable=word(_("encrypted, cannot be read")),
            edited=word(_("edited")),
            answer=word(_("in reply to")),
            file=word(_("file")),
        )
        given = {
            "room": room,
            "user": context.sender,
            "cluster": named.id,
            "title": named.title,
            "at": context.now,
            "zone": zone.key,
            "labels": asdict(labels),
        }
        context.unit.emit(
            Job(sender=self._around.bot, name=ARCHIVE_JOB, queue="archive", given=given),
            notify=_SAVED,
            context={"user": context.sender, "title": named.title},
            asker=context.sender,
        )
        if context.is_direct:
            context.reply(
                _("I am saving “**{title}**” as far back as you may see it; you get it here."), title=named.title
            )
        else:
            context.agree()

    async def _save(self, job: Job) -> Mapping[str, Any]:
        given = job.given
        try:
            archive = await self._gather(RoomID(given["room"]), UserID(given["user"]))
            if archive is None:
                return {}
            about = {"cluster": given["cluster"], "title": given["title"], "saved_at": given["at"]}
            data = orjson.dumps(as_json(archive, about), option=orjson.OPT_INDENT_2)
            labels = Labels(**given["labels"])
            html = page(archive, given["title"], ZoneInfo(given["zone"]), labels).encode()
            name = file_name(given["title"]) or given["cluster"]
            return {
                "count": len(archive.messages),
                "is_cut": archive.is_cut,
                "files": [
                    await self._upload(data, f"{name}.json", "application/json"),
                    await self._upload(html, f"{name}.html", "text/html"),
                ],
            }
        except HomeserverAway as error:
            raise Later(str(error), _LATER_SECONDS) from error
        except HomeserverError as error:
            if error.status == 429:
                raise Later(str(error), error.retry_after or _LATER_SECONDS) from error
            return {"error": str(error)}

    async def _gather(self, room: RoomID, user: UserID) -> Archive | None:
        """None for somebody who is not in the room any more."""
        homeserver, bot = self._homeserver, self._around.bot
        membership = await homeserver.state(room, "m.room.member", user, bot)
        if membership.get("membership") != "join":
            return None
        history = await homeserver.state(room, "m.room.history_visibility", "", bot)
        gathering = Gathering(user, history, membership, most=MOST_MESSAGES, most_characters=MOST_CHARACTERS)
        start: str | None = None
        for _page in range(MOST_PAGES):
            events, start = await homeserver.messages(room, bot, start=start, types=READ, limit=PAGE)
            gathering.take(events)
            if start is None or gathering.is_full:
                break
        return gathering.done(is_cut=start is not None or gathering.is_full)

    @property
    def _homeserver(self) -> Homeserver:
        return self._around.homeserver()

    async def _upload(self, data: bytes, name: str, type: str) -> dict[str, Any]:
        url = await self._homeserver.upload(data, type, name, self._around.bot)
        return {"name": name, "type": type, "size": len(data), "url": url}

    def _saved(self, unit: Unit, answer: Answer) -> None:
        voice = self._around.mail.to_user(unit, UserID(answer.context["user"]))
        outcome = answer.outcome or {}
        if voice is None:
            return
        if "files" not in outcome:
            voice.send(_FAILED, title=answer.context["title"])
            return
        for file in outcome["files"]:
            voice.send(
                {
                    "msgtype": "m.file",
                    "body": file["name"],
                    "filename": file["name"],
                    "url": file["url"],
                    "info": {"mimetype": file["type"], "size": file["size"]},
                    "m.mentions": {},
                }
            )
        whole = _("“**{title}**”, {count} messages: one file for programs, one to read in a browser. I keep neither.")
        part = _(
            "“**{title}**”, the newest {count} messages; there were more. One file for programs, one to read in a "
            "browser. I keep neither."
        )
        voice.send(part if outcome["is_cut"] else whole, title=answer.context["title"], count=outcome["count"])


def file_name(title: str) -> str:
    """A title as the name of a file, without ending; empty if nothing of it may stand in one."""
    return re.sub(r"\W+", "-", title).strip("-")[:40].rstrip("-")
