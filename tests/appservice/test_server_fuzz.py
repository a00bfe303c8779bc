"""Whatever a transaction holds: a 500 only when the inbox fails, and every event reaches the inbox exactly once."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appservice.server import Server
from tests.appservice.test_transaction_body import values
from tests.appservice.wire import ANY_PORT, AUTHORIZED, TOKEN, RecordingInbox, call

over_the_wire = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

keys = st.sampled_from(
    [
        "ephemeral",
        "de.sorunome.msc2409.ephemeral",
        "de.sorunome.msc2409.to_device",
        "org.matrix.msc3202.device_lists",
        "org.matrix.msc3202.device_one_time_key_counts",
        "org.matrix.msc3202.device_one_time_keys_count",
        "org.matrix.msc3202.device_unused_fallback_key_types",
    ]
)
bodies = st.dictionaries(keys | st.text(), values, max_size=5)


@over_the_wire
@given(events=st.lists(values, max_size=6), others=bodies, txn_id=st.text(st.characters(codec="utf-8"), min_size=1))
async def test_every_event_reaches_the_inbox_once_and_in_order(
    events: list[Any], others: dict[str, Any], txn_id: str
) -> None:
    inbox = RecordingInbox()
    raw = orjson.dumps({**others, "events": events})
    path = "/_matrix/app/v1/transactions/" + "".join(f"%{byte:02x}" for byte in txn_id.encode())
    async with Server(ANY_PORT, TOKEN, inbox) as server:
        reply = await call(server, "PUT", path, raw)
    if "\0" in txn_id:
        assert reply.errcode == "M_INVALID_PARAM"
    else:
        assert (reply.status, reply.body) == (200, b"{}")
        assert [(one.txn_id, one.events) for one in inbox.accepted] == [(txn_id, orjson.loads(raw)["events"])]


@over_the_wire
@given(body=st.binary() | values.map(orjson.dumps))
async def test_any_body_is_accepted_or_refused(body: bytes) -> None:
    inbox = RecordingInbox()
    async with Server(ANY_PORT, TOKEN, inbox) as server:
        reply = await call(server, "PUT", "/transactions/1", body)
    assert reply.status in (200, 400)
    assert (reply.status == 200) == (len(inbox.accepted) == 1)


@over_the_wire
@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "OPTIONS"]),
    path=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="?#"), max_size=30),
    prefix=st.sampled_from(["", "_matrix/app/v1/", "_matrix/app/v1/users/", "rooms/", "_matrix/app/v1/thirdparty/"]),
    authorized=st.booleans(),
)
async def test_any_path_has_an_answer_that_is_no_500(method: str, path: str, prefix: str, authorized: bool) -> None:
    inbox = RecordingInbox()
    async with Server(ANY_PORT, TOKEN, inbox) as server:
        reply = await call(server, method, f"/{prefix}{path}", b"{}", AUTHORIZED if authorized else {})
    assert reply.status < 500
    assert reply.status == 200 or reply.errcode


@pytest.mark.parametrize("failing", [True, False])
async def test_a_500_means_that_the_inbox_failed(failing: bool) -> None:
    inbox = RecordingInbox(error=OSError() if failing else None)
    async with Server(ANY_PORT, TOKEN, inbox) as server:
        reply = await call(server, "PUT", "/transactions/1", {"events": []})
    assert reply.status == (500 if failing else 200)
