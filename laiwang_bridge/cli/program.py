"""The commands together: what they are called, how they end, and what is said when they cannot do their work."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError

from appservice.database import DatabaseInUse, UnsupportedDatabase
from appservice.listener import CannotListen
from laiwang_bridge import __version__
from laiwang_bridge.cli import auditing, letters, operating, packets, setting_up, simulating
from laiwang_bridge.cli.common import PROBLEM, USAGE, Trouble, add_config_option, default_config, say_error
from laiwang_bridge.config_file import ConfigError
from laiwang_bridge.database import UnusableDatabase
from laiwang_bridge.setup import AlreadySetUp

_INTERRUPTED = 130
_EPILOG = """\
A bridge is set up by: init, then the lines that it prints into homeserver.yaml, then check, then run.
`laiwang-bridge COMMAND --help` tells more about one command.

Status: 0 all went well, 1 there is a problem (told on standard error), 2 the command line was not understood.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the status to end with."""
    try:
        arguments = _parser().parse_args(argv)
        status: int = arguments.command(arguments)
        sys.stdout.flush()
    except SystemExit as leaving:  # argparse: --help, --version, or a usage that it has complained about
        return leaving.code if isinstance(leaving.code, int) else USAGE
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # whoever was reading has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PROBLEM
    except Exception as error:
        lines = _explained(error)
        if lines is None:
            raise
        for line in lines:
            say_error(line)
        return PROBLEM
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="laiwang-bridge",
        description="Clusters, friends and the small business of life, on Matrix.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"laiwang-bridge {__version__}")
    add_config_option(parser, default_config())
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    setting_up.add_to(commands)
    operating.add_to(commands)
    letters.add_to(commands)
    auditing.add_to(commands)
    simulating.add_to(commands)
    packets.add_to(commands)
    return parser


def _explained(error: Exception) -> list[str] | None:
    """What to tell the admin about an error that may well happen; None for one that must not."""
    match error:
        case ConfigError():
            return [str(problem) for problem in error.problems]
        case AlreadySetUp():
            return [f"{error} Use --force if that is what you want."]
        case Trouble() | DatabaseInUse() | UnusableDatabase():
            return [str(error)]
        case UnsupportedDatabase() | CannotListen():
            return [f"{str(error)[0].upper()}{str(error)[1:].removesuffix('.')}."]
        case DBAPIError():
            return [f"The database does not do as it is told: {str(error.orig).splitlines()[0]}."]
        case OSError() if error.filename is not None:
            return [f"{error.filename}: {error.strerror}."]
    return None
