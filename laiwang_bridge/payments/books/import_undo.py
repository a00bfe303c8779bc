"""`undo import`: all that an import has brought is taken back in one go, but for bills that were changed here since."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from appservice.bots import Context, UserError
from appservice.content import Rich, bullets, code, lines, paragraphs
from appservice.language import N_, _
from appservice.unit import Unit
from laiwang_bridge.payments.bills import bill_store
from laiwang_bridge.payments.bills.bill_store import Bill
from laiwang_bridge.payments.bills.rights import Rights
from laiwang_bridge.payments.books import import_record
from laiwang_bridge.payments.books.import_record import Done
from laiwang_bridge.payments.books.importing.found import Source
from laiwang_bridge.payments.books.keeping import void_bills
from laiwang_bridge.payments.ledger import bulk, ledger_store
from laiwang_bridge.payments.ledger.entries import EntryId, reverse
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.paying import claim_store
from laiwang_bridge.payments.till import Till, title_of

_MOST_NAMED = 10


class ImportUndo:
    """`import_` is how an import is typed, `void` how a bill is made void, `booked` is told when books have changed."""

    def __init__(self, till: Till, rights: Rights, import_: Callable[[Context], str]) -> None:
        self._till = till
        self._rights = rights
        self._import = import_
        self.void: Callable[[Context, int], str] = lambda _context, _number: ""
        self.booked: Callable[[Unit, LedgerId], None] = lambda _unit, _ledger: None

    def last_at(self, connection: Connection, ledger: LedgerId, me: AccountId) -> int | None:
        """When somebody last brought something in, or took it back."""
        done = import_record.last_of(connection, ledger, me)
        return None if done is None else done.last_at

    def undo_mine(self, context: Context) -> None:
        """Take back what the sender has just brought in."""
        ledger = self._till.ledger(context)
        done = import_record.last_of(context.connection, ledger, self._till.me(context, ledger))
        if done is None or done.undone_at is not None:
            raise UserError(
                _("You took that import back. To have its bills again, import the file again:"),
                try_instead=self._import(context),
            )
        self._take_back(context, done)

    def undo_last(self, context: Context) -> None:
        """Take back the last import of the room that counts."""
        ledger = self._till.ledger(context)
        done = import_record.last_standing(context.connection, ledger)
        if done is None:
            raise UserError(_("There is no import here that could be taken back."))
        self._take_back(context, done)

    def _take_back(self, context: Context, done: Done) -> None:
        connection, me = context.connection, self._till.me(context, done.ledger)
        self._rights.must_change_all(context, done.ledger, done.by, me)
        entries = import_record.entries_of(connection, done.id)
        bills = bill_store.begun_with(connection, entries)
        changed = [bill for bill in bills.values() if not bill.is_void and bill.version.number > 1]
        stays = {entry for entry, bill in bills.items() if bill in changed}
        gone = self._reverse(connection, done, [entry for entry in entries if entry not in stays], me, context.now)
        void = [bills[entry] for entry in gone if entry in bills]
        void_bills(connection, void, me, context.now)
        import_record.note_undone(connection, done.id, context.now)
        self._show(context, void, done.ledger)
        context.reply(self._said(context, done, len(gone), changed))

    def _reverse(
        self, connection: Connection, done: Done, entries: Sequence[EntryId], me: AccountId, now: int
    ) -> list[EntryId]:
        """Reverse those of these that still count; gives which these were."""
        found = ledger_store.entries_with(connection, entries)
        counting = [one for one in found if one.reverses is None and one.reversed_by is None]
        made = [reverse(one, import_record.undo_key(done.id, one.id), one.date, me) for one in counting]
        ids = bulk.reserve(connection, len(made))
        bulk.post(connection, done.ledger, dict(zip(ids, made, strict=True)), now)
        return [one.id for one in counting]

    def _show(self, context: Context, void: Sequence[Bill], ledger: LedgerId) -> None:
        """Bring up to date what shows these bills; most of them are shown nowhere."""
        disputed = {one.bill for one in claim_store.disputes_in(context.connection, ledger)}
        for bill in void:
            if bill.card is not None or bill.id in disputed:
                self._till.cards.update(context.unit, bill_store.find(context.connection, bill.id))
        self.booked(context.unit, ledger)

    def _said(self, context: Context, done: Done, count: int, changed: Sequence[Bill]) -> Rich:
        said = N_(
            "One bill or payment of {source} is taken back: it does not count any more.",
            "{count} bills and payments of {source} are taken back: they do not count any more.",
        )
        told = context.say(said, count=count, source=Source(done.source).called)
        again = context.say(
            _("To have them again, import the file again: {line}"), line=code(self._import(context))
        )  # fmt: skip
        if not changed:
            return lines(told, again)
        stay = N_(
            "One bill stays, because it was changed here since. Make it void by hand: {line}",
            "{count} bills stay, because they were changed here since. Make them void one by one: {line}",
        )
        head = context.say(stay, count=len(changed), line=code(self.void(context, changed[0].number)))
        named: list[Rich] = [title_of(context, bill) for bill in changed[:_MOST_NAMED]]
        if len(changed) > _MOST_NAMED:
            named.append(context.say(N_("and one more", "and {count} more"), count=len(changed) - _MOST_NAMED))
        return paragraphs(lines(told, again), lines(head, bullets(named)))
