"""What the card of one bill says. It reads well as plain text, and has no tables, which phones do not show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mautrix.types import UserID

from appservice.content import Rich, code, lines, link, paragraphs, pill, words
from appservice.language import N_, Catalogue, Message, _
from laiwang_bridge.payments.bills.bill_store import Bill
from laiwang_bridge.payments.ledger.entries import Exchange
from laiwang_bridge.payments.ledger.splitting import (
    AccountId,
    Adjusted,
    Equal,
    Exact,
    Itemised,
    Percent,
    Split,
    Weights,
)
from laiwang_bridge.payments.lines.shares import percent_text
from laiwang_bridge.payments.money.money import Money, currency
from laiwang_bridge.payments.money.rates import BY_HAND
from laiwang_bridge.payments.paying.rules import Debt, ShareState, ShareStatus

MOST_PEOPLE = 30
"""How many people a card names, each in a line; it tells how many more there are."""
_BAR = 10
_DONE, _LEFT = "▓", "░"


@dataclass(frozen=True, slots=True)
class Face:
    """How somebody is shown; `user` None for a guest, or somebody who asked to be forgotten."""

    name: str
    user: UserID | None = None

    @property
    def rich(self) -> Rich:
        return pill(self.user, self.name) if self.user else words(self.name)


@dataclass(frozen=True, slots=True)
class Card:
    """All that a card is made of. `debts` is who has to give whom how much, `edit` the command that changes it.

    `receipt` is where a picture of its receipt is found, `exchange` how its total was converted. `instead` is who
    pays, and says what has come, for each guest for whom somebody does; `left` who says it for those who get money and
    are not here.
    """

    bill: Bill
    faces: Mapping[AccountId, Face]
    statuses: Mapping[AccountId, ShareStatus]
    debts: Sequence[Debt]
    edit: str
    receipt: str | None = None
    exchange: Exchange | None = None
    instead: Mapping[AccountId, AccountId] = field(default_factory=dict)
    left: Mapping[AccountId, AccountId] = field(default_factory=dict)


def text_of(card: Card, catalogue: Catalogue) -> Rich:
    """The whole card, but for its buttons."""
    return _Writer(card, catalogue).whole()


def bar(done: int, of: int) -> str:
    """How far something is, as blocks: ▓▓▓▓▓░░░░░."""
    filled = _BAR * done // of
    return _DONE * filled + _LEFT * (_BAR - filled)


def must_act(card: Card) -> list[UserID]:
    """Who has to pay and has not said so yet."""
    states = ((account, one.state) for account, one in card.statuses.items())
    waits = (card.instead.get(account, account) for account, state in states if state is ShareState.OPEN)
    users = (card.faces[account].user for account in waits)
    return [user for user in users if user is not None]


class _Writer:
    def __init__(self, card: Card, catalogue: Catalogue) -> None:
        self._card = card
        self._bill = card.bill
        self._content = card.bill.content
        self._say = catalogue.say
        self._catalogue = catalogue
        self._language = catalogue.language.value

    def whole(self) -> Rich:
        if self._bill.is_void:
            return lines(self._title(), self._say(_("Void: it does not count any more.")))
        return paragraphs(
            lines(self._title(), self._exchange(), self._paid(), self._how(), self._receipt()),
            lines(*self._people()),
            lines(self._progress(), self._next()),
        )

    def _money(self, minor: int) -> str:
        return Money(minor, self._content.total.currency).text(self._language)

    def _name(self, account: AccountId) -> Rich:
        return self._card.faces[account].rich

    def _title(self) -> Rich:
        title = self._content.called or self._catalogue.text(_("Bill"))
        said = _("**{title}: {total}** · {number}")
        return self._say(
            said, title=title, total=self._money(self._content.total.minor), number=f"#{self._bill.number}"
        )

    def _exchange(self) -> Rich:
        kept = self._card.exchange
        if kept is None:
            return words("")
        by_hand, fixed = _("{amount} at {rate}, set by hand"), _("{amount} at {rate} ({source}, {date})")
        return self._say(
            by_hand if kept.source == BY_HAND else fixed,
            amount=Money(kept.minor, currency(kept.currency)).text(self._language),
            rate=kept.rate, source=kept.source, date=kept.fixed_on,
        )  # fmt: skip

    def _paid(self) -> Rich:
        payers = [(account, minor) for account, minor in self._content.paid.items() if minor]
        who = [
            self._name(account) if len(payers) == 1 else self._say(
                _("{who} ({amount})"), who=self._name(account), amount=self._money(minor)
            )
            for account, minor in payers
        ]  # fmt: skip
        said = _("Paid by {who}, {date}") if self._content.total.minor >= 0 else _("Received by {who}, {date}")
        shown = self._say(said, who=who, date=self._content.date)
        return shown + f" · {self._content.category}" if self._content.category else shown

    def _how(self) -> Rich:
        shares = list(self._content.shares.values())
        count = len(shares)
        if len(set(shares)) == 1:
            return self._say(N_("One person bears {share}.", "{count} people, {share} each."), count=count,
                             share=self._money(shares[0]))  # fmt: skip
        if self._is_by_amounts():
            return self._say(_BY_AMOUNTS, count=count)
        if isinstance(self._content.split, Equal) and not self._content.total.currency.exponent:
            return self._say(_("{count} people in equal parts."), count=count)
        return self._say(_how(self._content.split), count=count, what=self._items())

    def _is_by_amounts(self) -> bool:
        """Whether parts of a converted bill stand for amounts of its own currency: such parts are one together."""
        split = self._content.split
        return self._card.exchange is not None and isinstance(split, Weights) and sum(split.weights.values()) == 1

    def _receipt(self) -> Rich:
        address = self._card.receipt
        return link(self._catalogue.text(_("Receipt")), address) if address else words("")

    def _items(self) -> list[str]:
        split = self._content.split
        if not isinstance(split, Itemised):
            return []
        named = [(item.title, item.minor) for item in split.items] + [(one.title, one.minor) for one in split.extras]
        return [f"{title} {self._money(minor)}".strip() for title, minor in named]

    def _people(self) -> list[Rich]:
        everybody = dict.fromkeys((*self._content.paid, *self._content.shares))
        shown = [self._person(account) for account in list(everybody)[:MOST_PEOPLE]]
        if (more := len(everybody) - len(shown)) > 0:
            shown.append(self._say(N_("and one more", "and {count} more"), count=more))
        return shown

    def _person(self, account: AccountId) -> Rich:
        status = self._card.statuses.get(account)
        gets = sum(debt.minor for debt in self._card.debts if debt.payee == account)
        has_to_pay = status is not None and bool(status.owed)
        share = status.owed if status and has_to_pay else self._content.shares.get(account, 0)
        values = {
            "who": self._name(account) + self._part(account),
            "share": self._money(share),
            "open": self._money(status.open if status else 0),
            "claimed": self._money(status.claimed if status else 0),
            "over": self._money(status.over if status else 0),
            "gets": self._money(gets),
        }
        if status is not None and status.state is ShareState.COUNTED:
            paid = self._content.paid.get(account, 0)
            values = {"who": self._name(account), "paid": self._money(paid), "share": values["share"]}
            return self._say(_("📥 {who}: {share}, paid {paid}") if paid else _("📥 {who}: {share}"), **values)
        if gets:
            both, alone = _("💰 {who} gets {gets}, own share {share}"), _("💰 {who} gets {gets}")
            return self._say(both if share else alone, **values)
        net = self._bill.nets.get(account, 0)
        return self._say(_line(status, net), **values)

    def _part(self, account: AccountId) -> str:
        """What was said of one share, where it is not the same for all."""
        match self._content.split:
            case Weights() if self._is_by_amounts():
                return ""
            case Weights(weights) if weights.get(account, 1) != 1:
                return f" (×{weights[account]})"
            case Percent(percents) if account in percents:
                return f" ({percent_text(percents[account])} %)"
            case Adjusted(adjustments) if minor := adjustments.get(account, 0):
                return f" ({'+' if minor > 0 else '−'}{self._money(abs(minor))})"
        return ""

    def _progress(self) -> Rich:
        owing = [one for one in self._card.statuses.values() if one.owed]
        if not owing:
            return words("")
        done = sum(one.paid == one.owed for one in owing)
        return self._say(_("{bar} {done}/{all} paid"), bar=bar(done, len(owing)), done=done, all=len(owing))

    def _next(self) -> Rich:
        by_state: dict[ShareState, list[AccountId]] = {}
        for account, status in self._card.statuses.items():
            by_state.setdefault(status.state, []).append(account)
        steps: list[Rich] = []
        if disputed := by_state.get(ShareState.DISPUTED):
            said = _("Next: {author} looks at what {who} said, and corrects it with {edit} or talks it over.")
            author = self._card.faces[self._bill.author].rich
            steps.append(self._say(said, author=author, who=self._names(disputed), edit=code(self._card.edit)))
        if waiting := by_state.get(ShareState.OPEN):
            steps.append(self._transfer(_("Next: {who} → {payee}, then ✅"), waiting))
        claimed = [account for account, status in self._card.statuses.items() if status.claimed]
        if claimed:
            steps.append(
                self._transfer(_("Next: {payee} taps 👍 when it has come from {who}."), claimed, self._card.left)
            )
        if steps:
            return lines(*steps)
        if ShareState.COUNTED in by_state:
            return self._say(_("Imported: it counts in the balance, and nobody is asked to pay it alone."))
        return self._say(_("All have paid. Done!") if ShareState.PAID in by_state else _NOBODY_OWES)

    def _transfer(
        self, said: Message, debtors: Sequence[AccountId], left: Mapping[AccountId, AccountId] | None = None
    ) -> Rich:
        payees = self._act(debt.payee for debt in self._card.debts if debt.debtor in debtors)
        asked = list(dict.fromkeys((left or {}).get(account, account) for account in payees))
        return self._say(said, who=self._names(self._act(debtors)), payee=self._names(asked))

    def _act(self, accounts: Iterable[AccountId]) -> list[AccountId]:
        """Who has to do something: the guests do nothing themselves for whom somebody else does."""
        return list(dict.fromkeys(self._card.instead.get(account, account) for account in accounts))

    def _names(self, accounts: Sequence[AccountId]) -> list[Rich]:
        shown = [self._name(account) for account in accounts[:MOST_PEOPLE]]
        return [*shown, words("…")] if len(accounts) > MOST_PEOPLE else shown


_BY_AMOUNTS = _("{count} people, by amounts.")
_NOBODY_OWES = _("Nobody owes anything for this.")


def _line(status: ShareStatus | None, net: int) -> Message:
    """How one of those is shown who get nothing; `net` is what he has paid beyond his share."""
    match status.state if status else ShareState.NOTHING:
        case ShareState.OPEN if status and status.claimed:
            return _("⏳ {who}: {open} of {share} still open, {claimed} said to be paid")
        case ShareState.OPEN if status and status.open != status.owed:
            return _("⏳ {who}: {open} of {share} still open")
        case ShareState.OPEN:
            return _("⏳ {who}: {open}")
        case ShareState.CLAIMED:
            return _("🕓 {who}: {share}, said to be paid")
        case ShareState.PAID if status and status.over:
            return _("✅ {who}: {share} paid, and {over} more than that")
        case ShareState.PAID:
            return _("✅ {who}: {share} paid")
        case ShareState.DISPUTED if status and status.owed and status.paid == status.owed:
            return _("❗ {who}: {share} paid, and said to be wrong")
        case ShareState.DISPUTED if status and status.open and status.open != status.owed:
            return _("❗ {who}: {open} of {share} still open, and said to be wrong")
        case ShareState.DISPUTED if status and status.claimed:
            return _("❗ {who}: {share}, said to be paid, and said to be wrong")
        case ShareState.DISPUTED:
            return _("❗ {who}: {share}, said to be wrong")
    if net < 0:
        return _("👥 {who}: {share}, settled together with another")
    return _("✅ {who}: {share}, nothing to pay")


def _how(split: Split) -> Message:
    match split:
        case Equal():
            return _("{count} people in equal parts, to the cent.")
        case Weights():
            return _("{count} people, by parts.")
        case Percent():
            return _("{count} people, by percent.")
        case Exact():
            return _BY_AMOUNTS
        case Adjusted():
            return _("{count} people in equal parts, some more, some less.")
        case Itemised():
            return _("{count} people, by what each had: {what}.")
