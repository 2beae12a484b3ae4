"""The rollout of the local stage: in the middle of it, with something to show on each path."""

from collections.abc import Mapping
from datetime import datetime

from assignments.engine.flags import Flag
from assignments.engine.phases import PhaseKey
from assignments.flags import current, services
from assignments.flags.authors import Author
from assignments.rollout import phases
from bookings.demand.floor_plans import BISTRO, BRASSERIE
from bookings.models import Restaurant

STAGE = Author(name="local stage")
WHY = "the local stage shows every path"

#: Restaurants the legacy planner decides for: the first alone, the second compared with V3.
ON_LEGACY = (BISTRO.slug, BRASSERIE.slug)


def ensure_flags(restaurants: Mapping[str, Restaurant], *, now: datetime) -> None:
    """Rehearse production's half: V3 for all but two, one on legacy alone and one compared with V3.

    Flags that anybody has set before are left as they are.
    """
    if current().version:
        return
    legacy, compared = (restaurants[slug] for slug in ON_LEGACY)
    phases.enter_first(PhaseKey.PRODUCTION_50, by=STAGE, now=now)
    for restaurant in restaurants.values():
        on = 0 if restaurant in (legacy, compared) else 100
        services.set_override(restaurant_id=restaurant.pk, percentage=on, reason=WHY, by=STAGE, now=now)
    services.set_override(
        restaurant_id=compared.pk, flag=Flag.SHADOW, percentage=100, reason=WHY, by=STAGE, now=now
    )
