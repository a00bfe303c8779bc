"""audit: whether the books of all rooms are in order."""

from __future__ import annotations

import argparse

from laiwang_bridge.cli.common import OK, PROBLEM, Commands, Trouble, add_command, configuration, say
from laiwang_bridge.database import Standing, database_state, read_once


def add_to(commands: Commands) -> None:
    add_command(
        commands,
        "audit",
        _audit,
        "look whether all shared bills are in the books, and the books add up",
        "Every entry, balance and bill is looked at anew. The bridge may be running; nothing is changed. Status 1 if "
        "something is wrong.",
    )


def _audit(arguments: argparse.Namespace) -> int:
    url = configuration(arguments).database.url
    state = database_state(url)
    if state.refusal is not None:
        raise state.refusal
    if state.standing is not Standing.CURRENT:
        raise Trouble("The tables of the database are not those of this version: run `laiwang-bridge migrate` first.")
    from laiwang_bridge.payments.audit import audit, told  # noqa: PLC0415 - nothing for the other commands to carry

    found = read_once(url, audit)
    say(told(found))
    return PROBLEM if found.faults else OK
