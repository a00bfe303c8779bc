"""Which bytes are which characters, where nobody says so or what is said is wrong.

Wide encodings (UTF-16, UTF-32) become UTF-8 first, so that everything after works on bytes in which ASCII is ASCII.
What is not UTF-8 is guessed once for a whole file, by how common its characters would be, because a single name is too
short to tell.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SNIFFED = 4096
_SAMPLE = 16_384
_BLOCK = 65_536
_DECLARED = re.compile(
    r"utf-?8|gb_?2312(-80)?|gbk|cp936|gb18030|x-gbk|big-?5(-?hkscs)?|cp950|shift[_-]?jis|sjis|x-sjis|ms_kanji|cp932|"
    r"windows-31j|euc-?jp|iso-2022-jp|euc-?kr|ks_c_5601-1987|cp949|iso-?8859-?\d{1,2}|latin-?1|us-ascii|ascii|"
    r"(windows-|cp)(125\d|866|437|850)|koi8-[ru]|tis-620|macintosh",
    re.IGNORECASE,
)
_SAME = {
    "gb2312": "gb18030", "gb_2312": "gb18030", "gb2312-80": "gb18030", "gb_2312-80": "gb18030", "gbk": "gb18030",
    "cp936": "gb18030", "x-gbk": "gb18030", "big5": "cp950", "big-5": "cp950", "shift_jis": "cp932",
    "shift-jis": "cp932", "shiftjis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "ms_kanji": "cp932",
    "windows-31j": "cp932", "euc-kr": "cp949", "euckr": "cp949", "ks_c_5601-1987": "cp949", "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "us-ascii": "utf-8", "ascii": "utf-8",
    "macintosh": "mac_roman",
}  # fmt: skip
_UTF_8 = "utf-8"
_CHINESE = "gb18030"
_GUESSED = (_CHINESE, "cp950", "cp932", "cp1252")
_OF_REGION = {
    **dict.fromkeys(("BG", "BY", "KG", "KZ", "MK", "MN", "RS", "RU", "TJ", "UA", "UZ"), "cp1251"),
    **dict.fromkeys(("AL", "BA", "CZ", "HR", "HU", "PL", "RO", "SI", "SK"), "cp1250"),
    **dict.fromkeys(("EE", "LT", "LV"), "cp1257"),
    "GR": "cp1253",
    "IL": "cp1255",
    "KR": "cp949",
    "TH": "cp874",
    "TR": "cp1254",
}
"""What old programs of a country write, where that is none of those which are guessed anyway."""
_FEWEST_JUDGED = 6
_WESTERN = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿŒœŠšŽžŸ’")


def narrow(data: bytes) -> bytes:
    """The same text in an encoding where ASCII is ASCII: UTF-8 instead of UTF-16 or UTF-32, and without a mark."""
    if data.startswith(codecs.BOM_UTF8):
        return data[len(codecs.BOM_UTF8) :]
    for mark, codec in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(codec, "replace").encode()
    unmarked = _unmarked(data[:_SNIFFED])
    return data.decode(unmarked, "replace").encode() if unmarked else data


def text_of(data: bytes, regions: Sequence[str] = ()) -> str:
    """A whole text, `narrow` already: UTF-8, or else each line by itself. `regions` (ISO 3166) are where it may be
    from."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        blocks = list(_blocks(data))
        charsets = Charsets((line for block in blocks for line in block.split(b"\n")), regions)
        return "".join(charsets.decode_lines(block) for block in blocks)


def _blocks(data: bytes) -> Iterator[bytes]:
    """The data in pieces that end with a line."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + _BLOCK) + 1 or len(data)
        yield data[start:end]
        start = end


class Charsets:
    """Decodes the values of one file: as declared if that can be, as UTF-8, or as the whole file seems to be."""

    def __init__(self, values: Iterable[bytes], regions: Sequence[str] = ()) -> None:
        """`values` are those that declare nothing, from which the guess is made; `regions` are where they may be."""
        valid = 0
        doubtful = bytearray()
        for value in values:
            if value.isascii():
                continue
            if is_utf_8(value):
                valid += len(value)
            else:
                doubtful += value[:256] + b"\n"
            if len(doubtful) > _SAMPLE:
                break
        self._guess = guess(bytes(doubtful), regions) if doubtful else _CHINESE
        # A short name in GBK is sometimes UTF-8 by accident; where hardly anything else is, it is GBK.
        rarely_utf_8 = valid * 20 < len(doubtful)
        self._order = (self._guess, _UTF_8) if rarely_utf_8 else (_UTF_8, self._guess)

    def decode_lines(self, block: bytes) -> str:
        """Many lines at once where they are all alike, otherwise each by itself."""
        text = _strictly(block, self._order[0])
        return "\n".join(map(self.decode, block.split(b"\n"))) if text is None else text

    def decode(self, value: bytes, declared: str = "") -> str:
        """A value as text; what cannot be read of it becomes U+FFFD."""
        if value.isascii() and b"\x1b" not in value:
            return value.decode("ascii")
        codec = codec_of(declared)
        first = () if codec is None else (_UTF_8, codec) if codec == "cp1252" else (codec,)
        for candidate in (*first, *self._order):
            text = _strictly(value, candidate)
            if text is not None:
                return text
        return value.decode(self._guess if codec in (None, _UTF_8, "cp1252") else codec, "replace")


def codec_of(declared: str) -> str | None:
    """The codec for the name of a character set that an address book may declare; None for any other name."""
    name = declared.strip(" \"'").lower()
    if not _DECLARED.fullmatch(name):
        return None
    name = _SAME.get(name, name)
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def guess(sample: bytes, regions: Sequence[str] = ()) -> str:
    """The likeliest codec of a text that is not UTF-8: GB18030, Big5, Shift-JIS or Windows-1252, or what is usual where
    it may be from, if it looks like that."""
    for codec in dict.fromkeys(_OF_REGION[region] for region in regions if region in _OF_REGION):
        if _is_surely(sample[:_SAMPLE], codec):
            return codec
    return max(_GUESSED, key=lambda codec: _likelihood(sample[:_SAMPLE], codec) + (codec == _CHINESE) * 0.05)


def is_utf_8(value: bytes) -> bool:
    return _strictly(value, _UTF_8) is not None


def _strictly(value: bytes, codec: str) -> str | None:
    try:
        return value.decode(codec)
    except UnicodeDecodeError:
        return None


def _unmarked(head: bytes) -> str | None:
    """UTF-16 without a mark: every second byte of digits, commas and line ends is zero."""
    if len(head) < 4:
        return None
    half = len(head) // 2
    even, odd = head[0 : 2 * half : 2].count(0), head[1 : 2 * half : 2].count(0)
    if odd * 4 > half and even * 16 < odd:
        codec = "utf-16-le"
    elif even * 4 > half and odd * 16 < even:
        codec = "utf-16-be"
    else:
        return None
    text = head.decode(codec, "replace")
    controls = sum(unicodedata.category(character) == "Cc" and character not in "\t\r\n" for character in text)
    return codec if controls * 50 < len(text) else None


def _is_surely(sample: bytes, codec: str) -> bool:
    """Whether nearly all of it would be as in words: Hangul, or letters of which only the first is a capital one."""
    text = f" {sample.decode(codec, 'replace')}"
    high = [place for place, character in enumerate(text) if character > "\x7f"]
    if codec == "cp949":
        good = sum("가" <= text[place] <= "힣" for place in high)
    else:
        good = sum(
            text[place].isalpha() and not (text[place].isupper() and text[place - 1].isalpha()) for place in high
        )
    return len(high) >= _FEWEST_JUDGED and good * 20 >= len(high) * 19


def _likelihood(sample: bytes, codec: str) -> float:
    """How common the characters would be, from 0 to 1; less for what cannot be."""
    text = f" {sample.decode(codec, 'replace')} "
    high = [place for place, character in enumerate(text) if character > "\x7f"]
    if not high:
        return 0.0
    if codec == "cp1252":
        return sum(_western(text[place - 1 : place + 2]) for place in high) / len(high)
    return sum(_eastern(text[place], codec) for place in high) / len(high)


def _western(three: str) -> float:
    """The one in the middle between its neighbours: accented letters stand among plain ones."""
    before, it, after = tuple(three)
    if it not in _WESTERN:
        return -1.0
    neighbours = (before, after)
    if any(other > "\x7f" and other not in _WESTERN for other in neighbours):
        return -1.0
    if any(other.isascii() and other.isalpha() for other in neighbours):
        return 1.0 if all(other <= "\x7f" for other in neighbours) else 0.6
    return 0.2


def _eastern(character: str, codec: str) -> float:
    if character == "\ufffd":
        return -3.0
    code = character.encode(codec, "replace")
    if len(code) != 2:
        return 0.2 if codec == "cp932" and len(code) == 1 else 0.0  # kana of half width
    lead, trail = code
    match codec:
        case "gb18030":  # GB 2312 has the common characters first
            if trail < 0xA1:
                return 0.0
            return 1.0 if 0xB0 <= lead <= 0xD7 else 0.5 if 0xD8 <= lead <= 0xF7 else 0.6 if lead <= 0xA3 else 0.0
        case "cp950":
            return 1.0 if 0xA4 <= lead <= 0xC6 else 0.3 if lead >= 0xC9 else 0.6 if lead >= 0xA1 else 0.0
    if 0x82 <= lead <= 0x97:
        return 1.0
    return 0.6 if lead == 0x81 else 0.3
