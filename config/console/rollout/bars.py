"""Bound bars: a gate's interval against its threshold, the wrong side hatched. Pure geometry of an SVG."""

from dataclasses import dataclass
from fractions import Fraction
from math import floor

from assignments.engine.gates.claims import limit_of
from assignments.engine.gates.rules import GateInput, GateResult, GateRule, Kind, Verdict
from assignments.engine.gates.wording import duration, figure, percent

LEFT, RIGHT = 4.0, 228.0
#: Labels nearer to each other than this run into one another.
_APART = 44.0

_SHARES = {Kind.RATE_AT_LEAST, Kind.RATE_BELOW}
_VALUES = {Kind.QUANTILE_BELOW, Kind.VALUE_BELOW}
#: Kinds that have a place on a scale; the others are facts, told in words.
DRAWN = _SHARES | _VALUES | {Kind.NON_INFERIOR, Kind.FLOOR, Kind.COUNT_BELOW}


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    x: str
    anchor: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """Coordinates in a box of 232 by 30; `low` and `high` are empty where there is no interval."""

    bad_x: str
    bad_width: str
    threshold: str
    point: str
    low: str
    high: str
    tone: str
    labels: tuple[Label, ...]
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scale:
    """The range that is drawn, the threshold on it, and on which side of it is wrong."""

    start: Fraction
    end: Fraction
    threshold: Fraction
    wrong_below: bool

    def x(self, value: Fraction) -> float:
        span = self.end - self.start
        place = (min(max(value, self.start), self.end) - self.start) / span if span else Fraction(0)
        return LEFT + (RIGHT - LEFT) * float(place)


def bar_of(rule: GateRule, given: GateInput, result: GateResult) -> Bar | None:
    """The bar of a gate; None for facts and where its limit is not known."""
    if rule.kind not in DRAWN or (rule.relative and given.baseline is None):
        return None
    value = _value(rule, given, result)
    low, high = _ends(rule, result, value)
    scale = _scale(rule, given, [v for v in (value, low, high) if v is not None])
    at = scale.x(scale.threshold)
    bad = (LEFT, at) if scale.wrong_below else (at, RIGHT)
    return Bar(
        bad_x=_number(bad[0]),
        bad_width=_number(bad[1] - bad[0]),
        threshold=_number(at),
        point="" if value is None else _number(scale.x(value)),
        low="" if low is None else _number(scale.x(low)),
        high="" if high is None else _number(scale.x(high)),
        tone=_TONES[result.verdict],
        labels=tuple(_labels(rule, scale)),
        words=_words(rule, scale.threshold, value, low, high),
    )


def in_unit(rule: GateRule, value: Fraction) -> str:
    """A value on the gate's scale: `96.86 %`, `412 ms`, `17 h 42 min`, `+1.2 points`."""
    if rule.kind in _SHARES:
        return percent(value)
    if rule.kind is Kind.NON_INFERIOR:
        return f"{'+' if value > 0 else ''}{figure(value * 100)}"
    if rule.kind is Kind.FLOOR and rule.unit == "s":
        return duration(int(value))
    unit = rule.unit if rule.kind in _VALUES else ""
    return f"{figure(value, 0 if value >= 10 else 2)} {unit}".rstrip()


_TONES = {
    Verdict.PASS: "pass",
    Verdict.FAIL: "fail",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.NO_DATA: "nodata",
    Verdict.STALE: "stale",
    Verdict.ERROR: "nodata",
}


def _value(rule: GateRule, given: GateInput, result: GateResult) -> Fraction | None:
    if rule.kind in {Kind.FLOOR, Kind.COUNT_BELOW}:
        return None if given.numerator is None else Fraction(given.numerator)
    if rule.kind in _VALUES:
        return given.measured
    return result.rate


def _ends(
    rule: GateRule, result: GateResult, value: Fraction | None
) -> tuple[Fraction | None, Fraction | None]:
    if rule.kind is Kind.FLOOR and value is not None:
        return Fraction(0), value
    if rule.kind is Kind.QUANTILE_BELOW and result.bound_high is not None:
        return value, result.bound_high
    return result.bound_low, result.bound_high


def _scale(rule: GateRule, given: GateInput, values: list[Fraction]) -> _Scale:
    least, most = min(values, default=Fraction(0)), max(values, default=Fraction(0))
    if rule.kind is Kind.RATE_AT_LEAST:
        wanted = 1 - (1 - rule.threshold) * Fraction(8, 5)
        start = Fraction(floor(max(Fraction(0), min(wanted, least if values else wanted)) * 100), 100)
        return _Scale(start=start, end=Fraction(1), threshold=rule.threshold, wrong_below=True)
    if rule.kind is Kind.NON_INFERIOR:
        reach = max(2 * rule.threshold, abs(least), abs(most))
        return _Scale(start=-reach, end=reach, threshold=-rule.threshold, wrong_below=True)
    threshold = limit_of(rule, given) if rule.kind in _VALUES else rule.threshold
    roomy = Fraction(8, 5) if rule.kind is Kind.COUNT_BELOW else Fraction(6, 5)
    end = max(threshold * roomy, most * Fraction(11, 10)) or Fraction(1)
    return _Scale(start=Fraction(0), end=end, threshold=threshold, wrong_below=rule.kind is Kind.FLOOR)


def _labels(rule: GateRule, scale: _Scale) -> list[Label]:
    """The threshold always; the ends where they do not run into it."""
    at = scale.x(scale.threshold)
    near_end = RIGHT - at < _APART / 2
    here = Label(
        x=_number(RIGHT if near_end else at),
        anchor="end" if near_end else "middle",
        text=in_unit(rule, scale.threshold),
    )
    start = Label(x=_number(LEFT), anchor="start", text=in_unit(rule, scale.start) if scale.start else "0")
    end = Label(x=_number(RIGHT), anchor="end", text=in_unit(rule, scale.end))
    ends = [label for label, far in ((start, at - LEFT), (end, RIGHT - at)) if far > _APART]
    keep_end = rule.kind in {Kind.RATE_AT_LEAST, Kind.NON_INFERIOR}
    return [here, *(label for label in ends if label is start or keep_end)]


def _words(
    rule: GateRule, threshold: Fraction, value: Fraction | None, low: Fraction | None, high: Fraction | None
) -> str:
    limit = f"threshold {in_unit(rule, threshold)}"
    if value is None:
        return f"Nothing measured, {limit}"
    if rule.kind is Kind.FLOOR or low is None or high is None:
        return f"{in_unit(rule, value)}, {limit}"
    return f"{in_unit(rule, value)}, from {in_unit(rule, low)} to {in_unit(rule, high)}, {limit}"


def _number(value: float) -> str:
    return f"{value:.1f}"
