"""What people type about rates between currencies: to see the one that counts, and to set one by hand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from appservice.bots import Argument, ArgumentError, Context, Router, UserError
from appservice.bots.line import fold
from appservice.language import _
from laiwang_bridge.payments.bills.rights import Rights
from laiwang_bridge.payments.ledger import ledger_store, rate_store
from laiwang_bridge.payments.money.currencies import named
from laiwang_bridge.payments.money.rates import BY_HAND, read_rate
from laiwang_bridge.payments.till import Till

_OFF = ("off", "关", "取消")


def _read_currency(text: str) -> str:
    meant = named(text)
    if meant is None:
        raise ArgumentError(_("“{word}” is no currency code such as USD."), word=text[:10])
    return meant.code


Code = Annotated[str, Argument(_("which currency"), parse=_read_currency, example="USD")]
Value = Annotated[str, Argument(_("how many units of the room's currency one of it is, or off"), example="0.92")]


class RateBot:
    def __init__(self, prefixes: tuple[str, ...], till: Till, rights: Rights) -> None:
        self._till = till
        self._rights = rights
        self.router = router = Router("rates", prefixes, title=_("Rates"))
        router.command("rate", "汇率", help=_("The rate of a currency, or one set by hand"), group=_("Shared bills"))(
            self.rate
        )

    def rate(self, context: Context, code: Code, value: Value = "") -> None:
        ledger = self._till.open_ledger(context)
        own = ledger_store.settings(context.connection, ledger).currency
        if code == own:
            raise UserError(_("{currency} is the currency of this room itself."), currency=own)
        if value:
            self._rights.must_set(context)
            if fold(value) in _OFF:
                rate_store.drop_rate(context.connection, ledger, code, own)
            else:
                rate_store.set_rate(
                    context.connection, ledger, code, own, self._read(context, code, value), context.now
                )
        self._show(context, ledger, code, own)

    def _read(self, context: Context, code: str, value: str) -> str:
        try:
            return read_rate(value)
        except ValueError:
            raise UserError(
                _("“{word}” is no rate."), word=value[:20], try_instead=context.line(self.rate, code, "0.92")
            ) from None

    def _show(self, context: Context, ledger: ledger_store.LedgerId, code: str, own: str) -> None:
        found = rate_store.rate_on(context.connection, ledger, code, own, self._today(context))
        if found is None:
            raise UserError(
                _("I know no rate of {currency} for today. One can be set by hand."),
                currency=code, try_instead=context.line(self.rate, code, "0.92"),
            )  # fmt: skip
        said = (
            _("1 {of} = {rate} {to}, set by hand for this room.")
            if found.source == BY_HAND
            else _("1 {of} = {rate} {to} ({source}, {date}).")
        )
        context.reply(said, of=code, rate=found.text, to=own, source=found.source, date=found.fixed_on)

    def _today(self, context: Context) -> date:
        zone = self._till.around.digests.hours_of_user(context.connection, context.sender).zone
        return datetime.fromtimestamp(context.now // 1000, zone).date()
