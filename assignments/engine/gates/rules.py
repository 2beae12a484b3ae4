"""What a gate demands, what was measured, and what came of it: the records that verdicts are made from.

Rates and thresholds are exact fractions from 0 to 1; latencies are milliseconds, durations seconds. All
records go through `records.dump` and `records.load` unchanged.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from assignments.engine.gates.clusters import Share

ALPHA = Fraction(1, 20)
"""One-sided: bounds hold with 95 % confidence."""

SNAPSHOT_AGE = 900
"""Seconds after which a measurement is stale, where a gate says nothing else: a signature's limit."""


class Verdict(StrEnum):
    """Only PASS passes."""

    PASS = "PASS"  # noqa: S105 - a verdict
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"  # anything between: hold
    NO_DATA = "NO_DATA"
    STALE = "STALE"  # the watermark is too old
    ERROR = "ERROR"  # it could not be measured, or the numbers contradict each other


class Kind(StrEnum):
    """How a gate judges. Statistical kinds pass at looks only; the others state facts, at any time."""

    RATE_AT_LEAST = "rate_at_least"
    RATE_BELOW = "rate_below"
    QUANTILE_BELOW = "quantile_below"
    NON_INFERIOR = "non_inferior"
    NOT_LOWER = "not_lower"
    NOT_HIGHER = "not_higher"
    VALUE_BELOW = "value_below"
    RATIO_WITHIN = "ratio_within"
    COUNT_BELOW = "count_below"
    RECOVERED = "recovered"
    FLOOR = "floor"
    FACT = "fact"


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """How much was seen, or has to be: seconds, bookings, restaurants with a booking."""

    seconds: int = 0
    bookings: int = 0
    restaurants: int = 0

    def missing(self, reached: "Extent") -> tuple[str, ...]:
        """What of this extent is not `reached`, in words."""
        lacks = (
            ("time", self.seconds > reached.seconds),
            ("bookings", self.bookings > reached.bookings),
            ("restaurants", self.restaurants > reached.restaurants),
        )
        return tuple(name for name, lacking in lacks if lacking)


@dataclass(frozen=True, kw_only=True, slots=True)
class GateRule:
    """One gate of a policy. What `threshold` and the counts of its input mean depends on the kind:

    - RATE_AT_LEAST, RATE_BELOW: a share; numerator of denominator.
    - QUANTILE_BELOW: a limit of milliseconds that `quantile` of all values stay below; numerator is how
      many of denominator did. `relative`: the limit is threshold times the input's baseline.
    - NON_INFERIOR: the margin in points (0.05) by which the success of the one may be lower; denominator
      counts pairs, numerator those only the old one seated, `reference_numerator` those only the new one did.
    - NOT_LOWER, NOT_HIGHER: no threshold (0); numerator of denominator against those of the reference.
    - VALUE_BELOW: a limit for `measured`; `relative` as above.
    - RATIO_WITHIN: how far numerator / denominator may be from 1.
    - COUNT_BELOW: numerator has to be smaller, so 1 allows none.
    - RECOVERED: numerator openings, `measured` the longest in seconds, `pending` still open.
    - FLOOR: numerator reaches it. FACT: numerator is 1 (yes) or 0 (no); threshold 1.
    """

    key: str
    title: str
    kind: Kind
    threshold: Fraction
    floors: Extent = Extent()
    alpha: Fraction = ALPHA
    clustered: bool = False
    relative: bool = False
    quantile: Fraction = Fraction(95, 100)
    unit: str = ""
    stale_after: int = SNAPSHOT_AGE

    def __post_init__(self) -> None:
        shares = {Kind.RATE_AT_LEAST, Kind.RATE_BELOW, Kind.NON_INFERIOR}
        if self.kind in shares and not 0 < self.threshold < 1:
            raise ValueError(f"{self.key}: the threshold {self.threshold} is no share between 0 and 1.")
        if not 0 < self.alpha < Fraction(1, 2) or not 0 < self.quantile < 1 or self.threshold < 0:
            raise ValueError(f"{self.key}: alpha {self.alpha} or quantile {self.quantile} is out of range.")


@dataclass(frozen=True, kw_only=True, slots=True)
class GateInput:
    """What was measured for one gate; None where nothing was. See :class:`GateRule` for what is read when.

    `shares` and `reference_shares` are the counts restaurant by restaurant; they add up to the totals.
    `bound` is a quantile's upper bound, for display. `error` is why nothing could be measured.
    """

    age_seconds: int
    reached: Extent = Extent()
    numerator: int | None = None
    denominator: int | None = None
    shares: tuple[Share, ...] = ()
    reference_numerator: int | None = None
    reference_denominator: int | None = None
    reference_shares: tuple[Share, ...] = ()
    measured: Fraction | None = None
    bound: Fraction | None = None
    baseline: Fraction | None = None
    pending: int = 0
    error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class GateResult:
    """A verdict with what it rests on. Bounds are one-sided, at the look's level, with the design effect.

    `needed` further clean bookings would settle it: 0 if only time or the look is missing, None if no
    number of them would or the gate is not about bookings.
    """

    key: str
    verdict: Verdict
    numerator: int | None
    denominator: int | None
    rate: Fraction | None
    bound_low: Fraction | None
    bound_high: Fraction | None
    threshold: Fraction
    design_effect: Fraction | None
    needed: int | None
    sentence: str
