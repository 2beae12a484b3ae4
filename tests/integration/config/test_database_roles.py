"""Web processes and workers do all their work with the rights of their roles, and nothing beyond."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO
from pathlib import Path
from signal import SIGKILL
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from bookings.lifeline import end_with_parent
from bookings.models import Booking, OutboxMessage
from bookings.states import State
from config import database_roles
from observability.partitions import ensure_partitions
from tests.factories import receive, serving_restaurant
from tests.integration.bookings.api.conftest import issue
from tests.integration.observability.rows import partitions, write_event
from tests.rights import acting_as, role_of

PATIENCE = 60.0
HISTORY = ("booking_assignment_state_history", "observability_events", "booking_moves", "rollout_ledger")


# Real processes ------------------------------------------------------------------------------------


def environment(process: str, folder: Path) -> dict[str, str]:
    """A process's environment: this test's database in its role from the first statement on."""
    at = connection.settings_dict
    options = {"host": at["HOST"], "port": at["PORT"], "options": f"-c role={role_of(process)}"}
    address = urlencode({name: value for name, value in options.items() if value}, quote_via=quote)
    return os.environ | {
        "DATABASE_URL": f"postgres://{at['USER']}@/{at['NAME']}?{address}",
        "REDIS_URL": str(settings.CACHES["default"]["LOCATION"]),
        "LOCAL_DATA_DIR": str(folder),
        "LOG_LEVEL": "WARNING",
        "FEATURE_ASSIGNMENT_PIPELINE_V3": "true",
        "QUEUE_WORKERS": "1",
    }


@contextmanager
def running(process: str, folder: Path, *command: str) -> Iterator[Path]:
    """A process of the project inside the block, and the file of its output."""
    log = folder / f"{process}.log"
    with log.open("wb") as output:
        started = subprocess.Popen(
            [sys.executable, *command],
            cwd=settings.BASE_DIR,
            env=environment(process, folder),
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=partial(end_with_parent, SIGKILL),  # noqa: PLW1509 - no threads yet
        )
    try:
        yield log
    finally:
        started.terminate()
        try:
            started.wait(40)
        except subprocess.TimeoutExpired:
            started.kill()


def wait_for(done: Callable[[], Any], *logs: Path) -> Any:
    until = time.monotonic() + PATIENCE
    while not (found := done()):
        told = "\n".join(log.read_text()[-2000:] for log in logs)
        assert time.monotonic() < until, told
        time.sleep(0.1)
    return found


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def ask(port: int, path: str, *, token: str = "", body: Any = None) -> tuple[int, Any]:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "once"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()
    except OSError:
        return 0, None


def test_a_booking_and_all_upkeep_are_done_by_processes_in_their_roles(
    committed_db: None, tmp_path: Path
) -> None:
    restaurant = serving_restaurant(2, 4)
    token = issue(restaurant).secret
    long_ago = datetime.now(UTC) - timedelta(days=200)
    write_event(at=long_ago)
    ahead = f"observability_events_{datetime.now(UTC) + timedelta(days=7):%Y%m%d}"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {ahead}")

    port = free_port()
    web = ("-m", "gunicorn", "config.wsgi:application", "--bind", f"127.0.0.1:{port}", "--workers", "1",
           "--no-control-socket")  # fmt: skip
    with (
        running("web", tmp_path, *web) as web_log,
        running("worker", tmp_path, "manage.py", "worker") as worker_log,
    ):
        logs = (web_log, worker_log)
        wait_for(lambda: ask(port, "/readyz")[0] == 200, *logs)
        status, told = ask(port, "/api/v1/bookings", token=token, body=wishes(restaurant.slug))
        assert status == 201, told
        booking = Booking.objects.get(reference=told["reference"])
        wait_for(lambda: Booking.objects.get(pk=booking.pk).assignment_state == State.CONFIRMED, *logs)
        wait_for(lambda: OutboxMessage.objects.filter(booking=booking, status="sent").exists(), *logs)
        # Upkeep: days are made ahead, strays get a day of their own, are counted, and go when kept enough.
        wait_for(lambda: ahead in partitions(), *logs)
        wait_for(lambda: dropped_of(long_ago), *logs)
        wait_for(lambda: value("SELECT count(*) FROM observability_rule_standings"), *logs)
        wait_for(
            lambda: value("SELECT count(*) FROM observability_timings WHERE kind = 'connections'"), *logs
        )
    assert "permission denied" not in web_log.read_text() + worker_log.read_text()


def wishes(slug: str) -> dict[str, Any]:
    start = (timezone.now() + timedelta(days=3)).replace(hour=19, minute=0, second=0, microsecond=0)
    return {
        "restaurant": slug,
        "party_size": 2,
        "start": start.isoformat(),
        "guest_name": "Ada Guest",
        "guest_email": "ada@example.org",
    }


def dropped_of(at: datetime) -> bool:
    return bool(
        value(
            "SELECT count(*) FROM observability_events"
            f" WHERE event_type = 'events.dropped' AND context->>'day' = '{at:%Y-%m-%d}'"
        )
    )


def value(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


# What is refused -----------------------------------------------------------------------------------


def refusal(process: str, statement: str) -> str:
    with (
        pytest.raises(DatabaseError) as refused,
        acting_as(process),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    return str(refused.value)


@pytest.mark.django_db
@pytest.mark.parametrize("process", ["web", "worker"])
def test_history_is_nobodys_to_change(process: str) -> None:
    receive(serving_restaurant(4))
    kept = {table.name for table in database_roles.tables() if table.append_only}
    assert kept > set(HISTORY)
    for table in sorted(kept):
        for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            assert "permission denied" in refusal(process, statement), statement
    for partition in partitions():
        assert "permission denied" in refusal(process, f"DELETE FROM {partition}")


@pytest.mark.django_db
@pytest.mark.parametrize("process", ["web", "worker"])
@pytest.mark.parametrize(
    "statement",
    [
        "SET session_replication_role = replica",
        "ALTER TABLE booking_assignment_state_history DISABLE TRIGGER ALL",
        "DROP TRIGGER append_only_rows ON booking_assignment_state_history",
        "DROP TABLE observability_events",
        "CREATE TABLE public.mine (id int)",
        "SELECT setval('bookings_id_seq', 1)",
        "DELETE FROM django_migrations",
    ],
)
def test_no_process_gets_around_the_rules(process: str, statement: str) -> None:
    assert re.search("permission denied|must be owner", refusal(process, statement))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE auth_user SET is_superuser = true",
        "INSERT INTO auth_group (name) VALUES ('mine')",
        "INSERT INTO auth_group_permissions (group_id, permission_id) VALUES (1, 1)",
        "SELECT * FROM django_session",
        "SELECT * FROM django_admin_log",
        "SELECT * FROM channel_tokens",
        "SELECT password FROM auth_user",
        "SELECT * FROM auth_user",
        "UPDATE staff_restaurants SET user_id = 1",
        "UPDATE rollout_sign_offs SET decision = 'proceed'",
        "INSERT INTO rollout_signatures (id) VALUES (1)",
        "INSERT INTO rollout_gate_overrides (id) VALUES (1)",
        "INSERT INTO assignment_flag_decisions (id) VALUES (1)",
        "DELETE FROM bookings",
        "UPDATE restaurants SET name = ''",
    ],
)
def test_workers_touch_nothing_of_people(statement: str) -> None:
    assert "permission denied" in refusal("worker", statement)


@pytest.mark.django_db
def test_the_web_neither_makes_nor_drops_days_of_events() -> None:
    for function in ("ensure_events_partition", "drop_events_partition"):
        assert "permission denied" in refusal("web", f"SELECT {function}('2026-01-05')")


@pytest.mark.django_db
def test_workers_drop_no_day_the_owner_wants_kept() -> None:
    recent = datetime.now(UTC).date() - timedelta(days=20)
    ensure_partitions(today=recent, days=1)
    keep(30)
    asked = f"SELECT drop_events_partition('{recent}')"
    assert "the owner of the database keeps them for 30 days" in refusal("worker", asked)
    lower = "CREATE OR REPLACE FUNCTION events_kept_days() RETURNS integer LANGUAGE sql AS 'SELECT 7'"
    assert "permission denied" in refusal("worker", lower)
    # A table of one's own by the name of one that is asked is not found.
    keep(7)
    write_event(at=datetime.combine(recent, datetime.min.time(), UTC))
    lure = f"""
        CREATE TEMP TABLE observability_feeds AS SELECT 'events' AS feed, 9000000000 AS rolled_to;
        SELECT drop_events_partition('{recent}')
    """
    with acting_as("worker"), connection.cursor() as cursor:
        for statement in lure.split(";"):
            cursor.execute(statement)
        assert cursor.fetchone() == (None,)


def keep(days: int) -> None:
    with connection.cursor() as cursor:
        for statement in database_roles.statements(
            web=role_of("web"), worker=role_of("worker"), keep_events_days=days
        ):
            cursor.execute(statement)


# The command ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_command_prints_what_it_would_do_and_may_be_run_again() -> None:
    def told(*options: str) -> str:
        output = StringIO()
        call_command(
            "database_roles", "--web", "some_web", "--worker", "some_worker", *options, stdout=output
        )
        return output.getvalue()

    assert told().startswith("BEGIN;\nDO $$")
    assert not value("SELECT count(*) FROM pg_roles WHERE rolname = 'some_web'")
    with connection.cursor() as cursor:
        cursor.execute(told().replace("BEGIN;", "").replace("COMMIT;", ""))
    before = value("SELECT array_agg(relacl::text ORDER BY oid) FROM pg_class")
    assert told("--apply") == "some_web and some_worker have their rights.\n"
    assert value("SELECT array_agg(relacl::text ORDER BY oid) FROM pg_class") == before


@pytest.mark.django_db
def test_rights_that_were_given_by_hand_are_taken_back() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'GRANT DELETE ON bookings, django_session TO "{role_of("worker")}"')
    call_command(
        "database_roles", "--web", role_of("web"), "--worker", role_of("worker"), "--apply", stdout=StringIO()
    )
    assert "permission denied" in refusal("worker", "DELETE FROM bookings")
    assert "permission denied" in refusal("worker", "DELETE FROM django_session")


@pytest.mark.django_db
def test_who_may_not_give_rights_is_told_what_to_do() -> None:
    with pytest.raises(CommandError, match="Run it as the tables' owner"), acting_as("web"):
        call_command("database_roles", "--web", "some_web", "--apply")
    with pytest.raises(CommandError, match="they are two roles") as refused:
        call_command("database_roles", "--web", "one", "--worker", "one")
    assert refused.value.returncode == 2


@pytest.mark.django_db
def test_every_table_that_is_named_exists() -> None:
    assert database_roles.named() <= {table.name for table in database_roles.tables()}
