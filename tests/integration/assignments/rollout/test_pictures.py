"""What pages show of the gates is kept for a while; what people sign never is."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assignments.engine.phases import Role
from assignments.flags import services
from assignments.models import IncidentSeverity, Phase
from assignments.rollout import incidents, policies, rights
from assignments.rollout.gates import looking, pictures
from tests.factories import NOW
from tests.integration.assignments.flags.processes import no_redis
from tests.integration.assignments.rollout import happenings
from tests.integration.assignments.rollout.people import ENGINEER, edited, person

pytestmark = pytest.mark.django_db

SOON = NOW + timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def small_phases_have_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "LEAST_BOOKINGS", 1)
    # Numbers of phases and records come again in another test.
    cache.delete_pattern("rollout:*")  # type: ignore[attr-defined]  # django-redis has it


def decided(phase: Phase, *, now: object = NOW) -> int | None:
    return pictures.of(phase, now=now).inputs["confirmation_rate"].denominator  # type: ignore[arg-type]


def test_a_picture_is_shown_until_it_is_too_old(phase: Phase) -> None:
    happenings.outcomes(1, at=NOW - HOUR, confirmed=3)
    assert decided(phase) == 3
    happenings.outcomes(1, at=NOW - HOUR, confirmed=4)
    kept = pictures.of(phase, now=SOON)
    assert kept.inputs["confirmation_rate"].denominator == 3
    assert kept.seen.until == NOW, "it tells of when it is"
    assert decided(phase, now=NOW + pictures.OLDEST + timedelta(seconds=1)) == 7


def test_a_picture_equals_what_is_measured_with_everything_pages_show(phase: Phase) -> None:
    happenings.outcomes(1, at=NOW - HOUR, confirmed=5, reviewed=30)
    happenings.outcomes(2, at=NOW - HOUR, confirmed=90)
    happenings.failures(3, at=NOW - HOUR, number=1)
    pictures.of(phase, now=NOW)
    kept, measured = pictures.of(phase, now=SOON), looking.evaluate(phase, now=NOW)
    assert (kept.inputs, kept.results, kept.look) == (measured.inputs, measured.results, measured.look)
    with CaptureQueriesContext(connection) as queries:
        shown = kept.seen.reached, kept.seen.outstanding, kept.seen.coverage
    assert len(queries) == 0
    assert shown == (measured.seen.reached, measured.seen.outstanding, measured.seen.coverage)
    assert [row.restaurant_id for row in kept.seen.outstanding] == [1, 3]


def test_a_small_phase_is_measured_whenever_it_is_looked_at(
    phase: Phase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "LEAST_BOOKINGS", 5)
    happenings.outcomes(1, at=NOW - HOUR, confirmed=3)
    assert decided(phase) == 3
    happenings.outcomes(1, at=NOW - HOUR, confirmed=1)
    assert decided(phase) == 4


def a_look(phase: Phase) -> None:
    assert looking.take(phase, SOON).look == 1, "it was due"


def an_incident(phase: Phase) -> None:
    incidents.report(severity=IncidentSeverity.P1, title="a fault", phase=phase, by=ENGINEER, now=SOON)


def other_flags(phase: Phase) -> None:
    services.set_max_parallel(limit=4, reason="a test", by=ENGINEER, now=SOON)


def another_policy(phase: Phase) -> None:
    manager = person(Role.MANAGER, name="editor")
    edited(phase, manager)
    policies.adopt(phase, reason="a test", by=rights.author_of(manager), now=SOON)
    phase.refresh_from_db()


@pytest.mark.parametrize("happens", [a_look, an_incident, other_flags, another_policy])
def test_whatever_verdicts_follow_from_makes_a_picture_void(
    phase: Phase, happens: Callable[[Phase], None]
) -> None:
    for restaurant in range(1, 7):  # as many as a look needs, whoever is in the cohort
        happenings.outcomes(restaurant, at=NOW - HOUR, confirmed=3)
    assert decided(phase) == 18
    happenings.outcomes(1, at=NOW - HOUR, confirmed=2)
    assert decided(phase, now=SOON) == 18
    happens(phase)
    assert decided(phase, now=SOON) == 20


def test_evidence_is_measured_afresh_whatever_pages_show(phase: Phase) -> None:
    happenings.outcomes(1, at=NOW - HOUR, confirmed=3)
    assert decided(phase) == 3
    happenings.outcomes(1, at=NOW - HOUR, confirmed=2)
    snapshot = looking.take(phase, SOON)
    assert snapshot.inputs["confirmation_rate"]["denominator"] == 5


def test_workers_renew_it_one_at_a_time_and_not_at_every_turn(phase: Phase) -> None:
    happenings.outcomes(1, at=NOW - HOUR, confirmed=3)
    assert [pictures.renew(now=NOW), pictures.renew(now=NOW)] == [True, False]
    happenings.outcomes(1, at=NOW - HOUR, confirmed=2)
    assert decided(phase, now=SOON) == 3
    cache.delete(pictures._TURN)
    assert pictures.renew(now=SOON)
    assert decided(phase, now=SOON) == 5


def test_workers_leave_a_small_phase_and_no_phase_alone(
    ten_restaurants: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not pictures.renew(now=NOW)
    cache.delete(pictures._TURN)
    monkeypatch.setattr(pictures, "LEAST_BOOKINGS", 5)
    assert not pictures.renew(now=NOW)


def test_without_redis_pages_measure_and_workers_renew_nothing(phase: Phase) -> None:
    happenings.outcomes(1, at=NOW - HOUR, confirmed=3)
    with no_redis():
        assert decided(phase) == 3
        happenings.outcomes(1, at=NOW - HOUR, confirmed=1)
        assert decided(phase) == 4
        assert not pictures.renew(now=NOW)
