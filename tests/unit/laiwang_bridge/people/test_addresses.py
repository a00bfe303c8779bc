"""Proven addresses: the rules, and what the tables keep."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, event, select

from laiwang_bridge.database import tables
from laiwang_bridge.people import address_store, claim_store, store
from laiwang_bridge.people.addresses import (
    CODE_MS,
    WRONG_TRIES,
    AddressKind,
    Claim,
    Findable,
    Proof,
    ProvenAddress,
    arrived,
    asked,
    may_take_over,
    mistyped,
    with_code,
)
from laiwang_bridge.people.rules import PersonId
from tests.support.tables import make_tables

KEY = b"the key of the marks"
NUMBER, EMAIL = AddressKind.NUMBER, AddressKind.EMAIL
PHONE = "+8613800138000"
NOW = 1_700_000_000_000
CLAIM = Claim(1, PersonId(1), NUMBER, "mark", "+86 138 •••• 8000", NOW + 1)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = create_engine(f"sqlite:///{tmp_path / 'addresses.db'}")
    event.listen(engine, "connect", lambda raw, _record: raw.execute("PRAGMA foreign_keys=ON"))
    make_tables(engine, tables.metadata)
    with engine.begin() as opened:
        yield opened
    engine.dispose()


@pytest.fixture
def lin(connection: Connection) -> PersonId:
    return store.person_of(connection, "@lin:town", NOW)  # type: ignore[arg-type]


@pytest.fixture
def amy(connection: Connection) -> PersonId:
    return store.person_of(connection, "@amy:town", NOW)  # type: ignore[arg-type]


def put(connection: Connection, one: PersonId, value: str = PHONE, proof: Proof = Proof.TEXT) -> ProvenAddress:
    mark = address_store.mark_of(KEY, NUMBER, value)
    return address_store.put_address(connection, one, NUMBER, mark, "+86 138 •••• 8000", proof, NOW)


# -- marks ----------------------------------------------------------------------------------------------------------


@given(st.text(), st.text())
def test_a_mark_tells_two_values_apart(one: str, another: str) -> None:
    assert (address_store.mark_of(KEY, NUMBER, one) == address_store.mark_of(KEY, NUMBER, another)) == (one == another)


def test_a_mark_depends_on_kind_and_key() -> None:
    mark = address_store.mark_of(KEY, NUMBER, PHONE)
    assert mark != address_store.mark_of(KEY, EMAIL, PHONE)
    assert mark != address_store.mark_of(b"another key", NUMBER, PHONE)


def test_the_key_is_the_configured_one_else_a_secret_of_the_database(connection: Connection) -> None:
    assert address_store.address_key(connection, "configured") == b"configured"
    own = address_store.address_key(connection, "")
    assert len(own) == 32
    assert address_store.address_key(connection, "") == own


# -- the table ------------------------------------------------------------------------------------------------------


def test_no_row_holds_the_address_itself(connection: Connection, lin: PersonId) -> None:
    put(connection, lin)
    claim_store.add_claim(connection, lin, NUMBER, address_store.mark_of(KEY, NUMBER, PHONE), "+86 138 •••• 8000", NOW)
    for table in (address_store.address, claim_store.address_claim):
        for row in connection.execute(select(table)):
            assert "13800138000" not in str(row)


def test_what_was_proven_is_found_by_its_mark_only(connection: Connection, lin: PersonId) -> None:
    mine = put(connection, lin)
    other = address_store.mark_of(KEY, NUMBER, "+8613900139000")
    assert address_store.proven(connection, [mine.mark, other]) == {mine.mark: mine}
    assert mine.findable is Findable.MUTUAL


def test_a_newer_proof_takes_the_address_from_its_former_owner(
    connection: Connection, lin: PersonId, amy: PersonId
) -> None:
    before = put(connection, lin)
    address_store.choose_findable(connection, before.id, Findable.ANYONE)
    after = put(connection, amy)
    assert address_store.addresses_of(connection, lin) == []
    assert address_store.addresses_of(connection, amy) == [after]
    assert after.id != before.id
    assert after.findable is Findable.MUTUAL, "the new owner did not choose what the old one did"


def test_proven_again_by_the_same_person_it_stays_what_it_was(connection: Connection, lin: PersonId) -> None:
    before = put(connection, lin, proof=Proof.FRIEND)
    address_store.choose_findable(connection, before.id, Findable.NOBODY)
    after = put(connection, lin, proof=Proof.TEXT)
    assert (after.id, after.findable, after.proof) == (before.id, Findable.NOBODY, Proof.TEXT)


def test_who_is_forgotten_has_no_address_and_no_claim(connection: Connection, lin: PersonId, amy: PersonId) -> None:
    put(connection, lin)
    claim = claim_store.add_claim(connection, amy, NUMBER, "mark", "shown", NOW)
    claim_store.put_claim(connection, asked(claim, lin, NOW))
    store.forget(connection, lin)
    assert connection.execute(select(address_store.address)).all() == []
    assert connection.execute(select(claim_store.address_claim)).all() == []


def test_five_thousand_marks_are_looked_up_quickly(connection: Connection) -> None:
    marks = [address_store.mark_of(KEY, NUMBER, str(number)) for number in range(10_000)]
    people = [store.person_of(connection, f"@p{number}:town", NOW) for number in range(100)]  # type: ignore[arg-type]
    rows = [
        {
            "person": people[number % 100], "kind": NUMBER, "mark": mark, "shown": "", "proof": Proof.TEXT,
            "proven_at": NOW, "findable": Findable.MUTUAL,
        }
        for number, mark in enumerate(marks[:5_000])
    ]  # fmt: skip
    connection.execute(address_store.address.insert(), rows)
    began = time.process_time()
    found = address_store.proven(connection, iter(marks[2_500:7_500]))
    assert set(found) == set(marks[2_500:5_000])
    assert time.process_time() - began < 1


# -- claims ---------------------------------------------------------------------------------------------------------


def test_a_claim_is_made_anew_when_somebody_claims_again(connection: Connection, lin: PersonId, amy: PersonId) -> None:
    first = claim_store.add_claim(connection, lin, NUMBER, "mark", "shown", NOW + 9)
    second = claim_store.add_claim(connection, lin, NUMBER, "mark", "shown", NOW + 9)
    theirs = claim_store.add_claim(connection, amy, NUMBER, "mark", "shown", NOW + 9)
    assert claim_store.find_claim(connection, first.id) is None
    assert claim_store.claims_of(connection, lin, NOW) == [second]
    assert claim_store.claim_to(connection, amy, "mark", NOW) == theirs


def test_a_claim_is_kept_as_it_is_put(connection: Connection, lin: PersonId, amy: PersonId) -> None:
    claim = claim_store.add_claim(connection, lin, NUMBER, "mark", "shown", NOW + 9)
    changed = mistyped(arrived(with_code(asked(claim, amy, NOW), Proof.TEXT, 5, NOW + 1), NOW))
    assert changed is not None
    claim_store.put_claim(connection, changed)
    assert claim_store.find_claim(connection, claim.id) == changed


def test_old_claims_go(connection: Connection, lin: PersonId) -> None:
    claim_store.add_claim(connection, lin, NUMBER, "mark", "shown", NOW)
    assert claim_store.claims_of(connection, lin, NOW) == []
    claim_store.forget_old(connection, NOW)
    assert connection.execute(select(claim_store.address_claim)).all() == []


def test_the_export_of_a_claim_does_not_show_its_code(connection: Connection, lin: PersonId) -> None:
    claim = claim_store.add_claim(connection, lin, NUMBER, "mark", "shown", NOW + 9)
    claim_store.put_claim(connection, with_code(claim, Proof.TEXT, 123454321, NOW + 9))
    assert "123454321" not in str(claim_store.export(connection, lin))


def test_the_time_of_a_code_runs_from_its_departure() -> None:
    claim = with_code(CLAIM, Proof.EMAIL, 5, NOW + 60 * 60_000)
    assert claim.waits_for_code(NOW)
    assert arrived(claim, NOW + 50).expires_at == NOW + 50 + CODE_MS
    assert not arrived(claim, NOW).waits_for_code(NOW + CODE_MS)


def test_a_claim_without_code_waits_for_none() -> None:
    assert not CLAIM.waits_for_code(NOW)


def test_a_code_stands_a_few_wrong_tries() -> None:
    claim: Claim | None = with_code(CLAIM, Proof.EMAIL, 5, NOW + 1)
    for _try in range(WRONG_TRIES):
        assert claim is not None
        claim = mistyped(claim)
    assert claim is None


def test_a_new_code_forgives_the_tries_at_the_old_one() -> None:
    tried = mistyped(with_code(CLAIM, Proof.EMAIL, 5, NOW + 1))
    assert tried is not None
    assert with_code(tried, Proof.FRIEND, 6, NOW + 1).wrong == 0


def test_asking_a_friend_never_shortens_the_time() -> None:
    assert asked(CLAIM, PersonId(2), NOW).expires_at > CLAIM.expires_at
    late = with_code(CLAIM, Proof.FRIEND, 5, NOW + 10**12)
    assert asked(late, PersonId(2), NOW).expires_at == late.expires_at


@given(st.sampled_from(Proof), st.sampled_from(Proof))
def test_the_word_of_a_friend_takes_nothing_that_was_proven_without_one(proof: Proof, standing: Proof) -> None:
    assert may_take_over(proof, standing) == (proof is not Proof.FRIEND or standing is Proof.FRIEND)
