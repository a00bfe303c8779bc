"""Telling each of the two what the other has said about a payment: in his own chat, or by one mention in the room.

What comes within a moment is one message, and after one there is none for a while. Nobody is told in his quiet hours,
or if he wants no reminders. A notice is kept up to date: what was answered elsewhere does not wait on it any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mautrix.types import EventID, RoomID, UserID
from sqlalchemy import Connection

from appservice.bots import Voice
from appservice.routes import Routes
from appservice.unit import Unit
from laiwang_bridge.payments.bills import bill_store
from laiwang_bridge.payments.bills.bill_store import Bill
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import AccountKind
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.paying import claim_store, notice_store, open_shares, standing
from laiwang_bridge.payments.paying.claim_store import Claim, ClaimId
from laiwang_bridge.payments.paying.claims import Outcome
from laiwang_bridge.payments.paying.notice_store import News, Notice
from laiwang_bridge.payments.paying.notice_texts import NoticeTexts
from laiwang_bridge.payments.paying.rules import ClaimState
from laiwang_bridge.payments.surroundings import Surroundings
from laiwang_bridge.people import hours
from laiwang_bridge.people.hours import DigestMode

_DUE = "payments.notice"
_MINUTE = 60_000
AFTER = _MINUTE
"""What is said within this time is told together."""
APART = 30 * _MINUTE
"""So long after a notice there is no other for the same person."""
LOOKING = 5 * _MINUTE
"""Whoever has said so recently that he paid sees on the card that it has come."""


class Notices:
    """One timer for each who is to be told something."""

    def __init__(self, around: Surroundings, texts: NoticeTexts) -> None:
        self._around = around
        self._texts = texts

    def add_to(self, routes: Routes) -> None:
        routes.on_timer(_DUE, self._ring)

    def told(self, unit: Unit, outcome: Outcome) -> None:
        """Something has become of payments: whoever did not do it himself is told in time."""
        ids = [one.id for one in outcome.claims]
        for id in ids:
            claim = claim_store.find(unit.connection, id)
            if claim is not None:
                for account in self._concerned(unit, claim):
                    self._note(unit, account, News(id, claim.state))
        self._refresh(unit, [*ids, *outcome.dropped])

    def bill_changed(self, unit: Unit, bill: Bill) -> None:
        """A bill was changed: with a void one nobody has to say anything any more."""
        if bill.version.number > 1:
            self._refresh(unit, [one.id for one in claim_store.of_bill(unit.connection, bill.id, *ClaimState)])

    def person_leaves(self, unit: Unit, users: Sequence[UserID]) -> None:
        for user in users:
            unit.cancel(_timer(user))
            notice_store.forget(unit.connection, user)

    # -- who, and when ----------------------------------------------------------------------------------------------

    def _concerned(self, unit: Unit, claim: Claim) -> Iterator[AccountId]:
        """Who should hear of a payment as it stands, because the other has said something."""
        match claim.state:
            case ClaimState.CLAIMED if claim.card is None or not self._reads(unit, claim):
                yield claim.payee
            case ClaimState.REFUSED:
                yield claim.debtor
            case ClaimState.CONFIRMED | ClaimState.UNDONE:
                by = self._author(unit.connection, claim)
                if by != standing.speaker_of(unit.connection, claim.ledger, claim.payee):
                    yield claim.payee
                looks = claim.state is ClaimState.CONFIRMED and unit.now - claim.at < LOOKING
                if by != claim.debtor and not looks:
                    yield claim.debtor

    def _reads(self, unit: Unit, claim: Claim) -> bool:
        """Whether the message about a payment, which is in the room, has asked him already who says what has come."""
        speaker = standing.speaker_of(unit.connection, claim.ledger, claim.payee)
        one = None if speaker is None else ledger_store.account(unit.connection, speaker)
        room = ledger_store.room_of(unit.connection, claim.ledger)
        return one is None or self._around.rooms.membership(unit.connection, room, UserID(one.name)) == "join"

    def _author(self, connection: Connection, claim: Claim) -> AccountId | None:
        """Who has put a payment into the books, or taken it out again."""
        entry = None if claim.entry is None else ledger_store.entry(connection, claim.entry)
        if entry is not None and claim.state is ClaimState.UNDONE and entry.reversed_by is not None:
            entry = ledger_store.entry(connection, entry.reversed_by)
        return None if entry is None else entry.author

    def _note(self, unit: Unit, account: AccountId, news: News) -> None:
        known = ledger_store.account(unit.connection, account)
        if known is not None and known.kind is AccountKind.GUEST:
            known = ledger_store.account(unit.connection, known.head)
        if known is None or known.kind is not AccountKind.USER:
            return
        user = UserID(known.name)
        if open_shares.reminded(unit.connection, user).off:
            return
        is_first = not notice_store.waiting(unit.connection, user)
        notice_store.note(unit.connection, user, news, unit.now)
        if is_first:
            last = notice_store.last_told_at(unit.connection, user)
            self._set(unit, user, max(unit.now + AFTER, 0 if last is None else last + APART))

    def _set(self, unit: Unit, user: UserID, at: int) -> None:
        at = hours.end_of_quiet(self._around.digests.hours_of_user(unit.connection, user), at)
        unit.at(at, _DUE, key=_timer(user), lane=_timer(user), context={"user": user})

    # -- telling ----------------------------------------------------------------------------------------------------

    def _ring(self, unit: Unit, context: Mapping[str, Any]) -> None:
        user = UserID(context["user"])
        his = self._around.digests.hours_of_user(unit.connection, user)
        if hours.is_quiet(his, unit.now):  # so late that the night has come
            self._set(unit, user, unit.now)
            return
        by_room: dict[RoomID, list[News]] = {}
        if not open_shares.reminded(unit.connection, user).off:
            for news in notice_store.waiting(unit.connection, user):
                room = self._room(unit.connection, user, news)
                if room is not None:
                    by_room.setdefault(room, []).append(news)
        chat = self._around.chat_with(unit, user)
        may_ring = his.mode is not DigestMode.OFF
        if chat is not None:  # where he hears of rooms that he has left, too
            self._tell(unit, chat, user, [one for some in by_room.values() for one in some], may_ring=may_ring)
        else:
            for room, some in by_room.items():
                if self._around.rooms.membership(unit.connection, room, user) != "join":
                    continue
                voice = self._around.speak_in(unit, room, self._around.language_of(unit, user))
                if voice is not None:
                    matters = [one for one in some if one.state is not ClaimState.CONFIRMED]  # the card shows that
                    self._tell(unit, voice, user, matters, may_ring=may_ring)
        notice_store.drop_waiting(unit.connection, user)

    def _room(self, connection: Connection, user: UserID, news: News) -> RoomID | None:
        """The room of something that is still as it was, if he is or has been in there."""
        claim = claim_store.find(connection, news.claim)
        if claim is None or claim.state is not news.state:
            return None
        room = ledger_store.room_of(connection, claim.ledger)
        return room if self._around.rooms.membership(connection, room, user) in ("join", "leave", "ban") else None

    def _tell(self, unit: Unit, voice: Voice, user: UserID, news: Sequence[News], *, may_ring: bool) -> None:
        claims = _found(unit.connection, news)
        if not claims:
            return
        said, buttons = self._texts.notice(voice, user, claims)
        asks = any(one.state is not ClaimState.CONFIRMED for one in news)
        thread = None if voice.is_direct else _thread(unit.connection, claims)
        key = voice.send(said, buttons=buttons, mentions=[user], rings=asks and may_ring, thread=thread)
        assert isinstance(voice.room, str)
        notice = Notice(key, user, voice.bot.user_id, RoomID(voice.room), voice.language)
        notice_store.note_told(unit.connection, notice, news, unit.now)

    def _refresh(self, unit: Unit, ids: Iterable[ClaimId]) -> None:
        """Bring the notices about these payments up to date."""
        for notice in notice_store.about(unit.connection, ids):
            if notice.bot in self._around.rooms.members(unit.connection, notice.room):
                is_direct = self._around.rooms.is_direct(unit.connection, notice.room, notice.bot)
                voice = self._around.speak(unit, notice.bot, notice.room, notice.language, is_direct=is_direct)
                claims = _found(unit.connection, notice_store.told_by(unit.connection, notice))
                said, buttons = self._texts.notice(voice, notice.user, claims)
                voice.edit(notice.key, said, buttons=buttons)


def _found(connection: Connection, news: Iterable[News]) -> list[Claim]:
    found = (claim_store.find(connection, one.claim) for one in news)
    return list({one.id: one for one in found if one is not None}.values())


def _thread(connection: Connection, claims: Sequence[Claim]) -> EventID | None:
    """The thread in which all of this stands, if it is one."""
    bills = [None if one.bill is None else bill_store.find(connection, one.bill) for one in claims]
    threads = {None if bill is None else bill.thread for bill in bills}
    return threads.pop() if len(threads) == 1 else None


def _timer(user: UserID) -> str:
    return f"payments.notice:{user}"
