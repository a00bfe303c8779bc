"""Paying by a merchant rail: somebody is offered a page, the service is asked for it, and tells us when it was paid."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Protocol

from mautrix.types import RoomID, UserID
from sqlalchemy import Connection

from appservice import inbox
from appservice.bots import Argument, Context, Router, UserError, Voice, button
from appservice.callbacks import Call, Callback, Reply
from appservice.content import Rich, lines, link
from appservice.effects import Answer, Job
from appservice.inbox import Kind
from appservice.language import Language, Message, _
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.payments.bills.bill_store import BillId
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import AccountKind
from laiwang_bridge.payments.money.money import Money, currency
from laiwang_bridge.payments.paying import claim_store, owing
from laiwang_bridge.payments.paying.claim_store import ClaimId
from laiwang_bridge.payments.paying.claims import Outcome
from laiwang_bridge.payments.paying.owing import Owed
from laiwang_bridge.payments.rails import QrCode, merchant_store
from laiwang_bridge.payments.rails.merchant import Charge, MerchantRail, NotGenuine, Notice, Page, Progress, Refused
from laiwang_bridge.payments.rails.merchant_store import Applied, ChargeId, StoredCharge, Unfitting
from laiwang_bridge.payments.rails.telling import send_code
from laiwang_bridge.payments.till import Till
from laiwang_bridge.people import store as people
from laiwang_bridge.people.names import who_asks

log = logging.getLogger(__name__)

PATH = "/_laiwang/pay/"
"""Of the service's listener: what follows is the name of a merchant rail."""

_CREATE, _LOOK, _TOLD = "payments.charge", "payments.look", "payments.charged"
_LOOK_AFTER_MS = (60_000, 300_000, 1_800_000, 7_800_000, 86_400_000)
_COMPLAINT_SECONDS = 10.0
_REFERENCE_BITS = 128

Number = Annotated[int, Argument(_("which payment"), least=1)]

_PROGRESS: Mapping[Progress, Message] = {
    Progress.PAID: _("This is paid."),
    Progress.REFUNDED: _("This was paid, and went back."),
    Progress.FAILED: _("This could not be opened. Ask again how to pay."),
    Progress.CLOSED: _("This is closed. Ask again how to pay."),
}


class Write(Protocol):
    """Does work in one transaction of the database (`appservice.database.Database.write`)."""

    def __call__(self, work: Callable[[Connection], str | None], /) -> Awaitable[str | None]: ...


class Charging:
    """`merchants` are those whom the admin has configured, by name."""

    def __init__(self, prefixes: tuple[str, ...], till: Till, merchants: Mapping[str, MerchantRail]) -> None:
        self._around = till.around
        self._till = till
        self._merchants = merchants
        self._complained_at = float("-inf")
        self.router = router = Router("charging", prefixes)
        router.command("checkout", "付款页", help=_("Open a page at which you can pay"), where="direct", listed=False)(
            self.checkout
        )

    def add_to(self, routes: Routes) -> None:
        routes.on_job(_CREATE, self._create)
        routes.on_answer(_CREATE, self._created)
        routes.on_job(_LOOK, self._look)
        routes.on_answer(_LOOK, self._looked)
        routes.on_timer(_LOOK, self._look_again)
        routes.on_timer(_TOLD, self._told)

    # -- offering -----------------------------------------------------------------------------------------------------

    def fits(self, owed: Owed, payee: UserID) -> bool:
        """Whether the one who is owed takes payments by a service here."""
        return any(rail.holder == payee and rail.takes(owed.money) for rail in self._merchants.values())

    def send(self, voice: Voice, owed: Owed, payee: UserID) -> None:
        """Offer whoever owes a page for each service. None is asked for before he says so."""
        subject = f"AA #{owed.number}" if owed.number is not None else "AA"
        for rail in self._merchants.values():
            if rail.holder != payee or not rail.takes(owed.money):
                continue
            reference = f"{voice.unit.random_bits(f'payments.charge.{rail.name}.{owed}', _REFERENCE_BITS):032x}"
            charge = merchant_store.propose(voice.connection, rail.name, owed, subject, reference, voice.unit.now)
            voice.send(
                _("**{amount}** by {title}: the payment goes straight to {name}, and I hear of it."),
                amount=owed.money.text(voice.language.value),
                title=voice.say(rail.title),
                name=self._around.names.of_user(voice.connection, payee),
                buttons=[button("💳", _("Open the payment page"), self.checkout, charge.id)],
            )

    def checkout(self, context: Context, number: Number) -> None:
        me = who_asks(context)
        charge = merchant_store.find(context.connection, ChargeId(number))
        if charge is None or not self._is_payer(context, charge) or charge.rail not in self._merchants:
            raise UserError(_("There is no such payment of yours. Ask again how to pay."))
        if not charge.is_open:
            context.reply(_PROGRESS[charge.progress])
            return
        users = people.user_ids(context.connection, me)
        payee = UserID(ledger_store.accounts(context.connection, charge.ledger)[charge.payee].name)
        left = owing.between(context.connection, charge.ledger, charge.bill, users, [payee], context.now)
        if not any(owed.money == charge.charge.money for owed in left):
            raise UserError(_("That is not what you owe any more. Ask again how to pay."))
        if charge.page != Page():
            self._show(context, charge, charge.page)
            return
        merchant_store.note_asked(context.connection, charge.id, context.now)
        where = {"bot": context.bot.user_id, "room": context.room, "language": context.language.value}
        context.unit.emit(
            self._job(context.bot.user_id, _CREATE, charge),
            key=f"charge:{charge.charge.reference}:{context.now // 60_000}",  # whoever waits may ask again
            notify=_CREATE,
            context={"charge": charge.id, **where},
            asker=context.sender,
        )

    async def _create(self, job: Job) -> Mapping[str, Any]:
        rail = self._merchants.get(job.given["rail"])
        if rail is None:
            return {"refused": "no such rail any more"}
        try:
            made = await rail.create(_charge_in(job.given))
        except NotGenuine as error:
            return {"refused": str(error)}
        if isinstance(made, Refused):
            log.error("%s refuses a charge: %s", rail.name, made.code)
            return {"refused": made.code}
        return {"url": made.url, "qr": made.qr}

    def _created(self, unit: Unit, answer: Answer) -> None:
        where, outcome = answer.context, answer.outcome or {}
        charge = merchant_store.find(unit.connection, ChargeId(where["charge"])) if where else None
        if charge is None:
            return
        voice = self._around.speak(
            unit, UserID(where["bot"]), RoomID(where["room"]), Language(where["language"]), is_direct=True
        )
        page = Page(outcome.get("url"), outcome.get("qr"))
        if page == Page():
            merchant_store.note_progress(unit.connection, charge.id, Progress.FAILED)
            voice.send(_("The payment service does not take this payment at the moment. Pay another way."))
            return
        merchant_store.note_page(unit.connection, charge.id, page)
        self._show(voice, charge, page)
        self._look_later(unit, charge.id, 0)

    def _show(self, voice: Voice, charge: StoredCharge, page: Page) -> None:
        title = voice.say(self._merchants[charge.rail].title)
        amount = charge.charge.money.text(voice.language.value)
        if page.url is not None:
            said = voice.say(_("Pay **{amount}** here:"), amount=amount)
            voice.send(lines(said, link(page.url, page.url)))
        if page.qr is not None:
            voice.send(_("Scan this with {title} to pay **{amount}**."), title=title, amount=amount)
            send_code(voice, f"{title.plain} {amount}", QrCode(page.qr, boost=True))

    def _is_payer(self, voice: Context, charge: StoredCharge) -> bool:
        accounts = ledger_store.accounts(voice.connection, charge.ledger)
        mine = ledger_store.find_account(voice.connection, charge.ledger, voice.sender)
        return mine is not None and charge.payer in (mine, accounts[mine].settles_with)

    # -- hearing of it ------------------------------------------------------------------------------------------------

    def callback(self, write: Write, wake: Callable[[str], None], clock: Callable[[], int]) -> Callback:
        """What services call. Their answer is given when all that it means is durable.

        One notice is written after the other: most are about the same few accounts, and would only get in each other's
        way in a database that lets them try at the same time.
        """
        turn = asyncio.Lock()

        async def answer(call: Call) -> Reply:
            rail = self._merchants.get(call.rest)
            if rail is None:
                return Reply(404)
            now = clock()
            try:
                notice = rail.verify(call.body, call.headers, now)
                if notice is None:
                    return Reply(200, rail.accepted)
                async with turn:
                    lane = await write(lambda connection: _apply(connection, rail.name, notice, now))
            except (NotGenuine, Unfitting) as error:
                self._complain(rail.name, error)
                return Reply(400, b"fail")
            if lane is not None:
                wake(lane)
            return Reply(200, rail.accepted)

        return Callback(PATH, answer)

    def _complain(self, rail: str, error: Exception) -> None:
        """Whoever reaches the port can cause these lines, so they are rationed."""
        now = time.monotonic()
        if now - self._complained_at > _COMPLAINT_SECONDS:
            self._complained_at = now
            log.warning("a notice for %s is refused: %s", rail, error)

    def _look_later(self, unit: Unit, charge: ChargeId, step: int) -> None:
        """Notices may be lost on their way, so we look ourselves now and then."""
        if step < len(_LOOK_AFTER_MS):
            at = unit.now + _LOOK_AFTER_MS[step]
            context = {"charge": charge, "step": step}
            unit.at(at, _LOOK, key=f"{_LOOK}:{charge}", lane=_lane(charge), context=context)

    def _look_again(self, unit: Unit, context: Mapping[str, Any]) -> None:
        charge = merchant_store.find(unit.connection, ChargeId(context["charge"]))
        if charge is None or not charge.is_open or charge.rail not in self._merchants:
            return
        unit.emit(self._job(self._around.bots[0], _LOOK, charge), notify=_LOOK, context=context)

    async def _look(self, job: Job) -> Mapping[str, Any]:
        rail = self._merchants.get(job.given["rail"])
        try:
            notice = await rail.look(_charge_in(job.given)) if rail is not None else None
        except NotGenuine as error:
            log.warning("an answer of %s is not believed: %s", job.given["rail"], error)
            return {}
        if notice is None:
            return {}
        return {"progress": notice.progress.value, "paid": notice.paid.minor if notice.paid is not None else None}

    def _looked(self, unit: Unit, answer: Answer) -> None:
        charge = merchant_store.find(unit.connection, ChargeId(answer.context["charge"]))
        if charge is None:
            return
        outcome = answer.outcome or {}
        if "progress" in outcome:
            paid = outcome["paid"]
            kind = charge.charge.money.currency
            notice = Notice(
                "",
                charge.charge.reference,
                Progress(outcome["progress"]),
                None if paid is None else Money(paid, kind),
            )
            try:
                applied = merchant_store.apply(unit.connection, charge.rail, notice, unit.now)
            except Unfitting as error:
                log.error("%s", error)
                return
            if applied is not None:
                self._told(unit, _news(applied))
        self._look_later(unit, charge.id, int(answer.context["step"]) + 1)

    def _told(self, unit: Unit, context: Mapping[str, Any]) -> None:
        """It is in the books: show it, and tell both, each in his own chat."""
        charge = merchant_store.find(unit.connection, ChargeId(context["charge"]))
        if charge is None:
            return
        for one in context["outcomes"]:
            found = (claim_store.find(unit.connection, ClaimId(id)) for id in one["claims"])
            done = Outcome(tuple(claim for claim in found if claim is not None), tuple(map(BillId, one["bills"])))
            self._till.tell(unit, done)
        paid, back = Money(context["paid"], charge.charge.money.currency), context["refunded"]
        accounts = ledger_store.accounts(unit.connection, charge.ledger)
        for mine, other in ((charge.payer, charge.payee), (charge.payee, charge.payer)):
            if accounts[mine].kind is not AccountKind.USER:
                continue
            voice = self._around.write_to(unit, UserID(accounts[mine].name))
            if voice is None:
                continue
            if paid:
                said = (
                    _("**{amount}** has reached {name}; it is in the books.")
                    if mine == charge.payer
                    else _("{name} has paid you **{amount}**; it is in the books.")
                )
                self._say(voice, said, paid, accounts[other])
            if back:
                self._say(
                    voice,
                    _("**{amount}** went back to you from {name}; it is in the books.")
                    if mine == charge.payer
                    else _("**{amount}** of yours went back to {name}; it is in the books."),
                    Money(back, paid.currency),
                    accounts[other],
                )

    def _say(self, voice: Voice, said: Message, money: Money, other: ledger_store.Account) -> None:
        name: str | Rich = other.name
        if other.kind is AccountKind.USER:
            name = self._around.names.of_user(voice.connection, UserID(other.name))
        voice.send(said, amount=money.text(voice.language.value), name=name)

    def _job(self, bot: UserID, name: str, charge: StoredCharge) -> Job:
        money = charge.charge.money
        given = {
            "rail": charge.rail,
            "reference": charge.charge.reference,
            "minor": money.minor,
            "currency": money.currency.code,
            "subject": charge.charge.subject,
        }
        return Job(sender=bot, name=name, queue=f"payments:{charge.id}", given=given)


def _apply(connection: Connection, rail: str, notice: Notice, now: int) -> str | None:
    """Apply a notice, and note that people are to be told; gives the lane in which that waits."""
    applied = merchant_store.apply(connection, rail, notice, now)
    if applied is None or not applied.outcomes:
        return None
    charge = applied.charge
    lane = _lane(charge.id)
    key = f"{_TOLD}:{charge.id}:{charge.progress}:{charge.refunded}"
    body = {"name": _TOLD, "key": key, "context": _news(applied)}
    inbox.put(connection, key, lane, Kind.TIMER, body, now)
    return lane


def _news(applied: Applied) -> dict[str, Any]:
    """What was done, as plain JSON."""
    outcomes = [{"claims": [one.id for one in each.claims], "bills": list(each.bills)} for each in applied.outcomes]
    return {
        "charge": applied.charge.id,
        "outcomes": outcomes,
        "paid": applied.credited,
        "refunded": applied.given_back,
    }


def _lane(charge: ChargeId) -> str:
    return f"payments:charge:{charge}"


def _charge_in(given: Mapping[str, Any]) -> Charge:
    return Charge(given["reference"], Money(given["minor"], currency(given["currency"])), given["subject"])
