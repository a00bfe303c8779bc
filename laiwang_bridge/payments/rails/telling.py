"""Telling whoever owes how he can pay: in his own chat with the bot, the amount filled in, with codes to scan.

Nobody else is shown it, and nobody who owes nothing. The one who is owed is asked first if he wants that, if he has not
said yet how he is paid, and if only others say that he is owed (anybody can write down a debt of his own to learn
somebody's account); whoever owes cannot tell the one from the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from mautrix.types import UserID

from appservice.bots import Context, Voice, button
from appservice.content import Rich, bold, bullets, code, lines, link, paragraphs
from appservice.effects import MediaOf, Upload
from appservice.language import _
from laiwang_bridge.payments.ledger import ledger_store
from laiwang_bridge.payments.ledger.ledger_store import Account, AccountKind
from laiwang_bridge.payments.paying import owing
from laiwang_bridge.payments.paying.owing import Owed
from laiwang_bridge.payments.rails import Mistake, Offer, PayRequest, QrCode, rail_store
from laiwang_bridge.payments.rails.pictures import draw
from laiwang_bridge.payments.rails.rail_store import Request, RequestId
from laiwang_bridge.payments.rails.ways import Way, Ways
from laiwang_bridge.payments.till import Till
from laiwang_bridge.people import store as people
from laiwang_bridge.people.rules import PersonId

DAY_MS = 24 * 3_600_000
MOST_OFFERS = 5
"""Ways of one person that are shown at once."""
_WEB = ("http://", "https://")


class MoreWays(Protocol):
    """What else there is for paying a Matrix user, such as a page of a payment service of his."""

    def fits(self, owed: Owed, payee: UserID) -> bool: ...

    def send(self, voice: Voice, owed: Owed, payee: UserID) -> None: ...


_FACT = _("{label}: {value}")
_OWED = _("You owe {name} **{amount}** ({where}).")
_OWED_FOR = _("You owe {name} **{amount}** for “{title}” ({where}).")
_SAID = _("Of that you said that {amount} is paid already: {name} has yet to confirm it.")
_NOTHING_MOVES = _(
    "I move no money: pay as it says below, then tap ✅ at the bill in the room, and {name} confirms that it has come."
)
_SAME_PHONE = _("Reading this on the phone you pay with? Save the picture, and open it from within the app.")
_NO_ACCOUNT = _("{name} has no account here, so ask directly how to pay.")
_ASKED = _("I have asked {name} how you can pay. You read it here as soon as there is an answer.")


@dataclass(frozen=True, slots=True)
class Commands:
    """What somebody who is asked can do: `tell` the one who asked, and `add` a way first, as a line to type."""

    tell: Callable[[Context, RequestId], None]
    add: Callable[[Voice, Owed], str]


class Telling:
    """Commands are given later (`answered_by`), because they tell people themselves. `further` are more offers."""

    def __init__(self, till: Till, ways: Ways) -> None:
        self._till = till
        self._around = till.around
        self._ways = ways
        self._commands: Commands | None = None
        self.further: list[MoreWays] = []

    def answered_by(self, commands: Commands) -> None:
        self._commands = commands

    def tell(self, voice: Voice, payer: PersonId, owed: Owed) -> None:
        """Tell somebody, in his own chat, how he pays this; or ask the other one."""
        payee = ledger_store.accounts(voice.connection, owed.ledger)[owed.payee]
        if payee.kind is not AccountKind.USER:
            voice.send(paragraphs(self._head(voice, owed, payee), voice.say(_NO_ACCOUNT, name=payee.name)))
            return
        user = UserID(payee.name)
        person = people.person_of(voice.connection, user, voice.unit.now)
        ways = self._ways.fitting(voice.connection, person, payer, owed.money.currency.code)
        asks = rail_store.wants_to_be_asked(voice.connection, person) or not self._trusts(voice, person, payer, owed)
        more = [further for further in self.further if further.fits(owed, user)]
        if more or (ways and not asks):
            self._show(voice, owed, [] if asks else ways)
            for further in more:
                further.send(voice, owed, user)
            return
        self._ask(voice, payer, person, owed)
        name = self._around.names.for_viewer(voice.connection, payer, person)
        voice.send(paragraphs(self._head(voice, owed, payee), voice.say(_ASKED, name=name)))

    def _trusts(self, voice: Voice, payee: PersonId, payer: PersonId, owed: Owed) -> bool:
        """Whether the one who is owed need not be asked: a friend asks, or he has written down the bill himself."""
        return people.tie(voice.connection, payee, payer).friends or owing.says_so(voice.connection, owed)

    def _show(self, voice: Voice, owed: Owed, ways: Sequence[Way]) -> None:
        """Write to whoever owes how he can pay."""
        payee = ledger_store.accounts(voice.connection, owed.ledger)[owed.payee]
        name = self._name(voice, payee)
        purpose = owed.title or voice.catalogue.text(_("Shared bills"))
        amount = owed.money.text(voice.language.value)
        parts: list[Rich] = [self._head(voice, owed, payee)]
        if ways:
            parts.append(voice.say(_NOTHING_MOVES, name=name))
        has_code = False
        for way in ways[:MOST_OFFERS]:
            offer = way.rail.offer(PayRequest(way.text, owed.money, name, purpose))
            title = voice.say(way.rail.title)
            if isinstance(offer, Mistake):
                parts.append(lines(bold(title), voice.say(offer.sentence, **offer.values)))
                continue
            parts.append(_written(voice, title, offer))
            if offer.qr is None:
                continue
            if not has_code:
                parts.append(voice.say(_SAME_PHONE))
            voice.send(paragraphs(*parts))
            send_code(voice, f"{title.plain}: {amount}", offer.qr)  # right below what it belongs to
            parts, has_code = [], True
        if parts:
            voice.send(paragraphs(*parts))

    def answer(self, voice: Voice, request: Request) -> bool:
        """The one who was asked says yes: tell whoever asked. False if he owes nothing any more, or cannot be reached.

        `voice` is that of the one who was asked.
        """
        unit = voice.unit
        payers, payees = (people.user_ids(unit.connection, one) for one in (request.debtor, request.payee))
        owed = owing.between(unit.connection, request.ledger, request.bill, payers, payees, unit.now)
        there = self._around.write_to_person(unit, request.debtor)
        rail_store.end_request(unit.connection, request.id)
        if there is None or not owed:
            return False
        for each in owed:
            ways = self._ways.fitting(unit.connection, request.payee, request.debtor, each.money.currency.code)
            if ways:
                self._show(there, each, ways)
        return True

    def _ask(self, voice: Voice, payer: PersonId, payee: PersonId, owed: Owed) -> None:
        """Ask the one who is owed, once a day at most, and nobody who wants nothing to do with the one who owes."""
        unit = voice.unit
        tie = people.tie(unit.connection, payee, payer)
        if tie.i_blocked or tie.blocked_me:
            return
        wanted = Request(RequestId(0), payee, payer, owed.ledger, owed.bill, unit.now)
        request, before = rail_store.request(unit.connection, wanted)
        if before is not None and unit.now - before < DAY_MS:
            return
        there, commands = self._around.write_to_person(unit, payee), self._commands
        if there is None or commands is None:
            return
        has_ways = bool(self._ways.fitting(unit.connection, payee, payer, owed.money.currency.code))
        question = there.say(
            _("{name} owes you **{amount}** ({where}) and asks how to pay you."),
            name=self._around.names.for_viewer(unit.connection, payee, payer),
            amount=owed.money.text(there.language.value),
            where=self._place(there, owed),
        )
        first = there.say(_("First tell me how you are paid: {line}"), line=code(commands.add(there, owed)))
        there.send(
            question if has_ways else paragraphs(question, first),
            buttons=[button("👍", _("Tell them"), commands.tell, request.id)],
        )

    def _head(self, voice: Voice, owed: Owed, payee: Account) -> Rich:
        name = self._name(voice, payee)
        head = voice.say(
            _OWED_FOR if owed.title else _OWED,
            name=name,
            amount=owed.money.text(voice.language.value),
            title=owed.title,
            where=self._place(voice, owed),
        )
        said = owing.said_to_be_paid(voice.connection, owed)
        return lines(head, voice.say(_SAID, amount=said.text(voice.language.value), name=name)) if said else head

    def _place(self, voice: Voice, owed: Owed) -> Rich:
        """What the room is called, as a link to it."""
        room = ledger_store.room_of(voice.connection, owed.ledger)
        name = self._till.room_name(voice.connection, room)
        return Rich(name, link(name, f"https://matrix.to/#/{quote(room, safe='!:')}").html)

    def _name(self, voice: Voice, account: Account) -> str:
        if account.kind is AccountKind.USER:
            return self._around.names.of_user(voice.connection, UserID(account.name))
        return account.name


def send_code(voice: Voice, body: str, qr: QrCode) -> None:
    """Send the picture of a code; `body` is what clients show that show no pictures."""
    picture = draw(qr)
    bot = voice.bot.user_id
    file = voice.unit.emit(Upload(sender=bot, data=picture.data, content_type="image/png", filename="pay.png"))
    voice.send(
        {
            "msgtype": "m.image",
            "body": body,
            "filename": "pay.png",
            "url": MediaOf(file),
            "info": {"mimetype": "image/png", "w": picture.width, "h": picture.width, "size": len(picture.data)},
            "m.mentions": {},
        }
    )


def _written(voice: Voice, title: Rich, offer: Offer) -> Rich:
    """One way to pay: what can be typed, what can be followed, what has to be known."""
    facts = [voice.say(_FACT, label=voice.say(fact.label), value=fact.value) for fact in offer.facts]
    if offer.uri is not None and offer.uri.startswith(_WEB):
        facts.append(link(offer.uri, offer.uri))
    elif offer.uri is not None:
        facts.append(code(offer.uri))
    return lines(bold(title), bullets(facts), *(voice.say(note) for note in offer.notes))
