"""Files that people hand to a bot: who gets them, with what words, and which are left alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appservice.bots import Bot, Context, File, Rate, Router, UserError
from appservice.bots.testing import Stage
from appservice.database import Database
from appservice.language import Message
from tests.appservice.bots.library import ANN, BEN, CHAT, HALL

KEEPER = "@keeper:test"
MXC = "mxc://else.where/abcdef"
BOOK = {"msgtype": "m.file", "url": MXC, "info": {"mimetype": "text/vcard", "size": 12}}


def _keeper() -> Bot:
    def take(context: Context, file: File) -> None:
        if file.size == 0:
            raise UserError(Message("It is empty."))
        context.reply(
            Message("{kind} {name} {type} {size} {url} {secret}"),
            kind=file.kind,
            name=file.name,
            type=file.media_type,
            size=str(file.size),
            url=file.url,
            secret=str(file.is_encrypted),
        )

    def picture(context: Context, file: File) -> None:
        context.reply(Message("A picture."))

    def hello(context: Context) -> None:
        context.reply(Message("Hello."))

    cards = Router("cards", ("!cards",), title=Message("Cards"))
    cards.command("hello", help=Message("Say hello"))(hello)
    cards.receives(lambda file: file.media_type == "text/vcard" or file.is_encrypted, take)
    pictures = Router("pictures", ("!pictures",), title=Message("Pictures"))
    pictures.receives(lambda file: file.kind == "m.image", picture)
    pictures.receives(lambda file: file.name.endswith(".vcf"), picture)
    return Bot(KEEPER, "Keeper", (cards, pictures))  # type: ignore[arg-type]


@pytest.fixture
def stage(database: Database) -> Stage:
    stage = Stage(database, [_keeper()])
    stage.room(CHAT, ANN, KEEPER)
    stage.room(HALL, ANN, BEN, KEEPER)
    return stage


async def send(stage: Stage, content: dict[str, Any], *, room: str = CHAT, body: str = "book.vcf") -> list[str]:
    return await stage.say(ANN, room, body, content=content)


async def test_a_file_goes_to_whoever_takes_its_kind(stage: Stage) -> None:
    assert await send(stage, BOOK) == [f"m.file book.vcf text/vcard 12 {MXC} False"]
    assert await send(stage, {**BOOK, "msgtype": "m.image", "info": {}}, body="cat.png") == ["A picture."]


async def test_of_two_who_would_the_first_takes_it(stage: Stage) -> None:
    assert await send(stage, BOOK, body="x.vcf") == [f"m.file x.vcf text/vcard 12 {MXC} False"]


async def test_words_to_a_file_are_its_caption_and_not_its_name(stage: Stage) -> None:
    said = await send(stage, {**BOOK, "filename": "book.vcf"}, body="here are my friends")
    assert said == [f"m.file book.vcf text/vcard 12 {MXC} False"]


async def test_words_to_a_file_are_no_command(stage: Stage) -> None:
    assert await send(stage, {**BOOK, "filename": "book.vcf"}, body="hello") == [
        f"m.file book.vcf text/vcard 12 {MXC} False"
    ]


async def test_an_encrypted_attachment_is_handed_over_as_one(stage: Stage) -> None:
    secret = {"url": MXC, "v": "v2", "key": {"k": "a key"}, "iv": "iv", "hashes": {"sha256": "hash"}}
    content = {"msgtype": "m.file", "file": secret, "info": {"mimetype": "text/vcard"}}
    assert await send(stage, content) == [f"m.file book.vcf text/vcard None {MXC} True"]


async def test_in_a_room_with_others_files_are_none_of_our_business(stage: Stage) -> None:
    assert await send(stage, BOOK, room=HALL) == []


async def test_a_file_that_nobody_takes_is_not_answered(stage: Stage) -> None:
    content = {"msgtype": "m.audio", "url": MXC}
    assert "m.audio" not in str(await send(stage, content, body="song.ogg"))


async def test_why_it_is_not_taken_is_said_in_one_sentence(stage: Stage) -> None:
    assert await send(stage, {**BOOK, "info": {"mimetype": "text/vcard", "size": 0}}) == ["It is empty."]


async def test_files_come_no_quicker_than_commands(database: Database) -> None:
    stage = Stage(database, [_keeper()], rate=Rate(burst=3))
    stage.room(CHAT, ANN, KEEPER)
    said = [await send(stage, BOOK) for _time in range(6)]
    assert sum(len(answers) == 1 and answers[0].startswith("m.file") for answers in said) == 3
    assert "That was a lot at once." in str(said[3])
    assert said[5] == []


async def test_a_file_is_taken_while_a_question_is_open(stage: Stage) -> None:
    assert await stage.say(ANN, CHAT, "hello") == ["Hello."]
    assert len(await send(stage, BOOK)) == 1


@pytest.mark.parametrize(
    "content",
    [
        {"msgtype": "m.text", "url": MXC, "body": "x"}, {"msgtype": "m.file", "body": "x"},
        {"msgtype": "m.file", "body": "x", "url": "https://example.org/x"}, {"msgtype": "m.file", "url": 7},
        {"msgtype": "m.file", "file": {"url": None}}, {"msgtype": "m.file", "file": "mxc://a/b"},
        {"msgtype": ["m.file"], "url": MXC}, {},
    ],
)  # fmt: skip
def test_what_is_no_file_is_none(content: dict[str, Any]) -> None:
    assert File.of(content) is None


@pytest.mark.parametrize(
    "info", [None, 7, [], {"size": -1}, {"size": "12"}, {"size": True, "mimetype": 5}, {"mimetype": None}]
)
def test_what_a_file_says_of_itself_is_not_believed(info: Any) -> None:
    file = File.of({**BOOK, "info": info, "body": None})
    assert file is not None
    assert file.media_type == ""
    assert file.size in (None, 1)
    assert file.name == ""


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("url", "file", "info", "body", "filename"), _JSON)))
def test_no_content_is_too_strange(content: dict[str, Any]) -> None:
    file = File.of({"msgtype": "m.file", **content})
    assert file is None or file.url.startswith("mxc://")
