"""Taking a step back: one person or the guard suffices, at any time, also while a sign-off is pending.

A rollback and a decision wait for the same lock. If the decision came first and raised the exposure,
the rollback takes that back too: whoever asks for less gets it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db import transaction

from assignments.engine.flags import Mode
from assignments.engine.phases import PHASES, PhaseKey
from assignments.flags import services
from assignments.flags.authors import Author
from assignments.models import Incident, IncidentSeverity, LedgerEntry, LeftHow, Phase
from assignments.rollout import incidents, ledger, phases, rights
from assignments.rollout.errors import Code, RolloutError
from assignments.rollout.texts import checked_reason
from assignments.rollout.voids import void_open
from observability import events
from observability.events import Severity
from observability.models import Event

#: Legacy alone, whatever the phase names as its target.
LEGACY: Literal["legacy"] = "legacy"

#: How long runs of the coordinator are looked out for that began on flags from before.
WATCHED = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class RolledBack:
    """What came of it: the phase entered instead (None is legacy alone), and the incident opened for it.

    `killed` tells that a pin held V3 on, so that the kill switch was used.
    """

    left: Phase
    phase: Phase | None
    incident: Incident
    flag_version: int
    killed: bool


def roll_back(
    *,
    phase: Phase,
    reason: str,
    by: Author,
    now: datetime,
    trigger: Mapping[str, Any] | None = None,
    to: PhaseKey | Literal["legacy"] | None = None,
) -> RolledBack:
    """Take `phase` back to its target, or to the earlier phase `to`.

    `trigger` is what the guard saw, without floating-point numbers. Raises RolloutError for a person
    without the right to, and if the phase has been rolled back already.
    """
    _refuse_without_right(by)
    return carry_out(phase=phase, reason=reason, by=by, now=now, trigger=trigger, to=to)


@transaction.atomic
def carry_out(
    *,
    phase: Phase,
    reason: str,
    by: Author,
    now: datetime,
    trigger: Mapping[str, Any] | None = None,
    to: PhaseKey | Literal["legacy"] | None = None,
) -> RolledBack:
    """The same for a sign-off that was decided, where a quorum stands for the right."""
    why = checked_reason(reason)
    leaving = _to_be_left(phase)
    target = _target(phase, to)
    void_open(leaving, f"Rolled back: {why}", by=by, now=now)
    killed = _pinned_against(target)
    phases.leave(leaving, LeftHow.ROLLED_BACK, by=by, now=now)
    entered = _arrive(target, why, by=by, now=now)
    if killed:
        services.kill(reason=why, by=by, now=now)
    version = services.lock()
    incident = incidents.report(
        severity=IncidentSeverity.P1,
        title=f"{leaving.get_key_display()} was rolled back to {_named(target)}",
        detail=why,
        phase=leaving,
        by=by,
        now=now,
    )
    ledger.append(
        "phase.rolled_back",
        {
            "asked_for": phase.number,
            "to": target.value if target else LEGACY,
            "entered": entered.number if entered else None,
            "reason": why,
            "trigger": dict(trigger) if trigger else None,
            "incident": incident.pk,
            "flag_version": version,
            "killed": killed,
        },
        phase=leaving,
        by=by,
        now=now,
        severity=Severity.CRITICAL,
    )
    return RolledBack(left=leaving, phase=entered, incident=incident, flag_version=version, killed=killed)


def watch(*, now: datetime) -> list[LedgerEntry]:
    """Report each rollback that is half an hour old: how many runs began on older flags after it."""
    reports = (_report_stragglers(rolled, now) for rolled in _unwatched(now))
    return [report for report in reports if report is not None]


def _to_be_left(asked_for: Phase) -> Phase:
    """The phase under way, if it is the one asked for or one that a decision entered from it meanwhile."""
    leaving = phases.lock_current()
    asked_for.refresh_from_db(fields=["left_at", "left_how"])
    if leaving.pk == asked_for.pk:
        return leaving
    went_on = Phase.objects.filter(number__gte=asked_for.number, number__lt=leaving.number)
    if leaving.number < asked_for.number or went_on.exclude(left_how=LeftHow.PROCEEDED).exists():
        raise RolloutError(
            Code.PHASE_LEFT, f"{asked_for} has been rolled back already; {leaving} is under way."
        )
    return leaving


def _target(phase: Phase, to: PhaseKey | Literal["legacy"] | None) -> PhaseKey | None:
    """Where to go from the phase that was asked for. Raises RolloutError for one that is not before it."""
    if to == LEGACY:
        return None
    here = PHASES[PhaseKey(phase.key)]
    if to is None:
        return here.rollback_to
    order = list(PHASES)
    there = PHASES[PhaseKey(to)]
    same_place = there.environment == here.environment or phase.environment == phases.LOCAL
    if order.index(there.key) >= order.index(here.key) or not same_place:
        raise RolloutError(
            Code.SKIPPED, f"{here.title} cannot be rolled back to {there.title}: name an earlier phase."
        )
    return there.key


def _arrive(target: PhaseKey | None, why: str, *, by: Author, now: datetime) -> Phase | None:
    if target is None:
        phases.set_flags(None, label=None, reason=why, by=by, now=now, despite_pin=True)
        return None
    return phases.open_stay(target, by=by, now=now, by_rollback=True, reason=why)


def _pinned_against(target: PhaseKey | None) -> bool:
    """Whether some process would go on with V3, or compare, against what the target says."""
    pinned = phases.pinned()
    facts = PHASES[target] if target else None
    v3_on = pinned.get("v3", (False, ""))[0] and (facts is None or facts.percentage < 100)
    shadow_on = pinned.get("shadow", (False, ""))[0] and (facts is None or not facts.shadow)
    return bool(v3_on or shadow_on)


def _named(target: PhaseKey | None) -> str:
    return PHASES[target].title if target else "legacy alone"


def _unwatched(now: datetime) -> list[LedgerEntry]:
    watched = LedgerEntry.objects.filter(kind="phase.watched").values_list("body__record", flat=True)
    rolled = LedgerEntry.objects.filter(kind="phase.rolled_back", at__lte=now - WATCHED).select_related(
        "phase"
    )
    return list(rolled.exclude(number__in=[int(number) for number in watched]).order_by("number"))


@transaction.atomic
def _report_stragglers(rolled: LedgerEntry, now: datetime) -> LedgerEntry | None:
    """The report, once: every worker looks, and whoever was first has written it under the chain's lock."""
    ledger.hold()
    if LedgerEntry.objects.filter(kind="phase.watched", body__record=rolled.number).exists():
        return None
    began = Event.objects.filter(
        source=events.COORDINATOR,
        event_type="coordinator.start",
        created_at__gte=rolled.at,
        created_at__lt=rolled.at + WATCHED,
        context__mode=Mode.ACTIVE.value,
        context__flag_version__lt=rolled.body["flag_version"],
    )
    times = began.order_by("-created_at").values_list("created_at", flat=True)
    body = {
        "record": rolled.number,
        "runs": began.count(),
        "last": times[0].isoformat() if times else None,
        "minutes": WATCHED // timedelta(minutes=1),
    }
    return ledger.append("phase.watched", body, phase=rolled.phase, by=Author(name="guard"), now=now)


def _refuse_without_right(by: Author) -> None:
    """Commands and the guard have no user; a person needs the right."""
    if by.user_id is not None and not rights.holds(by.user_id, rights.ROLL_BACK):
        raise RolloutError(
            Code.NO_RIGHT, f"{by.name} may not roll back: ask whoever is on call, or use the kill switch."
        )
