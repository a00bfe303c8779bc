"""A registration: generated, written, read back, judged and compared."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appservice.registration import Namespace, Namespaces, Registration, compare, escape, generate, token_problem
from appservice.registration_file import RegistrationError, dump, load, write

DOMAINS = st.from_regex(r"([a-z0-9-]{1,8}\.){0,3}[a-z]{2,5}(:[1-9][0-9]{0,3})?", fullmatch=True)
LOCALPARTS = st.from_regex(r"[a-z0-9._/-]{1,12}", fullmatch=True)


def a_registration(**changes: Any) -> Registration:
    return replace(
        generate(
            id="tester",
            url="http://localhost:9000",
            domain="example.org",
            sender_localpart="tester",
            user_prefix="_tester_",
            alias_prefixes=["_tester_", "short_"],
            protocols=["tester"],
        ),
        **changes,
    )


def users(regex: str, *, exclusive: bool = True) -> Namespaces:
    return Namespaces(users=(Namespace(True, r"@tester:example\.org"), Namespace(exclusive, regex)))


@given(domain=DOMAINS, bot=LOCALPARTS, prefix=LOCALPARTS, alias=LOCALPARTS)
def test_what_is_generated_is_valid_and_claims_the_bot_and_the_prefixes(
    domain: str, bot: str, prefix: str, alias: str
) -> None:
    made = generate(
        id="x", url="http://x", domain=domain, sender_localpart=bot, user_prefix=prefix, alias_prefixes=[alias]
    )
    assert made.validate() == []
    assert made.bot == f"@{bot}:{domain}"
    assert made.is_ours(made.bot)
    assert made.is_ours(f"@{prefix}somebody:{domain}")
    assert made.is_our_alias(f"#{alias}room:{domain}")


def test_every_generated_token_is_another() -> None:
    tokens = {token for made in (a_registration(), a_registration()) for token in (made.as_token, made.hs_token)}
    assert len(tokens) == 4
    assert all(len(token) >= 64 for token in tokens)


def test_tokens_do_not_show_in_its_representation() -> None:
    made = a_registration()
    assert made.as_token not in repr(made)
    assert made.hs_token not in repr(made)


@pytest.mark.parametrize(
    "user_id",
    [
        "@_tester_x:example.com",
        "@_tester_x:exampleXorg",
        "@_tester_x:example.org:8448",
        "@_tester_x:example.org.evil.net",
        "@alice:example.org",
        "@tester2:example.org",
        "#_tester_x:example.org",
        "_tester_x:example.org",
        "@_tester_x",
        "@:example.org",
        "",
    ],
)
def test_nobody_else_is_taken_for_ours(user_id: str) -> None:
    assert not a_registration().is_ours(user_id)


def test_a_domain_in_the_middle_of_an_id_does_not_make_it_ours() -> None:
    assert not a_registration().is_ours("@_tester_x:evil.net:example.org")


def test_names_that_others_may_take_are_not_ours() -> None:
    shared = a_registration(namespaces=users(r"@_tester_.*:example\.org", exclusive=False))
    assert not shared.is_ours("@_tester_x:example.org")


def test_an_alias_of_another_server_or_prefix_is_not_ours() -> None:
    made = a_registration()
    assert not made.is_our_alias("#_tester_x:example.com")
    assert not made.is_our_alias("#other:example.org")
    assert not made.is_our_alias("@_tester_x:example.org")


@given(st.text(max_size=30))
def test_an_escaped_text_matches_itself_only(text: str) -> None:
    namespace = Namespace(True, escape(text))
    assert namespace.holds(text)
    assert not namespace.holds(text + "x")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id": ""}, "id is missing"),
        ({"id": "a|b"}, "contains '|'"),
        ({"url": None}, "would never send us anything"),
        ({"url": "localhost:9000"}, "is not an address such as http://"),
        ({"url": "http://x:nine"}, "is not an address such as http://"),
        ({"url": "http://me:pw@x/"}, "bare address"),
        ({"as_token": ""}, "as_token is missing"),
        ({"hs_token": "change-me" * 5}, "hs_token is still the placeholder"),
        ({"as_token": "short"}, "as_token is too short to be safe: it has 5 characters"),
        ({"as_token": "a" * 64}, "as_token is too easy to guess"),
        ({"as_token": "with a blank and ä" + "0123456789abcdef"}, "no HTTP header can carry"),
        ({"sender_localpart": ""}, "sender_localpart is missing"),
        ({"sender_localpart": "@tester:example.org"}, "sender_localpart '@tester:example.org' must be made of"),
        ({"sender_localpart": "other"}, r"add {exclusive: true, regex: '@other:example\.org'}"),
        ({"namespaces": Namespaces()}, "outside of the users namespace"),
        ({"namespaces": users("@_tester_(.*")}, "is not a valid regular expression"),
        ({"namespaces": users("")}, "is not a valid regular expression"),
        ({"namespaces": users(r"_tester_.*:example\.org")}, "must begin with @"),
        ({"namespaces": users(r"@_tester_.*:example\.org", exclusive=False)}, "is not exclusive"),
        ({"namespaces": users("@_tester_.*:example.org")}, "does not escape the dots of the domain"),
        ({"namespaces": users("@_tester_.*")}, r"must end in :example\.org"),
        ({"namespaces": users(r"@_tester_.*:example\.com")}, r"must end in :example\.org"),
        ({"namespaces": users(r"@.*:example\.org")}, "claims every name on example.org"),
    ],
)
def test_every_mistake_gets_one_sentence(changes: dict[str, Any], words: str) -> None:
    problems = a_registration(**changes).validate()
    assert [problem for problem in problems if words in problem]
    assert all(problem.endswith((".", r"\.org")) for problem in problems)


def test_equal_tokens_are_refused() -> None:
    made = a_registration()
    assert "the same" in " ".join(replace(made, hs_token=made.as_token).validate())


def test_several_mistakes_are_named_at_once() -> None:
    assert len(a_registration(id="", url=None, as_token="").validate()) == 3


def test_problems_never_show_a_token() -> None:
    weak = "tooshort-but-secret"
    assert weak not in " ".join(a_registration(as_token=weak, hs_token=weak).validate())


def test_room_namespaces_need_neither_a_domain_nor_to_be_exclusive() -> None:
    names = replace(a_registration().namespaces, rooms=(Namespace(False, "!abc"),))
    assert a_registration(namespaces=names).validate() == []


@pytest.mark.parametrize(
    "regex", [r"^@_tester_.*:example\.org$", r"@_tester_.*:example[.]org", r"@_tester_.*\:example\.org"]
)
def test_other_ways_of_writing_the_same_regex_are_fine(regex: str) -> None:
    assert a_registration(namespaces=users(regex)).validate() == []


@given(
    st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", min_size=32).filter(
        lambda t: len(set(t)) >= 8
    )
)
def test_long_random_looking_tokens_pass(token: str) -> None:
    problem = token_problem(token)
    assert problem is None or "placeholder" in problem


@given(
    made=st.builds(
        a_registration,
        rate_limited=st.booleans(),
        receive_ephemeral=st.booleans(),
        push_ephemeral=st.booleans(),
        transaction_extensions=st.booleans(),
        device_management=st.booleans(),
        url=st.none() | st.just("https://example.org/a"),
        protocols=st.lists(st.text(min_size=1, max_size=5)).map(tuple),
        id=st.text(min_size=1),
    )
)
def test_what_is_written_is_what_is_read(made: Registration, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("written") / "registration.yaml"
    write(made, path, heading="For the homeserver.\n\nKeep it.")
    assert load(path, "example.org") == made
    assert path.read_text(encoding="utf-8").startswith("# For the homeserver.\n#\n# Keep it.\nid: ")


def test_the_file_is_readable_by_its_owner_only_even_over_an_open_one(tmp_path: Path) -> None:
    path = tmp_path / "registration.yaml"
    path.write_text("old")
    path.chmod(0o644)
    write(a_registration(), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["registration.yaml"]


def test_the_keys_are_those_that_homeservers_read() -> None:
    lines = dump(a_registration()).splitlines()
    for line in (
        "rate_limited: false",
        "receive_ephemeral: true",
        "de.sorunome.msc2409.push_ephemeral: true",
        "org.matrix.msc3202: true",
        "io.element.msc4190: true",
        r"    regex: '@tester:example\.org'",
    ):
        assert line in lines


def test_a_file_without_anything_is_read_and_then_named_in_sentences(tmp_path: Path) -> None:
    path = tmp_path / "registration.yaml"
    path.write_text("id:\nnamespaces: {users: [{regex: '@x:example.org'}]}\n")
    read = load(path, "example.org")
    assert read.rate_limited
    assert not read.device_management
    problems = " ".join(read.validate())
    for missing in ("id", "url", "as_token", "hs_token", "sender_localpart"):
        assert f"{missing} is missing" in problems
    assert "is not exclusive" in problems


def test_values_of_the_wrong_kind_are_all_named(tmp_path: Path) -> None:
    path = tmp_path / "registration.yaml"
    path.write_text("id: 5\nrate_limited: no thanks\nprotocols: [1]\nnamespaces: {users: {}, aliases: [x]}\n")
    with pytest.raises(RegistrationError) as refused:
        load(path, "example.org")
    assert [problem.removeprefix(f"{path}: ") for problem in refused.value.problems] == [
        "id must be a text.",
        "rate_limited must be true or false.",
        "each entry of protocols must be a text.",
        "namespaces.users must be a list.",
        "each entry of namespaces.aliases must be a mapping.",
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: [", ":1: is not YAML"),
        (b"id: x\nid: y\n", ":2: is not YAML: found duplicate key"),
        (b"- a", "must be a mapping"),
        (b"", "must be a mapping"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"id: 2001-99-99", "cannot be read"),
    ],
)
def test_what_is_no_registration_is_refused_in_a_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "registration.yaml"
    path.write_bytes(content)
    with pytest.raises(RegistrationError, match=words):
        load(path, "example.org")


def test_a_missing_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RegistrationError, match="No such file"):
        load(tmp_path / "nothing.yaml", "example.org")


def test_a_repeated_key_does_not_give_its_secret_away(tmp_path: Path) -> None:
    path = tmp_path / "registration.yaml"
    path.write_text("as_token: hidden-one\nas_token: hidden-two\n")
    with pytest.raises(RegistrationError) as refused:
        load(path, "example.org")
    assert "hidden" not in str(refused.value)


def test_a_registration_does_not_differ_from_itself() -> None:
    made = a_registration()
    assert compare(made, replace(made, url="http://localhost:9000/")) == []


def test_every_difference_is_a_sentence() -> None:
    configured = a_registration()
    file = replace(
        configured,
        id="other",
        url=None,
        as_token="x" * 40,
        hs_token="y" * 40,
        sender_localpart="elsewhere",
        protocols=(),
        rate_limited=True,
        device_management=False,
        namespaces=users(r"@_other_.*:example\.org"),
    )
    differences = compare(configured, file)
    assert differences[:2] == [
        "The as_token of the registration file is not the one of the configuration.",
        "The hs_token of the registration file is not the one of the configuration.",
    ]
    assert "The registration file has io.element.msc4190: false, the configuration wants true." in differences
    assert r"The users namespace of the registration file lacks '@_tester_.*:example\\.org' (exclusive)." in differences
    assert any("'@_other_.*:example\\\\.org' (exclusive), which is not configured" in text for text in differences)
    assert len(differences) == 12
    assert "xxxx" not in " ".join(differences)


def test_swapped_tokens_are_recognised() -> None:
    configured = a_registration()
    swapped = replace(configured, as_token=configured.hs_token, hs_token=configured.as_token)
    assert compare(configured, swapped) == [
        "as_token and hs_token are swapped: each stands in the registration file where the other should."
    ]
