"""What was read, as plain JSON: on its way from the job to the handler, and while it waits for a yes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from laiwang_bridge.payments.books.exporting import lossless
from laiwang_bridge.payments.books.importing.found import (
    BadLine,
    Difference,
    Found,
    NoBooks,
    Source,
    Trouble,
    Unreadable,
)

Packed = Mapping[str, Any]


def pack(outcome: Found | Unreadable) -> Packed:
    if isinstance(outcome, Unreadable):
        return {"unreadable": outcome.cause.value, "number": outcome.number}
    return {
        "source": outcome.source.value,
        "books": lossless.write(outcome.books),
        "bad": [[one.line, one.trouble.value, one.what] for one in outcome.bad],
        "differences": [[one.name, one.currency, one.said, one.found] for one in outcome.differences],
        "left_out": outcome.left_out,
        "rounded": outcome.rounded,
        "assumed": outcome.assumed,
    }


def unpack(packed: Packed) -> Found | Unreadable:
    if "unreadable" in packed:
        return Unreadable(NoBooks(packed["unreadable"]), packed["number"])
    return Found(
        source=Source(packed["source"]),
        books=lossless.read(packed["books"]),
        bad=tuple(BadLine(line, Trouble(trouble), what) for line, trouble, what in packed["bad"]),
        differences=tuple(Difference(*one) for one in packed["differences"]),
        left_out=packed["left_out"],
        rounded=packed["rounded"],
        assumed=packed["assumed"],
    )
