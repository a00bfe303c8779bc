"""Reads lists as people write them: a name and a number in each line, in any order and with anything between."""

from __future__ import annotations

import re
from collections.abc import Sequence

from appservice.language import contains_han
from laiwang_bridge.contacts.book import Book, BookFormat, Contact
from laiwang_bridge.contacts.card import Draft, matrix_ids_in
from laiwang_bridge.contacts.numbers import NumberReader, emails_in, is_rounded, plain, without_extensions

_LONGEST_LINE = 400
_LONGEST_HEADING = 40
_SMALLEST_SHARE = 10
"""One line in so many has to be a contact, or the text is about something else."""
_JUDGED_AFTER = 2_000

_LINE = re.compile(r"[^\r\n\v\f\u0085\u2028\u2029]+")
_LINE_END = re.compile(r"\r\n|[\r\n\v\f\u0085\u2028\u2029]")
_BULLET = re.compile(r"\A\s*(?:[-*•·▪○●>]+\s+|\(?\d{1,4}[.)、:]\s*(?=\D))")
_CIRCLED = re.compile(r"\A\s*[①-⑳]")
_DIGITS = re.compile(r"\+?\d[\d \t().\-]{3,}\d")
_MAYBE_ADDRESS = re.compile(r"\d[\d \t().\-]{3,}\d|\S@\S|@\S+:\S")
_SURELY_NUMBER = re.compile(r"\+?\d(?:[ \t().\-]?\d){9,}")
_WORDS = re.compile(r"[^\s<>()\[\]\"',;、|]+")
_AROUND = " \t,;:、|/\\-–=.*·<>()[]{}'\"\u3000"
_KIND = re.compile(
    r"(?:手机|手機|手机号|电话|電話|移动电话|联系电话|号码|號碼|邮箱|郵箱|电子邮件|姓名|名字|"
    r"\b(?:name|mobile|phone|tel|cell|e-?mail|number|mob|handy|mailto))\.?\s*(?:[:=]|(?=[\s,;|]|$))|"
    r"(?:微信号?|\b(?:qq|wechat|weixin))\s*[:=]\s*[\w-]+",
    re.IGNORECASE,
)
_BETWEEN_PEOPLE = re.compile(r"[,;、|]")
_LONGEST_LINE_OF_PEOPLE, _MOST_IN_LINE = 20_000, 500
_MECARD = re.compile(r"\AMECARD:(.*?);{0,2}\Z", re.IGNORECASE)
_MECARD_FIELD = re.compile(r"(?:\A|(?<=;))(N|TEL|EMAIL):((?:[^;\\]|\\.)*)", re.IGNORECASE)
_WHICH_NUMBER = frozenset((
    "家", "家里", "家庭", "住宅", "公司", "单位", "單位", "办公", "办公室", "工作", "座机", "座機", "固话", "传真",
    "移动", "其他", "主号", "副号", "新", "旧", "新号", "旧号", "备用", "常用", "私人", "微信", "短号", "宅电",
    "小号", "国内", "国外", "home", "work", "office", "other", "fax", "new", "old", "main", "private", "business",
    "personal", "second", "direct", "landline", "whatsapp", "privat", "büro", "arbeit", "dienstlich", "geschäftlich",
    "handy", "maison", "bureau", "ou", "or", "and", "und", "et", "或", "和",
))  # fmt: skip
"""What says which of somebody's numbers it is, and not whose."""
_SENTENCE = re.compile(r"[。！？!?…]|[.,，;；].*\s.*[.,，;；]|(?:[^\s]+\s+){6}")


def read_list(text: str, reader: NumberReader, most_cards: int) -> Book | None:
    """The book that a list is, with no cards if it is no list of contacts; None if it has more than `most_cards`."""
    found = _List(reader)
    line, counted_to, lines = 1, 0, 0
    for match in _LINE.finditer(text):
        if not match.group()[:_LONGEST_LINE].strip():
            continue
        line += len(_LINE_END.findall(text, counted_to, match.start()))
        counted_to = match.start()
        lines += 1
        found.take(line, match.group())
        if found.cards > most_cards or reader.exhausted:
            return None
        if lines == _JUDGED_AFTER and not found.is_list(lines):
            break
    if not found.is_list(lines):
        return Book(BookFormat.PLAIN, 0, ())
    return Book(
        BookFormat.PLAIN, found.cards, tuple(found.contacts), tuple(found.unreadable), rounded=len(found.unreadable)
    )


def holds_address(text: str) -> bool:
    """Whether there is something in a line that may be a number or an address."""
    return _MAYBE_ADDRESS.search(plain(text[:_LONGEST_LINE])) is not None


def is_contact_line(text: str) -> bool:
    """Whether a line is surely a name with a number or address, not something said."""
    text = _plain_line(text)
    words = _MAYBE_ADDRESS.sub(" ", text)
    name = _KIND.sub(" ", words).strip(_AROUND)
    return (
        _MAYBE_ADDRESS.search(text) is not None
        and 0 < len(name) <= _LONGEST_HEADING
        and any(character.isalpha() for character in name)
        and not any(character.isdigit() for character in name)
        and _SENTENCE.search(name) is None
    )


def is_line_of_people(text: str) -> bool:
    """Whether a line is surely several people, each with a number that is long enough for one or an address."""
    people = _people_in(text)
    return len(people) > 1 and all("@" in one or _SURELY_NUMBER.search(plain(one)) for one in people)


class _List:
    """What was found so far. A line with only a name waits for the next one, which may hold the number."""

    def __init__(self, reader: NumberReader) -> None:
        self._reader = reader
        self._waiting: tuple[int, str] | None = None
        self.cards = 0
        self.contacts: list[Contact] = []
        self.unreadable: list[int] = []

    def take(self, line: int, text: str) -> None:
        for one in _people_in(text):
            self._take(line, one)

    def _take(self, line: int, text: str) -> None:
        text = _plain_line(text)
        if any(map(is_rounded, _WORDS.findall(text))) and not _MAYBE_ADDRESS.search(text):
            self.cards += 1
            self.unreadable.append(line)
            self._waiting = None
            return
        if not _MAYBE_ADDRESS.search(text):
            name = _name(text)
            self._waiting = (line, name) if 0 < len(name) <= _LONGEST_HEADING else None
            return
        draft = _draft(line, text, self._reader)
        if not draft.name and self._waiting is not None:
            draft.line, draft.name = self._waiting
        self._waiting = None
        self.cards += 1
        contact = draft.contact(self._reader)
        if contact is not None:
            self.contacts.append(contact)

    def is_list(self, lines: int) -> bool:
        return len(self.contacts) * _SMALLEST_SHARE >= lines > 0


def _people_in(text: str) -> Sequence[str]:
    """The line, or its parts if each of these is somebody of his own: `张三 138…, 李四 139…`."""
    code = _MECARD.match(text[:_LONGEST_LINE].strip())
    if code is not None:
        return (_of_mecard(code[1]),)
    parts = [part for part in _BETWEEN_PEOPLE.split(plain(text[:_LONGEST_LINE_OF_PEOPLE])) if part.strip(_AROUND)]
    if not 1 < len(parts) <= _MOST_IN_LINE or not all(map(is_contact_line, parts)):
        return (text,)
    names = [_name(_MAYBE_ADDRESS.sub(" ", part)).casefold() for part in parts]
    return (text,) if any(name in _WHICH_NUMBER for name in names) else parts


def _of_mecard(fields: str) -> str:
    """What a QR code of a contact says (MECARD, as NTT DoCoMo has it), as a line: names have a comma in the middle."""
    found = [(name.upper(), re.sub(r"\\(.)", r"\1", value)) for name, value in _MECARD_FIELD.findall(fields)]
    name = next((value for kind, value in found if kind == "N"), "")
    family, _comma, given = name.partition(",")
    others = (value for kind, value in found if kind != "N")
    return " ".join((family + given if contains_han(name) else f"{given} {family}".strip(), *others))


def _plain_line(text: str) -> str:
    return _BULLET.sub("", plain(_CIRCLED.sub("", text[:_LONGEST_LINE], count=1)), count=1)


def _draft(line: int, text: str, reader: NumberReader) -> Draft:
    """The card of one line: addresses and numbers are taken out of it, and what is left is the name."""
    draft = Draft(line)
    rest = text
    if "@" in text:
        for word in _WORDS.findall(text):
            if "@" not in word:
                continue
            if matrix_ids_in(word):
                draft.matrix_ids.append(word)
            elif emails_in(word):
                draft.emails.append(word)
            else:
                continue
            rest = rest.replace(word, " ")
    name, end = "", 0
    rest = without_extensions(rest)
    numbers = reader.find(rest)
    draft.read_numbers = tuple(dict.fromkeys(found.number for found in numbers))
    for found in numbers:
        name += f"{rest[end : found.start]} "
        end = found.end
    draft.name = _name(name + rest[end:])
    return draft


def _name(rest: str) -> str:
    """The name in what is left of a line: the first part of it that has letters."""
    parts = re.split(r"[,;\t|、]", _KIND.sub(" ", _DIGITS.sub(" ", rest)))
    name = next((part.strip(_AROUND) for part in parts if any(map(str.isalpha, part))), "")
    return f"{name})" if name.count("(") > name.count(")") else name
