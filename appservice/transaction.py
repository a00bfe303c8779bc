"""One transaction, as the homeserver sends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Transaction:
    """What a homeserver pushes in one `PUT …/transactions/{txnId}`.

    Application Service API, "Pushing events"; the parts after `ephemeral` are MSC4203 (to-device messages) and
    MSC3202 (device lists, key counts by user, device and algorithm). `events` may hold malformed entries of any JSON
    type: the inbox sets them aside.
    """

    txn_id: str
    events: Sequence[Any]
    ephemeral: Sequence[Json] = ()
    to_device: Sequence[Json] = ()
    device_lists_changed: Sequence[str] = ()
    device_lists_left: Sequence[str] = ()
    one_time_key_counts: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    unused_fallback_key_types: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
