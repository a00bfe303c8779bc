"""What the demo prints can be read: on a terminal and in a file, in Chinese and in English."""

from __future__ import annotations

import io
import re

import pytest

from laiwang_bridge.demo.transcript import Transcript, width


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _tell(transcript: Transcript) -> None:
    transcript.chapter("Friends")
    transcript.says("林", "来往", "暗号")
    transcript.says("来往", "Amy", "one\n\ntwo")
    transcript.note("behind the scene")
    transcript.seen("it was seen", 0.0123)
    transcript.failed("it was not", 60.04)
    transcript.details("seen:", ["nothing"])


def test_it_reads_like_a_chat(stream: io.StringIO) -> None:
    _tell(Transcript(stream))
    lines = stream.getvalue().split("\n")
    assert lines[:8] == [
        "",
        "Friends",
        "       林 → 来往  暗号",
        "      来往 → Amy  one",
        "",
        "                  two",
        "                  behind the scene",
        f"{' ' * 18}✔ it was seen{' ' * 64}12 ms",
    ]
    assert "✘ it was not" in lines[8]
    assert lines[8].endswith("after 60.0 s")
    assert lines[9:] == ["                  seen:", "                    nothing", ""]


def test_colours_are_for_terminals_only(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    _tell(Transcript(terminal))
    _tell(Transcript(stream))
    assert "\x1b[" in terminal.getvalue()
    assert re.sub("\x1b\\[\\d+m", "", terminal.getvalue()) == stream.getvalue()


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_who_wants_no_colours_gets_none(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    terminal = Terminal()
    _tell(Transcript(terminal))
    assert "\x1b" not in terminal.getvalue()


def test_long_lines_are_cut_to_the_width_of_a_terminal(stream: io.StringIO) -> None:
    transcript = Transcript(stream)
    transcript.says("Amy", "Bo", "word " * 60)
    transcript.says("林", "Bo", "字" * 100)
    transcript.seen("word " * 40, 1.0)
    lines = stream.getvalue().splitlines()
    assert max(map(width, lines)) <= 100
    text = "".join(line.strip() for line in lines)
    assert text.count("word") == 100
    assert text.count("字") == 100


def test_an_old_terminal_gets_question_marks_rather_than_an_error() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    _tell(Transcript(stream))
    assert b"? ? ??  ??" in raw.getvalue()
