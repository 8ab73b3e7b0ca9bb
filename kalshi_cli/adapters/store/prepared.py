"""Statements that are built once; on SQLite they run as text, with nothing looked up on the way.

For each run SQLAlchemy makes a key for its cache, copies parameters and enters a greenlet: several
times what SQLite needs for the rows of a desk. What is compiled here once has the same text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import BindParameter, CompoundSelect, Select, UpdateBase, bindparam
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeEngine

Values = Sequence[Any]
Convert = Callable[[Any], Any]
AnySelect = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]
_SQLITE = sqlite.dialect()


def given(name: str) -> BindParameter[Any]:
    """A parameter that every run gives."""
    return bindparam(name, required=False)  # compiled before there is a value


@dataclass(frozen=True, slots=True)
class _Text:
    """SQL with question marks. For each: the name and conversion of what is given, or a constant.

    `columns` are the conversions of the result, by index.
    """

    sql: str
    names: tuple[str | None, ...]
    constants: tuple[Any, ...]
    binds: Mapping[str, Convert]
    columns: tuple[tuple[int, Convert], ...]


class Prepared:
    """A statement that is a constant but for the parameters `given` by name."""

    def __init__(self, statement: AnySelect | UpdateBase) -> None:
        self.statement = statement

    @property
    def sql(self) -> str:
        """Its text for SQLite."""
        return self._text.sql

    def values(self, parameters: Mapping[str, Any]) -> tuple[Any, ...]:
        """What stands for the question marks. Raises `KeyError` for one that is not given."""
        text = self._text
        values: list[Any] = []
        for name, constant in zip(text.names, text.constants, strict=True):
            if name is None:
                values.append(constant)
            elif name in text.binds:
                values.append(text.binds[name](parameters[name]))
            else:
                values.append(parameters[name])
        return tuple(values)

    def converted(self, rows: Sequence[Values]) -> Sequence[Values]:
        """Rows of SQLite with the types of the columns, such as booleans."""
        columns = self._text.columns
        if not columns:
            return rows
        changed = [list(row) for row in rows]
        for row in changed:
            for index, convert in columns:
                row[index] = convert(row[index])
        return list(map(tuple, changed))

    @cached_property
    def _text(self) -> _Text:
        compiled = self.statement.compile(
            dialect=_SQLITE, compile_kwargs={"render_postcompile": True}
        )
        order: Sequence[str] = compiled.positiontup or ()
        binds: Mapping[str, BindParameter[Any]] = compiled.binds
        asked = {name: bind for name, bind in binds.items() if not bind.unique}
        converting = {name: _bind(bind.type) for name, bind in asked.items()}
        return _Text(
            sql=str(compiled),
            names=tuple(name if name in asked else None for name in order),
            constants=tuple(None if name in asked else compiled.params[name] for name in order),
            binds={name: convert for name, convert in converting.items() if convert is not None},
            columns=_columns(self.statement),
        )


def _columns(statement: AnySelect | UpdateBase) -> tuple[tuple[int, Convert], ...]:
    if isinstance(statement, UpdateBase):
        return ()
    found = (
        (index, column.type.dialect_impl(_SQLITE).result_processor(_SQLITE, None))
        for index, column in enumerate(statement.selected_columns)
    )
    return tuple((index, convert) for index, convert in found if convert is not None)


def _bind(kind: TypeEngine[Any]) -> Convert | None:
    return kind.dialect_impl(_SQLITE).bind_processor(_SQLITE)
