#!/usr/bin/env python3
"""Checks an evidence bundle of a rollout. Needs Python 3.11 or newer and nothing else.

    python verify_evidence.py BUNDLE.zip [CHAIN_HEAD]

Exit status: 0 if everything holds, 1 if something does not, 2 if the file is no bundle.
Written by `manage.py verify_evidence --stand-alone`; do not edit.
"""

# mypy: ignore-errors

"""One way to write a record as bytes, its digest, and the chain that binds records in their order.

Canonical JSON here: keys sorted by code point, no spaces, UTF-8, no floating-point numbers, because two
programs may write the same float differently. Decimals travel as strings.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

JsonValue: TypeAlias = "bool | int | str | list[JsonValue] | dict[str, JsonValue] | None"

#: What the first record of a chain is linked to.
GENESIS = "0" * 64


def canonical(value: JsonValue) -> bytes:
    """The one spelling of a value. Raises TypeError, naming the place, for what cannot be written so."""
    _check(value, "$")
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(value: JsonValue) -> str:
    """SHA-256 of the canonical spelling, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def link(previous: str, record: JsonValue) -> str:
    """The chain's head after `record`: SHA-256 of the head before it, a line break, and the record."""
    return hashlib.sha256(previous.encode() + b"\n" + canonical(record)).hexdigest()


def heads(records: Iterable[JsonValue], *, start: str = GENESIS) -> Iterator[str]:
    """The head after each record; one that is changed, dropped or moved changes all later heads."""
    head = start
    for record in records:
        head = link(head, record)
        yield head


def _check(value: object, place: str) -> None:
    if value is None or isinstance(value, bool | int | str):
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{place}: the key {key!r} is no text.")
            _check(item, f"{place}.{key}")
    elif isinstance(value, list):
        for place_in_list, item in enumerate(value):
            _check(item, f"{place}[{place_in_list}]")
    else:
        raise TypeError(f"{place}: {value!r} cannot be written exactly; write it as text.")


"""Frozen dataclasses to JSON and back without loss: whole numbers exact, fractions as text.

Reading is strict: a missing or unknown field and a value of another type are refused with their place, so
that evidence cannot say more than the rules read.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from fractions import Fraction
from types import NoneType, UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints



Record = TypeVar("Record")


def dump(value: object) -> JsonValue:
    """A dataclass, tuple, enumeration, fraction or plain value as JSON. Raises TypeError for others."""
    if isinstance(value, Enum):
        return cast("str", value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Fraction):
        return decimal_text(value)
    if isinstance(value, tuple):
        return [dump(item) for item in value]
    if is_dataclass(value):
        return {field.name: dump(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{value!r} has no exact form in JSON.")


def load(kind: type[Record], raw: object) -> Record:
    """What :func:`dump` wrote. Raises ValueError with the place of what does not fit."""
    return cast("Record", _read(kind, raw, kind.__name__))


def decimal_text(value: Fraction) -> str:
    """A fraction as a decimal if it has a finite one (``0.95``), otherwise as ``1/120``."""
    places = 0
    while value.denominator != 1 and places < 40 and (10**places * value).denominator != 1:
        places += 1
    whole = 10**places * value
    if whole.denominator != 1:
        return str(value)
    digits = str(abs(whole.numerator)).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def _read(kind: Any, raw: object, place: str) -> object:
    if get_origin(kind) is UnionType:
        return _read_optional(kind, raw, place)
    if get_origin(kind) is tuple:
        if not isinstance(raw, list):
            raise ValueError(f"{place}: {raw!r} is no list.")
        return tuple(_read(get_args(kind)[0], item, f"{place}[{n}]") for n, item in enumerate(raw))
    if is_dataclass(kind):
        return _read_record(cast("Any", kind), raw, place)
    return _read_plain(kind, raw, place)


def _read_optional(kind: Any, raw: object, place: str) -> object:
    [inner] = [item for item in get_args(kind) if item is not NoneType]
    return None if raw is None else _read(inner, raw, place)


def _read_record(kind: Any, raw: object, place: str) -> object:
    hints = get_type_hints(kind)
    names = {field.name for field in fields(kind)}
    if not isinstance(raw, Mapping) or set(raw) != names:
        found = sorted(raw) if isinstance(raw, Mapping) else raw
        raise ValueError(f"{place}: expected the fields {sorted(names)}, found {found!r}.")
    return kind(**{name: _read(hints[name], raw[name], f"{place}.{name}") for name in names})


def _read_plain(kind: Any, raw: object, place: str) -> object:
    spelled = kind is Fraction or issubclass(kind, Enum)
    if type(raw) is not (str if spelled else kind):
        raise ValueError(f"{place}: {raw!r} is not of type {kind.__name__}.")
    convert: Callable[[Any], object] = kind
    try:
        return convert(raw) if spelled else raw
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(f"{place}: {raw!r} is no {kind.__name__}.") from error


"""Figures as people read them, for the sentences of verdicts and triggers."""

from decimal import Decimal
from fractions import Fraction


def percent(share: Fraction, *, unlike: Fraction | None = None) -> str:
    """A share with at most two digits: ``95 %``, ``96.86 %``.

    More where it would else read as the threshold it is `unlike`: ``1.002 %`` is not below 1 %.
    """
    digits = 2
    if unlike is not None and unlike != share:
        while digits < 6 and figure(share * 100, digits) == figure(unlike * 100):
            digits += 1
    return f"{figure(share * 100, digits)} %"


def points(difference: Fraction) -> str:
    """A difference of shares in points, with its sign: ``+4.36 points``."""
    return f"{'+' if difference > 0 else ''}{figure(difference * 100)} points"


def figure(value: Fraction, digits: int = 2) -> str:
    """A number with at most so many digits after the point and commas between thousands."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    text = f"{round(exact, digits):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def part(numerator: int, denominator: int) -> str:
    """``1,204 of 1,243``."""
    return f"{numerator:,} of {denominator:,}"


def bookings(count: int) -> str:
    """``1 more clean booking``, ``198 more clean bookings``."""
    return f"{count:,} more clean booking{'' if count == 1 else 's'}"


def duration(seconds: int) -> str:
    """``17 h 42 min``, ``5 min``, ``42 s``: the two largest units."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"
    if minutes:
        return f"{minutes} min {left} s" if left else f"{minutes} min"
    return f"{left} s"


"""Binomial and hypergeometric tails that decide exactly, with the standard library alone.

A Clopper-Pearson bound (Clopper and Pearson 1934, Biometrika 26:404) is the rate at which a tail equals
alpha, so "the lower bound is at least p" is the same as "P(X >= x | p) <= alpha": no quantile is needed.
Floating point settles what is clear; within one in a million of alpha, whole numbers do.
"""

from collections.abc import Callable
from fractions import Fraction
from math import comb, exp, inf, lgamma, log, log1p

#: Bounds are multiples of 1 / GRID, rounded away from what was measured, so they are exact decimals.
GRID = 1_000_000

#: The error of the floating-point tail stays far below this share up to a hundred million bookings.
_CLEAR = 1e-6


def tail(count: int, trials: int, rate: Fraction) -> Fraction:
    """P(X <= count) for X ~ Binomial(trials, rate), exactly."""
    if count >= trials:
        return Fraction(1)
    hit, miss = rate.numerator, rate.denominator - rate.numerator
    if miss == 0 or count < 0:
        return Fraction(0)
    term = miss**trials
    total = term
    for hits in range(count):
        term = term * (trials - hits) * hit // ((hits + 1) * miss)
        total += term
    return Fraction(total, rate.denominator**trials)


def approximate_tail(count: int, trials: int, rate: float) -> float:
    """P(X <= count) in floating point; 0 < rate < 1."""
    return exp(log_tail(count, trials, rate))


def log_tail(count: int, trials: int, rate: float) -> float:
    """log P(X <= count), which keeps its digits where the probability itself is below floating point."""
    if count >= trials:
        return 0.0
    if count < 0:
        return -inf
    if count <= trials * rate:
        return _log_descending(count, trials, rate)
    return log1p(-exp(_log_descending(trials - count - 1, trials, 1.0 - rate)))


def _log_descending(count: int, trials: int, rate: float) -> float:
    """log of the sum from the largest term, at `count`, downwards; `count` is not above the mean."""
    logarithm = (
        lgamma(trials + 1)
        - lgamma(count + 1)
        - lgamma(trials - count + 1)
        + count * log(rate)
        + (trials - count) * log1p(-rate)
    )
    odds = (1.0 - rate) / rate
    term = total = 1.0
    for hits in range(count, 0, -1):
        term *= hits / (trials - hits + 1) * odds
        total += term
        if term < total * 1e-17:
            break
    return logarithm + log(total)


def tail_against(count: int, trials: int, rate: Fraction, alpha: Fraction) -> int:
    """-1, 0 or 1 as P(X <= count) is below, equal to or above `alpha`."""
    if 0 < rate < 1:
        rough = approximate_tail(count, trials, float(rate))
        if abs(rough - float(alpha)) > _CLEAR * float(alpha):
            return 1 if rough > alpha else -1
    exact = tail(count, trials, rate)
    return (exact > alpha) - (exact < alpha)


def at_least(hits: int, trials: int, rate: Fraction, alpha: Fraction) -> bool:
    """Whether the lower bound is at least `rate`: P(X >= hits | rate) <= alpha."""
    return tail_against(trials - hits, trials, 1 - rate, alpha) <= 0


def at_most(hits: int, trials: int, rate: Fraction, alpha: Fraction) -> bool:
    """Whether the upper bound is at most `rate`: P(X <= hits | rate) <= alpha."""
    return tail_against(hits, trials, rate, alpha) <= 0


def surely_below(hits: int, trials: int, rate: Fraction, alpha: Fraction) -> bool:
    """Whether the upper bound is below `rate`. Strict, so that one failed booking alone refutes no 95 %."""
    return tail_against(hits, trials, rate, alpha) < 0


def lower_bound(hits: int, trials: int, alpha: Fraction) -> Fraction:
    """The one-sided lower bound, rounded down to the grid; 0 without hits."""
    return (
        _last_step(lambda step: at_least(hits, trials, Fraction(step, GRID), alpha)) if hits else Fraction(0)
    )


def upper_bound(hits: int, trials: int, alpha: Fraction) -> Fraction:
    """The one-sided upper bound, rounded up to the grid; 1 without misses."""
    return 1 - lower_bound(trials - hits, trials, alpha)


def _last_step(holds: Callable[[int], bool]) -> Fraction:
    """The largest step of the grid at which `holds`; it holds at 0 and, once it does not, never again."""
    low, high = 0, GRID
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return Fraction(low, GRID)


def fewest_more(settles: Callable[[int], bool], *, at_most: int = 100_000_000) -> int | None:
    """The fewest further clean bookings that settle it, if 0 do not and more never unsettle it, or None."""
    high = 1
    while not settles(high):
        high *= 2
        if high > at_most:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if settles(middle) else (middle, high)
    return high


def fisher(hits: int, trials: int, other_hits: int, other_trials: int) -> Fraction:
    """P of this many hits or more in the first sample if both had one rate (Fisher 1935), exactly.

    Conditional on all hits: hypergeometric.
    """
    all_hits, everything = hits + other_hits, trials + other_trials
    term = comb(trials, hits) * comb(other_trials, other_hits)
    favourable = term
    for moved in range(min(other_hits, trials - hits)):
        chosen, left = hits + moved, other_hits - moved
        term = term * (trials - chosen) * left // ((chosen + 1) * (other_trials - left + 1))
        favourable += term
    return Fraction(favourable, comb(everything, all_hits))


def quantile_rank(trials: int, quantile: Fraction, alpha: Fraction) -> int | None:
    """The rank, from 1, of the ordered value that bounds a quantile from above; None with too few values.

    Distribution-free: the r-th smallest of n values is at least the quantile with probability
    P(Bin(n, quantile) < r), so r is the smallest with P(Bin(n, quantile) >= r) <= alpha
    (David and Nagaraja, Order Statistics, 2003, section 7.1).
    """
    if not trials or not at_least(trials, trials, quantile, alpha):
        return None
    low, high = 0, trials
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if at_least(middle, trials, quantile, alpha) else (middle, high)
    return high


"""Bookings of one restaurant resemble each other: how much less they tell than as many independent ones.

The design effect is the variance of the rate between restaurants over that of independent bookings, by
Rao and Scott (1992, Biometrics 48:577): m / (m - 1) * sum (x_i - n_i p)^2 / (n p (1 - p)) over the m
restaurants with x_i of n_i bookings and p = x / n. It is never below 1, and never above sum n_i^2 / n, its
value if all bookings of a restaurant went the same way. Below five restaurants an estimate can be far too low
by chance: it is 1.5 there, and more where the restaurants that there are differ by more.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

#: From how many restaurants on the estimate alone counts, and what the design effect is at least before.
ENOUGH_RESTAURANTS = 5
FEW_RESTAURANTS = Fraction(3, 2)

_HUNDREDTHS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """What was counted at one restaurant: `hits` of `trials`."""

    hits: int
    trials: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Effective:
    """Counts as if of independent bookings, in whole numbers, rounded against what they are to show."""

    hits: int
    trials: int


def design_effect(shares: Iterable[Share]) -> Fraction:
    """The design effect, rounded up to hundredths. The least if all bookings went the same way."""
    counted = [share for share in shares if share.trials]
    least = Fraction(1) if len(counted) >= ENOUGH_RESTAURANTS else FEW_RESTAURANTS
    if len(counted) < 2:
        return least
    trials = sum(share.trials for share in counted)
    rate = Fraction(sum(share.hits for share in counted), trials)
    if rate in (0, 1):
        return least
    spread = sum((share.hits - share.trials * rate) ** 2 for share in counted)
    estimate = Fraction(len(counted), len(counted) - 1) * spread / (trials * rate * (1 - rate))
    ceiling = Fraction(sum(share.trials**2 for share in counted), trials)
    return max(least, Fraction(ceil(min(estimate, ceiling) * _HUNDREDTHS), _HUNDREDTHS))


def fewer_hits(hits: int, trials: int, effect: Fraction) -> Effective:
    """Effective counts that say no more for a high rate than was measured: hits down, misses up.

    Rounded each on its own, so that one more hit never lowers the effective rate.
    """
    kept = int(hits / effect)
    return Effective(hits=kept, trials=kept + ceil((trials - hits) / effect))


def more_hits(hits: int, trials: int, effect: Fraction) -> Effective:
    """Effective counts that say no more for a low rate than was measured: hits up, misses down."""
    raised = ceil(hits / effect)
    return Effective(hits=raised, trials=raised + int((trials - hits) / effect))


"""When a gate may pass: at scheduled looks, among which alpha is divided.

The first look is when the phase's minimum is reached, then there is one a day. Look k may spend
alpha / (k (k + 1)): the parts of an endless series that sum to alpha, so a phase may be held as long as it
takes, nobody need know beforehand how many bookings come, and by the union bound (Bonferroni) the chance
of ever passing at exactly the threshold is at most alpha, however the looks depend on each other. Half goes
to the first look, which most phases need only. Gates share no alpha: all must pass, and a test that rejects
only if all parts do has the level of each part (Berger 1982, Technometrics 24:295).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

#: The time from one look to the next.
BETWEEN_LOOKS = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """The look that is taken now (`open`) or the next one; `planned` if their number is fixed beforehand."""

    number: int
    open: bool
    planned: int | None = None

    def __post_init__(self) -> None:
        if self.number < 1 or (self.planned is not None and self.number > self.planned):
            raise ValueError(f"Look {self.number} of {self.planned or 'many'}: looks are numbered from 1.")

    @property
    def share(self) -> Fraction:
        """The part of alpha that this look may spend."""
        if self.planned is not None:
            return Fraction(1, self.planned)
        return Fraction(1, self.number * (self.number + 1))


#: The only look of a fixed sample, as published tables assume it: all of alpha.
SINGLE_LOOK = Look(number=1, open=True, planned=1)


def next_due(*, reached_at: datetime | None, taken: Sequence[datetime]) -> datetime | None:
    """When the next look falls due; None while the minimum is not reached.

    Days count from the moment the minimum was reached. A look that nobody took is not made up for.
    """
    if reached_at is None:
        return None
    if not taken:
        return reached_at
    days = (max(taken) - reached_at) // BETWEEN_LOOKS
    return reached_at + (days + 1) * BETWEEN_LOOKS


def look_at(*, reached_at: datetime | None, taken: Sequence[datetime], now: datetime) -> Look:
    """The look of `now`: open if one is due. Its number counts those `taken`, whose alpha is spent."""
    due = next_due(reached_at=reached_at, taken=taken)
    return Look(number=len(taken) + 1, open=due is not None and now >= due)


"""What a gate demands, what was measured, and what came of it: the records that verdicts are made from.

Rates and thresholds are exact fractions from 0 to 1; latencies are milliseconds, durations seconds. All
records go through `records.dump` and `records.load` unchanged.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction



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


"""What the statistical gates claim, and when data prove or refute it.

A claim can say for any number of further clean bookings whether it would hold at a level, which is all
that a verdict and "N more clean bookings" need. Counts are taken as effective ones (`clusters`), rounded
against whatever is to be shown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil







@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A statement about a rate: `holds(more, alpha)` after so many further clean bookings.

    The bounds are one-sided: that which passes at the level of the look, that which fails at the rule's.
    """

    holds: Callable[[int, Fraction], bool]
    refuted: bool
    rate: Fraction | None
    low: Fraction | None
    high: Fraction | None
    effect: Fraction
    measured: str
    required: str


def _effect(rule: GateRule, given: GateInput) -> Fraction:
    return design_effect(given.shares) if rule.clustered else Fraction(1)


def _counts(given: GateInput) -> tuple[int, int]:
    if given.numerator is None or given.denominator is None:
        raise ValueError("A claim needs its counts; verdicts.decide bars those without.")
    return given.numerator, given.denominator


def rate_at_least(rule: GateRule, given: GateInput, level: Fraction) -> Claim:
    """The rate is at least the threshold: its lower Clopper-Pearson bound is."""
    hits, trials = _counts(given)
    effect = _effect(rule, given)
    least, most = fewer_hits(hits, trials, effect), more_hits(hits, trials, effect)
    low = lower_bound(least.hits, least.trials, level)
    high = upper_bound(most.hits, most.trials, rule.alpha)
    return Claim(
        holds=_enough(hits, trials, effect, rule.threshold),
        refuted=surely_below(most.hits, most.trials, rule.threshold, rule.alpha),
        rate=Fraction(hits, trials),
        low=low,
        high=high,
        effect=effect,
        measured=_between(rule, hits, trials, low, high),
        required=f"{percent(rule.threshold)} or more",
    )


def _enough(hits: int, trials: int, effect: Fraction, threshold: Fraction) -> Callable[[int, Fraction], bool]:
    def holds(more: int, alpha: Fraction) -> bool:
        counts = fewer_hits(hits + more, trials + more, effect)
        return at_least(counts.hits, counts.trials, threshold, alpha)

    return holds


def rate_below(rule: GateRule, given: GateInput, level: Fraction) -> Claim:
    """The rate is below the threshold: its upper Clopper-Pearson bound is."""
    hits, trials = _counts(given)
    effect = _effect(rule, given)
    least, most = fewer_hits(hits, trials, effect), more_hits(hits, trials, effect)
    low = lower_bound(least.hits, least.trials, rule.alpha)
    high = upper_bound(most.hits, most.trials, level)

    def holds(more: int, alpha: Fraction) -> bool:
        counts = more_hits(hits, trials + more, effect)
        return at_most(counts.hits, counts.trials, rule.threshold, alpha)

    return Claim(
        holds=holds,
        refuted=at_least(least.hits, least.trials, rule.threshold, rule.alpha),
        rate=Fraction(hits, trials),
        low=low,
        high=high,
        effect=effect,
        measured=_between(rule, hits, trials, low, high),
        required=f"below {percent(rule.threshold)}",
    )


def _between(rule: GateRule, hits: int, trials: int, low: Fraction, high: Fraction) -> str:
    rate, bounds = percent(Fraction(hits, trials)), [percent(b, unlike=rule.threshold) for b in (low, high)]
    return f"{rate} ({part(hits, trials)}), from {bounds[0]} to {bounds[1]}"


def quantile_below(rule: GateRule, given: GateInput, _level: Fraction) -> Claim:
    """A quantile is below the limit: at least that share of all values is (Conover 1999, section 3.2).

    The same as comparing the limit with the order statistic that bounds the quantile from above, with no
    assumption about how latencies are distributed; counts of values below the limit suffice.
    """
    hits, trials = _counts(given)
    effect = _effect(rule, given)
    most = more_hits(hits, trials, effect)
    limit = limit_of(rule, given)
    bound = "" if given.bound is None else f", up to {figure(given.bound)} {rule.unit}"
    measured = "" if given.measured is None else f"{figure(given.measured)} {rule.unit}{bound}; "
    return Claim(
        holds=_enough(hits, trials, effect, rule.quantile),
        refuted=surely_below(most.hits, most.trials, rule.quantile, rule.alpha),
        rate=given.measured,
        low=None,
        high=given.bound,
        effect=effect,
        measured=f"{measured}{part(hits, trials)} below {figure(limit)} {rule.unit}",
        required=f"{percent(rule.quantile)} of all below {figure(limit)} {rule.unit}",
    )


def limit_of(rule: GateRule, given: GateInput) -> Fraction:
    """The limit that values are held against. Raises ValueError if it lacks the baseline it needs."""
    if not rule.relative:
        return rule.threshold
    if given.baseline is None:
        raise ValueError(f"{rule.key}: a limit relative to a baseline needs the baseline.")
    return rule.threshold * given.baseline


def non_inferior(rule: GateRule, given: GateInput, level: Fraction) -> Claim:
    """On pairs, the new one's success is lower by less than the margin.

    Only discordant pairs tell them apart, as with McNemar (1947, Psychometrika 12:153): the difference is
    the share that only the new one seated less the share that only the old one did. Each share is bounded
    at half the level, so both hold together at the level, exactly and for any sample.
    """
    lost, pairs = _counts(given)
    won = given.reference_numerator or 0
    effect = _effect(rule, given)

    def worst(more: int, alpha: Fraction) -> Fraction:
        losses, gains = ceil(lost / effect), int(won / effect)
        effective = losses + gains + int((pairs + more - lost - won) / effect)
        return upper_bound(losses, effective, alpha / 2) - lower_bound(gains, effective, alpha / 2)

    def best(alpha: Fraction) -> Fraction:
        losses, gains = int(lost / effect), ceil(won / effect)
        effective = losses + gains + ceil((pairs - lost - won) / effect)
        return lower_bound(losses, effective, alpha / 2) - upper_bound(gains, effective, alpha / 2)

    low, high = -worst(0, level), -best(rule.alpha)
    difference = Fraction(won - lost, pairs)
    return Claim(
        holds=lambda more, alpha: worst(more, alpha) <= rule.threshold,
        refuted=-high >= rule.threshold,
        rate=difference,
        low=low,
        high=high,
        effect=effect,
        measured=f"{points(difference)} ({won:,} won, {lost:,} lost of {pairs:,} pairs), "
        f"from {points(low)} to {points(high)}",
        required=f"no more than {points(rule.threshold).lstrip('+')} lower",
    )


CLAIMS: Mapping[Kind, Callable[[GateRule, GateInput, Fraction], Claim]] = {
    Kind.RATE_AT_LEAST: rate_at_least,
    Kind.RATE_BELOW: rate_below,
    Kind.QUANTILE_BELOW: quantile_below,
    Kind.NON_INFERIOR: non_inferior,
}


"""The gates that state facts: counts, limits, floors, and whether a rate got significantly worse.

They say what is so, at any time; no look opens them. What is found good still waits for the rule's floors
(`verdicts`), and a value or ratio is not held against a phase before them either.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction








@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a fact makes of a gate, with the rate shown and why."""

    verdict: Verdict
    rate: Fraction | None = None
    effect: Fraction | None = None
    why: str


def _good(*, good: bool) -> Verdict:
    return Verdict.PASS if good else Verdict.FAIL


def count_below(rule: GateRule, given: GateInput) -> Finding:
    """Fewer than the threshold were counted."""
    count = given.numerator or 0
    allowed = "none allowed" if rule.threshold == 1 else f"below {figure(rule.threshold)} required"
    return Finding(verdict=_good(good=count < rule.threshold), why=f"{count:,}, {allowed}.")


def value_below(rule: GateRule, given: GateInput) -> Finding:
    """The measured value is below its limit; a limit relative to a baseline may be reached, "within 10 %"."""
    value, limit = given.measured or Fraction(0), limit_of(rule, given)
    return Finding(
        verdict=_good(good=value <= limit if rule.relative else value < limit),
        rate=value,
        why=f"{figure(value)} {rule.unit}, {'at most' if rule.relative else 'below'} "
        f"{figure(limit)} {rule.unit} required.",
    )


def ratio_within(rule: GateRule, given: GateInput) -> Finding:
    """Two counts of the same things agree. All are counted, so there is no bound."""
    counted, expected = given.numerator or 0, given.denominator or 1
    ratio = Fraction(counted, expected)
    return Finding(
        verdict=_good(good=abs(ratio - 1) <= rule.threshold),
        rate=ratio,
        why=f"{counted:,} for {expected:,}, {percent(ratio)}; within {percent(rule.threshold)} required.",
    )


def recovered(rule: GateRule, given: GateInput) -> Finding:
    """Nothing opened, or each opening was over within the threshold; one that lasts still is not settled."""
    openings, longest = given.numerator or 0, given.measured or Fraction(0)
    limit = f"{figure(rule.threshold)} s"
    if not openings:
        return Finding(verdict=Verdict.PASS, why="None.")
    why = f"{openings:,}, the longest {figure(longest)} s; under {limit} required."
    if longest >= rule.threshold:
        return Finding(verdict=Verdict.FAIL, why=why)
    if given.pending:
        return Finding(verdict=Verdict.INCONCLUSIVE, why=f"{given.pending:,} still open. {why}")
    return Finding(verdict=Verdict.PASS, why=why)


def floor(rule: GateRule, given: GateInput) -> Finding:
    """A minimum is reached; until then there is nothing wrong, only too little."""
    reached = given.numerator or 0
    verdict = Verdict.PASS if reached >= rule.threshold else Verdict.INCONCLUSIVE
    if rule.unit == "s":
        why = f"{duration(reached)} of {duration(int(rule.threshold))}."
    else:
        why = f"{reached:,} of {figure(rule.threshold)} {rule.unit}".rstrip() + "."
    return Finding(verdict=verdict, why=why)


def fact(_rule: GateRule, given: GateInput) -> Finding:
    """Something is so."""
    yes = bool(given.numerator)
    return Finding(verdict=_good(good=yes), why="Yes." if yes else "No.")


def not_lower(rule: GateRule, given: GateInput) -> Finding:
    """The rate is not significantly lower than the reference's: the misses are compared."""
    effect = _effect_of_both(rule, given)
    own = more_hits(given.numerator or 0, given.denominator or 0, effect)
    other = fewer_hits(given.reference_numerator or 0, given.reference_denominator or 0, effect)
    return _compared(rule, given, effect, _misses(own), _misses(other))


def not_higher(rule: GateRule, given: GateInput) -> Finding:
    """The rate is not significantly higher than the reference's."""
    effect = _effect_of_both(rule, given)
    own = fewer_hits(given.numerator or 0, given.denominator or 0, effect)
    other = more_hits(given.reference_numerator or 0, given.reference_denominator or 0, effect)
    return _compared(rule, given, effect, own, other)


def _effect_of_both(rule: GateRule, given: GateInput) -> Fraction:
    if not rule.clustered:
        return Fraction(1)
    return max(design_effect(given.shares), design_effect(given.reference_shares))


def _misses(counts: Effective) -> Effective:
    return Effective(hits=counts.trials - counts.hits, trials=counts.trials)


def _compared(
    rule: GateRule, given: GateInput, effect: Fraction, own: Effective, other: Effective
) -> Finding:
    """One-sided test of Fisher on effective counts that are rounded towards no difference."""
    chance = fisher(own.hits, own.trials, other.hits, other.trials)
    worse = chance <= rule.alpha
    rate = Fraction(given.numerator or 0, given.denominator or 1)
    before = Fraction(given.reference_numerator or 0, given.reference_denominator or 1)
    verdict = "significantly worse" if worse else "not significantly worse"
    return Finding(
        verdict=_good(good=not worse),
        rate=rate,
        effect=effect,
        why=f"{percent(rate)} ({part(given.numerator or 0, given.denominator or 0)}) after "
        f"{percent(before)}: {verdict}, p = {float(chance):.3f}.",
    )


POINTS: Mapping[Kind, Callable[[GateRule, GateInput], Finding]] = {
    Kind.COUNT_BELOW: count_below,
    Kind.VALUE_BELOW: value_below,
    Kind.RATIO_WITHIN: ratio_within,
    Kind.RECOVERED: recovered,
    Kind.FLOOR: floor,
    Kind.FACT: fact,
    Kind.NOT_LOWER: not_lower,
    Kind.NOT_HIGHER: not_higher,
}


"""A gate's verdict, from nothing but stored records: whoever has them comes to the same one.

The first that applies: ERROR (not measured, or numbers that contradict each other), STALE (older than the
rule allows), NO_DATA (nothing counted yet), FAIL (the bound on the other side is on the wrong side; looks
all the time), INCONCLUSIVE (not proven, floors not met, or proven between looks), PASS.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass









#: What a phase is as a whole: the first of these that one of its gates is.
WORST_FIRST = (
    Verdict.FAIL,
    Verdict.ERROR,
    Verdict.STALE,
    Verdict.NO_DATA,
    Verdict.INCONCLUSIVE,
    Verdict.PASS,
)

_SHARES = {Kind.RATE_AT_LEAST, Kind.RATE_BELOW, Kind.QUANTILE_BELOW, Kind.NON_INFERIOR}
_COMPARED = {Kind.NOT_LOWER, Kind.NOT_HIGHER}
#: Of few bookings these say little either way: they count from the floors on.
_UNSTEADY = {Kind.VALUE_BELOW, Kind.RATIO_WITHIN}
_COUNTED = {Kind.COUNT_BELOW, Kind.RECOVERED, Kind.FLOOR, Kind.FACT}


@dataclass(frozen=True, kw_only=True, slots=True)
class Earned:
    """An earlier look and what it was given. If it passed, its PASS lasts while its own level still holds:
    a gate that passes later without an open look is one that passed then, so no alpha is spent."""

    given: GateInput
    look: Look


def decide(rule: GateRule, given: GateInput, look: Look, earned: Earned | None = None) -> GateResult:
    """The verdict of one gate. Exact, so the same everywhere; contradictory input is an ERROR."""
    barred = _barred(rule, given)
    if barred is not None:
        return _result(rule, given, verdict=barred[0], sentence=barred[1])
    if rule.kind in CLAIMS:
        return _settled(rule, given, look, _standing(rule, earned))
    return _stated(rule, given)


def overall(results: Iterable[GateResult]) -> Verdict:
    """The verdict of all gates together: PASS only if each is. Without any gate there is no data."""
    verdicts = {result.verdict for result in results}
    return next((verdict for verdict in WORST_FIRST if verdict in verdicts), Verdict.NO_DATA)


def _barred(rule: GateRule, given: GateInput) -> tuple[Verdict, str] | None:
    if given.error:
        return Verdict.ERROR, f"Not measured: {given.error}"
    fault = next(_contradictions(rule, given), None)
    if fault is not None:
        return Verdict.ERROR, fault
    if given.age_seconds > rule.stale_after:
        return Verdict.STALE, f"Measured {given.age_seconds:,} s ago; {rule.stale_after:,} s is the limit."
    lacking = next(_lacking(rule, given), None)
    return None if lacking is None else (Verdict.NO_DATA, lacking)


def _contradictions(rule: GateRule, given: GateInput) -> Iterator[str]:
    counts = (
        given.age_seconds, given.numerator, given.denominator, given.reference_numerator,
        given.reference_denominator, given.pending,
    )  # fmt: skip
    if any(count is not None and count < 0 for count in (*counts, given.measured, given.baseline)):
        yield "A count, a value or an age is negative."
    if rule.kind in _SHARES | _COMPARED:
        yield from _not_a_part("", given.numerator, given.denominator, given.shares)
    if rule.kind in _COMPARED:
        reference = given.reference_numerator, given.reference_denominator
        yield from _not_a_part("reference ", *reference, given.reference_shares)
    if rule.kind is Kind.NON_INFERIOR and given.denominator is not None:
        discordant = (given.numerator or 0) + (given.reference_numerator or 0)
        if discordant > given.denominator:
            yield f"{discordant:,} pairs differ, of {given.denominator:,} pairs."


def _not_a_part(
    name: str, numerator: int | None, denominator: int | None, shares: tuple[Share, ...]
) -> Iterator[str]:
    if numerator is not None and denominator is not None and numerator > denominator:
        yield f"The {name}numerator {numerator:,} is above the denominator {denominator:,}."
    if any(not 0 <= share.hits <= share.trials for share in shares):
        yield f"A restaurant's {name}counts contradict each other."
    summed = sum(share.hits for share in shares), sum(share.trials for share in shares)
    if shares and summed != (numerator, denominator):
        yield f"The restaurants' {name}counts add up to {summed[0]:,} of {summed[1]:,}, not to the total."


def _lacking(rule: GateRule, given: GateInput) -> Iterator[str]:
    if rule.kind is not Kind.VALUE_BELOW and given.numerator is None:
        yield "Nothing was counted."
    if rule.kind not in _COUNTED | {Kind.VALUE_BELOW} and not given.denominator:
        yield "There was nothing to count."
    if rule.kind in _COMPARED and (given.reference_numerator is None or not given.reference_denominator):
        yield "There is no previous phase to compare with."
    if rule.kind is Kind.NON_INFERIOR and given.reference_numerator is None:
        yield "The pairs were not counted."
    if rule.kind is Kind.VALUE_BELOW and given.measured is None:
        yield "Nothing was measured."
    if rule.kind is Kind.RECOVERED and given.numerator and given.measured is None:
        yield "How long they lasted was not measured."
    if rule.relative and given.baseline is None:
        yield "There is no baseline."


def _standing(rule: GateRule, earned: Earned | None) -> Look | None:
    """The earlier look, if the gate passed at it."""
    if earned is None or not earned.look.open:
        return None
    return earned.look if decide(rule, earned.given, earned.look).verdict is Verdict.PASS else None


def _settled(rule: GateRule, given: GateInput, look: Look, standing: Look | None) -> GateResult:
    share = look.share if standing is None else max(look.share, standing.share)
    level = rule.alpha * share
    claim = CLAIMS[rule.kind](rule, given, level)
    proven = claim.holds(0, level)
    more = 0 if proven else fewest_more(lambda more: claim.holds(more, level))
    if more is not None:
        more = max(more, rule.floors.bookings - given.reached.bookings)
    waits = _waits(rule, given, look, more, may_pass=look.open or standing is not None)
    verdict = Verdict.FAIL if claim.refuted else Verdict.INCONCLUSIVE if waits else Verdict.PASS
    says = {Verdict.FAIL: "On the wrong side.", Verdict.PASS: "Settled."}.get(verdict, waits)
    return _result(
        rule,
        given,
        verdict=verdict,
        claim=claim,
        needed=more if verdict is Verdict.INCONCLUSIVE else None,
        sentence=f"{claim.measured}; {claim.required} required. {says}",
    )


def _waits(rule: GateRule, given: GateInput, look: Look, more: int | None, *, may_pass: bool) -> str:
    """What an unrefuted claim still waits for, in words; nothing if it passes."""
    if more is None:
        return "No number of clean bookings would settle it."
    if more:
        return f"{bookings(more)} would settle it."
    missing = rule.floors.missing(given.reached)
    if missing:
        return f"Enough, but the minimum of {' and '.join(missing)} is not reached."
    return "" if may_pass else f"Enough; look {look.number} is not due yet."


def _stated(rule: GateRule, given: GateInput) -> GateResult:
    finding = POINTS[rule.kind](rule, given)
    missing = rule.floors.missing(given.reached)
    held = bool(missing) and (finding.verdict is Verdict.PASS or rule.kind in _UNSTEADY)
    return GateResult(
        key=rule.key,
        verdict=Verdict.INCONCLUSIVE if held else finding.verdict,
        numerator=given.numerator,
        denominator=given.denominator,
        rate=finding.rate,
        bound_low=None,
        bound_high=None,
        threshold=rule.threshold,
        design_effect=finding.effect,
        needed=None,
        sentence=f"{finding.why} The minimum of {' and '.join(missing)} is not reached."
        if held
        else finding.why,
    )


def _result(
    rule: GateRule,
    given: GateInput,
    *,
    verdict: Verdict,
    sentence: str,
    claim: Claim | None = None,
    needed: int | None = None,
) -> GateResult:
    return GateResult(
        key=rule.key,
        verdict=verdict,
        numerator=given.numerator,
        denominator=given.denominator,
        rate=claim.rate if claim else None,
        bound_low=claim.low if claim else None,
        bound_high=claim.high if claim else None,
        threshold=rule.threshold,
        design_effect=claim.effect if claim else None,
        needed=needed,
        sentence=sentence,
    )


"""When the guard rolls back: fixed triggers, and e-values that hold however often one looks.

For a rate whose null is "at most p", the e-value of x hits in n is the likelihood of the counts, averaged
over rates above p with a Beta(1, b) weight, over their likelihood at p. Every rate in that average has a
likelihood ratio whose expected value is at most 1 under each rate up to p, so the e-value is a
non-negative supermartingale under the whole null and passes 20 at any time with a chance below 1 in 20
(Ville 1939; Ramdas et al. 2023, Statistical Science 38:576). An average that also covers rates below p
would not be: it grows when a pipeline is better than it has to be. b puts the average rate at some 3 p
above p, where a rollback matters. Because the first parameter is 1, the truncated beta is a binomial
tail, and the standard library suffices.

Counts alone forget nothing: after a good day it takes a bad one to be seen. So the guard averages the
e-values of the counts since each hour of the phase, the k-th with weight 1 / (k (k + 1)); those still to
come count 1. An average of e-processes with fixed weights is one, so the limit holds as before.

The null is that each booking, whatever came before it, errs with a chance up to the threshold: a burst at
one restaurant speaks against it, and is meant to. Reviews that carry a proof are never among the counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, exp, lgamma, log, log1p





#: A false alarm in less than 1 of 20 phases, whenever one looks. So the only watch of a phase rolls back
#: above 20, and each of two above 40, since either does (Bonferroni).
E_LIMIT = 20

#: Logarithm of the largest e-value; beyond, floating point ends.
_LARGEST = 700.0

#: Evidence above this is said to be so.
_SHOWN = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class RateWatch:
    """A rate that the guard holds to be at most `null`, by e-value."""

    key: str
    title: str
    null: Fraction


@dataclass(frozen=True, kw_only=True, slots=True)
class Ceiling:
    """A fixed trigger of the policy: the reading is above `at_most`, from a sample of at least `sample`."""

    key: str
    title: str
    at_most: Fraction
    sample: int = 0
    unit: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardRules:
    """What makes the guard act in one phase. Seconds, shares from 0 to 1."""

    watches: tuple[RateWatch, ...]
    ceilings: tuple[Ceiling, ...] = ()
    e_limit: int = E_LIMIT
    breaker_seconds: int = 300
    hourly_review: Fraction = Fraction(1, 10)
    hourly_sample: int = 200
    p0_incidents: int = 0
    stale_after: int = 120

    @property
    def limit_of_each(self) -> int:
        """The e-value above which a watch rolls back, so that all of them together keep to `e_limit`."""
        return self.e_limit * max(1, len(self.watches))


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What was counted under the key of a watch, hour by hour from the phase's start to now."""

    key: str
    hours: tuple[Share, ...]

    @property
    def sound(self) -> bool:
        """Whether the counts can be; those that cannot are as good as none."""
        return all(0 <= hour.hits <= hour.trials for hour in self.hours)

    @property
    def hits(self) -> int:
        return sum(hour.hits for hour in self.hours)

    @property
    def trials(self) -> int:
        return sum(hour.trials for hour in self.hours)


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenBreaker:
    """A breaker that is open now (or half open: not yet closed), since so many seconds."""

    name: str
    seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A value under the key of a ceiling, and from how many bookings."""

    key: str
    value: Fraction
    sample: int


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardInput:
    """What the guard sees: counts since the phase began, the last hour's outcomes, what is open now."""

    age_seconds: int
    rates: tuple[Seen, ...] = ()
    breakers: tuple[OpenBreaker, ...] = ()
    hour_reviews: int = 0
    hour_outcomes: int = 0
    p0_incidents: int = 0
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Trigger:
    """Why the guard acts, and by which figures."""

    key: str
    statistical: bool
    measured: Fraction
    limit: Fraction
    sentence: str


def log_e_value(hits: int, trials: int, null: Fraction) -> float:
    """The natural logarithm of the e-value."""
    if not 0 < null < 1 or not 0 <= hits <= trials:
        raise ValueError(f"{hits} of {trials} against {null}: no counts, or no rate between 0 and 1.")
    rate = float(null)
    weight = ceil(1 / (3 * null))
    below = log_tail(hits, trials + weight, rate)
    misses = trials - hits
    averaged = lgamma(hits + 1) + lgamma(misses + weight) - lgamma(trials + weight + 1) + below
    prior = -log(weight) + weight * log1p(-rate)
    return averaged - prior - hits * log(rate) - misses * log1p(-rate)


def e_value(hits: int, trials: int, null: Fraction) -> float:
    """The evidence against "the rate is at most `null`": 1 without data, 20 rolls back; at most e^700."""
    return exp(min(log_e_value(hits, trials, null), _LARGEST))


def e_value_of_hours(hours: Sequence[Share], null: Fraction) -> float:
    """The evidence that the rate is above `null` since the phase or any later hour of it began."""
    hits = trials = 0
    evidence = 1 / (len(hours) + 1)
    for number in range(len(hours), 0, -1):
        hits, trials = hits + hours[number - 1].hits, trials + hours[number - 1].trials
        evidence += e_value(hits, trials, null) / (number * (number + 1))
    return evidence


def triggers(rules: GuardRules, given: GuardInput) -> tuple[Trigger, ...]:
    """All that is wrong now; the guard acts if there is one. Old measurements trigger too: they were so."""
    return (*_fixed(rules, given), *_ceilings(rules, given), *_statistical(rules, given))


def unseen(rules: GuardRules, given: GuardInput) -> tuple[str, ...]:
    """What the guard is blind to: watches and ceilings not measured, or not soundly; all if stale."""
    wanted = (*(watch.key for watch in rules.watches), *(ceiling.key for ceiling in rules.ceilings))
    if given.age_seconds > rules.stale_after:
        return wanted
    measured = {rate.key for rate in given.rates if rate.sound} | {reading.key for reading in given.readings}
    return tuple(key for key in wanted if key not in measured)


def _fixed(rules: GuardRules, given: GuardInput) -> Iterator[Trigger]:
    for breaker in given.breakers:
        if breaker.seconds > rules.breaker_seconds:
            yield _fixed_trigger(
                "breaker_open",
                Fraction(breaker.seconds),
                Fraction(rules.breaker_seconds),
                f"The breaker {breaker.name} is open for {duration(breaker.seconds)}; "
                f"{duration(rules.breaker_seconds)} is the limit.",
            )
    if given.hour_outcomes and given.hour_outcomes >= rules.hourly_sample:
        share = Fraction(given.hour_reviews, given.hour_outcomes)
        if share > rules.hourly_review:
            yield _fixed_trigger(
                "hourly_review",
                share,
                rules.hourly_review,
                f"{percent(share)} of the last hour's outcomes went to review "
                f"({part(given.hour_reviews, given.hour_outcomes)}); "
                f"{percent(rules.hourly_review)} is the limit.",
            )
    if given.p0_incidents > rules.p0_incidents:
        yield _fixed_trigger(
            "p0_incident",
            Fraction(given.p0_incidents),
            Fraction(rules.p0_incidents),
            f"P0 incidents: {given.p0_incidents}.",
        )


def _ceilings(rules: GuardRules, given: GuardInput) -> Iterator[Trigger]:
    readings = {reading.key: reading for reading in given.readings}
    for ceiling in rules.ceilings:
        reading = readings.get(ceiling.key)
        if reading and reading.sample >= ceiling.sample and reading.value > ceiling.at_most:
            yield _fixed_trigger(
                ceiling.key,
                reading.value,
                ceiling.at_most,
                f"{ceiling.title}: {figure(reading.value)} {ceiling.unit}; "
                f"{figure(ceiling.at_most)} {ceiling.unit} is the limit.",
            )


def _fixed_trigger(key: str, measured: Fraction, limit: Fraction, sentence: str) -> Trigger:
    return Trigger(key=key, statistical=False, measured=measured, limit=limit, sentence=sentence)


def _statistical(rules: GuardRules, given: GuardInput) -> Iterator[Trigger]:
    seen = {rate.key: rate for rate in given.rates}
    for watch in rules.watches:
        rate = seen.get(watch.key)
        if rate is None or not rate.sound or not rate.trials:
            continue
        evidence = e_value_of_hours(rate.hours, watch.null)
        if evidence > rules.limit_of_each:
            yield Trigger(
                key=watch.key,
                statistical=True,
                measured=Fraction(round(min(evidence, _SHOWN) * 100), 100),
                limit=Fraction(rules.limit_of_each),
                sentence=f"{watch.title}: {percent(Fraction(rate.hits, rate.trials))} "
                f"({part(rate.hits, rate.trials)}) against {percent(watch.null)}, e-value "
                f"{_shown(evidence)}; {rules.limit_of_each} is the limit.",
            )


def _shown(evidence: float) -> str:
    return f"{evidence:,.1f}" if evidence < _SHOWN else "above a million"


"""The default rollout: its phases in order, and what each demands. Data, versioned and frozen by digest.

A phase's thresholds are frozen when it starts: `frozen` fits the floors to the cohort, `digest` names the
outcome. Success criteria are the verification sheet's, for all restaurants of production the runbook's.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction






#: Raised whenever a default below changes.
VERSION = 1

#: Rolling back to no phase at all: every flag off.
LEGACY = "legacy"

#: How many restaurants a verdict needs, where the cohort has as many.
RESTAURANTS = 5


class Environment(StrEnum):
    """Where a deployment runs."""

    LOCAL = "local"
    STAGING = "staging"
    PRODUCTION = "production"


class Signer(StrEnum):
    """The roles that sign; each names the group of that name."""

    QA_LEAD = "QA lead"
    ENGINEERING_LEAD = "engineering lead"
    ON_CALL = "on-call engineer"
    PRODUCT_OWNER = "product owner"
    MANAGER = "engineering manager"


@dataclass(frozen=True, kw_only=True, slots=True)
class Exposure:
    """The flags that entering a phase sets: V3 for `v3_share` of 10,000 buckets of restaurants, or shadow."""

    v3_share: int = 0
    shadow: bool = False
    legacy_removed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """One phase. `entrance` are conditions of entering it that are no gates of the one before.

    `proven_reviews` says whether reviews that carry a proof count in the gates, as they do by default.
    """

    key: str
    title: str
    environment: Environment
    exposure: Exposure
    minimum: Extent
    signers: tuple[Signer, ...]
    rollback_target: str
    gates: tuple[GateRule, ...]
    guard: GuardRules
    entrance: tuple[str, ...] = ()
    proven_reviews: bool = True

    def gate(self, key: str) -> GateRule:
        """The gate of that key. Raises KeyError, naming those there are."""
        found = next((gate for gate in self.gates if gate.key == key), None)
        if found is None:
            raise KeyError(f"{self.key} has no gate {key!r}; it has {', '.join(g.key for g in self.gates)}.")
        return found

    def frozen(self, *, cohort: int) -> "Phase":
        """This phase for a cohort of so many restaurants: no floor asks for more than there are."""
        return replace(
            self, minimum=_fitted(self.minimum, cohort), gates=tuple(_capped(g, cohort) for g in self.gates)
        )

    def digest(self) -> str:
        """What signatures bind to: SHA-256 of all that this phase demands."""
        return digest(dump(self))


@dataclass(frozen=True, kw_only=True, slots=True)
class Ramp:
    """Concurrent runs per restaurant: from `start` by at most `step` to `most`, each after a soak whose
    confirmation rate passes `soak`."""

    start: int
    most: int
    step: int
    soak: GateRule


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """All phases in their order. No skipping."""

    version: int
    phases: tuple[Phase, ...]
    ramp: Ramp

    def phase(self, key: str) -> Phase:
        """The phase of that key. Raises KeyError, naming those there are."""
        found = next((phase for phase in self.phases if phase.key == key), None)
        if found is None:
            raise KeyError(f"There is no phase {key!r}; there are {', '.join(p.key for p in self.phases)}.")
        return found

    def after(self, key: str) -> Phase | None:
        """The phase that follows; None after the last."""
        place = self.phases.index(self.phase(key)) + 1
        return self.phases[place] if place < len(self.phases) else None

    def in_environment(self, environment: Environment) -> tuple[Phase, ...]:
        """The phases that may be entered there: its own, and locally all, for rehearsal."""
        if environment is Environment.LOCAL:
            return self.phases
        return tuple(phase for phase in self.phases if phase.environment is environment)

    def digest(self) -> str:
        """SHA-256 of the whole policy."""
        return digest(dump(self))


def _fitted(extent: Extent, cohort: int) -> Extent:
    return replace(extent, restaurants=min(extent.restaurants, cohort))


def _capped(gate: GateRule, cohort: int) -> GateRule:
    floors = _fitted(gate.floors, cohort)
    if gate.key == "minimum_restaurants":
        return replace(gate, floors=floors, threshold=min(gate.threshold, Fraction(cohort)))
    return replace(gate, floors=floors)


"""Checks an evidence bundle offline: its files, its chain of records, and each verdict anew.

Nothing but the standard library and the rules of `gates` is used, so that the same text runs alone
(`gates.standalone`). That a bundle is consistent proves no origin: whoever asks for it compares the head of
the chain with the one the console shows, and the chain binds the digests of all other files.

A bundle is a zip file:

- ``manifest.json``: format, environment, phase, chain head, and the SHA-256 of every other file
- ``chain.jsonl``: every record of the rollout so far, one a line; the last is this export
- ``policies.json``, ``cohort.json``, ``looks.json``, ``sign_offs.json``: what verdicts and signatures rest on
- ``outcomes.csv``: every outcome that the rates of the last look counted
- everything else: for people to read
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any








FORMAT = 1

MANIFEST = "manifest.json"
CHAIN = "chain.jsonl"
POLICIES = "policies.json"
COHORT = "cohort.json"
LOOKS = "looks.json"
SIGN_OFFS = "sign_offs.json"
OUTCOMES = "outcomes.csv"
NEEDED = (CHAIN, POLICIES, COHORT, LOOKS, SIGN_OFFS, OUTCOMES)

#: A bundle that unpacks to more than this is refused unread.
LARGEST = 4 * 1024**3

#: The record that an export adds to the chain, with the digests of the files it packs.
EXPORTED = "evidence.exported"

#: The record of a phase that was taken back.
ROLLED_BACK = "phase.rolled_back"


class BadBundleError(ValueError):
    """A file that is no bundle; the text says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """Something that does not hold, and where."""

    place: str
    problem: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """What a bundle says of itself, and what of that does not hold.

    `verdict` is that of its last look; `signed` tells whether it was signed that the rollout goes on, and
    `rolled_back` whether the phase was taken back, be it after that.
    """

    environment: str
    phase: str
    number: int
    chain_head: str
    verdict: str
    signed: bool
    rolled_back: bool
    file_digest: str
    faults: tuple[Fault, ...]

    @property
    def holds(self) -> bool:
        return not self.faults


def verify(content: bytes, *, chain_head: str | None = None) -> Findings:
    """Check a bundle; `chain_head` is the head that its console shows. Raises BadBundleError for others."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as bundle:
            return _verified(bundle, content, chain_head)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError, RecursionError) as error:
        raise BadBundleError(f"this is no evidence bundle: {error}") from error


def report_of(found: Findings) -> Iterator[str]:
    """The findings line by line: what it is, what does not hold, and the verdict on the bundle."""
    yield f"{found.environment} {found.phase}, stay {found.number}: verdict {found.verdict}"
    yield f"chain head {found.chain_head}"
    if found.signed:
        yield "was signed off, and rolled back after" if found.rolled_back else "signed off"
    else:
        yield "not signed off"
    yield from (f"does not hold: {fault}" for fault in found.faults)
    yield "everything holds" if found.holds else f"{len(found.faults)} things do not hold"


def _verified(bundle: zipfile.ZipFile, content: bytes, chain_head: str | None) -> Findings:
    if sum(entry.file_size for entry in bundle.infolist()) > LARGEST:
        raise BadBundleError(f"it unpacks to more than {LARGEST:,} bytes")
    manifest = _json(bundle, MANIFEST)
    if manifest["format"] != FORMAT:
        raise BadBundleError(f"format {manifest['format']!r} is not known here, {FORMAT} is")
    faults = list(_faults_of_files(bundle, manifest))
    if not faults:
        faults = [*_faults_of_chain(bundle, manifest, chain_head), *_faults_of_contents(bundle, manifest)]
    names = bundle.namelist()
    looks = _json(bundle, LOOKS) if LOOKS in names else []
    sign_offs = _json(bundle, SIGN_OFFS) if SIGN_OFFS in names else []
    return Findings(
        environment=manifest["environment"],
        phase=manifest["phase"],
        number=manifest["number"],
        chain_head=manifest["chain_head"],
        verdict=looks[-1]["verdict"] if looks else Verdict.NO_DATA.value,
        signed=any(
            (sign_off["decision"], sign_off["ended"]) == ("proceed", "decided") for sign_off in sign_offs
        ),
        rolled_back=not faults and _was_rolled_back(bundle, manifest["number"]),
        file_digest=hashlib.sha256(content).hexdigest(),
        faults=tuple(faults),
    )


def _faults_of_files(bundle: zipfile.ZipFile, manifest: Mapping[str, Any]) -> Iterator[Fault]:
    """Each file is there once, unchanged, and no other is."""
    named, found = manifest["files"], bundle.namelist()
    for name in sorted(set(found) - set(named) - {MANIFEST}):
        yield Fault(place=name, problem="it is not in the manifest")
    for name in sorted({name for name in found if found.count(name) > 1}):
        yield Fault(place=name, problem="it is in the bundle twice")
    for name in sorted({*named, *NEEDED}):
        if name not in named or name not in found:
            yield Fault(place=name, problem="it is missing")
        elif _digest(bundle, name) != named[name]:
            yield Fault(place=name, problem="it was changed: its digest is not the manifest's")


def _faults_of_chain(
    bundle: zipfile.ZipFile, manifest: Mapping[str, Any], chain_head: str | None
) -> Iterator[Fault]:
    """Every record follows from the one before, the last is this export, and it binds the files."""
    head, record = GENESIS, dict[str, Any]()
    for number, record in enumerate(_chain(bundle), start=1):
        linked = link(head, {key: value for key, value in record.items() if key != "digest"})
        if record["number"] != number or record["digest"] != linked:
            yield Fault(
                place=f"{CHAIN} record {number}", problem="it was changed, dropped or moved: the chain breaks"
            )
            return
        head = linked
    if manifest["chain_head"] != head:
        yield Fault(place=MANIFEST, problem=f"its chain head is not that of the chain, {head}")
    if chain_head is not None and chain_head.strip().lower() != head:
        yield Fault(place=CHAIN, problem=f"it ends at {head}, not at the head that was given")
    bound = record.get("body", {}).get("files") if record.get("kind") == EXPORTED else None
    files = {name: named for name, named in manifest["files"].items() if name != CHAIN}
    if bound != files:
        yield Fault(place=CHAIN, problem="its last record is not the export of these files")


def _faults_of_contents(bundle: zipfile.ZipFile, manifest: Mapping[str, Any]) -> Iterator[Fault]:
    policies = {raw["digest"]: raw["policy"] for raw in _json(bundle, POLICIES)}
    for named, raw in policies.items():
        if digest(raw) != named:
            yield Fault(place=f"{POLICIES} {named[:12]}", problem="it is not the policy of this digest")
            return
    cohort = _json(bundle, COHORT)
    cohort_digest = None if cohort is None else digest(cohort)
    looks = _json(bundle, LOOKS)
    kept: list[Mapping[str, Any]] = []
    for look in looks:
        yield from _faults_of_look(look, policies, cohort_digest, manifest["number"], kept)
        if look["look"]:
            kept.append(look)
    if looks:
        yield from _faults_of_outcomes(bundle, looks[-1])
    yield from _faults_of_recorded(bundle, looks)
    yield from _faults_of_sign_offs(
        bundle, {look["digest"] for look in looks}, cohort_digest, manifest["number"]
    )


def _faults_of_look(
    look: Mapping[str, Any],
    policies: Mapping[str, Any],
    cohort_digest: str | None,
    number: int,
    kept: list[Mapping[str, Any]],
) -> Iterator[Fault]:
    """The look's digest is over its inputs, and its verdicts follow from them and the looks before it."""
    place = f"{LOOKS} {look['taken_at']}"
    if look["look"] not in (0, len(kept) + 1):
        yield Fault(place=place, problem=f"it is look {look['look']}, after {len(kept)}: one is missing")
    if look["policy"] not in policies:
        yield Fault(place=place, problem="its policy is not in the bundle")
        return
    bound = {
        "phase": number,
        "policy": look["policy"],
        "cohort": cohort_digest,
        "flag_version": look["flag_version"],
        "window": look["window"],
        "look": look["look"],
        "inputs": look["inputs"],
    }
    if digest(bound) != look["digest"]:
        yield Fault(place=place, problem="its digest is not that of its policy, cohort, window and inputs")
    demands = load(Phase, policies[look["policy"]])
    earned = _earned(kept)
    results = []
    for rule in demands.gates:
        given = load(GateInput, look["inputs"][rule.key])
        at = Look(number=len(kept) + 1, open=look["look"] > 0)
        result = decide(rule, given, at, earned.get(rule.key))
        results.append(result)
        if dump(result) != look["results"].get(rule.key):
            yield Fault(
                place=f"{place} gate {rule.key}",
                problem=f"its inputs give {result.verdict}, not what is written",
            )
    if overall(results).value != look["verdict"]:
        yield Fault(place=place, problem=f"its gates together give {overall(results)}, not {look['verdict']}")


def _earned(kept: list[Mapping[str, Any]]) -> dict[str, Earned]:
    """By gate, the first look at which it passed."""
    earned: dict[str, Earned] = {}
    for look in kept:
        for key, result in look["results"].items():
            if result["verdict"] == Verdict.PASS:
                given = load(GateInput, look["inputs"][key])
                earned.setdefault(key, Earned(given=given, look=Look(number=look["look"], open=True)))
    return earned


def _faults_of_outcomes(bundle: zipfile.ZipFile, look: Mapping[str, Any]) -> Iterator[Fault]:
    """The rates of the last look count the outcomes that are listed."""
    rows = list(csv.DictReader(io.StringIO(bundle.read(OUTCOMES).decode())))
    counted = {
        "confirmation_rate": sum(row["outcome"] == "confirmed" for row in rows),
        "review_rate": sum(row["outcome"] == "manual_review" for row in rows),
    }
    for key, hits in counted.items():
        given = look["inputs"].get(key)
        if given and not given["error"] and (given["numerator"], given["denominator"]) != (hits, len(rows)):
            yield Fault(
                place=f"{OUTCOMES} gate {key}",
                problem=f"{hits} of {len(rows)} are listed, "
                f"{given['numerator']} of {given['denominator']} were counted",
            )


def _faults_of_recorded(bundle: zipfile.ZipFile, looks: list[Mapping[str, Any]]) -> Iterator[Fault]:
    """Each due look stands in the chain as it was when it was taken."""
    recorded = {
        entry["body"].get("digest")
        for entry in _chain(bundle)
        if entry["kind"] in {"gate.looked", "gate.ready"}
    }
    for look in looks:
        if look["look"] and look["digest"] not in recorded:
            yield Fault(place=f"{LOOKS} {look['taken_at']}", problem="the chain has no record of this look")


def _faults_of_sign_offs(
    bundle: zipfile.ZipFile, looks: set[str], cohort_digest: str | None, number: int
) -> Iterator[Fault]:
    """What was signed is what the digest is over, on a look that is here; each signature is in the chain."""
    signed = {
        (entry["body"]["sign_off"], entry["body"]["role"], entry["body"]["digest"])
        for entry in _chain(bundle)
        if entry["kind"] == "signoff.signed"
    }
    for sign_off in _json(bundle, SIGN_OFFS):
        place = f"{SIGN_OFFS} {sign_off['id']}"
        bound = {
            "phase": number,
            **{key: sign_off[key] for key in ("decision", "target", "reason", "opened_at", "policy")},
            "cohort": cohort_digest,
            **{key: sign_off[key] for key in ("flag_version", "snapshot", "window")},
            "overrides": [[taken["gate"], taken["reason"]] for taken in sign_off["overrides"]],
        }
        if digest(bound) != sign_off["digest"]:
            yield Fault(place=place, problem="its digest is not that of what was decided")
        if sign_off["snapshot"] not in looks:
            yield Fault(place=place, problem="the look it rests on is not in the bundle")
        for signature in sign_off["signatures"]:
            if (sign_off["id"], signature["role"], signature["digest"]) not in signed:
                yield Fault(place=f"{place} {signature['role']}", problem="the chain has no such signature")


def _chain(bundle: zipfile.ZipFile) -> list[dict[str, Any]]:
    """Every record of the chain. A line ends at a line feed: other separators may stand within a record."""
    return [json.loads(line) for line in bundle.read(CHAIN).decode().removesuffix("\n").split("\n")]


def _was_rolled_back(bundle: zipfile.ZipFile, number: int) -> bool:
    return any((entry["kind"], entry["phase"]) == (ROLLED_BACK, number) for entry in _chain(bundle))


def _json(bundle: zipfile.ZipFile, name: str) -> Any:
    return json.loads(bundle.read(name))


def _digest(bundle: zipfile.ZipFile, name: str) -> str:
    hashed = hashlib.sha256()
    with bundle.open(name) as file:
        while block := file.read(1 << 20):
            hashed.update(block)
    return hashed.hexdigest()


def _main(arguments):
    import sys

    if not 1 <= len(arguments) <= 2:
        print("usage: verify_evidence.py BUNDLE.zip [CHAIN_HEAD]", file=sys.stderr)
        return 2
    try:
        with open(arguments[0], "rb") as file:
            found = verify(file.read(), chain_head=arguments[1] if arguments[1:] else None)
    except (OSError, BadBundleError) as error:
        print(f"{arguments[0]}: {error}", file=sys.stderr)
        return 2
    print("\n".join(report_of(found)))
    return 0 if found.holds else 1


if __name__ == "__main__":
    import sys

    sys.exit(_main(sys.argv[1:]))
