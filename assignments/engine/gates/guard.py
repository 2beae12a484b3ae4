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

from assignments.engine.gates.clusters import Share
from assignments.engine.gates.exact_tails import log_tail
from assignments.engine.gates.wording import duration, figure, part, percent

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
