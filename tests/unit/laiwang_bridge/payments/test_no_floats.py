"""Money is counted, never measured: no float is anywhere near it."""

from __future__ import annotations

import ast
from pathlib import Path

import laiwang_bridge.payments

ROOT = Path(laiwang_bridge.payments.__file__).parent
MEASURES_ON_PAPER = {"chart.py", "pictures.py"}
"""Drawing has lengths, and no money is computed there."""


TIMES = ("_SECONDS", "_at")
MAKERS = {"float", "Float", "Double", "REAL", "Numeric"}


def floats(tree: ast.AST) -> list[int]:
    """The lines with a number that has a point, or with something that makes one; time may have any length."""
    times = {
        part
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and all(ast.unparse(name).endswith(TIMES) for name in node.targets)
        for part in ast.walk(node.value)
    }
    return [
        node.lineno
        for node in ast.walk(tree)
        if node not in times
        and (
            (isinstance(node, ast.Constant) and isinstance(node.value, float))
            or (isinstance(node, ast.Name) and node.id in MAKERS)
            or (isinstance(node, ast.Attribute) and node.attr in MAKERS)
        )
    ]


def test_there_is_no_float() -> None:
    for path in ROOT.rglob("*.py"):
        if path.name not in MEASURES_ON_PAPER:
            assert floats(ast.parse(path.read_text(encoding="utf-8"))) == [], path


def test_a_float_would_be_found() -> None:
    assert floats(ast.parse("a = 1\nb = 0.5\nc = float(a)\nPAUSE_SECONDS = 0.5")) == [2, 3]
