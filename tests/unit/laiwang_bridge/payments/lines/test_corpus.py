"""Lines as people type them, in four languages, and what they mean. No amount may ever be silently wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from appservice.bots.line import Line
from laiwang_bridge.payments.lines.grammar import read_bill
from laiwang_bridge.payments.lines.wording import BillWording, Mistake, Question
from laiwang_bridge.payments.lines.writing import written
from tests.unit.laiwang_bridge.payments.lines.corpus_notation import CORPUS, CORPUS_OF_CHATS, examples, noted

OWN, OF_CHATS = sorted(CORPUS.glob("*.txt")), sorted(CORPUS_OF_CHATS.glob("*.txt"))
FILES = [*OWN, *OF_CHATS]


@pytest.mark.parametrize(("files", "least"), [(OWN, 800), (OF_CHATS, 2000)], ids=["own", "of chats"])
def test_a_corpus_has_many_different_lines_in_four_languages(files: list[Path], least: int) -> None:
    assert [path.stem for path in files] == ["chinese", "english", "french", "german"]
    lines = {(one.typed, one.habits.currency, one.habits.decimal_mark) for path in files for one in examples(path)}
    assert len(lines) >= least


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_line_is_read_as_it_is_meant(path: Path) -> None:
    wrong = [
        f"{one.place}: {one.typed!r}\n    meant {one.expected}\n    read  {read}"
        for one in examples(path)
        if (read := noted(read_bill(Line(one.typed), 0, one.habits, one.names))) != one.expected
    ]
    assert not wrong, f"{len(wrong)} lines:\n" + "\n".join(wrong)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_reading_and_every_correction_can_be_typed_again(path: Path) -> None:
    wrong = []
    lines = list(examples(path))
    for one in lines if path in OWN else lines[::12]:  # the rest takes its time and proves no more
        read = read_bill(Line(one.typed), 0, one.habits, one.names)
        for wording in _wordings(read):
            line = written(wording, one.habits)
            if read_bill(Line(line), 0, one.habits) != wording:
                wrong.append(f"{one.place}: {one.typed!r} is written {line!r}")
    assert not wrong, "\n".join(wrong)


def _wordings(read: BillWording | Question | Mistake) -> tuple[BillWording, ...]:
    match read:
        case Question(readings=readings):
            return readings
        case Mistake(suggestion=suggestion):
            return () if suggestion is None else (suggestion,)
    return (read,)
