"""Reads the tables that address books are exported to: Google, Outlook, Thunderbird and many others, in any language.

Columns are known by their headings, which differ by program, version and language; what a cell of such a column holds
is then looked at like any other field. A lost quotation mark costs the record it is in, not the file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from laiwang_bridge.contacts.book import Book, BookFormat, Contact
from laiwang_bridge.contacts.card import Draft
from laiwang_bridge.contacts.numbers import NumberReader, is_rounded


class _Column(Enum):
    """What a column is for."""

    NAME = auto()
    GIVEN = auto()
    FAMILY = auto()
    NICKNAME = auto()
    ORGANISATION = auto()
    NUMBER = auto()
    MAIL = auto()
    ID = auto()


_REACHES = frozenset({_Column.NUMBER, _Column.MAIL, _Column.ID})
_NAMES = frozenset({_Column.NAME, _Column.GIVEN, _Column.FAMILY, _Column.NICKNAME})
_DELIMITERS = ",;\t|"
_SEPARATOR_LINE = re.compile(r"sep=(.)[ \t]*(?:\r\n|\n|\r)", re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\n|\r")
_LONGEST_CELL = 8192
_LONGEST_HEADINGS = 8192
_LONGEST_HEADING = 50
_MOST_ABOVE = 8
"""So many lines may stand above the headings: what the table is about, how it is to be filled in."""
_MOST_COLUMNS = 300

_GOOGLE = re.compile(r"(?:e-?mail|phone) \d+ - value")
_MAIL_HEADING = re.compile(
    r"mail|courriel|messagerie|correo|électronique|e-?po[sš]ta|poczt|почт|эл\. адрес|"
    r"邮件|郵件|邮箱|郵箱|信箱|メール|메일"
)
_NUMBER_HEADING = re.compile(
    r"phone|mobil|\bcell|\btel|tél|telefon|handy|portable|teléf|móvil|celular|natel|numéro|rufnummer|"
    r"cellulare|komór|mobitel|puhelin|telefoon|τηλέφ|κινητ|телефон|мобильн|мобільн|전화|휴대|핸드폰|điện thoại|"
    r"手机|手機|电话|電話|移动|行動|号码|號碼|联系方式|聯絡方式|携帯|ケータイ|pager|isdn|\bfax|传真|傳真"
)
_RULED = " \t-:="
"""A record of these alone is a line that was drawn below the headings."""
_VALUE_OF_NOTHING = re.compile(
    r"(?:type|label|typ|etikett|étiquette|etiqueta|etichetta|rótulo|tipo|标签|類型|类型|ラベル)$"
)
_ID_HEADING = re.compile(r"matrix|^im \d+ - value$|^custom field \d+ - value$|^website \d+ - value$|^web ?page")
_OTHER_HEADING = re.compile(
    r"assistant|assistent|sekretär|助理|アシスタント|\bqq|微信|wechat|身份证|身分證|证件|卡号|账号|帐号"
)
_EXACT_NUMBER = frozenset({"number", "numbers", "numero", "número", "nummer", "nr", "no.", "番号"})
_HEADINGS = {
    _Column.NAME: {
        "name", "full name", "fullname", "display name", "displayname", "file as", "contact name", "anzeigename",
        "angezeigter name", "nom complet", "nom à afficher", "nom affiché", "nombre completo", "nombre para mostrar",
        "姓名", "全名", "名称", "名稱", "联系人", "聯絡人", "联系人姓名", "联系人名称", "显示名", "显示名称",
        "顯示名稱", "氏名", "表示名", "名前", "フルネーム", "contact", "contacts", "kontakt", "联系人名字", "客户姓名",
        "员工姓名", "nome completo", "nome visualizzato", "volledige naam", "naam", "weergavenaam", "imię i nazwisko",
        "ad soyad", "фио", "полное имя", "отображаемое имя", "имя контакта", "піб", "이름과 성", "전체 이름", "성명",
    },
    _Column.GIVEN: {
        "first name", "firstname", "given name", "givenname", "forename", "vorname", "prénom", "prenom", "nombre",
        "nombre de pila", "名", "名字", "first", "given", "nome", "primeiro nome", "nome próprio", "voornaam", "imię",
        "ad", "adı", "имя", "ім'я", "fornavn", "förnamn", "etunimi", "jméno", "keresztnév", "prenume", "όνομα", "이름",
        "tên",
    },
    _Column.FAMILY: {
        "last name", "lastname", "family name", "familyname", "surname", "nachname", "familienname", "nom",
        "nom de famille", "apellidos", "apellido", "姓", "姓氏", "last", "family", "cognome", "sobrenome", "apelido",
        "último nome", "achternaam", "nazwisko", "soyad", "soyadı", "фамилия", "прізвище", "etternavn", "efternavn",
        "efternamn", "sukunimi", "příjmení", "vezetéknév", "nume", "nume de familie", "επώνυμο", "성", "họ",
    },
    _Column.NICKNAME: {"nickname", "nick name", "spitzname", "surnom", "apodo", "昵称", "暱稱", "ニックネーム"},
    _Column.ORGANISATION: {
        "company", "organization", "organisation", "organization name", "organisation name", "organization 1 - name",
        "organisation 1 - name", "firma", "unternehmen", "société", "entreprise", "empresa", "organización", "公司",
        "单位", "單位", "公司名称", "公司名稱", "会社", "会社名", "azienda", "società", "organizzazione", "bedrijf",
        "organizacja", "şirket", "организация", "компания", "회사",
    },
}  # fmt: skip
_NAME_HEADINGS = {heading: part for part, headings in _HEADINGS.items() for heading in headings}
_COUNTS = frozenset({"id", "no", "nr", "num", "index", "uid", "序号", "編號", "编号"})
_OUTLOOK = frozenset({
    "e-mail address", "e-mail-adresse", "adresse de messagerie", "电子邮件地址", "電子郵件地址", "電子郵件",
    "電子メール アドレス", "dirección de correo electrónico", "business phone", "company main phone",
})  # fmt: skip
_THUNDERBIRD = frozenset({
    "primary email", "secondary email", "primäre e-mail-adresse", "sekundäre e-mail-adresse",
    "première adresse électronique", "adresse électronique principale", "主要电子邮件", "首选电子邮件",
    "主要電子郵件", "correo electrónico primario", "correo electrónico principal",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose headings are understood: the text, where its records begin and in which line, and the columns."""

    format: BookFormat
    text: str
    delimiter: str
    start: int
    line: int
    columns: tuple[_Column | None, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the line it begins in, its cells, and whether a quotation mark in it has no partner."""

    line: int
    cells: list[str]
    damaged: bool


def table_of(text: str) -> Table | None:
    """The table that a text is, if one of its first lines holds headings that tell how to reach people."""
    start = len(text) - len(text.lstrip("\ufeff \r\n\t"))
    declared = _SEPARATOR_LINE.match(text, start)
    if declared:
        start = declared.end()
    delimiters = (declared.group(1), *_DELIMITERS) if declared else tuple(_DELIMITERS)
    best: Table | None = None
    most = 1  # one known word may stand in any text
    for delimiter in delimiters:
        records = Records(text[start : start + _LONGEST_HEADINGS], delimiter, 1)
        for _above, head in zip(range(_MOST_ABOVE), records, strict=False):
            if _is_data(head.cells):
                break
            headings = [_heading(cell) for cell in head.cells[:_MOST_COLUMNS]]
            columns = tuple(map(_use, headings))
            known = sum(column is not None for column in columns)
            if known > most and not _REACHES.isdisjoint(columns):
                most = known
                line = len(_LINE_END.findall(text[:start])) + records.line
                best = Table(
                    _format(headings), text, delimiter, start + records.at, line, _with_a_name(columns, headings)
                )
    return best


def _with_a_name(columns: tuple[_Column | None, ...], headings: Sequence[str]) -> tuple[_Column | None, ...]:
    """In a language that is not known here the names are still what stands before all else: then the first column is
    taken for them, unless its heading is a number or nothing."""
    if not _NAMES.isdisjoint(columns) or columns[0] is not None:
        return columns
    if headings[0] in _COUNTS or not headings[0][:1].isalpha():
        return columns
    return (_Column.NAME, *columns[1:])


def read_table(table: Table, reader: NumberReader, most_cards: int) -> Book | None:
    """The book that a table holds; None if it has more than `most_cards` records."""
    contacts: list[Contact] = []
    unreadable: list[int] = []
    cards = rounded = 0
    for record in Records(table.text, table.delimiter, table.line, table.start):
        if not any(cell.strip(_RULED) for cell in record.cells):
            continue
        cards += 1
        if cards > most_cards or reader.exhausted:
            return None
        draft = _draft(record, table.columns)
        contact = draft.contact(reader)
        has_lost = any(map(is_rounded, draft.numbers))
        rounded += has_lost
        if contact is not None:
            contacts.append(contact)
        elif record.damaged or has_lost or "\ufffd" in "".join(record.cells):
            unreadable.append(record.line)
    return Book(table.format, cards, tuple(contacts), tuple(unreadable), rounded=rounded)


class Records:
    """Goes over the records of a table once. `at` and `line` say where the next one begins."""

    def __init__(self, text: str, delimiter: str, line: int, at: int = 0) -> None:
        self._text = text
        self._delimiter = delimiter
        self.at = at
        self.line = line
        either = re.escape(delimiter)
        self._quoted = re.compile(rf'[ ]*=?"([^"]*+(?:""[^"]*+)*+)"[ ]*(?=[{either}\r\n]|\Z)')
        self._bare = re.compile(rf"[^{either}\r\n]*+")

    def __iter__(self) -> Iterator[Record]:
        while self.at < len(self._text):
            first, line = self.at, self.line
            cells, at, damaged = self._cells(first)
            end = _LINE_END.match(self._text, at)
            self.at = end.end() if end else len(self._text)
            self.line += len(_LINE_END.findall(self._text, first, self.at))
            yield Record(line, cells, damaged)

    def _cells(self, at: int) -> tuple[list[str], int, bool]:
        """The cells of one record, where it ends, and whether a quotation mark in it has no partner."""
        text = self._text
        cells: list[str] = []
        damaged = False
        while True:
            quoted = self._quoted.match(text, at, at + _LONGEST_CELL)
            if quoted:
                cells.append(quoted.group(1).replace('""', '"'))
                at = quoted.end()
            else:
                bare = self._bare.match(text, at)
                assert bare is not None  # it matches the empty text
                damaged |= bare.group().lstrip(' ="').count('"') != bare.group().count('"')
                cells.append(bare.group().strip(' "'))
                at = bare.end()
            if not text.startswith(self._delimiter, at):
                return cells, at, damaged
            if len(cells) >= _MOST_COLUMNS:
                end = _LINE_END.search(text, at)
                return cells, end.start() if end else len(text), True
            at += len(self._delimiter)


def _draft(record: Record, columns: Sequence[_Column | None]) -> Draft:
    draft = Draft(record.line)
    for column, cell in zip(columns, record.cells, strict=False):
        if column is None or not cell:
            continue
        cell = cell.replace(" ::: ", "\n")
        match column:
            case _Column.NUMBER:
                draft.numbers.append(cell)
            case _Column.MAIL:
                draft.emails.append(cell)
            case _Column.ID:
                draft.matrix_ids.append(cell)
            case _Column.NAME:
                draft.name = draft.name or cell
            case _Column.GIVEN:
                draft.given = draft.given or cell
            case _Column.FAMILY:
                draft.family = draft.family or cell
            case _Column.NICKNAME:
                draft.nickname = draft.nickname or cell
            case _Column.ORGANISATION:
                draft.organisation = draft.organisation or cell
    return draft


def _heading(cell: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", cell[:100]).replace("_", " ").strip(" \"'*\ufeff").lower().split())


def _use(heading: str) -> _Column | None:
    if len(heading) > _LONGEST_HEADING:
        return None
    if heading in _NAME_HEADINGS:
        return _NAME_HEADINGS[heading]
    if _OTHER_HEADING.search(heading) or _VALUE_OF_NOTHING.search(heading):
        return None
    if _MAIL_HEADING.search(heading):
        return _Column.MAIL
    if _NUMBER_HEADING.search(heading) or heading in _EXACT_NUMBER:
        return _Column.NUMBER
    return _Column.ID if _ID_HEADING.search(heading) else None


def _is_data(cells: list[str]) -> bool:
    """Whether there are numbers or addresses in a line, so that it cannot be one of headings."""
    return any(sum(map(str.isdigit, cell)) >= 5 or re.search(r"\S@\S+\.\S", cell[:300]) for cell in cells)


def _format(headings: list[str]) -> BookFormat:
    if any(map(_GOOGLE.fullmatch, headings)):
        return BookFormat.GOOGLE_CSV
    if _THUNDERBIRD.intersection(headings):
        return BookFormat.THUNDERBIRD_CSV
    return BookFormat.OUTLOOK_CSV if _OUTLOOK.intersection(headings) else BookFormat.CSV
