"""Reads a row and those it belongs to as models, with one prepared statement.

The same objects as `select_related` gives. Django would build the query anew for each row, which takes
several times as long as running it.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model

Row = TypeVar("Row", bound=Model)


@cache
def columns(model: type[Model], *, without: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The model's columns by attribute, in order; those in `without` are read when they are asked for."""
    fields = model._meta.concrete_fields  # noqa: SLF001 - Django documents it
    return tuple(field.attname for field in fields if field.attname not in without)


def selected(model: type[Model], *, without: frozenset[str] = frozenset()) -> str:
    """The columns as a SELECT lists them, each with its table."""
    table = model._meta.db_table  # noqa: SLF001 - Django documents it
    return ", ".join(f'{table}."{name}"' for name in columns(model, without=without))


def row_of(model: type[Row], values: Sequence[Any], *, without: frozenset[str] = frozenset()) -> Row:
    """The model of the first of `values`: as many as `columns` names."""
    names = columns(model, without=without)
    return model.from_db(connection.alias, names, values[: len(names)])
