"""Reading the admin's configuration: every problem at once, each with its place, its key and the way out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from appservice.files import yaml_complaint
from laiwang_bridge.config import MOVED, Config, contradictions
from laiwang_bridge.config_values import Section, Setting, did_you_mean, sections_of

ENVIRONMENT = "environment"

_PREFIX = "LAIWANG_"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right: `source` is a file or "environment", `line` counts from 1, `text` goes on after `key`."""

    source: str
    line: int | None
    key: str
    text: str

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}:{self.line}"
        return f"{place}: {self.key} {self.text}" if self.key else f"{place}: {self.text}"


@dataclass(frozen=True, slots=True)
class _Found:
    """A value where it stands: `key` is the setting's key or a variable's name; `is_file` makes the value a path."""

    key: str
    raw: object
    is_file: bool
    is_variable: bool


class ConfigError(Exception):
    """A configuration that cannot be used; `problems` is all that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def load_config(path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Read the file and what the environment overrides. Raises `ConfigError`."""
    return parse_config(read_text(path), source=str(path), folder=path.parent, environ=environ)


def read_text(path: Path) -> str:
    """The file with its line ends as they are. Raises `ConfigError`."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except OSError as error:
        raise ConfigError([Problem(str(path), None, "", f"cannot be read: {error.strerror}.")]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(str(path), None, "", "is not UTF-8 text.")]) from error


def parse_config(text: str, *, source: str, folder: Path, environ: Mapping[str, str]) -> Config:
    """Make a configuration of a file's text. Relative paths in it start at `folder`. Raises `ConfigError`."""
    return _Parser(parse_document(text, source), source, folder, environ).config()


def parse_document(text: str, source: str) -> CommentedMap:
    """The text as YAML with its places. Raises `ConfigError`."""
    try:
        document = YAML().load(text)
    except YAMLError as error:
        line, complaint = yaml_complaint(error)
        raise ConfigError([Problem(source, line, "", complaint)]) from error
    except ValueError as error:
        raise ConfigError([Problem(source, None, "", f"is not YAML: {error}.")]) from error
    if document is None:
        return CommentedMap()
    if not isinstance(document, CommentedMap):
        raise ConfigError([Problem(source, 1, "", "must be made of sections such as `homeserver:`.")])
    return document


class _Parser:
    """Reads one document; every method notes what is wrong and goes on."""

    def __init__(self, document: CommentedMap, source: str, folder: Path, environ: Mapping[str, str]) -> None:
        self._document = document
        self._source = source
        self._folder = folder
        self._environ = environ
        self._sections = sections_of(Config)
        self._problems: list[Problem] = []
        self._unread: set[str] = set()

    def config(self) -> Config:
        self._refuse_unknown(self._document, "", [section.name for section in self._sections])
        self._refuse_unknown_variables()
        config = Config(**{section.name: self._section(section) for section in self._sections})
        for keys, text in contradictions(config):
            if self._unread.isdisjoint(keys):
                self._complain(keys[0], text)
        if self._problems:
            raise ConfigError(sorted(self._problems, key=lambda problem: (problem.source, problem.line or 0)))
        return config.placed(self._folder)

    def _section(self, section: Section) -> Any:
        body = self._body(section.name)
        if section.read_entry is not None:
            return self._entries(section, section.read_entry, body)
        self._refuse_unknown(body, f"{section.name}.", section.known_keys)
        given = {}
        for name, setting in section.settings.items():
            value = self._setting(section, name, setting, body)
            if value is not None:
                given[name] = value
        return section.kind(**given)

    def _body(self, name: str) -> CommentedMap:
        body = self._document.get(name)
        if body is None:
            return CommentedMap()
        if not isinstance(body, CommentedMap):
            self._complain(name, "must hold settings, one `key: value` per line, indented.")
            return CommentedMap()
        return body

    def _entries(self, section: Section, read_entry: Callable[[str, object], Any], body: CommentedMap) -> Any:
        """A section whose keys are the admin's own words; without any it keeps its defaults."""
        variable = _PREFIX + section.name.upper()
        given = variable in self._environ
        if given:
            try:
                body = parse_document(self._environ[variable], variable)
            except ConfigError as error:
                self._problems.extend(error.problems)
        entries = {}
        for key, value in body.items():
            found = _Found(f"{variable if given else section.name}.{key}", value, False, given)
            try:
                entries[str(key)] = read_entry(str(key), found.raw)
            except ValueError as error:
                self._complain_of(found, str(error))
        return section.kind(entries) if entries else section.default()

    def _setting(self, section: Section, name: str, setting: Setting, body: CommentedMap) -> Any:
        """The checked value of one setting, or None where its default counts."""
        found = self._in_environment(section, name, setting) or self._in_document(section, name, setting, body)
        before = len(self._problems)
        value = None
        if len(found) > 1:
            self._complain_of(found[1], f"and {found[0].key} are both given: keep one of them.")
        elif found:
            value = self._checked(setting, found[0])
        elif setting.required:
            self._complain(f"{section.name}.{name}", f"is missing: {setting.required}")
        if len(self._problems) > before:
            self._unread.add(f"{section.name}.{name}")
        return value

    def _in_environment(self, section: Section, name: str, setting: Setting) -> list[_Found]:
        return [
            _Found(_variable(section.name, key), self._environ[_variable(section.name, key)], key != name, True)
            for key in setting.keys_for(name)
            if _variable(section.name, key) in self._environ
        ]

    def _in_document(self, section: Section, name: str, setting: Setting, body: CommentedMap) -> list[_Found]:
        """Empty required settings count as not there, so that the environment's turn and the example's hint work."""
        return [
            _Found(f"{section.name}.{key}", body[key], key != name, False)
            for key in setting.keys_for(name)
            if body.get(key) is not None and not (setting.required and body[key] == "")
        ]

    def _checked(self, setting: Setting, found: _Found) -> Any:
        raw = found.raw
        try:
            if found.is_file:
                raw = _content(self._folder, raw)
            elif found.is_variable and not setting.is_text:
                raw = _scalar(str(raw))
            return setting.read(raw)
        except ValueError as error:
            self._complain_of(found, str(error))
            return None

    def _refuse_unknown(self, body: CommentedMap, prefix: str, known: list[str]) -> None:
        for key in body:
            if key not in known:
                kind = "setting" if prefix else "section"
                self._complain(f"{prefix}{key}", f"is not a {kind}.{self._hint(prefix, key, known)}")

    def _hint(self, prefix: str, key: object, known: list[str]) -> str:
        new = MOVED.get(f"{prefix}{key}")
        if new:
            return f" It is called {new} now: run `laiwang-bridge config upgrade`."
        homes = [section.name for section in self._sections if key in section.known_keys]
        if homes:
            return f" It belongs under {' or '.join(homes)}."
        return did_you_mean(key, known)

    def _refuse_unknown_variables(self) -> None:
        """Only names with two underscores are surely meant for us; LAIWANG_PORT may come from elsewhere."""
        known = [_variable(section.name, key) for section in self._sections for key in section.known_keys]
        for variable in self._environ:
            if variable.startswith(_PREFIX) and "__" in variable and variable not in known:
                text = f"sets nothing that exists.{did_you_mean(variable, known)}"
                self._problems.append(Problem(ENVIRONMENT, None, variable, text))

    def _complain(self, key: str, text: str) -> None:
        self._problems.append(Problem(self._source, self._line(key), key, text))

    def _complain_of(self, found: _Found, text: str) -> None:
        if found.is_variable:
            self._problems.append(Problem(ENVIRONMENT, None, found.key, text))
        else:
            self._complain(found.key, text)

    def _line(self, key: str) -> int | None:
        """The line of a key, or of its section when only that is there."""
        name, _, inner = key.partition(".")
        body = self._document.get(name)
        for mapping, wanted in ((body, inner), (self._document, name)):
            if isinstance(mapping, CommentedMap) and wanted in (mapping.lc.data or {}):
                return int(mapping.lc.data[wanted][0]) + 1
        return None


def _variable(section: str, key: str) -> str:
    return f"{_PREFIX}{section}__{key}".upper()


def _scalar(text: str) -> object:
    """What the text of a variable would be in the file."""
    try:
        value: object = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError):
        return text
    return value


def _content(folder: Path, name: object) -> str:
    """What is in the file that holds a secret, without the line end that editors add."""
    if not isinstance(name, str) or not name:
        raise ValueError("must be the path of a file.")
    path = folder / name
    try:
        content = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"names {path}, which cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"names {path}, which is not UTF-8 text.") from error
    if not content:
        raise ValueError(f"names {path}, which is empty.")
    return content
