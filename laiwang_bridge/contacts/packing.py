"""What a job has read, on its way to the handler: as plain JSON, which is wiped when it has been handled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from laiwang_bridge.contacts.book import Book, BookFormat, Contact, NoBook, Unreadable
from laiwang_bridge.contacts.carddav import NoCards, Problem
from laiwang_bridge.contacts.shops import Service, ShopBook
from laiwang_bridge.outside.problems import Cause

Packed = Mapping[str, Any]


class Vanished:
    """A file that the homeserver does not have (any more)."""


class ShopFile:
    """A file of a shop or a payment service, where the operator does not want such files."""


Outcome = Book | Unreadable | Problem | Vanished | ShopFile
"""What became of something that was to be an address book."""


def pack(outcome: Outcome) -> Packed:
    match outcome:
        case Book():
            shop = {"service": outcome.service.value, "masked": outcome.masked} if isinstance(outcome, ShopBook) else {}
            return shop | {
                "book": outcome.format.value,
                "cards": outcome.cards,
                "unreadable": list(outcome.unreadable),
                "rounded": outcome.rounded,
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
        case ShopFile():
            return {"shop_file": True}


def unpack(packed: Packed) -> Outcome:
    match packed:
        case {"book": format, "cards": cards, "contacts": contacts, "unreadable": unreadable, "rounded": rounded}:
            read = (BookFormat(format), cards, tuple(map(_contact, contacts)), tuple(unreadable))
            if "service" in packed:
                return ShopBook(*read, Service(packed["service"]), packed["masked"], rounded=rounded)
            return Book(*read, rounded=rounded)
        case {"unreadable": cause, "most": most}:
            return Unreadable(NoBook(cause), most)
        case {"problem": cause, "fields": fields}:
            return Problem(_cause(cause), fields)
        case {"shop_file": True}:
            return ShopFile()
    return Vanished()


def _contact(packed: Sequence[Any]) -> Contact:
    line, name, numbers, emails, matrix_ids = packed
    return Contact(line, name, tuple(numbers), tuple(emails), tuple(matrix_ids))


def _cause(value: str) -> NoCards | Cause:
    try:
        return NoCards(value)
    except ValueError:
        return Cause(value)
