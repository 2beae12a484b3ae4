"""The shadow run: what it compares, and that it writes nothing but its comparison."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django_q.models import OrmQ

from assignments.engine.compare import Comparison
from assignments.engine.decide import decide as v3
from assignments.engine.facts import Facts, Request
from assignments.engine.flags import Mode
from assignments.engine.plans import Decision, Plan
from assignments.engine.reasons import Reason
from assignments.legacy import Deciding
from assignments.models import ShadowComparison
from assignments.shadow import compare
from assignments.shadow.tasks import settle
from assignments.shadow.trial import try_candidate
from bookings.models import Allocation, Booking, BookingMove
from observability.models import Event
from tests.factories import NOW, receive, serving_restaurant
from tests.integration.assignments.legacy.driving import contexts, decide, run, shadowed
from tests.invariants import breaches

pytestmark = pytest.mark.django_db

Candidate = Callable[[Facts, Request], Decision]


def decided(booking: Booking) -> Deciding:
    """The deciding attempt of a run of legacy in shadow mode."""
    deciding = run(booking, mode=Mode.SHADOW).deciding
    assert deciding is not None
    return deciding


def compared(booking: Booking) -> ShadowComparison:
    return ShadowComparison.objects.get(booking=booking)


def planning(*tables: int, score: float) -> Candidate:
    plan = Plan(tables=tables, strategy="optimal_fit", score=score, breakdown={"slack": score})
    return lambda facts, request: Decision(plans=(plan,))


def finding_nothing(facts: Facts, request: Request) -> Decision:
    return Decision(reason=Reason.NO_CAPACITY_AT_TIME, rung="bound")


def exhausted(booking: Booking) -> Deciding:
    """The deciding attempt of a booking that does not fit."""
    for _ in range(3):
        assert run(booking, mode=Mode.SHADOW).deciding is None
    return decided(booking)


# --- the row and its events ---


def test_both_paths_choosing_the_same_table_is_a_match() -> None:
    booking = receive(serving_restaurant(2))
    assert shadowed(booking) is Comparison.MATCH
    row = compared(booking)
    table = booking.allocations.get().table_id
    assert (row.comparison, row.noise, row.detail) == ("match", "match", None)
    assert (row.legacy_outcome, row.legacy_tables) == ("confirmed", [table])
    assert (row.v3_outcome, row.v3_tables, row.v3_moves, row.v3_rung) == ("confirmed", [table], [], "direct")
    assert row.legacy_score == row.v3_score
    assert (row.flag_version, row.facts_at) == (7, NOW)
    assert row.duration_ms is not None


def test_the_transitions_v3_would_have_made_are_told_with_their_mode() -> None:
    booking = receive(serving_restaurant(2))
    shadowed(booking)
    told = contexts(booking, "booking.assignment_state_transition")
    assert [(c["version"], c["from"], c["to"], c["mode"]) for c in told] == [
        (2, "created", "capacity_verified", "shadow"),
        (3, "capacity_verified", "assignment_pending", "shadow"),
        (4, "assignment_pending", "assignment_in_progress", "shadow"),
        (5, "assignment_in_progress", "assigned", "shadow"),
        (6, "assigned", "confirmed", "shadow"),
    ]
    [comparison] = contexts(booking, "shadow.compared")
    assert (comparison["class"], comparison["mode"], comparison["reason"]) == ("match", "shadow", None)
    assert comparison["legacy_score"] == comparison["v3_score"]


def test_v3_plans_on_the_very_facts_of_legacys_deciding_attempt() -> None:
    booking = receive(serving_restaurant(2, 2))
    deciding = decided(booking)
    decide(receive(booking.restaurant))
    seen: list[tuple[Facts, Request]] = []

    def candidate(facts: Facts, request: Request) -> Decision:
        seen.append((facts, request))
        return v3(facts, request)

    compare(deciding=deciding, now=NOW, candidate=candidate)

    assert deciding.frozen is not None
    assert seen[0][0] is deciding.frozen.facts
    assert seen[0][1] is deciding.frozen.request
    assert compared(booking).comparison == "match", "the other booking came after the facts were frozen"


def test_what_v3_finds_by_moving_others_moves_nobody() -> None:
    restaurant = serving_restaurant(2, 4)
    small, large = receive(restaurant), receive(restaurant, party_size=4)
    table = restaurant.tables.get(capacity=4)
    decide(small)
    Allocation.objects.filter(booking=small).update(table=table)
    deciding = exhausted(large)
    before = rows_of_other_tables()

    assert compare(deciding=deciding, now=NOW) is Comparison.V3_ONLY

    row = compared(large)
    assert (row.legacy_outcome, row.legacy_reason, row.legacy_score) == (
        "manual_review",
        "no_assignment",
        None,
    )
    assert [move["booking"] for move in row.v3_moves] == [small.pk]
    assert rows_of_other_tables() == before
    assert Allocation.objects.get(booking=small, active=True).table == table
    assert not BookingMove.objects.exists()


def test_a_booking_neither_can_seat_is_both_failed_and_would_have_gone_to_people() -> None:
    restaurant = serving_restaurant(2)
    decide(receive(restaurant))
    booking = receive(restaurant)
    assert compare(deciding=exhausted(booking), now=NOW) is Comparison.BOTH_FAILED
    row = compared(booking)
    assert (row.v3_outcome, row.v3_reason, row.v3_score) == ("manual_review", "no_capacity_at_time", None)
    last = contexts(booking, "booking.assignment_state_transition")[-1]
    assert (last["to"], last["reason"]) == ("manual_review", "no_capacity_at_time")


def test_what_the_house_refuses_is_refused_on_both_paths() -> None:
    booking = receive(serving_restaurant(2))
    assert shadowed(booking, refused=Reason.PACING) is Comparison.BOTH_FAILED
    row = compared(booking)
    assert (row.legacy_reason, row.v3_reason, row.v3_rung, row.noise) == ("pacing", "pacing", "rules", None)
    assert [c["to"] for c in contexts(booking, "booking.assignment_state_transition")] == ["manual_review"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [(0.0, Comparison.EQUIVALENT), (0.1, Comparison.BETTER), (-0.1, Comparison.WORSE)],
)
def test_other_tables_are_compared_by_score(change: float, expected: Comparison) -> None:
    booking = receive(serving_restaurant(2, 2))
    deciding = decided(booking)
    assert deciding.plan is not None
    other = booking.restaurant.tables.exclude(pk__in=deciding.plan.tables).get()
    candidate = planning(other.pk, score=deciding.plan.score + change)
    assert compare(deciding=deciding, now=NOW, candidate=candidate) is expected


def test_a_seating_only_legacy_finds_is_legacy_only() -> None:
    deciding = decided(receive(serving_restaurant(2)))
    assert compare(deciding=deciding, now=NOW, candidate=finding_nothing) is Comparison.LEGACY_ONLY


def test_a_race_that_legacy_lost_says_nothing_about_its_plan() -> None:
    restaurant = serving_restaurant(2)
    booking = receive(restaurant)
    deciding = decided(booking)
    lost = Deciding(
        position=deciding.position,
        flag_version=7,
        frozen=deciding.frozen,
        plan=None,
        reason=Reason.ALLOCATION_LOST,
    )
    assert compare(deciding=lost, now=NOW) is Comparison.UNCLASSIFIED
    assert compared(booking).noise == "unclassified"


def test_without_facts_v3_is_not_asked() -> None:
    deciding = decided(receive(serving_restaurant(2)))
    blind = Deciding(position=deciding.position, flag_version=7, frozen=None, plan=None, reason=Reason.ERROR)
    assert compare(deciding=blind, now=NOW) is Comparison.SKIPPED
    assert not Event.objects.filter(source="assignment.state_machine").exists()


def test_a_booking_is_compared_once() -> None:
    booking = receive(serving_restaurant(2))
    deciding = decided(booking)
    assert compare(deciding=deciding, now=NOW) is Comparison.MATCH
    assert compare(deciding=deciding, now=NOW, candidate=finding_nothing) is None
    assert compared(booking).comparison == "match"
    assert len(contexts(booking, "shadow.compared")) == 1


def test_a_comparison_is_never_changed() -> None:
    booking = receive(serving_restaurant(2))
    shadowed(booking)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        ShadowComparison.objects.update(comparison="better")


def test_legacy_alone_has_nothing_to_compare() -> None:
    booking = receive(serving_restaurant(2))
    OrmQ.objects.all().delete()
    assert run(booking, mode=Mode.DISABLED).deciding is None
    assert not [row for row in OrmQ.objects.all() if "shadow" in row.task["func"]]


# --- what goes wrong stays in the shadow ---


def test_a_candidates_error_is_told_without_its_message() -> None:
    booking = receive(serving_restaurant(2))

    def candidate(facts: Facts, request: Request) -> Decision:
        raise RuntimeError("Canary Personal")

    assert compare(deciding=decided(booking), now=NOW, candidate=candidate) is Comparison.CANDIDATE_ERROR

    row = compared(booking)
    assert (row.detail, row.v3_outcome, row.v3_score) == ("RuntimeError", None, None)
    event = Event.objects.get(event_type="shadow.compared")
    assert (event.severity, event.context["error_class"]) == ("error", "RuntimeError")
    assert "Canary" not in str(event.context)
    assert contexts(booking, "booking.assignment_state_transition")[-1]["to"] == "assignment_pending"
    assert booking.assignment_state == "confirmed"


def test_a_candidate_over_its_budget_is_left_behind_and_no_other_is_started_beside_it() -> None:
    first, second = (receive(serving_restaurant(2)) for _ in range(2))
    end = threading.Event()

    def candidate(facts: Facts, request: Request) -> Decision:
        end.wait(30)
        return v3(facts, request)

    budget = timedelta(milliseconds=50)
    slow = compare(deciding=decided(first), now=NOW, candidate=candidate, budget=budget)
    beside = compare(deciding=decided(second), now=NOW)
    end.set()
    join_candidates()

    assert (slow, beside) == (Comparison.TIMEOUT, Comparison.SKIPPED)
    assert compared(first).detail == "over 50 ms"
    third = receive(serving_restaurant(2))
    assert compare(deciding=decided(third), now=NOW) is Comparison.MATCH


def join_candidates() -> None:
    for thread in threading.enumerate():
        if thread.name == "shadow candidate":
            thread.join(30)


def test_a_comparison_that_cannot_be_stored_costs_the_booking_nothing() -> None:
    booking = receive(serving_restaurant(2))
    deciding = decided(booking)
    with transaction.atomic():
        # A shadow run inside a transaction is refused: it would hold the booking's locks.
        assert compare(deciding=deciding, now=NOW) is None
    assert booking.assignment_state == "confirmed"
    assert not ShadowComparison.objects.exists()
    assert breaches(unfinished=True) == {}


# --- bookings whose worker was lost before the shadow run ---


def test_the_deciding_commit_also_enqueues_the_closing_of_the_comparison() -> None:
    booking = receive(serving_restaurant(2))
    OrmQ.objects.all().delete()
    run(booking, mode=Mode.SHADOW)
    tasks = [row for row in OrmQ.objects.all() if row.task["func"] == "assignments.shadow.tasks.settle"]
    assert [row.task["args"] for row in tasks] == [(booking.pk,)]


def test_a_comparison_nobody_made_is_closed_as_skipped() -> None:
    booking = receive(serving_restaurant(2))
    decided(booking)
    settle(booking.pk)
    settle(booking.pk)
    row = compared(booking)
    assert (row.comparison, row.legacy_outcome, row.noise) == ("skipped", None, None)
    assert contexts(booking, "shadow.compared") == [
        {"mode": "shadow", "class": "skipped", "reason": "worker_lost"}
    ]


def test_a_comparison_that_was_made_is_not_closed_again() -> None:
    booking = receive(serving_restaurant(2))
    shadowed(booking)
    settle(booking.pk)
    assert compared(booking).comparison == "match"
    assert len(contexts(booking, "shadow.compared")) == 1


# --- the write fence ---

#: The two tables that the shadow path may insert into; events in their partitions.
OWN = ("shadow_comparisons", "observability_events")


def rows_of_other_tables() -> dict[str, str]:
    """A digest of each table the shadow path must not touch, system columns included."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        names = [name for (name,) in cursor.fetchall() if not name.startswith(OWN)]
        found = {}
        for name in names:
            # ctid and xmin change with every write of a row, even one that changes no value.
            cursor.execute(
                f"SELECT md5(string_agg(t.ctid::text || t.xmin::text || t.xmax::text || t::text, ','"
                f' ORDER BY t.ctid)) FROM "{name}" t'
            )
            found[name] = cursor.fetchone()[0]
    return found


def test_a_shadow_run_leaves_every_row_of_every_other_table_as_it_was() -> None:
    booking = receive(serving_restaurant(2, 4))
    deciding = decided(booking)
    before = rows_of_other_tables()
    assert before["bookings"]
    assert compare(deciding=deciding, now=NOW) is not None
    assert rows_of_other_tables() == before
    assert breaches(unfinished=True) == {}


def writing(statement: str, *params: Any) -> Candidate:
    def candidate(facts: Facts, request: Request) -> Decision:
        with connection.cursor() as cursor:
            cursor.execute(statement, params)
        return v3(facts, request)

    return candidate


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE bookings SET status = 'cancelled'",
        "INSERT INTO shadow_comparisons (booking_id, restaurant_id, class) VALUES (1, 1, 'match')",
        "DELETE FROM booking_table_allocations",
    ],
)
def test_a_candidate_that_writes_is_refused_by_the_database(committed_db: None, statement: str) -> None:
    booking = receive(serving_restaurant(2))
    deciding = decided(booking)
    before = rows_of_other_tables()

    found = compare(deciding=deciding, now=NOW, candidate=writing(statement))

    assert found is Comparison.CANDIDATE_ERROR
    assert compared(booking).detail == "InternalError", "read-only transaction (SQLSTATE 25006)"
    assert rows_of_other_tables() == before
    assert ShadowComparison.objects.count() == 1


def test_the_refusal_names_the_read_only_transaction() -> None:
    deciding = decided(receive(serving_restaurant(2)))
    assert deciding.frozen
    trial = try_candidate(writing("DELETE FROM bookings"), deciding.frozen, timedelta(seconds=5))
    assert "read-only transaction" in str(trial.error)


def test_a_planned_comparison_takes_few_queries(
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    deciding = decided(receive(serving_restaurant(2, 2, 4, 4)))
    with django_assert_max_num_queries(4):
        compare(deciding=deciding, now=NOW)
