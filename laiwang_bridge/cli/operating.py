"""run, check, migrate and demo: the bridge at work."""

from __future__ import annotations

import argparse
import asyncio

from appservice.database import Database
from laiwang_bridge import logs
from laiwang_bridge.cli.common import OK, PROBLEM, Commands, Trouble, add_command, configuration, say
from laiwang_bridge.config import Logging
from laiwang_bridge.database import migrate


def add_to(commands: Commands) -> None:
    add_command(
        commands,
        "run",
        _run,
        "run the bridge",
        "It waits for its homeserver as long as need be. SIGTERM or Ctrl-C ends it in order, a second one at once.",
    )
    parser = add_command(
        commands,
        "check",
        _check,
        "find out what does not work, and what mends it",
        "Looks at the configuration, the database, the homeserver and the way back from there. The bridge may be "
        "running or not. It changes nothing, except that the bot and one unused user of the bridge exist afterwards.",
    )
    parser.add_argument("--json", action="store_true", help="a list of findings for programs")
    add_command(
        commands,
        "migrate",
        _migrate,
        "bring the tables of the database up to date",
        "The bridge does this itself when it starts. An SQLite database is copied first.",
    )
    parser = add_command(
        commands,
        "demo",
        _demo,
        "play the story on this machine: a homeserver, the bridge, and people with real clients",
        config=False,
    )
    parser.add_argument("--exit", action="store_true", help="end after the story; status 0 if all of it was seen")


def _run(arguments: argparse.Namespace) -> int:
    config = configuration(arguments)
    logs.set_up(config.logging, secrets=logs.secrets_of(config))
    from laiwang_bridge.running import run  # noqa: PLC0415 - the whole bridge, which no other command needs

    asyncio.run(run(config))
    return OK


def _check(arguments: argparse.Namespace) -> int:
    logs.set_up(Logging(level="error"))
    from laiwang_bridge.check import check  # noqa: PLC0415 - nothing for a bridge at work to carry

    return OK if asyncio.run(check(arguments.config, as_json=arguments.json)) else PROBLEM


def _migrate(arguments: argparse.Namespace) -> int:
    config = configuration(arguments)
    database = Database(config.database.url, exclusive=True)  # refuses while a bridge works on an SQLite file
    try:
        done = migrate(config.database.url)
    finally:
        database.close_now()
    if not done.changed:
        say([f"The database is up to date (revision {done.after}); nothing was changed."])
    elif done.before is None:
        say([f"Made the tables of the database (revision {done.after})."])
    else:
        say([f"Brought the database from revision {done.before} to {done.after}."])
    if done.backup is not None:
        say([f"The database as it was before is {done.backup}; delete it when all is well."])
    return OK


def _demo(arguments: argparse.Namespace) -> int:
    try:
        # Its clients are in the extra "demo", which a bridge at work does without.
        from laiwang_bridge.demo.story import run_demo  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise Trouble(
            f"The demo needs the package {error.name}; install it with: pip install 'laiwang-bridge[demo]'"
        ) from error
    return run_demo(stay=not arguments.exit)
