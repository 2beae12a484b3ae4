"""How large the parties of one restaurant are: as published, but of those too large for it only some call."""

from collections.abc import Mapping
from random import Random

from bookings.demand.layout import Layout
from bookings.demand.published import LARGE_PARTIES_THAT_CALL, PARTY_SIZES


def party_sizes_at(layout: Layout) -> dict[int, float]:
    """Weight of each party size among the bookings of the restaurant."""
    return {
        size: weight if size <= layout.max_party_auto else weight * LARGE_PARTIES_THAT_CALL
        for size, weight in PARTY_SIZES.items()
    }


def draw_party_size(weights: Mapping[int, float], rng: Random) -> int:
    return rng.choices(list(weights), list(weights.values()))[0]
