"""The books of a room as a file, in the language of whoever is to read it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from laiwang_bridge.payments.books.book import Books
from laiwang_bridge.payments.books.exporting import beancount, hledger, lossless, qif, spreadsheet


class FileFormat(StrEnum):
    """What the books can be written as; the values are what people type."""

    CSV = "csv"
    JSON = "json"
    BEANCOUNT = "beancount"
    HLEDGER = "hledger"
    QIF = "qif"


@dataclass(frozen=True, slots=True)
class Written:
    """A file, ready to be handed over. `head` is the last hash of the chain, where there is one."""

    name: str
    media_type: str
    data: bytes
    head: str = ""


_WRITERS = {
    FileFormat.CSV: (spreadsheet.write, "csv", "text/csv"),
    FileFormat.JSON: (lossless.write, "json", "application/json"),
    FileFormat.BEANCOUNT: (beancount.write, "beancount", "text/plain"),
    FileFormat.HLEDGER: (hledger.write, "journal", "text/plain"),
    FileFormat.QIF: (qif.write, "qif", "application/qif"),
}


def write(books: Books, format: FileFormat, name: str) -> Written:
    """Write the books; `name` is that of the file without what comes after the dot."""
    writer, ending, media_type = _WRITERS[format]
    text = writer(books)
    head = lossless.head_of(text) if format is FileFormat.JSON else ""
    return Written(f"{name}.{ending}", media_type, text.encode("utf-8", "replace"), head)
