"""What people type about when they may be disturbed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from appservice.bots import Argument, ArgumentError, Context, Router
from appservice.bots.line import fold
from appservice.content import code, lines
from appservice.language import Message, _
from laiwang_bridge.people import hours_store
from laiwang_bridge.people.digests import Digests
from laiwang_bridge.people.hours import DigestMode, minute_of_day, next_digest, read_span, read_time, show_time
from laiwang_bridge.people.names import who_asks
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.time_zones import find_zone, zones_like

_TIMES = _("When I write to you")
_MODES = {
    DigestMode.DAILY: ("daily", "每天", "每日"),
    DigestMode.AT_ONCE: ("at once", "now", "immediately", "马上", "立即", "立刻"),
    DigestMode.OFF: ("off", "never", "none", "关", "关闭", "不要"),
}
_EXAMPLES = ("Asia/Shanghai", "Europe/Berlin")
_NO_HOURS = ("off", "none", "never", "关", "关闭", "不要", "没有")


_MODE_SENTENCES: dict[DigestMode, Message] = {
    DigestMode.DAILY: _("News come once a day at {at}, and only if there are any."),
    DigestMode.AT_ONCE: _("News come at once."),
    DigestMode.OFF: _("I bring you no news; you find them when you ask."),
}
_QUIET = _("From {begin} to {end} I leave you alone.")
_NEVER_QUIET = _("There are no hours in which I leave you alone.")


@dataclass(frozen=True, slots=True)
class Wish:
    """How often, and at what time (minutes after midnight) if that was said."""

    mode: DigestMode
    at: int | None = None


def _read_wish(text: str) -> Wish:
    plain = " ".join(fold(text).split())
    for mode, words in _MODES.items():
        for word in words:
            if plain == word:
                return Wish(mode)
            if mode is DigestMode.DAILY and plain.startswith(word):
                plain = plain.removeprefix(word).removeprefix(" at").strip()
    at = read_time(plain)
    if at is None:
        raise ArgumentError(
            _("“{word}” is no time for a digest. Write `daily`, a time such as `18:00`, `at once` or `off`."),
            word=text[:30],
            suggestion="daily",
        )
    return Wish(DigestMode.DAILY, at)


def _show_wish(wish: Wish) -> str:
    word = _MODES[wish.mode][0]
    return word if wish.at is None else f"{word} {show_time(wish.at)}"


@dataclass(frozen=True, slots=True)
class Quiet:
    """From when until when, in minutes after midnight; never, if they are equal."""

    begin: int = 0
    end: int = 0


def _read_quiet(text: str) -> Quiet:
    if fold(text).strip() in _NO_HOURS:
        return Quiet()
    span = read_span(text)
    if span is None:
        raise ArgumentError(
            _("“{word}” is no time from when until when. Write it like `22:00-08:00`, or `off`."),
            word=text[:30],
            suggestion="22:00-08:00",
        )
    return Quiet(*span)


def _show_quiet(quiet: Quiet) -> str:
    return "off" if quiet.begin == quiet.end else f"{show_time(quiet.begin)}-{show_time(quiet.end)}"


def _read_zone(text: str) -> ZoneInfo:
    zone = find_zone(text)
    if zone is None:
        near = zones_like(text)
        raise ArgumentError(
            _(
                "I know no time zone “{word}”. Write a large city, or a name such as `Europe/Berlin` or "
                "`Asia/Shanghai`."
            ),
            word=text[:30],
            suggestion=near[0] if near else None,
        )
    return zone


When = Annotated[
    Wish | None,
    Argument(
        _("daily, at once or off"),
        rest=True,
        parse=_read_wish,
        show=_show_wish,
        example="daily 18:00",
        chinese="每天 18:00",
    ),
]
NotThen = Annotated[
    Quiet | None,
    Argument(_("from when until when"), rest=True, parse=_read_quiet, show=_show_quiet, example="22:00-08:00"),
]
Zone = Annotated[
    ZoneInfo | None,
    Argument(_("time zone"), rest=True, parse=_read_zone, show=str, example="Europe/Berlin", chinese="Asia/Shanghai"),
]


class HoursBot:
    """The digest, the quiet hours and the time zone of a person."""

    def __init__(self, prefixes: Sequence[str], digests: Digests) -> None:
        self._digests = digests
        self.router = router = Router("hours", prefixes)
        command = router.command
        command("digest", "摘要", help=_("How often I bring you news"), group=_TIMES, where="direct")(self.digest)
        command(
            "hours", "dnd", "免打扰", "勿扰", help=_("When I leave you alone"), group=_TIMES, where="direct"
        )(self.hours)  # fmt: skip
        command("timezone", "tz", "时区", help=_("Your time zone"), group=_TIMES, where="direct")(self.timezone)

    def digest(self, context: Context, when: When = None) -> None:
        me = who_asks(context)
        if when is not None:
            hours_store.choose_mode(context.connection, me, when.mode)
            if when.at is not None:
                hours_store.choose_digest_time(context.connection, me, when.at)
            self._digests.changed(context.unit, me)
        self._tell(context, me)

    def hours(self, context: Context, quiet: NotThen = None) -> None:
        me = who_asks(context)
        if quiet is not None:
            hours_store.choose_quiet_hours(context.connection, me, quiet.begin, quiet.end)
            self._digests.changed(context.unit, me)
        self._tell(context, me)

    def timezone(self, context: Context, zone: Zone = None) -> None:
        me = who_asks(context)
        if zone is not None:
            hours_store.choose_zone(context.connection, me, zone.key)
            self._digests.changed(context.unit, me)
        self._tell(context, me)

    def _tell(self, context: Context, me: PersonId) -> None:
        """All of it together: each part matters for the others."""
        his = self._digests.hours_of(context.connection, me)
        values = {
            "at": show_time(minute_of_day(his, next_digest(his, context.now))),
            "begin": show_time(his.quiet_from),
            "end": show_time(his.quiet_until),
            "zone": his.zone.key,
            "now": show_time(minute_of_day(his, context.now)),
        }
        elsewhere = next(name for name in _EXAMPLES if name != his.zone.key)
        example = code(context.line(self.timezone, ZoneInfo(elsewhere)))
        context.reply(
            lines(
                context.say(_MODE_SENTENCES[his.mode], **values),
                context.say(_QUIET if his.has_quiet else _NEVER_QUIET, **values),
                context.say(
                    _("Your time zone is {zone}, where it is {now} now. If not: {line}"), line=example, **values
                ),
            )
        )
