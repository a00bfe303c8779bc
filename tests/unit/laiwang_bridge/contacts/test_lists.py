from __future__ import annotations

import pytest

from laiwang_bridge.contacts.book import Book, BookFormat, Contact, NoBook, Unreadable
from laiwang_bridge.contacts.reader import looks_like_contacts, read_book

A = ("+8613800138000",)


def contacts(text: str, charset: str = "utf-8") -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    result = read_book(text.encode(charset))
    assert isinstance(result, Book)
    assert result.format is BookFormat.PLAIN
    return [(contact.name, contact.numbers, contact.emails) for contact in result.contacts]


@pytest.mark.parametrize(
    "line",
    [
        "王小美,13800138000", "王小美 13800138000", "王小美\t13800138000", "王小美：13800138000",
        "王小美: 138-0013-8000",
        "王小美、13800138000", "王小美；13800138000", "13800138000 王小美", "13800138000,王小美", "王小美13800138000",
        "王小美 +86 138 0013 8000", "1. 王小美 13800138000", "1、王小美、13800138000", "- 王小美: 13800138000",
        "• 王小美 – 13800138000", "① 王小美 13800138000", "王小美（13800138000）", "姓名：王小美 手机：13800138000",
        "王小美 010-88888888 13800138000", "王小美　１３８００１３８０００", "王小美,13800138000,,备注",
        '"王小美","13800138000"', "王小美 | 13800138000 |",
        "王小美 微信:mei_1 手机 13800138000", "12. 王小美 13800138000", "王小美 mobile: 13800138000",
    ],
)  # fmt: skip
def test_a_line_with_a_name_and_a_number(line: str) -> None:
    assert contacts(f"{line}\n") == [("王小美", A, ())]


def test_addresses_and_several_numbers_in_a_line() -> None:
    assert contacts("Mei Wang <Mei@example.org> 13800138000/13900139000\n") == [
        ("Mei Wang", (*A, "+8613900139000"), ("mei@example.org",))
    ]
    assert contacts("mei@example.org, Mei\nBo;bo@example.org") == [
        ("Mei", (), ("mei@example.org",)),
        ("Bo", (), ("bo@example.org",)),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "张三 13800138000, 李四 13900139000", "张三 13800138000、李四 13900139000",
        "张三：13800138000；李四：13900139000",
        "张三13800138000，李四13900139000", "- 张三 13800138000 | 李四 139 0013 9000",
    ],
)  # fmt: skip
def test_several_people_in_one_line_are_several(line: str) -> None:
    assert contacts(line) == [("张三", A, ()), ("李四", ("+8613900139000",), ())]


def test_a_hundred_people_in_one_line_are_all_read() -> None:
    line = "，".join(f"{name}{name} 138001{place:05}" for place, name in enumerate("赵钱孙李" * 25))
    assert len(contacts(line)) == 100


@pytest.mark.parametrize(
    "line",
    [
        "张三 13800138000, 家 13900139000", "张三 13800138000；办公室：13900139000", "张三，13800138000，13900139000",
        "张三 手机 13800138000、电话 13900139000", "张三,13800138000,公司,13900139000",
    ],
)  # fmt: skip
def test_several_numbers_of_one_person_are_his(line: str) -> None:
    assert contacts(line) == [("张三", (*A, "+8613900139000"), ())]


@pytest.mark.parametrize("behind", [" ext. 22", "x33", " 转 12", "#5", ";ext=7"])
def test_what_is_dialled_after_a_number_is_no_part_of_the_name(behind: str) -> None:
    assert contacts(f"王小美 13800138000{behind}\n") == [("王小美", A, ())]


def test_a_number_that_a_spreadsheet_has_rounded_is_told() -> None:
    result = read_book("张三,1.38E+10\n李四,13900139000\n王五 1.37E+10".encode())
    assert isinstance(result, Book)
    assert (result.cards, len(result.contacts), result.unreadable, result.rounded) == (3, 1, (1, 3), 2)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("MECARD:N:王小美;TEL:13800138000;EMAIL:mei@example.org;;", "王小美"),
        ("MECARD:N:Wang,Mei;TEL:138 0013 8000;EMAIL:mei@example.org;ADR:1 Road, Town;;", "Mei Wang"),
        ("mecard:TEL:13800138000;N:王,小美;EMAIL:mei@example.org;NOTE:a\\;b;", "王小美"),
    ],
)
def test_what_a_qr_code_of_a_contact_says(code: str, name: str) -> None:
    assert contacts(code) == [(name, A, ("mei@example.org",))]


def test_a_remark_in_parentheses_stays_with_the_name() -> None:
    assert contacts("王小美（同学） 13800138000\n") == [("王小美(同学)", A, ())]


def test_a_matrix_id_in_a_line() -> None:
    result = read_book(b"Mei @mei:example.org\n")
    assert isinstance(result, Book)
    assert result.contacts == (Contact(1, "Mei", (), (), ("@mei:example.org",)),)


def test_a_name_in_one_line_and_the_number_in_the_next() -> None:
    assert contacts("朋友们\n\n王小美\n13800138000\n\n李四\n电话：13900139000\nEnd") == [
        ("王小美", A, ()),
        ("李四", ("+8613900139000",), ()),
    ]


@pytest.mark.parametrize("charset", ["gbk", "utf-16", "utf-8-sig"])
def test_lists_in_other_character_sets(charset: str) -> None:
    assert contacts("王小美,13800138000\r\n刘德华,13900139000\r\n", charset)[0] == ("王小美", A, ())


def test_lines_are_counted_as_an_editor_does() -> None:
    result = read_book("朋友\r\n\r\n王 13800138000\r\r李 13900139000\n座机 010-88888888\n".encode())
    assert isinstance(result, Book)
    assert [contact.line for contact in result.contacts] == [3, 5]
    assert (result.cards, result.without) == (3, 1)


def test_a_text_about_something_else_is_no_list() -> None:
    prose = "It was the best of times, it was the worst of times.\n" * 100 + "Call me: 13800138000\n"
    assert read_book(prose.encode()) == Unreadable(NoBook.NO_CONTACTS)


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN:VCARD\nFN:A\nTEL:13800138000\nEND:VCARD",
        "王小美,13800138000\n李四,13900139000",
        "王小美 13800138000\n李四：139 0013 9000\n\nBo bo@example.org",
        "Mei +49 171 1234567\nBo 0171 7654321",
        "姓名,手机\n王小美,13800138000",
        "1. 王小美 13800138000\n2. 李四 13900139000",
        "张三 13800138000, 李四 139 0013 9000",
        "张三13800138000、李四 li@example.org",
    ],
)
def test_a_pasted_text_that_is_surely_meant_as_contacts(text: str) -> None:
    assert looks_like_contacts(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "my number is 13800138000",
        "王小美 13800138000",
        "call me tomorrow at 13800138000, will you?\nand bring the 20 000 euros please, or 30 000 if you can",
        "我的手机是13800138000。\n明天见！",
        "!zd 12345 hops:2\nabc",
        "Name, phone and mail are what I ask for\nand nothing else",
        "13800138000\n13900139000",
        "see you at 10:30\nor at 12:45 - 13:15",
        "your phone, my email\nwhat else do you want",
        "dinner 120000, taxi 300000",
        "Mei 13800138000, call her",
        "home 13800138000, work 13900139000",
    ],
)
def test_what_people_say_is_not_taken_for_contacts(text: str) -> None:
    assert not looks_like_contacts(text)
