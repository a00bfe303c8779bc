from __future__ import annotations

import pytest

from laiwang_bridge.contacts.book import Book, BookFormat, Contact
from laiwang_bridge.contacts.reader import read_book
from tests.unit.laiwang_bridge.contacts.writers import table

MEI = Contact(2, "王小美", ("+8613800138000",), ("mei@example.org",))
GOOGLE_OLD = (
    "Name,Given Name,Additional Name,Family Name,Yomi Name,Nickname,Birthday,Notes,Group Membership,"
    "E-mail 1 - Type,E-mail 1 - Value,E-mail 2 - Type,E-mail 2 - Value,Phone 1 - Type,Phone 1 - Value,"
    "Phone 2 - Type,Phone 2 - Value,Organization 1 - Name"
)
GOOGLE_NEW = (
    "First Name,Middle Name,Last Name,Phonetic First Name,Nickname,File As,Organization Name,Birthday,Notes,Photo,"
    "Labels,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Phone 2 - Label,Phone 2 - Value"
)


def read(text: str, charset: str = "utf-8") -> Book:
    result = read_book(text.encode(charset))
    assert isinstance(result, Book)
    return result


def row(headings: str, **values: str) -> list[str]:
    """A record by headings; `_` in a keyword stands for anything that is no letter."""
    names = ["".join(filter(str.isalnum, heading)).lower() for heading in headings.split(",")]
    known = {name: place for place, name in enumerate(names)}
    cells = [""] * len(names)
    for key, value in values.items():
        cells[known[key.replace("_", "").lower()]] = value
    return cells


def test_google_csv_of_the_old_kind() -> None:
    mei = row(
        GOOGLE_OLD, Name="王小美", Group_Membership="* myContacts ::: Friends", E_mail_1_Type="* Home",
        E_mail_1_Value="Mei@Example.org ::: mei2@example.org", Phone_1_Type="Mobile",
        Phone_1_Value="138 0013 8000 ::: 010-88888888", Phone_2_Type="Work", Phone_2_Value="13900139000",
        Notes="line one\nline two",
    )  # fmt: skip
    company = row(GOOGLE_OLD, Organization_1_Name="中国电信", Phone_1_Value="10000")
    book = read(
        table([GOOGLE_OLD.split(","), mei, company, row(GOOGLE_OLD, Name="Bo", E_mail_1_Value="bo@example.org")])
    )
    assert book == Book(
        BookFormat.GOOGLE_CSV,
        3,
        (
            Contact(2, "王小美", ("+8613800138000", "+8613900139000"), ("mei@example.org", "mei2@example.org")),
            Contact(5, "Bo", (), ("bo@example.org",)),
        ),
    )
    assert book.without == 1


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16"])
def test_google_csv_of_the_new_kind(charset: str) -> None:
    mei = row(
        GOOGLE_NEW, First_Name="小美", Last_Name="王", Labels="* myContacts", E_mail_1_Label="* ",
        E_mail_1_Value="mei@example.org", Phone_1_Label="Mobile", Phone_1_Value="+86 138 0013 8000",
    )  # fmt: skip
    assert read(table([GOOGLE_NEW.split(","), mei]), charset) == Book(BookFormat.GOOGLE_CSV, 1, (MEI,))


def test_british_headings_of_google() -> None:
    headings = ["Given Name", "Family Name", "Organisation Name", "Email 1 - Value", "Phone 1 - Value"]
    book = read(table([headings, ["小美", "王", "X", "mei@example.org", "13800138000"]]))
    assert (book.format, book.contacts) == (BookFormat.GOOGLE_CSV, (MEI,))


@pytest.mark.parametrize(
    ("charset", "kind", "headings"),
    [
        ("utf-8", "outlook_csv", "Title,First Name,Last Name,Company,Business Phone,Mobile Phone,E-mail Address"),
        ("utf-8", "outlook_csv", "Anrede,Vorname,Nachname,Firma,Telefon geschäftlich,Mobiltelefon,E-Mail-Adresse"),
        ("cp1252", "outlook_csv", "Anrede,Vorname,Nachname,Firma,Telefon geschäftlich,Mobiltelefon,E-Mail-Adresse"),
        ("utf-8", "outlook_csv", "Titre,Prénom,Nom,Société,Téléphone (bureau),Tél. mobile,Adresse de messagerie"),
        ("gbk", "outlook_csv", "称谓,名,姓,单位,商务电话,移动电话,电子邮件地址"),
        ("utf-8", "outlook_csv", "头衔,名字,姓氏,公司,商务电话,移动电话,电子邮件地址"),
        ("cp950", "outlook_csv", "稱謂,名字,姓氏,公司,商務電話,行動電話,電子郵件地址"),
        ("cp932", "outlook_csv", "敬称,名,姓,会社名,会社電話,携帯電話,電子メール アドレス"),
        ("utf-8", "outlook_csv",
         "Título,Nombre,Apellidos,Organización,Teléfono del trabajo,Teléfono móvil,Dirección de correo electrónico"),
        ("utf-8", "thunderbird_csv", "x,First Name,Last Name,Organization,Work Phone,Mobile Number,Primary Email"),
        ("utf-8", "thunderbird_csv",
         "x,Vorname,Nachname,Organisation,Tel. dienstlich,Mobil-Tel.-Nr.,Primäre E-Mail-Adresse"),
        ("utf-8", "thunderbird_csv",
         "x,Prénom,Nom de famille,Organisation,Tél. professionnel,Portable,Première adresse électronique"),
        ("gbk", "csv", "序号,名,姓,公司,办公电话,手机,邮箱"),
        ("utf-8", "csv", "x,given_name,FAMILY_NAME,company,phone,mobile,email"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("quote_all", [False, True])
def test_tables_in_other_languages(charset: str, kind: str, headings: str, delimiter: str, quote_all: bool) -> None:
    given, family = {"cp1252": ("Zoë", "Müller"), "cp950": ("美", "王"), "cp932": ("美", "王")}.get(
        charset, ("小美", "王")
    )
    name = f"{given} {family}" if charset == "cp1252" else f"{family}{given}"
    cells = ["", given, family, "", "010-88888888", "13800138000", "mei@example.org"]
    more = ["", "", "", "", "", "", "bo@example.org"]
    text = table([headings.split(","), cells, more], delimiter, quote_all=quote_all)
    book = read(text, charset)
    assert book == Book(
        BookFormat(kind),
        2,
        (
            Contact(2, name, ("+8613800138000",), ("mei@example.org",)),
            Contact(3, "", (), ("bo@example.org",)),
        ),
    )


def test_thunderbird_with_all_its_columns() -> None:
    headings = (
        "First Name,Last Name,Display Name,Nickname,Primary Email,Secondary Email,Screen Name,Work Phone,Home Phone,"
        "Fax Number,Pager Number,Mobile Number,Home Address,Home City,Web Page 1,Birth Year,Notes"
    )
    mei = row(headings, Display_Name="王小美", Primary_Email="mei@example.org", Mobile_Number="13800138000")
    assert read(table([headings.split(","), mei])) == Book(BookFormat.THUNDERBIRD_CSV, 1, (MEI,))


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("'+8613800138000", ("+8613800138000",)),
        ('="13800138000"', ("+8613800138000",)),
        ("13800138000.0", ("+8613800138000",)),
        ("8.61E+12", ()),
        ("1.38001E+10", ()),
        ("13800138000、13900139000", ("+8613800138000", "+8613900139000")),
        ("13800138000\n13900139000", ("+8613800138000", "+8613900139000")),
    ],
)
@pytest.mark.parametrize("quoted", [True, False])
def test_what_spreadsheets_make_of_numbers(cell: str, numbers: tuple[str, ...], quoted: bool) -> None:
    if quoted or "\n" in cell:
        cell = '"' + cell.replace('"', '""') + '"'
    book = read(f"姓名,手机\n王,{cell}\n李,13700137000\n")
    assert [contact.numbers for contact in book.contacts] == [*([numbers] if numbers else []), ("+8613700137000",)]
    is_lost = not numbers
    assert (book.cards, book.unreadable, book.rounded) == (2, (2,) if is_lost else (), int(is_lost))


def test_a_number_that_a_spreadsheet_has_rounded_is_told_though_the_rest_of_its_card_is_of_use() -> None:
    book = read("姓名,手机,邮箱\n王,1.38001E+10,wang@example.org\n李,13700137000,\n")
    assert [(contact.numbers, contact.emails) for contact in book.contacts] == [
        ((), ("wang@example.org",)),
        (("+8613700137000",), ()),
    ]
    assert (book.unreadable, book.rounded) == ((), 1)


@pytest.mark.parametrize(
    ("headings", "cells", "name"),
    [
        ("Nome,Secondo nome,Cognome,Etichette,Telefono 1 - Valore,E-mail 1 - Valore", "Mario,,Rossi,*", "Mario Rossi"),
        ("Nome,Nome do meio,Sobrenome,Rótulo,Telefone 1 - Valor,E-mail 1 - Valor", "Ana,,Silva,", "Ana Silva"),
        ("Voornaam,Tussenvoegsel,Achternaam,x,Mobiele telefoon,E-mailadres", "Jan,de,Smit,", "Jan Smit"),
        ("Imię,x,Nazwisko,x,Telefon komórkowy,Adres e-mail", "Jan,,Kowalski,", "Jan Kowalski"),
        ("Ad,x,Soyad,x,Cep Telefonu,E-posta Adresi", "Ali,,Kaya,", "Ali Kaya"),
        ("Имя,Отчество,Фамилия,x,Мобильный телефон,Адрес эл. почты", "Иван,,Петров,", "Иван Петров"),
        ("이름,x,성,x,휴대전화,전자 메일 주소", "Mina,,Kim,", "Mina Kim"),
        ("First,Middle,Last,Nickname,Mobile,Email", "Mei,,Wang,", "Mei Wang"),
        ("Nimetus,x,x,x,Telefon,E-mail", "Mari Tamm,,,", "Mari Tamm"),
    ],
)
def test_headings_of_other_languages_and_of_none_that_is_known(headings: str, cells: str, name: str) -> None:
    book = read(f"{headings}\n{cells},13800138000,mei@example.org\n")
    assert book.contacts == (Contact(2, name, ("+8613800138000",), ("mei@example.org",)),)


@pytest.mark.parametrize("above", ["员工通讯录,,\n", "我的通讯录\n\n", '"填写须知：\n1、不能删改",,\n'])
def test_what_stands_above_the_headings_is_passed_over(above: str) -> None:
    book = read(f"{above}名,姓,手机\n小美,王,13800138000\n")
    assert [(contact.name, contact.numbers) for contact in book.contacts] == [("王小美", ("+8613800138000",))]
    assert book.cards == 1


def test_the_line_below_the_headings_of_a_drawn_table_is_no_card() -> None:
    book = read("| Name | Phone |\n|---|:--:|\n| 王小美 | 13800138000 |\n")
    assert (book.cards, [contact.name for contact in book.contacts]) == (1, ["王小美"])


def test_a_lost_quotation_mark_costs_the_record_that_it_is_in() -> None:
    lines = ['"Name","Phone","E-mail"', *(f'"P{n}","1380013800{n}","p{n}@example.org"' for n in range(6))]
    lines[2] = '"P1","no number'
    lines[4] = 'P3","13800138003","p3@example.org"'
    book = read("\r\n".join(lines))
    assert [contact.name for contact in book.contacts] == ["P0", "P2", "P3", "P4", "P5"]
    assert (book.cards, book.unreadable) == (6, (3,))


def test_a_table_begins_after_the_line_in_which_excel_names_the_separator() -> None:
    book = read("sep=;\r\n姓名;手机;邮箱\r\n王小美;13800138000;mei@example.org\r\n")
    assert book.contacts == (Contact(3, "王小美", ("+8613800138000",), ("mei@example.org",)),)


def test_columns_about_other_things_are_left_alone() -> None:
    book = read("姓名,QQ号码,身份证号码,助理电话,手机\n王,62345678,110101199003071234,13900139000,13800138000\n")
    assert book.contacts == (Contact(2, "王", ("+8613800138000",), ()),)


def test_a_table_may_know_matrix_ids() -> None:
    book = read("Name,Phone,Matrix\nMei,,@mei:example.org\n")
    assert book.contacts == (Contact(2, "Mei", (), (), ("@mei:example.org",)),)


@pytest.mark.parametrize(
    ("codec", "name", "numbers"),
    [
        ("cp1251", "Иван Петров", ("+79161234567",)),
        ("cp949", "김철수박영희", ("+821012345678",)),
        ("cp1250", "Łukasz Wiśniewski Żółć", ("+48512345678",)),
        ("cp1253", "Γιώργος Παπαδόπουλος", ("+306912345678",)),
        ("cp1254", "Işıl Yıldırım Şahin Çağrı", ("+905321234567",)),
        ("gb18030", "欧阳小明", ("+79161234567",)),
    ],
)
def test_old_character_sets_of_other_countries_are_told_by_the_numbers(
    codec: str, name: str, numbers: tuple[str, ...]
) -> None:
    cards = [f"BEGIN:VCARD\r\nFN:{name}\r\nTEL:{numbers[0]}\r\nEND:VCARD\r\n" for _time in range(5)]
    table = "Name,Phone\n" + f"{name},{numbers[0]}\n" * 5
    for text in ("".join(cards), table):
        book = read_book(text.encode(codec))
        assert isinstance(book, Book)
        assert {(contact.name, contact.numbers) for contact in book.contacts} == {(name, numbers)}


def test_a_broken_line_in_a_table_of_another_character_set() -> None:
    data = "姓名,手机\n".encode("gbk") + b"\xff\xff\xff,1\n" + "王小美,13800138000\n欧阳,13900139000\n".encode("gbk")
    book = read_book(data)
    assert isinstance(book, Book)
    assert [contact.name for contact in book.contacts] == ["王小美", "欧阳"]
    assert (book.cards, book.unreadable) == (3, (2,))
