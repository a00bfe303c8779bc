"""Reminders: what somebody still owes, and what waits for his word, brought once a day at most, in his own chat.

Who has no chat with us is mentioned in the room, once. Nobody is disturbed in his quiet hours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mautrix.types import RoomID, UserID
from sqlalchemy import Connection

from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.payments.bills import bill_store
from laiwang_bridge.payments.bills.bill_store import Bill
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import AccountKind, LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.paying import back_off, claim_store, open_shares, owing, standing
from laiwang_bridge.payments.paying.back_off import DAY
from laiwang_bridge.payments.paying.claim_store import Claim
from laiwang_bridge.payments.paying.claims import Outcome
from laiwang_bridge.payments.paying.open_shares import OpenShare, Reminded
from laiwang_bridge.payments.paying.reminder_texts import ReminderTexts
from laiwang_bridge.payments.paying.rules import ClaimState
from laiwang_bridge.payments.surroundings import Surroundings
from laiwang_bridge.people import hours

_DUE = "payments.remind"


@dataclass(frozen=True, slots=True)
class Waiting:
    """All that waits for somebody: shares to be paid and claims to be confirmed, each with the time when it is due."""

    shares: tuple[tuple[OpenShare, int], ...]
    claims: tuple[tuple[Claim, int], ...]

    @property
    def due(self) -> list[int]:
        return [at for _one, at in self.shares] + [at for _one, at in self.claims]


class Reminders:
    """One timer for each who owes something or whose word is waited for."""

    def __init__(self, around: Surroundings, texts: ReminderTexts) -> None:
        self._around = around
        self._texts = texts

    def add_to(self, routes: Routes) -> None:
        routes.on_timer(_DUE, self._ring)

    def bill_changed(self, unit: Unit, bill: Bill) -> None:
        """A bill was added or changed: those who owe something for it are reminded in time."""
        shares = [share for share in open_shares.of_bill(unit.connection, bill.id) if share.waits]
        if not shares:
            return
        days = self._days(unit.connection, bill.ledger)
        if open_shares.wishes_for(unit.connection, bill.id).off:
            days = ()
        accounts = ledger_store.accounts(unit.connection, bill.ledger)
        for share in shares:
            self._no_later_than(unit, accounts.get(share.account), self._due_at(share, unit.now, days))

    def room_chose(self, unit: Unit, ledger: LedgerId) -> None:
        """A room has chosen when it reminds: days that have passed do not come again, the others count at once."""
        days = self._days(unit.connection, ledger)
        shares = open_shares.of_ledger(unit.connection, ledger)
        for share in shares:
            open_shares.note_days_passed(unit.connection, share, back_off.skipped(share.since, unit.now, days))
        for account in dict.fromkeys(share.account for share in shares):
            user = self._reminded(unit.connection, ledger_store.account(unit.connection, account))
            if user is not None:
                self._set(unit, user)

    def paid(self, unit: Unit, outcome: Outcome) -> None:
        """Somebody says that he has paid: whoever gets it is asked in time. A share may be open again by it."""
        for id in outcome.bills:
            self._open_again(unit, bill_store.find(unit.connection, id), outcome)
        for one in outcome.claims:
            if one.state is ClaimState.CLAIMED:
                self._no_later_than(unit, ledger_store.account(unit.connection, one.payee), one.at + DAY)

    def _open_again(self, unit: Unit, bill: Bill, outcome: Outcome) -> None:
        """The shares of these two may be open again. They hear of that itself: days that passed do not count."""
        heads = standing.heads_of(unit.connection, bill.ledger)
        both = {heads.get(account, account) for one in outcome.claims for account in (one.debtor, one.payee)}
        days = self._days(unit.connection, bill.ledger)
        for share in open_shares.of_bill(unit.connection, bill.id):
            passed = back_off.skipped(share.since, unit.now, days)
            if share.waits and share.asked_at is None and share.sent < passed and heads.get(share.account) in both:
                open_shares.note_days_passed(unit.connection, share, passed)
        self.bill_changed(unit, bill)

    def ask(self, unit: Unit, bill: Bill) -> list[AccountId]:
        """Somebody wants those reminded who have not paid a bill; returns who they are."""
        shares = [share for share in open_shares.of_bill(unit.connection, bill.id) if share.waits]
        accounts = ledger_store.accounts(unit.connection, bill.ledger)
        for share in shares:
            open_shares.ask(unit.connection, share, unit.now)
            self._no_later_than(unit, accounts.get(share.account), unit.now)
        return [share.account for share in shares]

    def choose(self, unit: Unit, user: UserID, *, off: bool) -> None:
        """Whether somebody wants no reminders at all."""
        known = open_shares.reminded(unit.connection, user)
        open_shares.note_reminded(unit.connection, user, replace(known, off=off))
        self._set(unit, user)

    def person_leaves(self, unit: Unit, users: Sequence[UserID]) -> None:
        for user in users:
            unit.cancel(_timer(user))
            open_shares.forget(unit.connection, user)

    def whom(self, connection: Connection, ledger: LedgerId, account: AccountId) -> UserID | None:
        """Who is reminded of what an account owes; None where that is nobody in the room."""
        user = self._reminded(connection, ledger_store.account(connection, account))
        return user if user is not None and self._is_there(connection, ledger, user) else None

    # -- when -------------------------------------------------------------------------------------------------------

    def _reminded(self, connection: Connection, account: ledger_store.Account | None) -> UserID | None:
        """Whose account it is, or who pays and is paid for that guest."""
        if account is not None and account.kind is AccountKind.GUEST:
            account = ledger_store.account(connection, account.head)
        return UserID(account.name) if account is not None and account.kind is AccountKind.USER else None

    def _no_later_than(self, unit: Unit, account: ledger_store.Account | None, due: int | None) -> None:
        """Something more is due of an account: the timer of whoever is reminded of it goes off for it, unless it does
        so before anyway."""
        user = self._reminded(unit.connection, account)
        if user is None or due is None:
            return
        known = open_shares.reminded(unit.connection, user)
        at = back_off.next_digest([due], known.last_at)
        if known.off or at is None or (known.due_at is not None and known.due_at <= at):
            return
        at = self._not_in_quiet_hours(unit, user, at)
        if known.due_at is None or at < known.due_at:
            self._set_at(unit, user, known, at)

    def _set(self, unit: Unit, user: UserID) -> None:
        """Have his timer go off for what is due first of all that waits."""
        known = open_shares.reminded(unit.connection, user)
        due = [] if known.off else self._waiting(unit.connection, user, unit.now).due
        at = back_off.next_digest(due, known.last_at)
        if at is not None:
            self._set_at(unit, user, known, self._not_in_quiet_hours(unit, user, at))
            return
        unit.cancel(_timer(user))
        open_shares.note_reminded(unit.connection, user, replace(known, due_at=None))

    def _not_in_quiet_hours(self, unit: Unit, user: UserID, at: int) -> int:
        return hours.end_of_quiet(self._around.digests.hours_of_user(unit.connection, user), max(at, unit.now))

    def _set_at(self, unit: Unit, user: UserID, known: Reminded, at: int) -> None:
        open_shares.note_reminded(unit.connection, user, replace(known, due_at=at))
        unit.at(at, _DUE, key=_timer(user), lane=_timer(user), context={"user": user})

    def _waiting(self, connection: Connection, user: UserID, now: int) -> Waiting:
        own = {account: ledger for ledger, account in ledger_store.accounts_of_user(connection, user)}
        ledgers = own | {account: ledger for ledger, account in ledger_store.paid_for_by(connection, own)}
        if not ledgers:
            return Waiting((), ())
        shares = [one for one in open_shares.of_accounts(connection, ledgers) if one.waits]
        claims = [one for one in claim_store.waiting_for(connection, ledgers) if one.asked_at is None]
        # Somebody may owe for many bills: each room, and whatever people wished for, is looked up once.
        concerned = {one.ledger for one in shares} | {one.ledger for one in claims}
        there = {ledger for ledger in concerned if self._is_there(connection, ledger, user)}
        days = {ledger: self._days(connection, ledger) for ledger in there}
        silent = open_shares.without_reminders(connection, [one.bill for one in shares])
        due = [
            (one, self._due_at(one, now, () if one.bill in silent else days[one.ledger]))
            for one in shares
            if one.ledger in there
        ]
        asked = tuple((one, one.at + DAY) for one in claims if one.ledger in there)
        return Waiting(tuple((one, at) for one, at in due if at is not None), asked)

    def _due_at(self, share: OpenShare, now: int, days: tuple[int, ...]) -> int | None:
        if share.asked_at is not None:
            return share.asked_at
        return back_off.next_due(share.since, share.sent, now, days)

    def _days(self, connection: Connection, ledger: LedgerId) -> tuple[int, ...]:
        """After how many days a room reminds."""
        chosen = ledger_store.settings(connection, ledger)
        if not chosen.remind:
            return ()
        return self._around.reminder_days if chosen.remind_days is None else chosen.remind_days

    def _is_there(self, connection: Connection, ledger: LedgerId, user: UserID) -> bool:
        room = ledger_store.room_of(connection, ledger)
        return self._around.rooms.membership(connection, room, user) == "join"

    # -- saying it --------------------------------------------------------------------------------------------------

    def _ring(self, unit: Unit, context: Mapping[str, Any]) -> None:
        user = UserID(context["user"])
        known = open_shares.reminded(unit.connection, user)
        if known.off:
            return
        his = self._around.digests.hours_of_user(unit.connection, user)
        too_soon = known.last_at is not None and unit.now - known.last_at < DAY
        if not too_soon and not hours.is_quiet(his, unit.now):
            self._remind(unit, user)
        self._set(unit, user)

    def _remind(self, unit: Unit, user: UserID) -> None:
        waiting = self._waiting(unit.connection, user, unit.now)
        shares = [one for one, at in waiting.shares if at <= unit.now]
        claims = [one for one, at in waiting.claims if at <= unit.now]
        owing = [one for one in shares if self._owes(unit.connection, one)]
        for one in shares:
            if one not in owing:  # what he has paid for others is more than this; nothing is asked of him now
                self._note(unit, one)
        if not owing and not claims:
            return
        voice = self._around.chat_with(unit, user)
        if voice is not None:
            self._texts.in_chat(voice, user, owing, claims)
        else:
            room = self._first_room(unit.connection, owing, claims)
            owing = [one for one in owing if ledger_store.room_of(unit.connection, one.ledger) == room]
            claims = [one for one in claims if ledger_store.room_of(unit.connection, one.ledger) == room]
            in_room = self._around.speak_in(unit, room, self._around.language_of(unit, user))
            if in_room is not None:
                self._texts.in_room(in_room, user, owing, claims)
        for share in owing:
            self._note(unit, share)
        for claim in claims:
            claim_store.note_asked(unit.connection, claim.id, unit.now)
        known = open_shares.reminded(unit.connection, user)
        open_shares.note_reminded(unit.connection, user, replace(known, last_at=unit.now))

    def _owes(self, connection: Connection, share: OpenShare) -> bool:
        bill = bill_store.find(connection, share.bill)
        code = bill.content.total.currency.code
        if owing.says_all_is_paid(connection, share.ledger, share.account, code):
            return False
        return standing.net_of(connection, share.ledger, share.account, code) < 0

    def _note(self, unit: Unit, share: OpenShare) -> None:
        passed = back_off.skipped(share.since, unit.now, self._days(unit.connection, share.ledger))
        open_shares.note_sent(unit.connection, share, max(share.sent, passed))

    def _first_room(self, connection: Connection, owing: Sequence[OpenShare], claims: Sequence[Claim]) -> RoomID:
        """Where to mention him: one room a day, the one that waits longest."""
        oldest = min([(one.since, one.ledger) for one in owing] + [(one.at, one.ledger) for one in claims])
        return ledger_store.room_of(connection, oldest[1])


def _timer(user: UserID) -> str:
    return f"payments.remind:{user}"
