"""Who may know whom: the directions of imports that keep the two halves, and the features, apart."""

from __future__ import annotations

import ast
from collections.abc import Collection
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = "laiwang_bridge"
FEATURES = frozenset(path.parent.name for name in ("store", "bot") for path in (ROOT / PRODUCT).glob(f"*/{name}.py"))
BASIS = "people"
"""The one feature that all others may know."""

COMPOSED_BY = (
    "application.py",
    "from_config.py",
    "running.py",
    "__main__.py",
    "cli",
    "check",
    "demo",
    "simulation",
    "database/tables.py",
)
"""The places that may know several features: they put the house together, or look at all of it from outside."""

HARMLESS = {
    "__future__", "abc", "bisect", "collections", "dataclasses", "difflib", "enum", "fractions", "functools",
    "itertools", "math", "re", "string", "typing", "unicodedata",
}  # fmt: skip
"""Of the standard library, what neither touches the world nor asks it for the time or for chance."""
MARKS_MESSAGES = "appservice.language"


def modules(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def imported(path: Path) -> frozenset[str]:
    """All modules that a file imports, wherever in it. Of `from a import b`, both `a` and `a.b`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            assert node.module is not None
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def within(package: str, names: Collection[str]) -> set[str]:
    return {name for name in names if name == package or name.startswith(f"{package}.")}


def feature_of(name: str) -> str | None:
    """The feature that a module is part of."""
    parts = name.split(".")
    return parts[1] if parts[0] == PRODUCT and len(parts) > 1 and parts[1] in FEATURES else None


def is_composed(path: Path) -> bool:
    inside = path.relative_to(ROOT / PRODUCT).as_posix()
    return any(inside == place or inside.startswith(f"{place}/") for place in COMPOSED_BY)


def test_there_is_something_to_look_at() -> None:
    assert {"people", "clusters", "operators"} <= FEATURES
    assert len(modules("appservice", PRODUCT)) > 50
    assert "laiwang_bridge.people.store" in imported(ROOT / PRODUCT / "people" / "bot.py")


def test_an_application_service_knows_nothing_of_laiwang() -> None:
    for path in modules("appservice", "docs/example"):
        assert within(PRODUCT, imported(path)) == set(), path


def test_features_know_people_and_themselves_but_not_each_other() -> None:
    for path in modules(PRODUCT):
        own = feature_of(name_of(path))
        known = {feature for name in imported(path) if (feature := feature_of(name)) is not None}
        if own is not None:
            assert known <= {own, BASIS}, path
        elif not is_composed(path):
            assert len(known) <= 1, f"only the composition root may know several features, not {path}"


@pytest.mark.parametrize(
    ("room", "known"), [("money", {"money"}), ("lines", {"lines", "money"}), ("ledger", {"ledger", "money"})]
)
def test_what_is_typed_and_what_is_booked_stand_on_money_alone(room: str, known: set[str]) -> None:
    payments = f"{PRODUCT}.payments."
    for path in modules(f"{PRODUCT}/payments/{room}"):
        used = {name for name in imported(path) if name.startswith(payments)}
        assert {name.removeprefix(payments).partition(".")[0] for name in used} <= known, path


def test_nobody_reaches_into_the_composition_root() -> None:
    for path in modules(PRODUCT):
        if not is_composed(path):
            for place in ("application", "cli", "check", "demo"):
                assert within(f"{PRODUCT}.{place}", imported(path)) == set(), path


@pytest.mark.parametrize("path", [path for path in modules(PRODUCT) if path.name == "rules.py"], ids=name_of)
def test_rules_touch_neither_clock_nor_database_nor_world(path: Path) -> None:
    names = set().union(*map(imported, with_all_it_needs(path)))
    assert {name.partition(".")[0] for name in names} <= HARMLESS | {"appservice", PRODUCT}
    assert within("appservice", names) == within(MARKS_MESSAGES, names)


def with_all_it_needs(path: Path, known: frozenset[Path] = frozenset()) -> frozenset[Path]:
    """A module of the product and those of the product that it imports, directly or not."""
    if path in known:
        return known
    known |= {path}
    for name in within(PRODUCT, imported(path)):
        needed = (ROOT / Path(*name.split("."))).with_suffix(".py")
        if needed.exists():
            known = with_all_it_needs(needed, known)
    return known
