"""Who the people in a bill's line are: accounts of the room's ledger.

Display names are never identity: whoever is named by one alone is asked about. The first part of a Matrix id is one,
where only one member of the room has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from mautrix.types import RoomID, UserID
from sqlalchemy import Connection

from appservice.bots import UserError
from appservice.bots.line import fold
from appservice.ghosts import localpart
from appservice.language import _
from appservice.rooms import Rooms
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import Account, AccountKind, LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.lines.wording import (
    AdjustedWording,
    BillWording,
    EqualWording,
    Everybody,
    ExactWording,
    Guest,
    ItemisedWording,
    Named,
    PercentWording,
    Sender,
    SplitWording,
    User,
    WeightsWording,
    Who,
)


class Unknown(UserError):
    """Nobody here is called so."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Whom `named` may mean; not empty."""

    named: Named
    people: tuple[User | Guest, ...]


@dataclass(slots=True)
class Room:
    """The people of a room who can share bills, looked up once. `sender` is whoever `Sender` stands for."""

    rooms: Rooms
    id: RoomID
    ledger: LedgerId
    sender: UserID
    is_ours: Callable[[UserID], bool]
    now: int
    _members: list[UserID] | None = None
    _accounts: dict[AccountId, Account] | None = None

    def members(self, connection: Connection) -> list[UserID]:
        """Everybody in the room, us aside."""
        if self._members is None:
            inside = self.rooms.members(connection, self.id)
            self._members = sorted(user for user in inside if not self.is_ours(user))
        return self._members

    def accounts(self, connection: Connection) -> dict[AccountId, Account]:
        """The accounts that there were when somebody first asked."""
        if self._accounts is None:
            self._accounts = ledger_store.accounts(connection, self.ledger)
        return self._accounts

    def names(self, connection: Connection) -> frozenset[str]:
        """What people here are called, folded: the first parts of their ids, display names, and guests."""
        members = self.members(connection)
        shown = self.rooms.display_names(connection, members).values()
        known = self.accounts(connection).values()
        guests = (account.name for account in known if account.kind is AccountKind.GUEST)
        return frozenset(fold(name) for name in (*map(localpart, members), *shown, *guests))

    def candidates(self, connection: Connection, named: Named) -> Candidates | User | Guest:
        """Whom a name means: one person if that is sure. Raises `Unknown`."""
        wanted = fold(named.name)
        members = self.members(connection)
        by_id = [User(user) for user in members if fold(localpart(user)) == wanted]
        if len(by_id) == 1:
            return by_id[0]
        shown = {user: self.rooms.display_name(connection, user, self.id) or "" for user in members}
        by_name = [User(user) for user in members if fold(shown[user]).strip() == wanted]
        guest = ledger_store.find_guest(connection, self.ledger, named.name)
        if guest is not None and not by_id and not by_name:
            return Guest(named.name)
        if guest is None and not by_id and not by_name:
            by_name = [User(user) for user in members if _is_near(wanted, fold(shown[user]), fold(localpart(user)))]
        found: tuple[User | Guest, ...] = tuple(dict.fromkeys((*by_id, *by_name)))
        if guest is not None:
            found = (*found, Guest(named.name))
        if not found:  # whoever has left still has what he owes
            known = [UserID(one.name) for one in self.accounts(connection).values() if one.kind is AccountKind.USER]
            found = tuple(User(user) for user in known if fold(localpart(user)) == wanted)
        if not found:
            raise Unknown(
                _("Nobody in this room is called {name}. Mention the person, or write `+{name}` for a guest."),
                name=named.name,
            )
        return Candidates(named, found)

    def account(self, connection: Connection, who: Who) -> AccountId:
        """The account of one person, made if need be. Raises `UserError` for somebody who cannot share a bill here."""
        match who:
            case Sender():
                return self._of_user(connection, self.sender)
            case User(user):
                self._must_belong(connection, user)
                return self._of_user(connection, user)
            case Guest(name):
                return ledger_store.guest_account(connection, self.ledger, name, self.now)
        raise TypeError(f"{who} is nobody in particular")

    def _of_user(self, connection: Connection, user: UserID) -> AccountId:
        known = self.accounts(connection).values()
        found = next((one.id for one in known if one.name == user and one.kind is AccountKind.USER), None)
        return found or ledger_store.account_of(connection, self.ledger, user, self.now)

    def _must_belong(self, connection: Connection, user: UserID) -> None:
        if self.is_ours(user):
            raise UserError(_("{user} is a bot and pays nothing."), user=user)
        if user in self.members(connection) or self.rooms.membership(connection, self.id, user) == "invite":
            return
        if ledger_store.find_account(connection, self.ledger, user) is None:
            raise UserError(
                _("{user} is not in this room. Invite them, or write `+{name}` for a guest."),
                user=user,
                name=localpart(user),
            )


@dataclass
class Accounts:
    """Accounts of those who come in one line, each looked up once; `Everybody` becomes many."""

    connection: Connection
    room: Room
    excluded: frozenset[AccountId] = frozenset()
    _known: dict[Who, AccountId] = field(default_factory=dict)

    def one(self, who: Who) -> AccountId:
        if who not in self._known:
            self._known[who] = self.room.account(self.connection, who)
        return self._known[who]

    def all(self, people: Iterable[Who]) -> list[AccountId]:
        """Each once, in that order, without those who are excluded."""
        found: dict[AccountId, None] = {}
        for who in people:
            if isinstance(who, Everybody):
                found.update(dict.fromkeys(self.one(User(user)) for user in self.room.members(self.connection)))
            else:
                found[self.one(who)] = None
        return [account for account in found if account not in self.excluded]

    def without(self, people: Sequence[Who]) -> Accounts:
        """The same, some of everybody aside."""
        excluded = frozenset(self.one(who) for who in people)
        return Accounts(self.connection, self.room, excluded, self._known)

    def spread(self, pairs: Iterable[tuple[Who, Fraction | None]]) -> dict[AccountId, Fraction | None]:
        """What is said of each; what is said of one person goes before what is said of everybody."""
        ordered = sorted(pairs, key=lambda pair: not isinstance(pair[0], Everybody))
        found: dict[AccountId, Fraction | None] = {}
        for who, value in ordered:
            found.update(dict.fromkeys(self.all([who]), value))
        return found

    def default_weights(self, accounts: Iterable[AccountId]) -> dict[AccountId, Fraction]:
        """How much each bears where nothing else is said."""
        known = self.room.accounts(self.connection)
        return {account: known[account].weight if account in known else Fraction(1) for account in accounts}


def people_in(wording: BillWording) -> list[Who]:
    """Everybody whom a line names, in its order."""
    return [*(who for who, _minor in wording.payers), *_people_of(wording.shares)]


def _people_of(shares: SplitWording) -> list[Who]:
    match shares:
        case EqualWording(people, excluded):
            return [*people, *excluded]
        case WeightsWording(pairs, excluded) | PercentWording(pairs, excluded):
            return [*(who for who, _value in pairs), *excluded]
        case ExactWording(pairs, excluded) | AdjustedWording(pairs, excluded):
            return [*(who for who, _value in pairs), *excluded]
        case ItemisedWording(items):
            return [who for item in items for who, _weight in item.weights]


def _is_near(wanted: str, *names: str) -> bool:
    """Whether a name begins with what was written, or has it as one of its words."""
    return any(name.startswith(wanted) or wanted in name.split() for name in names)
