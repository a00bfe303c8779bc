"""Writes address books the way programs do, so that the tests can read them back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ANDROID_PHOTO = "PHOTO;ENCODING=BASE64;JPEG:" + "\r\n ".join(["/9j/4AAQSkZJRgABAQAAYABgAAD" * 2] * 40) + "\r\n"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in an address book."""

    name: str
    numbers: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


def quoted_printable(text: str, charset: str, *, broken_after: int = 0) -> str:
    """Every byte as `=XX`, as Android does; with soft line breaks, without folding, if `broken_after` so many bytes."""
    letters = [f"={byte:02X}" for byte in text.encode(charset)]
    size = broken_after or len(letters) or 1
    return "=\r\n".join("".join(letters[place : place + size]) for place in range(0, len(letters) or 1, size))


def android_card(person: Person, charset: str = "UTF-8", *, broken_after: int = 0, photo: bool = False) -> str:
    """A vCard 2.1 of Android's own contacts app."""
    label = f"CHARSET={charset};ENCODING=QUOTED-PRINTABLE"
    name = quoted_printable(person.name, charset, broken_after=broken_after)
    custom = f"X-Custom(CHARSET={charset},ENCODING=QUOTED-PRINTABLE,{quoted_printable('工作', charset)})"
    return "\r\n".join(
        [
            "BEGIN:VCARD",
            "VERSION:2.1",
            f"N;{label}:;{name};;;",
            f"FN;{label}:{name}",
            *(f"TEL;{custom if place else 'CELL'}:{number}" for place, number in enumerate(person.numbers)),
            *(f"EMAIL;HOME:{email}" for email in person.emails),
            *([ANDROID_PHOTO] if photo else []),
            f"NOTE;{label}:{quoted_printable('同事，老家的', charset, broken_after=5)}",
            "END:VCARD",
            "",
        ]
    )


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def folded(line: str, charset: str = "UTF-8") -> bytes:
    """A line of at most 75 bytes and its continuations; letters of several bytes may be torn, as RFC 2425 lets them."""
    data = line.encode(charset)
    parts = [data[:75], *(data[place : place + 74] for place in range(75, len(data), 74))]
    return b"\r\n ".join(parts)


def card_3(person: Person) -> bytes:
    """A vCard 3.0, with grouped properties as on iOS."""
    lines = [
        "BEGIN:VCARD",
        "VERSION:3.0",
        "PRODID:-//Apple Inc.//iPhone OS 17.1//EN",
        f"N:;{escaped(person.name)};;;",
        f"FN:{escaped(person.name)}",
    ]
    for place, number in enumerate(person.numbers, 1):
        lines += [f"item{place}.TEL;type=pref:{number}", f"item{place}.X-ABLabel:_$!<Mobile>!$_"]
    lines += [f"EMAIL;type=INTERNET;type=HOME:{email}" for email in person.emails]
    return b"\r\n".join(map(folded, [*lines, "END:VCARD", ""]))


def card_4(person: Person) -> bytes:
    """A vCard 4.0, with numbers as `tel:` URIs."""
    lines = ["BEGIN:VCARD", "VERSION:4.0", f"FN:{escaped(person.name)}"]
    lines += [f'TEL;VALUE=uri;TYPE="cell,voice";PREF=1:tel:{number};ext=12' for number in person.numbers]
    lines += [f"EMAIL;TYPE=home:{email}" for email in person.emails]
    return b"\r\n".join(map(folded, [*lines, "END:VCARD", ""]))


def table(rows: Sequence[Sequence[str]], delimiter: str = ",", *, quote_all: bool = False, end: str = "\r\n") -> str:
    """A table with quotation marks where they are needed, or everywhere."""

    def cell(text: str) -> str:
        needs = quote_all or any(character in text for character in (delimiter, '"', "\n", "\r"))
        return '"' + text.replace('"', '""') + '"' if needs else text

    return end.join(delimiter.join(map(cell, row)) for row in rows) + end
