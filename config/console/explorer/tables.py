"""Tables of the explorer, and the one that sets a phase's restaurants beside the others."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from config.console.charts.chart import NO_DATA
from observability.metrics.rates import Rate
from observability.metrics.restaurants import RestaurantFigures

#: A rate of the cohort, told of one side.
_RATES: tuple[tuple[str, Callable[[RestaurantFigures], Rate]], ...] = (
    ("Confirmed", lambda row: row.confirmation),
    ("Review", lambda row: row.review),
    ("Review with a proof", lambda row: Rate(numerator=row.proven, denominator=row.review.denominator)),
    ("With an error of V3", lambda row: row.error),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Counts of the whole span; `none` says what it means that there is no row."""

    key: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    none: str


def cohort_table(figures: Iterable[RestaurantFigures], cohort: Collection[int]) -> Table:
    """Figures of the restaurants in a cohort beside those of all others, each put together."""
    known = list(figures)
    sides = [
        [row for row in known if row.restaurant_id in cohort],
        [row for row in known if row.restaurant_id not in cohort],
    ]
    counts = (
        ("Restaurants with bookings", *(f"{len(side):,}" for side in sides)),
        ("Received", *(f"{sum(row.received for row in side):,}" for side in sides)),
    )
    rates = (
        (label, *(_say(_together(rate_of(row) for row in side)) for side in sides))
        for label, rate_of in _RATES
    )
    return Table(
        key="cohort",
        title="The phase's restaurants beside the others",
        heads=("", "On V3", "The others"),
        rows=(*counts, *rates),
        none="",
    )


def _together(rates: Iterable[Rate]) -> Rate:
    found = list(rates)
    return Rate(
        numerator=sum(rate.numerator for rate in found), denominator=sum(rate.denominator for rate in found)
    )


def _say(rate: Rate) -> str:
    if rate.value is None:
        return NO_DATA
    return f"{100 * rate.value:.1f} % of {rate.denominator:,}"
