"""The guard: looks at the phase under way every 15 seconds and takes it back when it goes wrong.

It asks nobody and waits for nothing, a pending sign-off neither. The rules and the arithmetic are
`assignments.engine.gates.guard`; here they are given what was counted, and acted upon.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from assignments.engine.compare import Comparison
from assignments.engine.gates import records
from assignments.engine.gates.clusters import Share
from assignments.engine.gates.guard import (
    GuardInput,
    GuardRules,
    OpenBreaker,
    Trigger,
    e_value_of_hours,
    triggers,
    unseen,
)
from assignments.engine.gates.guard import Seen as Counted
from assignments.flags.authors import LONGEST_REASON, Author
from assignments.models import GuardStanding, Incident, IncidentSeverity, Phase
from assignments.rollout import ledger, phases, rollback
from assignments.rollout.errors import Code, RolloutError
from assignments.rollout.gates.seen import Seen
from assignments.rollout.policies import in_force
from assignments.rollout.rollback import RolledBack
from observability.events import Severity
from observability.metrics import protection, rates, volumes
from observability.metrics.rates import OutcomeRates
from observability.metrics.series import read_steps
from observability.metrics.window import HOUR as HOUR_SECONDS
from observability.metrics.window import Window, floor

EVERY = timedelta(seconds=15)
HOUR = timedelta(hours=1)
GUARD = Author(name="guard")
NONE = Share(hits=0, trials=0)


def watch(*, now: datetime) -> RolledBack | None:
    """Look if it is time, once among all processes, and roll back if there is a reason to.

    Reports as well on rollbacks that are half an hour old.
    """
    rollback.watch(now=now)
    phase = phases.current()
    if phase is None or not _claim(phase, now):
        return None
    rules = in_force(phase).guard
    given = look(phase, now=now)
    _keep(rules, given)
    found = triggers(rules, given)
    return _act(phase, found, given, now) if found else None


def look(phase: Phase, *, now: datetime) -> GuardInput:
    """What the guard sees of a phase now."""
    seen = Seen(phase=phase, until=now)
    hour = _unproven(rates.rates(_last_hour(seen.window), path="v3"))
    return GuardInput(
        age_seconds=seen.age_seconds,
        rates=_counted(seen),
        breakers=_open_breakers(seen),
        hour_reviews=hour.hits,
        hour_outcomes=hour.trials,
        p0_incidents=_p0_since(phase),
    )


def _last_hour(window: Window) -> Window:
    """The last hour of the phase: what was before it is what an earlier one was rolled back for."""
    return Window(start=max(window.start, window.end - HOUR), end=window.end)


def _open_breakers(seen: Seen) -> tuple[OpenBreaker, ...]:
    """The breaker, if it is open, for as long as it has been in this phase.

    What opened it before is what the phase was rolled back for; in shadow nothing runs that could close it.
    """
    since = None if seen.in_shadow else protection.circuit(seen.window).open_since
    if since is None:
        return ()
    lasted = seen.until - max(since, seen.phase.entered_at)
    return (OpenBreaker(name="of assignment", seconds=int(lasted.total_seconds())),)


def _counted(seen: Seen) -> tuple[Counted, ...]:
    """The watched rates, hour by hour. Reviews that carry a proof would be there on any path."""
    window = seen.window
    if seen.in_shadow:
        classes = read_steps(window, "shadow", step=HOUR)
        failed = {at: _failed(volumes.counts(series["shadow"])) for at, series in classes.items()}
        return (Counted(key="candidate_errors", hours=_hours(window, failed)),)
    reviews = rates.outcome_rates_by_step(window, step=HOUR, path="v3")
    reviewed = {at: _unproven(found) for at, found in reviews.items()}
    errors = rates.error_rates(window, step=HOUR)
    failed = {at: Share(hits=rate.numerator, trials=rate.denominator) for at, rate in errors.items()}
    return (
        Counted(key="review_rate", hours=_hours(window, reviewed)),
        Counted(key="error_rate", hours=_hours(window, failed)),
    )


def _hours(window: Window, counted: Mapping[datetime, Share]) -> tuple[Share, ...]:
    """One share for each hour of the clock that the window touches, also where nothing was counted."""
    first = floor(window.start, HOUR_SECONDS)
    number = -(-(window.end - first) // HOUR)
    return tuple(counted.get(first + n * HOUR, NONE) for n in range(number))


def _unproven(found: OutcomeRates) -> Share:
    proven = found.proven_review.numerator
    return Share(hits=found.review.numerator - proven, trials=found.review.denominator - proven)


def _failed(classes: Mapping[str, int]) -> Share:
    failed = classes.get(Comparison.CANDIDATE_ERROR, 0)
    return Share(hits=failed, trials=sum(classes.values()) - classes.get(Comparison.SKIPPED, 0))


def _p0_since(phase: Phase) -> int:
    """P0 that came up in the phase and are open: one that was closed is no reason any more."""
    return Incident.objects.filter(
        severity=IncidentSeverity.P0, closed_at__isnull=True, opened_at__gt=phase.entered_at
    ).count()


def _claim(phase: Phase, now: datetime) -> bool:
    """Whether this process is the one that looks now."""
    standing, made = GuardStanding.objects.get_or_create(
        pk=1,
        defaults={"phase": phase, "looked_at": now, "given": {}, "evidence": {}, "blind_to": []},
    )
    if made:
        return True
    due = GuardStanding.objects.filter(pk=1, looked_at=standing.looked_at)
    # A clock that was set back must not stop the guard.
    if now - EVERY < standing.looked_at <= now:
        return False
    return due.update(phase=phase, looked_at=now) == 1


def _keep(rules: GuardRules, given: GuardInput) -> None:
    null = {watch.key: watch.null for watch in rules.watches}
    evidence = {
        rate.key: f"{e_value_of_hours(rate.hours, null[rate.key]):.2f}"
        for rate in given.rates
        if rate.key in null and rate.sound
    }
    GuardStanding.objects.filter(pk=1).update(
        given=records.dump(given), evidence=evidence, blind_to=list(unseen(rules, given))
    )


def _act(phase: Phase, found: Sequence[Trigger], given: GuardInput, now: datetime) -> RolledBack | None:
    """Roll back, unless somebody has just done so."""
    trigger = {"triggers": [records.dump(trigger) for trigger in found]}
    evidence = {**trigger, "given": records.dump(given)}
    why = " ".join(trigger.sentence for trigger in found)[:LONGEST_REASON]
    try:
        with transaction.atomic():
            ledger.append(
                "guard.triggered", evidence, phase=phase, by=GUARD, now=now, severity=Severity.ERROR
            )
            return rollback.roll_back(phase=phase, reason=why, by=GUARD, now=now, trigger=trigger)
    except RolloutError as error:
        if error.code is not Code.PHASE_LEFT:
            raise
        return None
