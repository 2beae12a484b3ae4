"""The documents' queries run word for word on a restaurant with V3, one in shadow and one on legacy alone.

The bookings lie ahead of the database's clock, so "the last 24 hours" holds all of them. What each answer
means is written in docs/reference-queries.md, and the figures that mislead are shown to do so here.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from assignments.coordinator import process_booking
from assignments.engine.flags import Mode
from bookings.models import Booking
from observability.metrics import comparison, flow, rates, volumes, work
from observability.metrics.restaurants import by_restaurant
from observability.metrics.window import Window
from tests.factories import dinner, receive, serving_restaurant
from tests.integration.assignments.legacy.driving import EDGE, decide, exhaust, run, shadowed

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "tests" / "reference_queries"
NAMES = sorted(path.stem for path in FOLDER.glob("*.sql"))
WINDOW = Window(start=dinner(0), end=dinner(23))


def answer(name: str) -> list[dict[str, Any]]:
    """The rows of one documented query by column."""
    with connection.cursor() as cursor:
        cursor.execute((FOLDER / f"{name}.sql").read_text(encoding="utf-8"))
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.fixture(autouse=True)
def evening() -> list[Booking]:
    """V3 confirms 2 of 3, shadow 2 of 3 (V3 would too), legacy alone confirms 1; one is cancelled before."""
    v3, shadow, legacy = (serving_restaurant(2, 2) for _ in range(3))
    active = [receive(v3) for _ in range(3)]
    for booking in active:
        process_booking(booking_id=booking.pk, trigger="test", edge=EDGE)
    compared = [receive(shadow) for _ in range(3)]
    for booking in compared[:2]:
        shadowed(booking)
    for _ in range(3):
        run(compared[2], mode=Mode.SHADOW)
    shadowed(compared[2])
    alone = receive(legacy)
    decide(alone)
    return [*active, *compared, alone]


def test_each_documented_query_runs_unmodified_and_finds_something() -> None:
    found = {name: bool(answer(name)) for name in NAMES}
    assert len(found) == 19
    # V3 was never put off this evening.
    assert [name for name, anything in found.items() if not anything] == ["retry_reasons"]


def test_every_documented_query_is_explained() -> None:
    explained = (ROOT / "docs" / "reference-queries.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"`{name}`" not in explained] == []


def test_their_confirmation_rate_is_of_all_bookings_ours_of_those_decided() -> None:
    receive(serving_restaurant(2))  # not decided yet
    [theirs] = answer("confirmation_rate")
    assert (theirs["confirmed"], theirs["total"]) == (5, 8)
    ours = rates.rates(WINDOW).confirmation
    assert (ours.numerator, ours.denominator) == (5, 7)


def test_their_success_rate_divides_attempts_by_all_events() -> None:
    [theirs] = answer("coordinator_success_rate")
    assert theirs["successes"] == 2
    assert theirs["success_rate_pct"] < 5
    assert rates.rates(WINDOW, path="v3").confirmation.value == pytest.approx(2 / 3)


def test_their_error_panel_counts_bookings_without_a_table_as_errors() -> None:
    [theirs] = answer("panel_error_rate")
    assert theirs["errors"] == 1  # attempt.failure
    assert rates.error_rate(WINDOW).numerator == 0


def test_their_shadow_side_counts_the_bookings_v3_decided_in_earnest_as_well() -> None:
    sides = {row["source"]: (row["successes"], row["total"]) for row in answer("legacy_vs_shadow")}
    assert sides == {"legacy": (3, 4), "coordinator_shadow": (4, 6)}
    pairs = comparison.shadow(WINDOW).pairs
    assert (pairs.legacy.numerator, pairs.v3.numerator, pairs.total) == (2, 2, 3)


def test_their_event_volume_is_about_five_for_each_booking_ours_one() -> None:
    [theirs] = answer("event_volume")
    assert theirs["count"] == 2 * (5 + 5 + 4)
    assert volumes.volumes(WINDOW).received == 7
    assert rates.match(WINDOW).value == 1


def test_their_review_rate_divides_by_the_confirmed_only_and_knows_v3_only() -> None:
    with_reviews = [row for row in answer("review_rate_by_restaurant") if row["manual_reviews"]]
    assert [row["percent_manual"] for row in with_reviews] == [Decimal(50)]
    ours = {row.restaurant_id: row.review.value for row in by_restaurant(WINDOW)}
    assert ours[with_reviews[0]["restaurant_id"]] == pytest.approx(1 / 3)
    assert len(ours) == 3


def test_their_review_reasons_hold_those_of_shadow_runs_and_miss_legacys() -> None:
    assert {row["reason"]: row["count"] for row in answer("review_reasons")} == {"no_capacity_at_time": 2}
    assert work.work(WINDOW).reviews == {"no_capacity_at_time": 1}
    assert sum(work.work(WINDOW, work.Path.LEGACY).reviews.values()) == 1


def test_their_transitions_hold_what_a_shadow_run_would_have_done() -> None:
    theirs = {
        (row["from_state"], row["to_state"]): row["transition_count"] for row in answer("transitions_by_hour")
    }
    assert theirs["assigned", "confirmed"] == 4
    made = {(item.origin, item.target): item.count for item in flow.transitions(WINDOW)}
    would = {(item.origin, item.target): item.count for item in flow.shadow_transitions(WINDOW)}
    assert (made["assigned", "confirmed"], would["assigned", "confirmed"]) == (5, 2)


def test_a_booking_that_took_all_its_legacy_attempts_shows_in_neither_v3_query() -> None:
    booking = receive(serving_restaurant(1))
    exhaust(booking)
    assert sum(row["manual_reviews"] for row in answer("review_rate_by_restaurant")) == 1


def test_our_own_queries_run_as_they_stand() -> None:
    text = (ROOT / "docs" / "observability-queries.sql").read_text(encoding="utf-8")
    statements = [part for part in text.split(";\n") if part.strip()]
    assert len(statements) > 15
    for statement in statements:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            assert cursor.description is not None


def test_the_one_query_health_check_tells_the_verdict() -> None:
    text = (ROOT / "docs" / "observability-queries.sql").read_text(encoding="utf-8")
    [check] = [part for part in text.split(";\n") if "-- Health in one query" in part]
    with connection.cursor() as cursor:
        cursor.execute(check)
        row = dict(zip([column.name for column in cursor.description], cursor.fetchone(), strict=True))
    assert (row["confirmed"], row["reviewed"], row["errors"]) == (5, 2, 0)
    assert row["verdict"] == "CRITICAL"  # 5 of 7 confirmed
