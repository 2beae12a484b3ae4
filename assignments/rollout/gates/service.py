"""Gates about how the service holds up: times, locks, breaker, database, mails, alerts."""

from fractions import Fraction

from assignments.engine.gates.looks import Look
from assignments.engine.gates.rules import GateInput, GateRule
from assignments.engine.gates.timing import timed
from assignments.rollout.gates.outcomes import of_count, of_shares, shares_of
from assignments.rollout.gates.seen import Seen
from observability.alerts.policy import ROLLED_BACK
from observability.metrics import backlog, desk, latency, protection, timings
from observability.metrics.latency import Timing
from observability.models import Alert, Timed

#: Milliseconds are kept to the thousandth.
_PRECISION = 1_000


def quantile(rule: GateRule, seen: Seen, timing: Timing, look: Look) -> GateInput:
    """How many of all took less than the limit, from every single one, and the quantile with its bound."""
    times = latency.each(seen.window, timing).values()
    given = GateInput(age_seconds=seen.age_seconds, reached=seen.reached)
    values = [[round(value * _PRECISION) for value in of_one] for of_one in times]
    return timed(rule, given, values, look, scale=_PRECISION)


def query_time(seen: Seen) -> GateInput:
    return _against_baseline(seen, Timed.QUERY)


def intake_time(seen: Seen) -> GateInput:
    return _against_baseline(seen, Timed.INTAKE)


def connections(seen: Seen) -> GateInput:
    """The fullest that the connections were, in per cent of those the server allows."""
    most = timings.highest(seen.window, Timed.CONNECTIONS)
    return GateInput(
        age_seconds=seen.age_seconds,
        reached=seen.reached,
        measured=None if most is None else exact(most / 10),
    )


def lock_contention(seen: Seen) -> GateInput:
    return of_shares(seen, shares_of(protection.contention_by_restaurant(seen.window)))


def breaker(seen: Seen) -> GateInput:
    found = protection.circuit(seen.window)
    return GateInput(
        age_seconds=seen.age_seconds,
        reached=seen.reached,
        numerator=found.openings,
        measured=exact(found.longest.total_seconds()),
        pending=int(found.open_since is not None),
    )


def stuck(seen: Seen) -> GateInput:
    return of_count(seen, backlog.stuck(now=seen.until).count)


def repeated_mails(seen: Seen) -> GateInput:
    found = desk.repeated_mails(seen.window)
    return of_count(seen, found.numerator, of=found.denominator)


def alerts(seen: Seen) -> GateInput:
    """Those that fired in the phase. That a rollback led to it is not held against it."""
    window = seen.window
    fired = Alert.objects.filter(fired_at__gte=window.start, fired_at__lt=window.end)
    return of_count(seen, fired.exclude(rule=ROLLED_BACK.key).count())


def exact(value: float) -> Fraction:
    return Fraction(round(value * _PRECISION), _PRECISION)


def _against_baseline(seen: Seen, kind: Timed) -> GateInput:
    before = seen.phase.baseline.get(kind.value)
    baseline = None if before is None else Fraction(before)
    measured = timings.timed(seen.window, kind).p95
    return GateInput(
        age_seconds=seen.age_seconds,
        reached=seen.reached,
        measured=None if measured is None else exact(measured),
        baseline=baseline,
    )
