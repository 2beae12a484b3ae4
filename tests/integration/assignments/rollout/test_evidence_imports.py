"""Importing evidence: a bundle that holds, with its head, of a phase that was signed off and lasts."""

from typing import Any

import pytest

from assignments.engine import evidence
from assignments.engine.phases import PhaseKey
from assignments.models import ImportedEvidence
from assignments.rollout import rollback
from assignments.rollout.errors import RolloutError
from assignments.rollout.evidence import imports
from tests.factories import NOW
from tests.integration.assignments.rollout.bundles import HOUR, PO, exported, held, signed_off
from tests.integration.assignments.rollout.people import reach

pytestmark = pytest.mark.usefixtures("ten_restaurants")


def test_only_a_signed_bundle_with_its_head_is_taken_in() -> None:
    written, head = exported(held())
    for content, given_head in ((written, ""), (written, "0" * 64), (b"no zip", head), (written, head)):
        with pytest.raises(RolloutError):
            imports.take_in(content, chain_head=given_head, by=PO, now=NOW)
    assert not ImportedEvidence.objects.exists()


def test_a_signed_bundle_is_taken_in_once() -> None:
    content, head = exported(signed_off())
    taken = imports.take_in(content, chain_head=head, by=PO, now=NOW)
    assert (taken.phase, taken.chain_head) == ("staging_full", head)
    with pytest.raises(RolloutError, match="already"):
        imports.take_in(content, chain_head=head, by=PO, now=NOW)


def test_a_phase_that_was_rolled_back_after_its_last_signature_is_no_entrance_ticket(
    settings: Any,
) -> None:
    """Staging's last phase goes on after it is signed off, and is guarded still."""
    settings.ENVIRONMENT = "staging"
    reach(PhaseKey.STAGING_SHADOW, now=NOW - HOUR)
    phase = signed_off()
    rollback.roll_back(phase=phase, reason="it lost mails", by=PO, now=NOW)
    phase.refresh_from_db()
    content, head = exported(phase)
    assert "was signed off, and rolled back after" in list(evidence.report_of(evidence.verify(content)))
    with pytest.raises(RolloutError, match="rolled back"):
        imports.take_in(content, chain_head=head, by=PO, now=NOW)
