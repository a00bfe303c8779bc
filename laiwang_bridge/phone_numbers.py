"""Telephone numbers and e-mail addresses as people write them, made into the one form that can be compared.

Numbers become E.164 (ITU-T E.164, `+8613800138000`) by the number plans of libphonenumber. Only what can be a mobile
number counts: landlines, service numbers and short codes belong to no one person.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

import idna
import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from appservice.language import Message, _

ALSO_TRIED = ("CN", "HK", "TW", "MO")
"""Where a number without a country code may be from when the hints fit none."""

MOST_ATTEMPTS = 100_000
"""How many readings of numbers one address book is worth: about two seconds, and far more than it should need."""

_LONGEST_FIELD = 600
_FEWEST_DIGITS, _MOST_DIGITS = 7, 21  # an IP-dial prefix and 00 make a number longer than the 15 of E.164
_MOST_IN_FIELD = 12
_MOST_JOINED = 8

_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
_LANDLINE = frozenset({PhoneNumberType.FIXED_LINE, PhoneNumberType.VOIP, PhoneNumberType.PAGER})

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc\uff70"), "-")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_RUN = re.compile(r"[+(]*\d[\d \t().\-/]*")
_NOT_DIGIT = re.compile(r"\D")
_DIALLED_AFTER = re.compile(
    r"(?<=\d)[ \t]*(?:;[ \t]*(?:ext|isub|postd)=|转|轉|分机|分機|内线|內線|extension|extn?\b\.?|[xpw]|,{2,}|\#)"
    r"[ \t.:=-]*\d{1,6}(?![\d#])",
    re.IGNORECASE,
)
_ROUNDED = re.compile(r"\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)  # what a spreadsheet makes of a long number
_ROUNDED_WHOLE = re.compile(r"[1-9](?:[.,]\d{1,15})?E\+?(?:09|9|1\d)", re.IGNORECASE)
_FLOAT = re.compile(r"^(\+?\d{7,})\.0+$")
_CHINA_DIALLED = re.compile(
    r"^(?:\+?(?:00)?86)?0?(?:179\d\d|12593|12520|12583\d|10193|1180[18]|1960\d|193)0?(1[3-9]\d{9})$"
)
_IN_PARENTHESES = re.compile(r"\(\s*([^\W\d_]{2,}(?: [^\W\d_]+)?)\s*\)")
_COUNTRIES = {
    "中国": "CN", "中國": "CN", "大陆": "CN", "大陸": "CN", "内地": "CN", "國內": "CN", "国内": "CN", "china": "CN",
    "香港": "HK", "hong kong": "HK", "hongkong": "HK",
    "台湾": "TW", "台灣": "TW", "臺灣": "TW", "taiwan": "TW",
    "澳门": "MO", "澳門": "MO", "macau": "MO", "macao": "MO",
    "新加坡": "SG", "singapore": "SG", "日本": "JP", "japan": "JP", "韩国": "KR", "韓國": "KR", "korea": "KR",
    "美国": "US", "美國": "US", "usa": "US", "加拿大": "CA", "canada": "CA", "英国": "GB", "英國": "GB", "uk": "GB",
    "德国": "DE", "德國": "DE", "germany": "DE", "deutschland": "DE", "法国": "FR", "法國": "FR", "france": "FR",
    "澳洲": "AU", "澳大利亚": "AU", "australia": "AU", "马来西亚": "MY", "馬來西亞": "MY", "malaysia": "MY",
}  # fmt: skip

_WITH_CODE = re.compile(rb"(?:\+|(?<![\d.+-])00)([1-9][\d \t().-]{6,20})")
_MOST_CODES, _MOST_COUNTRIES, _MOST_LOOKED_AT = 500, 3, 4_000_000
_CODE_SHOWN = re.compile(r"\+(\d{1,3}) ")
_EMAIL_SEPARATORS = re.compile(r"[\s<>()\[\]\"',;:、|\\]+")
_LABEL = r"[^\W_](?:[^\W_]|-){0,62}"
_EMAIL = re.compile(rf"[^\s@<>()\[\]\"',;:\\\x00-\x1f\x7f]{{1,64}}@(?=[^@]{{4,253}}$){_LABEL}(?:\.{_LABEL})+")


class NumberProblem(StrEnum):
    """Why a text is no number of a person's own. `sentence` is for whoever typed it."""

    NONE = "none"
    SHORT = "short"
    LONG = "long"
    LANDLINE = "landline"
    SERVICE = "service"
    UNKNOWN = "unknown"
    SEVERAL = "several"

    @property
    def sentence(self) -> Message:
        return _NUMBER_SENTENCES[self]


_NUMBER_SENTENCES = {
    NumberProblem.NONE: _("There is no number in it. Write it with the country code, like +86 138 0013 8000."),
    NumberProblem.SHORT: _("This number is too short. Write all of it, with the country code, like +86 138 0013 8000."),
    NumberProblem.LONG: _("This number is too long. Please check it; it may have 15 digits at most."),
    NumberProblem.LANDLINE: _("This is a landline, which may belong to several people. I need your mobile number."),
    NumberProblem.SERVICE: _("This is a service number, not that of a person. I need your mobile number."),
    NumberProblem.UNKNOWN: _("I know no such mobile number. Write it with the country code, like +86 138 0013 8000."),
    NumberProblem.SEVERAL: _("These are several numbers. Please give me one at a time."),
}


@dataclass(frozen=True, slots=True)
class BadNumber:
    """A text that is no mobile number, and why."""

    problem: NumberProblem


class EmailProblem(StrEnum):
    """Why a text is no e-mail address. `sentence` is for whoever typed it."""

    NONE = "none"
    DOMAIN = "domain"
    FORM = "form"
    SEVERAL = "several"

    @property
    def sentence(self) -> Message:
        return _EMAIL_SENTENCES[self]


_EMAIL_SENTENCES = {
    EmailProblem.NONE: _("There is no e-mail address in it. It should look like mei@example.org."),
    EmailProblem.DOMAIN: _("What is after the @ is no domain. It should look like mei@example.org."),
    EmailProblem.FORM: _("This is no e-mail address that I can use. It should look like mei@example.org."),
    EmailProblem.SEVERAL: _("These are several addresses. Please give me one at a time."),
}


@dataclass(frozen=True, slots=True)
class BadEmail:
    """A text that is no e-mail address, and why."""

    problem: EmailProblem


@dataclass(frozen=True, slots=True)
class Found:
    """A mobile number and where it stands in the plain text."""

    start: int
    end: int
    number: str


class NumberReader:
    """Reads numbers for one address book, and counts the attempts, so that no book costs more than its share.

    `regions` are ISO 3166 codes, the likeliest first; one that libphonenumber does not know is left out.
    """

    def __init__(self, regions: Sequence[str], *, most_attempts: int = MOST_ATTEMPTS) -> None:
        known = (region.upper() for region in (*regions, *ALSO_TRIED))
        self._regions = tuple(dict.fromkeys(r for r in known if r in phonenumbers.SUPPORTED_REGIONS))
        self.regions = tuple(region.upper() for region in regions)
        self._left = most_attempts

    @property
    def exhausted(self) -> bool:
        """Whether there were more numbers than are read; those after the limit are missing."""
        return self._left <= 0

    def read(self, field: str) -> tuple[str, ...]:
        """All mobile numbers in one field."""
        return tuple(dict.fromkeys(found.number for found in self.find(plain(field))))

    def find(self, text: str) -> list[Found]:
        """All mobile numbers in a text that is `plain` already, in their order."""
        text = _without_what_is_dialled_after(text[:_LONGEST_FIELD])
        country = _country_named(text)
        regions = (country, *(r for r in self._regions if r != country)) if country else self._regions
        found: list[Found] = []
        for run in _RUN.finditer(text):
            found += self._in_run(run.group(), run.start(), regions)
            if len(found) >= _MOST_IN_FIELD:
                break
        return found

    def kind(self, text: str) -> int | None:
        """The `PhoneNumberType` of a text that is one number of any kind; None if it is none."""
        return next((kind for region in self._regions if (kind := self._dial(text, region)[0]) is not None), None)

    def _in_run(self, run: str, start: int, regions: tuple[str, ...]) -> list[Found]:
        """The numbers in a run of digits and what may stand between them: `/` divides, unless it is part of one."""
        parts = list(_parts(run, "/", start))
        found = [one for begin, part in parts for one in self._in_words(part, begin, regions)]
        if not found and len(parts) > 1:
            return self._whole(run.replace("/", " "), start, regions)[1]
        return found

    def _in_words(self, run: str, start: int, regions: tuple[str, ...]) -> list[Found]:
        known, found = self._whole(run, start, regions)
        if known:
            return found
        words = [(match.start(), match.end()) for match in re.finditer(r"[^ \t]+", run)]
        joined = _MOST_JOINED if 1 < len(words) <= _MOST_JOINED else 1
        first = 0
        while first < len(words) > 1 and len(found) < _MOST_IN_FIELD:
            for last in range(min(len(words), first + joined) - 1, first - 1, -1):
                begin, end = words[first][0], words[last][1]
                if (begin, end) == (words[0][0], words[-1][1]):
                    continue
                known, here = self._whole(run[begin:end], start + begin, regions)
                if known:
                    found += here
                    first = last
                    break
            first += 1
        return found

    def _whole(self, text: str, start: int, regions: Iterable[str]) -> tuple[bool, list[Found]]:
        """Whether a text is one number of some kind, and that number if it can be a mobile one."""
        written = text.rstrip(" \t(.-")
        text = _FLOAT.sub(r"\1", written)
        if not _FEWEST_DIGITS <= sum(map(str.isdigit, text)) <= _MOST_DIGITS:
            return False, []
        for region in regions:
            kind, number = self._dial(text, region)
            if kind is not None:
                return True, [Found(start, start + len(written), number)] if kind in _MOBILE else []
            if text.startswith("+"):
                break
        return False, []

    def _dial(self, text: str, region: str) -> tuple[int | None, str]:
        """What kind of number a text is when dialled in a region, and its E.164 form."""
        if self._left <= 0:
            return None, ""
        self._left -= 1
        if (region == "CN" or text.startswith("+86")) and (dialled := _CHINA_DIALLED.match(_NOT_DIGIT.sub("", text))):
            text = dialled.group(1)
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            return None, ""
        kind = phonenumbers.number_type(number)
        if kind == PhoneNumberType.UNKNOWN:
            return None, ""
        return kind, phonenumbers.format_number(number, PhoneNumberFormat.E164)


def plain(text: str) -> str:
    """A text in one width, with one kind of hyphen, and without marks that are not seen."""
    if text.isascii():
        return text
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).translate(_DASHES)


def countries_in(data: bytes) -> dict[str, int]:
    """The countries of the numbers in a text that are written with their code, and how many there are of each, the most
    frequent first: ISO 3166, of several with one code the largest. A long text is only looked at in part."""
    counted: Counter[str] = Counter()
    for found in islice(_WITH_CODE.finditer(data, 0, _MOST_LOOKED_AT), _MOST_CODES):
        try:
            number = phonenumbers.parse("+" + _NOT_DIGIT.sub("", found.group(1).decode("ascii")), None)
        except phonenumbers.NumberParseException:
            continue
        region = phonenumbers.region_code_for_country_code(number.country_code or 0)
        if region in phonenumbers.SUPPORTED_REGIONS and phonenumbers.is_possible_number(number):
            counted[region] += 1
    return dict(counted.most_common(_MOST_COUNTRIES))


def is_rounded(field: str) -> bool:
    """Whether a field is what a spreadsheet leaves of a long number, `1.38E+10`: most of its digits are lost."""
    return _ROUNDED_WHOLE.fullmatch(plain(field[:_LONGEST_FIELD]).strip(" '\"=")) is not None


def without_extensions(text: str) -> str:
    """A `plain` text with blanks, as long as before, for what is dialled after its numbers (`ext. 12`, `转 12`)."""
    return _DIALLED_AFTER.sub(lambda match: " " * len(match.group()), text)


def numbers_in(field: str, regions: Sequence[str]) -> tuple[str, ...]:
    """All mobile numbers in one field of an address book, as E.164, each once."""
    return NumberReader(regions).read(field)


def number_of(text: str, regions: Sequence[str]) -> str | BadNumber:
    """The one mobile number that somebody types as his own, as E.164, or why there is none."""
    reader = NumberReader(regions)
    numbers = reader.read(text)
    if len(numbers) == 1:
        return numbers[0]
    if numbers:
        return BadNumber(NumberProblem.SEVERAL)
    written = plain(text)[:_LONGEST_FIELD]
    digits = sum(map(str.isdigit, written))
    if digits == 0:
        return BadNumber(NumberProblem.NONE)
    kind = reader.kind(written)
    if kind in _LANDLINE:
        return BadNumber(NumberProblem.LANDLINE)
    if kind is not None:
        return BadNumber(NumberProblem.SERVICE)
    if digits < _FEWEST_DIGITS:
        return BadNumber(NumberProblem.SHORT)
    return BadNumber(NumberProblem.LONG if digits > 15 else NumberProblem.UNKNOWN)


def email_of(text: str) -> str | BadEmail:
    """The one e-mail address in a text, in lower case and one width (as MSC2265 wants them compared), or why not."""
    emails = emails_in(text)
    if len(emails) == 1:
        return emails[0]
    if emails:
        return BadEmail(EmailProblem.SEVERAL)
    name, at, domain = unicodedata.normalize("NFKC", text[:_LONGEST_FIELD]).strip().rpartition("@")
    if not at:
        return BadEmail(EmailProblem.NONE)
    return BadEmail(EmailProblem.DOMAIN if name and "." not in domain else EmailProblem.FORM)


def emails_in(field: str) -> tuple[str, ...]:
    """All e-mail addresses in one field of an address book, normalised, each once."""
    if "@" not in field and "\uff20" not in field:
        return ()
    words = _EMAIL_SEPARATORS.split(plain(field[:_LONGEST_FIELD]))
    return tuple(dict.fromkeys(email for word in words if (email := _email(word)) is not None))[:_MOST_IN_FIELD]


def mask(address: str) -> str:
    """A number or address as it may be shown: `+86 138 •••• 8000`, `x•••@example.org`."""
    name, at, domain = address.rpartition("@")
    if at:
        return f"{name[:1]}•••@{domain}"
    try:
        number = phonenumbers.parse(address, None)
    except phonenumbers.NumberParseException:
        return f"{address[:1]}•••"
    digits = phonenumbers.national_significant_number(number)
    last = max(0, min(4, (len(digits) - 3) // 2))
    first = max(0, min(3, len(digits) - last - 4))
    shown = (digits[:first], "•" * (len(digits) - first - last), digits[len(digits) - last :])
    return " ".join((f"+{number.country_code}", *filter(None, shown)))


def region_of(masked: str) -> str | None:
    """Where a number is from that is shown as `mask` does (ISO 3166): of several countries the largest."""
    code = _CODE_SHOWN.match(masked)
    region = phonenumbers.region_code_for_country_code(int(code[1])) if code else ""
    return region if region in phonenumbers.SUPPORTED_REGIONS else None


def _email(word: str) -> str | None:
    word = word.strip(".*")
    if not _EMAIL.fullmatch(word):
        return None
    address = unicodedata.normalize("NFKC", word.lower())
    if "xn--" in address:
        address = _in_its_script(address)
    return None if address.rpartition(".")[2].isdigit() else address


def _in_its_script(address: str) -> str:
    """A domain that is written for machines (IDNA, RFC 5891) as people write it, so that both are the same address."""
    name, _at, domain = address.rpartition("@")
    try:
        return f"{name}@{idna.decode(domain)}"
    except idna.IDNAError:
        return address


def _without_what_is_dialled_after(text: str) -> str:
    """Without extensions and what a spreadsheet has rounded, but as long as before."""
    text = _DIALLED_AFTER.sub(_blank, text)
    return _ROUNDED.sub(_blank, text) if "E" in text or "e" in text else text


def _blank(match: re.Match[str]) -> str:
    return "\n" * len(match.group())


def _country_named(text: str) -> str | None:
    """The region of a country that stands in parentheses, as in `69123456 (HK)`."""
    named = _IN_PARENTHESES.search(text)
    if named is None:
        return None
    name = named.group(1)
    if len(name) == 2 and name.upper() in phonenumbers.SUPPORTED_REGIONS:
        return name.upper()
    return _COUNTRIES.get(name.lower())


def _parts(text: str, divider: str, start: int) -> Iterable[tuple[int, str]]:
    """The parts between dividers, each with where it begins; `start` is where the text does."""
    for part in text.split(divider):
        yield start, part
        start += len(part) + len(divider)
