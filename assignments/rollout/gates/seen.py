"""What is looked at: one stay in a phase up to a moment, and the figures that several gates share."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice

from assignments.engine.gates.clusters import Share
from assignments.engine.gates.proportions import wilson
from assignments.engine.gates.rules import Extent
from assignments.engine.phases import PHASES, PhaseKey
from assignments.models import LeftHow, Phase
from assignments.shadow.coverage import Coverage, RestaurantCoverage, by_restaurant, coverage
from observability.metrics import backlog, restaurants
from observability.metrics.rates import Rate
from observability.metrics.restaurants import RestaurantFigures
from observability.metrics.window import Window

#: Runs decided later than this before the end may not have been compared yet; they are no gap in coverage.
COMPARED_WITHIN = timedelta(minutes=5)

#: Restaurants that stand out are told of, up to this many.
MOST_OUTSTANDING = 6


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A phase from when it was entered to `until`. Figures are read once, when first asked for."""

    phase: Phase
    until: datetime

    @cached_property
    def window(self) -> Window:
        """Never empty: a phase that has only begun is looked at for a microsecond."""
        start = self.phase.entered_at
        return Window(start=start, end=max(self.until, start + timedelta(microseconds=1)))

    @property
    def in_shadow(self) -> bool:
        return PHASES[PhaseKey(self.phase.key)].shadow

    @property
    def path(self) -> str:
        """The path that decides the bookings the phase is about."""
        return "legacy" if self.in_shadow else "v3"

    @cached_property
    def restaurants(self) -> list[RestaurantFigures]:
        """Restaurants that had an outcome on the phase's path, or a run of the coordinator."""
        return restaurants.by_restaurant(self.window, path=self.path)

    @cached_property
    def confirmed(self) -> tuple[Share, ...]:
        return shares((row.confirmed, row.confirmed + row.reviewed) for row in self.restaurants)

    @cached_property
    def reviewed(self) -> tuple[Share, ...]:
        return shares((row.reviewed, row.confirmed + row.reviewed) for row in self.restaurants)

    @cached_property
    def failed(self) -> tuple[Share, ...]:
        """Bookings with an error of the coordinator, of those it started; in shadow, of comparisons."""
        if self.in_shadow:
            return shares((row.failed, row.compared) for row in self.compared)
        return shares((row.failed, row.started) for row in self.restaurants)

    @cached_property
    def compared(self) -> list[RestaurantCoverage]:
        """Shadow runs by restaurant, of those decided long enough ago to have been compared."""
        settled = max(self.window.end - COMPARED_WITHIN, self.window.start)
        return by_restaurant(since=self.window.start, until=settled)

    @cached_property
    def coverage(self) -> Coverage:
        """The classes of the shadow runs."""
        return coverage(since=self.window.start, until=self.window.end)

    @cached_property
    def outstanding(self) -> list[RestaurantFigures]:
        """Restaurants whose review rate is surely above that of all, or that had an error; a few."""
        return list(islice(filter(self._stands_out, self.restaurants), MOST_OUTSTANDING))

    @cached_property
    def review_rate(self) -> float:
        """Of all restaurants together; 0 before the first outcome."""
        decided = sum(share.trials for share in self.reviewed)
        return sum(share.hits for share in self.reviewed) / decided if decided else 0.0

    @cached_property
    def reached(self) -> Extent:
        """How long the phase has been on, and its outcomes and restaurants with one."""
        return Extent(
            seconds=int((self.window.end - self.window.start).total_seconds()),
            bookings=sum(share.trials for share in self.confirmed),
            restaurants=len(self.confirmed),
        )

    @cached_property
    def age_seconds(self) -> int:
        """How long a booking has waited that no event came after: so old may the figures be."""
        untold = backlog.untold(now=self.until)
        return int(untold.total_seconds()) if untold else 0

    @cached_property
    def previous(self) -> "Seen | None":
        """The phase that proceeded to this one, as a whole; None for a first one."""
        earlier = Phase.objects.filter(number__lt=self.phase.number, left_how=LeftHow.PROCEEDED)
        phase = earlier.exclude(key=self.phase.key).order_by("-number").first()
        return Seen(phase=phase, until=phase.left_at) if phase and phase.left_at else None

    def _stands_out(self, row: RestaurantFigures) -> bool:
        return bool(row.failed) or is_surely_above(row.review, self.review_rate)


def is_surely_above(rate: Rate, level: float) -> bool:
    """Whether the whole interval of a rate is above a level."""
    if rate.value is None or rate.value <= level:
        return False
    return wilson(rate.numerator, rate.denominator).low > level


def shares(counts: Iterable[tuple[int, int]]) -> tuple[Share, ...]:
    """The counts of each restaurant that has any."""
    return tuple(Share(hits=hits, trials=trials) for hits, trials in counts if trials)
