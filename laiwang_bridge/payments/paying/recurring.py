"""Bills that come again by themselves: made on their day, once for each date, also after days without power."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

from mautrix.types import UserID
from sqlalchemy import Connection

from appservice.bots import Context, Voice
from appservice.content import Rich, bullets, code, lines, paragraphs
from appservice.language import N_, Message, _
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.payments.bills import bill_store, billing
from laiwang_bridge.payments.bills.bill_store import Bill, NewBill
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import AccountKind
from laiwang_bridge.payments.lines import recurrence
from laiwang_bridge.payments.lines.recurrence import Period, Repeat
from laiwang_bridge.payments.paying import series_store
from laiwang_bridge.payments.paying.series_store import Series, SeriesId
from laiwang_bridge.payments.till import Till
from laiwang_bridge.time_zones import zone_called

MOST_AT_ONCE = 12
"""So many bills are made up for after a long time without power; older dates are left out, which is said."""

HOUR = 9
"""At this hour of its day a bill is made, where whoever began the series lives."""

_DUE = "payments.series"

_EVERY: dict[Period, Message] = {
    Period.DAY: _("every day"),
    Period.WEEK: _("every week"),
    Period.MONTH: _("every month"),
    Period.MONTH_END: _("at the end of every month"),
    Period.YEAR: _("every year"),
}
_EVERY_FEW: dict[Period, Message] = {
    Period.DAY: _("every {count} days"),
    Period.WEEK: _("every {count} weeks"),
    Period.MONTH: _("every {count} months"),
    Period.MONTH_END: _("at the end of every {count} months"),
    Period.YEAR: _("every {count} years"),
}


class Recurring:
    """The timers of series. `line` tells how a series is stopped, as it is typed where a voice speaks."""

    def __init__(self, till: Till) -> None:
        self._till = till
        self.line: Callable[[Voice, int], str] = lambda _voice, _number: ""

    def add_to(self, routes: Routes) -> None:
        routes.on_timer(_DUE, self._due)

    def begin(self, context: Context, bill: Bill, repeat: Repeat) -> None:
        """A bill is to come again; dates that are past already do not."""
        zone = self._till.around.digests.hours_of_user(context.connection, context.sender).zone
        series = series_store.add(context.connection, bill.ledger, bill.id, repeat, bill.content.date, zone.key)
        series = self.go_on(context.unit, series)
        if series.is_over:
            context.send(_("It would come again only after its end, so it stays with this one bill."))
            return
        context.send(
            _("This bill comes again {rule}, next on {date}. To stop it: {line}"),
            rule=rule(context, repeat), date=self.next_date(series), line=code(self.line(context, series.number)),
        )  # fmt: skip

    def voided(self, context: Context, bill: Bill) -> None:
        """A bill that comes again was made void: that alone does not stop it."""
        for series in series_store.going_on(context.connection, bill.ledger):
            if series.bill == bill.id and not series.is_paused:
                context.send(
                    _("It comes again all the same, next on {date}. To stop that: {line}"),
                    date=self.next_date(series), line=code(self.line(context, series.number)),
                )  # fmt: skip

    def go_on(self, unit: Unit, series: Series) -> Series:
        """Let a series come on its dates from tomorrow on, by the calendar of its time zone."""
        today = _today(series, unit.now)
        passed = recurrence.due(series.repeat, series.first, series.next_number, today, 1)
        series_store.change(unit.connection, series.id, is_paused=False, next_number=passed.next_number)
        return self._wait(unit, replace(series, is_paused=False, next_number=passed.next_number))

    def pause(self, unit: Unit, series: Series) -> None:
        series_store.change(unit.connection, series.id, is_paused=True)
        unit.cancel(_timer(series.id))

    def stop(self, unit: Unit, series: Series) -> None:
        series_store.change(unit.connection, series.id, is_over=True)
        unit.cancel(_timer(series.id))

    def next_date(self, series: Series) -> date | None:
        return recurrence.nth(series.repeat, series.first, series.next_number)

    # -- on the day -------------------------------------------------------------------------------------------------

    def _due(self, unit: Unit, context: Mapping[str, Any]) -> None:
        series = series_store.find(unit.connection, SeriesId(context["series"]))
        if series is None or series.is_over or series.is_paused:
            return
        bill = bill_store.find(unit.connection, series.bill)
        voice = self._till.cards.voice(unit, bill)
        if voice is None:  # nobody would see it
            self.pause(unit, series)
            return
        if (gone := self._gone(unit.connection, bill)) is not None:
            self.pause(unit, series)
            voice.send(
                _("“{title}” does not come again for now: {who} is not in this room any more. Add it anew without."),
                title=bill.content.called or bill.number, who=gone, thread=bill.thread,
            )  # fmt: skip
            return
        come = recurrence.due(series.repeat, series.first, series.next_number, _today(series, unit.now), MOST_AT_ONCE)
        made = []
        for at in come.dates:
            new = self._make(unit, series, bill, at)
            if new is not None:
                bill = new
                made.append(new)
        if made:
            if come.left_out or len(made) > 1:
                self._say_late(voice, made, come.left_out)
            for one in made[:-1]:
                self._till.cards.tell(unit, one)
            self._till.cards.send(voice, made[-1])
        series_store.change(unit.connection, series.id, bill=bill.id, next_number=come.next_number)
        self._wait(unit, replace(series, bill=bill.id, next_number=come.next_number))

    def _make(self, unit: Unit, series: Series, before: Bill, at: date) -> Bill | None:
        """The bill of one date, as the last one now is; None if it was made already."""
        draft = billing.again(unit.connection, before, at)
        new = NewBill(before.author, None, before.card_bot, before.language, before.thread)
        key = f"series:{series.id}:{at.isoformat()}"
        return billing.add(unit.connection, series.ledger, draft, new, key, unit.now)

    def _gone(self, connection: Connection, bill: Bill) -> str | None:
        """Somebody of the bill who is not in the room any more."""
        accounts = ledger_store.accounts(connection, bill.ledger)
        room = ledger_store.room_of(connection, bill.ledger)
        for account in bill.nets:
            one = accounts[account]
            left = one.kind is AccountKind.FORMER or (
                one.kind is AccountKind.USER
                and self._till.around.rooms.membership(connection, room, UserID(one.name)) not in ("join", "invite")
            )
            if left:
                return self._till.cards.faces(connection, bill.ledger)[account].name
        return None

    def _say_late(self, voice: Voice, made: Sequence[Bill], left_out: int) -> None:
        """One message for all that should have come while we were away; the newest has a card below it."""
        title = made[0].content.called or f"#{made[0].number}"
        late = N_("“{title}”: one bill is late, for I was away.", "“{title}”: {count} bills are late, for I was away.")
        rows = [voice.say(_("{number}, {date}"), number=f"#{one.number}", date=one.content.date) for one in made]
        older: Rich | str = ""
        if left_out:
            said = N_(
                "One older date was left out. Add it by hand if it is owed.",
                "{count} older dates were left out. Add by hand what of them is owed.",
            )
            older = voice.say(said, count=left_out)
        head = voice.say(late, title=title, count=len(made))
        voice.send(paragraphs(lines(head, bullets(rows)), older), thread=made[-1].thread)

    def _wait(self, unit: Unit, series: Series) -> Series:
        """Set the timer of the next date; the series is over where there is none."""
        at = self.next_date(series)
        if at is None:
            series_store.change(unit.connection, series.id, is_over=True)
            return replace(series, is_over=True)
        zone = zone_called(series.zone) or UTC
        due_at = int(datetime.combine(at, time(HOUR), zone).timestamp()) * 1000
        key = _timer(series.id)
        unit.at(due_at, _DUE, key=key, lane=key, context={"series": series.id})
        return series


def rule(voice: Voice, repeat: Repeat) -> Rich:
    """How often, and until when."""
    said = _EVERY if repeat.every == 1 else _EVERY_FEW
    often = voice.say(said[repeat.period], count=repeat.every)
    if repeat.until is not None:
        return voice.say(_("{often} until {date}"), often=often, date=repeat.until)
    if repeat.count is not None:
        return voice.say(N_("{often}, once in all", "{often}, {count} times in all"), often=often, count=repeat.count)
    return often


def _today(series: Series, now: int) -> date:
    return datetime.fromtimestamp(now // 1000, zone_called(series.zone) or UTC).date()


def _timer(series: SeriesId) -> str:
    return f"payments.series:{series}"
