"""Somebody says that he has got money, for no bill in particular."""

from __future__ import annotations

from collections.abc import Callable

from mautrix.types import UserID

from appservice.bots import Context, UserError
from appservice.language import _
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import AccountKind, LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.lines.wording import Guest, User, Who
from laiwang_bridge.payments.money.money import Money, currency, decimal_text
from laiwang_bridge.payments.paying import claim_store, claims, owing, standing
from laiwang_bridge.payments.paying.claim_store import Claim
from laiwang_bridge.payments.paying.claims import Outcome
from laiwang_bridge.payments.till import Till, show_who, shown


def for_no_bill(
    till: Till, context: Context, whom: Who | None, amount: str, received: Callable[..., None]
) -> list[Outcome]:
    """What follows from it; `received` is the command. Raises `UserError` where it is not clear what has come."""
    connection = context.connection
    ledger = till.ledger(context)
    me = till.me(context, ledger)
    debtor = None if whom is None else till.account(context, ledger, whom)
    money = till.amount(
        context, amount, ledger_store.settings(connection, ledger).currency,
        lambda said: context.line(received, None, whom, said),
    )  # fmt: skip
    said = claim_store.open_in(connection, ledger)
    if debtor is not None and money is not None:
        return [_from(till, context, ledger, debtor, me, money, said)]
    mine = standing.unit_of(connection, ledger, me)
    waiting = [one for one in said if one.payee in mine and debtor in (None, one.debtor)]
    if not waiting:
        raise UserError(
            _("Nobody has said that he paid you. If you have got something, say from whom and how much:"),
            try_instead=f"{context.line(received)} @ann:example.org 20",
        )
    first = waiting[0]
    if debtor is None and (len(waiting) > 1 or (money is not None and money.minor != first.minor)):
        faces = till.cards.faces(connection, ledger)
        raise UserError(
            _("From whom? What you were said to have been paid: {what}."),
            what=[f"{faces[one.debtor].name} {shown(one.minor, one.currency, context.language)}" for one in waiting],
            try_instead=f"{context.line(received)} {typed(context, ledger, first.debtor)} {amount}".rstrip(),
        )
    if len(waiting) > 1 and owing.is_more_than_owed(connection, waiting):
        raise UserError(
            _("{who} has said so more than once ({what}), which is more than is owed. Say how much has come:"),
            who=till.cards.faces(connection, ledger)[first.debtor].rich,
            what=[shown(one.minor, one.currency, context.language) for one in waiting],
            try_instead=f"{context.line(received)} {typed(context, ledger, first.debtor)} "
            f"{decimal_text(Money(first.minor, currency(first.currency)))}",
        )
    return [claims.confirm(connection, one, me, context.now) for one in waiting]


def _from(
    till: Till, context: Context, ledger: LedgerId, debtor: AccountId, me: AccountId, money: Money, said: list[Claim]
) -> Outcome:
    """So much has come from somebody: what he had said, or what nobody had said yet."""
    connection, code = context.connection, money.currency.code
    till.must_be_two(context, ledger, me, debtor)
    mine = standing.unit_of(connection, ledger, me)
    here = (debtor, code, money.minor)
    same = next((one for one in said if (one.debtor, one.currency, one.minor) == here and one.payee in mine), None)
    if same is not None:
        return claims.confirm(connection, same, me, context.now)
    return claims.transfer(connection, ledger, debtor, me, code, money.minor, context.now, said_by=me)


def who(context: Context, ledger: LedgerId, id: AccountId) -> Who:
    """Somebody as he may be named in a command."""
    account = ledger_store.accounts(context.connection, ledger)[id]
    return User(UserID(account.name)) if account.kind is AccountKind.USER else Guest(account.name)


def typed(context: Context, ledger: LedgerId, id: AccountId) -> str:
    """The same as text."""
    return show_who(who(context, ledger, id))
