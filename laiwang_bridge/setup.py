"""Setting the bridge up: the two files it needs and the lines that the homeserver needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from appservice import registration_file
from appservice.bots.permissions import Level, Permissions
from appservice.files import write_file
from appservice.registration import Registration, new_token
from laiwang_bridge.config import AppService, Config, Database, Homeserver
from laiwang_bridge.config_file import ConfigError, Problem, parse_config
from laiwang_bridge.config_text import config_text, scalar

CONFIG_NAME = "config.yaml"
REGISTRATION_NAME = "registration.yaml"
SAMPLE_DOMAIN = "example.org"

ENCRYPTION_LINES = """\
experimental_features:
  msc2409_to_device_messages_enabled: true
  msc3202_transaction_extensions: true
"""

_REAL_HEADING = """\
Registration of laiwang-bridge: what the homeserver has to know about it. Keep it secret.
Name this file under app_service_config_files in homeserver.yaml and restart the homeserver."""

_SAMPLE_HEADING = """\
A sample: its tokens are placeholders, and the bridge refuses them.
`laiwang-bridge init` writes the real registration, with random tokens and for your domain."""


class AlreadySetUp(Exception):
    """Files that would be overwritten; `paths` are those that exist."""

    def __init__(self, paths: Sequence[Path]) -> None:
        names = " and ".join(map(str, paths))
        super().__init__(
            f"{names} {'exists' if len(paths) == 1 else 'exist'} already, and new tokens would replace it."
        )
        self.paths = tuple(paths)


@dataclass(frozen=True, slots=True)
class SetUp:
    """What was written, as absolute paths, and what to add to homeserver.yaml."""

    config: Path
    registration: Path
    homeserver_lines: str
    encryption_lines: str


def init(
    folder: Path,
    *,
    domain: str,
    homeserver_address: str = Homeserver().address,
    address: str = AppService().address,
    listen_host: str | None = None,
    listen_port: int | None = None,
    database_url: str = Database().url,
    admin: str | None = None,
    overwrite: bool = False,
) -> SetUp:
    """Write config.yaml and registration.yaml with random tokens, both readable by their owner only.

    `homeserver_address` is where the bridge reaches the homeserver, `address` where the homeserver reaches the bridge;
    what to listen on follows from `address` unless given. `admin` is the user id of somebody who may do everything.
    Raises `ConfigError` when a value will not do, `AlreadySetUp`, and OSError.
    """
    folder = folder.resolve()
    paths = (folder / CONFIG_NAME, folder / REGISTRATION_NAME)
    existing = [path for path in paths if path.exists()]
    if existing and not overwrite:
        raise AlreadySetUp(existing)
    default = Config()
    host, port = _listen_on(address, default.appservice.listen_port)
    config = replace(
        default,
        homeserver=Homeserver(address=homeserver_address, domain=domain),
        appservice=replace(
            default.appservice,
            address=address,
            listen_host=listen_host or host,
            listen_port=listen_port or port,
            as_token=new_token(),
            hs_token=new_token(),
        ),
        database=replace(default.database, url=database_url),
        contacts=replace(default.contacts, key=new_token()),
        permissions=Permissions({**default.permissions.levels, **({admin: Level.ADMIN} if admin else {})}),
    )
    text = config_text(config)
    checked = _checked(text, folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_registration(checked, paths[1])
    write_file(paths[0], text)
    return SetUp(*paths, homeserver_lines(paths[1]), ENCRYPTION_LINES)


def write_registration(config: Config, path: Path) -> Registration:
    """Write the registration that goes with a configuration. Raises OSError."""
    registration = config.registration()
    registration_file.write(registration, path, heading=_REAL_HEADING)
    return registration


def homeserver_lines(registration_path: Path) -> str:
    """What makes a homeserver load the registration."""
    return f"app_service_config_files:\n  - {scalar(str(registration_path.resolve()))}\n"


def sample_registration() -> str:
    """The registration.yaml of the repository: complete, and refused."""
    config = Config(
        homeserver=Homeserver(domain=SAMPLE_DOMAIN),
        appservice=AppService(
            as_token="placeholder-for-a-random-as-token", hs_token="placeholder-for-a-random-hs-token"
        ),
    )
    return registration_file.dump(config.registration(), heading=_SAMPLE_HEADING)


def _checked(text: str, folder: Path) -> Config:
    try:
        return parse_config(text, source=CONFIG_NAME, folder=folder, environ={})
    except ConfigError as error:
        raise ConfigError([Problem("init", None, problem.key, problem.text) for problem in error.problems]) from error


def _listen_on(address: str, default_port: int) -> tuple[str, int]:
    """The interface and port behind an address: the outside world only where the address leads there.

    Behind https there is a reverse proxy, on a port of its own.
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return AppService().listen_host, default_port
    near = parts.scheme == "https" or _is_loopback(host)
    return AppService().listen_host if near else "0.0.0.0", (port or 80) if parts.scheme == "http" else default_port


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
