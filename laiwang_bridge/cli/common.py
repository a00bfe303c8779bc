"""What all commands share."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from laiwang_bridge.config import Config
from laiwang_bridge.config_file import load_config
from laiwang_bridge.setup import CONFIG_NAME

OK, PROBLEM, USAGE = 0, 1, 2

CONFIG_VARIABLE = "LAIWANG_CONFIG"

Command = Callable[[argparse.Namespace], int]
Commands = Any
"""What `ArgumentParser.add_subparsers` gives; its type has no public name."""


class Trouble(Exception):
    """Something that the admin has to know, in one sentence."""


def add_command(
    commands: Commands, name: str, command: Command | None, summary: str, details: str = "", *, config: bool = True
) -> argparse.ArgumentParser:
    """Declare one command; `summary` is its line in the list, `details` follow in its own help."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}. {details}".strip(),
        allow_abbrev=False,
    )
    if command is not None:
        parser.set_defaults(command=command)
    if config:
        # Without a value here the one given before the command's name stays.
        add_config_option(parser, default=argparse.SUPPRESS)
    return parser


def add_config_option(parser: argparse.ArgumentParser, default: object) -> None:
    parser.add_argument(
        "-c",
        "--config",
        type=Path,
        metavar="FILE",
        default=default,
        help=f"the configuration (default: ${CONFIG_VARIABLE}, or {CONFIG_NAME} in this folder)",
    )


def default_config() -> Path:
    return Path(os.environ.get(CONFIG_VARIABLE) or CONFIG_NAME)


def configuration(arguments: argparse.Namespace) -> Config:
    """Raises `ConfigError`, and `Trouble` where there is no such file at all."""
    path: Path = arguments.config
    if not path.exists():
        where = f"say where it is (-c FILE, or ${CONFIG_VARIABLE})"
        raise Trouble(f"There is no {path}. Make one with `laiwang-bridge init`, or {where}.")
    return load_config(path)


def say(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def say_error(line: str) -> None:
    print(line, file=sys.stderr)
