"""Configurations for the tests: strategies and shorthands."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from appservice.bots.permissions import Level, Permissions
from appservice.language import Language
from laiwang_bridge.clusters.reach import Mode, Reach
from laiwang_bridge.config import (
    AppService,
    Bots,
    Clusters,
    Config,
    Database,
    Delivery,
    Homeserver,
    Logging,
    Metrics,
    Operators,
    People,
)
from laiwang_bridge.config_contacts import Email, TextMessages
from laiwang_bridge.config_values import sections_of

AS_TOKEN = "as-0123456789-0123456789-0123456789"
HS_TOKEN = "hs-0123456789-0123456789-0123456789"
SECTIONS = {section.name: section for section in sections_of(Config)}

_HOSTS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}(\.[a-z]{2,4})?", fullmatch=True)
_LOCALPARTS = st.from_regex(r"[a-z0-9._/-]{1,10}", fullmatch=True)
_TOKENS = st.from_regex(r"[!-~]{0,20}abcdefgh[!-~]{40}", fullmatch=True).filter(
    lambda token: not any(word in token.lower() for word in ("place", "chan", "exam", "gener", "repl"))
)
_LINES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn", "Co", "Zl", "Zp"]), max_size=20)
_PORTS = st.integers(1, 65535)


def _addresses(scheme: str) -> SearchStrategy[str]:
    return st.builds(lambda host, port: f"{scheme}://{host}:{port}", _HOSTS, _PORTS)


def configs() -> SearchStrategy[Config]:
    """Any configuration that an admin could have."""
    return st.builds(
        Config,
        homeserver=st.builds(Homeserver, address=_addresses("https"), domain=_HOSTS),
        appservice=st.builds(
            AppService,
            address=_addresses("http"),
            listen_host=st.sampled_from(["127.0.0.1", "::1", "0.0.0.0", "localhost"]),
            listen_port=_PORTS,
            id=st.from_regex(r"[A-Za-z0-9._-]{1,10}", fullmatch=True),
            as_token=_TOKENS.map("a".__add__),
            hs_token=_TOKENS.map("h".__add__),
            bot_localpart=_LOCALPARTS.map("bot".__add__),
            bot_displayname=_LINES,
            user_prefix=_LOCALPARTS.map("_".__add__),
            alias_prefixes=st.lists(_LOCALPARTS, min_size=1, max_size=4).map(tuple),
            max_body_mb=st.integers(1, 1024),
        ),
        database=st.builds(
            Database,
            url=st.sampled_from(
                ["sqlite:////var/lib/x.db", "postgresql://u:p%40ss@h:1/n", "postgresql:///n?host=/run"]
            ),
            durability=st.sampled_from(["full", "normal"]),
            connections=st.integers(2, 100),
        ),
        delivery=st.builds(Delivery, *[st.integers(1, 100)] * 3),
        bots=st.builds(Bots, st.sampled_from(Language), st.integers(1, 1000), st.booleans()),
        people=st.builds(People, st.integers(1, 720)),
        clusters=st.builds(
            Clusters,
            st.integers(2, 9).map(lambda hops: Reach(Mode.HOPS, hops))
            | st.sampled_from([Mode.CLOSED, Mode.FRIENDS, Mode.CHAIN, Mode.OPEN]).map(Reach),
            st.integers(2, 100_000),
        ),
        email=st.builds(
            Email,
            host=_HOSTS,
            port=_PORTS,
            security=st.sampled_from(["starttls", "tls", "none"]),
            username=_LINES,
            password=_LINES,
            sender=st.sampled_from(["laiwang@example.org", "来往 <laiwang@example.org>"]),
            per_day=st.integers(1, 1_000_000),
        ),
        text_messages=st.builds(
            TextMessages,
            command=st.lists(st.from_regex(r"[a-z0-9 ./=-]{1,9}", fullmatch=True), max_size=2).map(
                lambda words: ("/bin/send", *words)
            )
            | st.just(()),
            webhook_key=st.just("") | _TOKENS,
            timeout_seconds=st.integers(1, 300),
        ),
        permissions=st.dictionaries(
            st.just("*") | _HOSTS | _HOSTS.map("@me:".__add__), st.sampled_from(Level), min_size=1, max_size=4
        ).map(Permissions),
        operators=st.builds(Operators, st.sampled_from(["", "#ops:example.org", "!abc:example.org", "!v12-room"])),
        logging=st.builds(
            Logging, st.sampled_from(["debug", "info", "warning", "error"]), st.sampled_from(["text", "json"])
        ),
        metrics=st.builds(Metrics, st.booleans(), st.just("127.0.0.1"), _PORTS),
    )


@st.composite
def files(draw: DrawFn) -> tuple[str, dict[str, Any]]:
    """A file as somebody may have written it, and what it says: some settings, in any order, with remarks anywhere."""
    ending = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    lines = draw(_remarks(0))
    said: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from([*SECTIONS, "my_own"]), unique=True)):
        said[name], written = draw(_blocks(name))
        lines += written
        lines += draw(_remarks(0))
    text = ending.join(lines)
    return (text + ending if draw(st.booleans()) else text), said


@st.composite
def _blocks(draw: DrawFn, name: str) -> tuple[Any, list[str]]:
    keys = [*SECTIONS[name].settings, "mine"] if name in SECTIONS and SECTIONS[name].settings else ["*", "example.org"]
    said = draw(st.dictionaries(st.sampled_from(keys), st.none() | st.integers() | st.booleans() | _LINES))
    remark = draw(st.sampled_from(["", "", "  # a remark", " #"]))
    if draw(st.sampled_from([False, False, True])):
        return said, [f"{name}: {json.dumps(said, ensure_ascii=False)}{remark}"]
    indent = draw(st.integers(1, 4))
    lines = [f"{name}:{remark}"]
    for key, value in said.items():
        lines += draw(_remarks(indent))
        lines.append(f"{' ' * indent}{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}{remark}")
    lines += draw(_remarks(indent))
    return (said or None), lines


def _remarks(indent: int) -> SearchStrategy[list[str]]:
    remark = st.sampled_from(["", "# why: because", "# address: old", "#- x", "# 来往"])
    return st.lists(remark.map(lambda text: " " * indent + text if text else text), max_size=3)
