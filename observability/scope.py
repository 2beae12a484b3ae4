"""Which restaurants' rows a person may see. Restaurants are known by id only."""

from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """The restaurants a person works for; `restaurants` is None for those who work for every one."""

    restaurants: frozenset[int] | None

    @property
    def is_everything(self) -> bool:
        return self.restaurants is None

    def holds(self, restaurant_id: int | None) -> bool:
        """Whether rows of this restaurant may be seen; rows of no restaurant need the whole scope."""
        return self.restaurants is None or restaurant_id in self.restaurants

    def narrow(self, rows: QuerySet[Row], path: str | None) -> QuerySet[Row]:
        """Leave the rows whose restaurant, found by the lookup `path`, lies within the scope.

        Without a path the rows belong to no restaurant, and only the whole scope shows them.
        """
        if self.restaurants is None:
            return rows
        return rows.none() if path is None else rows.filter(**{f"{path}__in": self.restaurants})


def scope_of(request: HttpRequest) -> Scope:
    """The scope of who asks, as `bookings.scopes.ScopeMiddleware` left it; nothing where it did not."""
    scope: Scope = getattr(request, "restaurant_scope", Scope(restaurants=frozenset()))
    return scope
