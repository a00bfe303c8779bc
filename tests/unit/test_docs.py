"""The documentation tells the truth: what it names is there, what it shows is so, what it links to can be found."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import io
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mautrix.types import UserID
from ruamel.yaml import YAML

from appservice.bots import Bot, Router
from appservice.bots.testing import Stage
from appservice.database import Database, metadata
from appservice.metrics import Metrics
from laiwang_bridge import __version__
from laiwang_bridge.cli import main
from laiwang_bridge.config_file import parse_config
from laiwang_bridge.database import tables
from tests.support.check_sentences import sentences
from tests.support.command_pages import entries
from tests.support.documents import PAGES, ROOT, documents, routers, written_anew
from tests.unit.laiwang_bridge.configurations import AS_TOKEN, HS_TOKEN, SECTIONS

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SOURCE = [path for folder in ("appservice", "laiwang_bridge") for path in (ROOT / folder).rglob("*.py")]

_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:^ {4}.+\n)+", re.MULTILINE)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^]\n]*(?:\n[^]\n]*)?\]\(([^)\s]+)\)")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return [match["text"] for match in _FENCE.finditer(text) if match["language"] == language]


def prose(text: str) -> str:
    return _FENCE.sub("", text)


def code(text: str) -> Iterator[str]:
    """Every line of code, in blocks and in sentences; not what people say to each other."""
    for match in _FENCE.finditer(text):
        if match["language"] not in ("chat", "text"):
            yield from match["text"].splitlines()
    rest = prose(text)
    for block in _INDENTED.findall(rest):
        yield from block.splitlines()
    yield from _SPAN.findall(rest)


def anchors(text: str) -> set[str]:
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.replace("`", "")).strip().lower().replace(" ", "-") for heading in headings}


# -- what the program writes ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def all_routers() -> Sequence[Router]:
    return asyncio.run(routers())


@pytest.mark.parametrize("name", documents())
def test_generated_parts_are_what_the_program_says_now(name: str, all_routers: Sequence[Router]) -> None:
    text = text_of(ROOT / name)
    assert asyncio.run(written_anew(name, text, all_routers)) == text, "run `make docs`, and look at what it changes"


def test_every_command_has_a_page_of_its_own(all_routers: Sequence[Router]) -> None:
    wanted = {entry.page for entry in entries(all_routers)}
    found = {path.name for path in PAGES.iterdir()}
    assert wanted - found == set(), "commands without a page: `make docs` begins one"
    assert found - wanted == set(), "pages of commands that are not there"


def test_pages_are_called_by_their_commands_and_say_more_than_help(all_routers: Sequence[Router]) -> None:
    say_nothing = []
    for entry in entries(all_routers):
        heading, generated, written = re.split(r"<!-- (?:end of )?command -->\n", text_of(PAGES / entry.page))
        assert heading == f"# {entry.heading}\n\n", entry.page
        assert generated.startswith("| English |"), entry.page
        if len(prose(written).split()) < 20:
            say_nothing.append(entry.page)
    assert say_nothing == []


def test_sentences_that_are_quoted_are_said() -> None:
    """As they are, or with … for what is filled in."""
    said = [argument.value for call in marked() for argument in call.args if isinstance(argument, ast.Constant)]
    quoted = [
        (path.name, sentence)
        for path in (ROOT / "docs" / "commands.md", *PAGES.glob("*.md"))
        for sentence in re.findall(r"(?<!\*)\*([A-Z][^*]+)\*(?!\*)", prose(text_of(path)))
    ]
    assert len(quoted) > 5
    unsaid = []
    for name, sentence in quoted:
        parts = [re.escape(part) for part in " ".join(sentence.split()).split("…")]
        pattern = re.compile(r".*".join(parts), re.DOTALL)
        if not any(pattern.search(str(one)) for one in said):
            unsaid.append((name, sentence))
    assert unsaid == []


def marked() -> Iterator[ast.Call]:
    """Where messages are marked in the source: `_("…")` and `N_("…", "…")`."""
    for path in SOURCE:
        for node in ast.walk(ast.parse(text_of(path))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "N_"):
                yield node


# -- what the documents name ------------------------------------------------------------------------------------------


def test_links_lead_somewhere() -> None:
    for path in DOCUMENTS:
        for link in _LINK.findall(prose(text_of(path))):
            if "://" in link:
                continue
            place, _, anchor = link.partition("#")
            target = (path.parent / place).resolve() if place else path
            assert target.exists(), (path, link)
            assert target.is_relative_to(ROOT), (path, link)
            if anchor:
                assert anchor in anchors(text_of(target)), (path, link)


def test_every_page_can_be_found() -> None:
    linked = set(_LINK.findall(text_of(ROOT / "docs" / "README.md")))
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages <= linked


def test_files_that_are_named_exist() -> None:
    folders = "appservice|laiwang_bridge|tests|docs|deploy|bench|scripts"
    for path in DOCUMENTS:
        for line in code(text_of(path)):
            for named in re.findall(rf"(?<![\w./-])(?:{folders})/[\w./-]*[\w/-]", line):
                if not named.endswith("/"):
                    assert (ROOT / named).exists(), (path, named)


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    for path in DOCUMENTS:
        for line in code(text_of(path)):
            assert set(re.findall(r"(?<![\w-])make ([a-z]+)", line)) <= targets, (path, line)


def test_command_lines_are_understood() -> None:
    for path in DOCUMENTS:
        for line in code(text_of(path)):
            match = re.search(r"(?:^|bin/|exec laiwang )\s*laiwang-bridge (?P<arguments>[a-z-][^#|>…]*)", line)
            if match is None:
                continue
            words = shlex.split(match["arguments"])
            # --help ends it once everything before it has been understood.
            output = io.StringIO()
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
                assert main([*words, "--help"]) == 0, f"{path}: {line}\n{output.getvalue()}"
            assert "unrecognized" not in output.getvalue(), (path, line)
            options = {word.partition("=")[0] for word in words if word.startswith("--")}
            assert all(option in output.getvalue() for option in options), (path, line)


def test_commands_of_the_bot_exist(all_routers: Sequence[Router]) -> None:
    declared = {name for router in all_routers for command in router.commands for name in command.names}
    for path in DOCUMENTS:
        for line in code(text_of(path)):
            for named in re.findall(r"[!！](?:lw|来往) ?([^\s…]+)", line):
                assert named in declared | {"help", "帮助"}, (path, line)


def test_settings_and_variables_that_are_named_exist() -> None:
    settings = {(name, setting) for name, section in SECTIONS.items() for setting in section.settings}
    codes = {code for sentence in sentences() for code in sentence.codes}
    variables = {name for path in SOURCE for name in re.findall(r"LAIWANG_[A-Z_]+", text_of(path))}
    for path in DOCUMENTS:
        for line in code(text_of(path)):
            for section, setting in re.findall(r"LAIWANG_([A-Z]+)__([A-Z_]+)", line):
                assert (section.lower(), setting.lower()) in settings, (path, line)
            for variable in re.findall(r"LAIWANG_[A-Z_]+", line):
                assert "__" in variable or variable in variables, (path, line)
        for span in _SPAN.findall(prose(text_of(path))):
            match = re.fullmatch(r"([a-z]+)\.([a-z_]+)(?:: .+)?", span)
            if match and match[1] in SECTIONS:
                assert (match[1], match[2]) in settings or span in codes | {"homeserver.yaml"}, (path, span)


# -- what the documents show ------------------------------------------------------------------------------------------


def test_configurations_that_are_shown_are_accepted() -> None:
    for path in DOCUMENTS:
        for block in blocks(text_of(path), "yaml"):
            shown = YAML(typ="safe").load(block)
            assert isinstance(shown, dict), path
            if not shown.keys() & SECTIONS.keys():
                continue  # a piece of homeserver.yaml, or another program's
            whole: dict[str, Any] = {"homeserver": {"domain": "example.org"}, **shown}
            whole["appservice"] = {"as_token": AS_TOKEN, "hs_token": HS_TOKEN, **shown.get("appservice", {})}
            text = io.StringIO()
            YAML(typ="safe").dump(whole, text)
            parse_config(text.getvalue(), source=name_of(path), folder=ROOT, environ={})


def test_programs_that_are_shown_can_be_read() -> None:
    for path in DOCUMENTS:
        for block in blocks(text_of(path), "python"):
            tree = compile(block, name_of(path), "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom):
                    module = __import__(str(node.module), fromlist=["*"])
                    assert all(hasattr(module, alias.name) for alias in node.names), (path, block)


async def test_the_tutorial_works(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first piece is a bot, and its last one a test that passes."""
    first, *_, last = blocks(text_of(ROOT / "docs" / "writing-a-bot.md"), "python")
    shown, dice = ModuleType("shown"), ModuleType("dice")
    exec(first, vars(shown))
    monkeypatch.setitem(sys.modules, "dice", dice)  # where its dataclass looks for itself
    exec(text_of(ROOT / "docs" / "example" / "dice.py"), vars(dice))
    vars(dice)["Stage"] = Stage
    exec(last, vars(dice))
    database = Database(sqlite_url)
    try:
        await database.write(metadata.create_all)
        stage = Stage(database, [Bot(UserID("@dice:test"), "Dice", (vars(shown)["router"],))])
        stage.room("!chat:test", "@ann:test", "@dice:test")
        [said] = await stage.say("@ann:test", "!chat:test", "roll 2")
        assert said in ("1", "2")
        await vars(dice)["test_dice_are_rolled"](database)
    finally:
        await database.close()
        metadata.remove(metadata.tables["dice_reminder"])


def test_metrics_are_listed() -> None:
    listed = set(re.findall(r"`(appservice_\w+)`", text_of(ROOT / "docs" / "operations.md")))
    families = Metrics().registry.collect()
    offered = {f"{one.name}_total" if one.type == "counter" else one.name for one in families}
    assert listed == {name for name in offered if name.startswith("appservice_")}


def test_privacy_names_every_table() -> None:
    named = set(re.findall(r"`(\w+)`", text_of(ROOT / "docs" / "privacy.md")))
    assert {table for table in tables.metadata.tables if not table.startswith("test_")} <= named


@pytest.mark.parametrize("package", ["appservice", "laiwang_bridge"])
def test_the_architecture_has_a_place_for_every_module(package: str) -> None:
    table = text_of(ROOT / "docs" / "architecture.md").partition(f"| in `{package}/` |")[2].partition("\n\n")[0]
    places = re.findall(r"`([\w*]+)/?`", table)
    found = [path for path in (ROOT / package).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    modules = {path.stem for path in found if not path.name.startswith("__")}
    assert {module for module in modules if not any(fnmatch(module, place) for place in places)} == set()
    assert {place for place in places if not any(fnmatch(module, place) for module in modules)} == set()


def test_dependencies_are_told() -> None:
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    names = {re.split(r"[\[>=<,;]", one)[0].lower() for one in wanted} - {project["name"]}
    told = text_of(ROOT / "docs" / "dependencies.md").lower()
    assert all(re.search(rf"\b{re.escape(name)}\b", told) for name in names), names


def test_this_version_is_in_the_changelog() -> None:
    assert f"## {__version__} " in text_of(ROOT / "CHANGELOG.md")
