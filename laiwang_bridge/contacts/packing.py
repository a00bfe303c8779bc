"""What a job has read, on its way to the handler: as plain JSON, which is wiped when it has been handled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from laiwang_bridge.contacts.book import Book, BookFormat, Contact, NoBook, Unreadable
from laiwang_bridge.contacts.carddav import NoCards, Problem
from laiwang_bridge.outside.problems import Cause

Packed = Mapping[str, Any]


class Vanished:
    """A file that the homeserver does not have (any more)."""


Outcome = Book | Unreadable | Problem | Vanished
"""What became of something that was to be an address book."""


def pack(outcome: Outcome) -> Packed:
    match outcome:
        case Book():
            return {
                "book": outcome.format.value,
                "cards": outcome.cards,
                "unreadable": list(outcome.unreadable),
                "contacts": [
                    [one.line, one.name, list(one.numbers), list(one.emails), list(one.matrix_ids)]
                    for one in outcome.contacts
                ],
            }
        case Unreadable():
            return {"unreadable": outcome.cause.value, "most": outcome.most}
        case Problem():
            return {"problem": outcome.cause.value, "fields": dict(outcome.fields)}
        case Vanished():
            return {"vanished": True}


def unpack(packed: Packed) -> Outcome:
    match packed:
        case {"book": format, "cards": cards, "contacts": contacts, "unreadable": unreadable}:
            return Book(BookFormat(format), cards, tuple(map(_contact, contacts)), tuple(unreadable))
        case {"unreadable": cause, "most": most}:
            return Unreadable(NoBook(cause), most)
        case {"problem": cause, "fields": fields}:
            return Problem(_cause(cause), fields)
    return Vanished()


def _contact(packed: Sequence[Any]) -> Contact:
    line, name, numbers, emails, matrix_ids = packed
    return Contact(line, name, tuple(numbers), tuple(emails), tuple(matrix_ids))


def _cause(value: str) -> NoCards | Cause:
    try:
        return NoCards(value)
    except ValueError:
        return Cause(value)
