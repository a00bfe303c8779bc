"""Declarations that cannot work are refused where they are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from mautrix.types import UserID

from appservice.bots import Argument, Bot, Context, DeclarationError, Level, Permissions, Router
from appservice.bots.arguments import parameters_of
from appservice.bots.buttons import button
from appservice.bots.guess import distance, nearest
from appservice.bots.registry import Registry
from appservice.language import _

A, B = UserID("@a:test"), UserID("@b:test")


def bare(context: Context, number: int) -> None: ...


def unmarked(context: Context, number: Annotated[int, "what"]) -> None: ...


def rest_in_between(
    context: Context, text: Annotated[str, Argument(_("x"), rest=True)], number: Annotated[int, Argument(_("x"))]
) -> None: ...


def rest_number(context: Context, number: Annotated[int, Argument(_("x"), rest=True)]) -> None: ...


def unknown_type(context: Context, number: Annotated[float, Argument(_("x"))]) -> None: ...


@pytest.mark.parametrize(
    ("handler", "complaint"),
    [
        (bare, r"number needs an annotation like Annotated\[int"),
        (unmarked, "number has no Argument"),
        (rest_in_between, "text takes the rest, so it must be the last"),
        (rest_number, "it must be a str"),
        (unknown_type, "give Argument a parse function"),
    ],
)
def test_an_argument_that_cannot_be_read_is_refused(handler: Callable[..., Any], complaint: str) -> None:
    with pytest.raises(DeclarationError, match=complaint):
        parameters_of(handler)


def handler(context: Context) -> None: ...


def other(context: Context) -> None: ...


def answer(context: Context, yes: Annotated[bool, Argument(_("x"))], *, number: int) -> None: ...


@pytest.mark.parametrize("names", [(), ("",), ("two words",)])
def test_a_command_needs_a_name_of_one_word(names: tuple[str, ...]) -> None:
    with pytest.raises(DeclarationError, match="name"):
        Router("x", ("!x",)).command(*names, help=_("x"))


def test_two_commands_of_a_router_have_different_names() -> None:
    router = Router("x", ("!x",))
    router.command("go", help=_("x"))(handler)
    with pytest.raises(DeclarationError, match="two commands"):
        router.command("come", "GO", help=_("x"))(other)


def test_a_router_has_one_default_command() -> None:
    router = Router("x", ("!x",))
    router.command("go", help=_("x"), default=True)(handler)
    with pytest.raises(DeclarationError, match="two default"):
        router.command("come", help=_("x"), default=True)(other)


def test_a_dialogue_takes_one_answer() -> None:
    router = Router("x", ("!x",))
    with pytest.raises(DeclarationError, match="one answer"):
        router.dialogue(handler)
    router.dialogue(answer)
    assert router.dialogues["answer"].state == {"number"}
    with pytest.raises(DeclarationError, match="two dialogues"):
        router.dialogue(answer)


def routers_with_a_command_each(prefix: str, other_prefix: str, default: bool = False) -> list[Router]:
    one, two = Router("one", (prefix,)), Router("two", (other_prefix,))
    one.command("go", help=_("x"), default=default)(handler)
    two.command("come" if default else "go", help=_("x"), default=default)(other)
    return [one, two]


def test_routers_that_share_a_prefix_share_no_name() -> None:
    one, two = routers_with_a_command_each("!x", "!x")
    with pytest.raises(DeclarationError, match="both have !x go"):
        Registry([Bot(A, "A", (one, two))])


def test_routers_that_share_a_prefix_do_not_both_take_what_follows() -> None:
    one, two = routers_with_a_command_each("!x", "!x", default=True)
    with pytest.raises(DeclarationError, match="whatever follows"):
        Registry([Bot(A, "A", (one, two))])


def test_prefixes_differ_in_more_than_width_and_case() -> None:
    one, two = routers_with_a_command_each("!x", "！X")
    with pytest.raises(DeclarationError, match="same prefix"):
        Registry([Bot(A, "A", (one, two))])


def test_bots_and_routers_have_names_of_their_own() -> None:
    one, two = routers_with_a_command_each("!x", "!y")
    two.name = "one"
    with pytest.raises(DeclarationError, match="two routers"):
        Registry([Bot(A, "A", (one, two))])
    with pytest.raises(DeclarationError, match="same user id"):
        Registry([Bot(A, "A", (one,)), Bot(A, "B", (one,))])


def test_a_handler_of_no_bot_is_no_command_and_no_dialogue() -> None:
    registry = Registry([Bot(A, "A", ())])
    with pytest.raises(DeclarationError, match="no command"):
        registry.command_of(handler)
    with pytest.raises(DeclarationError, match="no dialogue"):
        registry.dialogue_of(answer)


def test_a_button_with_arguments_that_do_not_fit_is_refused() -> None:
    with pytest.raises(TypeError):
        button("👍", "x", handler, 5)  # type: ignore[call-arg]


def test_the_most_exact_permission_counts() -> None:
    level_of = Permissions({"*": Level.USER, "test": Level.BLOCK, "@a:test": Level.ADMIN})
    assert [level_of(UserID(user)) for user in ("@a:test", "@b:test", "@a:else")] == [2, 0, 1]


def test_whom_no_permission_names_is_blocked() -> None:
    assert Permissions({"test": Level.USER})(UserID("@a:test:8448")) is Level.BLOCK


@pytest.mark.parametrize(
    ("one", "other", "steps"),
    [("abc", "abc", 0), ("abc", "ab", 1), ("abc", "acb", 1), ("abc", "xbc", 1), ("abc", "cab", 2), ("", "ab", 2)],
)
def test_typing_mistakes_are_counted(one: str, other: str, steps: int) -> None:
    assert distance(one, other, 2) == distance(other, one, 2) == steps
    assert distance("abcdef", "", 2) == 3


def test_what_is_meant_is_guessed_by_likeness_and_beginning() -> None:
    known = ["friends", "unfriend", "forget", "code"]
    assert nearest("freinds", known) == ["friends"]
    assert nearest("f", known) == []
    assert nearest("fo", known) == ["forget"]
    assert nearest("cod", known) == ["code"]
    assert nearest("xyz", known) == []
