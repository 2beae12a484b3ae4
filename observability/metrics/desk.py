"""What people did: bookings that came into review and left it, how long that took, and whose work it was.

And the mails that went out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from observability.metrics.latency import Percentiles, Timing, of_bins
from observability.metrics.rates import Rate
from observability.metrics.series import SQL, Measure, read
from observability.metrics.volumes import counts
from observability.metrics.window import Window
from observability.named_sql import ask_one


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """Bookings that one person took out of review, and the mean seconds they had been there."""

    count: int
    mean_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviews:
    """Entries into review, ways out of it, seconds between them, and by person.

    A booking that comes back counts again. Key None in `by_person` is the automation.
    """

    entered: int
    left: int
    seconds: Percentiles
    by_person: Mapping[int | None, Resolved]


@dataclass(frozen=True, kw_only=True, slots=True)
class Mails:
    """Mails by what became of a sending (sent, retry, unknown, dead), then by kind."""

    by_result: Mapping[str, Mapping[str, int]]

    def count(self, result: str) -> int:
        return sum(self.by_result.get(result, {}).values())


def reviews(window: Window) -> Reviews:
    found = read(window, "transition", "review_left", Timing.REVIEW.value)
    entered = (m.count for label, m in found["transition"].items() if label.endswith(">manual_review"))
    left = found["review_left"]
    return Reviews(
        entered=sum(entered),
        left=sum(measure.count for measure in left.values()),
        seconds=of_bins(found[Timing.REVIEW.value]),
        by_person={int(person) if person else None: _resolved(left[person]) for person in counts(left)},
    )


def mails(window: Window) -> Mails:
    by_result: dict[str, dict[str, int]] = {}
    for label, count in counts(read(window, "mail")["mail"]).items():
        result, _, kind = label.partition(">")
        by_result.setdefault(result, {})[kind] = count
    return Mails(by_result=by_result)


def repeated_mails(window: Window) -> Rate:
    """Mails sent beyond one for each that was promised, of all sent; from the events and the outbox."""
    row = ask_one(SQL["duplicate_mails"], {"start": window.start, "end": window.end})
    return Rate(numerator=row.repeated, denominator=row.sent)


def _resolved(measure: Measure) -> Resolved:
    return Resolved(count=measure.count, mean_seconds=measure.mean or 0.0)
