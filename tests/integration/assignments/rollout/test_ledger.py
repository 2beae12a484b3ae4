"""The chain of records: gapless under concurrency, refused edits, and a check that names the broken place."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from assignments.engine.gates import canonical
from assignments.engine.gates.rules import Verdict
from assignments.engine.phases import PhaseKey, Role
from assignments.models import LedgerEntry, Remark
from assignments.rollout import ledger, remarks, signoffs
from observability.models import Event
from tests.factories import NOW, RestaurantFactory
from tests.integration.assignments.rollout.people import ENGINEER, person, propose, reach, sign
from tests.integration.assignments.rollout.test_phases import bring_evidence
from tests.processes import in_parallel

WRITERS, RECORDS = 4, 12

TABLES = (
    "rollout_policies",
    "rollout_snapshots",
    "rollout_checklist_ticks",
    "rollout_remarks",
    "rollout_ledger",
    "rollout_imported_evidence",
    "rollout_signatures",
    "rollout_gate_overrides",
)


def write(note: str) -> LedgerEntry:
    return ledger.append("phase.remarked", {"note": note}, phase=None, by=ENGINEER, now=NOW)


@pytest.fixture
def chain(db: None) -> list[LedgerEntry]:
    return [write(f"note {number}") for number in range(1, 6)]


def tampered(sql: str, *parameters: Any) -> int | None:
    """What the check says after somebody went past the triggers, as only a superuser of the server can."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(sql, parameters)
        cursor.execute("SET session_replication_role = origin")
    return ledger.verify()


def test_each_record_is_linked_to_the_one_before(chain: list[LedgerEntry]) -> None:
    assert [entry.number for entry in chain] == [1, 2, 3, 4, 5]
    assert chain[0].previous == canonical.GENESIS
    assert [entry.previous for entry in chain[1:]] == [entry.digest for entry in chain[:-1]]
    assert (ledger.verify(), ledger.head()) == (None, chain[-1].digest)


@pytest.mark.django_db
def test_an_empty_chain_holds() -> None:
    assert (ledger.verify(), ledger.head()) == (None, canonical.GENESIS)


@pytest.mark.parametrize(
    ("sql", "broken"),
    [
        ("""UPDATE rollout_ledger SET body = '{"note": "nothing"}' WHERE number = 3""", 3),
        ("UPDATE rollout_ledger SET author = 'somebody' WHERE number = 2", 2),
        ("UPDATE rollout_ledger SET at = at + interval '1 microsecond' WHERE number = 1", 1),
        ("UPDATE rollout_ledger SET kind = 'phase.left' WHERE number = 5", 5),
        ("UPDATE rollout_ledger SET digest = repeat('0', 64) WHERE number = 4", 4),
        ("DELETE FROM rollout_ledger WHERE number = 3", 3),
        ("DELETE FROM rollout_ledger WHERE number = 1", 1),
        (
            """UPDATE rollout_ledger a SET body = b.body FROM rollout_ledger b
            WHERE a.number + b.number = 7 AND a.number IN (3, 4) AND b.number IN (3, 4)""",
            3,
        ),
    ],
)
def test_the_check_names_the_first_record_that_is_not_as_it_was(
    chain: list[LedgerEntry], sql: str, broken: int
) -> None:
    assert tampered(sql) == broken


@pytest.mark.django_db
def test_a_record_moved_to_another_phase_is_found() -> None:
    phase = reach(PhaseKey.STAGING_SHADOW)
    entry = ledger.append("phase.remarked", {}, phase=phase, by=ENGINEER, now=NOW)
    assert ledger.verify() is None
    assert (
        tampered("UPDATE rollout_ledger SET phase_id = NULL WHERE number = %s", entry.number) == entry.number
    )


@pytest.mark.django_db
def test_numbers_that_two_programs_may_write_differently_are_refused() -> None:
    with pytest.raises(TypeError, match=r"1\.5"):
        ledger.append("phase.remarked", {"rate": 1.5}, phase=None, by=ENGINEER, now=NOW)


@pytest.mark.django_db
def test_each_record_is_told_as_an_event_that_points_at_it() -> None:
    entry = write("something")
    context = Event.objects.get(event_type="phase.remarked").context
    assert context == {"record": entry.number, "digest": entry.digest, "phase": None, "key": None}


def refused(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(IntegrityError, match="is append-only"):
        carry_out(sql)


def carry_out(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.django_db
def test_the_database_refuses_to_rewrite_whatever_was_recorded() -> None:
    make_a_row_of_each()
    for table in TABLES:
        refused(f"UPDATE {table} SET id = id")
        refused(f"DELETE FROM {table}")
        refused(f"TRUNCATE {table} CASCADE")


def make_a_row_of_each() -> None:
    RestaurantFactory()
    sign_off = propose(reach(PhaseKey.PRODUCTION_10), confirmation_rate=Verdict.INCONCLUSIVE)
    boss = person(Role.MANAGER, name="boss")
    signoffs.override(sign_off, gate="confirmation_rate", user=boss, reason="quiet", now=NOW)
    sign_off.refresh_from_db()
    sign(sign_off, Role.ON_CALL)
    remarks.write(phase=sign_off.phase, kind=Remark.Kind.NOTE, text="Quiet.", user=boss, now=NOW)
    bring_evidence()


def write_many(writer: int) -> None:
    for number in range(RECORDS):
        with transaction.atomic():
            write(f"{writer}: {number}")


def test_parallel_writers_leave_no_gap(committed_db: None) -> None:
    in_parallel(write_many, [(writer,) for writer in range(WRITERS)])
    numbers = list(LedgerEntry.objects.values_list("number", flat=True))
    assert numbers == [*range(1, WRITERS * RECORDS + 1)]
    assert ledger.verify() is None
