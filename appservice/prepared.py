"""Statements that every message needs: compiled once for each dialect, then handed straight to the driver.

SQLAlchemy asks anew each time what to compile, what to convert and how a row looks, which costs ten times what SQLite
takes to answer. Here that is asked once.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Generic, TypeVar, overload

from sqlalchemy import CompoundSelect, Connection, Delete, Dialect, Insert, Select, Update
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from appservice.driver import Sent, hand_over, hand_over_all, hand_over_later

Statement = Select[Any] | CompoundSelect[Any] | Insert | Update | Delete
_Convert = Callable[[Any], Any]
T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")


class Prepared:
    """One statement, without lists of changing length. `columns` are those that an INSERT is given.

    Values are given by the names of its parameters. A row is a tuple that knows its columns' names as well.
    """

    def __init__(self, statement: Statement, columns: Sequence[str] = ()) -> None:
        self._statement = statement
        self._columns = columns
        self._compiled: dict[str, _Compiled] = {}

    def all(self, connection: Connection, /, **values: Any) -> list[Any]:
        compiled = self.in_dialect(connection.dialect)
        return compiled.rows(hand_over(connection, compiled.sent(values)).fetchall())

    def first(self, connection: Connection, /, **values: Any) -> Any:
        """The first row; None if there is none."""
        rows = self.all(connection, **values)
        return rows[0] if rows else None

    def scalar(self, connection: Connection, /, **values: Any) -> Any:
        """The first column of the first row; None if there is none."""
        rows = self.all(connection, **values)
        return rows[0][0] if rows else None

    def scalars(self, connection: Connection, /, **values: Any) -> list[Any]:
        """The first column of all rows."""
        return [row[0] for row in self.all(connection, **values)]

    def run(self, connection: Connection, /, **values: Any) -> int:
        """For its effect; returns how many rows it touched."""
        count: int = hand_over(connection, self.in_dialect(connection.dialect).sent(values)).rowcount
        return count

    def run_all(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Once for each of these."""
        hand_over(connection, self.in_dialect(connection.dialect).sent_for(rows))

    def send(self, connection: Connection, /, **values: Any) -> None:
        """For its effect, which whatever is asked next finds. What is wrong with it may be raised only there, or where
        the transaction ends."""
        hand_over_later(connection, self.in_dialect(connection.dialect).sent(values))

    def send_all(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """The same, once for each of these."""
        hand_over_later(connection, self.in_dialect(connection.dialect).sent_for(rows))

    def question(self, read: Callable[[list[Any]], T], /, **values: Any) -> Question[T]:
        """To be asked by itself or `together` with others; `read` makes of the rows what is wanted."""
        return Question(self, values, read)

    def in_dialect(self, dialect: Dialect) -> _Compiled:
        known = self._compiled.get(dialect.name)
        if known is None:
            known = self._compiled[dialect.name] = _compiled(self._statement, self._columns, dialect)
        return known


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """A statement, the values that it is asked with, and how its rows are read."""

    statement: Prepared
    values: Mapping[str, Any]
    read: Callable[[list[Any]], T]

    def ask(self, connection: Connection) -> T:
        return self.read(self.statement.all(connection, **self.values))


@overload
def together(connection: Connection, a: Question[A], b: Question[B], /) -> tuple[A, B]: ...
@overload
def together(connection: Connection, a: Question[A], b: Question[B], c: Question[C], /) -> tuple[A, B, C]: ...
@overload
def together(
    connection: Connection, a: Question[A], b: Question[B], c: Question[C], d: Question[D], /
) -> tuple[A, B, C, D]: ...
def together(connection: Connection, /, *questions: Question[Any]) -> tuple[Any, ...]:
    """The answers to questions of which none needs the answer to another."""
    compiled = [question.statement.in_dialect(connection.dialect) for question in questions]
    pairs = list(zip(compiled, questions, strict=True))
    answers = hand_over_all(connection, [each.sent(question.values) for each, question in pairs])
    rows = [each.rows(answer.fetchall()) for each, answer in zip(compiled, answers, strict=True)]
    return tuple(question.read(found) for question, found in zip(questions, rows, strict=True))


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement in one dialect. `fixed` are parameters that have values of their own, `arranged` makes of all of them
    what the driver takes, and `row` a row of what it gives. `given` and `found` are what has to be converted on the
    way, by name and by place."""

    sql: str
    fixed: Mapping[str, Any]
    given: tuple[tuple[str, _Convert], ...]
    arranged: Callable[[Mapping[str, Any]], Any]
    row: Callable[[Iterable[Any]], Any]
    found: tuple[tuple[int, _Convert], ...]

    def sent(self, values: Mapping[str, Any]) -> Sent:
        return Sent(self.sql, self._parameters(values))

    def sent_for(self, rows: Iterable[Mapping[str, Any]]) -> Sent:
        return Sent(self.sql, [self._parameters(values) for values in rows], many=True)

    def rows(self, fetched: list[Any]) -> list[Any]:
        if not self.found:
            return [self.row(each) for each in fetched]
        rows = []
        for each in fetched:
            cells = list(each)
            for place, convert in self.found:
                cells[place] = convert(cells[place])
            rows.append(self.row(cells))
        return rows

    def _parameters(self, values: Mapping[str, Any]) -> Any:
        if self.fixed:
            values = {**self.fixed, **values}
        if self.given:
            values = dict(values)
            for name, convert in self.given:
                values[name] = convert(values[name])
        return self.arranged(values)


def _compiled(statement: Statement, columns: Sequence[str], dialect: Dialect) -> _Compiled:
    gives_rows = isinstance(statement, Select | CompoundSelect) or bool(statement.exported_columns)
    if isinstance(statement, Insert) and not gives_rows:
        statement = statement.inline()
    compiled = statement.compile(dialect=dialect, column_keys=list(columns) or None)
    assert isinstance(compiled, SQLCompiler)
    if compiled.post_compile_params or compiled.literal_execute_params:
        raise TypeError("a prepared statement has no lists of changing length")
    names = compiled.positiontup
    binds = {name: compiled.binds[name] for name in names or compiled.bind_names.values()}
    given = ((name, each.type.dialect_impl(dialect).bind_processor(dialect)) for name, each in binds.items())
    wanted = list(statement.exported_columns) if gives_rows else []
    row: Any = namedtuple("Row", tuple(each.name for each in wanted), rename=True)  # type: ignore[misc]
    found = enumerate(each.type.dialect_impl(dialect).result_processor(dialect, None) for each in wanted)
    return _Compiled(
        sql=str(compiled),
        fixed={name: each.effective_value for name, each in binds.items() if not each.required} | _defaults(compiled),
        given=tuple((name, convert) for name, convert in given if convert is not None),
        arranged=dict if names is None else _in_places(names),
        row=row._make,
        found=tuple((place, convert) for place, convert in found if convert is not None),
    )


def _defaults(compiled: SQLCompiler) -> dict[str, Any]:
    """What columns have that are not given. Raises `TypeError` for what would be worked out for each row."""
    found: dict[str, Any] = {}
    for column in (*compiled.insert_prefetch, *compiled.update_prefetch):
        if not isinstance(column.default, ScalarElementColumnDefault):
            raise TypeError("a prepared statement is given whatever is worked out for each row")
        found[column.key] = column.default.arg
    return found


def _in_places(names: Sequence[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    if not names:
        return lambda values: ()
    if len(names) == 1:
        return lambda values: (values[names[0]],)
    return itemgetter(*names)
