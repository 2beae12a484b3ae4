"""Looks at a phase: everything measured at one moment, and the verdicts that follow from it.

A look falls due when the minimum of the phase is reached, then daily; only what was kept of a due look can
make a gate pass. Anybody may look in between: then passes what passed at a due look and holds still.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from assignments.engine.gates import records
from assignments.engine.gates.looks import Look, look_at
from assignments.engine.gates.policy import Phase as Demands
from assignments.engine.gates.rules import Extent, GateInput, GateResult, GateRule, Verdict
from assignments.engine.gates.verdicts import Earned, decide, overall
from assignments.flags.authors import Author
from assignments.models import FlagState, Phase, Snapshot
from assignments.rollout import binding, ledger, phases
from assignments.rollout.errors import Code, RolloutError
from assignments.rollout.gates.measure import measure
from assignments.rollout.gates.seen import Seen
from assignments.rollout.policies import in_force

#: Who looks when nobody asks.
LOOKS = Author(name="gates")


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """What the gates of a phase say at one moment, by their keys."""

    seen: Seen
    look: Look
    inputs: Mapping[str, GateInput]
    results: Mapping[str, GateResult]

    @property
    def verdict(self) -> Verdict:
        return overall(self.results.values())


def evaluate(phase: Phase, *, now: datetime) -> Evaluation:
    """Measure and judge, without keeping anything."""
    demands = in_force(phase)
    seen = Seen(phase=phase, until=now)
    kept = list(phase.snapshots.filter(look__gt=0).order_by("look"))
    look = _look(demands, seen, kept, now)
    inputs = {rule.key: measure(rule, seen, look) for rule in demands.gates}
    return Evaluation(seen=seen, look=look, inputs=inputs, results=judge(demands.gates, inputs, look, kept))


def judge(
    rules: Iterable[GateRule], inputs: Mapping[str, GateInput], look: Look, kept: Iterable[Snapshot]
) -> dict[str, GateResult]:
    """The verdicts that follow from inputs and from the looks that were `kept` before, in their order."""
    earned = _earned(kept)
    return {rule.key: decide(rule, inputs[rule.key], look, earned.get(rule.key)) for rule in rules}


@transaction.atomic
def take(phase: Phase, now: datetime) -> Snapshot:
    """Look at the phase under way and keep what was seen. Raises RolloutError if it was left.

    The phase is locked, so that its looks have one order and nothing proceeds meanwhile.
    """
    under_way = phases.lock_current()
    if under_way.pk != phase.pk:
        raise RolloutError(Code.PHASE_LEFT, f"{phase} was left: {under_way} is under way.")
    return _keep(under_way, evaluate(under_way, now=now), now)


def take_if_due(*, now: datetime) -> Snapshot | None:
    """Take a look that has fallen due, once, however many processes ask."""
    phase = phases.current()
    if phase is None or not _is_due(phase, now):
        return None
    with transaction.atomic():
        ledger.hold()
        if phases.current() is None:  # it was rolled back to legacy meanwhile
            return None
        phase = phases.lock_current()
        found = evaluate(phase, now=now)
        return _keep(phase, found, now) if found.look.open else None


def results_of(snapshot: Snapshot) -> dict[str, GateResult]:
    """The verdicts as they were kept."""
    return {key: records.load(GateResult, result) for key, result in snapshot.results.items()}


def _is_due(phase: Phase, now: datetime) -> bool:
    """Asked often, so what costs least is asked first."""
    kept = list(phase.snapshots.filter(look__gt=0).order_by("look"))
    return _look(in_force(phase), Seen(phase=phase, until=now), kept, now).open


def _look(demands: Demands, seen: Seen, kept: Iterable[Snapshot], now: datetime) -> Look:
    """The look of now. The minimum was reached when the first look was taken, or is now."""
    taken = [snapshot.taken_at for snapshot in kept]
    reached_at = taken[0] if taken else (now if _is_enough(demands.minimum, seen) else None)
    return look_at(reached_at=reached_at, taken=taken, now=now)


def _is_enough(minimum: Extent, seen: Seen) -> bool:
    """Whether the phase has had its time, and only then whether it had its bookings and restaurants."""
    lasted = int((seen.window.end - seen.window.start).total_seconds())
    return lasted >= minimum.seconds and not minimum.missing(seen.reached)


def _earned(kept: Iterable[Snapshot]) -> dict[str, Earned]:
    """By gate, the first look at which it passed."""
    earned: dict[str, Earned] = {}
    for snapshot in kept:
        look = Look(number=snapshot.look, open=True)
        for key, result in snapshot.results.items():
            if result["verdict"] == Verdict.PASS and key in snapshot.inputs:
                given = records.load(GateInput, snapshot.inputs[key])
                earned.setdefault(key, Earned(given=given, look=look))
    return earned


def _keep(phase: Phase, found: Evaluation, now: datetime) -> Snapshot:
    """Write an evaluation down, under the number of its look if that was due."""
    window = found.seen.window
    number = found.look.number if found.look.open else 0
    flag_version = FlagState.objects.values_list("version", flat=True).first() or 0
    inputs = {key: records.dump(given) for key, given in found.inputs.items()}
    snapshot = Snapshot.objects.create(
        phase=phase,
        look=number,
        taken_at=now,
        window_start=window.start,
        window_end=window.end,
        flag_version=flag_version,
        inputs=inputs,
        results={key: records.dump(result) for key, result in found.results.items()},
        digest=binding.snapshot_digest(
            phase=phase,
            flag_version=flag_version,
            window_start=window.start,
            window_end=window.end,
            look=number,
            inputs=inputs,
        ),
    )
    if number:
        _record(snapshot, found, now)
    return snapshot


def _record(snapshot: Snapshot, found: Evaluation, now: datetime) -> None:
    """A due look is part of the rollout's history; those in between are only pictures."""
    ready = found.verdict is Verdict.PASS
    body = {
        "look": snapshot.look,
        "verdict": found.verdict.value,
        "digest": snapshot.digest,
        "sentence": "Every gate passes." if ready else _unsettled(found),
    }
    kind = "gate.ready" if ready else "gate.looked"
    ledger.append(kind, body, phase=snapshot.phase, by=LOOKS, now=now)


def _unsettled(found: Evaluation) -> str:
    held = [
        f"{key} {result.verdict}" for key, result in found.results.items() if result.verdict != Verdict.PASS
    ]
    return f"Not settled: {', '.join(held)}."[:500]
