"""Flags of the local stage: V3 almost everywhere, so that each path has something to show."""

from collections.abc import Mapping
from datetime import datetime

from assignments.engine.flags import Flag
from assignments.flags import current, services
from assignments.flags.services import Author
from bookings.demand.floor_plans import BISTRO, BRASSERIE
from bookings.models import Restaurant

STAGE = Author(name="local stage")
WHY = "the local stage shows every path"

#: Restaurants the legacy planner decides for: the first alone, the second compared with V3.
ON_LEGACY = (BISTRO.slug, BRASSERIE.slug)


def ensure_flags(restaurants: Mapping[str, Restaurant], *, now: datetime) -> None:
    """Turn V3 on for all restaurants but two: one on legacy alone, one on legacy compared with V3.

    Flags that anybody has set before are left as they are.
    """
    if current().version:
        return
    legacy, compared = (restaurants[slug] for slug in ON_LEGACY)
    services.set_cohort(percentage=100, reason=WHY, by=STAGE, now=now)
    for restaurant in (legacy, compared):
        services.set_override(restaurant_id=restaurant.pk, percentage=0, reason=WHY, by=STAGE, now=now)
    services.set_override(
        restaurant_id=compared.pk, flag=Flag.SHADOW, percentage=100, reason=WHY, by=STAGE, now=now
    )
