"""Workers carry sign-offs out and tell the signers though of people they see no secret."""

from datetime import timedelta
from typing import Any

import pytest

from assignments.engine.phases import Role
from assignments.flags import services
from assignments.models import Decision, Phase, SignOffEnd
from assignments.rollout import decisions, notices
from tests.factories import NOW
from tests.integration.assignments.rollout.people import (
    ENGINEER,
    fresh,
    person,
    propose,
    signed_but_undecided,
)
from tests.rights import acting_as

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=1)


@pytest.mark.parametrize("decision", Decision)
def test_what_is_signed_is_carried_out(decision: Decision, phase: Phase) -> None:
    sign_off = signed_but_undecided(phase, decision=decision)
    with acting_as("worker"):
        decisions.tend(now=LATER, look=fresh)
    sign_off.refresh_from_db()
    assert sign_off.ended == SignOffEnd.DECIDED


def test_a_signature_of_who_lost_the_role_voids_it_by_name(phase: Phase) -> None:
    sign_off = signed_but_undecided(phase)
    person(Role.PRODUCT_OWNER).groups.clear()
    with acting_as("worker"):
        decisions.tend(now=LATER, look=fresh)
    sign_off.refresh_from_db()
    assert (sign_off.ended, "productowner signed as product owner" in sign_off.ended_why) == (
        SignOffEnd.VOIDED,
        True,
    )


def test_changed_ground_voids_it(phase: Phase) -> None:
    sign_off = propose(phase)
    services.set_max_parallel(limit=4, reason="a test", by=ENGINEER, now=NOW)
    with acting_as("worker"):
        decisions.tend(now=LATER, look=fresh)
    sign_off.refresh_from_db()
    assert sign_off.ended == SignOffEnd.VOIDED


def test_signers_are_told(phase: Phase, mailoutbox: list[Any]) -> None:
    person(Role.ON_CALL, name="jo", email="jo@example.org")
    propose(phase)
    with acting_as("worker"):
        assert notices.deliver(now=NOW) == 1
    assert mailoutbox[0].to == ["jo@example.org"]
