"""Rules are looked at in turn; what turns becomes an alert with its steps and events."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection

from assignments import upkeep
from assignments.coordinator import process_booking
from bookings.models import Booking, OutboxMessage
from bookings.queue.tasks import enqueue
from observability import rollups
from observability.alerts import policy, samples
from observability.alerts.evaluation import Sample
from observability.alerts.policy import EVERY, RULES, STUCK
from observability.alerts.records import AlertError, acknowledge, resolve
from observability.alerts.samples import READS, Reads
from observability.alerts.watch import look
from observability.models import Alert, AlertState, Event, RuleStanding, RuleState
from tests.factories import NOW, receive, serving_restaurant
from tests.integration.assignments.legacy.driving import EDGE
from tests.integration.observability.metrics.test_by_hand import tell
from tests.integration.observability.rows import alert_fired

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create(username="ada")


def good(**values: float | None) -> dict[str, Reads]:
    """All rules quiet, but for those named, which have these values."""
    found = {rule.key: rule.good for rule in RULES} | values

    def read(value: float | None) -> Callable[[datetime], Sample]:
        return lambda _: Sample(value=value, detail="as the test says")

    return {key: read(value) for key, value in found.items()}


def steps() -> list[tuple[str, str]]:
    return [
        (event.event_type, event.context["rule"])
        for event in Event.objects.filter(event_type__startswith="alert.").order_by("pk")
    ]


def test_an_alert_fires_is_acknowledged_and_resolved_with_its_history(ada: User) -> None:
    look(now=NOW, reads=good(stuck=3))
    alert = Alert.objects.get()
    assert (alert.rule, alert.state, alert.value, alert.threshold) == ("stuck", "firing", 3, 0)
    acknowledge(alert_id=alert.pk, user=ada, now=NOW + MINUTE)
    look(now=NOW + MINUTE, reads=good(stuck=1))
    for minute in (2, 3, 4):
        look(now=NOW + minute * MINUTE, reads=good())
    alert.refresh_from_db()
    assert (alert.state, alert.resolved_at, alert.acknowledged_by) == ("resolved", NOW + 4 * MINUTE, ada)
    assert [(change.to_state, change.actor) for change in alert.changes.all()] == [
        ("firing", None), ("acknowledged", ada), ("resolved", None),
    ]  # fmt: skip
    assert steps() == [("alert.fired", "stuck"), ("alert.acknowledged", "stuck"), ("alert.resolved", "stuck")]
    look(now=NOW + 5 * MINUTE, reads=good(stuck=2))
    assert [row.state for row in Alert.objects.order_by("pk")] == [AlertState.RESOLVED, AlertState.FIRING]


def test_only_a_firing_alert_is_acknowledged(ada: User) -> None:
    alert = alert_fired(STUCK)
    acknowledge(alert_id=alert.pk, user=ada, now=NOW)
    with pytest.raises(AlertError, match="acknowledged already"):
        acknowledge(alert_id=alert.pk, user=ada, now=NOW)
    resolve(rule=STUCK, value=0, now=NOW)
    with pytest.raises(AlertError, match="resolved already"):
        acknowledge(alert_id=alert.pk, user=ada, now=NOW)


@pytest.mark.parametrize("change", ["UPDATE {} SET value = 1", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_steps_of_an_alert_are_never_rewritten(change: str) -> None:
    alert_fired(STUCK)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError, match="append-only"):
            cursor.execute(change.format("observability_alert_changes"))


def test_rules_are_looked_at_every_fifteen_seconds_and_not_more_often() -> None:
    assert look(now=NOW, reads=good())
    assert not look(now=NOW + EVERY - timedelta(seconds=1), reads=good(stuck=1))
    assert look(now=NOW + EVERY, reads=good(stuck=1))
    assert Alert.objects.count() == 1


def test_a_rule_that_cannot_be_read_has_no_data_and_the_others_are_judged() -> None:
    def broken(_: datetime) -> Sample:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        raise AssertionError

    look(now=NOW, reads=good(stuck=1) | {"latency_high": broken})
    states = dict(RuleStanding.objects.values_list("rule", "state"))
    assert states["latency_high"] == RuleState.NO_DATA
    assert states["stuck"] == RuleState.FIRING
    assert set(states.values()) == {RuleState.NO_DATA, RuleState.FIRING, RuleState.QUIET}


def test_on_an_empty_database_rates_have_no_data_and_nothing_fires() -> None:
    look(now=NOW)
    states = dict(RuleStanding.objects.values_list("rule", "state"))
    assert {key for key, state in states.items() if state == RuleState.QUIET} == {
        "breaker_open", "stuck", "outbox_unknown", "rolled_back", "sign_ins_locked",
    }  # fmt: skip
    assert {states[key] for key in ("confirmation_low", "review_high", "events_stale")} == {RuleState.NO_DATA}
    assert not Alert.objects.exists()


def test_every_rule_has_a_reading() -> None:
    assert set(READS) == {rule.key for rule in RULES}


def test_the_readings_come_from_the_bookings_themselves() -> None:
    house = serving_restaurant(2)
    for booking in (receive(house), receive(house)):
        process_booking(booking_id=booking.pk, trigger="test", edge=EDGE)
    waits = receive(house)
    Booking.objects.filter(pk=waits.pk).update(updated_at=NOW)
    tell(0, "coordinator.error", booking=waits.pk)
    later = NOW + MINUTE
    confirmed, failed = samples.confirmation(later), samples.errors(later)
    assert (confirmed.value, confirmed.of, confirmed.detail) == (0.5, 2, "1 of 2 confirmed")
    assert (failed.detail, samples.review(later).detail) == ("1 of 3 failed", "1 of 2 in review")
    assert confirmed.enough_for(policy.CONFIRMATION_LOW) is None
    assert samples.latency(later).of == 2
    assert samples.stuck(NOW + 11 * MINUTE) == Sample(value=1, detail="1 created")
    OutboxMessage.objects.filter(kind="received").update(status="unknown")
    assert samples.outbox(later).value == 1


def test_the_breakers_reading_is_how_long_it_has_been_open() -> None:
    assert samples.breaker(NOW).value == 0
    tell(-6, "coordinator.circuit_open", failures=5, delay_ms=15000, open_ms=0)
    assert samples.breaker(NOW).value == 360


def test_a_task_that_nobody_takes_is_a_stalled_cluster() -> None:
    enqueue("bookings.pulse.canary")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE django_q_ormq SET lock = clock_timestamp() - interval '61 seconds'")
    value = samples.cluster(NOW).value
    assert value is not None
    assert policy.CLUSTER_STALLED.is_bad(value)


def test_a_heartbeat_that_stops_is_a_stalled_cluster() -> None:
    assert samples.cluster(NOW).value is None
    with connection.cursor() as cursor:
        cursor.execute("""
            INSERT INTO assignment_flag_acknowledgements
                (worker, version, pins, started_at, acknowledged_at, seen_at)
            SELECT 'one', 1, '{}', t, t, t FROM (SELECT clock_timestamp() - interval '70 seconds' AS t) x
        """)
    assert samples.cluster(NOW).value == pytest.approx(70, abs=5)


def test_bookings_that_no_event_follows_make_the_events_stale() -> None:
    house = serving_restaurant(2)
    process_booking(booking_id=receive(house).pk, trigger="test", edge=EDGE)
    rollups.roll_up()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE observability_feeds SET rolled_at = %s", [NOW + 11 * MINUTE])
    assert samples.events(NOW + 11 * MINUTE).value == 0
    receive(house, now=NOW + 1 * MINUTE)
    assert samples.events(NOW + 12 * MINUTE).value == 660
    with connection.cursor() as cursor:
        cursor.execute("UPDATE observability_feeds SET rolled_at = %s", [NOW - MINUTE])
    assert samples.events(NOW + 12 * MINUTE).value == 780


def test_the_workers_upkeep_looks_at_the_rules() -> None:
    upkeep.round_of_upkeep()
    assert RuleStanding.objects.count() == len(RULES)
