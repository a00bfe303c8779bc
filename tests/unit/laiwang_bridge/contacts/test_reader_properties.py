"""What holds for any bytes, any text, and any address book that is written by the rules."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from laiwang_bridge.contacts.book import Book, BookFormat, Unreadable
from laiwang_bridge.contacts.reader import looks_like_contacts, read_book
from tests.unit.laiwang_bridge.contacts.writers import Person, android_card, card_3, card_4, table

CHINESE = st.characters(min_codepoint=0x4E00, max_codepoint=0x4F8D)
NAMES = st.text(st.one_of(CHINESE, st.sampled_from("abcdefgÄßç éABC'.-,;\\:\"()")), min_size=1, max_size=60).map(
    lambda name: " ".join(f"n{name}n".split())
)
GBK_NAMES = st.text(st.one_of(CHINESE, st.sampled_from("abc XYZ;,")), min_size=1, max_size=40).map(
    lambda name: " ".join(f"n{name}n".split())
)
NUMBERS = st.integers(0, 99_999_999).map(lambda number: f"+86138{number:08d}")
EMAILS = st.from_regex(r"[a-z0-9][a-z0-9._+-]{0,10}[a-z0-9]@[a-z]{1,8}\.(org|com\.cn)", fullmatch=True)


def people(names: st.SearchStrategy[str]) -> st.SearchStrategy[list[Person]]:
    person = st.builds(
        Person,
        names,
        st.lists(NUMBERS, min_size=1, max_size=3, unique=True).map(tuple),
        st.lists(EMAILS, max_size=2, unique=True).map(tuple),
    )
    return st.lists(person, min_size=1, max_size=4)


def read_back(data: bytes) -> tuple[BookFormat, list[Person]]:
    book = read_book(data)
    assert isinstance(book, Book)
    assert book.unreadable == ()
    assert book.without == 0
    return book.format, [Person(contact.name, contact.numbers, contact.emails) for contact in book.contacts]


FRAGMENTS = st.sampled_from(
    [
        b"BEGIN:VCARD", b"END:VCARD", b"\r\n", b"\n", b"\r", b"=\r\n", b"\n ", b"TEL;CELL:13800138000",
        b"FN:\xe5\xbc\xa0",
        b"N;CHARSET=GBK;ENCODING=QUOTED-PRINTABLE:=D5=C5", b"ENCODING=BASE64:", b"PHOTO;", b"AGENT:",
        b"Name,Phone", b'"',
        b",", b";", b"\t", b"13800138000", b"\xff\xfe", b"\xef\xbb\xbf", b"\x00", b"sep=;", b"X-Custom(", b"):",
        b"@a:b.c",
        b"a@b.cn", b"\xd5\xc5", b"CHARSET=zlib:", b"CHARSET=UTF-16:", b"item1.", b"E-mail 1 - Value", b" ::: ", b"=\"",
    ]
)  # fmt: skip


@given(
    st.one_of(
        st.binary(max_size=2000), st.lists(st.one_of(FRAGMENTS, st.binary(max_size=4)), max_size=60).map(b"".join)
    )
)
@settings(max_examples=200)
def test_any_bytes_are_an_address_book_or_have_a_reason_why_not(data: bytes) -> None:
    result = read_book(data, ("CN", "DE"))
    if isinstance(result, Unreadable):
        assert result.sentence.singular
        return
    assert result.cards > 0
    assert result.without >= 0
    lines = [contact.line for contact in result.contacts]
    assert lines == sorted(lines)
    assert all(line >= 1 for line in (*lines, *result.unreadable))
    assert len(lines) + len(result.unreadable) <= result.cards
    for contact in result.contacts:
        assert contact.numbers or contact.emails or contact.matrix_ids
        assert contact.name.isprintable() or not contact.name


@given(
    st.one_of(
        st.text(max_size=500),
        st.lists(FRAGMENTS, max_size=30).map(lambda some: b"".join(some).decode("utf-8", "replace")),
    )
)
def test_any_text_looks_like_contacts_or_does_not(text: str) -> None:
    assert looks_like_contacts(text) in (True, False)
    read_book(text.encode("utf-16", "surrogatepass"))


@given(people(NAMES))
def test_version_3_is_read_as_it_was_written(some: list[Person]) -> None:
    assert read_back(b"".join(map(card_3, some))) == (BookFormat.VCARD, some)


@given(people(NAMES))
def test_version_4_is_read_as_it_was_written(some: list[Person]) -> None:
    assert read_back(b"".join(map(card_4, some))) == (BookFormat.VCARD, some)


@given(people(NAMES), st.integers(1, 30), st.booleans())
def test_quoted_printable_is_read_as_it_was_written(some: list[Person], broken_after: int, photo: bool) -> None:
    cards = "".join(android_card(person, broken_after=broken_after, photo=photo) for person in some)
    names = [
        person.name.replace("\\;", ";").replace("\\,", ",").replace("\\:", ":").replace("\\\\", "\\") for person in some
    ]
    kind, read = read_back(cards.encode())
    assert kind is BookFormat.VCARD
    assert [(person.numbers, person.emails) for person in read] == [(person.numbers, person.emails) for person in some]
    if not any("\\" in person.name for person in some):  # 2.1 has no rule for these
        assert [person.name for person in read] == names


@given(people(GBK_NAMES), st.integers(1, 30))
def test_quoted_printable_in_gbk_is_read_as_it_was_written(some: list[Person], broken_after: int) -> None:
    cards = "".join(android_card(person, "GBK", broken_after=broken_after) for person in some)
    assert read_back(cards.encode()) == (BookFormat.VCARD, some)


@given(people(NAMES), st.sampled_from(",;\t"), st.booleans(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_a_table_is_read_as_it_was_written(some: list[Person], delimiter: str, quote_all: bool, charset: str) -> None:
    rows = [[person.name, " ::: ".join(person.numbers), "\n".join(person.emails)] for person in some]
    text = table([["Name", "Phone 1 - Value", "E-mail 1 - Value"], *rows], delimiter, quote_all=quote_all)
    assert read_back(text.encode(charset)) == (BookFormat.GOOGLE_CSV, some)


GARBAGE = st.lists(
    st.one_of(
        st.sampled_from(
            [
                b"TEL;CELL", b"TEL:", b"NOTE;ENCODING=QUOTED-PRINTABLE:=", b"PHOTO;ENCODING=BASE64:/9j/", b" AAAA", b"",
                b"FN;ENCODING=QUOTED-PRINTABLE:=E5=", b"FN;CHARSET=GBK:\xd5", b"N;ENCODING=BASE64:!",
                b'TEL;TYPE="CELL:1',
                b"X-Custom(", b"AGENT:BEGIN", b"\x00\x00\x00", b"FN:\xff\xfe\xfd",
            ]
        ),
        st.binary(max_size=30).filter(lambda line: b"\n" not in line and b"\r" not in line and b":" not in line),
    ),
    max_size=6,
)  # fmt: skip


@given(people(NAMES), GARBAGE, st.integers(0, 4), st.booleans())
def test_a_card_of_garbage_leaves_all_others_as_they_are(
    some: list[Person], garbage: list[bytes], place: int, ends: bool
) -> None:
    cards = list(map(card_3, some))
    lines = [b"BEGIN:VCARD", *garbage, *([b"END:VCARD"] if ends else []), b""]
    cards.insert(place, b"\r\n".join(lines))
    book = read_book(b"".join(cards))
    assert isinstance(book, Book)
    assert [(contact.name, contact.numbers, contact.emails) for contact in book.contacts] == [
        (person.name, person.numbers, person.emails) for person in some
    ]
    assert book.cards == len(some) + 1
