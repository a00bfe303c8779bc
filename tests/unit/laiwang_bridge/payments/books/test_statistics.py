"""Who paid what: bills alone count, each once, in the month in which they took place."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from PIL import Image

from laiwang_bridge.payments.books import chart
from laiwang_bridge.payments.books.book import Books, Part
from laiwang_bridge.payments.books.chart import Labels
from laiwang_bridge.payments.books.statistics import Span, Statistics, first_day, statistics_of
from tests.unit.laiwang_bridge.payments.books.made_up import books
from tests.unit.laiwang_bridge.payments.books.test_writers import DINNER, TRIP

few = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LABELS = Labels("大家的账", "2026", "付了", "分摊", "每月", "按类别", "其他人", "未分类")
TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("span", "first"),
    [(Span.MONTH, date(2026, 11, 1)), (Span.YEAR, date(2026, 1, 1)), (Span.ALL, date.min)],
)
def test_a_span_begins_with_its_first_day(span: Span, first: date) -> None:
    assert first_day(span, TODAY) == first


def test_payments_and_what_was_taken_back_are_nobodys_spending() -> None:
    [found] = statistics_of(TRIP, Span.ALL, TODAY)
    assert (found.currency, found.bills, found.total, found.unknown) == ("EUR", 1, 12000, 0)
    assert found.paid == {"Ann": 12000}
    assert found.borne == {"=HYPERLINK(1)": 4000, "Ann": 4000, "小明": 4000}
    assert found.categories == {"food: out": 12000}
    assert found.months == {"2026-11": {"Ann": 12000}}


@pytest.mark.parametrize(
    ("day", "month", "year"),
    [(date(2026, 11, 30), 1, 1), (date(2026, 12, 31), 0, 1), (date(2026, 10, 31), 0, 1), (date(2027, 1, 1), 0, 0)],
)
def test_a_bill_counts_in_the_time_of_its_own_day(day: date, month: int, year: int) -> None:
    some = replace(TRIP, entries=(replace(DINNER, date=day),))
    assert len(statistics_of(some, Span.MONTH, TODAY)) == month
    assert len(statistics_of(some, Span.YEAR, TODAY)) == year
    assert len(statistics_of(some, Span.ALL, TODAY)) == 1


def test_a_bill_of_which_nobody_knows_who_paid_is_told_apart() -> None:
    some = replace(TRIP, entries=(replace(DINNER, paid=(), shares=()),))
    [found] = statistics_of(some, Span.ALL, TODAY)
    assert (found.bills, found.total, found.unknown, found.paid) == (1, 0, 8000, {})


@few
@given(books())
def test_what_was_paid_is_what_is_borne_and_what_months_and_categories_come_to(made_up: Books) -> None:
    for one in statistics_of(made_up, Span.ALL, TODAY):
        assert sum(one.paid.values()) == sum(one.borne.values()) == one.total
        assert sum(one.categories.values()) == one.total
        assert sum(sum(by.values()) for by in one.months.values()) == one.total


@few
@given(books())
def test_any_books_can_be_drawn(made_up: Books) -> None:
    for one in statistics_of(made_up, Span.ALL, TODAY)[:1]:
        _open(chart.draw(one, LABELS, str))


def test_many_people_and_months_have_room_in_the_picture() -> None:
    people = {f"Person {number}": 1000 + number for number in range(40)}
    months = {f"{2020 + number // 12}-{number % 12 + 1:02}": people for number in range(40)}
    categories = {f"c{number}": number for number in range(40)}
    full = Statistics("EUR", 40, sum(people.values()), 0, people, people, categories, months)
    few_of_them = replace(full, paid={"Ann": 1}, borne={"Ann": 1}, months={}, categories={})
    assert _open(chart.draw(full, LABELS, str)).height < 1400
    assert _open(chart.draw(few_of_them, LABELS, str)).height < 300


def test_names_in_chinese_are_drawn_and_emoji_left_out() -> None:
    def drawn(name: str) -> bytes:
        one = Statistics("EUR", 1, 100, 0, {name: 100}, {name: 100}, {}, {})
        return _open(chart.draw(one, LABELS, str)).tobytes()

    assert len({drawn("小明"), drawn("小红"), drawn("张伟")}) == 3
    assert drawn("Ann 😀") == drawn("Ann")
    assert drawn("😀") == drawn("·")


def test_a_bill_is_paid_by_several() -> None:
    several = replace(DINNER, paid=(Part(1, 7000), Part(3, 5000)))
    [found] = statistics_of(replace(TRIP, entries=(several,)), Span.ALL, TODAY)
    assert found.paid == {"Ann": 7000, "小明": 5000}


def _open(drawing: chart.Drawing) -> Image.Image:
    image = Image.open(io.BytesIO(drawing.data))
    assert image.size == (drawing.width, drawing.height)
    return image.convert("RGB")
