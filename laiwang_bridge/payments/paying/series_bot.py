"""What people type about bills that come again: which there are, and how they pause, go on and stop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from appservice.bots import Argument, Context, Router, UserError
from appservice.content import Rich, code, lines
from appservice.language import _
from laiwang_bridge.payments.bills import bill_store
from laiwang_bridge.payments.bills.rights import Rights
from laiwang_bridge.payments.paying import series_store
from laiwang_bridge.payments.paying.recurring import Recurring, rule
from laiwang_bridge.payments.paying.series_store import Series
from laiwang_bridge.payments.till import Till

GROUP = _("Bills that come again")
Number = Annotated[int, Argument(_("which one"), least=1, example="1")]


class SeriesBot:
    """Bills that come again."""

    def __init__(self, prefixes: Sequence[str], till: Till, recurring: Recurring) -> None:
        self._till = till
        self._recurring = recurring
        self._rights = Rights(till.around.rooms)
        self.router = router = Router("recurring", prefixes)
        command = router.command
        command("recurring", "定期", "周期", help=_("Bills that come again"), group=GROUP, named_in="room")(self.list)
        command("pause", "暂停", help=_("Let a bill not come again for now"), group=GROUP, named_in="room")(self.pause)
        command("resume", "继续", help=_("Let it come again"), group=GROUP, named_in="room")(self.resume)
        command("stop", "停止", help=_("Let a bill not come again"), group=GROUP, named_in="room")(self.stop)
        recurring.line = lambda voice, number: voice.line(self.stop, number)

    def list(self, context: Context) -> None:
        found = series_store.going_on(context.connection, self._till.ledger(context))
        if not found:
            context.reply(_("No bill comes again here. Add one with `every month` behind it."))
            return
        stop = context.say(_("To stop one: {line}"), line=code(context.line(self.stop, found[0].number)))
        context.reply(lines(*(self._row(context, one) for one in found), stop))

    def pause(self, context: Context, number: Number) -> None:
        series = self._found(context, number)
        self._recurring.pause(context.unit, series)
        context.reply(
            _("It does not come again until somebody writes {line}."),
            line=code(context.line(self.resume, number)),
        )  # fmt: skip

    def resume(self, context: Context, number: Number) -> None:
        series = self._found(context, number)
        if not series.is_paused:
            raise UserError(_("It is not paused."))
        series = self._recurring.go_on(context.unit, series)
        if series.is_over:
            context.reply(_("Its last date has passed meanwhile: it does not come again."))
        else:
            context.reply(_("It comes again on {date}."), date=self._recurring.next_date(series))

    def stop(self, context: Context, number: Number) -> None:
        self._recurring.stop(context.unit, self._found(context, number))
        context.reply(_("It does not come again. What was booked stays."))

    def _row(self, context: Context, series: Series) -> Rich:
        bill = bill_store.find(context.connection, series.bill)
        said = (
            _("{number}. “{title}”: {total}, {rule} (paused)")
            if series.is_paused
            else _("{number}. “{title}”: {total}, {rule}, next on {date}")
        )
        return context.say(
            said, number=series.number, title=bill.content.called or f"#{bill.number}",
            total=bill.content.total.text(context.language.value), rule=rule(context, series.repeat),
            date=self._recurring.next_date(series),
        )  # fmt: skip

    def _found(self, context: Context, number: int) -> Series:
        ledger = self._till.ledger(context)
        found = series_store.find_number(context.connection, ledger, number)
        if found is None:
            raise UserError(
                _("No bill comes again under this number. All of them:"), try_instead=context.line(self.list)
            )
        bill = bill_store.find(context.connection, found.bill)
        self._rights.must_change(context, bill, self._till.me(context, ledger))
        return found
