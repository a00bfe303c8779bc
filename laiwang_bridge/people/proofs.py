"""Proving that an address is one's own: from the claim to the code that is typed.

    claim ──► the homeserver knows it ──────────────────────────────► proven
      ├─────► a code is sent there (mail, text message) ──► typed ──► proven
      └─────► a friend who has it is asked, types it, gets a code
              and sends it there ─────────────────────────► typed ──► proven

The plain address lives in the command and in the job that sends something there, and in nothing else; both are wiped
when they are done, whether they succeeded or not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mautrix.types import UserID

from appservice.bots import Context, UserError, Voice
from appservice.content import code, with_blocks
from appservice.effects import Answer, Job
from appservice.language import _
from appservice.routes import JobWorker, Routes
from appservice.unit import Unit
from laiwang_bridge.people import address_store, addresses, claim_store, store
from laiwang_bridge.people.addresses import SENDING_MS, WITNESS_MS, AddressKind, Claim, Proof
from laiwang_bridge.people.codes import CODE_BITS, format_code
from laiwang_bridge.people.guesses import count_guess, guesses_too_much
from laiwang_bridge.people.mail import Mail
from laiwang_bridge.people.names import Names, who_asks
from laiwang_bridge.people.proof_limits import ProofLimits
from laiwang_bridge.people.proof_settling import Lines, Settling, say
from laiwang_bridge.people.proof_texts import mail_text, text_message
from laiwang_bridge.people.proving.problems import Problem, failed, problem_in
from laiwang_bridge.people.rules import PersonId
from laiwang_bridge.people.ties import Ties
from laiwang_bridge.people.ways import Ways
from laiwang_bridge.phone_numbers import mask

_MAIL, _TEXT, _ASK = "addresses.mail", "addresses.text", "addresses.homeserver"
_CANNOT = _("There is no way here to prove {address}; the operators of this service have set up none.")
_SENT, _ASKED, _OVER = "addresses.sent", "addresses.asked", "addresses.over"


class Proofs:
    """`find_claim` reads a claim outside of a handler: jobs ask it whether they are still wanted."""

    def __init__(
        self,
        names: Names,
        mail: Mail,
        ties: Ties,
        ways: Ways,
        limits: ProofLimits,
        *,
        bot: UserID,
        key: str,
        find_claim: Callable[[int], Awaitable[Claim | None]],
    ) -> None:
        self._names = names
        self._mail = mail
        self._settling = Settling(mail, ties, lambda: self.lines)
        self._ways = ways
        self._limits = limits
        self._bot = bot
        self._key = key
        self._find_claim = find_claim
        self._lines: Lines | None = None

    def named_by(self, lines: Lines) -> None:
        self._lines = lines

    @property
    def lines(self) -> Lines:
        assert self._lines is not None
        return self._lines

    def add_to(self, routes: Routes) -> None:
        ways = self._ways
        for name, worker in ((_MAIL, ways.mailer), (_TEXT, ways.texter), (_ASK, ways.homeserver)):
            if worker is not None:
                routes.on_job(name, self._if_wanted(worker.work))
        routes.on_answer(_SENT, self._sent)
        routes.on_answer(_ASKED, self._homeserver_answers)
        routes.on_timer(_OVER, self._over)

    # -- claiming ---------------------------------------------------------------------------------------------------

    def claim(self, context: Context, kind: AddressKind, value: str) -> None:
        """Somebody says that an address is his."""
        me, now = who_asks(context), context.now
        mark, shown = self._mark(context.unit, kind, value), mask(value)
        if any(mine.mark == mark for mine in address_store.addresses_of(context.connection, me)):
            context.reply(_("{address} is proven to be yours already."), address=shown)
            return
        if not self._limits.allow(context, kind, mark):
            raise UserError(_("No more addresses can be proven for now. Please try again tomorrow."))
        claim = claim_store.add_claim(context.connection, me, kind, mark, shown, now + WITNESS_MS)
        self._keep(context.unit, claim)
        if self._ways.homeserver_knows(context.sender):
            given = {"claim": claim.id, "user": context.sender, "kind": kind, "value": value}
            self._emit(context.unit, _ASK, claim, given, notify=_ASKED, user=context.sender, value=value)
            context.reply(_("I ask your homeserver whether it knows {address} as yours."), address=shown)
        else:
            self._send_code(context.unit, context, claim, value, context.sender)

    def _homeserver_answers(self, unit: Unit, answer: Answer) -> None:
        claim, voice = self._asker_of(unit, answer)
        if claim is None or voice is None:
            return
        if answer.outcome is not None and answer.outcome.get("known"):
            self._settling.settle(unit, voice, claim, Proof.HOMESERVER)
        else:
            self._send_code(unit, voice, claim, answer.context["value"], UserID(answer.context["user"]))

    def _send_code(self, unit: Unit, voice: Voice, claim: Claim, value: str, user: UserID) -> None:
        way = self._ways.code_to(claim.kind)
        if way is None and not self._ways.friends:
            claim_store.drop_claim(unit.connection, claim.id)
            say(voice, _CANNOT, address=claim.shown)
            return
        if way is None:
            said = _(
                "{address} counts for nothing until it is proven to be yours. A friend who has it can do that: "
                "write {line} with your friend’s id."
            )
            say(voice, said, address=claim.shown, line=code(self.lines.witness(voice)))
            return
        claim = addresses.with_code(claim, way, self._new_code(unit, claim), unit.now + SENDING_MS)
        self._keep(unit, claim)
        given = self._given(unit, voice, claim, value, user)
        self._emit(unit, _MAIL if way is Proof.EMAIL else _TEXT, claim, given, notify=_SENT, user=user)
        if way is Proof.EMAIL:
            said = _("A mail with a code is on its way to {address}. Within 15 minutes, write {line} and the code.")
        else:
            said = _("A text message with a code goes to {address}. Within 15 minutes, write {line} and the code.")
        say(voice, said, address=claim.shown, line=code(self.lines.confirm(voice)))

    def _given(self, unit: Unit, voice: Voice, claim: Claim, value: str, user: UserID) -> Mapping[str, Any]:
        """What the worker needs to send the code of a claim."""
        assert claim.code is not None
        given = {"claim": claim.id, "id": _message_id(unit, claim)}
        if claim.proof is Proof.TEXT:
            return {**given, "number": value, "text": text_message(voice, claim.code, user)}
        mail = mail_text(voice, claim.code, user, self.lines.confirm(voice))
        return {**given, "to": value, "subject": mail.subject, "body": mail.body, "at": unit.now}

    def _sent(self, unit: Unit, answer: Answer) -> None:
        """The code has left, or could not."""
        claim, voice = self._asker_of(unit, answer)
        if claim is None:
            return
        problem = problem_in(answer.outcome)
        if problem is None:
            self._keep(unit, addresses.arrived(claim, unit.now))
            return
        claim_store.drop_claim(unit.connection, claim.id)
        if voice is not None:
            self._tell_problem(voice, claim, problem)

    def _over(self, unit: Unit, given: Mapping[str, Any]) -> None:
        """The time of a claim is over."""
        claim = claim_store.find_claim(unit.connection, given["claim"])
        if claim is None or claim.expires_at > unit.now:
            return
        claim_store.drop_claim(unit.connection, claim.id)
        voice = self._mail.at_hand(unit, claim.person)
        was_sent = claim.sent_at is not None or claim.proof not in (Proof.EMAIL, Proof.TEXT)
        if not was_sent and voice is not None:
            self._tell_problem(voice, claim, Problem.OVER)

    # -- a friend ---------------------------------------------------------------------------------------------------

    def ask_witness(self, context: Context, whom: UserID) -> None:
        """Somebody chooses the friend who is to bring a code to the address claimed last."""
        me = who_asks(context)
        if not self._ways.friends:
            raise UserError(_("Here friends cannot prove numbers for each other."))
        claim = next(iter(claim_store.claims_of(context.connection, me, context.now)), None)
        if claim is None:
            raise UserError(
                _("First tell me which number is to be proven."),
                try_instead=self.lines.claim(context, AddressKind.NUMBER),
            )
        friend = store.find_person(context.connection, whom)
        if friend is None or not store.tie(context.connection, me, friend).friends:
            raise UserError(_("{whom} is not among your friends."), whom=whom)
        self._keep(context.unit, addresses.asked(claim, friend, context.now))
        context.reply(
            _(
                "Please ask {name} ({whom}) to write {vouch} to {bot}, and behind it your number as it stands in their "
                "own phone: I do not tell it. {name} then gets a code and sends it to that number or reads it out in "
                "a call; you write {line} and the code. There are 24 hours for it."
            ),
            name=self._names.of_user(context.connection, whom),
            whom=whom,
            bot=self._bot,
            vouch=code(self.lines.vouch(context, context.sender)),
            line=code(self.lines.confirm(context)),
        )

    def vouch(self, context: Context, whom: UserID, kind: AddressKind, value: str) -> None:
        """A friend types the address that he knows. Why there is nothing to confirm, nobody is told."""
        me = who_asks(context)
        if guesses_too_much(context):
            context.reply(_("That was wrong too often. Please wait some minutes, then try again."))
            return
        claim = self._claim_before(context, me, store.find_person(context.connection, whom), kind, value)
        if claim is None:
            count_guess(context)
            context.reply(
                _("{whom} has not asked you about {address}. Please compare it with what stands in your phone."),
                whom=whom,
                address=mask(value),
            )
            return
        if claim.proof is not Proof.FRIEND or claim.code is None:
            code_value = self._new_code(context.unit, claim)
            claim = addresses.with_code(claim, Proof.FRIEND, code_value, context.now + WITNESS_MS)
            self._keep(context.unit, claim)
            self._tell_claimant(context, claim)
        assert claim.code is not None
        context.reply(
            _(
                "Thank you. Send this code to {address}, or call and read it out, but give it to nobody in any other "
                "way, or it proves nothing: **{code}**"
            ),
            address=claim.shown,
            code=format_code(claim.code),
        )

    def _claim_before(
        self, context: Context, me: PersonId, other: PersonId | None, kind: AddressKind, value: str
    ) -> Claim | None:
        """The claim that I was asked to stand for."""
        if other is None or not store.tie(context.connection, me, other).friends:
            return None
        mark = self._mark(context.unit, kind, value)
        claim = claim_store.claim_to(context.connection, other, mark, context.now)
        return claim if claim is not None and claim.witness == me else None

    def _tell_claimant(self, context: Context, claim: Claim) -> None:
        voice = self._mail.to(context.unit, claim.person)
        if voice is not None:
            voice.send(
                _("{name} has a code for {address} and will send it there. Write {line} and the code."),
                rings=True,
                name=self._names.of_user(context.connection, context.sender),
                address=claim.shown,
                line=code(self.lines.confirm(voice)),
            )

    # -- the code comes back ----------------------------------------------------------------------------------------

    def take(self, context: Context, value: int) -> bool:
        """Take a code that was typed without the command, if it is one that this person was sent."""
        me = store.find_person(context.connection, context.sender)
        if me is None or all(claim.code != value for claim in self._open(context, me)):
            return False
        self.confirm(context, value)
        return True

    def confirm(self, context: Context, value: int) -> None:
        """Somebody types the code that came to his address."""
        me = who_asks(context)
        if guesses_too_much(context):
            context.reply(_("Too many wrong codes. Please wait some minutes, then try again."))
            return
        waiting = self._open(context, me)
        if not waiting:
            raise UserError(
                _("No number or address of yours waits for a code, or not any more. Tell me yours first:"),
                try_instead=self.lines.claim(context, AddressKind.NUMBER),
            )
        claim = next((claim for claim in waiting if claim.code == value), None)
        if claim is None:
            count_guess(context)
            self._count_wrong(context, waiting)
            return
        assert claim.proof is not None
        self._settling.settle(context.unit, context, claim, claim.proof)

    def _open(self, context: Context, me: PersonId) -> list[Claim]:
        claims = claim_store.claims_of(context.connection, me, context.now)
        return [claim for claim in claims if claim.waits_for_code(context.now)]

    def _count_wrong(self, context: Context, waiting: list[Claim]) -> None:
        left = [addresses.mistyped(claim) for claim in waiting]
        for claim, after in zip(waiting, left, strict=True):
            if after is None:
                claim_store.drop_claim(context.connection, claim.id)
            else:
                claim_store.put_claim(context.connection, after)
        if any(left):
            context.reply(_("That is not the code. Please look at it again."))
        else:
            again = self.lines.claim(context, waiting[0].kind)
            said = context.say(_("That was the wrong code too often. It counts no more; begin anew:"))
            context.reply(with_blocks(said, (again,)))

    # -- small things -----------------------------------------------------------------------------------------------

    def _mark(self, unit: Unit, kind: AddressKind, value: str) -> str:
        return address_store.mark_of(address_store.address_key(unit.connection, self._key), kind, value)

    def _new_code(self, unit: Unit, claim: Claim) -> int:
        return unit.random_bits(f"proof/{claim.id}", CODE_BITS)

    def _keep(self, unit: Unit, claim: Claim) -> None:
        claim_store.put_claim(unit.connection, claim)
        key = f"claim:{claim.id}"
        unit.at(claim.expires_at, _OVER, key=key, lane=key, context={"claim": claim.id})

    def _emit(
        self, unit: Unit, name: str, claim: Claim, given: Mapping[str, Any], *, notify: str, **context: Any
    ) -> None:
        """One queue for each address: a mail server that asks one to wait delays no other."""
        job = Job(sender=self._bot, name=name, queue=f"{name}:{claim.mark[:16]}", given=given, sensitive=True)
        unit.emit(job, notify=notify, context={"claim": claim.id, **context})

    def _asker_of(self, unit: Unit, answer: Answer) -> tuple[Claim | None, Voice | None]:
        """The claim that a job was for, if it still stands, and a voice to its person."""
        claim = claim_store.find_claim(unit.connection, answer.context["claim"])
        if claim is None:
            return None, None
        return claim, self._mail.to_user(unit, UserID(answer.context["user"]))

    def _tell_problem(self, voice: Voice, claim: Claim, problem: Problem) -> None:
        said = voice.say(problem.sentence, address=claim.shown)
        again = () if problem is Problem.SERVICE else (self.lines.claim(voice, claim.kind),)
        voice.send(with_blocks(said, again), rings=True)

    def _if_wanted(self, work: JobWorker) -> JobWorker:
        """Nothing is sent for a claim that is proven, given up or forgotten by now."""

        async def worker(job: Job) -> Mapping[str, Any]:
            if await self._find_claim(job.given["claim"]) is None:
                return failed(Problem.OVER)
            return await work(job)

        return worker


def _message_id(unit: Unit, claim: Claim) -> str:
    """The same if this unit is run again, so that a repetition is recognised wherever it arrives."""
    return f"laiwang.{unit.random_bits(f'message/{claim.id}', 128):032x}"
