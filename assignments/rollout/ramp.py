"""The ramp: a restaurant may have one run more at once after each soak that went well, up to ten."""

from datetime import datetime, timedelta

from django.db import transaction

from assignments.engine.gates.clusters import Share
from assignments.engine.gates.defaults import default_policy
from assignments.engine.gates.looks import SINGLE_LOOK
from assignments.engine.gates.rules import Extent, GateInput, GateResult, Verdict
from assignments.engine.gates.verdicts import decide
from assignments.engine.phases import PHASES, PhaseKey
from assignments.flags import services
from assignments.flags.authors import Author
from assignments.models import FlagChange, FlagState, Phase
from assignments.rollout import ledger, phases, rights
from assignments.rollout.errors import Code, RolloutError
from observability.metrics.restaurants import RestaurantFigures, by_restaurant
from observability.metrics.window import Window

RAMP = default_policy().ramp


@transaction.atomic
def raise_parallel(*, by: Author, now: datetime) -> int:
    """Let a restaurant have one run more at once; returns the new limit.

    Raises RolloutError for a person without the right to, while V3 is off, at the most there may be, and
    until the limit has soaked and its success is proven.
    """
    _refuse_without_right(by)
    phase = phases.lock_current()
    if PHASES[PhaseKey(phase.key)].percentage == 0:
        raise RolloutError(Code.LIMIT, f"V3 is off in {phase}: there is nothing to try a higher limit on.")
    services.lock()
    limit = FlagState.objects.get().max_parallel
    if limit >= RAMP.most:
        raise RolloutError(Code.LIMIT, f"{RAMP.most} runs at once are the most there may be.")
    shown = soak(phase, now=now)
    if shown.verdict is not Verdict.PASS:
        raise RolloutError(Code.SOAK, f"{limit} runs at once have not soaked: {shown.sentence}")
    raised = limit + RAMP.step
    services.set_max_parallel(limit=raised, reason=f"Soaked at {limit}: {shown.sentence}", by=by, now=now)
    body = {"from": limit, "to": raised, "soak": shown.sentence}
    ledger.append("phase.parallel_raised", body, phase=phase, by=by, now=now)
    return raised


def soak(phase: Phase, *, now: datetime) -> GateResult:
    """How the present limit has done since it was set in this phase."""
    since = _since(phase)
    span = max(now - since, timedelta(0))
    figures = by_restaurant(Window(start=since, end=now), path="v3") if span else []
    decided = [figure for figure in figures if figure.confirmation.denominator]
    return decide(RAMP.soak, _input(decided, span), SINGLE_LOOK)


def _input(decided: list[RestaurantFigures], span: timedelta) -> GateInput:
    shares = tuple(
        Share(hits=figure.confirmation.numerator, trials=figure.confirmation.denominator)
        for figure in decided
    )
    trials = sum(share.trials for share in shares)
    return GateInput(
        age_seconds=0,
        reached=Extent(seconds=int(span.total_seconds()), bookings=trials, restaurants=len(shares)),
        numerator=sum(share.hits for share in shares),
        denominator=trials,
        shares=shares,
    )


def _since(phase: Phase) -> datetime:
    changed = FlagChange.objects.filter(flag="max_parallel").order_by("-version").first()
    return max(phase.entered_at, changed.created_at) if changed else phase.entered_at


def _refuse_without_right(by: Author) -> None:
    """Commands have no user; a person needs the right to propose, since it raises no exposure."""
    if by.user_id is not None and not rights.holds(by.user_id, rights.PROPOSE):
        raise RolloutError(Code.NO_RIGHT, f"{by.name} may not raise the limit of runs.")
