"""Which operations of a migration break the release before it, which still runs while it is applied.

The rules and what to do instead: docs/deployment.md, "Migrations without downtime".
"""

import re
from collections.abc import Iterator, Sequence

from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

#: A migration says here since when nothing reads what it drops: `unread_since = "0.4.0"`.
UNREAD_SINCE = "unread_since"

_RENAMES = (migrations.RenameField, migrations.RenameModel, migrations.AlterModelTable)
_DROPS = (migrations.RemoveField, migrations.DeleteModel)
_BREAKING_SQL = re.compile(
    r"\bDROP\s+(COLUMN|TABLE)\b|\bRENAME\b|\bSET\s+NOT\s+NULL\b|\bCREATE\s+(UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY)",
    re.IGNORECASE,
)


def faults(migration: migrations.Migration, before: ProjectState) -> list[str]:
    """What is wrong with `migration` on the state `before` it, one line each; none if it may run live."""
    own_tables = {
        operation.name_lower
        for operation in migration.operations
        if isinstance(operation, migrations.CreateModel)
    }
    found = []
    for operation in _flat(migration.operations):
        why = _fault(operation, migration, before, own_tables)
        if why:
            found.append(f"{migration.app_label}.{migration.name}, {operation.describe()}: {why}")
    return found


def _flat(operations: Sequence[Operation]) -> Iterator[Operation]:
    for operation in operations:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from _flat(operation.database_operations)
        else:
            yield operation


def _fault(
    operation: Operation, migration: migrations.Migration, before: ProjectState, own_tables: set[str]
) -> str:
    table = getattr(operation, "model_name_lower", "")
    if isinstance(operation, _RENAMES):
        return "the release before knows the old name; add the new, fill it, drop the old a release later"
    if isinstance(operation, _DROPS) and not hasattr(migration, UNREAD_SINCE):
        return f"the release before may read it; say since when none does: {UNREAD_SINCE} = '0.0.0'"
    if isinstance(operation, migrations.RunSQL):
        return _fault_of_sql(operation.sql)
    if table in own_tables:
        return ""
    if isinstance(operation, migrations.AddField):
        return _fault_of_column(operation.field)
    if isinstance(operation, migrations.AlterField):
        return _fault_of_change(operation, migration.app_label, before)
    if isinstance(operation, migrations.AddIndex) and not isinstance(operation, AddIndexConcurrently):
        return "it locks the table against writing; use AddIndexConcurrently"
    if isinstance(operation, migrations.AddConstraint) and not isinstance(operation, AddConstraintNotValid):
        return _fault_of_rule(operation.constraint)
    return ""


def _fault_of_column(field: models.Field) -> str:  # type: ignore[type-arg]
    if field.null or field.many_to_many or field.has_db_default():
        return ""
    return "the release before inserts rows without it; give it a db_default or null=True"


def _fault_of_change(operation: migrations.AlterField, app: str, before: ProjectState) -> str:
    was = before.models[app, operation.model_name_lower].fields[operation.name]
    if was.null and not operation.field.null:
        return "the release before may write null; fill it and refuse null by a constraint first"
    return ""


def _fault_of_rule(rule: models.BaseConstraint) -> str:
    if isinstance(rule, models.CheckConstraint):
        return "it locks the table until all is read; use AddConstraintNotValid, then ValidateConstraint"
    return "it locks the table until its index is built; build one CONCURRENTLY, then ADD ... USING INDEX"


def _fault_of_sql(sql: object) -> str:
    texts = [sql] if isinstance(sql, str) else [part if isinstance(part, str) else part[0] for part in sql]  # type: ignore[attr-defined]
    if any(_BREAKING_SQL.search(text) for text in texts):
        return "it drops, renames, tightens or locks; do it in two releases, indexes CONCURRENTLY"
    return ""
