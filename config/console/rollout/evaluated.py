"""A phase as it stands: judged now while it is under way, as it was seen last once it was left."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from django.contrib.auth.models import User
from django.db.models import Q

from assignments.engine.gates import records
from assignments.engine.gates.looks import next_due
from assignments.engine.gates.policy import Phase as Demands
from assignments.engine.gates.rules import GateInput, GateResult
from assignments.engine.phases import PHASES, PhaseKey
from assignments.models import Incident, Phase, SignOff, SignOffEnd, Snapshot
from assignments.rollout import grounds, incidents, phases, signers
from assignments.rollout.checklists import Line, lines_of
from assignments.rollout.errors import RolloutError
from assignments.rollout.gates import pictures
from assignments.rollout.gates.looking import results_of
from assignments.rollout.gates.seen import Seen
from assignments.rollout.policies import in_force
from assignments.rollout.rights import SIGN_AS
from config.console.rollout.sentences import Gate, Signing, Standing


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What the gates say, at which moment; `look` counts the due looks taken."""

    demands: Demands
    inputs: Mapping[str, GateInput]
    results: Mapping[str, GateResult]
    seen: Seen
    at: datetime
    looks: tuple[datetime, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """The verdict's ground with the records it came from."""

    standing: Standing
    judged: Judged | None
    checklist: list[Line]
    open_incidents: list[Incident]
    sign_off: SignOff | None


def state_of(phase: Phase, *, now: datetime, evidence: Snapshot | None = None) -> State:
    """Everything the headline rests on; the gates as `evidence` has them, where it is given."""
    judged = judged_of(phase, now=now) if evidence is None else frozen(phase, evidence)
    checklist = lines_of(phase)
    open_ones = list(incidents.blocking())
    sign_off = _open_sign_off(phase)
    facts = PHASES[PhaseKey(phase.key)]
    following = phases.next_of(phase)
    standing = Standing(
        gates=_gates(judged),
        earliest=_earliest(phase, judged, now) if judged else "",
        incidents=[f"INC-{incident.pk} ({incident.severity})" for incident in open_ones],
        open_items=sum(not line.done for line in checklist),
        items=len(checklist),
        signers=sorted(facts.signers),
        signing=_signing(sign_off) if sign_off else None,
        next_title=PHASES[following].title if following else "",
        back_title=PHASES[facts.rollback_to].title if facts.rollback_to else "legacy alone",
        obstacles=_obstacles(following),
        completed=following is None
        and phase.sign_offs.filter(ended=SignOffEnd.DECIDED, decision="proceed").exists(),
    )
    return State(
        standing=standing,
        judged=judged,
        checklist=checklist,
        open_incidents=open_ones,
        sign_off=sign_off,
    )


def judged_of(phase: Phase, *, now: datetime) -> Judged | None:
    """As it was seen lately (`pictures`), or kept last of a phase that was left; None if nothing was."""
    if phase.left_at is None:
        found = pictures.of(phase, now=now)
        return Judged(
            demands=in_force(phase), inputs=found.inputs, results=found.results, seen=found.seen,
            at=found.seen.until, looks=_looks(phase),
        )  # fmt: skip
    newest = grounds.newest_snapshot(phase)
    return frozen(phase, newest) if newest else None


def frozen(phase: Phase, snapshot: Snapshot) -> Judged:
    """What a kept look saw."""
    return Judged(
        demands=in_force(phase),
        inputs={key: records.load(GateInput, given) for key, given in snapshot.inputs.items()},
        results=results_of(snapshot),
        seen=pictures.of_left(phase, snapshot)
        if phase.left_at
        else Seen(phase=phase, until=snapshot.taken_at),
        at=snapshot.taken_at,
        looks=_looks(phase),
    )


def _looks(phase: Phase) -> tuple[datetime, ...]:
    return tuple(phase.snapshots.filter(look__gt=0).order_by("look").values_list("taken_at", flat=True))


def pace(judged: Judged) -> Fraction | None:
    """Outcomes an hour since the phase began; None before the first hour is over."""
    reached = judged.seen.reached
    return Fraction(reached.bookings * 3600, reached.seconds) if reached.seconds >= 3600 else None


def holders(phase: Phase) -> dict[str, list[str]]:
    """Who holds each role that signs this phase, in one query for each."""
    return {
        role.value: list(
            User.objects.filter(is_active=True)
            .filter(_held(SIGN_AS[role]))
            .distinct()
            .order_by("username")
            .values_list("username", flat=True)
        )
        for role in sorted(PHASES[PhaseKey(phase.key)].signers)
    }


def when(at: datetime) -> str:
    """`Sat 21 Nov 00:00 UTC`."""
    utc = at.astimezone(UTC)
    return f"{utc:%a} {utc.day} {utc:%b %H:%M} UTC"


def _held(codename: str) -> Q:
    wanted = {"content_type__app_label": "assignments", "codename": codename}
    by_name = {f"user_permissions__{field}": value for field, value in wanted.items()}
    by_group = {f"groups__permissions__{field}": value for field, value in wanted.items()}
    return Q(**by_name) | Q(**by_group)


def _gates(judged: Judged | None) -> list[Gate]:
    if judged is None:
        return []
    return [
        Gate(
            title=rule.title,
            verdict=judged.results[rule.key].verdict,
            needed=judged.results[rule.key].needed,
        )
        for rule in judged.demands.gates
        if rule.key in judged.results
    ]


def _earliest(phase: Phase, judged: Judged, now: datetime) -> str:
    """The end of the minimum time, or the next due look after it; nothing where that is now."""
    enough = phase.entered_at + timedelta(seconds=judged.demands.minimum.seconds)
    if enough > now:
        return when(enough)
    due = next_due(reached_at=judged.looks[0], taken=judged.looks) if judged.looks else None
    return when(due) if due and due > now else ""


def _open_sign_off(phase: Phase) -> SignOff | None:
    return (
        phase.sign_offs.filter(closed_at__isnull=True)
        .select_related("phase", "proposed_by")
        .prefetch_related("signatures__user")
        .first()
    )


def _signing(sign_off: SignOff) -> Signing:
    missing = signers.missing_roles(sign_off)
    total = len(PHASES[PhaseKey(sign_off.phase.key)].signers)
    return Signing(
        decision=sign_off.decision, signed=total - len(missing), missing=[role.value for role in missing]
    )


def _obstacles(following: PhaseKey | None) -> list[str]:
    if following is None:
        return []
    try:
        phases.refuse_ineffective(following)
    except RolloutError as refusal:
        sentence = str(refusal)
        return [sentence[:1].upper() + sentence[1:]]
    return []
