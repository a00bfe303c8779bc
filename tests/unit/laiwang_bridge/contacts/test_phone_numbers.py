from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laiwang_bridge.contacts.numbers import (
    BadEmail,
    BadNumber,
    EmailProblem,
    NumberProblem,
    NumberReader,
    email_of,
    emails_in,
    mask,
    number_of,
    numbers_in,
)

A, B = "+8613800138000", "+8613900139000"


@pytest.mark.parametrize(
    "field",
    [
        "13800138000",
        "8613800138000",
        "0086 138 0013 8000",
        "(86)13800138000",
        "（８６）138-0013-8000",
        "１３８００１３８０００",
        "+86（138）0013-8000",
        "tel:+86-138-0013-8000",
        "013800138000",
        "17951 13800138000",
        "12593-13800138000",
        "1791113800138000",
        "10193 13800138000",
        "+8617951 13800138000",
        "138 0013 8000 转 12",
        "138\u20110013\u20118000",
        "\u202a+86 138 0013 8000\u202c",
        "#31#13800138000",
        "13800138000p12",
        "13800138000,,12",
        "13800138000;ext=102",
        "13800138000.0",
        "'+8613800138000",
        '="13800138000"',
        "手机：13800138000（家）",
    ],
)
def test_a_number_is_read_however_it_is_written(field: str) -> None:
    assert numbers_in(field, ("CN",)) == (A,)


@pytest.mark.parametrize(
    "field",
    [
        "13800138000;13900139000",
        "13800138000,13900139000",
        "13800138000、13900139000",
        "13800138000/13900139000",
        "138 0013 8000 / 139 0013 9000",
        "13800138000 ::: 13900139000",
        "13800138000 13900139000",
        "138 0013 8000 139 0013 9000",
        "13800138000\n13900139000",
        "13800138000转13900139000",
        "手机13800138000家13900139000",
        "13800138000;010-88888888;13900139000;13800138000",
    ],
)
def test_several_numbers_in_one_field_are_all_found(field: str) -> None:
    assert numbers_in(field, ("CN",)) == (A, B)


@pytest.mark.parametrize(
    "field",
    [
        "10086", "95588", "110", "400-800-8888", "8008108888", "010-88888888", "021 6888 8888", "0755-26888888",
        "8.61E+12", "1.38E+10", "1,38E+10", "", "-", "张三", "1 2 3 4 5 6 7 8 9 0 1 2 3", "2024-01-31", "1380013800",
        "110101199003071234", "6222020200112233445",
    ],
)  # fmt: skip
def test_what_reaches_no_one_person_is_no_number(field: str) -> None:
    assert numbers_in(field, ("CN",)) == ()


@pytest.mark.parametrize(
    ("field", "regions", "expected"),
    [
        ("69123456 (HK)", ("CN",), "+85269123456"),
        ("69123456（香港）", ("CN",), "+85269123456"),
        ("69123456", ("HK",), "+85269123456"),
        ("0912345678 (TW)", ("CN",), "+886912345678"),
        ("62345678（澳门）", ("CN",), "+85362345678"),
        ("0171/1234567", ("DE",), "+491711234567"),
        ("(905) 555-1234", ("CA",), "+19055551234"),
        ("13800138000", ("US",), A),
        ("+49 171 1234567", ("CN",), "+491711234567"),
        ("00852 69123456", ("CN",), "+85269123456"),
        ("011 86 138 0013 8000", ("US",), A),
        ("07400 123456", ("gb",), "+447400123456"),
        ("090-1234-5678", ("JP",), "+819012345678"),
    ],
)
def test_regions_are_tried_in_the_order_of_likelihood(field: str, regions: tuple[str, ...], expected: str) -> None:
    assert numbers_in(field, regions) == (expected,)


def test_a_landline_of_the_likeliest_region_is_not_taken_for_a_mobile_number_elsewhere() -> None:
    assert numbers_in("0912-3456789", ("CN",)) == ()


def test_a_region_that_nobody_knows_is_left_out() -> None:
    assert numbers_in("13800138000", ("XX", "", "China")) == (A,)


def test_a_reader_tells_when_it_has_read_its_share() -> None:
    reader = NumberReader(("CN",), most_attempts=2)
    assert [reader.read("13800138000") for _time in range(3)] == [(A,), (A,), ()]
    assert reader.exhausted


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", NumberProblem.NONE),
        ("my number", NumberProblem.NONE),
        ("10086", NumberProblem.SHORT),
        ("138001", NumberProblem.SHORT),
        ("010-88888888", NumberProblem.LANDLINE),
        ("+86 10 8888 8888", NumberProblem.LANDLINE),
        ("400-800-8888", NumberProblem.SERVICE),
        ("1" * 30, NumberProblem.LONG),
        ("12345678901", NumberProblem.UNKNOWN),
        ("13800138000 13900139000", NumberProblem.SEVERAL),
    ],
)
def test_whoever_types_no_number_of_his_own_is_told_why(text: str, problem: NumberProblem) -> None:
    assert number_of(text, ("CN",)) == BadNumber(problem)
    assert problem.sentence.singular


def test_one_number_of_his_own_is_taken_as_it_is_typed() -> None:
    assert number_of("my number is 138 0013 8000", ("CN",)) == A


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mei <Mei@Example.ORG>", "mei@example.org"),
        ("mailto:a.b+c@x-y.co", "a.b+c@x-y.co"),
        ("ｍｅｉ＠ｅｘａｍｐｌｅ．ｏｒｇ", "mei@example.org"),
        ("mei@例子.中国", "mei@例子.中国"),
        ("x..y@docomo.ne.jp", "x..y@docomo.ne.jp"),
        ("", EmailProblem.NONE),
        ("/o=ExchangeLabs/ou=Exchange/cn=Recipients", EmailProblem.NONE),
        ("mei@localhost", EmailProblem.DOMAIN),
        ("mei@10.0.0.1", EmailProblem.FORM),
        ("@mei:example.org", EmailProblem.FORM),
        ("mei@example..org", EmailProblem.FORM),
        ("a@b.org c@d.org", EmailProblem.SEVERAL),
    ],
)
def test_an_address_is_normalised_or_refused_with_a_reason(text: str, expected: str | EmailProblem) -> None:
    result = email_of(text)
    assert result == (BadEmail(expected) if isinstance(expected, EmailProblem) else expected)


def test_several_addresses_in_one_field_are_all_found_once() -> None:
    assert emails_in("A@x.org; b@x.org ::: a@X.org、c@x.org") == ("a@x.org", "b@x.org", "c@x.org")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (A, "+86 138 •••• 8000"),
        ("+85269123456", "+852 69 •••• 56"),
        ("+14159373419", "+1 415 •••• 419"),
        ("xiaomei@example.org", "x•••@example.org"),
        ("odd", "o•••"),
        ("", "•••"),
    ],
)
def test_an_address_is_shown_so_that_only_who_knows_it_recognises_it(address: str, shown: str) -> None:
    assert mask(address) == shown


@given(st.text(alphabet="0123456789+()-./ ;,、转ext#*pE人\n１", max_size=300))
def test_any_text_has_numbers_in_their_one_form_or_none(text: str) -> None:
    for number in numbers_in(text, ("CN", "DE")):
        assert number.startswith("+")
        assert numbers_in(number, ("US",)) == (number,)
        assert number not in mask(number)


@given(st.text(max_size=200))
def test_any_text_is_a_number_and_an_address_or_has_a_reason_why_not(text: str) -> None:
    assert isinstance(number_of(text, ("CN",)), str | BadNumber)
    address = email_of(text)
    assert isinstance(address, BadEmail) or email_of(address) == address
