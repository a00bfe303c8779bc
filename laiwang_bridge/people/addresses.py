"""Numbers and e-mail addresses that people have shown to be theirs: what is true of them.

An address counts for nothing until it is proven, because who may claim any number can look for anybody's friends. A
claim waits for a code that comes by a way only the owner of the address reads:

- `EMAIL`, `TEXT`: the bridge sends it there.
- `FRIEND`: a friend who has the number brings it there. He types the number himself, and only if it is the one that
  was claimed he is given the code, to send or to read out to that number; the person who claimed it types it in. That
  shows two things: the friend knows this number as this person's, for the bot never tells it to him; and the person
  answers at this number, for the code is told to nobody else. What it cannot show is that the friend kept to it: two
  who agree can claim any number between them. Therefore it is written down as such a proof, it never takes an address
  away from somebody who has proven it in another way, and whoever meets such a proof may be told that a friend stands
  for it.
- `HOMESERVER`: no code; the homeserver has had the address confirmed for this very account.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from laiwang_bridge.people.rules import PersonId

CODE_MS = 15 * 60_000
"""How long a code can be typed after it was sent."""
SENDING_MS = 60 * 60_000
"""How long sending is tried; servers that know no sender yet often take a mail only at the second try."""
WITNESS_MS = 24 * 3_600_000
"""How long a friend has, and then the code that he was given."""
WRONG_TRIES = 5


class AddressKind(StrEnum):
    """What an address is: a number in E.164 (`+8613800138000`) or an e-mail address in its canonical form."""

    NUMBER = "number"
    EMAIL = "email"


class Proof(StrEnum):
    """How somebody has shown that an address is his."""

    EMAIL = "email"
    TEXT = "text"
    FRIEND = "friend"
    HOMESERVER = "homeserver"


class Findable(StrEnum):
    """Who is shown that an address belongs to this person: those who have it and whose address the person has too,
    anybody who has it, or nobody."""

    MUTUAL = "mutual"
    ANYONE = "anyone"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class ProvenAddress:
    """An address that was shown to be somebody's. `shown` is masked; `mark` is all that is kept of the rest."""

    id: int
    person: PersonId
    kind: AddressKind
    mark: str
    shown: str
    proof: Proof
    proven_at: int
    findable: Findable = Findable.MUTUAL


def may_take_over(proof: Proof, standing: Proof) -> bool:
    """Whether a newer proof ends an older one of somebody else. Numbers are given to new owners; but the word of a
    friend does not count against what was shown without one."""
    return proof is not Proof.FRIEND or standing is Proof.FRIEND


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody says that an address is his, and has not shown it yet.

    `proof` is how the `code` travels, both None while there is none; `sent_at` when it left, as far as is known.
    `witness` is the friend who was asked to bring it. Times are milliseconds.
    """

    id: int
    person: PersonId
    kind: AddressKind
    mark: str
    shown: str
    expires_at: int
    proof: Proof | None = None
    code: int | None = None
    sent_at: int | None = None
    wrong: int = 0
    witness: PersonId | None = None

    def waits_for_code(self, now: int) -> bool:
        """Whether there is a code that can still be typed."""
        return self.code is not None and now < self.expires_at


def with_code(claim: Claim, proof: Proof, code: int, until: int) -> Claim:
    """A new code; what was sent before no longer counts, nor do the tries at it."""
    return replace(claim, proof=proof, code=code, sent_at=None, wrong=0, expires_at=until)


def arrived(claim: Claim, now: int) -> Claim:
    """The code has left for the address: from now on its time runs."""
    return replace(claim, sent_at=now, expires_at=now + CODE_MS)


def asked(claim: Claim, witness: PersonId, now: int) -> Claim:
    """A friend is asked to stand for it."""
    return replace(claim, witness=witness, expires_at=max(claim.expires_at, now + WITNESS_MS))


def mistyped(claim: Claim) -> Claim | None:
    """After a wrong code; None when that was one too many."""
    return None if claim.wrong + 1 >= WRONG_TRIES else replace(claim, wrong=claim.wrong + 1)
