"""What reminders say."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mautrix.types import UserID

from appservice.bots import Button, Voice
from appservice.content import Rich, code, lines, numbered, paragraphs, pill, words
from appservice.language import Message, _
from laiwang_bridge.payments.bills import bill_store
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.paying import standing
from laiwang_bridge.payments.paying.claim_store import Claim
from laiwang_bridge.payments.paying.open_shares import OpenShare
from laiwang_bridge.payments.paying.settle_cards import KEYCAPS, MOST_BUTTONS
from laiwang_bridge.payments.till import Till, shown, title_of

MOST_LINES = 10


class ReminderTexts:
    """Writes reminders. The buttons are given by whoever does what they say."""

    def __init__(self, till: Till) -> None:
        self._till = till
        self.pay_button: Callable[[str, OpenShare], Button] | None = None
        self.got_button: Callable[[str, Claim], Button] | None = None
        self.off: Callable[[Voice], str] = lambda _voice: ""
        self.how: Callable[[Voice], str] = lambda _voice: ""
        self.paid: Callable[[Voice, int], str] = lambda _voice, _number: ""
        self.received: Callable[[Voice], str] = lambda _voice: ""

    def in_chat(self, voice: Voice, user: UserID, shares: Sequence[OpenShare], waiting: Sequence[Claim]) -> None:
        """All that waits, in somebody's own chat; each can be answered by its number."""
        shares, waiting = shares[:MOST_LINES], waiting[: max(MOST_LINES - len(shares), 0)]
        rows = [self._share(voice, one, user) for one in shares] + [self._claim(voice, one, user) for one in waiting]
        buttons: list[Button] = []
        for number, one in enumerate((*shares, *waiting), 1):
            if number > MOST_BUTTONS:
                break
            if isinstance(one, OpenShare) and self.pay_button is not None:
                buttons.append(self.pay_button(KEYCAPS[number - 1], one).only_for(user))
            elif isinstance(one, Claim) and self.got_button is not None:
                buttons.append(self.got_button(KEYCAPS[number - 1], one).only_for(user))
        said = paragraphs(
            lines(voice.say(_("A reminder, this still waits for you:")), numbered(rows)),
            lines(self._how(voice, shares), voice.say(_("No more reminders: {line}"), line=code(self.off(voice)))),
        )
        voice.send(said, buttons=buttons, mentions=[user], rings=True)

    def in_room(self, voice: Voice, user: UserID, shares: Sequence[OpenShare], waiting: Sequence[Claim]) -> None:
        """A single mention in the room, with what concerns that room."""
        who = pill(user, self._till.around.names.of_user(voice.connection, user))
        parts: list[Rich] = []
        for share in shares[:MOST_LINES]:
            bill = bill_store.find(voice.connection, share.bill)
            parts.append(
                voice.say(
                    _("{amount} for {title}: {line} when you have paid"),
                    amount=self._open(voice, share), title=self._title(voice, share),
                    line=code(self.paid(voice, bill.number)),
                )
            )  # fmt: skip
        for claim in waiting[:MOST_LINES]:
            faces = self._till.cards.faces(voice.connection, claim.ledger)
            parts.append(
                voice.say(
                    _("{who} says that he has paid you {amount}: {line} when it has come"),
                    who=faces[claim.debtor].name, amount=self._till.amount_of(voice, claim),
                    line=code(self.received(voice)),
                )
            )  # fmt: skip
        head = voice.say(_("{who}, this still waits for you:"), who=who)
        voice.send(lines(head, numbered(parts), self._how(voice, shares)), mentions=[user], rings=True)

    def _how(self, voice: Voice, shares: Sequence[OpenShare]) -> Rich:
        return voice.say(_("How to pay: {line}"), line=code(self.how(voice))) if shares else words("")

    def _share(self, voice: Voice, share: OpenShare, user: UserID) -> Rich:
        bill = bill_store.find(voice.connection, share.bill)
        faces = self._till.cards.faces(voice.connection, share.ledger)
        payees = dict.fromkeys(
            faces[debt.payee].name for debt in standing.debts(voice.connection, bill) if debt.debtor == share.account
        )
        said: Message = _("{room}: {amount} to {payees} for {title}")
        return voice.say(
            said, amount=self._open(voice, share), payees=list(payees), title=self._title(voice, share),
            room=self._room(voice, share.ledger, user),
        )  # fmt: skip

    def _claim(self, voice: Voice, claim: Claim, user: UserID) -> Rich:
        faces = self._till.cards.faces(voice.connection, claim.ledger)
        return voice.say(
            _("{who} says that he has paid you {amount} ({room}): has it come?"),
            who=faces[claim.debtor].name, amount=self._till.amount_of(voice, claim),
            room=self._room(voice, claim.ledger, user),
        )  # fmt: skip

    def _open(self, voice: Voice, share: OpenShare) -> str:
        bill = bill_store.find(voice.connection, share.bill)
        his = standing.statuses(voice.connection, bill).get(AccountId(share.account))
        return shown(his.open if his else 0, bill.content.total.currency.code, voice.language)

    def _title(self, voice: Voice, share: OpenShare) -> Rich:
        return title_of(voice, bill_store.find(voice.connection, share.bill))

    def _room(self, voice: Voice, ledger: ledger_store.LedgerId, user: UserID) -> str:
        return self._till.room_name(voice.connection, ledger_store.room_of(voice.connection, ledger), [user])
