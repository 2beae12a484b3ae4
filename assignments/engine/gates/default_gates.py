"""The gates of the default policy, by subject; `defaults` puts them together for each phase."""

from fractions import Fraction

from assignments.engine.gates.rules import ALPHA, Extent, GateRule, Kind

NONE_ALLOWED = Fraction(1)

#: Customer complaints are imported, not measured.
_IMPORT_AGE = 3600

#: Each of the three rates takes its part, so that chance calls one of them worse as rarely as one test.
_THIRD = ALPHA / 3


def _share(
    key: str, title: str, kind: Kind, threshold: str, floors: Extent, *, clustered: bool = True
) -> GateRule:
    return GateRule(
        key=key,
        title=title,
        kind=kind,
        threshold=Fraction(threshold),
        floors=floors,
        clustered=clustered,
        unit="%",
    )


def _none(key: str, title: str) -> GateRule:
    return GateRule(key=key, title=title, kind=Kind.COUNT_BELOW, threshold=NONE_ALLOWED)


def minimums(minimum: Extent) -> tuple[GateRule, ...]:
    """How long, how many bookings and how many restaurants, each a gate where it is asked for."""
    wanted = (
        ("minimum_time", "Minimum time", minimum.seconds, "s"),
        ("minimum_bookings", "Minimum bookings", minimum.bookings, "bookings"),
        ("minimum_restaurants", "Restaurants with bookings", minimum.restaurants, "restaurants"),
    )
    return tuple(
        GateRule(key=key, title=title, kind=Kind.FLOOR, threshold=Fraction(least), unit=unit)
        for key, title, least, unit in wanted
        if least
    )


def outcomes(floors: Extent, *, confirmed: str, review: str) -> tuple[GateRule, ...]:
    """What V3 makes of the bookings that it decides."""
    return (
        _share("confirmation_rate", "Confirmed", Kind.RATE_AT_LEAST, confirmed, floors),
        _share("review_rate", "Manual review", Kind.RATE_BELOW, review, floors),
        _share("error_rate", "Coordinator errors", Kind.RATE_BELOW, "0.01", floors),
        _share("final_states", "Final states", Kind.RATE_AT_LEAST, "0.95", floors),
        _share("lock_contention", "Runs with lock contention", Kind.RATE_BELOW, "0.05", floors),
        _p95("assignment_latency", "Assignment latency p95", Fraction(3000), floors),
        _p95("lock_wait", "Lock acquisition p95", Fraction(100), floors),
        transitions(floors),
        *clean_state(),
    )


def clean_state() -> tuple[GateRule, ...]:
    """What must not be, wherever V3 decides."""
    return _none("stuck_bookings", "Stuck bookings"), _none("duplicate_mails", "Duplicate e-mails")


def transitions(floors: Extent) -> GateRule:
    """Bookings with a transition against bookings received."""
    return GateRule(
        key="transitions",
        title="Transitions match booking volume",
        kind=Kind.RATIO_WITHIN,
        threshold=Fraction(1, 10),
        floors=floors,
        unit="%",
    )


def shadow(floors: Extent) -> tuple[GateRule, ...]:
    """What the comparison of frozen facts says."""
    return (
        _share("shadow_coverage", "Shadow coverage", Kind.RATE_AT_LEAST, "0.99", floors),
        _share("shadow_success", "Success against legacy", Kind.NON_INFERIOR, "0.05", floors),
        _none("candidate_errors", "Errors of the shadow planner"),
        _none("unclassified", "Unclassified comparisons"),
        transitions(floors),
    )


def operations(floors: Extent) -> tuple[GateRule, ...]:
    """Breaker, database, intake and alerts, in any phase outside the local one."""
    return (
        GateRule(
            key="breaker", title="Breaker openings", kind=Kind.RECOVERED, threshold=Fraction(300), unit="s"
        ),
        _against_baseline("database_latency", "Database query p95", floors),
        GateRule(
            key="database_connections",
            title="Database connections",
            kind=Kind.VALUE_BELOW,
            threshold=Fraction(80),
            unit="% of the pool",
        ),
        _against_baseline("intake_latency", "Intake API p95", floors),
        _none("alerts", "Alerts of severity P1 or P2"),
        _none("incidents", "P0 and P1 incidents"),
    )


def complaints() -> GateRule:
    """What guests say, imported."""
    return GateRule(
        key="complaints",
        title="Customer complaints",
        kind=Kind.COUNT_BELOW,
        threshold=Fraction(5),
        stale_after=_IMPORT_AGE,
    )


def not_worse(floors: Extent) -> tuple[GateRule, ...]:
    """No rate significantly worse than in the previous phase."""
    wanted = (
        ("confirmation_not_lower", "Confirmed, against the previous phase", Kind.NOT_LOWER),
        ("review_not_higher", "Manual review, against the previous phase", Kind.NOT_HIGHER),
        ("error_not_higher", "Coordinator errors, against the previous phase", Kind.NOT_HIGHER),
    )
    return tuple(
        GateRule(
            key=key,
            title=title,
            kind=kind,
            threshold=Fraction(0),
            floors=floors,
            alpha=_THIRD,
            clustered=True,
        )
        for key, title, kind in wanted
    )


def weekend_or_peak() -> GateRule:
    """Whether the window had what a quiet day does not show; what is not yet so holds, but fails nothing."""
    return GateRule(
        key="weekend_or_peak", title="Weekend or peak included", kind=Kind.FLOOR, threshold=Fraction(1)
    )


def legacy_gone() -> tuple[GateRule, ...]:
    """Nobody takes the old path any more, and no flag could send anybody there."""
    return (
        _none("legacy_runs", "Legacy runs in 7 days"),
        GateRule(
            key="everyone_on_v3", title="V3 on for every restaurant", kind=Kind.FACT, threshold=Fraction(1)
        ),
    )


def soak() -> GateRule:
    """What the runs have to show before one more may run at once."""
    floors = Extent(seconds=24 * 3600, bookings=100)
    return _share("soak", "Success at this concurrency", Kind.RATE_AT_LEAST, "0.97", floors)


def _p95(key: str, title: str, limit: Fraction, floors: Extent) -> GateRule:
    return GateRule(
        key=key,
        title=title,
        kind=Kind.QUANTILE_BELOW,
        threshold=limit,
        floors=floors,
        clustered=True,
        unit="ms",
    )


def _against_baseline(key: str, title: str, floors: Extent) -> GateRule:
    """Within 10 % of what it was before the phase."""
    return GateRule(
        key=key,
        title=title,
        kind=Kind.VALUE_BELOW,
        threshold=Fraction(11, 10),
        relative=True,
        floors=floors,
        unit="ms",
    )
