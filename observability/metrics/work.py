"""What the paths' runs did: why they failed, how they tried again, and how they placed bookings."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from observability.metrics.series import Labels, Series, read
from observability.metrics.volumes import counts
from observability.metrics.window import Window


class Path(StrEnum):
    V3 = "v3"
    LEGACY = "legacy"


@dataclass(frozen=True, kw_only=True, slots=True)
class Retries:
    """How often a run was put off for a reason, and by how many milliseconds."""

    count: int
    mean_delay_ms: float
    longest_delay_ms: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """Reasons with how often; attempts a booking took until it was decided; strategies that placed.

    `reviews` are outcomes, so that a booking counts once. `no_plan` are the engine's reasons for
    attempts without a plan and `nothing_to_do` those of runs that found none needed; V3 only.
    """

    reviews: Mapping[str, int]
    retries: Mapping[str, Retries]
    attempts: Mapping[int, int]
    strategies: Mapping[str, int]
    no_plan: Mapping[str, int]
    nothing_to_do: Mapping[str, int]

    @property
    def mean_attempts(self) -> float | None:
        decided = sum(self.attempts.values())
        return sum(number * count for number, count in self.attempts.items()) / decided if decided else None


#: Series of each path: retries, attempts, strategies, attempts without a plan, nothing to do.
SERIES_OF_WORK = {
    Path.V3: ("retry", "attempts", "strategy", "attempt_failed", "noop"),
    Path.LEGACY: ("legacy_retry", "legacy_attempts", "legacy_strategy", "", ""),
}


def work(window: Window, path: Path = Path.V3) -> Work:
    """What one path did in the window."""
    return work_of(read(window, "outcome", *filter(None, SERIES_OF_WORK[path])), path)


def work_of(series: Series, path: Path) -> Work:
    """The same from series that were read: `outcome` and those of SERIES_OF_WORK."""
    retries, attempts, strategies, no_plan, noop = SERIES_OF_WORK[path]
    found: Series = {"": {}, **series}
    return Work(
        reviews=_reviews(found["outcome"], path),
        retries={reason: _retries(found[retries], reason) for reason in counts(found[retries])},
        attempts=dict(sorted((int(label), measure.count) for label, measure in found[attempts].items())),
        strategies=counts(found[strategies]),
        no_plan=counts(found[no_plan]),
        nothing_to_do=counts(found[noop]),
    )


def _reviews(outcomes: Labels, path: Path) -> dict[str, int]:
    start = f"{path}>manual_review>"
    return {
        label.removeprefix(start): count
        for label, count in counts(outcomes).items()
        if label.startswith(start)
    }


def _retries(labels: Labels, reason: str) -> Retries:
    measure = labels[reason]
    return Retries(
        count=measure.count, mean_delay_ms=measure.mean or 0.0, longest_delay_ms=measure.peak or 0.0
    )
