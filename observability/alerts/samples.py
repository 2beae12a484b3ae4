"""What each rule looks at, through the metrics."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from observability.alerts import policy
from observability.alerts.evaluation import Sample
from observability.metrics import backlog
from observability.metrics.latency import Timing, percentiles
from observability.metrics.protection import circuit
from observability.metrics.rates import Rate, error_rate, outcome_rates
from observability.metrics.series import read
from observability.metrics.window import Window
from observability.rollups import progress

#: Far enough back to see when a breaker opened that is still open.
_DAY = timedelta(days=1)

Reads = Callable[[datetime], Sample]


def confirmation(now: datetime) -> Sample:
    outcomes = read(Window.until(now, policy.CONFIRMATION_LOW.span), "outcome")["outcome"]
    return _share(outcome_rates(outcomes).confirmation, "confirmed")


def errors(now: datetime) -> Sample:
    return _share(error_rate(Window.until(now, policy.ERRORS_HIGH.span)), "failed")


def review(now: datetime) -> Sample:
    outcomes = read(Window.until(now, policy.REVIEW_HIGH.span), "outcome")["outcome"]
    return _share(outcome_rates(outcomes).review, "in review")


def breaker(now: datetime) -> Sample:
    since = circuit(Window.until(now, _DAY)).open_since
    if since is None:
        return Sample(value=0, detail="closed")
    return Sample(value=(now - since).total_seconds(), detail=f"open since {since:%H:%M:%S} UTC")


def stuck(now: datetime) -> Sample:
    found = backlog.stuck(now=now)
    states = ", ".join(f"{count} {state}" for state, count in found.by_state.items())
    return Sample(value=found.count, detail=states or "none")


def latency(now: datetime) -> Sample:
    found = percentiles(Window.until(now, policy.LATENCY_HIGH.span), Timing.RUN)
    return Sample(value=found.p95, of=found.count, detail=f"p95 of {found.count} runs")


def cluster(_now: datetime) -> Sample:
    """The longer of two silences: of the workers' heartbeat, and of a task that is due and not taken."""
    silent, waiting = backlog.workers_silent(), backlog.queue()
    if silent is None and not waiting.due:
        return Sample(value=None, detail="no worker was heard of for a day")
    heard = "no worker heard of" if silent is None else f"heartbeat {silent.total_seconds():.0f} s ago"
    return Sample(
        value=max(silent or timedelta(0), waiting.oldest).total_seconds(),
        detail=f"{heard}, {waiting.due} tasks due, the first for {waiting.oldest.total_seconds():.0f} s",
    )


def outbox(_now: datetime) -> Sample:
    unknown = backlog.outbox().by_status.get("unknown", 0)
    return Sample(value=unknown, detail=f"{unknown} mails to decide on")


def events(now: datetime) -> Sample:
    """The longer of two lags: of events behind the bookings received, and of the counts behind the events."""
    complete = [feed.complete_at for feed in progress()]
    known = [at for at in complete if at is not None]
    untold = backlog.untold(now=now)
    if untold is None or not known:
        return Sample(value=None, detail="no booking was received for a day, or nothing was counted yet")
    uncounted = max(timedelta(0), now - min(known))
    return Sample(
        value=max(untold, uncounted).total_seconds(),
        detail=f"events {untold.total_seconds():.0f} s behind, counts {uncounted.total_seconds():.0f} s",
    )


def rolled_back(now: datetime) -> Sample:
    told = _told("phase.rolled_back", policy.ROLLED_BACK, now)
    return Sample(value=told, detail="see the rollout's incidents" if told else "none")


def sign_ins_locked(now: datetime) -> Sample:
    """Each lock of a name at an address, or of an address, is one event; attempts behind it are none."""
    told = _told("sign_in.locked", policy.SIGN_INS_LOCKED, now)
    return Sample(value=told, detail=f"{told} in {policy.SIGN_INS_LOCKED.span.total_seconds() / 60:.0f} min")


READS: Mapping[str, Reads] = {
    policy.CONFIRMATION_LOW.key: confirmation,
    policy.ERRORS_HIGH.key: errors,
    policy.REVIEW_HIGH.key: review,
    policy.BREAKER_OPEN.key: breaker,
    policy.STUCK.key: stuck,
    policy.LATENCY_HIGH.key: latency,
    policy.CLUSTER_STALLED.key: cluster,
    policy.OUTBOX_UNKNOWN.key: outbox,
    policy.EVENTS_STALE.key: events,
    policy.ROLLED_BACK.key: rolled_back,
    policy.SIGN_INS_LOCKED.key: sign_ins_locked,
}


def _told(event_type: str, rule: policy.Rule, now: datetime) -> int:
    """How often it was told within the rule's span."""
    counted = read(Window.until(now, rule.span), "event")["event"].get(event_type)
    return counted.count if counted else 0


def _share(rate: Rate, what: str) -> Sample:
    return Sample(
        value=rate.value, of=rate.denominator, detail=f"{rate.numerator} of {rate.denominator} {what}"
    )
