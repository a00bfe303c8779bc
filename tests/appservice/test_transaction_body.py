"""What is in a transaction: the specified keys, those of proposals, and what homeservers should not send but may."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appservice.http import Refusal
from appservice.transaction import Transaction
from appservice.transaction_body import parse_transaction

TYPING = {"type": "m.typing", "room_id": "!a:b", "content": {"user_ids": []}}
MESSAGE = {"type": "m.room_key", "sender": "@a:b", "to_user_id": "@c:d", "to_device_id": "E", "content": {}}
EVENT = {"event_id": "$a", "content": {"body": "x"}}

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)


def parse(body: object) -> Transaction:
    return parse_transaction("1", orjson.dumps(body))


@pytest.mark.parametrize("name", ["ephemeral", "de.sorunome.msc2409.ephemeral"])
def test_ephemeral_data_comes_under_two_names(name: str) -> None:
    assert parse({"events": [], name: [TYPING]}).ephemeral == [TYPING]


def test_what_comes_under_both_names_is_there_once() -> None:
    both = {"events": [], "ephemeral": [TYPING], "de.sorunome.msc2409.ephemeral": [TYPING]}
    assert parse(both).ephemeral == [TYPING]


@pytest.mark.parametrize("name", ["to_device", "de.sorunome.msc2409.to_device"])
def test_to_device_messages_come_under_two_names(name: str) -> None:
    assert parse({"events": [], name: [MESSAGE]}).to_device == [MESSAGE]


@pytest.mark.parametrize("prefix", ["", "org.matrix.msc3202."])
@pytest.mark.parametrize("counts", ["device_one_time_key_counts", "device_one_time_keys_count"])
def test_device_lists_and_key_counts_come_with_and_without_a_prefix(prefix: str, counts: str) -> None:
    transaction = parse(
        {
            "events": [],
            f"{prefix}device_lists": {"changed": ["@a:b"], "left": ["@c:d"]},
            f"{prefix}{counts}": {"@bot:b": {"DEVICE": {"signed_curve25519": 50}}},
            f"{prefix}device_unused_fallback_key_types": {"@bot:b": {"DEVICE": ["signed_curve25519"]}},
        }
    )
    assert transaction == Transaction(
        "1",
        [],
        ephemeral=[],
        to_device=[],
        device_lists_changed=["@a:b"],
        device_lists_left=["@c:d"],
        one_time_key_counts={"@bot:b": {"DEVICE": {"signed_curve25519": 50}}},
        unused_fallback_key_types={"@bot:b": {"DEVICE": ["signed_curve25519"]}},
    )


def test_events_of_any_type_are_handed_on_in_order() -> None:
    events: list[Any] = [EVENT, None, 1, "x", [], {}, EVENT]
    assert parse({"events": events}).events == events


def test_parts_of_a_wrong_type_are_left_out_and_the_events_are_not() -> None:
    transaction = parse(
        {
            "events": [EVENT],
            "ephemeral": "nonsense",
            "de.sorunome.msc2409.to_device": [1, None, MESSAGE],
            "org.matrix.msc3202.device_lists": {"changed": [1, "@a:b"], "left": "nonsense"},
            "device_one_time_keys_count": {"@a:b": {"D": {"x": 1, "y": "2", "z": True}, "E": []}, "@c:d": 5},
            "device_unused_fallback_key_types": [],
        }
    )
    assert transaction.events == [EVENT]
    assert transaction.ephemeral == []
    assert transaction.to_device == [MESSAGE]
    assert (transaction.device_lists_changed, transaction.device_lists_left) == (["@a:b"], [])
    assert transaction.one_time_key_counts == {"@a:b": {"D": {"x": 1}}}
    assert transaction.unused_fallback_key_types == {}


@pytest.mark.parametrize(
    "awkward",
    [
        '{"content":' + "[" * 260 + "]" * 260 + "}",
        '{"content":' + "[" * 2000 + "]" * 2000 + "}",
        '{"content":' + '{"a":' * 30000 + "1" + "}" * 30000 + "}",
        '{"content":{"body":"\\ud800"}}',
        '{"content":{"n":1e999}}',
        '{"content":{"body":"a, b] } \\" \\\\","n":1e999}}',
    ],
)
def test_an_event_beyond_the_parser_is_left_as_text_and_holds_up_no_other(awkward: str) -> None:
    good = orjson.dumps(EVENT).decode()
    body = f' {{ "events" : [ {good} ,\n{awkward}, {good}] , "ephemeral":[{awkward},{{}}],"x":{awkward} }} '
    transaction = parse_transaction("1", body.encode())
    assert transaction.events == [EVENT, awkward, EVENT]
    assert transaction.ephemeral == [{}]
    orjson.dumps(transaction.events)


@pytest.mark.parametrize(
    "body",
    [
        '{"events":[NOT, {"a":1e999}]}',
        '{"events":[{"a":1e999}}]',
        '{"events":[{"a":1e999]]}',
        '{"events":[{"a":1e999}]',
        '{"events":[{"a":1e999}]}}',
        '{"events":[{"a":1e999},]}',
        '{"events":[{"a":1e999}],}',
        '{"events":[{"a":1e999}] 1}',
        '{events:[{"a":1e999}]}',
        '{"events":[{"a":1e999, "b":NaN}]}',
        '{"events":[{"a":1e999}], "x":}',
        '[{"a":1e999}]',
        "1e999",
        "[" * 5000 + "]" * 5000,
        "[" * 5000,
        "[" * 300 + "]" * 300,
        '{"events":[' + "[" * 5000 + "]" * 4999 + "]}",
        '{"events":["\\ud800]}',
    ],
)
def test_what_is_no_json_is_refused_also_beside_what_is_beyond_the_parser(body: str) -> None:
    with pytest.raises(Refusal) as refusal:
        parse_transaction("1", body.encode())
    assert (refusal.value.status, refusal.value.errcode) == (400, "M_NOT_JSON")


@given(st.lists(values, max_size=5), st.dictionaries(st.text(), values, max_size=5), st.booleans(), st.data())
def test_salvaging_reads_the_same_as_the_parser(
    events: list[Any], others: dict[str, Any], ascii_only: bool, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(events)))
    document = {**others, "events": events}
    plain = parse_transaction("1", json.dumps(document, ensure_ascii=ascii_only).encode("utf-8"))
    document["events"] = [*events[:place], "@@awkward@@", *events[place:]]
    text = json.dumps(document, ensure_ascii=ascii_only, indent=data.draw(st.sampled_from([None, 1])))
    salvaged = parse_transaction("1", text.replace('"@@awkward@@"', "1e999").encode("utf-8"))
    assert salvaged.events == [*plain.events[:place], "1e999", *plain.events[place:]]
    assert salvaged.ephemeral == plain.ephemeral


@given(st.binary(max_size=60) | st.text('[]{}",:\\1 e', max_size=40).map(str.encode))
def test_no_bytes_do_anything_but_parse_or_be_refused(body: bytes) -> None:
    for document in (body, b'{"events":[' + body + b"]}", b'{"events":[],' + body + b":1e999}"):
        with suppress(Refusal):
            parse_transaction("1", document)
