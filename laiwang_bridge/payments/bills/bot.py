"""What people type to look at the bills of a room, and to take back what they did last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal

from sqlalchemy import Connection

from appservice.bots import Argument, Context, Router, UserError
from appservice.content import Rich, bullets, code, lines, paragraphs, words
from appservice.language import N_, _
from laiwang_bridge.payments.bills import bill_store, billing
from laiwang_bridge.payments.bills.bill_store import Bill
from laiwang_bridge.payments.bills.cards import Cards
from laiwang_bridge.payments.bills.changing import Aspect, Changing
from laiwang_bridge.payments.bills.differences import line_of as history_line
from laiwang_bridge.payments.bills.entering import Entering, line_of, said_in
from laiwang_bridge.payments.bills.rights import Rights
from laiwang_bridge.payments.bills.settings_bot import SettingsBot
from laiwang_bridge.payments.bills.understanding import Understanding
from laiwang_bridge.payments.bills.versions import Change
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.entries import Entry
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.paying import claims, standing
from laiwang_bridge.payments.till import BillNumber, Till

PAGE = 10
_MOST_ENTRIES = 50

Page = Annotated[int, Argument(_("page"), least=1, example="2")]
SearchText = Annotated[str, Argument(_("what to look for"), rest=True, most=100, example="dinner", chinese="聚餐")]
UndoWhat = Annotated[Literal["import"], Argument(_("import"), words={"import": ("导入",)})]
Category = Annotated[str, Argument(_("category"), rest=True, most=40, example="food", chinese="餐饮")]
_OFTEN = (
    _("**What people need most, in a room:**"),
    _("`AA 120 dinner @ann @bo` – all of you share it"),
    _("`AA 120 dinner @ann=50 @bo=70` – each his own sum"),
    _("✅ on the card – I have paid. 👍 – it has come"),
    _("`{prefix} how #1` – how to pay, told to you alone"),
    _("`{prefix} balance` – who owes whom"),
    _("`{prefix} settle` – the fewest payments to be even"),
    _("`{prefix} edit #1 amount 130` – or edit your message"),
    _("`{prefix} undo` – take back what you did last"),
    _("`{prefix} poll who was at dinner? 120` – ask, then split"),
    _("`AA 15 music @ann every month` – a bill that comes again"),
    _("`{prefix} stats` – a picture, `{prefix} export` – a file"),
)


class BillBot:
    """Bills: `entering` adds them, `changing` changes them; here are the ways to look at them.

    `imported_at` tells when somebody has last brought in, or taken back, many at once; `undo_mine` takes back what the
    sender has brought in, `undo_import` what came into the room last.
    """

    def __init__(self, prefixes: tuple[str, ...], till: Till, cards: Cards) -> None:
        self._till = till
        self._cards = cards
        first = _("`AA 120 dinner @ann @bo` in a room shares a bill; on its card you tap what is done.")
        self.router = router = Router("bills", prefixes, title=_("Shared bills"), first=first, often=_OFTEN)
        self.understanding = Understanding(till.around)
        self.rights = rights = Rights(till.around.rooms)
        self.entering = Entering(router, till, self.understanding, rights, cards)
        self.changing = Changing(router, till, self.understanding, rights, cards, self.entering)
        self.settings = SettingsBot(router, till, self.understanding, rights, cards, self.entering)
        self.imported_at: Callable[[Connection, LedgerId, AccountId], int | None] = lambda _connection, _ledger, _me: (
            None
        )
        self.undo_mine: Callable[[Context], None] = lambda _context: None
        self.undo_import: Callable[[Context], None] = lambda _context: None
        group = _("Shared bills")
        command = router.command
        command("undo", "撤销", help=_("Take back what you did last"), group=group)(self.undo)
        command("list", "明细", help=_("The bills of this room"), group=group)(self.list)
        command("show", "查看", help=_("The card of a bill, down here"), group=group)(self.show)
        command("history", "历史", help=_("Who changed what of a bill"), group=group)(self.history)
        command("search", "查找", "搜索", help=_("Find bills"), group=group)(self.search)
        command("category", "类别", help=_("Put a bill into a category"), group=group)(self.category)

    def list(self, context: Context, page: Page = 1) -> None:
        self._show_page(context, "", page)

    def search(self, context: Context, text: SearchText) -> None:
        self._show_page(context, text, 1)

    def show(self, context: Context, number: BillNumber | None = None) -> None:
        self._cards.show_again(context, self.changing.bill(context, number))

    def history(self, context: Context, number: BillNumber | None = None) -> None:
        bill = self.changing.bill(context, number)
        faces = self._cards.faces(context.connection, bill.ledger)
        versions = bill_store.history(context.connection, bill.id)
        said = []
        for version, before in zip(versions, [None, *versions], strict=False):
            what = history_line(version, before, faces, context.catalogue)
            zone = self._till.around.digests.hours_of_user(context.connection, context.sender).zone
            at = datetime.fromtimestamp(version.at // 1000, zone)
            said.append(context.say(_("{date} {who}: {what}"), date=at, who=faces[version.by].rich, what=what))
        title = context.say(_("**{title}** (bill {number})"), title=_title(context, bill), number=f"#{bill.number}")
        context.reply(lines(title, bullets(said)))

    def category(self, context: Context, number: BillNumber | None = None, name: Category = "") -> None:
        if number is None and not name and context.replied_to is None:
            self._show_categories(context)
            return
        bill = self.changing.bill(context, number)
        if not name:
            context.reply(bill.content.category or _("It has no category."))
            return
        said = replace(said_in(context, *line_of(context, name)), aspect=Aspect.CATEGORY)
        self.changing.change(context, bill, said)

    # -- undo -------------------------------------------------------------------------------------------------------

    def undo(self, context: Context, what: UndoWhat | None = None) -> None:
        ledger = self._till.ledger(context)
        if what == "import":
            self.undo_import(context)
            return
        me = self._till.me(context, ledger)
        bill = bill_store.last_touched(context.connection, ledger, me)
        payment = self._last_payment(context.connection, ledger, me)
        imported_at = self.imported_at(context.connection, ledger, me)
        last_at = max(bill.version.at if bill else 0, payment.created_at if payment else 0)
        if imported_at is not None and imported_at >= last_at:
            self.undo_mine(context)
        elif payment is not None and (bill is None or payment.created_at > bill.version.at):
            self._undo_payment(context, payment, me)
        elif bill is not None:
            self._undo_bill(context, bill, me)
        else:
            raise UserError(_("You have done nothing here that could be undone."))

    def _last_payment(self, connection: Connection, ledger: LedgerId, me: AccountId) -> Entry | None:
        entries = ledger_store.entries(connection, ledger, limit=_MOST_ENTRIES)
        mine = (one for one in entries if one.author == me and one.kind == claims.KIND and one.reversed_by is None)
        return next(mine, None)

    def _undo_payment(self, context: Context, payment: Entry, me: AccountId) -> None:
        ledger = self._till.ledger(context)
        key = f"{context.event.event_id}/undo"
        if (
            ledger_store.reverse_entry(context.connection, ledger, payment.id, key, payment.date, context.now, me)
            is None
        ):
            return
        self._till.tell(context.unit, claims.undone(context.connection, payment.id, context.now))
        context.reply(_("The payment is taken back: it does not count any more."))

    def _undo_bill(self, context: Context, bill: Bill, me: AccountId) -> None:
        connection, key = context.connection, f"{context.event.event_id}/undo"
        if bill.version.change in (Change.ADDED, Change.RESTORED):
            self.changing.void(context, bill.number)
            return
        self.rights.must_change(context, bill, me)
        if bill.version.change is Change.VOIDED:
            changed = billing.restore(connection, bill, me, key, context.now)
        else:
            earlier = bill_store.history(connection, bill.id)[-2]
            changed = billing.back_to(connection, bill, earlier, me, key, context.now)
        if changed is None:
            return
        if bill.is_void:
            self._cards.update(context.unit, changed)
            context.reply(_("Bill {number} counts again."), number=f"#{bill.number}")
        else:
            self.changing.tell(context, bill, changed)

    # -- lists ------------------------------------------------------------------------------------------------------

    def _show_page(self, context: Context, text: str, page: int) -> None:
        ledger = ledger_store.ledger_of(context.connection, context.room)
        number = 0 if ledger is None else bill_store.count(context.connection, ledger, text=text)
        if ledger is None or not number:
            self._till.must_be_newest(context)
            if text:
                raise UserError(_("No bill here has “{text}” in it."), text=text)
            raise UserError(
                _("There are no bills here yet. Begin with one:"),
                try_instead=self.entering.example(context),
            )
        pages = (number + PAGE - 1) // PAGE
        page = min(page, pages)
        found = bill_store.bills(context.connection, ledger, text=text, most=PAGE, skip=(page - 1) * PAGE)
        rows = [self._row(context, bill) for bill in found]
        title = context.say(N_("One bill", "{count} bills"), count=number)
        more = None
        if page < pages and not text:
            more = context.say(
                _("Page {page} of {pages}: {line} shows more."),
                page=page, pages=pages, line=code(context.line(self.list, page + 1)),
            )  # fmt: skip
        context.reply(paragraphs(lines(title, bullets(rows)), more or ""))

    def _row(self, context: Context, bill: Bill) -> Rich:
        done, owing = standing.progress(list(standing.statuses(context.connection, bill).values()))
        how_far = words("✅")
        if bill.is_imported:
            how_far = context.say(_("imported"))
        elif done < owing:
            how_far = context.say(_("⏳ {done}/{all} paid"), done=done, all=owing)
        return context.say(
            _("{number} **{title}**: {total} · {date} · {progress}"),
            number=f"#{bill.number}",
            title=_title(context, bill),
            total=bill.content.total.text(context.language.value),
            date=bill.content.date,
            progress=how_far,
        )

    def _show_categories(self, context: Context) -> None:
        found = bill_store.categories(context.connection, self._till.ledger(context))
        if not found:
            raise UserError(
                _("No bill has a category. Give it one:"),
                try_instead=context.line(self.category, 7, context.catalogue.text(_("food"))),
            )
        context.reply(bullets(f"{name}: {number}" for name, number in found.items()))


def _title(context: Context, bill: Bill) -> str:
    return bill.content.called or context.catalogue.text(_("Bill"))
