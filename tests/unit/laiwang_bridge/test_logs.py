"""What the log shows and what it hides."""

from __future__ import annotations

import io
import json
import logging
import secrets
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from appservice.database import Database
from appservice.registration import new_token
from laiwang_bridge.config import Config, Logging
from laiwang_bridge.logs import secrets_of, set_up


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Logging as it was before."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    ours = [logging.getLogger(name) for name in ("appservice", "laiwang_bridge")]
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for logger in ours:
        logger.setLevel(logging.NOTSET)
    logging.captureWarnings(False)


def started(format: Any = "text", level: Any = "info", **options: Any) -> io.StringIO:
    stream = io.StringIO()
    set_up(Logging(level=level, format=format), stream=stream, **options)
    return stream


def test_text_tells_when_how_grave_who_and_what() -> None:
    stream = started()
    logging.getLogger("appservice.server").warning("refused %s", "a request")
    assert stream.getvalue().endswith(" WARNING appservice.server: refused a request\n")


def test_json_is_one_object_per_line() -> None:
    stream = started("json")
    log = logging.getLogger("laiwang_bridge.people")
    log.info("来往 of\n%d lines", 2, extra={"request": "a1b2"})
    try:
        raise LookupError("lost")
    except LookupError:
        log.exception("stumbled")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert first["message"] == "来往 of\n2 lines"
    assert first["request"] == "a1b2"
    assert first["level"] == "info"
    assert first["logger"] == "laiwang_bridge.people"
    assert first["time"].endswith("+00:00")
    assert second["exception"].startswith("Traceback")
    assert second["exception"].endswith("LookupError: lost")


def test_the_level_is_for_us_and_libraries_only_warn() -> None:
    stream = started(level="debug")
    logging.getLogger("appservice.inbox").debug("ours")
    for name in ("aiohttp.access", "nio.client", "asyncio", "sqlalchemy.engine", "alembic"):
        logging.getLogger(name).info("theirs")
        logging.getLogger(name).warning("a warning of theirs")
    shown = stream.getvalue()
    assert "ours" in shown
    assert "theirs\n" not in shown.replace("a warning of theirs", "")
    assert shown.count("a warning of theirs") == 5


def test_the_database_does_not_print_its_statements_however_fine_the_level() -> None:
    stream = started(level="debug")
    with sa.create_engine("sqlite://").begin() as connection:
        connection.execute(sa.text("select :words"), {"words": "only for you"})
    assert stream.getvalue() == ""


@pytest.mark.parametrize("format", ["text", "json"])
def test_secrets_never_appear(format: str) -> None:
    configured = Config()
    url = "postgresql://lin:hunter2-and-more@db/laiwang"
    configured = replace(
        configured,
        appservice=replace(configured.appservice, as_token="a" * 20 + "B" * 20, hs_token="our other secret"),
        database=replace(configured.database, url=url),
    )
    stream = started(format, secrets=secrets_of(configured))
    log = logging.getLogger("appservice")
    unknown = new_token()
    log.warning("tokens: %s and %s", configured.appservice.as_token, configured.appservice.hs_token)
    log.warning("headers: Authorization: Bearer %s; /sync?access_token=%s&x=1", unknown[:30], unknown[30:])
    log.warning("another service's: %s, and syt_bGlu_%s", unknown, "q" * 20)
    try:
        raise ConnectionError(f"cannot open {url} with {configured.appservice.hs_token}")
    except ConnectionError:
        log.exception("no luck")
    shown = stream.getvalue()
    for secret in (*secrets_of(configured), unknown, unknown[:30], unknown[30:], "syt_", "hunter2"):
        assert secret not in shown
    assert "Bearer [hidden]; /sync?access_token=[hidden]&x=1" in shown
    assert "ConnectionError: cannot open postgresql://lin:[hidden]@db/laiwang with [hidden]" in shown


def test_ids_are_not_taken_for_secrets() -> None:
    stream = started()
    event = f"${secrets.token_urlsafe(32)}"
    logging.getLogger("appservice").warning("event %s in !abc:example.org for @lin:example.org", event)
    assert event in stream.getvalue()


def test_an_error_does_not_quote_what_people_wrote() -> None:
    stream = started()
    log = logging.getLogger("laiwang_bridge")
    words = "my mother's number"
    for broken in (lambda: int(words), lambda: dict[str, str]()[words], lambda: _insert(words)):
        try:
            broken()
        except Exception:
            log.exception("entry $abc failed")
    shown = stream.getvalue()
    assert words not in shown
    assert "my mother" not in shown
    assert "ValueError: invalid literal for int() with base 10: '…'" in shown
    assert "IntegrityError" in shown
    assert "insert into words" in shown


def test_an_error_still_names_the_file_it_is_about() -> None:
    stream = started()
    try:
        open("/nowhere/config.yaml")  # noqa: SIM115
    except OSError:
        logging.getLogger("laiwang_bridge").exception("cannot start")
    assert "FileNotFoundError: [Errno 2] No such file or directory: '/nowhere/config.yaml'" in stream.getvalue()


def test_warnings_of_python_go_to_the_log() -> None:
    stream = started()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old ways", DeprecationWarning, stacklevel=1)
    assert "DeprecationWarning: old ways" in stream.getvalue()


def test_setting_up_again_replaces_what_was_there() -> None:
    first, second = started(), started()
    logging.getLogger("appservice").warning("once")
    assert first.getvalue() == ""
    assert second.getvalue().count("once") == 1


def _insert(words: str) -> None:
    with sa.create_engine("sqlite://").begin() as connection:
        connection.execute(sa.text("create table words (word text unique)"))
        for _ in range(2):
            connection.execute(sa.text("insert into words values (:word)"), {"word": words})


async def test_what_the_database_refuses_is_not_quoted_in_its_error(database_url: str) -> None:
    database = Database(database_url)
    await database.write(lambda connection: connection.execute(sa.text("create table words (word text primary key)")))

    words = "only for you"

    def insert_twice(connection: sa.Connection) -> None:
        for _ in range(2):
            connection.execute(sa.text("insert into words values (:word)"), {"word": words})

    with pytest.raises(sa.exc.IntegrityError) as refused:
        await database.write(insert_twice)
    await database.close()
    assert "parameters hidden" in str(refused.value)

    stream = started()
    logging.getLogger("laiwang_bridge").error("entry $abc failed", exc_info=refused.value)
    assert words not in stream.getvalue()
