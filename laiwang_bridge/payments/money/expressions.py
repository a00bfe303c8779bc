"""Sums to work out: `120/4*3`, `(20+30+40)*0.9`. Exact fractions; the usual order of operations."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

OPERATORS = {"+": "+", "-": "-", "\u2212": "-", "*": "*", "×": "*", "x": "*", "/": "/", "÷": "/"}
"""What may stand between numbers, and what it means."""

Token = Fraction | str
MOST_TOKENS = 200


class BadExpression(ValueError):
    """A sum that cannot be worked out: a parenthesis is missing, or it divides by zero."""


def evaluate(tokens: Sequence[Token]) -> Fraction:
    """Work out numbers, the operators `+ - * /` and parentheses. Raises `BadExpression`."""
    if len(tokens) > MOST_TOKENS:
        raise BadExpression("too long")
    value, position = _sum(tokens, 0)
    if position != len(tokens):
        raise BadExpression("something is left over")
    return value


def _sum(tokens: Sequence[Token], position: int) -> tuple[Fraction, int]:
    value, position = _product(tokens, position)
    while position < len(tokens) and tokens[position] in ("+", "-"):
        other, behind = _product(tokens, position + 1)
        value = value + other if tokens[position] == "+" else value - other
        position = behind
    return value, position


def _product(tokens: Sequence[Token], position: int) -> tuple[Fraction, int]:
    value, position = _single(tokens, position)
    while position < len(tokens) and tokens[position] in ("*", "/"):
        other, behind = _single(tokens, position + 1)
        if tokens[position] == "/" and other == 0:
            raise BadExpression("divided by zero")
        value = value * other if tokens[position] == "*" else value / other
        position = behind
    return value, position


def _single(tokens: Sequence[Token], position: int) -> tuple[Fraction, int]:
    if position >= len(tokens):
        raise BadExpression("something is missing")
    token = tokens[position]
    if isinstance(token, Fraction):
        return token, position + 1
    if token != "(":
        raise BadExpression("a number is missing")
    value, position = _sum(tokens, position + 1)
    if position >= len(tokens) or tokens[position] != ")":
        raise BadExpression("a parenthesis is missing")
    return value, position + 1
