"""How far flags reach: the share of each restaurant's bookings that V3 decides, and that it sees at all.

Exposure rises where, now or once an override ends, any restaurant gets more of either. Pins of a single
process say nothing about the others, so they are left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from assignments.engine.flags import BUCKETS, FlagSet, Rule

#: A restaurant that nobody has opened yet: "everyone" means it as well, a frozen list never does.
NEWCOMER = -1


@dataclass(frozen=True, kw_only=True, slots=True)
class Exposure:
    """Shares of 10,000 of a restaurant's bookings: decided by V3, and looked at by V3 (shadow included)."""

    decided: int
    seen: int

    def exceeds(self, other: "Exposure") -> bool:
        return self.decided > other.decided or self.seen > other.seen


def exposure(flags: FlagSet, restaurant_id: int, now: datetime) -> Exposure:
    """Both shares of one restaurant. Bookings keep their bucket, so the larger share holds the smaller."""
    if flags.killed:
        return Exposure(decided=0, seen=0)
    decided = share(flags.v3, restaurant_id, now)
    return Exposure(decided=decided, seen=max(decided, share(flags.shadow, restaurant_id, now)))


def share(rule: Rule, restaurant_id: int, now: datetime) -> int:
    """The share of 10,000 of the restaurant's bookings a flag is on for."""
    if rule.pin is not None:
        return BUCKETS * rule.pin
    override = rule.overrides.get(restaurant_id)
    if override is not None and (override.expires_at is None or now < override.expires_at):
        return override.share
    return BUCKETS if rule.everyone or restaurant_id in rule.members else 0


def raised(before: FlagSet, after: FlagSet, *, restaurants: Iterable[int], now: datetime) -> bool:
    """Whether `after` exposes any restaurant more than `before`, now or at the end of any override.

    A change made while V3 is killed is judged as if it were not: reviving alone would let it loose.
    """
    if after.max_parallel > before.max_parallel or (before.killed and not after.killed):
        return True
    old, new = (_unpinned(flags) for flags in (before, after))
    moments = [now, *sorted(_ends(old, new, now))]
    return any(
        exposure(new, restaurant, moment).exceeds(exposure(old, restaurant, moment))
        for restaurant in (NEWCOMER, *restaurants)
        for moment in moments
    )


def _unpinned(flags: FlagSet) -> FlagSet:
    return replace(
        flags, killed=False, v3=replace(flags.v3, pin=None), shadow=replace(flags.shadow, pin=None)
    )


def _ends(old: FlagSet, new: FlagSet, now: datetime) -> set[datetime]:
    """When overrides end: one that neither touches may hide until then what the rest came to."""
    rules = (old.v3, new.v3, old.shadow, new.shadow)
    ends = {override.expires_at for rule in rules for override in rule.overrides.values()}
    return {end for end in ends if end is not None and end > now}
