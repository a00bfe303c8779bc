"""What it means that an address is proven: whose it is from now on, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mautrix.types import UserID

from appservice.bots import Context, Voice
from appservice.content import code, with_blocks
from appservice.language import Message, _
from appservice.unit import Unit
from laiwang_bridge.people import address_store, addresses, claim_store
from laiwang_bridge.people.addresses import AddressKind, Claim, Proof
from laiwang_bridge.people.mail import Mail
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.ties import Ties


@dataclass(frozen=True, slots=True)
class Lines:
    """The commands that sentences name, as they are typed in the language and the place of a voice."""

    claim: Callable[[Voice, AddressKind], str]
    confirm: Callable[[Voice], str]
    witness: Callable[[Voice], str]
    vouch: Callable[[Voice, UserID], str]
    findable: Callable[[Voice], str]
    send_book: Callable[[Voice], str]


class Settling:
    """Ends claims. `lines` are known once the bot is there."""

    def __init__(self, mail: Mail, ties: Ties, lines: Callable[[], Lines]) -> None:
        self._mail = mail
        self._ties = ties
        self._lines = lines

    def settle(self, unit: Unit, voice: Voice, claim: Claim, proof: Proof) -> None:
        """An address is somebody's from now on, unless its standing is better than `proof`."""
        connection, lines = unit.connection, self._lines()
        claim_store.drop_claim(connection, claim.id)
        standing = address_store.proven(connection, [claim.mark]).get(claim.mark)
        theirs = standing is not None and standing.person != claim.person
        if standing is not None and theirs and not addresses.may_take_over(proof, standing.proof):
            say(
                voice,
                _("{address} was proven by somebody else without a friend’s help, so a friend’s word is not enough."),
                address=claim.shown,
            )
            return
        mine = address_store.put_address(connection, claim.person, claim.kind, claim.mark, claim.shown, proof, unit.now)
        say(
            voice,
            _(
                "{address} is yours. Those who have it, and whose number or address you have too, are shown that it is "
                "you. To change that: {line}\nNext, send me your address book: {book}"
            ),
            address=claim.shown,
            line=code(lines.findable(voice)),
            book=code(lines.send_book(voice)),
        )
        if standing is not None and theirs:
            self._tell_former(unit, standing.person, claim)
        self._ties.tell_address(unit, claim.person, mine.id, mine.mark)

    def _tell_former(self, unit: Unit, former: PersonId, claim: Claim) -> None:
        voice = self._mail.to(unit, former)
        if voice is not None:
            said = voice.say(
                _(
                    "Somebody else has just proven that {address} is theirs, so I no longer take it for yours. "
                    "If it still is, prove it anew:"
                ),
                address=claim.shown,
            )
            voice.send(with_blocks(said, (self._lines().claim(voice, claim.kind),)), rings=True)


def say(voice: Voice, message: Message, **values: Any) -> None:
    """An answer where somebody has asked just now, else news."""
    if isinstance(voice, Context):
        voice.reply(message, **values)
    else:
        voice.send(message, rings=True, **values)
