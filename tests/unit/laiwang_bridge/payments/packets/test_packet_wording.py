"""The line that makes a red packet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mautrix.types import UserID

from appservice.bots.line import Line, Pill
from appservice.language import Language
from laiwang_bridge.payments.packets.rules import Kind
from laiwang_bridge.payments.packets.wording import PacketWording, read, typed

ANN, BO = UserID("@ann:town"), UserID("@bo:town")
W = PacketWording


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("100 10", W("100", 10)),
        ("100/10", W("100", 10)),
        ("100, 10", W("100", 10)),
        ("100 10 lucky", W("100", 10, Kind.LUCKY)),
        ("lucky 100 10", W("100", 10, Kind.LUCKY)),
        ("12.50 3 fixed cheers", W("12.50", 3, Kind.FIXED, title="cheers")),
        ("€20 in 5 parts happy birthday", W("€20", 5, title="happy birthday")),
        ("20 EUR 5 Danke", W("20 EUR", 5, title="Danke")),
        ("CNY 20 x4", W("CNY 20", 4)),
        ("US$ 20 × 4", W("US$ 20", 4)),
        ("5 each 10 parts", W("5", 10, each=True)),
        ("5 10 each", W("5", 10, each=True)),
        ("100 points 10", W("100", 10, points=True)),
        ("100 10 points", W("100", 10, points=True)),
        ("20 5 2026 will be good", W("20", 5, title="2026 will be good")),
        ("20 5 for everybody", W("20", 5, title="for everybody")),
        ("20 5 fixedly yours", W("20", 5, title="fixedly yours")),
        ("20 2 for @ann:town and @bo:town only well done", W("20", 2, guests=(ANN, BO), title="well done")),
        ("20 1 for @ann", W("20", 1, unknown=("@ann",))),
        ("100元 10个 恭喜发财", W("100元", 10, title="恭喜发财")),
        ("100元10个恭喜发财", W("100元", 10, title="恭喜发财")),
        ("１００元１０个", W("１００元", 10)),
        ("10个100元", W("100元", 10)),
        ("10 100元", W("100元", 10)),
        ("一百元 十个 大吉大利", W("一百元", 10, title="大吉大利")),
        ("一百二十元 二十五个", W("一百二十元", 25)),
        ("100块5个普通", W("100块", 5, Kind.FIXED)),
        ("拼手气红包 100 10", W("100", 10, Kind.LUCKY)),
        ("3块5 2个", W("3块5", 2)),
        ("每人5元 10份 新年好", W("5元", 10, each=True, title="新年好")),
        ("100积分 10个", W("100", 10, points=True)),
        ("100 10 给@bo:town专属 辛苦了", W("100", 10, guests=(BO,), title="辛苦了")),
        ("100 10 每个人都有", W("100", 10, title="每个人都有")),
        ("100 10 每人一份", W("100", 10, title="每人一份")),
        ("100 10 分点喜气", W("100", 10, title="分点喜气")),
        ("100", W("100")),
        ("10个", W("", 10)),
        ("恭喜", W(title="恭喜")),
        ("", W()),
    ],
)
def test_a_line_is_taken_apart(text: str, meant: PacketWording) -> None:
    assert read(Line(text)) == meant


def test_people_are_named_by_pills_whatever_they_are_called() -> None:
    text = "20 2 for 100 points 5 and Bo: hello Ann"
    start, bo, end = text.index("100"), text.index("Bo"), len(text)
    pills = (Pill(start, start + 12, ANN), Pill(bo, bo + 2, BO), Pill(end - 3, end, ANN))
    assert read(Line(text, pills)) == W("20", 2, guests=(ANN, BO), title="hello Ann")


def test_what_stands_before_is_not_read() -> None:
    assert read(Line("!aa packet 100 10 hi"), 10) == W("100", 10, title="hi")


@given(
    st.sampled_from(["100", "12.50", "€20", "20 EUR", "100元", "3块5"]),
    st.integers(1, 100),
    st.none() | st.sampled_from(Kind),
    st.booleans(),
    st.sampled_from([(), (ANN,), (ANN, BO)]),
    st.sampled_from(["", "hi", "恭喜发财", "points 5", "for @ann:town", "10个", "lucky you"]),
    st.sampled_from(Language),
)
def test_a_line_that_is_written_again_says_the_same(
    amount: str, parts: int, kind: Kind | None, each: bool, guests: tuple[UserID, ...], title: str, language: Language
) -> None:
    said = W(amount, parts, kind, each, guests=guests, title=title)
    assert read(Line(typed(said, language))) == said
    points = W("100", parts, kind, each, points=True, guests=guests, title=title)
    assert read(Line(typed(points, language))) == points


@given(st.text(alphabet='0123456789. ,/@xab元个每人points给for红包十百\0\n"', max_size=60))
def test_any_text_is_read(text: str) -> None:
    said = read(Line(text))
    assert said.parts is None or said.parts >= 0
