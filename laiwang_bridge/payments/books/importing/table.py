"""A text of rows and columns, whatever separates them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass

_SEPARATORS = (",", ";", "\t")
_LONGEST_CELL, _MOST_COLUMNS = 20_000, 500


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `line` is the first one of it in the file, from 1."""

    line: int
    cells: tuple[str, ...]

    @property
    def is_blank(self) -> bool:
        return not any(cell.strip() for cell in self.cells)


def rows_of(text: str) -> tuple[Row, ...]:
    """The rows, blank ones too; none for a text that is no table, or one beyond all measure."""
    lines = text.splitlines(keepends=True)
    first = next((line for line in lines if line.strip()), "")
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(lines, delimiter=separator)
    found = []
    line = 1
    try:
        for cells in reader:
            if len(cells) > _MOST_COLUMNS or any(len(cell) > _LONGEST_CELL for cell in cells):
                return ()
            found.append(Row(line, tuple(cells)))
            line = reader.line_num + 1
    except csv.Error:
        return ()
    return tuple(found)


def text_of(data: bytes) -> str | None:
    """A file as text: UTF-8 or UTF-16, else what a spreadsheet of this day still writes in China or in the West."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _decoded(data, "utf-16")
    return _decoded(data, "utf-8-sig") or _chinese(data) or _decoded(data, "cp1252")


def named(header: Sequence[str]) -> dict[str, int]:
    """Where each column is, by its name in lower case."""
    found: dict[str, int] = {}
    for place, name in enumerate(header):
        found.setdefault(name.strip().casefold(), place)
    return found


def _chinese(data: bytes) -> str | None:
    text = _decoded(data, "gb18030")
    if text is None:
        return None
    others = [char for char in text if not char.isascii()]
    han = sum("\u4e00" <= char <= "\u9fff" for char in others)
    return text if 2 * han >= len(others) else None


def _decoded(data: bytes, charset: str) -> str | None:
    try:
        text = data.decode(charset)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
