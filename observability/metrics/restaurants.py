"""The restaurants side by side."""

from collections import defaultdict
from dataclasses import dataclass

from observability.metrics.rates import PROVEN, Rate
from observability.metrics.series import SQL, parameters_of
from observability.metrics.sources import ENDLESS, OUTCOMES, rolled
from observability.metrics.window import WIDTHS_OF_ONE, Window
from observability.named_sql import ask


@dataclass(frozen=True, kw_only=True, slots=True)
class RestaurantFigures:
    """One restaurant's bookings in a window."""

    restaurant_id: int
    received: int
    confirmed: int
    reviewed: int
    proven: int
    started: int
    failed: int

    @property
    def confirmation(self) -> Rate:
        return Rate(numerator=self.confirmed, denominator=self.confirmed + self.reviewed)

    @property
    def review(self) -> Rate:
        return Rate(numerator=self.reviewed, denominator=self.confirmed + self.reviewed)

    @property
    def error(self) -> Rate:
        return Rate(numerator=self.failed, denominator=self.started)


def by_restaurant(window: Window, *, path: str | None = None) -> list[RestaurantFigures]:
    """Restaurants with any booking received, decided or started in the window, by number of reviews.

    `path` (v3 or legacy) leaves only the outcomes of that path.
    """
    parameters = parameters_of(window, widths=WIDTHS_OF_ONE)
    figures: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in ask(_statement(), {**parameters, "path": path, "proven": sorted(PROVEN)}):
        figures[row.restaurant_id][row.figure] += row.count
    found = [_figures(restaurant_id, counted) for restaurant_id, counted in figures.items()]
    return sorted(found, key=lambda item: (-item.reviewed, item.restaurant_id))


def _figures(restaurant_id: int, counted: dict[str, int]) -> RestaurantFigures:
    return RestaurantFigures(
        restaurant_id=restaurant_id,
        received=counted["received"],
        confirmed=counted["confirmed"],
        reviewed=counted["reviewed"] + counted["proven"],
        proven=counted["proven"],
        started=counted["started"],
        failed=counted["failed"],
    )


def _statement() -> str:
    parts = {
        "{new_outcomes}": OUTCOMES.new,
        "{rolled}": rolled("events"),
        "{rolled_bookings}": rolled("bookings"),
        "{endless}": ENDLESS,
    }
    text = SQL["restaurants"]
    for place, part in parts.items():
        text = text.replace(place, part)
    return text
