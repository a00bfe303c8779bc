"""What `laiwang-bridge init`, `config` and `registration` do and say, without the command line around it.

Each returns the lines to print; those that check return problems, so that an empty list means that all is well.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from laiwang_bridge.config import Config
from laiwang_bridge.config_file import ConfigError, load_config
from laiwang_bridge.config_text import config_text
from laiwang_bridge.config_upgrade import upgrade_file
from laiwang_bridge.setup import SetUp, write_registration


def after_init(done: SetUp) -> list[str]:
    """What the admin has to do after `init`."""
    return [
        f"Wrote {done.config} and {done.registration}, readable by you only.",
        "",
        "1. Add to homeserver.yaml (one more line under app_service_config_files if it is there already):",
        "",
        *_indented(done.homeserver_lines),
        "",
        "   The homeserver's own user must be able to read that file, for instance:",
        f"     sudo install -o matrix-synapse -m 600 {done.registration} /etc/matrix-synapse/laiwang.yaml",
        "   (then write that path instead). Restart the homeserver.",
        f"2. laiwang-bridge check --config {done.config}",
        f"3. laiwang-bridge run --config {done.config}",
        "",
        "For encrypted rooms the homeserver will need these lines too:",
        "",
        *_indented(done.encryption_lines),
    ]


def config_example() -> str:
    """The text of config.example.yaml."""
    return config_text(Config())


def config_check(path: Path, environ: Mapping[str, str]) -> list[str]:
    """Every problem of a configuration."""
    try:
        load_config(path, environ)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def config_upgrade(path: Path) -> list[str]:
    """Add to a configuration what is new. Raises `ConfigError` and OSError, and then nothing was changed."""
    upgraded = upgrade_file(path)
    if not upgraded.changes:
        return [f"{path} is up to date; nothing was changed."]
    return [*upgraded.changes, f"Wrote {path}; the old one is {path.name}.bak beside it."]


def registration_write(config: Config, path: Path) -> list[str]:
    """Write registration.yaml again after a change of the configuration. Raises OSError."""
    write_registration(config, path)
    return [f"Wrote {path}, readable by you only.", "Give the homeserver this file and restart it."]


def _indented(text: str) -> list[str]:
    return [f"     {line}" for line in text.splitlines()]
