"""Every migration since the first release can be applied while the release before it runs."""

from typing import Any

import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

from tests.migration_rules import faults

#: The highest numbers that no installation has to apply while it is used: there was none before them.
BEFORE_THE_FIRST_RELEASE = {"assignments": 45, "bookings": 16, "observability": 17}


@pytest.fixture(scope="module")
def loader() -> MigrationLoader:
    return MigrationLoader(None)


def test_migrations_since_the_first_release_break_no_running_release(loader: MigrationLoader) -> None:
    found = [
        fault
        for (app, name), migration in loader.disk_migrations.items()
        if app in BEFORE_THE_FIRST_RELEASE and int(name[:4]) > BEFORE_THE_FIRST_RELEASE[app]
        for fault in faults(migration, loader.project_state((app, name), at_end=False))
    ]
    assert found == []


def of(loader: MigrationLoader, operation: Operation, **said: Any) -> list[str]:
    kind = type("Migration", (migrations.Migration,), {"operations": [operation], **said})
    migration = kind("9999_next", "bookings")
    return faults(migration, loader.project_state())


SQL = migrations.RunSQL
CHECK = models.CheckConstraint(condition=models.Q(party_size__gt=0), name="some_check")
INDEX = models.Index(fields=["party_size"], name="some_index")
UNIQUE = models.UniqueConstraint(fields=["party_size"], name="some_unique")


@pytest.mark.parametrize(
    "operation",
    [
        migrations.RenameField("booking", "party_size", "guests"),
        migrations.RenameModel("Booking", "Visit"),
        migrations.AlterModelTable("booking", "visits"),
        migrations.RemoveField("booking", "party_size"),
        migrations.DeleteModel("Booking"),
        migrations.AddField("booking", "mood", models.CharField(max_length=9)),
        migrations.AddField("booking", "mood", models.CharField(max_length=9, default="")),
        migrations.AlterField("booking", "assignment_state", models.CharField(max_length=32)),
        migrations.AddIndex("booking", INDEX),
        migrations.AddConstraint("booking", CHECK),
        migrations.AddConstraint("booking", UNIQUE),
        SQL("ALTER TABLE bookings DROP COLUMN party_size"),
        SQL([("CREATE INDEX mood ON bookings (party_size)", [])]),
        migrations.SeparateDatabaseAndState(database_operations=[SQL("ALTER TABLE a RENAME TO b")]),
    ],
    ids=lambda operation: operation.describe(),
)
def test_what_breaks_the_running_release_is_found(loader: MigrationLoader, operation: Operation) -> None:
    assert len(of(loader, operation)) == 1


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("booking", "mood", models.CharField(max_length=9, null=True)),
        migrations.AddField("booking", "mood", models.CharField(max_length=9, db_default="")),
        AddIndexConcurrently("booking", INDEX),
        AddConstraintNotValid("booking", CHECK),
        SQL("CREATE INDEX CONCURRENTLY mood ON bookings (party_size)"),
    ],
    ids=lambda operation: operation.describe(),
)
def test_what_it_does_not_notice_passes(loader: MigrationLoader, operation: Operation) -> None:
    assert of(loader, operation) == []


def test_a_column_may_go_once_it_is_said_since_when_nobody_reads_it(loader: MigrationLoader) -> None:
    assert of(loader, migrations.RemoveField("booking", "party_size"), unread_since="0.2.0") == []
