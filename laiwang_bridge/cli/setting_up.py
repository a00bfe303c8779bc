"""init, config and registration: the files that a bridge needs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from appservice.database import parse_url
from laiwang_bridge import commands_config as does
from laiwang_bridge import config_values as values
from laiwang_bridge.cli.common import (
    OK,
    PROBLEM,
    USAGE,
    Commands,
    Trouble,
    add_command,
    configuration,
    say,
    say_error,
)
from laiwang_bridge.config import AppService, Config, Database, Homeserver
from laiwang_bridge.config_text import config_text
from laiwang_bridge.config_values import sections_of
from laiwang_bridge.setup import CONFIG_NAME, REGISTRATION_NAME, AlreadySetUp, init

_HIDDEN = "(hidden)"


def add_to(commands: Commands) -> None:
    _add_init(commands)
    _add_config(commands)
    parser = add_command(
        commands,
        "registration",
        _registration,
        "write registration.yaml again from the configuration",
        "Needed after a change of the homeserver or appservice section; then give the homeserver the new file and "
        "restart it.",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help=f"where to (default: {REGISTRATION_NAME} beside the configuration)",
    )


# -- init -----------------------------------------------------------------------------------------------------------


def _add_init(commands: Commands) -> None:
    parser = add_command(
        commands,
        "init",
        _init,
        "set up a new bridge: config.yaml and registration.yaml",
        "Random tokens are made, and the lines to add to the homeserver's configuration are shown. On a terminal you "
        "are asked for what is not given.",
    )
    parser.add_argument("--domain", help="server_name of the homeserver: what stands after the colon in user ids")
    parser.add_argument(
        "--homeserver", metavar="URL", help=f"where the bridge reaches the homeserver (default: {Homeserver().address})"
    )
    parser.add_argument(
        "--address", metavar="URL", help=f"where the homeserver reaches the bridge (default: {AppService().address})"
    )
    parser.add_argument("--listen-host", metavar="HOST", help="interface to listen on (default: fitting the address)")
    parser.add_argument("--listen-port", metavar="PORT", type=int, help="port to listen on (default: the address's)")
    parser.add_argument("--database", metavar="URL", help=f"where everything is kept (default: {Database().url})")
    parser.add_argument("--admin", metavar="USER", help="your own user id, to run the bridge from a chat with its bot")
    parser.add_argument("--force", action="store_true", help="replace files that are there already")


def _init(arguments: argparse.Namespace) -> int:
    path: Path = arguments.config
    if path.name != CONFIG_NAME:
        raise Trouble(f"A new configuration is called {CONFIG_NAME}: give a path that ends in that, or none.")
    existing = [made for made in (path, path.with_name(REGISTRATION_NAME)) if made.exists()]
    if existing and not arguments.force:
        raise AlreadySetUp(existing)
    if sys.stdin.isatty():
        _ask(arguments)
    elif arguments.domain is None:
        say_error("There is nobody to ask, so --domain is needed: laiwang-bridge init --domain example.org")
        return USAGE
    done = init(
        path.parent,
        domain=arguments.domain,
        homeserver_address=arguments.homeserver or Homeserver().address,
        address=arguments.address or AppService().address,
        listen_host=arguments.listen_host,
        listen_port=arguments.listen_port,
        database_url=arguments.database or Database().url,
        admin=arguments.admin or None,
        overwrite=arguments.force,
    )
    say(does.after_init(done))
    return OK


def _ask(arguments: argparse.Namespace) -> None:
    """Fill in what was not given, by asking on the terminal."""
    questions: tuple[tuple[str, str, str, Callable[[object], object]], ...] = (
        ("domain", "Domain of the homeserver (its server_name, for instance example.org)", "", values.server_name),
        ("homeserver", "Where the bridge reaches the homeserver", Homeserver().address, values.http_address),
        ("address", "Where the homeserver reaches the bridge", AppService().address, values.http_address),
        ("database", "Database (sqlite:///file or postgresql://…)", Database().url, values.database_url),
        ("admin", "Your own user id, to be an admin of the bridge (may be left empty)", "", _user_or_nothing),
    )
    for name, question, default, read in questions:
        if getattr(arguments, name) is None:
            setattr(arguments, name, _asked(question, default, read))


def _asked(question: str, default: str, read: Callable[[object], object]) -> str:
    while True:
        try:
            answer = input(f"{question}{f' [{default}]' if default else ''}: ").strip() or default
        except EOFError:
            raise KeyboardInterrupt from None
        try:
            read(answer)
        except ValueError as error:
            say_error(f"  This {error}")
        else:
            return answer


def _user_or_nothing(value: object) -> object:
    if not value:
        return value
    if not str(value).startswith("@"):
        raise ValueError("must be a user id such as @alice:example.org, or nothing.")
    return values.permission(str(value), "admin")


# -- config ---------------------------------------------------------------------------------------------------------


def _add_config(commands: Commands) -> None:
    parser = add_command(commands, "config", None, "check, show or update the configuration", config=False)
    which = parser.add_subparsers(title="what to do", metavar="WHAT", required=True)
    add_command(which, "check", _config_check, "tell everything that is wrong with the configuration")
    add_command(which, "show", _config_show, "show the configuration in force", "Secrets are hidden.")
    add_command(which, "example", _config_example, "print a configuration with all defaults", config=False)
    add_command(
        which,
        "upgrade",
        _config_upgrade,
        "add settings that are new, with their comments",
        "Everything you wrote stays as it is, comments too; the old file stays beside the new one as .bak.",
    )


def _config_check(arguments: argparse.Namespace) -> int:
    problems = does.config_check(arguments.config, os.environ)
    for problem in problems:
        say_error(problem)
    if not problems:
        say([f"{arguments.config} is fine."])
    return PROBLEM if problems else OK


def _config_show(arguments: argparse.Namespace) -> int:
    print(config_text(_without_secrets(configuration(arguments))), end="")
    return OK


def _config_example(arguments: argparse.Namespace) -> int:
    print(does.config_example(), end="")
    return OK


def _config_upgrade(arguments: argparse.Namespace) -> int:
    say(does.config_upgrade(arguments.config))
    return OK


def _without_secrets(config: Config) -> Config:
    """The same, to be shown to somebody."""
    sections: dict[str, Any] = {field.name: getattr(config, field.name) for field in fields(config)}
    for section in sections_of(Config):
        secrets = [name for name, setting in section.settings.items() if setting.secret]
        shown = {name: _shown(getattr(sections[section.name], name)) for name in secrets}
        sections[section.name] = replace(sections[section.name], **shown)
    return Config(**sections)


def _shown(secret: str) -> str:
    """A database's address without its password; of any other secret, that there is one."""
    if not secret:
        return ""
    return parse_url(secret).render_as_string(hide_password=True) if "://" in secret else _HIDDEN


# -- registration ---------------------------------------------------------------------------------------------------


def _registration(arguments: argparse.Namespace) -> int:
    path: Path = arguments.output or arguments.config.with_name(REGISTRATION_NAME)
    say(does.registration_write(configuration(arguments), path))
    return OK
