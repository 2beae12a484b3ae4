"""What signatures bind to: digests that change when anything a decision rests on does."""

from collections.abc import Mapping
from datetime import UTC, datetime

from assignments.engine.gates import canonical
from assignments.engine.gates.canonical import JsonValue
from assignments.models import Cohort, Phase, SignOff, Snapshot
from assignments.rollout import policies


def snapshot_digest(
    *,
    phase: Phase,
    flag_version: int,
    window_start: datetime,
    window_end: datetime,
    look: int,
    inputs: Mapping[str, JsonValue],
) -> str:
    """The digest of a snapshot: policy, cohort, flags, window, and what each gate was given."""
    return _digest_of_look(
        phase=phase,
        policy=policies.in_force(phase).digest(),
        flag_version=flag_version,
        window=(window_start, window_end),
        look=look,
        inputs=inputs,
    )


def digest_of(snapshot: Snapshot, phase: Phase, policy: str) -> str:
    """The digest a kept snapshot would have, had it been judged by the policy of that digest."""
    return _digest_of_look(
        phase=phase,
        policy=policy,
        flag_version=snapshot.flag_version,
        window=(snapshot.window_start, snapshot.window_end),
        look=snapshot.look,
        inputs=snapshot.inputs,
    )


def _digest_of_look(
    *,
    phase: Phase,
    policy: str,
    flag_version: int,
    window: tuple[datetime, datetime],
    look: int,
    inputs: Mapping[str, JsonValue],
) -> str:
    return canonical.digest(
        {
            "phase": phase.number,
            "policy": policy,
            "cohort": cohort_digest(phase.cohort),
            "flag_version": flag_version,
            "window": [_instant(end) for end in window],
            "look": look,
            "inputs": dict(inputs),
        }
    )


def sign_off_digest(sign_off: SignOff, *, phase: Phase, snapshot: Snapshot, flag_version: int) -> str:
    """The digest a signature gives its word for, with policy, cohort and flags as they are now.

    It covers the decision and its target, so that a form for one decision signs no other, and the gates
    that were taken on.
    """
    overrides = sign_off.overrides.order_by("gate").values_list("gate", "reason") if sign_off.pk else ()
    return canonical.digest(
        {
            "phase": phase.number,
            "decision": str(sign_off.decision),
            "target": sign_off.target,
            "reason": sign_off.reason,
            "opened_at": _instant(sign_off.opened_at),
            "policy": policies.in_force(phase).digest(),
            "cohort": cohort_digest(phase.cohort),
            "flag_version": flag_version,
            "snapshot": snapshot.digest,
            "window": [_instant(snapshot.window_start), _instant(snapshot.window_end)],
            "overrides": [list(override) for override in overrides],
        }
    )


def cohort_digest(cohort: Cohort | None) -> str | None:
    """The digest of a frozen list; None where V3 is off."""
    record = cohort_record(cohort)
    return None if record is None else canonical.digest(record)


def cohort_record(cohort: Cohort | None) -> JsonValue:
    """A frozen list as its digest is over it and as bundles carry it."""
    if cohort is None:
        return None
    members: list[JsonValue] = [*sorted(cohort.restaurants)]
    return {"percentage": f"{cohort.percentage:.2f}", "restaurants": members}


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
