from __future__ import annotations

import gzip
import io
import random
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest

import laiwang_bridge
from appservice.language import Catalogues, Language, contains_han
from laiwang_bridge.contacts.book import Book, NoBook, Unreadable
from laiwang_bridge.contacts.numbers import EmailProblem, NumberProblem
from laiwang_bridge.contacts.reader import read_book


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, b"\0" * 10_000_000)
    return file.getvalue()


OTHERS = {
    "nothing": (b"", NoBook.EMPTY),
    "blanks": (b" \r\n\t\r\n", NoBook.EMPTY),
    "a mark only": (b"\xff\xfe", NoBook.EMPTY),
    "zeroes": (b"\0" * 100_000, NoBook.EMPTY),
    "png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", NoBook.PICTURE),
    "jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF", NoBook.PICTURE),
    "heic": (b"\0\0\0\x18ftypheic\0\0", NoBook.PICTURE),
    "webp": (b"RIFF\x10\0\0\0WEBPVP8 ", NoBook.PICTURE),
    "bmp": (b"BM\x36\0\x0c\0\0\0\0\0\x36\0", NoBook.PICTURE),
    "svg": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', NoBook.PICTURE),
    "video": (b"\0\0\0\x18ftypmp42\0\0", NoBook.SOUND),
    "voice": (b"OggS\0\x02", NoBook.SOUND),
    "zip": (zipped("contacts.vcf"), NoBook.ARCHIVE),
    "gzip": (gzip.compress(b"BEGIN:VCARD"), NoBook.ARCHIVE),
    "7z": (b"7z\xbc\xaf\x27\x1c\0\x04", NoBook.ARCHIVE),
    "rar": (b"Rar!\x1a\x07\x01\0", NoBook.ARCHIVE),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3", NoBook.PDF),
    "xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), NoBook.OFFICE),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", NoBook.OFFICE),
    "sqlite": (b"SQLite format 3\0\x10\0", NoBook.DATABASE),
    "pst": (b"!BDN\0\0", NoBook.DATABASE),
    "pgp": (b"-----BEGIN PGP MESSAGE-----\n\nhQEM", NoBook.ENCRYPTED),
    "html": (b"\n<!DOCTYPE html><html><body>13800138000</body></html>", NoBook.HTML),
    "calendar": (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", NoBook.CALENDAR),
    "ldif": (b"dn: cn=Mei,mail=mei@example.org\nobjectclass: top\n", NoBook.LDIF),
    "json": (b'{"contacts": []}', NoBook.STRUCTURED),
    "xml": (b"<?xml version='1.0'?><contacts/>", NoBook.STRUCTURED),
    "random bytes": (random.Random(1).randbytes(100_000), NoBook.BINARY),
    "a program": (b"\x7fELF\x02\x01\x01" + b"\0\x01\x02\x03\x7f\x80" * 1000, NoBook.BINARY),
    "prose": ("今天天气很好。我们去公园吧！\n".encode() * 100, NoBook.NO_CONTACTS),
    "a landline alone": (b"Office 010-88888888\n", NoBook.NO_CONTACTS),
}


@pytest.mark.parametrize(("data", "cause"), OTHERS.values(), ids=OTHERS.keys())
def test_what_is_no_address_book_is_called_what_it_is(data: bytes, cause: NoBook) -> None:
    assert read_book(data) == Unreadable(cause)


@pytest.mark.parametrize("language", Language)
def test_every_cause_has_a_sentence_that_says_what_to_do(language: Language) -> None:
    catalogue = Catalogues(Path(laiwang_bridge.__file__).parent / "locale")[language]
    for problem in (Unreadable(cause, 32_000_000) for cause in NoBook):
        said = catalogue.text(problem.sentence, **problem.fields)
        assert contains_han(said) is (language is Language.ZH), said
        assert "{" not in said
    for problem_of_address in (*NumberProblem, *EmailProblem):
        said = catalogue.text(problem_of_address.sentence)
        assert contains_han(said) is (language is Language.ZH), said


def test_limits_are_named() -> None:
    large = read_book(b"x" * 2_000_001, most_bytes=2_000_000)
    assert large == Unreadable(NoBook.TOO_LARGE, 2_000_000)
    assert large.fields == {"megabytes": 2}
    many = read_book(b"BEGIN:VCARD\nEND:VCARD\n" * 11, most_cards=10)
    assert many == Unreadable(NoBook.TOO_MANY, 10)
    assert isinstance(read_book(b"BEGIN:VCARD\nEND:VCARD\n" * 10, most_cards=10), Book)
    assert read_book(b"Name,Phone\n" + b"A,1\n" * 11, most_cards=10) == Unreadable(NoBook.TOO_MANY, 10)
    assert read_book(b"A 13800138000\n" * 11, most_cards=10) == Unreadable(NoBook.TOO_MANY, 10)


def test_a_picture_that_is_too_large_is_still_called_a_picture() -> None:
    assert read_book(b"\x89PNG\r\n" + b"x" * 100, most_bytes=10) == Unreadable(NoBook.PICTURE, 10)


SIZE = 2_000_000
HOSTILE = {
    "random": random.Random(2).randbytes(SIZE),
    "line ends": b"BEGIN:VCARD" + b"\n" * SIZE,
    "short lines": b"BEGIN:VCARD\n" + b"a\n" * (SIZE // 2),
    "short properties": b"BEGIN:VCARD\n" + b"a:b\n" * (SIZE // 4),
    "numbers": b"BEGIN:VCARD\n" + b"TEL:13800138000\n" * (SIZE // 16),
    "beginnings": b"BEGIN:VCARD\n" * (SIZE // 12),
    "folded": b"BEGIN:VCARD\nTEL:1" + b"\n 1" * (SIZE // 3),
    "folded parameters": b"BEGIN:VCARD\nTEL;A" + b"\n 1" * (SIZE // 3),
    "soft breaks": b"BEGIN:VCARD\nFN;ENCODING=QUOTED-PRINTABLE:=" + b"\n1=" * (SIZE // 3),
    "base64": b"BEGIN:VCARD\nPHOTO;ENCODING=BASE64:AAAA" + b"\nAA" * (SIZE // 3),
    "one line": b"BEGIN:VCARD\nTEL;" + b"(" * SIZE + b":1",
    "quotes in parameters": b'BEGIN:VCARD\nTEL;A="' + b'a"b:' * (SIZE // 4),
    "commas": b"name,phone\n" + b"," * SIZE,
    "quotation marks": b"name,phone\n" + b'"' * SIZE,
    "open quotation marks": b"name,phone\n" + b'"a\n' * (SIZE // 3),
    "doubled quotation marks": b"name,phone\n" + (b'"' * 4001 + b"a\n") * (SIZE // 4003),
    "digits": b"1" * SIZE,
    "lines of digits": b"1234567 7654321 62345678\n" * (SIZE // 25),
    "at signs": b"@" * SIZE,
    "blanks": b"a" + b" " * SIZE,
    "angles": b"<" * SIZE,
    "no utf-8": "天地玄黄\n".encode("gbk") * (SIZE // 9),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_file_costs_much_time(data: bytes) -> None:
    started = time.process_time()
    read_book(data, most_cards=5_000)
    assert time.process_time() - started < 5  # the worst takes less than one second on a core that is free


def test_no_file_costs_much_memory() -> None:
    data = HOSTILE["numbers"] + HOSTILE["random"]
    tracemalloc.start()
    try:
        read_book(data)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 4 * len(data)
