"""Reads vCards 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350) as programs really write them.

Nothing here fails: a line that is none is passed over, a card that never ends is ended by the next one. Photos, notes
and all else that cannot find a person are skipped without being looked at.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from laiwang_bridge.contacts.book import Book, BookFormat, Contact
from laiwang_bridge.contacts.card import Draft
from laiwang_bridge.contacts.charset import Charsets, is_utf_8
from laiwang_bridge.contacts.numbers import NumberReader

_BEGIN = re.compile(rb"BEGIN[ \t]*:[ \t]*VCARD\b", re.IGNORECASE)
_END = re.compile(rb"END[ \t]*:[ \t]*VCARD\b", re.IGNORECASE)
_BORDERS = (b"BEGIN:VCARD", b"END:VCARD")
_INDENTED = re.compile(rb"(?:\A|[\r\n])([ \t]{1,20})" + _BEGIN.pattern, re.IGNORECASE)
_BEFORE_LINE = b" \t\xef\xbb\xbf"  # indentation, or the mark of a file that was joined to another
_LONGEST_VALUE = 8192
_MOST_PROPERTIES = 200
_MOST_LINES = 1_000_000
"""Far more than any address book of our size has, photos aside, and about a second."""

_NAMES = frozenset({"FN", "N", "NICKNAME", "ORG"})
_NUMBERS = frozenset({"TEL", "X-MS-TEL"})
_IDS = frozenset({"IMPP", "X-MATRIX", "URL", "X-SOCIALPROFILE"})
_WANTED = _NAMES | _NUMBERS | _IDS | {"EMAIL", "VERSION", "AGENT"}

_LINE = re.compile(rb"[^\r\n]+")
_HEAD = re.compile(rb"(?:[A-Za-z0-9_-]{1,40}\.)?([A-Za-z][A-Za-z0-9_-]{0,59})[ \t]*(?=[;:])")
_TO_COLON = re.compile(rb'(?:"[^"]*+"|[^:"])*+:')
_LABEL = re.compile(rb"\(.*\)")  # Android's X-Custom(CHARSET=…,ENCODING=…,…) is not about the value
_CHARSET = re.compile(rb"CHARSET[ \t]*=[ \t]*\"?([^;:,\"]+)", re.IGNORECASE)
_IS_QUOTED_PRINTABLE = re.compile(rb"QUOTED-PRINTABLE|ENCODING=Q\b", re.IGNORECASE)
_IS_BASE64 = re.compile(rb"BASE64|ENCODING=B\b", re.IGNORECASE)
_LOOKS_QUOTED_PRINTABLE = re.compile(rb"[!-<>-~ ]*+=[89A-F][0-9A-F](?:[!-<>-~ ]|=[0-9A-F]{2})*+")  # with no label
_NEXT_LINE = rb"(?:\r\r\n|\r\n|\n|\r)"
_FOLDED = re.compile(_NEXT_LINE + rb"(?![ \t]*+(?:BEGIN|END):VCARD)[ \t]([^\r\n]*+)", re.IGNORECASE)
_ALL_FOLDED = re.compile(rb"(?:" + _FOLDED.pattern + rb")*+", re.IGNORECASE)
_UNFOLDED_BASE64 = re.compile(rb"(?:" + _NEXT_LINE + rb"[A-Za-z0-9+/]++=*+[ \t]*+(?=[\r\n]|\Z))*+")
_BROKEN_SOFTLY = re.compile(_NEXT_LINE + rb"(?![ \t]*+(?:BEGIN|END):VCARD)([^\r\n]++)", re.IGNORECASE)
_SURELY_PROPERTY = re.compile(rb"(?:TEL|EMAIL|FN|N|ORG|ADR|VERSION|X-[A-Z-]+);[A-Za-z-]+[^:]*:")
_LIKELY_PROPERTY = re.compile(rb"(?:TEL|EMAIL|FN|N|ORG|VERSION|NOTE|PHOTO|ADR|X-[A-Z-]+)[;:]")
_SEMICOLON = re.compile(r"(?<!\\);")
_ESCAPED = re.compile(r"\\([\\,;:nN])")


@dataclass(frozen=True, slots=True)
class _Property:
    """A property whose bytes are not yet text. `value` is None if they could not be had.

    `is_raw` says that they stand in the file as they are, not as quoted-printable or base64.
    """

    name: str
    value: bytes | None
    charset: str
    is_raw: bool


@dataclass(slots=True)
class _Raw:
    """A card before anything is decoded. `begun` and `ended` say whether it has these lines."""

    line: int
    begun: bool
    ended: bool = False
    version: bytes = b""
    damaged: bool = False
    properties: list[_Property] = field(default_factory=list)


def holds_vcards(data: bytes) -> bool:
    """Whether there is any vCard in it."""
    return _BEGIN.search(data) is not None


def read_vcards(data: bytes, reader: NumberReader, most_cards: int) -> Book | None:
    """The book of all vCards in it, in bytes where ASCII is ASCII; None if there are more than `most_cards`."""
    raws: list[_Raw] = []
    scanner = _Scanner(_without_indentation(data))
    for raw in scanner.cards():
        raws.append(raw)
        if len(raws) > most_cards:
            return None
    if scanner.exhausted:
        return None
    decoder = _Decoder(raws, reader.regions)
    contacts: list[Contact] = []
    unreadable: list[int] = []
    for raw in raws:
        draft = decoder.draft(raw)
        contact = draft.contact(reader)
        if contact is not None:
            contacts.append(contact)
        elif draft.damaged:
            unreadable.append(raw.line)
        if reader.exhausted:
            return None
    return Book(BookFormat.VCARD, len(raws), tuple(contacts), tuple(unreadable))


def _without_indentation(data: bytes) -> bytes:
    """A text that was pasted out of another one: what stands before its first line goes from all, it is no folding."""
    first, indented = _BEGIN.search(data), _INDENTED.search(data)
    if first is None or indented is None or first.end() != indented.end():
        return data
    return re.sub(rb"(\A|[\r\n])" + indented.group(1), rb"\1", data)


class _Scanner:
    """Goes over the lines of a file once, and hands out its cards."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._counted_to = 0
        self._line = 1
        self._left = _MOST_LINES
        self._borders = dict.fromkeys(_BORDERS, -1)

    @property
    def exhausted(self) -> bool:
        """Whether there were more lines than are read."""
        return self._left <= 0

    def cards(self) -> Iterator[_Raw]:
        card: _Raw | None = None
        nested = 0
        agent_follows = False
        while self._at < len(self._data):
            border = self._border()
            match = _LINE.search(self._data, self._at, border)
            if match is None:
                self._at = border
                continue
            start, self._at = match.span()
            self._left -= 1
            if self.exhausted:
                return
            line = self._data[start : min(self._at, start + _LONGEST_VALUE)]
            text = line.lstrip(_BEFORE_LINE)
            if _BEGIN.match(text):
                if agent_follows and card is not None:
                    nested += 1
                elif card is not None:
                    yield from self._finished(card)
                if not (agent_follows and card is not None):
                    card, nested = _Raw(self._line_of(start), begun=True), 0
                agent_follows = False
            elif _END.match(text):
                if nested:
                    nested -= 1
                elif card is not None:
                    card.ended = True
                    yield from self._finished(card)
                    card = None
            elif not nested:
                found = self._property(text, card)
                if found is None:
                    continue
                if card is None:
                    card = _Raw(self._line_of(start), begun=False)
                agent_follows = found.name == "AGENT" and not found.value
                if found.name == "VERSION":
                    card.version = found.value or b""
                card.properties.append(found)
                if len(card.properties) >= _MOST_PROPERTIES:
                    self._pass_over_card()
        if card is not None:
            yield from self._finished(card)

    def _finished(self, card: _Raw) -> Iterator[_Raw]:
        """The card; not what is only a few stray lines between cards."""
        card.damaged |= not (card.begun and card.ended)
        if card.begun or card.ended or any(found.name in _NUMBERS | {"EMAIL"} for found in card.properties):
            yield card

    def _property(self, text: bytes, card: _Raw | None) -> _Property | None:
        """The property that begins in this line, with the lines that continue it; None for what is not wanted."""
        head = _HEAD.match(text)
        if head is None:
            if card is not None:
                card.damaged = True
            return None
        name = head.group(1).decode("ascii").upper()
        if name not in _WANTED:
            self._pass_over(text)
            return None
        if b":" not in text and text.endswith(b"=") and (more := self._match(_BROKEN_SOFTLY)):
            self._at = more.end()
            text = text[:-1] + more.group(1)
        while (colon := _colon(text, head.end())) < 0 and len(text) < _LONGEST_VALUE:
            folded = self._match(_FOLDED)
            if folded is None:
                break
            self._at = folded.end()
            text += folded.group(1)
        if colon < 0:
            self._pass_over_folded()
            if card is not None:
                card.damaged = True
            return None
        parameters = _LABEL.sub(b"", text[head.end() : colon])
        keeps_space = name in _NAMES and card is not None and card.version == b"2.1"
        value, whole = self._value(name, parameters, text[colon + 1 :], keeps_space)
        if card is not None:
            card.damaged |= not whole
        return _property(name, parameters, value.strip())

    def _value(self, name: str, parameters: bytes, first: bytes, keeps_space: bool) -> tuple[bytes, bool]:
        """The value with all lines that continue it, and whether it is whole."""
        value = bytearray(first)
        if _IS_QUOTED_PRINTABLE.search(parameters):
            while value.rstrip(b" \t").endswith(b"="):
                more = self._after_soft_break(_LIKELY_PROPERTY if name in _NAMES else _SURELY_PROPERTY)
                del value[value.rindex(b"=") :]
                if more is None:
                    return bytes(value), False
                value += more[: _LONGEST_VALUE - len(value)]
        while len(value) < _LONGEST_VALUE and (more_folded := self._match(_FOLDED)):
            self._at = more_folded.end()
            more = more_folded.group(1)
            if keeps_space and value[-1:].isalnum() and more[:1].isalnum():
                value += b" "
            value += more[: _LONGEST_VALUE - len(value)]
        self._pass_over_folded()
        if _IS_BASE64.search(parameters) and (rest := self._match(_UNFOLDED_BASE64)):
            self._at = rest.end()
            value += rest.group()[: max(0, _LONGEST_VALUE - len(value))]
        return bytes(value), True

    def _after_soft_break(self, other: re.Pattern[bytes]) -> bytes | None:
        """The line that a `=` at the end of the last one announces; None if something else comes, as after a cut."""
        self._left -= 1
        more = self._match(_BROKEN_SOFTLY)
        if more is None or self.exhausted or other.match(more.group(1)):
            return None
        self._at = more.end()
        text = more.group(1)
        folded = text.lstrip(b" \t")
        return folded if folded.startswith(b"=") else text

    def _pass_over(self, text: bytes) -> None:
        """Leave behind the lines that continue a property that nobody wants."""
        head = text[:200]
        if _IS_QUOTED_PRINTABLE.search(head):
            last = text[-1:]
            while last == b"=" and (more := self._after_soft_break(_SURELY_PROPERTY)) is not None:
                last = more[-1:]
        self._pass_over_folded()
        if _IS_BASE64.search(head) and (rest := self._match(_UNFOLDED_BASE64)):
            self._at = rest.end()

    def _match(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        return pattern.match(self._data, self._at, self._border())

    def _border(self) -> int:
        """Where the next card begins or this one ends, even within a line: a card that was cut off leaves it so."""
        for word, found in self._borders.items():
            if found <= self._at:
                place = self._data.find(word, self._at + 1)
                self._borders[word] = len(self._data) if place < 0 else place
        return min(self._borders.values())

    def _pass_over_card(self) -> None:
        """Leave behind what is too much for one card, up to where it ends or the next one begins."""
        self._at = self._border()

    def _pass_over_folded(self) -> None:
        folded = self._match(_ALL_FOLDED)
        if folded:
            self._at = folded.end()

    def _line_of(self, position: int) -> int:
        """The number of the line that begins at a position, which never goes back."""
        data, since = self._data, self._counted_to
        ends = data.count(b"\n", since, position) + data.count(b"\r", since, position)
        self._line += ends - data.count(b"\r\n", since, position)
        self._counted_to = position
        return self._line


class _Decoder:
    """Makes text of the values, once the character set of the whole file can be judged."""

    def __init__(self, raws: list[_Raw], regions: Sequence[str]) -> None:
        values = [found for raw in raws for found in raw.properties if found.value and not found.value.isascii()]
        # A file that was converted to UTF-8 often still says what it was before.
        self._is_utf_8 = all(is_utf_8(found.value or b"") for found in values if found.is_raw)
        undeclared = (found.value or b"" for found in values if not found.charset)
        self._charsets = Charsets(undeclared, regions)

    def draft(self, raw: _Raw) -> Draft:
        draft = Draft(raw.line, damaged=raw.damaged)
        for found in raw.properties:
            if found.value is None:
                draft.damaged = True
                continue
            declared = "" if found.is_raw and self._is_utf_8 else found.charset
            text = self._charsets.decode(found.value, declared)
            draft.damaged |= "\ufffd" in text or "\0" in text
            _fill(draft, found.name, text)
        return draft


def _property(name: str, parameters: bytes, value: bytes) -> _Property:
    """A property with the encoding of its value undone."""
    declared = _CHARSET.search(parameters)
    charset = declared.group(1).decode("ascii", "replace") if declared else ""
    if _IS_BASE64.search(parameters):
        return _Property(name, _from_base64(value), charset, is_raw=False)
    if _IS_QUOTED_PRINTABLE.search(parameters) or (name in _NAMES and _LOOKS_QUOTED_PRINTABLE.fullmatch(value)):
        return _Property(name, binascii.a2b_qp(value), charset, is_raw=False)
    return _Property(name, value, charset, is_raw=True)


def _from_base64(value: bytes) -> bytes | None:
    letters = value.translate(None, b" \t\r\n=")
    try:
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4), strict_mode=True)
    except binascii.Error:
        return None


def _colon(text: bytes, after: int) -> int:
    """Where the value begins: the first colon that is not in quotation marks or parentheses, if these are closed."""
    first = text.find(b":", after)
    if b"(" in text[after:first] and (closed := text.find(b"):", after)) > 0:
        return closed + 1
    if text.count(b'"', after, first) % 2:
        whole = _TO_COLON.match(text, after)
        return whole.end() - 1 if whole else first
    return first


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: "\n" if match.group(1) in "nN" else match.group(1), text)


def _fill(draft: Draft, name: str, text: str) -> None:
    """Put a value where it belongs; of names, the first one counts."""
    match name:
        case "FN":
            draft.name = draft.name or _unescaped(text)
        case "N" if not (draft.family or draft.given):
            family, given, *_rest = (*_SEMICOLON.split(text), "")
            draft.family, draft.given = _unescaped(family), _unescaped(given)
        case "NICKNAME":
            draft.nickname = draft.nickname or _unescaped(text)
        case "ORG":
            draft.organisation = draft.organisation or _unescaped(text.partition(";")[0])
        case "EMAIL":
            draft.emails.append(_unescaped(text))
        case _ if name in _NUMBERS:
            draft.numbers.append(_unescaped(text).replace("\\", ""))  # some escape whatever is no letter
        case _ if name in _IDS:
            draft.matrix_ids.append(_unescaped(text))
