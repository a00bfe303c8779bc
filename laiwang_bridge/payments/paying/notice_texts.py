"""What notices about payments say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mautrix.types import UserID

from appservice.bots import Button, Voice
from appservice.content import Rich, bullets, lines, numbered, pill, words
from appservice.language import N_, Message, _
from laiwang_bridge.payments.bills import bill_store
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.paying import standing
from laiwang_bridge.payments.paying.claim_store import Claim
from laiwang_bridge.payments.paying.rules import ClaimState
from laiwang_bridge.payments.paying.settle_cards import KEYCAPS, MOST_BUTTONS
from laiwang_bridge.payments.till import Till, title_of

MOST_LINES = 10

_TO_PAYEE: Mapping[ClaimState, Message] = {
    ClaimState.CLAIMED: _("{who} says that he has paid you {what}. Has it come?"),
    ClaimState.CONFIRMED: _("✅ {who} has paid you {what}."),
    ClaimState.WITHDRAWN: _("{who} does not say any more that he has paid you {what}."),
    ClaimState.REFUSED: _("{who} says that he has paid you {what}, and you that it has not come."),
    ClaimState.UNDONE: _("That {who} has paid you {what} was taken out of the books again."),
}
_TO_DEBTOR: Mapping[ClaimState, Message] = {
    ClaimState.CLAIMED: _("You say that you have paid {who} {what}."),
    ClaimState.CONFIRMED: _("✅ {who} has got {what} from you."),
    ClaimState.WITHDRAWN: _("You do not say any more that you have paid {who} {what}."),
    ClaimState.REFUSED: _("❗ {who} says that {what} from you has not come."),
    ClaimState.UNDONE: _("That {who} has got {what} from you was taken out of the books again."),
}


class NoticeTexts:
    """Writes notices. `got` and `missing` give the buttons of who is asked; `True` is for his own chat with us."""

    def __init__(self, till: Till) -> None:
        self._till = till
        self.got: Callable[[str, Claim, bool], Button] | None = None
        self.missing: Callable[[str, Claim, bool], Button] | None = None

    def notice(self, voice: Voice, user: UserID, claims: Sequence[Claim]) -> tuple[Rich, list[Button]]:
        """What somebody is told about payments as they stand, with what he can say to it."""
        rows = [self._line(voice, user, one) for one in claims[:MOST_LINES]]
        asked = [number for number, one in enumerate(claims[:MOST_LINES], 1) if self._asks(voice, user, one)]
        who = pill(user, self._till.around.names.of_user(voice.connection, user))
        if len(claims) == 1:
            said = rows[0] if voice.is_direct else voice.say(_("{who}: {news}"), who=who, news=rows[0])
        else:
            if len(claims) > MOST_LINES:
                rows.append(voice.say(N_("and one more", "and {count} more"), count=len(claims) - MOST_LINES))
            head = _("About money that was paid:") if voice.is_direct else _("{who}, about money that was paid:")
            said = lines(voice.say(head, who=who), numbered(rows) if asked else bullets(rows))
        return said, self._buttons(voice, user, claims, asked)

    def _buttons(self, voice: Voice, user: UserID, claims: Sequence[Claim], asked: Sequence[int]) -> list[Button]:
        if self.got is None or self.missing is None:
            return []
        if len(claims) == 1 and asked:
            found = [self.got("👍", claims[0], voice.is_direct), self.missing("👎", claims[0], voice.is_direct)]
        else:
            some = [number for number in asked if number <= MOST_BUTTONS]
            found = [self.got(KEYCAPS[number - 1], claims[number - 1], voice.is_direct) for number in some]
        return [each.only_for(user) for each in found]

    def _asks(self, voice: Voice, user: UserID, claim: Claim) -> bool:
        return claim.state is ClaimState.CLAIMED and self._is_payee(voice, user, claim)

    def _is_payee(self, voice: Voice, user: UserID, claim: Claim) -> bool:
        me = ledger_store.find_account(voice.connection, claim.ledger, user)
        return me is not None and me == standing.speaker_of(voice.connection, claim.ledger, claim.payee)

    def _line(self, voice: Voice, user: UserID, claim: Claim) -> Rich:
        faces = self._till.cards.faces(voice.connection, claim.ledger)
        is_payee = self._is_payee(voice, user, claim)
        speaker = standing.speaker_of(voice.connection, claim.ledger, claim.payee)
        other = faces[claim.debtor if is_payee else speaker or claim.payee]
        said = voice.say(
            (_TO_PAYEE if is_payee else _TO_DEBTOR)[claim.state], who=words(other.name), what=self._what(voice, claim)
        )
        room = ledger_store.room_of(voice.connection, claim.ledger)
        if not voice.is_direct or room == voice.room:
            return said
        if self._till.around.rooms.membership(voice.connection, room, user) != "join":
            return voice.say(_("A room that you left: {news}"), news=said)
        return voice.say(
            _("{room}: {news}"), news=said, room=self._till.room_name(voice.connection, room, [user])
        )  # fmt: skip

    def _what(self, voice: Voice, claim: Claim) -> Rich:
        amount = self._till.amount_of(voice, claim)
        if claim.bill is None:
            return amount
        title = title_of(voice, bill_store.find(voice.connection, claim.bill))
        return voice.say(_("{amount} for {title}"), amount=amount, title=title)
