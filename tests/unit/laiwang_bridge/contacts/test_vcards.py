from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
import vobject

from laiwang_bridge.contacts.book import Book, BookFormat, Contact
from laiwang_bridge.contacts.reader import read_book
from tests.unit.laiwang_bridge.contacts.writers import Person, android_card, quoted_printable

FILES = sorted((Path(__file__).parent / "address_books").glob("*.vcf"))


def book(data: bytes | str, *regions: str) -> Book:
    result = read_book(data.encode() if isinstance(data, str) else data, regions or ("CN",))
    assert isinstance(result, Book)
    return result


def only(data: bytes | str, *regions: str) -> Contact:
    (contact,) = book(data, *regions).contacts
    return contact


def card(*lines: str | bytes, version: str = "2.1") -> bytes:
    whole = ["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""]
    return b"\r\n".join(line if isinstance(line, bytes) else line.encode() for line in whole)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_export_of_a_real_program_is_read_as_another_reader_reads_it(path: Path) -> None:
    read = book(path.read_bytes(), "US", "CA")
    text = path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    cards = list(vobject.readComponents(text, allowQP=True, ignoreUnreadable=True))
    assert (read.format, read.cards, read.unreadable) == (BookFormat.VCARD, len(cards), ())
    assert [contact.name for contact in read.contacts] == [card.fn.value for card in cards]
    for contact, other in zip(read.contacts, cards, strict=True):
        assert contact.emails == tuple(email.value.lower() for email in other.contents.get("email", ()))


def test_the_numbers_of_real_exports() -> None:
    numbers = {path.stem: [contact.numbers for contact in book(path.read_bytes(), "US").contacts] for path in FILES}
    assert numbers["rfc2426-example"] == [("+19196769515", "+19196769564"), ("+14159373419", "+14155284164")]
    assert numbers["rfc6350-example"] == [("+14186569254", "+14182626501")]
    assert numbers["John_Doe_IPHONE"][0][0] == "+19055551234"


def test_androids_own_phone_labels_in_its_own_syntax() -> None:
    contact = only(android_card(Person("张三", ("138-0013-8000", "139-0013-9000")), photo=True))
    assert contact == Contact(1, "张三", ("+8613800138000", "+8613900139000"), ())
    nested = (
        "TEL;X-CUSTOM(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE,X-CUSTOM(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE,=E5)):"
    )
    assert only(card("N:Z", nested + "13800138000")).numbers == ("+8613800138000",)
    assert only(card("N:Z", "TEL;X-Custom(Who: him):13800138000")).numbers == ("+8613800138000",)


@pytest.mark.parametrize("fold", ["=\r\n", "=\r\n ", "=\n\t", "= \r\n", "=\r"])
def test_soft_line_breaks_with_and_without_folding(fold: str) -> None:
    letters = quoted_printable("欧阳小明", "utf-8")
    broken = fold.join((letters[:12], letters[12:24], letters[24:]))
    data = f"BEGIN:VCARD\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:{broken}\nTEL:13800138000\nEND:VCARD\n"
    assert only(data) == Contact(1, "欧阳小明", ("+8613800138000",), ())


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\r\r\n"])
def test_any_line_end(end: str) -> None:
    lines = ["BEGIN:VCARD", "VERSION:3.0", "FN:张", " 三", "TEL:138001", " 38000", "END:VCARD"]
    contact = only(end.join(lines))
    assert contact == Contact(1, "张三", ("+8613800138000",), ())


def test_mixed_line_ends_and_the_lines_that_cards_begin_in() -> None:
    data = b"BEGIN:VCARD\rFN:A\rTEL:13800138000\rEND:VCARD\r\n\nBEGIN:VCARD\nFN:B\r\nTEL:13900139000\nEND:VCARD"
    assert [(contact.line, contact.name) for contact in book(data).contacts] == [(1, "A"), (6, "B")]


@pytest.mark.parametrize(
    ("charset", "label"),
    [
        ("utf-8", "UTF-8"), ("gb18030", "GBK"), ("gb18030", "gb2312"), ("gb18030", "GB18030"), ("cp950", "BIG5"),
        ("utf-16", ""), ("utf-16-le", ""), ("utf-16-be", ""), ("utf-8-sig", ""), ("utf-32", ""), ("utf-8", ""),
        ("gb18030", ""), ("gb18030", "UTF-8"), ("gb18030", "X-UNKNOWN"), ("utf-8", "GBK"), ("utf-8", "ISO-8859-1"),
    ],
)  # fmt: skip
def test_characters_as_declared_or_as_they_are(charset: str, label: str) -> None:
    names = ["張三豐", "劉德華", "陳小明"] if charset == "cp950" else ["张三丰", "刘德华", "欧阳小明"]
    head = f"FN;CHARSET={label}" if label else "FN"
    cards = [f"BEGIN:VCARD\r\nVERSION:3.0\r\n{head}:{name}\r\nTEL:13800138000\r\nEND:VCARD\r\n" for name in names]
    assert [contact.name for contact in book("".join(cards).encode(charset)).contacts] == names


@pytest.mark.parametrize("label", ["CHARSET=GBK;", "", "CHARSET=UTF-8;"])
def test_quoted_printable_in_another_character_set_than_it_says(label: str) -> None:
    cards = [
        card(f"FN;{label}ENCODING=QUOTED-PRINTABLE:{quoted_printable(name, 'gbk')}", "TEL:13800138000")
        for name in ("张三丰", "刘德华", "欧阳小明")
    ]
    assert [contact.name for contact in book(b"".join(cards)).contacts] == ["张三丰", "刘德华", "欧阳小明"]


def test_each_card_may_have_its_own_character_set() -> None:
    names = {"gbk": "欧阳小明", "utf-8": "刘德华", "cp932": "山田さくら"}
    cards = [
        card(
            f"FN;CHARSET={'SHIFT_JIS' if charset == 'cp932' else charset}:".encode() + name.encode(charset),
            "TEL:13800138000",
        )
        for charset, name in names.items()
    ]
    assert [contact.name for contact in book(b"".join(cards)).contacts] == list(names.values())


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (["N:张;三;;;"], "张三"),
        (["N:Doe;John;;;"], "John Doe"),
        (["N:山田;さくら;;;"], "山田さくら"),
        (["N:김;철수;;;"], "김철수"),
        (["N:王;Amy;;;"], "Amy 王"),
        (["N:;张三;;;", "FN:"], "张三"),
        (["FN:", "NICKNAME:Johnny"], "Johnny"),
        (["ORG:IBM;Accounting"], "IBM"),
        (["FN:Doe\\, John\\; Esq.\\nX"], "Doe, John; Esq. X"),
        (["FN;ENCODING=BASE64;CHARSET=UTF-8:5byg5LiJ"], "张三"),
        (["FN;ENCODING=b:5byg", " 5LiJ"], "张三"),
        (["FN;QUOTED-PRINTABLE:=E5=BC=A0=E4=B8=89"], "张三"),
        (["FN:=E5=BC=A0=E4=B8=89"], "张三"),
        (["fn:张三"], "张三"),
        (["item1.FN;X-A=\"a:b;c\":张三"], "张三"),
        (["FN:A", "FN:B"], "A"),
        (["FN:" + "长" * 500], "长" * 100),
        (["FN:A\u202eB\u0007C"], "AB C"),
        (["TITLE:Boss"], ""),
    ],
)  # fmt: skip
def test_the_best_name_there_is(lines: list[str], name: str) -> None:
    assert only(card(*lines, "TEL:13800138000")).name == name


@pytest.mark.parametrize(
    "line",
    [
        "TEL;CELL:13800138000", "TEL;CELL;VOICE;PREF:138-0013-8000", "item1.TEL;type=pref:+86 138 0013 8000",
        "TEL;VALUE=uri;TYPE=\"voice,cell\":tel:+86-138-0013-8000;ext=1", "tel;type=cell;type=pref:13800138000",
        "TEL;TYPE=CELL;X-EVOLUTION-UI-SLOT=1:13800138000", "TEL;X-CELL:(86)13800138000", "TEL : 13800138000",
        "TEL;ENCODING=QUOTED-PRINTABLE:=31=33=38=30=30=31=33=38=30=30=30", "TEL;CELL;ENCODING=BASE64:MTM4MDAxMzgwMDA=",
        'TEL;X-EVOLUTION-E164=13800138000,"+86";TYPE=CELL;\r\n X-EVOLUTION-UI-SLOT=1:13800138000',
        "TEL;VALUE=text:13800138000", "X-MS-TEL;VOICE;CALLBACK:13800138000", "TEL;CELL:１３８００１３８０００",
        "TEL;WAP;CELL:0086-13800138000", "TEL:138\\-0013\\-8000",
    ],
)  # fmt: skip
def test_a_number_in_every_dialect(line: str) -> None:
    assert only(card("N:A", line)).numbers == ("+8613800138000",)


GERMANS = "".join(
    f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:P{last}\r\nTEL:{number}\r\nEND:VCARD\r\n"
    for last, number in enumerate([*(f"+49 171 123456{last}" for last in range(5)), "01512 3456789", "0030 6912345678"])
)


def test_most_numbers_with_a_code_tell_where_those_without_are_from() -> None:
    assert [contact.numbers[0][:3] for contact in book(GERMANS).contacts] == ["+49"] * 6 + ["+30"]


def test_where_the_owner_is_at_home_counts_more_than_what_is_in_his_book() -> None:
    read = read_book(GERMANS.encode(), ("DE",), home=("CN",))
    assert isinstance(read, Book)
    assert read.contacts[5].numbers == ("+8615123456789",)


def test_a_few_foreign_numbers_change_nothing_about_ones_own() -> None:
    data = GERMANS + "".join(
        f"BEGIN:VCARD\r\nFN:Q{last}\r\nTEL:+86 138 0013 800{last}\r\nEND:VCARD\r\n" for last in range(6)
    )
    assert book(data).contacts[5].numbers == ("+8615123456789",)
    assert book(data + card("FN:Z", "TEL:0171 7654321").decode()).contacts[-1].numbers == ("+491717654321",)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8"])
def test_countries_are_counted_in_any_encoding(encoding: str) -> None:
    assert book(GERMANS.encode(encoding)).contacts[5].numbers == ("+4915123456789",)


@pytest.mark.parametrize(
    "line",
    [
        "X-MATRIX:@mei:example.org", "IMPP:matrix:@mei:example.org", "IMPP;TYPE=home:matrix:u/mei:example.org",
        "IMPP;X-SERVICE-TYPE=Matrix:x-apple:%40mei%3Aexample.org", "URL:https\\://matrix.to/#/@mei:example.org",
        "X-SOCIALPROFILE;TYPE=matrix:https://matrix.to/#/%40mei%3Aexample.org?via=example.org",
    ],
)  # fmt: skip
def test_a_matrix_id_wherever_programs_put_it(line: str) -> None:
    assert only(card("FN:Mei", line, version="4.0")).matrix_ids == ("@mei:example.org",)


def test_photos_are_passed_over_however_they_are_folded() -> None:
    letters = ["/9j/4AAQSkZJRgABAQAAAQABAAD"] * 30
    for between in ("\r\n ", "\r\n", "\n\t"):
        photo = "PHOTO;ENCODING=BASE64;TYPE=JPEG:" + between.join(letters) + "=="
        contacts = book(card("FN:A", photo, "", "TEL:13800138000") + card("FN:B", "TEL:13900139000")).contacts
        assert [contact.name for contact in contacts] == ["A", "B"]


def test_the_secretary_inside_a_card_is_somebody_else() -> None:
    agent = ["AGENT:", "BEGIN:VCARD", "VERSION:2.1", "N:Secretary", "TEL:13900139000", "END:VCARD"]
    read = book(card("N:Boss", *agent, "TEL:13800138000") + card("N:B", "TEL:13700137000"))
    assert [(contact.name, contact.numbers) for contact in read.contacts] == [
        ("Boss", ("+8613800138000",)),
        ("B", ("+8613700137000",)),
    ]


@pytest.mark.parametrize(
    "broken",
    [
        b"BEGIN:VCARD\r\nVERSION:2.1\r\nFN:X\r\n",
        b"BEGIN:VCARD\r\nVERSION:2.1\r\nTEL;CELL\r\nrubbish\r\nEND:VCARD\r\n",
        b"BEGIN:VCARD\r\nFN;ENCODING=QUOTED-PRINTABLE:=E5=\r\nEND:VCARD\r\n",
        b"BEGIN:VCARD\r\nN;ENCODING=BASE64:!!!!\r\nEND:VCARD\r\n",
        b"BEGIN:VCARD\r\n\xff\xfe\x00\x01\x02garbage\r\nEND:VCARD\r\n",
        b"BEGIN:VCARD\r\nTEL;CELL:\x00\x00\x00\r\nEND:VCARD\r\n",
        b"BEGIN:VCARD\r\nNOTE;ENCODING=QUOTED-PRINTABLE:half a no=\r\n",
        b"BEGIN:VCARD\r\nPHOTO;ENCODING=BASE64:/9j/4AAQ\r\n",
    ],
)
def test_a_broken_card_is_named_by_its_line_and_costs_no_other(broken: bytes) -> None:
    before, after = card("FN:A", "TEL:13800138000"), card("FN:B", "TEL:13900139000")
    read = book(before + broken + after)
    assert [(contact.name, contact.numbers) for contact in read.contacts] == [
        ("A", ("+8613800138000",)),
        ("B", ("+8613900139000",)),
    ]
    assert (read.cards, read.unreadable, read.without) == (3, (6,), 0)


def test_cards_that_are_torn_and_run_into_each_other_cost_no_other() -> None:
    people = [Person(f"张{place}号", (f"138001{place:05d}",), (f"u{place}@example.org",)) for place in range(300)]
    for seed in range(10):
        chance = random.Random(seed)
        cards = [android_card(person, "GBK", broken_after=7, photo=True).encode("gbk") for person in people]
        torn = set(chance.sample(range(300), 30))
        for place in torn:
            card, cut = cards[place], chance.randrange(1, len(cards[place]))
            gap = slice(cut, cut + chance.randrange(200))
            cards[place] = chance.choice(
                [
                    card[:cut],
                    card[cut:],
                    card[: gap.start] + card[gap.stop :],
                    card[:cut] + chance.randbytes(300) + card[cut:],
                ]
            )
        found = {contact.emails[0]: contact for contact in book(b"".join(cards)).contacts if contact.emails}
        for place, person in enumerate(people):
            if place not in torn:
                contact = found[person.emails[0]]
                assert (contact.name, contact.numbers) == (person.name, (f"+86{person.numbers[0]}",))


@pytest.mark.parametrize(
    "data",
    [
        b"BEGIN:VCARD\r\nFN:A\r\nTEL:13800138000END:VCARD",
        b"BEGIN:VCARD\r\nFN:A\r\nTEL:13800138000\r\nPHOTO;ENCODING=b:AAAA\r\n AAAA",
        b"BEGIN:VCARD\r\nFN:A\r\nTEL:13800138000\r\nNOTE;ENCODING=QUOTED-PRINTABLE:=E5=",
        b"BEGIN:VCARD\r\nFN:A\r\nTEL:13800138000\r\n",
        b"FN:A\r\nTEL:13800138000\r\nEND:VCARD\r\n",
        b"BEGIN:VCARD\r\nFN:A\r\nrubbish\r\nTEL:13800138000\r\nEND:VCARD\r\n",
        b"BEGIN:VCARD\r\nFN;ENCODING=QUOTED-PRINTABLE:A=\r\nTEL;CELL:13800138000\r\nEND:VCARD\r\n",
        b"BEGIN:VCARD\r\nFN:A\r\nNOTE;ENCODING=QUOTED-PRINTABLE:a=\r\nTEL;CELL:13800138000\r\nEND:VCARD\r\n",
        b"BEGIN:VCARD\r\nFN:A\r\nPHOTO;ENCODING=BASE64:/9j/\r\n  4AA=\r\nTEL;CELL:13800138000\r\nEND:VCARD\r\n",
        b"  BEGIN:VCARD\r\n  FN:A\r\n  TEL:13800138000\r\n  END:VCARD\r\n",
    ],
)
def test_what_is_whole_in_a_damaged_card_is_used(data: bytes) -> None:
    contacts = book(data + card("FN:B", "TEL:13900139000")).contacts
    assert [(contact.name, contact.numbers) for contact in contacts] == [
        ("A", ("+8613800138000",)),
        ("B", ("+8613900139000",)),
    ]


def test_cards_without_anything_of_use_are_counted_apart() -> None:
    read = book(card("FN:A", "TEL:010-88888888") + card("FN:B") + card("FN:C", "TEL:10086", "EMAIL:c@example.org"))
    assert (read.cards, read.without, len(read.contacts), read.unreadable) == (3, 2, 1, ())


def test_a_file_that_was_joined_of_several_with_their_marks() -> None:
    data = b"".join(b"\xef\xbb\xbf" + card(f"FN:{name}", "TEL:13800138000") for name in "AB")
    assert [contact.name for contact in book(data).contacts] == ["A", "B"]


def test_of_5000_cards_of_an_old_phone_with_one_in_a_hundred_broken_all_others_are_read_in_time() -> None:
    chance = random.Random(5000)
    people = [
        Person(
            chance.choice("赵钱孙李周吴郑王冯陈") + "".join(chance.choices("伟芳娜敏静丽强磊军洋", k=2)),
            (f"13{chance.randrange(10**9):09d}", "010-88888888"),
            (f"u{place}@example.org",),
        )
        for place in range(5000)
    ]
    cards = [android_card(person, "GBK", broken_after=18, photo=place % 10 == 0) for place, person in enumerate(people)]
    broken = set(range(50, 5000, 100))
    for place in broken:
        cut = chance.randrange(20, len(cards[place]) - 12)
        cards[place] = [
            cards[place][:cut] + "\r\n",
            cards[place].replace("TEL;CELL:", "TEL;CELL").replace("EMAIL", "\x00\x01"),
            cards[place].replace("END:VCARD\r\n", ""),
            cards[place].replace("VERSION:2.1", "\x00�junk"),
        ][place // 100 % 4]
    started = time.process_time()
    read = book("".join(cards).encode("gbk", "replace"))
    assert time.process_time() - started < 6  # takes less than one second on a core that is free
    found = {contact.emails[0]: contact for contact in read.contacts if contact.emails}
    for place, person in enumerate(people):
        if place not in broken:
            contact = found[person.emails[0]]
            assert (contact.name, contact.numbers) == (person.name, (f"+86{person.numbers[0]}",))
    assert read.cards == 5000
    assert len(read.contacts) + len(read.unreadable) == 5000
