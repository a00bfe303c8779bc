"""Two languages: every message has its translation, and values are shown as readers of each expect them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as PoMessage
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import generate_po, read_po
from mautrix.types import UserID

import appservice
import laiwang_bridge
from appservice.content import bold, pill
from appservice.language import (
    EXTRACTED,
    N_,
    CatalogueError,
    Catalogues,
    Language,
    Message,
    _,
    answer_language,
    contains_han,
)

PACKAGES = [Path(package.__file__).parent for package in (appservice, laiwang_bridge) if package.__file__]
FIELD = re.compile(r"(?<!\{)\{(\w+)\}(?!\})")
TYPED = re.compile(r"`[^`]+`")


def messages_in(package: Path) -> set[str | tuple[str, ...]]:
    found = extract_from_dir(package, [("**.py", "python")], keywords=EXTRACTED)
    return {message for _file, _line, message, _comments, _context in found}


def catalogue_of(package: Path) -> Catalog:
    catalogue = Catalog(locale="zh")
    for path in (package / "locale" / "zh" / "LC_MESSAGES").glob("*.po"):
        with path.open("rb") as file:
            for message in read_po(file, locale="zh", abort_invalid=True):
                if message.id:
                    catalogue[message.id] = message
    return catalogue


def forms(text: object) -> list[str]:
    return [text] if isinstance(text, str) else [str(form) for form in text if form]  # type: ignore[attr-defined]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_every_message_is_translated(package: Path) -> None:
    catalogue = catalogue_of(package)
    missing = Catalog(locale="zh")
    for key in sorted(messages_in(package), key=str):
        known = catalogue.get(key if isinstance(key, str) else key[0])
        if known is None or known.fuzzy or not all(forms(known.string)) or not forms(known.string):
            missing[key] = PoMessage(key)
    texts = "".join(generate_po(missing, omit_header=True)) if len(missing) else ""
    assert not texts, f"add these to {package.name}/locale/zh/LC_MESSAGES/{package.name}.po:\n{texts}"


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_no_translation_is_left_over(package: Path) -> None:
    keys = {key if isinstance(key, str) else key[0] for key in messages_in(package)}
    left_over = [forms(message.id)[0] for message in catalogue_of(package) if message.id]
    assert [key for key in left_over if key not in keys] == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_translations_have_the_same_values_and_as_much_to_type(package: Path) -> None:
    for message in catalogue_of(package):
        if not message.id:
            continue
        values = {name for form in forms(message.id) for name in FIELD.findall(form)}
        for form in forms(message.string):
            extra = set(FIELD.findall(form)) - values
            lost = values - set(FIELD.findall(form)) - {"count"}
            assert not extra, f"{form!r} has a value that {message.id!r} has not: {extra}"
            assert not lost, f"{form!r} lacks a value of {message.id!r}: {lost}"
            assert len(TYPED.findall(form)) == len(TYPED.findall(forms(message.id)[0])), form
            assert form.count("**") == forms(message.id)[0].count("**"), form


def catalogues(folder: Path, po: str) -> Catalogues:
    path = folder / "zh" / "LC_MESSAGES" / "test.po"
    path.parent.mkdir(parents=True)
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=1; plural=0;\\n"\n\n'
    path.write_text(header + po, encoding="utf-8")
    return Catalogues(folder)


PO = """
msgid "**{name}** is here"
msgstr "**{name}**在这里"

msgid "{count} friend"
msgid_plural "{count} friends"
msgstr[0] "{count} 个好友"

#, fuzzy
msgid "unsure"
msgstr "不确定"
"""


def test_a_message_is_said_in_either_language(tmp_path: Path) -> None:
    said = catalogues(tmp_path, PO)
    here = _("**{name}** is here")
    assert said[Language.EN].say(here, name="<Lin>").html == "<strong>&lt;Lin&gt;</strong> is here"
    assert said[Language.ZH].text(here, name="林") == "林在这里"


def test_plural_forms_follow_the_language(tmp_path: Path) -> None:
    said = catalogues(tmp_path, PO)
    friends = N_("{count} friend", "{count} friends")
    assert [said[Language.EN].text(friends, count=n) for n in (0, 1, 2)] == ["0 friends", "1 friend", "2 friends"]
    assert [said[Language.ZH].text(friends, count=n) for n in (0, 1, 2)] == ["0 个好友", "1 个好友", "2 个好友"]


def test_what_is_not_translated_for_sure_is_said_in_english(tmp_path: Path) -> None:
    chinese = catalogues(tmp_path, PO)[Language.ZH]
    assert chinese.text(_("unsure")) == "unsure"
    assert chinese.text(Message("never seen")) == "never seen"


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (1_234_567, "1,234,567", "1,234,567"),
        (Decimal("1234.5"), "1,234.5", "1,234.5"),
        (timedelta(minutes=1), "1 minute", "1分钟"),
        (timedelta(minutes=90), "90 minutes", "90分钟"),
        (timedelta(hours=2), "2 hours", "2小时"),
        (timedelta(days=1), "1 day", "1天"),
        (timedelta(0), "0 seconds", "0秒"),
        (date(2026, 2, 3), "Feb 3, 2026", "2026年2月3日"),
        (datetime(2026, 2, 3, 16, 5, tzinfo=UTC), "Feb 3, 2026, 4:05:00\u202fPM", "2026年2月3日 16:05:00"),
        (["a", "b", "c"], "a, b, and c", "a、b和c"),
        ([bold("a"), "b"], "a, b", "a、b"),
        (True, "True", "True"),
        (None, "None", "None"),
        (UserID("@a:b"), "@a:b", "@a:b"),
        (pill(UserID("@a:b"), "A"), "A", "A"),
        (b"x", "b'x'", "b'x'"),
    ],
)
def test_values_are_shown_as_readers_expect_them(value: object, english: str, chinese: str) -> None:
    said = Catalogues()
    assert said[Language.EN].text(Message("{value}"), value=value) == english
    assert said[Language.ZH].text(Message("{value}"), value=value) == chinese


def test_a_value_that_is_missing_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        Catalogues()[Language.ZH].text(_("Also: {names}"))


def test_a_message_can_be_a_value_of_another() -> None:
    said = Catalogues()[Language.ZH].text(_("Something is missing: {what}."), what=_("The text is empty."))
    assert said == "还缺一项：内容是空的。。"


def test_text_that_is_not_ours_is_said_as_it_is() -> None:
    english = Catalogues()[Language.EN]
    assert english.say("{name} **x**").plain == "{name} **x**"
    assert english.say(bold("x")) == bold("x")


def test_a_catalogue_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"test\.po"):
        catalogues(tmp_path, "msgid hello\n")


def test_two_catalogues_may_not_disagree(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="differently"):
        catalogues(tmp_path, 'msgid "There is nothing to cancel."\nmsgstr "没有"\n')


@pytest.mark.parametrize(
    ("text", "expected"),
    [("好友", True), ("!lw 好", True), ("〇", True), ("𠮷", True), ("friends", False), ("はい", False), ("！", False)],
)
def test_chinese_is_told_by_its_characters(text: str, expected: bool) -> None:
    assert contains_han(text) is expected


def test_the_answer_is_in_the_language_of_the_question_then_the_chosen_one_then_the_default() -> None:
    assert answer_language("好友", Language.EN) is Language.ZH
    assert answer_language("friends", Language.ZH) is Language.ZH
    assert answer_language("friends", None) is Language.EN
    assert answer_language("friends", None, Language.ZH) is Language.ZH
