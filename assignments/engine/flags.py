"""Which path a booking takes: flags evaluated on values that somebody else read.

The order is fixed: kill, pinned by the environment, override of the restaurant, cohort, off. Where a
value cannot be known, the answer is the legacy planner.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

#: Buckets that restaurants and bookings are spread over; one bucket is 0.01 %.
BUCKETS = 10_000

#: What is hashed in front of an id. Published with test vectors in docs/flag-buckets.md: another salt
#: is another draw of all cohorts.
RESTAURANT_SALT = "assignment_pipeline_v3"
BOOKING_SALT = "assignment_pipeline_v3.booking"

#: Concurrent runs per restaurant where nobody set another limit.
DEFAULT_PARALLEL = 3


class Mode(StrEnum):
    """The path of a booking."""

    ACTIVE = "active"  # V3 decides
    SHADOW = "shadow"  # legacy decides, and V3 is compared
    DISABLED = "disabled"  # legacy alone


class Flag(StrEnum):
    """The flags that are evaluated restaurant by restaurant."""

    V3 = "v3"
    SHADOW = "shadow"


class Source(StrEnum):
    """Where a flag's value comes from, the first that has a say."""

    KILL = "kill"
    UNKNOWN = "unknown"  # the values are too old to be trusted, or no restaurant is named
    ENVIRONMENT = "environment"
    OVERRIDE = "override"
    COHORT = "cohort"
    OFF = "off"


#: A flag's value and where it comes from.
Value: TypeAlias = tuple[bool, Source]


@dataclass(frozen=True, kw_only=True, slots=True)
class Override:
    """A restaurant's own setting: on for `share` of 10,000 buckets of its bookings, until `expires_at`."""

    share: int
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """Whom one flag is on for: `pin` is the environment's word, `members` count unless `everyone` is in."""

    pin: bool | None = None
    overrides: Mapping[int, Override] = field(default_factory=dict)
    everyone: bool = False
    members: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class FlagSet:
    """All flags of one version. A fresh one has everything off: legacy alone."""

    killed: bool = False
    v3: Rule = Rule()
    shadow: Rule = Rule()
    max_parallel: int = DEFAULT_PARALLEL


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """The mode of a booking or restaurant, and each flag's value with its source."""

    mode: Mode
    v3: bool
    v3_source: Source
    shadow: bool
    shadow_source: Source


#: Everything to legacy because the flags are not known well enough; as safe as a kill.
UNKNOWN = Explanation(
    mode=Mode.DISABLED, v3=False, v3_source=Source.UNKNOWN, shadow=False, shadow_source=Source.UNKNOWN
)
KILLED = Explanation(
    mode=Mode.DISABLED, v3=False, v3_source=Source.KILL, shadow=False, shadow_source=Source.KILL
)


def bucket(salt: str, number: int) -> int:
    """The bucket of an id, 0 to 9,999: SHA-256 of ``salt:number`` as one big-endian integer, mod 10,000."""
    digest = hashlib.sha256(f"{salt}:{number}".encode()).digest()
    return int.from_bytes(digest, "big") % BUCKETS


def mode(flags: FlagSet, *, restaurant_id: int | None, booking_id: int | None, now: datetime) -> Mode:
    """The path of a booking; `booking_id` may be None where a percentage of bookings is not asked for."""
    if flags.killed or restaurant_id is None:
        return Mode.DISABLED
    if value(flags.v3, restaurant_id, booking_id, now)[0]:
        return Mode.ACTIVE
    return Mode.SHADOW if value(flags.shadow, restaurant_id, booking_id, now)[0] else Mode.DISABLED


def explain(
    flags: FlagSet, *, restaurant_id: int | None, booking_id: int | None, now: datetime
) -> Explanation:
    """The same answer as :func:`mode`, with where it comes from."""
    if flags.killed:
        return KILLED
    if restaurant_id is None:
        return UNKNOWN
    v3, v3_source = value(flags.v3, restaurant_id, booking_id, now)
    shadow, shadow_source = value(flags.shadow, restaurant_id, booking_id, now)
    return Explanation(
        mode=mode(flags, restaurant_id=restaurant_id, booking_id=booking_id, now=now),
        v3=v3,
        v3_source=v3_source,
        shadow=shadow,
        shadow_source=shadow_source,
    )


def value(rule: Rule, restaurant_id: int, booking_id: int | None, now: datetime) -> Value:
    """One flag for one booking of a restaurant: pin, override in force, cohort, off."""
    if rule.pin is not None:
        return rule.pin, Source.ENVIRONMENT
    override = rule.overrides.get(restaurant_id)
    if override is not None and (override.expires_at is None or now < override.expires_at):
        return _covers(override.share, booking_id), Source.OVERRIDE
    if rule.everyone or restaurant_id in rule.members:
        return True, Source.COHORT
    return False, Source.OFF


def _covers(share: int, booking_id: int | None) -> bool:
    """Whether a share of bookings includes this one; a part of them includes no unknown booking."""
    if share in (0, BUCKETS) or booking_id is None:
        return share == BUCKETS
    return bucket(BOOKING_SALT, booking_id) < share


@dataclass(frozen=True, kw_only=True, slots=True)
class Frozen:
    """A cohort as it was frozen: its share of 10,000 buckets and its restaurants."""

    share: int
    members: frozenset[int]


def draw_cohort(
    *, restaurants: Iterable[int], share: int, frozen: Iterable[Frozen] = (), salt: str = RESTAURANT_SALT
) -> frozenset[int]:
    """The restaurants of a new cohort: those in the first `share` of 10,000 buckets, 0 < share <= 10,000.

    Cohorts are nested by their share, also with those `frozen` earlier, when other restaurants were
    there: whoever is in one of the same or a smaller share is in, and nobody who is not in every one of
    a larger share. At least one restaurant is in; empty only where there is none to choose from.
    """
    earlier = list(frozen)
    eligible = frozenset(restaurants)
    for cohort in earlier:
        # At 100 % everyone is in, also who came after it was frozen.
        if share < cohort.share < BUCKETS:
            eligible &= cohort.members
    chosen = {restaurant for restaurant in eligible if bucket(salt, restaurant) < share}
    for cohort in earlier:
        if cohort.share <= share:
            chosen |= cohort.members
    if share == BUCKETS:
        chosen |= eligible
    return frozenset(
        chosen or sorted(eligible, key=lambda restaurant: (bucket(salt, restaurant), restaurant))[:1]
    )
