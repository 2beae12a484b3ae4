"""What the gates of a phase are given, and at which looks they pass."""

from datetime import timedelta
from fractions import Fraction

import pytest

from assignments.engine.gates.rules import GateResult, Verdict
from assignments.engine.phases import PhaseKey
from assignments.models import IncidentSeverity, LedgerEntry, Phase
from assignments.rollout import incidents
from assignments.rollout.gates import looking
from assignments.rollout.gates.measure import MEASURES, QUANTILES
from assignments.rollout.policies import in_force
from bookings.models import MailKind, OutboxMessage
from observability.models import Timed
from observability.timings import Timings
from tests.factories import NOW, RestaurantFactory, receive, serving_restaurant
from tests.integration.assignments.rollout import happenings
from tests.integration.assignments.rollout.people import ENGINEER, reach

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def phase(ten_restaurants: list[object]) -> Phase:
    """Eight days into V3 for half of the restaurants."""
    return reach(PhaseKey.PRODUCTION_50)


def results(phase: Phase) -> dict[str, GateResult]:
    return dict(looking.evaluate(phase, now=NOW).results)


def clean(each: int) -> None:
    for number in range(1, 7):
        happenings.outcomes(number, at=NOW - HOUR, confirmed=each)


def test_every_gate_of_every_phase_is_measured(ten_restaurants: list[object]) -> None:
    for key in PhaseKey:
        phase = reach(key)
        for rule in in_force(phase).gates:
            assert rule.key in MEASURES.keys() | QUANTILES.keys(), (key, rule.key)
        found = looking.evaluate(phase, now=NOW).results
        assert not [result.sentence for result in found.values() if result.verdict is Verdict.ERROR]


def test_nothing_in_a_phase_is_no_data_and_never_a_pass(phase: Phase) -> None:
    found = results(phase)
    assert found["confirmation_rate"].verdict is Verdict.NO_DATA
    assert found["assignment_latency"].verdict is Verdict.NO_DATA
    assert looking.evaluate(phase, now=NOW).verdict is not Verdict.PASS


def test_rates_count_outcomes_on_v3_since_the_phase_began(phase: Phase) -> None:
    happenings.outcomes(1, at=NOW - HOUR, confirmed=19, reviewed=1)
    happenings.outcomes(1, at=phase.entered_at - HOUR, confirmed=50)
    found = results(phase)
    assert (found["confirmation_rate"].numerator, found["confirmation_rate"].denominator) == (19, 20)
    assert (found["review_rate"].numerator, found["review_rate"].denominator) == (1, 20)


def test_errors_count_bookings_the_coordinator_started(phase: Phase) -> None:
    happenings.outcomes(1, at=NOW - HOUR, confirmed=8)
    happenings.failures(2, at=NOW - HOUR, number=2)
    error = results(phase)["error_rate"]
    assert (error.numerator, error.denominator) == (2, 10)


def test_times_are_taken_from_every_run(phase: Phase) -> None:
    happenings.runs(1, at=NOW - HOUR, duration_ms=400, wait_ms=20, number=94)
    happenings.runs(2, at=NOW - HOUR, duration_ms=3_500, wait_ms=20, number=6)
    found = results(phase)
    assert (found["assignment_latency"].numerator, found["assignment_latency"].denominator) == (94, 100)
    assert found["assignment_latency"].rate == Fraction(3_500)
    assert found["lock_wait"].rate == Fraction(20)


def test_a_breaker_that_recovered_in_time_passes_and_one_that_did_not_fails(phase: Phase) -> None:
    happenings.breaker(opened=NOW - HOUR, closed=NOW - HOUR + timedelta(seconds=42))
    assert results(phase)["breaker"].verdict is Verdict.PASS
    happenings.breaker(opened=NOW - timedelta(minutes=6))
    assert results(phase)["breaker"].verdict is Verdict.FAIL


def test_the_database_is_held_against_what_it_was_before_the_phase(ten_restaurants: list[object]) -> None:
    before = Timings()
    for _ in range(100):
        before.add(Timed.QUERY, 2.0)
    before.flush(now=NOW - timedelta(days=8, hours=2), at_once=True)
    phase = reach(PhaseKey.PRODUCTION_10)
    slower = Timings()
    for _ in range(100):
        slower.add(Timed.QUERY, 3.0)
    slower.flush(now=NOW - HOUR, at_once=True)
    clean(2)
    assert results(phase)["database_latency"].verdict is Verdict.FAIL


def test_final_states_are_of_bookings_received_in_the_phase(phase: Phase) -> None:
    receive(serving_restaurant(2), now=NOW - HOUR)
    final = results(phase)["final_states"]
    assert (final.numerator, final.denominator) == (0, 1)


@pytest.mark.parametrize(
    ("severity", "gate"), [("P1", "incidents"), ("P0", "incidents"), ("complaint", "complaints")]
)
def test_incidents_and_complaints_are_counted(phase: Phase, severity: str, gate: str) -> None:
    before = results(phase)[gate].numerator or 0
    incidents.report(
        severity=IncidentSeverity(severity), title="wrong table", phase=phase, by=ENGINEER, now=NOW - HOUR
    )
    assert results(phase)[gate].numerator == before + 1


def test_the_previous_phase_is_the_one_that_proceeded_to_this(ten_restaurants: list[object]) -> None:
    first = reach(PhaseKey.PRODUCTION_10, now=NOW - timedelta(days=2))
    happenings.outcomes(1, at=first.entered_at + HOUR, confirmed=100)
    second = reach(PhaseKey.PRODUCTION_50)
    happenings.outcomes(1, at=NOW - HOUR, confirmed=60, reviewed=40)
    worse = results(second)["confirmation_not_lower"]
    assert worse.verdict is Verdict.FAIL
    assert "100 %" in worse.sentence.replace("\u202f", " ").replace("\xa0", " ")


def test_a_look_falls_due_when_the_minimum_is_reached_and_then_daily(phase: Phase) -> None:
    assert looking.take_if_due(now=NOW) is None
    clean(40)
    first = looking.take_if_due(now=NOW)
    assert first is not None
    assert (first.look, first.phase_id) == (1, phase.pk)
    assert looking.take_if_due(now=NOW + HOUR) is None
    second = looking.take_if_due(now=NOW + timedelta(hours=25))
    assert second is not None
    assert second.look == 2


def test_between_looks_nothing_new_passes_and_what_passed_stays(phase: Phase) -> None:
    clean(10)
    first = looking.take_if_due(now=NOW)
    assert first is not None
    assert looking.results_of(first)["confirmation_rate"].verdict is Verdict.INCONCLUSIVE
    clean(100)
    between = looking.evaluate(phase, now=NOW + HOUR)
    assert between.results["confirmation_rate"].verdict is Verdict.INCONCLUSIVE
    second = looking.take_if_due(now=NOW + timedelta(hours=25))
    assert second is not None
    assert looking.results_of(second)["confirmation_rate"].verdict is Verdict.PASS
    later = looking.take(phase, NOW + timedelta(hours=26))
    assert later.look == 0
    assert looking.results_of(later)["confirmation_rate"].verdict is Verdict.PASS


def test_a_due_look_is_on_record_with_its_digest(phase: Phase) -> None:
    clean(40)
    snapshot = looking.take_if_due(now=NOW)
    assert snapshot is not None
    record = LedgerEntry.objects.order_by("-number")[0]
    assert record.kind == "gate.looked"
    assert record.body["digest"] == snapshot.digest


def test_verdicts_follow_from_what_was_kept(phase: Phase) -> None:
    clean(40)
    snapshot = looking.take_if_due(now=NOW)
    assert snapshot is not None
    found = looking.evaluate(phase, now=NOW)
    again = looking.judge(in_force(phase).gates, found.inputs, found.look, [snapshot])
    assert again == dict(found.results)


def test_legacy_is_gone_only_if_no_flag_sends_anybody_there(ten_restaurants: list[object]) -> None:
    assert results(reach(PhaseKey.LEGACY_CLEANUP))["everyone_on_v3"].verdict is not Verdict.FAIL
    RestaurantFactory()
    assert results(reach(PhaseKey.PRODUCTION_50)).get("everyone_on_v3") is None


def test_a_mail_sent_twice_is_one_too_many(phase: Phase) -> None:
    booking = receive(serving_restaurant(2), now=NOW - HOUR)
    OutboxMessage.objects.create(booking=booking, kind=MailKind.CONFIRMATION, revision=1, message_id="<a@b>")
    happenings.mail_sent(booking, at=NOW - HOUR)
    assert results(phase)["duplicate_mails"].verdict is Verdict.PASS
    happenings.mail_sent(booking, at=NOW - HOUR)
    assert results(phase)["duplicate_mails"].verdict is Verdict.FAIL
