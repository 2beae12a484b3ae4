"""Statements in files of their own, named and described, beside the module that asks them."""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

_asked: ContextVar[str] = ContextVar("asked", default=DEFAULT_DB_ALIAS)


class Folder:
    """The statements in the folder `sql` beside a module, by name of file without ending."""

    def __init__(self, module: str) -> None:
        self._folder = Path(module).parent / "sql"
        self._read: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name not in self._read:
            self._read[name] = (self._folder / f"{name}.sql").read_text(encoding="utf-8")
        return self._read[name]


@contextmanager
def asking(alias: str) -> Iterator[None]:
    """Have `ask` ask that one of DATABASES inside the block."""
    token = _asked.set(alias)
    try:
        yield
    finally:
        _asked.reset(token)


def ask(statement: str, parameters: Mapping[str, Any]) -> list[Any]:
    """The rows of a statement, with their columns as attributes."""
    with connections[_asked.get()].cursor() as cursor:
        cursor.execute(statement, parameters)
        row = _row_of(tuple(column.name for column in cursor.description))
        return [row(values) for values in cursor.fetchall()]


@lru_cache(maxsize=200)
def _row_of(names: tuple[str, ...]) -> Callable[[Iterable[Any]], Any]:
    """Makes rows with these attributes; at ten thousand rows a page, how costs more than the statement."""
    made: Any = namedtuple  # noqa: PYI024 - a typed one needs its names before run time
    return made("Row", names)._make  # type: ignore[no-any-return]


def ask_one(statement: str, parameters: Mapping[str, Any]) -> Any:
    """The single row of a statement."""
    [row] = ask(statement, parameters)
    return row
