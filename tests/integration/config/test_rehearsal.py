"""A rehearsal in small: the guard catches the regression, and what is written about it holds."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.test.utils import override_settings
from django.utils import timezone

from assignments import flags
from assignments.engine import evidence
from assignments.engine.phases import PhaseKey
from assignments.models import Incident, LeftHow, Phase
from assignments.rollout import ledger, phases, rights
from bookings.demand.floor_plans import BISTRO
from bookings.demand.loading import create_restaurant
from bookings.models import Booking
from config.benchmarks.throwaway import empty_database
from config.management.commands.rehearse_rollout import first_day
from config.rehearsal.people import make_cast
from config.rehearsal.script import Rehearsal
from config.rehearsal.traffic import House, Traffic


@pytest.fixture
def rehearsal(django_db_setup: None, django_db_blocker: Any, tmp_path: Path) -> Iterator[Rehearsal]:
    """Two small houses in a database of their own, with nothing entered yet."""
    unpinned = override_settings(FEATURE_ASSIGNMENT_PIPELINE_V3=None)
    with unpinned, django_db_blocker.unblock(), empty_database():
        layouts = [replace(BISTRO, slug=f"house-{number}") for number in (1, 2)]
        houses = [House(layout=layout, restaurant=create_restaurant(layout=layout)) for layout in layouts]
        traffic = Traffic(now=first_day(timezone.now()), houses=houses, rng=Random(1))
        yield Rehearsal(cast=make_cast(), traffic=traffic, out=tmp_path, tell=lambda _: None)
    flags.forget()


# Days of bookings by a clock that is set: half a minute on a machine of its own.
@pytest.mark.timeout(300)
def test_the_guard_takes_the_broken_phase_back_and_the_evidence_says_so(rehearsal: Rehearsal) -> None:
    proposer = rights.author_of(rehearsal.cast.proposer)
    phase = phases.enter_first(PhaseKey.PRODUCTION_10, by=proposer, now=rehearsal.traffic.now)
    after = rehearsal.live_through(phase)
    assert after is not None
    assert (after.key, after.by_rollback) == (PhaseKey.PRODUCTION_SHADOW, True)
    assert Phase.objects.get(pk=phase.pk).left_how == LeftHow.ROLLED_BACK
    assert Incident.objects.get().resolution
    [act] = rehearsal.acts
    found = evidence.verify(act.evidence.read_bytes())
    assert found.holds, found.faults
    assert ledger.verify() is None
    assert act.bookings == Booking.objects.count() > 0
