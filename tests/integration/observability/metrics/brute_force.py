"""The metrics recomputed from a list of events in plain Python, knowing nothing of the SQL."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from observability.events import Record
from observability.metrics import (
    comparison,
    desk,
    flow,
    latency,
    protection,
    rates,
    restaurants,
    volumes,
    work,
)
from observability.metrics.latency import Timing
from observability.metrics.window import Window

TRANSITIONS = ("booking.assignment_state_transition", "auto_assign.transition")


def figures(window: Window) -> dict[str, Any]:
    """What the metrics say, all of them that come from events."""
    v3, legacy, shadow = work.work(window), work.work(window, work.Path.LEGACY), comparison.shadow(window)
    found = rates.rates(window)
    return {
        "confirmed": found.confirmation.numerator,
        "reviewed": found.review.numerator,
        "proven": found.proven_review.numerator,
        "v3 confirmed": rates.rates(window, path="v3").confirmation.numerator,
        "failed": found.error.numerator,
        "started": found.error.denominator,
        "first": rates.match(window).numerator,
        "events": dict(volumes.volumes(window).events),
        "transitions": {(t.origin, t.target): t.count for t in flow.transitions(window)},
        "would": {(t.origin, t.target): t.count for t in flow.shadow_transitions(window)},
        "reviews": dict(v3.reviews),
        "legacy reviews": dict(legacy.reviews),
        "retries": {reason: retry.count for reason, retry in v3.retries.items()},
        "delay": round(sum(retry.count * retry.mean_delay_ms for retry in v3.retries.values())),
        "attempts": dict(v3.attempts),
        "strategies": dict(v3.strategies),
        "no plan": dict(v3.no_plan),
        "nothing to do": dict(v3.nothing_to_do),
        "legacy strategies": dict(legacy.strategies),
        "locks": protection.locks(window).contention,
        "permits": dict(protection.permits(window).taken),
        "refused": protection.permits(window).refused,
        "mails": desk.mails(window).count("sent"),
        "classes": dict(shadow.classes),
        "pairs": (shadow.pairs.both_confirmed, shadow.pairs.only_legacy, shadow.pairs.only_v3),
        "coverage": (shadow.coverage.numerator, shadow.coverage.denominator),
        "entered": desk.reviews(window).entered,
        "runs": latency.percentiles(window, Timing.RUN).count,
    }


def recomputed(records: Iterable[Record], window: Window) -> dict[str, Any]:
    """What they have to say."""
    every = list(records)
    inside = [r for r in every if window.start <= r.at < window.end and _of(r, window)]
    by_type: dict[str, list[Record]] = defaultdict(list)
    for record in inside:
        by_type[record.event_type].append(record)
    ids = {id(record) for record in inside}
    outcomes = [(r, path) for r, path in outcomes_of(every) if id(r) in ids]
    real = [r for r in inside if r.event_type in TRANSITIONS and r.context.get("mode") != "shadow"]
    would = [r for r in inside if r.context.get("mode") == "shadow" and r.event_type in TRANSITIONS]
    failed = {r.booking_id for r in by_type["coordinator.error"]}
    retries = by_type["coordinator.retry"]
    deciding = [*by_type["coordinator.confirmed"], *by_type["coordinator.manual_review"]]
    compared = by_type["shadow.compared"]
    counted = [r for r in compared if r.context["class"] != "skipped"]
    pairs = Counter((r.context["legacy_score"] is None, r.context["v3_score"] is None) for r in counted)
    contended = len(by_type["coordinator.lock_contention"])
    return {
        "confirmed": sum(r.context["to"] == "confirmed" for r, _ in outcomes),
        "reviewed": sum(r.context["to"] == "manual_review" for r, _ in outcomes),
        "proven": sum(
            r.context["reason"] in ("party_too_large", "no_capacity_at_time")
            for r, _ in outcomes
            if r.context["to"] == "manual_review"
        ),
        "v3 confirmed": sum(r.context["to"] == "confirmed" and path == "v3" for r, path in outcomes),
        "failed": len(failed),
        "started": len(failed | {r.booking_id for r in by_type["coordinator.start"]}),
        "first": sum(r.context["version"] == 2 for r in real),
        "events": Counter(
            r.event_type
            + (" (shadow)" if r.context.get("mode") == "shadow" and r.event_type in TRANSITIONS else "")
            for r in inside
        ),
        "transitions": Counter((r.context["from"], r.context["to"]) for r in real),
        "would": Counter((r.context["from"], r.context["to"]) for r in would),
        "reviews": _reasons(outcomes, "v3"),
        "legacy reviews": _reasons(outcomes, "legacy"),
        "retries": _by(retries, "reason"),
        "delay": sum(r.context["delay_ms"] for r in retries),
        "attempts": _by(deciding, "attempts"),
        "strategies": _by(by_type["coordinator.confirmed"], "strategy"),
        "no plan": _by(by_type["attempt.failure"], "reason"),
        "nothing to do": _by(by_type["coordinator.noop"], "reason"),
        "legacy strategies": _by(
            [r for r in by_type["auto_assign.attempt"] if r.context["result"] == "success"], "strategy"
        ),
        "locks": rates.Rate(
            numerator=contended, denominator=contended + len(by_type["coordinator.lock_acquired"])
        ),
        "permits": _by(by_type["coordinator.rate_permit_acquired"], "in_use"),
        "refused": sum(r.context["reason"] == "rate_limited" for r in retries),
        "mails": len(by_type["mail.sent"]),
        "classes": _by(compared, "class"),
        "pairs": (pairs[False, False], pairs[False, True], pairs[True, False]),
        "coverage": (
            len(counted),
            sum(r.context["path"] == "shadow" for r in by_type["auto_assign.summary"]),
        ),
        "entered": sum(r.context["to"] == "manual_review" for r in real),
        "runs": len(deciding),
    }


def outcomes_of(records: Sequence[Record]) -> list[tuple[Record, str]]:
    """Each booking's first of confirmed and manual_review, and the path it was reached on."""
    first: dict[int | None, Record] = {}
    for record in records:
        if record.event_type not in TRANSITIONS or record.context.get("mode") == "shadow":
            continue
        known = first.get(record.booking_id)
        if record.context["to"] in ("confirmed", "manual_review") and (
            known is None or record.context["version"] < known.context["version"]
        ):
            first[record.booking_id] = record
    return [(r, "legacy" if r.event_type == "auto_assign.transition" else "v3") for r in first.values()]


def by_restaurant(records: Sequence[Record], window: Window) -> dict[int, tuple[int, ...]]:
    """Confirmed, reviewed, started and failed of each restaurant, from the events."""
    found: dict[int, tuple[int, ...]] = {}
    for number in sorted({r.restaurant_id for r in records if r.restaurant_id}):
        own = recomputed(records, Window(start=window.start, end=window.end, restaurant_id=number))
        figures = (own["confirmed"], own["reviewed"], own["started"], own["failed"])
        if any(figures):
            found[number] = figures
    return found


def table(window: Window) -> dict[int, tuple[int, ...]]:
    """The same as the table of restaurants says."""
    return {
        row.restaurant_id: (row.confirmed, row.reviewed, row.started, row.failed)
        for row in restaurants.by_restaurant(window)
        if row.confirmed or row.reviewed or row.started
    }


def nearest_rank(values: Sequence[float], share: float) -> float:
    return sorted(values)[math.ceil(share * len(values)) - 1]


def durations(records: Iterable[Record], start: datetime, end: datetime) -> list[float]:
    """Milliseconds of the deciding runs of V3."""
    types = ("coordinator.confirmed", "coordinator.manual_review")
    return [r.context["duration_ms"] for r in records if r.event_type in types and start <= r.at < end]


def _of(record: Record, window: Window) -> bool:
    return window.restaurant_id in (None, record.restaurant_id)


def _by(records: Iterable[Record], key: str) -> dict[Any, int]:
    return dict(Counter(record.context[key] for record in records))


def _reasons(outcomes: Iterable[tuple[Record, str]], path: str) -> dict[Any, int]:
    return dict(
        Counter(
            r.context["reason"] for r, of in outcomes if of == path and r.context["to"] == "manual_review"
        )
    )
