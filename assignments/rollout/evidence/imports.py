"""Takes in a bundle of another deployment: production's first phase needs staging's."""

from datetime import datetime

from django.db import transaction

from assignments.engine import evidence
from assignments.engine.evidence import BadBundleError, Findings
from assignments.engine.phases import PhaseKey
from assignments.flags.authors import Author
from assignments.models import ImportedEvidence
from assignments.rollout import ledger
from assignments.rollout.errors import Code, RolloutError

MOST_FAULTS = 5


@transaction.atomic
def take_in(content: bytes, *, chain_head: str, by: Author, now: datetime) -> ImportedEvidence:
    """Check a bundle against the head its own console shows, and keep what it says.

    Raises RolloutError for what does not hold, for a phase that was not signed off or was rolled back since,
    and for a bundle that is here already.
    """
    found = _checked(content, chain_head)
    # First, so that the same file sent twice at once meets the sentence and not the constraint.
    ledger.hold()
    if ImportedEvidence.objects.filter(file_digest=found.file_digest).exists():
        raise RolloutError(Code.NO_EVIDENCE, "This bundle was imported already.")
    entry = ImportedEvidence.objects.create(
        environment=found.environment,
        phase=PhaseKey(found.phase).value,
        chain_head=found.chain_head,
        file_digest=found.file_digest,
        summary={"number": found.number, "verdict": found.verdict},
        imported_at=now,
        imported_by_id=by.user_id,
    )
    body = {
        "environment": found.environment,
        "phase": found.phase,
        "number": found.number,
        "verdict": found.verdict,
        "chain_head": found.chain_head,
        "file": found.file_digest,
    }
    ledger.append("evidence.imported", body, phase=None, by=by, now=now)
    return entry


def _checked(content: bytes, chain_head: str) -> Findings:
    if not chain_head.strip():
        raise RolloutError(
            Code.NO_EVIDENCE,
            "Give the chain head as the other console shows it: a chain alone proves no origin.",
        )
    try:
        found = evidence.verify(content, chain_head=chain_head)
    except BadBundleError as error:
        raise RolloutError(Code.NO_EVIDENCE, f"The file was refused: {error}.") from error
    if not found.holds:
        listed = "; ".join(str(fault) for fault in found.faults[:MOST_FAULTS])
        raise RolloutError(Code.NO_EVIDENCE, f"The bundle does not hold: {listed}.")
    if found.phase not in set(PhaseKey):
        raise RolloutError(Code.NO_EVIDENCE, f"The phase {found.phase!r} is not known here.")
    if not found.signed:
        raise RolloutError(
            Code.NO_EVIDENCE,
            f"The bundle holds, but its phase ({found.verdict}) was not signed off: sign it, export it anew.",
        )
    if found.rolled_back:
        raise RolloutError(
            Code.NO_EVIDENCE,
            "The bundle holds, but its phase was rolled back after it was signed off: export that of a stay "
            "that lasts.",
        )
    return found
