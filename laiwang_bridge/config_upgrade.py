"""Bringing an admin's configuration up to date without touching what the admin wrote.

The text is edited, never written anew: lines are inserted, keys renamed and moved entries cut out and put in again, so
that every other byte stays as it was. The result is read back and compared before anybody sees it.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from appservice.files import write_file
from laiwang_bridge.config import MOVED, Config
from laiwang_bridge.config_file import ConfigError, Problem, parse_document, read_text
from laiwang_bridge.config_text import comment, scalar, section_lines, setting_lines
from laiwang_bridge.config_values import Section, sections_of

_INDENT = 2


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The new text and what was done to it, one sentence per change; no changes, same text."""

    text: str
    changes: tuple[str, ...]


def upgrade_file(path: Path) -> Upgraded:
    """Upgrade a file in one step; the old one stays beside it as `.bak`. A file that needs nothing is not touched.

    Mode and owner stay. Raises `ConfigError`, and OSError when the folder cannot be written to.
    """
    upgraded = upgrade_config(read_text(path), source=str(path))
    if upgraded.changes:
        path = path.resolve()
        status = path.stat()
        mode, owner = stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid)
        write_file(path.with_name(f"{path.name}.bak"), read_text(path), mode=mode, owner=owner)
        write_file(path, upgraded.text, mode=mode, owner=owner)
    return upgraded


def upgrade_config(text: str, *, source: str = "config.yaml", moved: Mapping[str, str] = MOVED) -> Upgraded:
    """Rename what `moved` names (old key -> new key) and add what is missing. Raises `ConfigError`."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    editor = _Editor(text.removeprefix(mark), source)
    for old, new in moved.items():
        editor.move(old, new)
    for section in sections_of(Config):
        if section.name not in editor.said:
            editor.add_section(section)
        elif section.read_entry is None:
            for name in section.settings:
                editor.add_setting(section, name)
    editor.verify()
    return Upgraded(mark + editor.text, tuple(editor.changes))


class _Editor:
    """The text at one moment, where everything stands in it (`root`), and what it has to say (`said`)."""

    def __init__(self, text: str, source: str) -> None:
        self.changes: list[str] = []
        self._source = source
        self._sections = {section.name: section for section in sections_of(Config)}
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self.said: dict[str, Any] = _plain(parse_document(text, source))
        self._set(text)

    def move(self, old: str, new: str) -> None:
        """Give an entry its new key, in its place if it stays in its section."""
        (old_section, _, old_name), (new_section, _, new_name) = old.rpartition("."), new.rpartition(".")
        mapping = self._mapping(old_section)
        pair = _pair(mapping, old_name)
        if mapping is None or pair is None:
            return
        target = self._mapping(new_section)
        if _pair(target, new_name) is not None:
            raise self._refusal(old, f"is called {new} now, and both are given: keep one of them.")
        _inner(self.said, new_section)[new_name] = _inner(self.said, old_section).pop(old_name)
        if old_section == new_section:
            self._replace(pair[0].start_mark.index, pair[0].end_mark.index, new_name)
        elif mapping.flow_style or (target is not None and target.flow_style):
            raise self._refusal(old, f"is called {new} now: move it by hand, for it is written in braces.")
        else:
            self._carry(mapping, pair, old_section, self._sections[new_section], new_name)
        self.changes.append(f"Moved {old} to {new}.")

    def add_section(self, section: Section) -> None:
        default = section.default()
        self._insert_section(section, section_lines(section, default))
        lines = self._newline.join(section_lines(section, default))
        self.said[section.name] = _plain(parse_document(lines, self._source))[section.name]
        self.changes.append(f"Added the section {section.name}.")

    def add_setting(self, section: Section, name: str) -> None:
        body = self.said[section.name]
        if body is not None and not isinstance(body, Mapping):
            raise self._refusal(section.name, "must hold settings, one `key: value` per line, indented.")
        if body is not None and any(key in body for key in section.settings[name].keys_for(name)):
            return
        default = getattr(section.default(), name)
        mapping = self._mapping(section.name)
        if mapping is not None and mapping.flow_style:
            self._insert_in_braces(mapping, f"{name}: {scalar(default)}")
        else:
            self._insert_setting(section, name, lambda indent: setting_lines(section, name, default, indent))
        _inner(self.said, section.name).update(_plain(parse_document(f"{name}: {scalar(default)}", self._source)))
        self.changes.append(f"Added {section.name}.{name}: {scalar(default)}.")

    def verify(self) -> None:
        """Raises `ConfigError` unless the text says what it said before, plus the changes."""
        if _plain(parse_document(self.text, self._source)) != self.said:
            raise self._too_special()

    def _carry(
        self, mapping: MappingNode, pair: tuple[ScalarNode, Node], old_section: str, section: Section, new_name: str
    ) -> None:
        """Cut an entry out with the comment directly above it, and put it into another section."""
        key, value = pair
        start, end = self._comment_above(key.start_mark.index), self._end(key, value)
        column = key.start_mark.column
        before, after = self.text[start : key.start_mark.index], self.text[key.end_mark.index : end]
        lines = f"{before}{new_name}{after}".splitlines(keepends=False)
        alone = len(mapping.value) == 1
        self._replace(start, end, "")
        if alone and old_section and old_section not in self._sections:
            self._drop_heading(old_section)
        if _pair(self.root, section.name) is None:
            self._insert_section(section, [*comment(section.doc, 0), f"{section.name}:"])
        self._insert_setting(section, new_name, lambda indent: [_shifted(line, indent - column) for line in lines])

    def _drop_heading(self, name: str) -> None:
        """Take away the line of a section that does not exist any more, but not a comment on it."""
        pair = _pair(self.root, name)
        if pair is None:
            return
        start, end = self._line_start(pair[0].start_mark.index), self._line_end(pair[0].end_mark.index)
        _, mark, remark = self.text[start:end].partition("#")
        self._replace(start, end, mark + remark)
        self.said.pop(name, None)

    def _insert_section(self, section: Section, lines: list[str]) -> None:
        """After the section that comes before it, else before the one that comes after it."""
        indent = self.root.value[0][0].start_mark.column if self.root is not None else 0
        if self.root is not None and self.root.flow_style:
            raise self._refusal("", "must have each section on a line of its own, without braces.")
        lines = [_shifted(line, indent) for line in lines]
        names = list(self._sections)
        earlier = [pair for name in reversed(names[: names.index(section.name)]) if (pair := _pair(self.root, name))]
        later = [pair for name in names[names.index(section.name) :] if (pair := _pair(self.root, name))]
        others = self.root.value if self.root is not None and not later else []
        pair = next(iter([*earlier, *reversed(others)]), None)
        if pair is not None:
            index = self._after_comments(self._end(*pair), indent)
            self._insert(index, ["", *lines, *([""] if self.text[index : self._line_end(index)].strip() else [])])
        elif later:
            self._insert(self._comment_above(later[0][0].start_mark.index), [*lines, ""])
        else:
            self._insert(len(self.text), ["", *lines] if self.text.strip() else lines)

    def _insert_setting(self, section: Section, name: str, lines: Callable[[int], list[str]]) -> None:
        """After the setting that comes before it, else first in its section."""
        heading = _pair(self.root, section.name)
        assert heading is not None
        mapping = self._mapping(section.name)
        indent = mapping.value[0][0].start_mark.column if mapping else heading[0].start_mark.column + _INDENT
        names = list(section.settings)
        for earlier in reversed(names[: names.index(name)]):
            for key in section.settings[earlier].keys_for(earlier):
                pair = _pair(mapping, key)
                if pair is not None:
                    self._insert(self._end(*pair), lines(indent))
                    return
        self._insert(self._line_end(heading[0].end_mark.index), lines(indent))

    def _insert_in_braces(self, mapping: MappingNode, entry: str) -> None:
        if mapping.value:
            end = mapping.value[-1][1].end_mark.index
            self._replace(end, end, f", {entry}")
        else:
            start = mapping.start_mark.index + self.text[mapping.start_mark.index :].index("{") + 1
            self._replace(start, start, entry)

    def _insert(self, index: int, lines: list[str]) -> None:
        block = "".join(f"{line}{self._newline}" for line in lines)
        if index and self.text[index - 1] != "\n":
            block = self._newline + block
        self._replace(index, index, block)

    def _replace(self, start: int, end: int, text: str) -> None:
        try:
            self._set(self.text[:start] + text + self.text[end:])
        except YAMLError as error:
            raise self._too_special() from error

    def _set(self, text: str) -> None:
        self.text = text
        self.root: MappingNode | None = YAML().compose(text)

    def _mapping(self, section: str) -> MappingNode | None:
        """The section's block (the whole document for an empty name); None when it is absent or has no entries."""
        if not section:
            return self.root
        pair = _pair(self.root, section)
        if pair is None:
            return None
        if isinstance(pair[1], MappingNode) and pair[1].start_mark.index > pair[0].start_mark.index:
            return pair[1]
        if isinstance(pair[1], ScalarNode) and pair[1].value == "" and pair[1].style is None:
            return None
        raise self._refusal(section, "must hold settings, one `key: value` per line, indented.")

    def _end(self, key: Node, value: Node) -> int:
        """Where the line after an entry begins."""
        if value.start_mark.index < key.start_mark.index:  # an alias stands for something further up
            return self._line_end(key.end_mark.index)
        if not getattr(value, "flow_style", None) and isinstance(value.value, list) and value.value:
            last = value.value[-1]
            return self._end(*last) if isinstance(last, tuple) else self._end(key, last)
        index: int = value.end_mark.index
        return index if self.text[index - 1] == "\n" else self._line_end(index)

    def _line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def _line_end(self, index: int) -> int:
        end = self.text.find("\n", index)
        return len(self.text) if end < 0 else end + 1

    def _comment_above(self, index: int) -> int:
        """Where the comment lines directly above an entry begin, or its own line."""
        start = self._line_start(index)
        while start:
            above = self._line_start(start - 1)
            if not self.text[above:start].lstrip().startswith("#"):
                break
            start = above
        return start

    def _after_comments(self, index: int, indent: int) -> int:
        """Past the comment lines that are indented more than a section: they belong to what is before them."""
        end = index
        while index < len(self.text):
            following = self._line_end(index)
            line = self.text[index:following]
            if line.strip() and not (line.lstrip().startswith("#") and len(line) - len(line.lstrip()) > indent):
                break
            index = following
            if line.strip():
                end = index
        return end

    def _too_special(self) -> ConfigError:
        return self._refusal("", "is laid out in a way that cannot be upgraded: put one `key: value` on each line.")

    def _refusal(self, key: str, text: str) -> ConfigError:
        return ConfigError([Problem(self._source, None, key, text)])


def _pair(mapping: MappingNode | None, name: str) -> tuple[ScalarNode, Node] | None:
    if mapping is not None:
        for key, value in mapping.value:
            if isinstance(key, ScalarNode) and key.value == name:
                return key, value
    return None


def _inner(document: dict[str, Any], section: str) -> dict[str, Any]:
    if not section:
        return document
    if document.get(section) is None:
        document[section] = {}
    inner: dict[str, Any] = document[section]
    return inner


def _shifted(line: str, columns: int) -> str:
    if columns >= 0:
        return " " * columns + line if line.strip() else line
    return line[min(-columns, len(line) - len(line.lstrip())) :]


def _plain(value: Any) -> Any:
    """The same without places and comments."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value
