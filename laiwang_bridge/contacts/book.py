"""An address book as it was read: who is in it, and what could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from appservice.language import Message, _


class BookFormat(StrEnum):
    """What kind of file or text an address book came in."""

    VCARD = "vcard"
    GOOGLE_CSV = "google_csv"
    OUTLOOK_CSV = "outlook_csv"
    THUNDERBIRD_CSV = "thunderbird_csv"
    CSV = "csv"
    PLAIN = "plain"
    SHOP = "shop"


@dataclass(frozen=True, slots=True)
class Contact:
    """One card: the first line of it in the file (from 1), the name ("" if there is none) and what may find the person.

    Numbers are E.164 (`+8613800138000`), e-mail addresses in lower case, Matrix ids as they are; each only once.
    """

    line: int
    name: str
    numbers: tuple[str, ...]
    emails: tuple[str, ...]
    matrix_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Book:
    """What was read of an address book.

    `cards` is how many cards there were in all, `contacts` are those with a usable number, address or Matrix id, and
    `unreadable` are the first lines of those that were damaged so that nothing usable was left. `rounded` is how many
    cards, whether anything else in them was usable or not, have lost a number to a spreadsheet (`1.38E+10`).
    """

    format: BookFormat
    cards: int
    contacts: tuple[Contact, ...]
    unreadable: tuple[int, ...] = ()
    rounded: int = field(default=0, kw_only=True)

    @property
    def without(self) -> int:
        """How many cards are fine but hold nothing that could find a person: a name only, a landline, a short code."""
        return self.cards - len(self.contacts) - len(self.unreadable)


class NoBook(StrEnum):
    """Why something is no address book that we can read. The value is stable; `Unreadable.sentence` is for people."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    PICTURE = "picture"
    SOUND = "sound"
    ARCHIVE = "archive"
    PDF = "pdf"
    OFFICE = "office"
    DATABASE = "database"
    ENCRYPTED = "encrypted"
    BINARY = "binary"
    HTML = "html"
    CALENDAR = "calendar"
    LDIF = "ldif"
    STRUCTURED = "structured"
    NO_CONTACTS = "no_contacts"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Not an address book, or none that we take. `most` is the limit that was passed: bytes or cards."""

    cause: NoBook
    most: int = 0

    @property
    def sentence(self) -> Message:
        """What to tell the person who sent it, to be said with `fields`."""
        return _SENTENCES[self.cause]

    @property
    def fields(self) -> Mapping[str, int]:
        """The values of the sentence."""
        match self.cause:
            case NoBook.TOO_LARGE:
                return {"megabytes": max(1, self.most // 1_000_000)}
            case NoBook.TOO_MANY:
                return {"count": self.most}
        return {}


_SENTENCES = {
    NoBook.EMPTY: _("This file is empty. Please export your contacts again, as a .vcf file, and send me that."),
    NoBook.TOO_LARGE: _(
        "This file is too large: I read up to {megabytes} MB. Please export your contacts without photos, "
        "or in several parts."
    ),
    NoBook.TOO_MANY: _("There are too many contacts in it: I read up to {count} at once. Please send them in parts."),
    NoBook.PICTURE: _("This is a picture, and I cannot read one. Please export your contacts as a .vcf file."),
    NoBook.SOUND: _("This is a sound or a video, not an address book. Please export your contacts as a .vcf file."),
    NoBook.ARCHIVE: _("This is a packed file, and I do not unpack those. Please unpack it and send me what is inside."),
    NoBook.PDF: _("This is a PDF, and I cannot read one. Please export your contacts as a .vcf or .csv file."),
    NoBook.OFFICE: _("This is an office document. Please open it, save it as CSV (UTF-8) and send me that file."),
    NoBook.DATABASE: _("This is a database of an app. Please export your contacts from the app, as a .vcf file."),
    NoBook.ENCRYPTED: _("This file is encrypted. Please decrypt it first, or export your contacts without a password."),
    NoBook.BINARY: _(
        "This is not an address book that I can read. Please export your contacts as a .vcf or .csv file."
    ),
    NoBook.HTML: _("This is a web page, not an address book. Please export your contacts as a .vcf or .csv file."),
    NoBook.CALENDAR: _("This is a calendar, not an address book. Please export your contacts as a .vcf file."),
    NoBook.LDIF: _("This is an LDIF file. Please export the address book again, as vCard or CSV."),
    NoBook.STRUCTURED: _("This is data in JSON or XML. Please export your contacts as a .vcf or .csv file."),
    NoBook.NO_CONTACTS: _(
        "I find no contacts in it. I read .vcf and .csv files, and lists with a name and a number in each line."
    ),
}
