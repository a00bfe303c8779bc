"""Proving that a number or an address is mine: every way through it, and what nobody may learn from it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from appservice.effects import Job
from appservice.unit import Unit
from laiwang_bridge.config import Homeserver
from laiwang_bridge.config_contacts import Contacts, Email, TextMessages
from laiwang_bridge.database import tables
from laiwang_bridge.people import store as people
from laiwang_bridge.people.address_store import address_key, mark_of
from laiwang_bridge.people.addresses import AddressKind
from laiwang_bridge.people.codes import format_code, parse_code
from tests.support.mailserver import MailServer, mail_server
from tests.unit.laiwang_bridge.features.town import BOT, DAY, HOUR, MINUTE, Person, Town, code_in, open_town

NUMBER, MASKED = "+86 138 0013 8000", "+86 138 •••• 8000"
EMAIL = "mei@example.org"
NOT_THE_CODE = "That is not the code."
IS_MINE = f"{MASKED} is yours."


@pytest.fixture
async def post() -> AsyncIterator[MailServer]:
    async with mail_server() as server:
        yield server


@pytest.fixture
def outgoing(tmp_path: Path) -> Path:
    """Where the program of the operator puts text messages. It cannot while a file `busy` or `broken` is beside it."""
    folder = tmp_path / "texts"
    folder.mkdir()
    program = tmp_path / "send-sms"
    program.write_text(
        f"#!/bin/sh\ncd '{tmp_path}'\ntest -e busy && exit 75\ntest -e broken && exit 1\ncat > texts/$LAIWANG_ID\n",
        encoding="utf-8",
    )
    program.chmod(0o700)
    return folder


@pytest.fixture
async def town(sqlite_url: str, post: MailServer, outgoing: Path) -> AsyncIterator[Town]:
    """With a mail server and text messages."""
    mail = Email(host="localhost", port=post.port, security="none", sender="Laiwang <bot@town.example>")
    texts = TextMessages(command=(str(outgoing.with_name("send-sms")),))
    async with open_town(sqlite_url, email=mail, text_messages=texts, contacts=Contacts(key="k" * 32)) as town:
        yield town


@pytest.fixture
async def poor_town(sqlite_url: str) -> AsyncIterator[Town]:
    """Where only friends can help."""
    async with open_town(sqlite_url) as town:
        yield town


@pytest.fixture
async def lin(town: Town) -> Person:
    return await town.arrive("lin")


@pytest.fixture
async def amy(town: Town) -> Person:
    return await town.arrive("amy")


def texted(outgoing: Path) -> str:
    """The newest text message."""
    newest = max(outgoing.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    return newest.read_text()


def count(outgoing: Path) -> int:
    return len(list(outgoing.iterdir()))


def mailed(post: MailServer) -> str:
    return str(post.mails[-1].get_content()).replace("\r\n", "\n")


async def prove(person: Person, outgoing: Path, number: str = NUMBER) -> str:
    """By a text message."""
    await person.say(f"number {number}")
    return await person.say(f"confirm {code_in(texted(outgoing))}")


async def nothing_plain(town: Town, *plain: str) -> None:
    """No table holds an address as it is."""
    for table in tables.metadata.tables:
        for row in await town.rows(table):
            for value in row.values():
                for part in plain:
                    assert part not in (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))


# -- by mail --------------------------------------------------------------------------------------------------------


async def test_an_address_is_proven_by_the_code_in_a_mail(lin: Person, post: MailServer) -> None:
    assert await lin.say(f"email {EMAIL}") == (
        "A mail with a code is on its way to m•••@example.org. Within 15 minutes, write `confirm` and the code."
    )
    said = mailed(post)
    code = code_in(said)
    assert said.startswith("Hello,\n\n@lin:town says on Matrix that this address is theirs.")
    assert f"write this to {BOT}:\n\n    confirm {code}\n\n" in said
    assert "ignore this mail" in said
    assert "http" not in said
    assert post.mails[-1]["Subject"] == f"{code} is your code for Laiwang"
    assert (await lin.say(f"confirm {code}")).startswith("m•••@example.org is yours.")
    assert "1. m•••@example.org (by mail): shown to those who have it and whom you have too" in await lin.say("mine")


async def test_a_domain_is_the_same_in_either_form(lin: Person, post: MailServer) -> None:
    await lin.say("email mei@bücher.example")
    assert post.envelopes[-1].rcpt_tos == ["mei@xn--bcher-kva.example"]
    assert "is yours" in await lin.say(f"confirm {code_in(mailed(post))}")
    assert "yours already" in await lin.say("email Mei@XN--Bcher-KVA.example")


async def test_in_chinese_too(lin: Person, post: MailServer, outgoing: Path) -> None:
    await lin.say(f"邮箱 {EMAIL}")
    assert "@lin:town 说" in mailed(post)
    code = code_in(mailed(post))
    assert f"确认 {code}" in mailed(post)
    assert "是你的了" in await lin.say(f"确认 {code}")
    await lin.say("号码 138 0013 8000")
    assert "是你的了" in await lin.say(f"确认{code_in(texted(outgoing))}")
    assert "1. m•••@example.org（邮件）" in await lin.say("我的号码")
    assert "存了它的人都看得到" in await lin.say("可找到 2 任何人")
    assert "删除" in await lin.say("删除号码 2")


async def test_a_greylisted_mail_is_sent_again(town: Town, lin: Person, post: MailServer) -> None:
    post.to_recipient = ["451 4.7.1 Greylisted"]
    await lin.say(f"email {EMAIL}")
    assert post.mails == []
    await town.wait(10 * MINUTE)
    code = code_in(mailed(post))
    await town.wait(10 * MINUTE)
    assert "is yours" in await lin.say(f"confirm {code}"), "its time runs from when it left"


async def test_a_mail_that_never_gets_through_is_given_up_after_an_hour(
    town: Town, lin: Person, post: MailServer
) -> None:
    post.to_recipient = ["451 4.7.1 Greylisted"] * 1000
    await lin.say(f"email {EMAIL}")
    for _wait in range(30):
        await town.wait(3 * MINUTE)
    assert lin.news() == (
        "My message to m•••@example.org did not get through in an hour. Please try again later:\nemail mei@example.org"
    )
    tried = len(post.to_recipient)
    await town.wait(HOUR)
    assert len(post.to_recipient) == tried
    await nothing_plain(town, EMAIL)


async def test_an_address_that_does_not_exist_is_told(lin: Person, post: MailServer) -> None:
    post.to_recipient = ["550 no such user"]
    said = await lin.say(f"email {EMAIL}")
    assert "Nothing can be sent to m•••@example.org: there is no such address." in said
    assert "No number or address of yours waits for a code" in await lin.say("confirm 23X4-PRMV")


async def test_a_mail_server_that_refuses_us_is_for_the_operators(lin: Person, post: MailServer) -> None:
    post.to_message = ["554 go away"]
    assert "the operators of this service have to look at it" in await lin.say(f"email {EMAIL}")


# -- by text message ------------------------------------------------------------------------------------------------


async def test_a_number_is_proven_by_the_code_in_a_text_message(lin: Person, outgoing: Path) -> None:
    assert (await lin.say(f"number {NUMBER}")).startswith(f"A text message with a code goes to {MASKED}.")
    assert '"number":"+8613800138000"' in texted(outgoing)
    assert "asked for by @lin:town" in texted(outgoing)
    assert (await lin.say(f"confirm {code_in(texted(outgoing))}")).startswith(IS_MINE)
    assert "(by text message)" in await lin.say("mine")


@pytest.mark.parametrize("typed", ["confirm {code}", "{code}", "!lw confirm {code}", "!lw {code}"])
async def test_a_code_may_be_typed_with_or_without_its_command(lin: Person, outgoing: Path, typed: str) -> None:
    await lin.say(f"number {NUMBER}")
    assert IS_MINE in await lin.say(typed.format(code=code_in(texted(outgoing)).lower()))


async def test_a_busy_program_is_run_again(town: Town, lin: Person, outgoing: Path) -> None:
    busy = outgoing.with_name("busy")
    busy.touch()
    await lin.say(f"number {NUMBER}")
    busy.unlink()
    await town.wait(2 * MINUTE)
    assert IS_MINE in await lin.say(f"confirm {code_in(texted(outgoing))}")


async def test_a_broken_program_is_for_the_operators(lin: Person, outgoing: Path) -> None:
    outgoing.with_name("broken").touch()
    assert "the operators of this service have to look at it" in await lin.say(f"number {NUMBER}")


async def test_nothing_plain_is_kept_wherever_it_went(
    town: Town, lin: Person, amy: Person, post: MailServer, outgoing: Path
) -> None:
    await prove(lin, outgoing)
    await amy.say(f"number {NUMBER}")
    await lin.say(f"email {EMAIL}")
    post.to_recipient = ["550 no"]
    await amy.say(f"email {EMAIL}")
    await lin.say(f"vouch {amy.user} {NUMBER}")
    await lin.say(f"vouch {amy.user} {EMAIL}")
    await nothing_plain(town, "13800138000", "138 0013 8000", EMAIL)


# -- codes ----------------------------------------------------------------------------------------------------------


async def test_wrong_codes_are_counted_and_end_the_claim(lin: Person, outgoing: Path) -> None:
    await lin.say(f"number {NUMBER}")
    code = code_in(texted(outgoing))
    wrong = format_code(1 if parse_code(code) == 0 else 0)
    said = [await lin.say(f"confirm {wrong}") for _try in range(6)]
    assert all(NOT_THE_CODE in answer for answer in said[:4]), said
    assert "That was the wrong code too often." in said[4]
    assert "Too many wrong codes." in said[5]


async def test_a_code_works_once_and_for_a_quarter_of_an_hour(town: Town, lin: Person, outgoing: Path) -> None:
    await lin.say(f"number {NUMBER}")
    late = code_in(texted(outgoing))
    await town.wait(16 * MINUTE)
    assert "waits for a code, or not any more" in await lin.say(f"confirm {late}")
    await prove(lin, outgoing)
    assert "waits for a code, or not any more" in await lin.say(f"confirm {code_in(texted(outgoing))}")


async def test_a_code_is_of_no_use_to_anybody_else(lin: Person, amy: Person, outgoing: Path) -> None:
    await lin.say(f"number {NUMBER}")
    code = code_in(texted(outgoing))
    assert "No number or address of yours waits" in await amy.say(f"confirm {code}")
    await amy.say("number +86 139 0013 9000")
    assert NOT_THE_CODE in await amy.say(f"confirm {code}")
    assert IS_MINE in await lin.say(f"confirm {code}")


async def test_only_the_newest_code_counts(lin: Person, outgoing: Path) -> None:
    await lin.say(f"number {NUMBER}")
    first = code_in(texted(outgoing))
    await lin.say(f"number {NUMBER}")
    second = code_in(texted(outgoing))
    assert first != second
    assert NOT_THE_CODE in await lin.say(f"confirm {first}")
    assert IS_MINE in await lin.say(f"confirm {second}")


# -- a friend -------------------------------------------------------------------------------------------------------


async def test_a_friend_who_has_the_number_proves_it(poor_town: Town) -> None:
    lin, amy = await poor_town.arrive("lin"), await poor_town.arrive("amy")
    await poor_town.befriend(lin, amy)
    assert "write `witness` with your friend’s id" in await lin.say(f"number {NUMBER}")
    asked = await lin.say(f"witness {amy.user}")
    assert f"Please ask Amy ({amy.user}) to write `vouch {lin.user}` to {BOT}" in asked
    assert amy.news() == "", "the bot tells the friend nothing"
    given = await amy.say(f"vouch {lin.user} 0086 138-0013-8000")
    assert f"Send this code to {MASKED}, or call and read it out" in given
    assert "Amy has a code for" in lin.news()
    assert code_in(given) not in str(poor_town.shown(lin.chat))
    assert IS_MINE in await lin.say(f"confirm {code_in(given)}")
    assert "(by a friend)" in await lin.say("mine")


async def test_the_friend_has_to_know_the_number(poor_town: Town) -> None:
    lin, amy, bo = [await poor_town.arrive(name) for name in ("lin", "amy", "bo")]
    await poor_town.befriend(lin, amy, bo)
    await lin.say(f"number {NUMBER}")
    refusals = [await amy.say(f"vouch {lin.user} {NUMBER}")]
    await lin.say(f"witness {amy.user}")
    refusals.append(await amy.say(f"vouch {lin.user} +86 139 0013 9000"))
    refusals.append(await bo.say(f"vouch {lin.user} {NUMBER}"))
    refusals.append(await bo.say(f"vouch @nobody:town {NUMBER}"))
    masked = [re.sub(r"^@\w+:town|\+86 13\d •••• \d000", "…", refusal) for refusal in refusals]
    assert len(set(masked)) == 1, "why there is nothing to confirm, nobody is told"
    assert "has not asked you about" in refusals[0]


async def test_a_friend_cannot_try_numbers_until_one_fits(poor_town: Town) -> None:
    lin, amy = await poor_town.arrive("lin"), await poor_town.arrive("amy")
    await poor_town.befriend(lin, amy)
    await lin.say(f"number {NUMBER}")
    await lin.say(f"witness {amy.user}")
    for last in range(5):
        assert "has not asked" in await amy.say(f"vouch {lin.user} +86 139 0013 900{last}")
    assert "wrong too often" in await amy.say(f"vouch {lin.user} {NUMBER}")


async def test_only_a_friend_can_be_a_witness(town: Town, lin: Person, amy: Person) -> None:
    assert "First tell me which number" in await lin.say(f"witness {amy.user}")
    await lin.say(f"number {NUMBER}")
    assert f"{amy.user} is not among your friends." in await lin.say(f"witness {amy.user}")
    assert "is not among your friends." in await lin.say("witness @nobody:town")
    await town.befriend(lin, amy)
    await lin.say(f"witness {amy.user}")
    await lin.say(f"unfriend {amy.user}")
    assert "has not asked you" in await amy.say(f"vouch {lin.user} {NUMBER}")


async def test_the_operator_may_do_without_the_word_of_friends(sqlite_url: str) -> None:
    async with open_town(sqlite_url, contacts=Contacts(friends_prove=False)) as town:
        lin, amy = await town.arrive("lin"), await town.arrive("amy")
        await town.befriend(lin, amy)
        assert f"There is no way here to prove {MASKED}" in await lin.say(f"number {NUMBER}")
        assert "Here friends cannot prove numbers" in await lin.say(f"witness {amy.user}")
        assert "has not asked you" in await amy.say(f"vouch {lin.user} {NUMBER}")
        assert await town.count("address_claim") == 0


async def test_a_friend_may_ask_for_his_code_again(poor_town: Town) -> None:
    lin, amy = await poor_town.arrive("lin"), await poor_town.arrive("amy")
    await poor_town.befriend(lin, amy)
    await lin.say(f"email {EMAIL}")
    await lin.say(f"witness {amy.user}")
    first = code_in(await amy.say(f"vouch {lin.user} {EMAIL}"))
    assert code_in(await amy.say(f"vouch {lin.user} Mei@Example.org")) == first


# -- the homeserver -------------------------------------------------------------------------------------------------


class Knowledge:
    """Synapse's admin API, as far as we ask it."""

    def __init__(self) -> None:
        self.users: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[str] = []
        self.status = 200

    async def answer(self, request: web.Request) -> web.Response:
        user = request.match_info["user"]
        self.asked.append(user)
        return web.json_response({"name": user, "threepids": self.users.get(user, [])}, status=self.status)


@pytest.fixture
async def knowledge() -> AsyncIterator[tuple[Knowledge, str]]:
    known, app = Knowledge(), web.Application()
    app.router.add_get("/_synapse/admin/v2/users/{user}", known.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield known, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def known_town(sqlite_url: str, knowledge: tuple[Knowledge, str]) -> AsyncIterator[Town]:
    """Whose homeserver tells what it knows."""
    contacts = Contacts(homeserver_admin_token="an-admin-token-0123456789-abcdefghij")
    homeserver = Homeserver(address=knowledge[1], domain="town")
    async with open_town(sqlite_url, homeserver=homeserver, contacts=contacts) as town:
        yield town


async def test_what_the_homeserver_has_confirmed_is_proven(known_town: Town, knowledge: tuple[Knowledge, str]) -> None:
    lin = await known_town.arrive("lin")
    knowledge[0].users["@lin:town"] = [{"medium": "msisdn", "address": "8613800138000", "validated_at": 1}]
    said = await lin.say(f"number {NUMBER}")
    assert said.startswith(f"I ask your homeserver whether it knows {MASKED} as yours.")
    assert IS_MINE in said
    assert "(known to your homeserver)" in await lin.say("mine")
    await nothing_plain(known_town, "13800138000", "138 0013 8000")


async def test_what_it_does_not_know_goes_another_way(known_town: Town, knowledge: tuple[Knowledge, str]) -> None:
    lin = await known_town.arrive("lin")
    assert "A friend who has it can do that" in await lin.say(f"number {NUMBER}")
    knowledge[0].status = 403
    assert "A friend who has it can do that" in await lin.say(f"email {EMAIL}")


async def test_it_is_not_asked_about_users_of_others(known_town: Town, knowledge: tuple[Knowledge, str]) -> None:
    far = await known_town.arrive("far", server="elsewhere")
    assert "A friend who has it can do that" in await far.say(f"number {NUMBER}")
    assert knowledge[0].asked == []


# -- whose it is ----------------------------------------------------------------------------------------------------


async def test_a_number_that_was_given_to_somebody_else_is_his(lin: Person, amy: Person, outgoing: Path) -> None:
    await prove(lin, outgoing)
    assert IS_MINE in await prove(amy, outgoing)
    assert f"Somebody else has just proven that {MASKED} is theirs" in lin.news()
    assert "You have proven no number" in await lin.say("mine")
    assert "amy" not in str(lin.town.shown(lin.chat)).lower()


async def test_the_word_of_a_friend_takes_no_number_away(town: Town, lin: Person, amy: Person, outgoing: Path) -> None:
    await prove(lin, outgoing)
    eve = await town.arrive("eve")
    await town.befriend(eve, amy)
    await eve.say(f"number {NUMBER}")
    await eve.say(f"witness {amy.user}")
    code = code_in(await amy.say(f"vouch {eve.user} {NUMBER}"))
    assert "a friend’s word is not enough" in await eve.say(f"confirm {code}")
    assert lin.news() == ""
    assert MASKED in await lin.say("mine")


async def test_listeners_hear_of_a_newly_proven_address(town: Town, lin: Person, amy: Person, outgoing: Path) -> None:
    heard: list[tuple[int, int, str]] = []

    def listen(_unit: Unit, person: int, address: int, mark: str) -> None:
        heard.append((person, address, mark))

    town.app.ties.address_listeners.append(listen)
    await prove(lin, outgoing)
    await prove(amy, outgoing)
    key, addresses = b"k" * 32, await town.rows("address")
    expected = mark_of(key, AddressKind.NUMBER, "+8613800138000")
    assert [mark for _person, _address, mark in heard] == [expected, expected]
    assert heard[1][1] == addresses[0]["id"]
    assert heard[0][0] != heard[1][0]


async def test_what_is_mine_already_needs_no_proof(lin: Person, outgoing: Path) -> None:
    await prove(lin, outgoing)
    sent = count(outgoing)
    assert f"{MASKED} is proven to be yours already." in await lin.say("number 13800138000")
    assert count(outgoing) == sent


async def test_who_may_find_me_is_my_choice(lin: Person, outgoing: Path) -> None:
    await prove(lin, outgoing)
    assert f"{MASKED} is shown to anybody who has it." in await lin.say("findable 1 anyone")
    assert f"{MASKED} is shown to nobody." in await lin.say("findable 1 nobody")
    assert "(by text message): shown to nobody" in await lin.say("mine")
    said = await lin.say("findable 2 anyone")
    assert "You have no proven number or address 2." in said
    assert said.endswith("mine")


async def test_an_address_can_be_deleted(town: Town, lin: Person, outgoing: Path) -> None:
    await prove(lin, outgoing)
    assert f"{MASKED} is deleted" in await lin.say("withdraw 1")
    assert await town.count("address") == 0


async def test_on_either_database(database_url: str, post: MailServer) -> None:
    mail = Email(host="localhost", port=post.port, security="none", sender="bot@town.example")
    async with open_town(database_url, email=mail) as town:
        lin, amy, eve = [await town.arrive(name) for name in ("lin", "amy", "eve")]
        await lin.say(f"email {EMAIL}")
        await lin.say(f"confirm {code_in(mailed(post))}")
        await amy.say(f"email {EMAIL}")
        await amy.say(f"confirm {code_in(mailed(post))}")
        assert "is theirs" in lin.news()
        await town.befriend(amy, eve)
        await eve.say(f"number {NUMBER}")
        await eve.say(f"witness {amy.user}")
        await eve.say(f"confirm {code_in(await amy.say(f'vouch {eve.user} {NUMBER}'))}")
        assert {(row["kind"], row["proof"]) for row in await town.rows("address")} == {
            ("email", "email"), ("number", "friend"),
        }  # fmt: skip
        await amy.say("forget")
        await amy.say("yes")
        assert await town.count("address") == 1


# -- again ----------------------------------------------------------------------------------------------------------


async def test_what_the_homeserver_pushes_twice_is_sent_once(town: Town, lin: Person, post: MailServer) -> None:
    town.twice = True
    await lin.say(f"email {EMAIL}")
    assert len(post.mails) == 1
    assert "is yours" in await lin.say(f"confirm {code_in(mailed(post))}")
    assert await town.count("address") == 1


async def test_a_restart_in_between_changes_nothing(town: Town, lin: Person, outgoing: Path) -> None:
    town.held = lambda effect: isinstance(effect, Job)
    await lin.say(f"number {NUMBER}")
    assert count(outgoing) == 0
    town.restart()
    town.held = lambda _effect: False
    await town.wait(MINUTE)
    town.restart()
    assert IS_MINE in await lin.say(f"confirm {code_in(texted(outgoing))}")


async def test_nothing_is_sent_any_more_for_somebody_who_has_gone(town: Town, lin: Person, outgoing: Path) -> None:
    town.held = lambda effect: isinstance(effect, Job)
    await lin.say(f"number {NUMBER}")
    await lin.say("forget")
    await lin.say("yes")
    town.held = lambda _effect: False
    await town.wait(MINUTE)
    assert count(outgoing) == 0
    await nothing_plain(town, "13800138000")


# -- limits ---------------------------------------------------------------------------------------------------------


async def test_nobody_makes_a_mail_cannon_of_us(town: Town, lin: Person, post: MailServer) -> None:
    for number in range(8):
        await lin.say(f"email victim{number}@example.org")
    assert len(post.mails) == 5
    assert "Please try again tomorrow." in await lin.say(f"email {EMAIL}")
    await lin.say("forget")
    await lin.say("yes")
    assert "Please try again tomorrow." in await lin.say(f"email {EMAIL}")
    await town.wait(DAY)
    assert "on its way" in await lin.say(f"email {EMAIL}")


async def test_nobody_is_written_to_often_whoever_asks(town: Town, post: MailServer) -> None:
    for name in ("ann", "bo", "cat", "dan", "eve"):
        await (await town.arrive(name)).say(f"email {EMAIL}")
    assert len(post.mails) == 3


async def test_another_homeserver_can_send_only_so_much(town: Town, post: MailServer) -> None:
    for person in range(30):
        far = await town.arrive(f"p{person}", server="hostile")
        await far.say(f"email victim{person}@example.org")
    assert len(post.mails) == 20


async def test_the_operator_bounds_a_day(sqlite_url: str, post: MailServer) -> None:
    mail = Email(host="localhost", port=post.port, security="none", sender="bot@town.example", per_day=2)
    async with open_town(sqlite_url, email=mail) as town:
        for name in ("ann", "bo", "cat"):
            await (await town.arrive(name)).say(f"email {name}@example.org")
        assert len(post.mails) == 2
        await town.wait(DAY)
        await (await town.arrive("dan")).say("email dan@example.org")
        assert len(post.mails) == 3


# -- mistakes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "sentence", "corrected"),
    [
        ("number", "Something is missing: your number.", "number +86 138 0013 8000"),
        ("number 10086", "", "number +86 138 0013 8000"),
        ("number hello", "There is no number in it.", "number +86 138 0013 8000"),
        ("email hello", "There is no e-mail address in it.", "email mei@example.org"),
        ("email a@b", "What is after the @ is no domain.", "email mei@example.org"),
        ("confirm", "Which code?", "confirm K7RF-2XWM"),
        ("confirm 234", "a code has 8 letters and digits", "confirm K7RF-2XWM"),
        ("confirm 23X4-PRMV", "No number or address of yours waits for a code", "number +86 138 0013 8000"),
        ("witness", "Which friend has your number?", "witness @name:example.org"),
        ("vouch", "Something is missing: for whom.", "vouch @name:example.org +86 138 0013 8000"),
        ("vouch @amy:town hello", "There is no number in it.", "vouch @amy:town +86 138 0013 8000"),
        ("findable", "Something is missing", "findable 1 mutual"),
        ("findable 1 all", "", "findable 1 mutual"),
        ("withdraw 3", "You have no proven number or address 3.", "mine"),
    ],
)
async def test_a_mistake_gets_one_sentence_and_the_right_command(
    lin: Person, typed: str, sentence: str, corrected: str
) -> None:
    said = await lin.say(typed)
    assert sentence in said
    assert said.splitlines()[-1] == corrected


async def test_numbers_are_for_direct_chats_only(town: Town, lin: Person, amy: Person) -> None:
    room = await town.gather(lin, amy)
    await town.say(lin.user, room, f"!lw number {NUMBER}")
    assert "open a direct chat" in town.news(room)
    assert await town.count("address_claim") == 0


# -- about me -------------------------------------------------------------------------------------------------------


async def test_my_addresses_are_in_my_export_and_go_when_i_do(town: Town, lin: Person, outgoing: Path) -> None:
    await prove(lin, outgoing)
    await lin.say("number +86 139 0013 9000")
    code = code_in(texted(outgoing))
    exported = await town.database.read(
        lambda connection: {
            name: export(connection, people.find_person(connection, lin.user))  # type: ignore[arg-type]
            for name, export in town.app.ties.exports.items()
        }
    )
    assert exported["addresses"][0]["address"] == MASKED
    assert exported["claims"][0]["address"] == "+86 139 •••• 9000"
    assert code.replace("-", "") not in str(exported)
    await lin.say("forget")
    await lin.say("yes")
    assert (await town.count("address"), await town.count("address_claim")) == (0, 0)


async def test_without_a_configured_key_the_database_has_one(poor_town: Town) -> None:
    key = await poor_town.database.write(lambda connection: address_key(connection, ""))
    lin = await poor_town.arrive("lin")
    await lin.say(f"number {NUMBER}")
    [claim] = await poor_town.rows("address_claim")
    assert claim["mark"] == mark_of(key, AddressKind.NUMBER, "+8613800138000")
