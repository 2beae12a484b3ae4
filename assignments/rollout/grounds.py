"""Whether the ground of a sign-off still holds: evidence, gates, incidents, signers."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from assignments.engine.gates.rules import SNAPSHOT_AGE, Verdict
from assignments.flags import services
from assignments.models import Decision, Phase, SignOff, Snapshot
from assignments.rollout import binding, checklists, incidents, policies
from assignments.rollout.errors import Code

#: A refusal: which rule, and the sentence.
Fault = tuple[Code, str]

OLDEST = timedelta(seconds=SNAPSHOT_AGE)


def newest_snapshot(phase: Phase) -> Snapshot | None:
    """What was seen last of a phase."""
    return phase.snapshots.order_by("-taken_at", "-pk").first()


def verdicts_of(snapshot: Snapshot) -> Mapping[str, Verdict]:
    """Each gate's verdict; what is no verdict is an ERROR."""
    return {gate: _verdict(result) for gate, result in snapshot.results.items()}


def faults_of_evidence(
    phase: Phase, snapshot: Snapshot | None, *, overridden: frozenset[str], now: datetime
) -> Iterator[Fault]:
    """Why the phase may not go on, as seen by `snapshot`: every gate has to pass or to have been taken on."""
    if snapshot is None:
        yield Code.STALE, "Nothing was measured yet: wait for the first look."
        return
    age = now - snapshot.taken_at
    if age > OLDEST:
        old, most = age // timedelta(minutes=1), OLDEST // timedelta(minutes=1)
        yield (
            Code.STALE,
            f"The evidence is {old} minutes old, {most} are the limit: propose again on a fresh look.",
        )
    yield from faults_of_gates(phase, snapshot, overridden=overridden)
    yield from faults_of_incidents()


def faults_of_gates(phase: Phase, snapshot: Snapshot, *, overridden: frozenset[str]) -> Iterator[Fault]:
    """Gates that neither pass nor were taken on; gates of the policy that were not looked at."""
    verdicts = verdicts_of(snapshot)
    for rule in policies.in_force(phase).gates:
        gate, verdict = rule.key, verdicts.get(rule.key, Verdict.NO_DATA)
        taken_on = verdict is Verdict.INCONCLUSIVE and gate in overridden
        if verdict is not Verdict.PASS and not taken_on:
            yield Code.NOT_PASSED, f"The gate {gate} is {verdict}: only PASS lets the phase go on."


def faults_of_incidents() -> Iterator[Fault]:
    """Open P0 and P1."""
    for incident in incidents.blocking():
        yield Code.INCIDENT_OPEN, f"{incident} is open: close it with its resolution first."


def faults_of_checklist(phase: Phase) -> Iterator[Fault]:
    """Items that are not ticked."""
    for item in checklists.open_items(phase):
        yield Code.CHECKLIST_OPEN, f"The checklist is open at: {item.text}."


def faults_of_binding(sign_off: SignOff, phase: Phase) -> Iterator[Fault]:
    """What was changed since it was proposed. Keeps flags from changing until the transaction ends."""
    version = services.lock()
    if phase.left_at is not None:
        yield Code.CHANGED, f"{phase} was left."
    elif version != sign_off.snapshot.flag_version:
        yield (
            Code.CHANGED,
            f"The flags changed: version {version} is in force, {sign_off.snapshot.flag_version} was seen.",
        )
    elif sign_off.digest != current_digest(sign_off, phase, version):
        yield Code.CHANGED, "The policy, the cohort or the evidence changed since it was proposed."


def current_digest(sign_off: SignOff, phase: Phase, flag_version: int) -> str:
    """The digest the sign-off would have on what is in force now."""
    return binding.sign_off_digest(
        sign_off, phase=phase, snapshot=sign_off.snapshot, flag_version=flag_version
    )


def needs_evidence(decision: str) -> bool:
    """Only going on has to be earned: holding and rolling back are always right."""
    return decision == Decision.PROCEED


def _verdict(result: Any) -> Verdict:
    try:
        return Verdict(result["verdict"])
    except (KeyError, TypeError, ValueError):
        return Verdict.ERROR
