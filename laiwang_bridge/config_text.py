"""Writing a configuration out, with what every setting means."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable

from appservice.bots.permissions import Level, Permissions
from laiwang_bridge.clusters.reach import Reach
from laiwang_bridge.config import Config
from laiwang_bridge.config_values import Section, sections_of

_WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_/.:-]*[A-Za-z0-9_/]")
_NOT_WORDS = {"true", "false", "null", "yes", "no", "on", "off"}  # some readers take these for other than text
_HEADING = """\
Configuration of laiwang-bridge. Everything that you leave out has the value shown in config.example.yaml.
Each setting may also come from the environment: LAIWANG_SECTION__SETTING, for instance LAIWANG_HOMESERVER__DOMAIN.
After installing a new version, `laiwang-bridge config upgrade` adds what is new and keeps all that you wrote."""


def config_text(config: Config) -> str:
    """The file that says exactly this, with the meaning of every setting as comments. It contains the secrets."""
    blocks = [comment(_HEADING, 0)]
    blocks += [section_lines(section, getattr(config, section.name)) for section in sections_of(Config)]
    return "\n\n".join("\n".join(lines) for lines in blocks) + "\n"


def section_lines(section: Section, values: object) -> list[str]:
    """One section with its comments."""
    lines = [*comment(section.doc, 0), f"{section.name}:"]
    if isinstance(values, Permissions):
        return lines + [f"  {scalar(who)}: {scalar(level)}" for who, level in values.levels.items()]
    for name in section.settings:
        lines += setting_lines(section, name, getattr(values, name), 2)
    return lines


def setting_lines(section: Section, name: str, value: object, indent: int) -> list[str]:
    """One setting with its comment."""
    return [*comment(section.settings[name].doc, indent), f"{' ' * indent}{name}: {scalar(value)}"]


def comment(text: str, indent: int) -> list[str]:
    """Lines of comment, wrapped."""
    mark = f"{' ' * indent}# "
    return [line for part in text.splitlines() for line in _wrapped(part, mark)]


def scalar(value: object) -> str:
    """One value as YAML, on one line."""
    if isinstance(value, Level):
        return value.name.lower()
    if isinstance(value, Reach):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _NOT_WORDS
        return str(value) if plain else json.dumps(value, ensure_ascii=False)
    if isinstance(value, Iterable):
        return f"[{', '.join(map(scalar, value))}]"
    raise TypeError(f"no setting holds {type(value).__name__}")


def _wrapped(text: str, mark: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=mark, subsequent_indent=mark, break_long_words=False, break_on_hyphens=False
    )
