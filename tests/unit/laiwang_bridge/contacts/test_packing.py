"""What a job has read, and the seal on what is kept."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laiwang_bridge.contacts.book import Book, BookFormat, Contact, NoBook, Unreadable
from laiwang_bridge.contacts.carddav import NoCards, Problem
from laiwang_bridge.contacts.packing import Outcome, ShopFile, Vanished, pack, unpack
from laiwang_bridge.contacts.shops import Service, ShopBook
from laiwang_bridge.outside.problems import Cause
from laiwang_bridge.seals import NONCE_BITS, Seal

CONTACT = Contact(3, "小林", ("+8613800138000",), ("lin@example.org",), ("@lin:example.org",))


@pytest.mark.parametrize(
    "outcome",
    [
        Book(BookFormat.GOOGLE_CSV, 5, (CONTACT,), (120, 377), rounded=2),
        Book(BookFormat.PLAIN, 0, ()),
        ShopBook(BookFormat.CSV, 2, (CONTACT,), (), Service.PAYPAL, 1),
        *(Unreadable(cause, 32_000_000) for cause in NoBook),
        *(Problem(cause, {"count": 20_000}) for cause in NoCards),
        *(Problem(cause, {}) for cause in Cause),
    ],
    ids=repr,
)
def test_what_was_read_survives_the_way(outcome: Outcome) -> None:
    assert unpack(orjson.loads(orjson.dumps(pack(outcome)))) == outcome


def test_what_was_not_read_survives_the_way_too() -> None:
    assert isinstance(unpack(pack(Vanished())), Vanished)
    assert isinstance(unpack(pack(ShopFile())), ShopFile)


@given(data=st.binary(), nonce=st.integers(0, 2**NONCE_BITS - 1))
def test_only_the_same_key_and_the_same_owner_open_a_seal(data: bytes, nonce: int) -> None:
    seal = Seal("a key of the admin's own", "contacts account")
    sealed = seal.close(data, "7", nonce)
    assert seal.open(sealed, "7") == data
    assert seal.open(sealed, "8") is None
    assert Seal("another key", "contacts account").open(sealed, "7") is None
    assert Seal("a key of the admin's own", "something else").open(sealed, "7") is None
    assert seal.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), "7") is None
