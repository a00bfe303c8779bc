"""How two persons become friends, and stop.

One gives a code away, the other types it, both say yes: friends. Whoever is turned down, ignored or blocked is told
nothing that tells these apart: before the end of the request it looks as if the other had not answered yet, after it as
if the time had run out, and a code of somebody who blocked me looks like one that has expired.
All times are milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NewType

from appservice.language import Message, _

PersonId = NewType("PersonId", int)
ListId = NewType("ListId", int)

CODE_LIFETIME_MS = 3 * 24 * 3_600_000
REQUEST_LIFETIME_MS = 14 * 24 * 3_600_000
PROPOSAL_LIFETIME_MS = 30 * 24 * 3_600_000


class Exposure(StrEnum):
    """LOUD: my friends may see that I am here. QUIET: nobody learns of the cluster through me."""

    LOUD = "loud"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """Two different persons in no order: the smaller id first, as friendships are stored."""

    low: PersonId
    high: PersonId

    def __post_init__(self) -> None:
        if self.low >= self.high:
            raise ValueError("a pair is two different persons, the smaller id first; use pair()")

    def other(self, person: PersonId) -> PersonId:
        """The one who is not `person`. Raises ValueError for somebody who is not of the pair."""
        if person not in (self.low, self.high):
            raise ValueError(f"person {person} is not of this pair")
        return self.high if person == self.low else self.low


def pair(one: PersonId, another: PersonId) -> Pair:
    """The two as a pair, whichever comes first. Raises ValueError for one person twice."""
    return Pair(min(one, another), max(one, another))


@dataclass(frozen=True, slots=True)
class Tie:
    """What already stands between the person who acts and the other one, seen from the one who acts."""

    friends: bool = False
    i_blocked: bool = False
    blocked_me: bool = False


class CodeState(StrEnum):
    """A code is used once. The owner may withdraw it before that."""

    OPEN = "open"
    USED = "used"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class FriendCode:
    """A code that its owner gives away; `value` is what `codes.format_code` shows."""

    value: int
    owner: PersonId
    made_at: int
    expires_at: int
    state: CodeState = CodeState.OPEN

    def usable(self, now: int) -> bool:
        return self.state is CodeState.OPEN and now < self.expires_at


class Answer(StrEnum):
    """What one side of a request has said so far."""

    NONE = "none"
    YES = "yes"
    NO = "no"


class RequestState(StrEnum):
    """Where a request stands. Only FRIENDS is final: until its time has run out, an answer may be changed."""

    WAITING = "waiting"
    FRIENDS = "friends"
    DECLINED = "declined"
    EXPIRED = "expired"


class Origin(StrEnum):
    """Where a request comes from. CODE: the asker typed the owner's code. CONTACTS: the asker found the owner through
    an address book. KNOCK: the asker knocked, and is a friend of a friend of the owner."""

    CODE = "code"
    CONTACTS = "contacts"
    KNOCK = "knock"


@dataclass(frozen=True, slots=True)
class FriendRequest:
    """Two persons are asked whether they are to be friends: `asker` began it, by typing the code of `owner` or by a
    proposal, which is his yes. `words` are what he said at that, if anything."""

    owner: PersonId
    asker: PersonId
    made_at: int
    expires_at: int
    owner_answer: Answer = Answer.NONE
    asker_answer: Answer = Answer.NONE
    origin: Origin = Origin.CODE
    words: str = ""

    def other(self, person: PersonId) -> PersonId:
        """The other side. Raises ValueError for somebody who is on neither."""
        return pair(self.owner, self.asker).other(person)

    def answer_of(self, person: PersonId) -> Answer:
        return self.owner_answer if person == self.owner else self.asker_answer

    def with_answer(self, person: PersonId, answer: Answer) -> FriendRequest:
        if person == self.owner:
            return replace(self, owner_answer=answer)
        return replace(self, asker_answer=answer)

    def state(self, now: int) -> RequestState:
        """How it really stands."""
        answers = (self.owner_answer, self.asker_answer)
        if answers == (Answer.YES, Answer.YES):
            return RequestState.FRIENDS
        if Answer.NO in answers:
            return RequestState.DECLINED
        return RequestState.EXPIRED if now >= self.expires_at else RequestState.WAITING

    def seen_by(self, person: PersonId, now: int) -> RequestState:
        """How it stands as far as `person` may know: that the other said no is never shown."""
        if self.answer_of(person) is Answer.NO:
            return RequestState.DECLINED
        if self.state(now) is RequestState.FRIENDS:
            return RequestState.FRIENDS
        return RequestState.EXPIRED if now >= self.expires_at else RequestState.WAITING


class RefusalCause(StrEnum):
    """Why a step towards friendship was not taken: for the admin and the log. People get `Refusal.sentence`."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    WITHDRAWN = "withdrawn"
    BLOCKED = "blocked"
    OWN_CODE = "own_code"
    ALREADY_FRIENDS = "already_friends"
    YOU_BLOCKED = "you_blocked"
    REQUEST_EXPIRED = "request_expired"
    NOT_YOURS = "not_yours"


CODE_NOT_VALID = _("This code is not valid, or not any more. Please ask for a new one.")
_NO_SUCH_REQUEST = _("This request is over. A new code starts a new one.")
_LOOKS_NOT_VALID = (
    RefusalCause.UNKNOWN,
    RefusalCause.EXPIRED,
    RefusalCause.USED,
    RefusalCause.WITHDRAWN,
    RefusalCause.BLOCKED,
)
_OWN_SENTENCES = {
    RefusalCause.OWN_CODE: _("This is your own code: give it to somebody else to type."),
    RefusalCause.ALREADY_FRIENDS: _("You are friends already."),
    RefusalCause.YOU_BLOCKED: _("You have blocked this person. Unblock them first."),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A step that was not taken, and what to say about it."""

    cause: RefusalCause

    @property
    def sentence(self) -> Message:
        """For the person; the same for every cause from which something about the other could be guessed."""
        if self.cause in _LOOKS_NOT_VALID:
            return CODE_NOT_VALID
        return _OWN_SENTENCES.get(self.cause, _NO_SUCH_REQUEST)

    @property
    def counts_as_guess(self) -> bool:
        """Whether this goes into the guess limits; the same for all that look the same, or the limits would tell."""
        return self.cause in _LOOKS_NOT_VALID


@dataclass(frozen=True, slots=True)
class Redemption:
    """A code that was typed: the code and the request as they now are.

    `known`: the request is the standing one, which the asker saw waiting; a new one otherwise. `changed`: there is
    something to store. `asks_owner`: the owner is to be asked. What the asker is told may not depend on `asks_owner`,
    which would tell him that he is blocked.
    """

    code: FriendCode
    request: FriendRequest
    known: bool
    changed: bool
    asks_owner: bool


def make_code(owner: PersonId, value: int, now: int, lifetime_ms: int = CODE_LIFETIME_MS) -> FriendCode:
    """A new code; `value` is `codes.CODE_BITS` random bits that no other usable code has."""
    return FriendCode(value, owner, now, now + lifetime_ms)


def withdraw(code: FriendCode) -> FriendCode:
    """The owner takes a code back; one that was used stays used."""
    return replace(code, state=CodeState.WITHDRAWN) if code.state is CodeState.OPEN else code


def redeem(
    code: FriendCode | None, asker: PersonId, tie: Tie, standing: FriendRequest | None, now: int
) -> Redemption | Refusal:
    """Somebody types a code. `code` is None when there is none of this value.

    `standing` is the newest request between the two, whoever started it and whatever became of it. As long as it looks
    to the asker as if it were waiting, that is what he goes on seeing: the old code changes nothing, a new one renews
    the request whether or not he has been turned down or blocked meanwhile.
    """
    if code is None:
        return Refusal(RefusalCause.UNKNOWN)
    if code.owner == asker:
        return Refusal(RefusalCause.OWN_CODE)
    if standing is not None and standing.seen_by(asker, now) is RequestState.WAITING:
        if not code.usable(now):
            return Redemption(code, standing, known=True, changed=False, asks_owner=False)
        request = _renewed(standing, code.owner, tie, now)
        return Redemption(_used(code), request, known=True, changed=True, asks_owner=not tie.blocked_me)
    refusal = _code_refusal(code, tie, now)
    if refusal is not None:
        return refusal
    request = FriendRequest(code.owner, asker, now, now + REQUEST_LIFETIME_MS)
    return Redemption(_used(code), request, known=False, changed=True, asks_owner=True)


def _used(code: FriendCode) -> FriendCode:
    return replace(code, state=CodeState.USED)


def _renewed(request: FriendRequest, owner: PersonId, tie: Tie, now: int) -> FriendRequest:
    """Who gives a new code away has forgotten an earlier no, unless he blocked the other."""
    origin = Origin.CODE if request.owner == owner else request.origin
    renewed = replace(request, expires_at=now + REQUEST_LIFETIME_MS, origin=origin, words="")
    if tie.blocked_me:
        return renewed.with_answer(owner, Answer.NO)
    return renewed.with_answer(owner, Answer.NONE) if request.answer_of(owner) is Answer.NO else renewed


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal that was made: the request as it now is, and whether it is the standing one (`known`).

    `asks_owner`: the owner is to be asked. What the asker is told may not depend on it.
    """

    request: FriendRequest
    known: bool
    asks_owner: bool


def propose(
    asker: PersonId,
    owner: PersonId,
    tie: Tie,
    standing: FriendRequest | None,
    origin: Origin,
    now: int,
    words: str = "",
    may_ask: bool = True,
) -> Proposal | None:
    """Somebody proposes a friendship without a code, and thereby says yes to it. None: there is nothing to propose,
    since the two are friends, or the asker has blocked the owner.

    `standing` is the newest request between the two. As long as its time has not run out, the proposal is a yes to it
    (if the owner has said yes, they are friends now), and nothing at all if the asker has said yes before: so there is
    one open proposal per pair, whatever the owner has done with it. One that the owner may not be asked (`may_ask`) is
    taken as turned down, which the asker cannot tell from one that waits.
    """
    if tie.friends or tie.i_blocked:
        return None
    if standing is not None and standing.seen_by(asker, now) is not RequestState.FRIENDS and now < standing.expires_at:
        answered = confirm(standing, asker, tie, now)
        assert isinstance(answered, FriendRequest)
        return Proposal(answered, known=True, asks_owner=False)
    asks = may_ask and not tie.blocked_me
    answer = Answer.NONE if asks else Answer.NO
    new = FriendRequest(owner, asker, now, now + PROPOSAL_LIFETIME_MS, answer, Answer.YES, origin, words)
    return Proposal(new, known=False, asks_owner=asks)


def still_asks(request: FriendRequest, now: int) -> bool:
    """Whether the owner of a proposal is still to be asked."""
    return request.state(now) is RequestState.WAITING and request.owner_answer is Answer.NONE


def _code_refusal(code: FriendCode, tie: Tie, now: int) -> Refusal | None:
    if tie.blocked_me:
        return Refusal(RefusalCause.BLOCKED)
    if tie.friends:
        return Refusal(RefusalCause.ALREADY_FRIENDS)
    if code.state is CodeState.USED:
        return Refusal(RefusalCause.USED)
    if code.state is CodeState.WITHDRAWN:
        return Refusal(RefusalCause.WITHDRAWN)
    if now >= code.expires_at:
        return Refusal(RefusalCause.EXPIRED)
    return Refusal(RefusalCause.YOU_BLOCKED) if tie.i_blocked else None


def confirm(request: FriendRequest, person: PersonId, tie: Tie, now: int) -> FriendRequest | Refusal:
    """One side says yes. The two are friends once the answer's `state` is FRIENDS."""
    return _answered(request, person, now, lambda: _yes(request, person, tie))


def decline(request: FriendRequest, person: PersonId, now: int) -> FriendRequest | Refusal:
    """One side says no, or blocks the other. The other side is not told. Friends stay friends."""
    return _answered(request, person, now, lambda: request.with_answer(person, Answer.NO))


def _answered(
    request: FriendRequest, person: PersonId, now: int, step: Callable[[], FriendRequest | Refusal]
) -> FriendRequest | Refusal:
    if person not in (request.owner, request.asker):
        return Refusal(RefusalCause.NOT_YOURS)
    if request.state(now) is RequestState.FRIENDS:
        return request
    if now >= request.expires_at:
        return Refusal(RefusalCause.REQUEST_EXPIRED)
    return step()


def _yes(request: FriendRequest, person: PersonId, tie: Tie) -> FriendRequest | Refusal:
    if tie.i_blocked:
        return Refusal(RefusalCause.YOU_BLOCKED)
    said = request.with_answer(person, Answer.YES)
    return said.with_answer(request.other(person), Answer.NO) if tie.blocked_me else said
