"""All families there are, of one moment."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from prometheus_client import Metric
from prometheus_client.registry import Collector

from observability import rollups
from observability.metrics import backlog, cluster, protection, rates
from observability.metrics.latency import Timing
from observability.metrics.series import Labels, Series, read_all
from observability.metrics.window import Window
from observability.prometheus.families import counter, gauge, gauges, histogram

#: What happened lately, where a share cannot be told from totals: bookings counted once each.
RECENT = timedelta(minutes=10)

_COUNTED = (
    "received",
    "outcome",
    "transition",
    "event",
    "retry",
    "legacy_retry",
    "strategy",
    "legacy_strategy",
    "attempt_failed",
    "shadow",
    "mail",
    Timing.OUTCOME.value,
    Timing.RUN.value,
    Timing.LOCK_WAIT.value,
)
_TIMES = {
    Timing.OUTCOME: (
        "time_to_outcome_seconds",
        "From a booking's receipt to its first outcome, either path.",
    ),
    Timing.RUN: ("run_seconds", "A deciding run of the coordinator, from after its lock to its commit."),
    Timing.LOCK_WAIT: ("lock_wait_seconds", "Until a run had the lock of its booking."),
}
_STATES = ("created", "capacity_verified", "assignment_pending", "assignment_in_progress", "assigned")
_MAILS = ("pending", "inflight", "unknown", "dead")


class DatabaseCollector(Collector):
    """Reads every family anew each time it is asked, with the same number of queries."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        found = read_all(*_COUNTED, now=self._now)
        yield from _totals(found)
        yield from _times(found)
        yield from _recent(self._now)
        yield from _waiting(self._now)
        yield from _protection(self._now)
        yield from _machinery(self._now)


def _totals(found: Series) -> Iterator[Metric]:
    received = found["received"]
    yield counter("bookings_received", "Bookings received.", ["channel"], _counts(received))
    covers = {channel: measure.total for channel, measure in received.items()}
    yield counter("covers_received", "Guests of the bookings received.", ["channel"], covers)
    yield counter(
        "outcomes",
        "First outcomes of bookings: confirmed or manual_review, and why.",
        ["path", "outcome", "reason"],
        _counts(found["outcome"]),
    )
    yield counter(
        "transitions", "Steps of bookings on both paths.", ["from", "to"], _counts(found["transition"])
    )
    yield counter("events", "Events recorded.", ["type"], _counts(found["event"]))
    retries = _by_path(found["retry"], found["legacy_retry"])
    yield counter("retries", "Runs put off.", ["path", "reason"], retries)
    placed = _by_path(found["strategy"], found["legacy_strategy"])
    yield counter("placed", "Bookings placed.", ["path", "strategy"], placed)
    failed = _counts(found["attempt_failed"])
    yield counter("attempts_failed", "V3's attempts without a plan.", ["reason"], failed)
    yield counter("shadow_comparisons", "V3 compared with legacy.", ["class"], _counts(found["shadow"]))
    yield counter("mails", "What became of sending mails.", ["result", "kind"], _counts(found["mail"]))


def _times(found: Series) -> Iterator[Metric]:
    for timing, (name, meaning) in _TIMES.items():
        yield histogram(name, meaning, found[timing.value])


def _recent(now: datetime) -> Iterator[Metric]:
    errors = rates.error_rate(Window.until(now, RECENT))
    yield gauge("recent_bookings_started", "Bookings that V3 started in 10 minutes.", errors.denominator)
    yield gauge("recent_bookings_failed", "Those with an error of V3 among them.", errors.numerator)


def _waiting(now: datetime) -> Iterator[Metric]:
    stuck, reviews = backlog.stuck(now=now), backlog.open_reviews(now=now)
    queue, outbox = backlog.queue(), backlog.outbox()
    nothing = timedelta(0)
    yield gauges(
        "stuck_bookings", "Bookings that have not moved for 10 minutes.", "state", stuck.by_state, _STATES
    )
    yield gauge("stuck_longest_seconds", "How long the longest of them has not moved.", stuck.longest)
    yield gauges("open_reviews", "Bookings in manual review.", "reason", reviews.by_reason)
    yield gauge("open_reviews_oldest_seconds", "How long the oldest is there.", reviews.oldest or nothing)
    yield gauges("queue_tasks", "Tasks in the queue.", "when", {"due": queue.due, "later": queue.later})
    yield gauge("queue_oldest_seconds", "How long the first due task has waited.", queue.oldest)
    yield gauges("outbox_mails", "Mails that are not sent.", "status", outbox.by_status, _MAILS)
    yield gauge("outbox_oldest_seconds", "How long the first due mail has waited.", outbox.oldest)


def _protection(now: datetime) -> Iterator[Metric]:
    permits = backlog.permits_in_use().by_restaurant
    since = protection.circuit(Window.until(now, RECENT)).open_since
    yield gauge("permits_in_use", "Live runs of V3, all restaurants.", sum(permits.values()))
    yield gauge(
        "permits_in_use_most", "Live runs of the restaurant that has most.", max(permits.values(), default=0)
    )
    yield gauge("circuit_open", "1 while the circuit breaker is open.", since is not None)
    yield gauge("circuit_open_seconds", "For how long it has been.", now - since if since else timedelta(0))


def _machinery(now: datetime) -> Iterator[Metric]:
    workers, feeds = cluster.workers(), rollups.progress()
    yield gauge("workers", "Worker processes heard of in 10 seconds.", workers.live)
    yield gauge("workers_behind", "Those that run older flags than there are.", workers.behind)
    yield gauge("flag_version", "Version of the flags.", workers.flag_version)
    behind = {feed.feed: float(feed.behind) for feed in feeds}
    yield gauges("rollup_behind", "Rows that the rollups do not hold yet.", "feed", behind)
    ages = {
        feed.feed: (now - feed.complete_at).total_seconds() if feed.behind and feed.complete_at else 0.0
        for feed in feeds
    }
    yield gauges("rollup_stalled_seconds", "For how long none was added to them.", "feed", ages)


def _counts(labels: Labels) -> dict[str, float]:
    return {label: measure.count for label, measure in labels.items()}


def _by_path(v3: Labels, legacy: Labels) -> dict[str, float]:
    return {
        f"{path}>{label}": count
        for path, labels in (("v3", v3), ("legacy", legacy))
        for label, count in _counts(labels).items()
    }
