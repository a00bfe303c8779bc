"""The schema of what cards carry for other programs (docs/schemas/cards.json), and what it says of a message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from jsonschema import Draft202012Validator

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "cards.json"
NAMES = ("org.laiwang.bill", "org.laiwang.settlement", "org.laiwang.red_packet")


@cache
def validator() -> Draft202012Validator:
    """For a message that is no edit. References are resolved once, for every card of every test passes here."""
    schema = orjson.loads(SCHEMA.read_bytes())
    Draft202012Validator.check_schema(schema)
    del schema["properties"]["m.new_content"]  # the whole again
    return Draft202012Validator(_resolved(schema, schema["$defs"]))


def check(content: Mapping[str, Any]) -> None:
    """Raises `ValidationError` for a card that the schema does not allow, `AssertionError` for what it cannot say: that
    there are no fractions, that every place is somebody's, and that an edit carries the same twice."""
    if not any(name in content for name in NAMES):
        return
    sent = orjson.loads(orjson.dumps(content))
    fields = {name: sent[name] for name in NAMES if name in sent}
    validator().validate(fields)
    for field in fields.values():
        assert not any(isinstance(value, float) for value in _values(field)), field
        assert set(_places(field)) <= set(range(len(field.get("people", ())))), field
    new = sent.get("m.new_content")
    assert new is None or {name: new.get(name) for name in fields} == fields


def _resolved(schema: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_resolved(one, known) for one in schema]
    if not isinstance(schema, dict):
        return schema
    named = known[schema["$ref"].removeprefix("#/$defs/")] if "$ref" in schema else {}
    rest = {name: value for name, value in schema.items() if name not in ("$ref", "$defs")}
    return {name: _resolved(value, known) for name, value in {**named, **rest}.items()}


def _values(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _values(one)
    else:
        yield value


def _places(field: Mapping[str, Any]) -> Iterator[int]:
    for row in (*field.get("shares", ()), *field.get("debts", ()), *field.get("payments", ())):
        yield from (row[name] for name in ("person", "from", "to") if name in row)
    if "people" in field and "treasurer" in field:
        yield field["treasurer"]
