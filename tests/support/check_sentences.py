"""The sentences of `laiwang-bridge check`, read off its source: its codes, what it says, what it says to do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

CHECK = Path(__file__).parents[2] / "laiwang_bridge" / "check"
UNKNOWN = "…"
"""Stands for whatever is filled in."""
_CODE = re.compile(r"[a-z-]+(\.[a-z-]+)+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is said of one kind of finding; `level` is "fail" or "warn"."""

    codes: tuple[str, ...]
    level: str
    text: str
    mend: str


def sentences() -> list[Sentence]:
    """All of them, by their codes."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(CHECK.glob("*.py"))]
    constants = {name: text for tree in trees for name, text in _assigned(tree.body, {})}
    codes = _codes_given(trees, constants)
    found = [one for tree in trees for node in tree.body for one in _of_function(node, constants, codes)]
    return sorted(found, key=lambda sentence: sentence.codes)


def _codes_given(trees: list[ast.Module], constants: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    """For functions that take the code as their argument: with which codes they are called."""
    given: dict[str, set[str]] = {}
    for call in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Name):
            texts = [_text(argument, constants) for argument in call.args]
            given.setdefault(call.func.id, set()).update(text for text in texts if _CODE.fullmatch(text))
    return {name: tuple(sorted(codes)) for name, codes in given.items()}


def _of_function(
    function: ast.stmt, constants: Mapping[str, str], given: Mapping[str, tuple[str, ...]]
) -> Iterator[Sentence]:
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    names = dict(constants)
    steps = [node for node in ast.walk(function) if isinstance(node, ast.Assign | ast.Call)]
    for step in sorted(steps, key=lambda node: (node.lineno, node.col_offset)):
        if isinstance(step, ast.Assign):
            names.update(_assigned([step], names))
        elif isinstance(step.func, ast.Name) and step.func.id in ("fail", "warn"):
            code, text, mend = (_text(argument, names) for argument in step.args)
            codes = given[function.name] if code == UNKNOWN else _each(code)
            yield Sentence(codes, step.func.id, text, mend)


def _assigned(statements: list[ast.stmt], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for statement in statements:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    yield target.id, _text(statement.value, names)


def _each(code: str) -> tuple[str, ...]:
    """`ping.unreachable / timeout` are two codes."""
    first, *others = code.split(" / ")
    return (first, *(first.rpartition(".")[0] + "." + other for other in others))


def _text(node: ast.expr, names: Mapping[str, str]) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part, names) for part in parts)
        case ast.FormattedValue(value=value):
            return _text(value, names)
        case ast.Name(id=name):
            return names.get(name, UNKNOWN)
        case ast.IfExp(body=one, orelse=other):
            either = [_text(one, names), _text(other, names)]
            return UNKNOWN if UNKNOWN in either else " / ".join(either)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text(left, names) + _text(right, names)
    return UNKNOWN
