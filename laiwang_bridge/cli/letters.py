"""dead-letters: what was given up, to look at, try again or forget."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

import orjson
from sqlalchemy import Connection

from appservice.database import Database
from laiwang_bridge.cli.common import OK, Commands, Trouble, add_command, configuration, say
from laiwang_bridge.database import Standing, database_state, dead_letters
from laiwang_bridge.database.dead_letters import Letter, NoSuchLetter, WipedLetter
from laiwang_bridge.logs import without_values

T = TypeVar("T")

_ERROR_WIDTH = 100


def add_to(commands: Commands) -> None:
    parser = add_command(
        commands,
        "dead-letters",
        _list,
        "see what was given up, try it again or forget it",
        "An event that could not be handled, or something that could not be delivered, is kept until you decide. "
        "Without more words they are listed.",
    )
    which = parser.add_subparsers(title="what to do", metavar="WHAT")
    add_command(which, "list", _list, "list them (what people wrote is not shown)")
    show = add_command(which, "show", _show, "show everything that is kept of one", "That can be somebody's message.")
    show.add_argument("number", metavar="NUMBER", help="as in the list, for instance in-12")
    for name, command, summary in (
        ("retry", _retry, "let them be tried again"),
        ("drop", _drop, "forget them for good"),
    ):
        several = add_command(which, name, command, summary)
        several.add_argument("numbers", metavar="NUMBER", nargs="+", help="as in the list, or `all`")


def _list(arguments: argparse.Namespace) -> int:
    found = _with_database(arguments, dead_letters.letters)
    say(_table(found) if found else ["Nothing was given up."])
    return OK


def _show(arguments: argparse.Namespace) -> int:
    found = _with_database(arguments, lambda connection: dead_letters.content(connection, arguments.number))
    say([orjson.dumps(found, option=orjson.OPT_INDENT_2).decode()])
    return OK


def _retry(arguments: argparse.Namespace) -> int:
    count = _with_database(arguments, lambda connection: _each(connection, arguments, dead_letters.retry))
    say([f"{_counted(count)} will be tried again; by a running bridge within half a minute."])
    return OK


def _drop(arguments: argparse.Namespace) -> int:
    count = _with_database(arguments, lambda connection: _each(connection, arguments, dead_letters.drop))
    say([f"{_counted(count)} forgotten."])
    return OK


def _each(
    connection: Connection, arguments: argparse.Namespace, deed: Callable[[Connection, Iterable[str]], None]
) -> int:
    numbers: list[str] = list(dict.fromkeys(arguments.numbers))
    if numbers == ["all"]:
        wiped_too = deed is dead_letters.drop
        numbers = [letter.number for letter in dead_letters.letters(connection) if wiped_too or not letter.wiped]
    deed(connection, numbers)
    return len(numbers)


def _with_database(arguments: argparse.Namespace, work: Callable[[Connection], T]) -> T:
    """Run `work` in a transaction on the tables of a bridge that may be running."""
    url = configuration(arguments).database.url
    state = database_state(url)
    if state.refusal is not None:
        raise state.refusal
    if state.standing is not Standing.CURRENT:
        raise Trouble("The tables of the database are not those of this version: run `laiwang-bridge migrate` first.")
    try:
        return asyncio.run(_write(url, work))
    except (NoSuchLetter, WipedLetter) as error:
        raise Trouble(str(error)) from error


async def _write(url: str, work: Callable[[Connection], T]) -> T:
    database = Database(url)
    try:
        return await database.write(work)
    finally:
        await database.close()


def _table(found: list[Letter]) -> list[str]:
    rows = [
        ("NUMBER", "SINCE", "WHAT", "WHERE", "TRIES", "WHY"),
        *(
            (letter.number, _local(letter.at), letter.what, letter.where, str(letter.attempts), _short(letter.error))
            for letter in found
        ),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _local(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000).astimezone():%Y-%m-%d %H:%M}"


def _short(error: str | None) -> str:
    """Its first line: below it databases show rows."""
    line = without_values((error or "").partition("\n")[0])
    return line if len(line) <= _ERROR_WIDTH else f"{line[: _ERROR_WIDTH - 1]}…"


def _counted(count: int) -> str:
    return "One thing" if count == 1 else f"{count} things"
