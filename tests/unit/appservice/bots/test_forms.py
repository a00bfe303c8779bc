"""Commands as forms (MSC4391): what clients are told of them, and how what they send is read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mautrix.types import UserID

from appservice.bots.forms import FORM, Form, description, full_name, state_key, understand_form
from appservice.bots.understand import Call, HelpWanted, Mistake
from appservice.language import Catalogues, Language
from tests.unit.appservice.bots import declared
from tests.unit.appservice.bots.declared import Tongue

ANN = UserID("@ann:example.org")
ROUTERS = (declared.lw, declared.zd)
CATALOGUES = Catalogues()

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def filled(command: str, **arguments: Any) -> Any:
    form = Form.of({FORM: {"command": command, "arguments": arguments}})
    assert form is not None
    return understand_form(form, ROUTERS)


def mistake(command: str, **arguments: Any) -> tuple[str, str]:
    understood = filled(command, **arguments)
    assert isinstance(understood, Mistake)
    return CATALOGUES[Language.EN].text(understood.message, **understood.values), understood.corrected[0]


def described(name: str) -> dict[str, Any]:
    command = declared.lw.find(name)
    assert command is not None
    return description(command, declared.lw, CATALOGUES[Language.EN])


# -- describing -----------------------------------------------------------------------------------------------------


def test_a_command_is_described_with_its_types() -> None:
    assert described("remind") == {
        "command": "lw remind",
        "aliases": ["来往 提醒"],
        "description": {"m.text": [{"body": "Tell somebody something later"}]},
        "parameters": [
            {
                "key": "whom",
                "schema": {"schema_type": "primitive", "type": "user_id"},
                "description": {"m.text": [{"body": "whom"}]},
            },
            {
                "key": "when",
                "schema": {"schema_type": "primitive", "type": "string"},
                "description": {"m.text": [{"body": "in how long"}]},
            },
            {
                "key": "what",
                "schema": {"schema_type": "primitive", "type": "string"},
                "description": {"m.text": [{"body": "what to say"}]},
            },
        ],
        "fi.mau.tail_parameter": "what",
    }


def test_a_choice_is_a_union_of_literals_and_what_may_be_left_out_says_so() -> None:
    (which,) = described("language")["parameters"]
    assert which["schema"] == {
        "schema_type": "union",
        "variants": [{"schema_type": "literal", "value": "en"}, {"schema_type": "literal", "value": "zh"}],
    }
    assert "optional" not in which
    assert described("code")["parameters"][0]["optional"] is True


def test_the_state_key_is_the_hash_that_clients_compare() -> None:
    # the example of the proposal
    key = state_key("ban", UserID("@draupnir:draupnir.space"))
    assert key == "JBDLR6YMe+72yqsEMi/MVdTmjN3ynPThMz+M7QLATZQ="


# -- reading --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "given", "arguments"),
    [
        ("lw friends", {}, {}),
        ("来往 好友", {}, {}),
        ("LW Friends", {}, {}),
        ("friends", {}, {}),
        ("lw block", {"whom": "@ann:example.org"}, {"whom": ANN}),
        ("lw block", {"whom": "https://matrix.to/#/@ann:example.org"}, {"whom": ANN}),
        ("lw language", {"which": "zh"}, {"which": Tongue.ZH}),
        ("lw code", {}, {"given": None}),
        ("lw code", {"given": None}, {"given": None}),
        ("lw code", {"given": "abcd"}, {"given": "ABCD"}),
        (
            "lw remind",
            {"whom": "@ann:example.org", "when": "2h", "what": "call  me"},
            {"whom": ANN, "when": timedelta(hours=2), "what": "call  me"},
        ),
    ],
)
def test_a_form_is_the_same_call_as_a_line(command: str, given: dict[str, Any], arguments: dict[str, Any]) -> None:
    understood = filled(command, **given)
    assert isinstance(understood, Call)
    assert dict(understood.arguments) == arguments


def test_what_is_wrong_is_answered_with_a_line_that_is_right() -> None:
    assert mistake("lw block") == ("Something is missing: whom.", "!lw block @alice:example.org")
    said, line = mistake("lw remind", whom="@ann:example.org", when="soon", what="call me")
    assert "“soon” is no length of time" in said
    assert line == "!lw remind @ann:example.org 2h"
    assert mistake("lw friends", all=True) == ("I do not know what to do with “all” there.", "!lw friends")
    assert mistake("lw block", whom=True)[0] == "I do not know what to do with “True” there."
    assert mistake("lw block", whom={"id": "@ann:example.org"})[1] == "!lw block @alice:example.org"
    assert mistake("来往 屏蔽")[1] == "!来往 屏蔽 @alice:example.org"


def test_an_unknown_command_is_guessed_and_help_is_help() -> None:
    assert mistake("lw freinds")[1] == "!lw friends"
    assert isinstance(filled("lw help"), HelpWanted)


@pytest.mark.parametrize("content", [{}, {FORM: "lw friends"}, {FORM: {}}, {FORM: {"command": 7}},
                                     {FORM: {"command": "lw friends", "arguments": []}}])  # fmt: skip
def test_what_is_no_form_is_none(content: dict[str, Any]) -> None:
    assert Form.of(content) is None


@given(
    st.sampled_from(["lw remind", "lw block", "lw code", "lw language", "zd", "", "lw"]) | st.text(max_size=20), json
)
def test_whatever_is_sent_is_understood_or_a_mistake(command: str, arguments: Any) -> None:
    form = Form.of({FORM: {"command": command, "arguments": arguments}})
    if form is not None:
        understand_form(form, ROUTERS)
        assert isinstance(form.line.text, str)


def test_every_command_can_be_filled_in_by_its_own_description() -> None:
    for router in ROUTERS:
        for command in router.commands:
            examples = {
                one.name: one.example.split() if one.is_many else one.example
                for one in command.parameters
                if one.required and one.example.strip("…")
            }
            if len(examples) == sum(one.required for one in command.parameters):
                understood = filled(full_name(command, router, Language.EN), **examples)
                assert isinstance(understood, Call)
                assert understood.command is command
