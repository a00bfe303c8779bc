"""Who is whom: the people of a file that another program has written, and those of the room into which it comes.

Somebody is kept as text until he is taken in: `@user:server`, or `+guest`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from mautrix.types import RoomID, UserID
from sqlalchemy import Connection

from appservice.bots import Context, UserError
from appservice.bots.line import fold, user_in
from appservice.language import _
from laiwang_bridge.payments.books.book import Account, AccountKind, Books
from laiwang_bridge.payments.books.books_in import AccountOf
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.lines.wording import Guest, User
from laiwang_bridge.payments.surroundings import Surroundings
from laiwang_bridge.payments.till import Till
from laiwang_bridge.people.readable import readable

_LONGEST_NAME = 80


def number_of(accounts: Iterable[Account], text: str) -> int:
    """The number of the account that is meant by its number or name. Raises `UserError`."""
    for account in accounts:
        if text == str(account.number) or fold(text) == fold(account.name):
            return account.number
    raise UserError(_("Nobody in the file is number {name}, or called so."), name=text)


def read_whom(context: Context, around: Surroundings, text: str) -> str:
    """Somebody of the room, as he was typed. Raises `UserError`."""
    if fold(text) in ("me", "我"):
        return context.sender
    user = user_in(text)
    if user is not None:
        ledger = ledger_store.ledger_of(context.connection, context.room)
        known = ledger is not None and ledger_store.find_account(context.connection, ledger, user) is not None
        if not known and around.rooms.membership(context.connection, context.room, user) != "join":
            raise UserError(_("{user} is not in this room."), user=user)
        return user
    name = text.lstrip("+＋").strip('"')
    return f"+{readable(name)[:_LONGEST_NAME]}"


def guess(connection: Connection, around: Surroundings, room: RoomID, books: Books) -> dict[int, str]:
    """Whom each account may be taken for: a Matrix id that belongs here, the one member of that name, or a guest.

    It is shown with the Matrix id and takes a yes, since anybody can call himself anything.
    """
    members = [user for user in around.rooms.members(connection, room) if not around.is_ours(user)]
    names = {user: fold(around.rooms.display_name(connection, user, room) or "").strip() for user in members}
    found: dict[int, str] = {}
    taken: set[str] = set()
    for account in books.accounts:
        named = [user for user in members if names[user] == fold(account.name).strip()]
        if account.user in members:
            who: str = account.user
        elif len(named) == 1 and named[0] not in taken:
            who = named[0]
        else:
            who = _as_guest(account, taken)
        taken.add(fold(who))
        found[account.number] = who
    return found


def accounts_of(context: Context, till: Till, ledger: LedgerId, books: Books, who: Mapping[int, str]) -> AccountOf:
    """Which account of the ledger each one is."""
    known = {account.number: account for account in books.accounts}

    @cache
    def account_of(number: int) -> AccountId:
        account = known[number]
        if account.kind is AccountKind.SYSTEM:
            word = "import:" + account.name.removeprefix("import:")
            return ledger_store.system_account(context.connection, ledger, word, context.now)
        named = who[number]
        return till.account(context, ledger, User(UserID(named)) if named.startswith("@") else Guest(named[1:]))

    return account_of


def _as_guest(account: Account, taken: set[str]) -> str:
    """A guest of that name; namesakes are counted, since names of guests do not differ by capitals alone."""
    name = readable(account.name)[:_LONGEST_NAME] or str(account.number)
    found, number = f"+{name}", 2
    while fold(found) in taken:
        found, number = f"+{name} ({number})", number + 1
    return found
