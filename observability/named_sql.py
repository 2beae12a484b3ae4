"""Statements in files of their own, named and described, beside the module that asks them."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.db import connection


class Folder:
    """The statements in the folder `sql` beside a module, by name of file without ending."""

    def __init__(self, module: str) -> None:
        self._folder = Path(module).parent / "sql"
        self._read: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name not in self._read:
            self._read[name] = (self._folder / f"{name}.sql").read_text(encoding="utf-8")
        return self._read[name]


def ask(statement: str, parameters: Mapping[str, Any]) -> list[Any]:
    """The rows of a statement, with their columns as attributes."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        names = [column.name for column in cursor.description]
        return [SimpleNamespace(**dict(zip(names, values, strict=True))) for values in cursor.fetchall()]


def ask_one(statement: str, parameters: Mapping[str, Any]) -> Any:
    """The single row of a statement."""
    [row] = ask(statement, parameters)
    return row
