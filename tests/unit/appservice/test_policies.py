"""What a rule of a policy list bans."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mautrix.types import UserID
from sqlalchemy import create_engine, literal, select

from appservice.policies import About, Rule, matches

texts = st.text(st.sampled_from("ab.:@%_\\"), max_size=12)
patterns = st.text(st.sampled_from("ab.:@%_\\*?"), max_size=8)


def expression(pattern: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(part, re.escape(part)) for part in pattern)


@given(patterns, texts)
def test_a_pattern_fits_what_the_regular_expression_for_it_fits(pattern: str, text: str) -> None:
    assert matches(pattern, text) == (re.fullmatch(expression(pattern), text, re.DOTALL) is not None)


def test_no_pattern_takes_for_ever() -> None:
    began = time.monotonic()
    assert not matches("*a" * 60 + "b", "a" * 255)
    assert time.monotonic() - began < 1


@given(st.sampled_from(About), patterns, texts)
def test_what_a_rule_bans_is_among_what_its_like_finds(about: About, pattern: str, text: str) -> None:
    user = UserID(f"@{text}:a.b")
    rule = Rule(about, pattern)
    if rule.bans(user):
        with create_engine("sqlite://").connect() as connection:
            assert connection.execute(select(literal(user).like(rule.like, escape="\\"))).scalar()


@pytest.mark.parametrize(
    ("rule", "user", "is_banned"),
    [
        (Rule(About.USER, "@spam:evil.org"), "@spam:evil.org", True),
        (Rule(About.USER, "@spam:evil.org"), "@spam2:evil.org", False),
        (Rule(About.USER, "@spam*:*"), "@spam2:evil.org", True),
        (Rule(About.SERVER, "evil.org"), "@anybody:evil.org", True),
        (Rule(About.SERVER, "evil.org"), "@anybody:not-evil.org", False),
        (Rule(About.SERVER, "*.evil.org"), "@anybody:sub.evil.org", True),
        (Rule(About.SERVER, "evil.org"), "@anybody:evil.org:8448", False),
        (Rule(About.SERVER, "evil.org*"), "@anybody:evil.org:8448", True),
    ],
)
def test_rules_ban_users_by_their_id_and_by_their_server(rule: Rule, user: str, is_banned: bool) -> None:
    assert rule.bans(UserID(user)) is is_banned
