"""From the bytes of a transaction to what is in it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NoReturn

import orjson

from appservice.http import Refusal
from appservice.transaction import Transaction

log = logging.getLogger(__name__)

# The newest name first: a homeserver that moves from one to the other sends the same under both for a while.
_EPHEMERAL = ("ephemeral", "de.sorunome.msc2409.ephemeral")
_TO_DEVICE = ("to_device", "de.sorunome.msc2409.to_device")
_DEVICE_LISTS = ("device_lists", "org.matrix.msc3202.device_lists")
_KEY_COUNTS = (
    "device_one_time_keys_count",
    "device_one_time_key_counts",
    "org.matrix.msc3202.device_one_time_keys_count",
    "org.matrix.msc3202.device_one_time_key_counts",
)
_FALLBACK_TYPES = ("device_unused_fallback_key_types", "org.matrix.msc3202.device_unused_fallback_key_types")

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[][{},]', re.DOTALL)
_MEMBER = re.compile(rb'[ \t\n\r]*("[^"\\]*(?:\\.[^"\\]*)*")[ \t\n\r]*:(.*)', re.DOTALL)
_CLOSING = {b"[": b"]", b"{": b"}"}
_SPACE = b" \t\n\r"


def parse_json(body: bytes) -> Any:
    """Read a request body. Raises `Refusal` when it is no JSON."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _not_json() from None


def parse_transaction(txn_id: str, body: bytes) -> Transaction:
    """Read a transaction (Application Service API, "Pushing events"; MSC2409, MSC3202, MSC4203).

    Raises `Refusal` when it is no JSON, no object, or has no list of events. All that is handed on can be written as
    JSON again: one event that cannot be read, or not be written, is left among the others as text. The rest is best
    effort: parts of a wrong type are left out, for refusing them would stop the events of every room with them.
    """
    try:
        data = _both_ways(body)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        data = _salvage(body)
    if not isinstance(data, dict):
        raise Refusal(400, "M_BAD_JSON", "a transaction must be a JSON object")
    events = data.get("events")
    if not isinstance(events, list):
        raise Refusal(400, "M_BAD_JSON", "a transaction must have a list of events")
    if len(data) == 1:
        return Transaction(txn_id, events)
    device_lists = _first(data, _DEVICE_LISTS, dict) or {}
    return Transaction(
        txn_id,
        events,
        ephemeral=_objects(data, _EPHEMERAL),
        to_device=_objects(data, _TO_DEVICE),
        device_lists_changed=_strings(device_lists.get("changed")),
        device_lists_left=_strings(device_lists.get("left")),
        one_time_key_counts=_by_device(_first(data, _KEY_COUNTS, dict), _counts),
        unused_fallback_key_types=_by_device(_first(data, _FALLBACK_TYPES, dict), _types),
    )


def _first(data: Mapping[str, Any], names: tuple[str, ...], kind: type) -> Any:
    for name in names:
        value = data.get(name)
        if isinstance(value, kind):
            return value
        if value is not None:
            log.warning("%s of a transaction is of the wrong JSON type and left out", name)
    return None


def _objects(data: Mapping[str, Any], names: tuple[str, ...]) -> list[dict[str, Any]]:
    items = _first(data, names, list) or []
    objects = [item for item in items if isinstance(item, dict)]
    if len(objects) < len(items):
        log.warning("%d of %d under %s are not readable and left out", len(items) - len(objects), len(items), names[0])
    return objects


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _counts(value: object) -> dict[str, int] | None:
    if not isinstance(value, dict):
        return None
    return {name: count for name, count in value.items() if type(count) is int}


def _types(value: object) -> list[str] | None:
    return _strings(value) if isinstance(value, list) else None


def _by_device(users: Mapping[str, Any] | None, read: Any) -> dict[str, dict[str, Any]]:
    return {
        user: {device: known for device, value in devices.items() if (known := read(value)) is not None}
        for user, devices in (users or {}).items()
        if isinstance(devices, dict)
    }


def _both_ways(raw: bytes) -> Any:
    """Read JSON that can also be written again: orjson reads four times as deeply nested values as it writes."""
    value = orjson.loads(raw)
    orjson.dumps(value)
    return value


def _salvage(body: bytes) -> dict[str, Any]:
    """Read an object whose parts are good JSON but in places more than orjson takes.

    Anybody can send a message to a device of ours that is nested a few hundred levels deep, and some homeservers let
    such events, lone surrogates and numbers beyond a float through. A refusal would have the homeserver send the same
    transaction again and again, and nothing after it.
    """
    found: dict[str, Any] = {}
    for member in _split(body, b"{"):
        match = _MEMBER.fullmatch(member)
        if match is None:
            raise _not_json()
        name, value = parse_json(match[1]), match[2].strip(_SPACE)
        if value.startswith(b"["):
            found[name] = [_readable_or_text(element) for element in _split(value, b"[")]
        else:
            found[name] = _readable_or_text(value)
    return found


def _readable_or_text(raw: bytes) -> Any:
    with suppress(orjson.JSONDecodeError, orjson.JSONEncodeError):
        return _both_ways(raw)
    try:
        text = raw.strip(_SPACE).decode()
        json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        pass  # nested beyond any parser's patience, with its brackets in order
    except ValueError:
        raise _not_json() from None
    return text


def _split(raw: bytes, opening: bytes) -> list[bytes]:
    """The parts between the outermost brackets, without recursion."""
    raw = raw.strip(_SPACE)
    if not raw.startswith(opening):
        raise _not_json()
    parts: list[bytes] = []
    open_brackets: list[bytes] = []
    start, end = 1, -1
    for match in _TOKEN.finditer(raw):
        token = match[0]
        if token in _CLOSING:
            open_brackets.append(token)
        elif token in (b"]", b"}"):
            if not open_brackets or _CLOSING[open_brackets.pop()] != token:
                raise _not_json()
            if not open_brackets:
                end = match.start()
                break
        elif token == b"," and len(open_brackets) == 1:
            parts.append(raw[start : match.start()])
            start = match.end()
    if end != len(raw) - 1:
        raise _not_json()
    last = raw[start:end]
    return [*parts, last] if parts or last.strip(_SPACE) else []


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _not_json() -> Refusal:
    return Refusal(400, "M_NOT_JSON", "the body is not JSON")
