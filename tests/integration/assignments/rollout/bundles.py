"""Phases that leave evidence, and their bundles: what tests of evidence and of its import share."""

import io
from datetime import timedelta

from assignments.engine.phases import PhaseKey
from assignments.flags.authors import Author
from assignments.models import Decision, Phase, SignOffEnd
from assignments.rollout import signoffs
from assignments.rollout.evidence import bundle
from assignments.rollout.gates import looking
from tests.factories import NOW
from tests.integration.assignments.rollout import happenings
from tests.integration.assignments.rollout.people import judged_by, person, reach, sign_by_all, tick_all

PO = Author(name="eve")
HOUR = timedelta(hours=1)


def held() -> Phase:
    """A phase with figures, two looks, and a decision to hold that was signed."""
    entered = reach(PhaseKey.STAGING_FULL)
    for restaurant in range(1, 7):
        happenings.outcomes(restaurant, at=NOW - HOUR, confirmed=60, reviewed=1)
    looking.take_if_due(now=NOW)
    tick_all(entered)
    snapshot = looking.take(entered, NOW + HOUR)
    sign_off = signoffs.propose(
        phase=entered,
        snapshot=snapshot,
        decision=Decision.HOLD,
        reason="=HYPERLINK(1)",
        by=person("engineering manager", name="proposer"),
        now=NOW + HOUR,
    )
    sign_by_all(sign_off, now=NOW + HOUR)
    return entered


def signed_off() -> Phase:
    """A phase whose one gate passes, and of which it was signed that it goes on."""
    judged_by(["confirmation_rate"], PhaseKey.STAGING_FULL, now=NOW - timedelta(days=9))
    phase = reach(PhaseKey.STAGING_FULL)
    for restaurant in range(1, 7):
        happenings.outcomes(restaurant, at=NOW - HOUR, confirmed=60)
    tick_all(phase)
    sign_off = signoffs.propose(
        phase=phase,
        snapshot=looking.take(phase, NOW),
        decision=Decision.PROCEED,
        reason="every gate passes",
        by=person("engineering manager", name="proposer"),
        now=NOW,
    )
    assert sign_by_all(sign_off).ended == SignOffEnd.DECIDED
    phase.refresh_from_db()
    return phase


def exported(phase: Phase) -> tuple[bytes, str]:
    """The bundle, and the head that its console shows."""
    file = io.BytesIO()
    head = bundle.write(phase, file, by=PO, now=NOW + 2 * HOUR).chain_head
    return file.getvalue(), head
