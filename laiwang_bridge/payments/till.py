"""What everything about paying needs of a command: which bill, how much, with whom, and how these are shown."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, datetime
from typing import Annotated
from urllib.parse import quote

from mautrix.types import RoomID, UserID
from sqlalchemy import Connection

from appservice import outbox
from appservice.bots import Argument, ArgumentError, Context, UserError, Voice
from appservice.bots.line import fold, user_in
from appservice.content import Rich, link, words
from appservice.language import Language, _
from appservice.rooms import server_name
from appservice.unit import Unit
from laiwang_bridge.payments.bills import bill_store
from laiwang_bridge.payments.bills.bill_store import Bill
from laiwang_bridge.payments.bills.cards import Cards
from laiwang_bridge.payments.bills.whose import Candidates, Room
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import LedgerId
from laiwang_bridge.payments.ledger.splitting import AccountId
from laiwang_bridge.payments.lines.amounts import Amount, Unclear, read_amount
from laiwang_bridge.payments.lines.wording import Guest, Habits, Mistake, Named, User, Who
from laiwang_bridge.payments.money.money import Money, currency, decimal_text
from laiwang_bridge.payments.paying import standing
from laiwang_bridge.payments.paying.claim_store import Claim
from laiwang_bridge.payments.paying.claims import Outcome
from laiwang_bridge.payments.surroundings import Surroundings
from laiwang_bridge.people.readable import readable

MOST_CANDIDATES = 5
_MOST_NAMED = 3
_LONGEST_NAME = 60


def _read_bill(text: str) -> int:
    digits = fold(text).removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise ArgumentError(_("“{word}” is no bill. Write its number like `#7`."), word=text[:30], suggestion="#7")
    return int(digits)


def _read_marked_bill(text: str) -> int:
    if not fold(text).startswith("#"):
        raise ArgumentError(_("“{word}” is no bill. Write its number like `#7`."), word=text[:30], suggestion="#7")
    return _read_bill(text)


def read_who(text: str) -> Who:
    """Somebody by mention, id, `@name`, or `+name` for a guest."""
    user = user_in(text)
    if user is not None:
        return User(user)
    name = text[1:].strip(" \"'“”")
    if name and text[0] in "@＠":
        return Named(name)
    if name and text[0] in "+＋":
        return Guest(name)
    raise ArgumentError(_("“{word}” is nobody. Mention the person, or write `+name` for a guest."), word=text[:30])


def show_who(who: Who) -> str:
    match who:
        case User(user):
            return user
        case Named(name):
            return f"@{name}"
        case Guest(name):
            return f"+{name}"
    raise TypeError(f"{who} is nobody in particular")


def _show_bill(number: int) -> str:
    return f"#{number}"


BillNumber = Annotated[int, Argument(_("which bill"), parse=_read_bill, show=_show_bill, example="#7")]
MarkedBillNumber = Annotated[int, Argument(_("which bill"), parse=_read_marked_bill, show=_show_bill, example="#7")]
"""With its #, for where a bare number is an amount or the beginning of a sentence."""
Whom = Annotated[Who, Argument(_("who"), parse=read_who, show=show_who, example="@ann:example.org")]
HowMuch = Annotated[str, Argument(_("how much"), rest=True, most=60, example="20")]


class Till:
    """Reads and shows what commands about paying have in common."""

    def __init__(self, around: Surroundings, cards: Cards) -> None:
        self.around = around
        self.cards = cards
        self.told: list[Callable[[Unit, Outcome], None]] = []

    def tell(self, unit: Unit, outcome: Outcome) -> None:
        """Something has become of these payments: show it on the cards of the bills, and to whoever else listens."""
        self.cards.refresh(unit, outcome.bills)
        for listener in self.told:
            listener(unit, outcome)

    def voice(self, unit: Unit, ledger: LedgerId, bot: UserID, language: Language) -> Voice | None:
        """A bot speaking in the room of these books; None where it is no more."""
        room = ledger_store.room_of(unit.connection, ledger)
        if bot not in self.around.rooms.members(unit.connection, room):
            return None
        is_direct = self.around.rooms.is_direct(unit.connection, room, bot)
        return self.around.speak(unit, bot, room, language, is_direct=is_direct)

    # -- which bill -----------------------------------------------------------------------------------------------

    def ledger(self, context: Context) -> LedgerId:
        """The books of this room. Raises `UserError` where there are none."""
        found = ledger_store.ledger_of(context.connection, context.room)
        if found is None:
            self.must_be_newest(context)
            if context.is_direct:
                raise UserError(
                    _("There are no bills in this chat of ours. Write that in the room whose bills you mean.")
                )
            raise UserError(_("Nobody has shared a bill in this room yet."))
        return found

    def must_be_newest(self, context: Context) -> None:
        """Raises `UserError` in a room that was replaced by another, where its books went."""
        new = self.around.rooms.replacement(context.connection, context.room)
        if new is not None and ledger_store.ledger_of(context.connection, new) is not None:
            raise UserError(_("The bills of this room go on in {room}."), room=link_to(context, new))

    def open_ledger(self, context: Context) -> LedgerId:
        """The same, made if need be."""
        found = ledger_store.ledger_of(context.connection, context.room)
        if found is not None:
            return found
        self.must_be_newest(context)
        return ledger_store.open_ledger(context.connection, context.room, self.around.currency, context.now)

    def bill(self, context: Context, number: int | None) -> Bill | None:
        """The bill of this number, or whose card or command the message replies to. None where it names none; raises
        `UserError` for one that there is not."""
        if number is not None:
            found = bill_store.find_number(context.connection, self.ledger(context), number)
            if found is None:
                raise UserError(_("There is no bill {number} in this room."), number=f"#{number}")
            return found
        if context.replied_to is None:
            return None
        ledger = ledger_store.ledger_of(context.connection, context.room)
        card = outbox.key_of_event(context.connection, context.replied_to)
        found = bill_store.find_card(context.connection, card) if card is not None else None
        found = found or bill_store.find_event(context.connection, context.replied_to)
        return found if found is not None and found.ledger == ledger else None

    # -- how much ---------------------------------------------------------------------------------------------------

    def amount(self, context: Context, text: str, code: str, again: Callable[[str], str]) -> Money | None:
        """An amount above zero as somebody wrote it, in the currency `code` unless he names another; None for an empty
        text. Raises `UserError`; `again` is the command with another amount."""
        if not text.strip():
            return None
        read = read_amount(text.strip(), self.habits(context, code))
        if isinstance(read, Mistake):
            raise UserError(read.message, **read.values)
        if isinstance(read, Unclear):
            meant = [_money(one, code) for one in read.readings]
            raise UserError(
                _("“{text}” can mean {amounts}. Write it so that it means one of them."),
                text=text,
                amounts=[one.text(context.language.value) for one in meant],
                try_instead=[again(f"{decimal_text(one)} {one.currency.code}") for one in meant[:MOST_CANDIDATES]],
            )
        money = _money(read, code)
        if money.minor <= 0:
            raise UserError(_("Write an amount above zero."))
        return money

    def habits(self, context: Context, code: str) -> Habits:
        """What whoever gives a command means without saying it."""
        today = self.today(context.connection, context.sender, context.now)
        ledger = ledger_store.ledger_of(context.connection, context.room)
        mark = None if ledger is None else ledger_store.settings(context.connection, ledger).decimal_mark
        return Habits(
            currency=currency(code), today=today, sender=context.sender, language=context.language, decimal_mark=mark
        )

    def today(self, connection: Connection, user: UserID, now: int) -> date:
        """The date where somebody lives."""
        return datetime.fromtimestamp(now // 1000, self.around.digests.hours_of_user(connection, user).zone).date()

    def amount_of(self, voice: Voice, claim: Claim) -> Rich:
        """What was paid, with the name of the guest if it is for one."""
        amount = shown(claim.minor, claim.currency, voice.language)
        if standing.speaker_of(voice.connection, claim.ledger, claim.payee) in (None, claim.payee):
            return words(amount)
        guest = self.cards.faces(voice.connection, claim.ledger)[claim.payee]
        return voice.say(_("{amount} (for {guest})"), amount=amount, guest=guest.name)

    # -- with whom --------------------------------------------------------------------------------------------------

    def me(self, context: Context, ledger: LedgerId) -> AccountId:
        """The account of whoever gives the command."""
        return ledger_store.account_of(context.connection, ledger, context.sender, context.now)

    def must_be_two(self, context: Context, ledger: LedgerId, me: AccountId, other: AccountId) -> None:
        """Raises `UserError` where nothing is to be paid between these two, because they are or settle as one."""
        if other == me:
            raise UserError(_("That is yourself."))
        if standing.are_one(context.connection, ledger, me, other):
            raise UserError(
                _("You and {who} settle as one: nothing has to be paid between you."),
                who=self.cards.faces(context.connection, ledger)[other].rich,
            )

    def account(self, context: Context, ledger: LedgerId, who: Who) -> AccountId:
        """The account of somebody named. Raises `UserError` where that is not one person of this room for sure."""
        room = Room(self.around.rooms, context.room, ledger, context.sender, self.around.is_ours, context.now)
        found = room.candidates(context.connection, who) if isinstance(who, Named) else who
        if isinstance(found, Candidates):
            names = [show_who(one) for one in found.people[:MOST_CANDIDATES]]
            if len(names) == 1:
                raise UserError(
                    _("“{name}” may be {who}. If you mean that, write it so."), name=found.named.name, who=names[0]
                )
            raise UserError(
                _("“{name}” can be several people: {people}. Mention the one you mean."),
                name=found.named.name,
                people=names,
            )
        return room.account(context.connection, found)

    def room_name(self, connection: Connection, room: RoomID, without: Collection[UserID] = ()) -> str:
        """What a room is called, or who is in it beside somebody."""
        name = self.around.rooms.name(connection, room)
        if name:
            return readable(name)[:_LONGEST_NAME]
        others = [
            user
            for user in sorted(self.around.rooms.members(connection, room))
            if user not in without and not self.around.is_ours(user)
        ]
        names = [self.around.names.of_user(connection, user) for user in others[:_MOST_NAMED]]
        return ", ".join([*names, "…"] if len(others) > len(names) else names) or room


def shown(minor: int, code: str, language: Language) -> str:
    """An amount for people."""
    return Money(minor, currency(code)).text(language.value)


def title_of(voice: Voice, bill: Bill) -> Rich:
    """A bill in a sentence, by its title and number."""
    if not bill.content.called:
        return voice.say(_("bill {number}"), number=f"#{bill.number}")
    return voice.say(_("“{title}” ({number})"), title=bill.content.called, number=f"#{bill.number}")


def link_to(voice: Voice, room: RoomID) -> Rich:
    """A link to a room that says so in this voice's language."""
    via = server_name(voice.bot.user_id)
    address = f"https://matrix.to/#/{quote(room, safe='!:')}?via={quote(via)}"
    return link(voice.catalogue.text(_("the new room")), address)


def _money(amount: Amount, code: str) -> Money:
    """Raises `UserError` for decimals that the currency does not have."""
    unit = amount.currency or currency(code)
    minor = amount.value * unit.scale
    if minor.denominator != 1:
        raise UserError(_("{currency} has {count} decimals."), currency=unit.code, count=unit.exponent)
    return Money(int(minor), unit)
