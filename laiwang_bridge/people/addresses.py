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

from dataclasses import dataclass
from enum import StrEnum

from laiwang_bridge.people.rules import PersonId


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
