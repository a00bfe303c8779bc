"""What people type about their own numbers and e-mail addresses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from mautrix.types import UserID

from appservice.bots import Argument, ArgumentError, Context, Router, UserError, Voice
from appservice.content import Rich, code, lines, numbered
from appservice.language import Message, _
from laiwang_bridge.people import address_store, claim_store
from laiwang_bridge.people.addresses import AddressKind, Findable, Proof, ProvenAddress
from laiwang_bridge.people.bot import PREFIXES
from laiwang_bridge.people.codes import BadCode, format_code, parse_code
from laiwang_bridge.people.names import who_asks
from laiwang_bridge.people.proof_settling import Lines
from laiwang_bridge.people.proofs import Proofs
from laiwang_bridge.people.ties import Ties
from laiwang_bridge.phone_numbers import email_of, number_of

_GROUP = _("My numbers")
_SAMPLES = {AddressKind.NUMBER: "+86 138 0013 8000", AddressKind.EMAIL: "mei@example.org"}

_PROOFS = {
    Proof.EMAIL: _("by mail"),
    Proof.TEXT: _("by text message"),
    Proof.FRIEND: _("by a friend"),
    Proof.HOMESERVER: _("known to your homeserver"),
}
_FINDABLE = {
    Findable.MUTUAL: _("shown to those who have it and whom you have too"),
    Findable.ANYONE: _("shown to anybody who has it"),
    Findable.NOBODY: _("shown to nobody"),
}


def _read_code(text: str) -> int:
    read = parse_code(text)
    if isinstance(read, BadCode):
        raise ArgumentError(read.problem.sentence, count=read.count, character=read.character)
    return read


Number = Annotated[str, Argument(_("your number"), rest=True, most=200, example=_SAMPLES[AddressKind.NUMBER])]
Email = Annotated[str, Argument(_("your address"), rest=True, most=320, example=_SAMPLES[AddressKind.EMAIL])]
Known = Annotated[
    str,
    Argument(_("number or address, as you know it"), rest=True, most=320, example=_SAMPLES[AddressKind.NUMBER]),
]
Code = Annotated[
    int | None,
    Argument(_("the code that came"), example="K7RF-2XWM", rest=True, parse=_read_code, show=format_code),
]
Friend = Annotated[UserID | None, Argument(_("which friend"), example="@name:example.org")]
Whom = Annotated[UserID, Argument(_("for whom"), example="@name:example.org")]
Which = Annotated[int, Argument(_("which one"), least=1, example="1")]
ToWhom = Annotated[
    Findable,
    Argument(
        _("to whom"),
        words={"mutual": ("互有", "双方"), "anyone": ("任何人", "所有人"), "nobody": ("没有人", "无人")},
    ),
]


class AddressBot:
    """Claims, proofs and the list of what is proven. Numbers without a country code are looked for in `regions`.

    `send_book` is the command that comes next, as it is typed.
    """

    def __init__(
        self, proofs: Proofs, ties: Ties, *, regions: Sequence[str] = (), send_book: Callable[[Voice], str]
    ) -> None:
        self._proofs = proofs
        self._ties = ties
        self._regions = tuple(regions)
        self.router = router = Router("addresses", PREFIXES, title=_("Numbers and addresses"))
        command = router.command
        command("number", "号码", help=_("Prove a number to be yours"), group=_GROUP, where="direct")(self.number)
        command("email", "邮箱", help=_("Prove an e-mail address"), group=_GROUP, where="direct")(self.email)
        command("confirm", "确认", help=_("Type the code that came"), group=_GROUP, where="direct")(self.confirm)
        command("witness", "证人", help=_("Let a friend prove it"), group=_GROUP, where="direct")(self.witness)
        command("vouch", "作证", help=_("Prove it for a friend"), group=_GROUP, where="direct")(self.vouch)
        command("mine", "我的号码", help=_("What is proven"), group=_GROUP, where="direct")(self.mine)
        command("findable", "可找到", help=_("Who may find you by it"), group=_GROUP, where="direct")(self.findable)
        command("withdraw", "删除号码", help=_("Remove one"), group=_GROUP, where="direct")(self.withdraw)
        proofs.named_by(
            Lines(
                claim=self._line_to_claim,
                confirm=lambda voice: voice.line(self.confirm),
                witness=lambda voice: voice.line(self.witness),
                vouch=lambda voice, whom: voice.line(self.vouch, whom, "").strip(),
                findable=lambda voice: voice.line(self.findable, 1, Findable.NOBODY),
                send_book=send_book,
            )
        )

    def number(self, context: Context, number: Number) -> None:
        self._proofs.claim(context, AddressKind.NUMBER, self._read(context, AddressKind.NUMBER, number))

    def email(self, context: Context, address: Email) -> None:
        self._proofs.claim(context, AddressKind.EMAIL, self._read(context, AddressKind.EMAIL, address))

    def confirm(self, context: Context, typed: Code = None) -> None:
        if typed is None:
            raise UserError(
                _("Which code? It came to the number or address that you claimed."),
                try_instead=f"{context.line(self.confirm)} K7RF-2XWM",
            )
        self._proofs.confirm(context, typed)

    def witness(self, context: Context, friend: Friend = None) -> None:
        if friend is None:
            raise UserError(
                _("Which friend has your number? Write the Matrix id behind it."),
                try_instead=context.line(self.witness, UserID("@name:example.org")),
            )
        self._proofs.ask_witness(context, friend)

    def vouch(self, context: Context, whom: Whom, address: Known) -> None:
        kind = AddressKind.EMAIL if "@" in address or "＠" in address else AddressKind.NUMBER
        value = self._read(context, kind, address, for_whom=whom)
        self._proofs.vouch(context, whom, kind, value)

    def mine(self, context: Context) -> None:
        me = who_asks(context)
        proven = address_store.addresses_of(context.connection, me)
        waiting = claim_store.claims_of(context.connection, me, context.now)
        if not proven and not waiting:
            context.reply(
                _("You have proven no number and no address yet. {line} begins."),
                line=code(self._line_to_claim(context, AddressKind.NUMBER)),
            )
            return
        shown = [self._shown(context, one) for one in proven]
        claimed = [context.say(_("{address}: not proven yet"), address=claim.shown) for claim in waiting]
        context.reply(lines(context.say(_("Your numbers and addresses:")), numbered([*shown, *claimed])))

    def findable(self, context: Context, which: Which, to: ToWhom) -> None:
        mine = self._nth(context, which)
        address_store.choose_findable(context.connection, mine.id, to)
        if to is not Findable.NOBODY:
            self._ties.tell_address(context.unit, mine.person, mine.id, mine.mark)
        context.reply(_("{address} is {shown}."), address=mine.shown, shown=context.say(_FINDABLE[to]))

    def withdraw(self, context: Context, which: Which) -> None:
        mine = self._nth(context, which)
        address_store.drop_address(context.connection, mine.id)
        context.reply(_("{address} is deleted; nobody finds you by it."), address=mine.shown)

    def _nth(self, context: Context, which: int) -> ProvenAddress:
        proven = address_store.addresses_of(context.connection, who_asks(context))
        if which > len(proven):
            raise UserError(
                _("You have no proven number or address {number}."),
                number=which,
                try_instead=context.line(self.mine),
            )
        return proven[which - 1]

    def _shown(self, context: Context, one: ProvenAddress) -> Rich:
        said: Message = _("{address} ({proof}): {shown}")
        proof, shown = context.say(_PROOFS[one.proof]), context.say(_FINDABLE[one.findable])
        return context.say(said, address=one.shown, proof=proof, shown=shown)

    def _read(self, context: Context, kind: AddressKind, text: str, *, for_whom: UserID | None = None) -> str:
        read = email_of(text) if kind is AddressKind.EMAIL else number_of(text, self._regions)
        if isinstance(read, str):
            return read
        sample = _SAMPLES[kind]
        line = context.line(self.vouch, for_whom, sample) if for_whom else self._line_to_claim(context, kind)
        raise UserError(read.problem.sentence, try_instead=line)

    def _line_to_claim(self, voice: Voice, kind: AddressKind) -> str:
        if kind is AddressKind.EMAIL:
            return voice.line(self.email, _SAMPLES[kind])
        return voice.line(self.number, _SAMPLES[kind])
