"""The restaurants that rows name, each read once in an import."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from bookings.imports.errors import RowError
from bookings.intake_rules import Terms, terms_of
from bookings.models import Restaurant, Zone
from bookings.pacing import Arriving

#: Restaurants kept in memory; a file has few, and a broken one must not fill the memory.
MOST_KEPT = 1_000

#: Makes the restaurant of a name; raises RowError if it cannot.
Maker = Callable[[str], Restaurant]


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """A restaurant with what its bookings are checked against. Naive times follow the clock of `clock`."""

    restaurant: Restaurant
    terms: Terms
    zones: dict[str, Zone]
    clock: ZoneInfo

    def zone(self, name: str) -> Zone | None:
        """The zone of that name, in any case; raises RowError if there is none."""
        if not name:
            return None
        found = self.zones.get(name.casefold())
        if found is None:
            known = ", ".join(sorted(zone.name for zone in self.zones.values()))
            raise RowError("zone", f"{name!r} is no zone of {self.restaurant.name}; known: {known or 'none'}")
        return found


class Houses:
    """Finds a restaurant by slug, else by name in any case; makes unknown ones where that is asked for."""

    def __init__(self, *, count: Arriving, timezone: str = "", make: Maker | None = None) -> None:
        self._count = count
        self._timezone = timezone
        self._make = make
        self._kept: OrderedDict[str, House | RowError] = OrderedDict()
        self.made: list[str] = []

    def house(self, name: str) -> House:
        """The restaurant called so. Raises RowError if there is none or the name is not clear."""
        if name not in self._kept:
            self._kept[name] = self._looked_up(name)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        found = self._kept[name]
        if isinstance(found, RowError):
            raise RowError(found.field, found.message)
        return found

    def _looked_up(self, name: str) -> House | RowError:
        try:
            return self._of(_restaurant_called(name) or self._made(name))
        except RowError as error:
            return error

    def _of(self, restaurant: Restaurant) -> House:
        return House(
            restaurant=restaurant,
            terms=replace(terms_of(restaurant), count=self._count),
            zones={zone.name.casefold(): zone for zone in restaurant.zones.all()},
            clock=ZoneInfo(self._timezone) if self._timezone else restaurant.tzinfo,
        )

    def _made(self, name: str) -> Restaurant:
        if self._make is None:
            raise RowError(
                "restaurant",
                f"there is no {name!r}; write a restaurant's slug or name, or have unknown ones created",
            )
        restaurant = self._make(name)
        self.made.append(restaurant.slug)
        return restaurant


def _restaurant_called(name: str) -> Restaurant | None:
    found = Restaurant.objects.filter(slug=name).first()
    if found is not None:
        return found
    namesakes = list(Restaurant.objects.filter(name__iexact=name)[:2])
    if len(namesakes) > 1:
        raise RowError("restaurant", f"more than one restaurant is called {name!r}; write its slug")
    return namesakes[0] if namesakes else None
