"""The ramp of concurrent runs: one step at a time, each after a soak whose success is proven."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from assignments.engine.phases import PhaseKey, Role
from assignments.flags import services
from assignments.flags.authors import Author
from assignments.models import FlagChange, FlagState, LedgerEntry, Phase
from assignments.rollout import ramp, rights
from assignments.rollout.errors import Code, RolloutError
from observability import events
from tests.factories import NOW, RestaurantFactory
from tests.integration.assignments.rollout.people import ENGINEER, person, reach

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def restaurants(db: None) -> list[Any]:
    return [RestaurantFactory() for _ in range(5)]


@pytest.fixture
def phase(restaurants: list[Any]) -> Phase:
    return reach(PhaseKey.PRODUCTION_100)


def outcomes(restaurants: list[Any], *, confirmed: int, reviewed: int = 0, at: datetime = NOW) -> None:
    """Outcomes of V3 shortly before `at`, spread over the restaurants."""
    each = [*["confirmed"] * confirmed, *["manual_review"] * reviewed]
    first = LedgerEntry.objects.count() * 10_000 + FlagChange.objects.count() * 1_000 + 1
    events.record(
        [
            events.Record(
                source=events.STATE_MACHINE,
                event_type="booking.assignment_state_transition",
                at=at - timedelta(minutes=5),
                restaurant_id=restaurants[number % len(restaurants)].pk,
                booking_id=first + number,
                context={"from": "assigned", "to": to, "version": 6},
            )
            for number, to in enumerate(each)
        ]
    )


def raise_parallel(now: datetime = NOW) -> int:
    return ramp.raise_parallel(by=ENGINEER, now=now)


def refused(code: Code, words: str, *, now: datetime = NOW, by: Author = ENGINEER) -> None:
    with pytest.raises(RolloutError, match=words) as refusal:
        ramp.raise_parallel(by=by, now=now)
    assert refusal.value.code is code
    assert not LedgerEntry.objects.filter(kind="phase.parallel_raised", at=now).exists()


def test_after_a_soak_that_went_well_one_run_more_is_let_in(phase: Phase, restaurants: list[Any]) -> None:
    outcomes(restaurants, confirmed=120)
    assert raise_parallel() == FlagState.objects.get().max_parallel == 4
    record = LedgerEntry.objects.get(kind="phase.parallel_raised")
    assert (record.body["from"], record.body["to"], record.phase) == (3, 4, phase)


def test_each_step_soaks_anew(phase: Phase, restaurants: list[Any]) -> None:
    outcomes(restaurants, confirmed=120)
    raise_parallel()
    refused(Code.SOAK, "4 runs at once have not soaked", now=NOW + timedelta(hours=23))
    outcomes(restaurants, confirmed=120, at=NOW + DAY)
    assert raise_parallel(NOW + DAY) == 5


@pytest.mark.parametrize(("confirmed", "reviewed"), [(0, 0), (90, 0), (110, 10), (2, 0)])
def test_too_few_or_too_many_reviews_are_no_soak(
    phase: Phase, restaurants: list[Any], confirmed: int, reviewed: int
) -> None:
    outcomes(restaurants, confirmed=confirmed, reviewed=reviewed)
    refused(Code.SOAK, "3 runs at once have not soaked")


def test_a_limit_set_by_hand_soaks_too(phase: Phase, restaurants: list[Any]) -> None:
    outcomes(restaurants, confirmed=120)
    services.set_max_parallel(limit=5, reason="a test", by=ENGINEER, now=NOW - timedelta(hours=1))
    refused(Code.SOAK, "5 runs at once")


def test_ten_are_the_most(phase: Phase) -> None:
    services.set_max_parallel(limit=10, reason="a test", by=ENGINEER, now=NOW - DAY)
    refused(Code.LIMIT, "10 runs at once are the most")


def test_there_is_nothing_to_raise_while_v3_is_off(restaurants: list[Any]) -> None:
    reach(PhaseKey.PRODUCTION_SHADOW)
    refused(Code.LIMIT, "V3 is off")


def test_a_person_needs_a_right(phase: Phase, restaurants: list[Any]) -> None:
    outcomes(restaurants, confirmed=120)
    refused(Code.NO_RIGHT, "may not", by=rights.author_of(person("viewer")))
    assert ramp.raise_parallel(by=rights.author_of(person(Role.ON_CALL)), now=NOW) == 4
