"""Gates as the phase page lists them: verdict, figures, interval, trend, and what settles it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from assignments.engine.gates.claims import limit_of
from assignments.engine.gates.rules import GateInput, GateResult, GateRule, Kind, Verdict
from assignments.engine.gates.wording import bookings, duration, figure, percent
from config.console.health.sparkline import Sparkline
from config.console.rollout.bars import DRAWN, Bar, bar_of, in_unit

#: CSS name and icon of each verdict.
LOOKS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.PASS: ("pass", "ok"),
    Verdict.FAIL: ("fail", "bad"),
    Verdict.INCONCLUSIVE: ("inconclusive", "half"),
    Verdict.NO_DATA: ("nodata", "ring"),
    Verdict.STALE: ("stale", "stale"),
    Verdict.ERROR: ("error", "warn"),
}

#: What has to be seen to first comes first.
_ORDER = (
    Verdict.FAIL, Verdict.ERROR, Verdict.STALE, Verdict.INCONCLUSIVE, Verdict.NO_DATA, Verdict.PASS,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class GateRow:
    """One gate. `settles` is what would settle it, `why` its whole sentence."""

    key: str
    title: str
    verdict: str
    css: str
    icon: str
    limit: str
    measured: str
    made_of: str
    bar: Bar | None
    bound: str
    trend: Sparkline | None
    settles: str
    pace: str
    why: str
    passed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Gates:
    """Those with a scale, or not settled, in the first table; facts that hold in the second."""

    measured: tuple[GateRow, ...]
    counted: tuple[GateRow, ...]
    passed: int
    total: int


def gates(
    rules: Iterable[GateRule],
    inputs: Mapping[str, GateInput],
    results: Mapping[str, GateResult],
    trends: Mapping[str, Sparkline],
    *,
    per_hour: Fraction | None = None,
) -> Gates:
    """The rows, unsettled first. `per_hour` is the pace of bookings, for how long those missing may take."""
    judged = [rule for rule in rules if rule.key in results]
    rows = [
        (rule, gate_row(rule, inputs[rule.key], results[rule.key], trends.get(rule.key), per_hour))
        for rule in sorted(judged, key=lambda rule: _ORDER.index(results[rule.key].verdict))
    ]
    drawn = DRAWN - {Kind.COUNT_BELOW}
    first = tuple(row for rule, row in rows if rule.kind in drawn or not row.passed)
    return Gates(
        measured=first,
        counted=tuple(row for _, row in rows if row not in first),
        passed=sum(row.passed for _, row in rows),
        total=len(rows),
    )


def gate_row(
    rule: GateRule,
    given: GateInput,
    result: GateResult,
    trend: Sparkline | None = None,
    per_hour: Fraction | None = None,
) -> GateRow:
    css, icon = LOOKS[result.verdict]
    settles, pace = _settles(rule, given, result, per_hour)
    return GateRow(
        key=rule.key,
        title=rule.title,
        verdict=result.verdict.value.replace("_", " "),
        css=css,
        icon=icon,
        limit=limit_words(rule, given),
        measured=_measured(rule, given, result),
        made_of=_made_of(rule, given),
        bar=bar_of(rule, given, result),
        bound=_bound(rule, result),
        trend=trend,
        settles=settles,
        pace=pace,
        why=result.sentence,
        passed=result.verdict is Verdict.PASS,
    )


def limit_words(rule: GateRule, given: GateInput | None = None) -> str:
    """What the gate demands: `below 1 %`, `95 % or more`, `none`, `within 10 %`."""
    threshold = rule.threshold
    if rule.kind is Kind.RATE_AT_LEAST:
        return f"{percent(threshold)} or more"
    if rule.kind is Kind.RATE_BELOW:
        return f"below {percent(threshold)}"
    if rule.kind is Kind.NON_INFERIOR:
        return f"at most {figure(threshold * 100)} points lower"
    if rule.kind in (Kind.QUANTILE_BELOW, Kind.VALUE_BELOW):
        return _value_limit(rule, given)
    if rule.kind is Kind.RATIO_WITHIN:
        return f"within {percent(threshold)}"
    if rule.kind is Kind.COUNT_BELOW:
        return "none" if threshold == 1 else f"below {figure(threshold)}"
    if rule.kind is Kind.RECOVERED:
        return f"none, or under {duration(int(threshold))}"
    if rule.kind is Kind.FLOOR:
        return in_unit(rule, threshold) if rule.unit == "s" else f"{figure(threshold)} or more"
    return "yes" if rule.kind is Kind.FACT else "not significantly worse"


def _value_limit(rule: GateRule, given: GateInput | None) -> str:
    if not rule.relative:
        return f"below {figure(rule.threshold)} {rule.unit}"
    over = f"within {percent(rule.threshold - 1)} of before"
    if given is None or given.baseline is None:
        return over
    return f"{over}, {figure(limit_of(rule, given))} {rule.unit}"


def _measured(rule: GateRule, given: GateInput, result: GateResult) -> str:
    if rule.kind is Kind.FACT:
        return "None yet" if given.numerator is None else "Yes" if given.numerator else "No"
    if rule.kind in (Kind.COUNT_BELOW, Kind.RECOVERED):
        return "None yet" if given.numerator is None else f"{given.numerator:,}"
    if rule.kind is Kind.FLOOR:
        reached = given.numerator or 0
        return (
            percent(min(Fraction(1), reached / rule.threshold), unlike=Fraction(1))
            if rule.unit == "s"
            else f"{reached:,}"
        )
    value = given.measured if rule.kind in (Kind.QUANTILE_BELOW, Kind.VALUE_BELOW) else result.rate
    if value is None:
        return "None yet"
    if rule.kind is Kind.RATIO_WITHIN:
        return f"{'+' if value > 1 else ''}{percent(value - 1)}"
    if rule.kind in (Kind.NOT_LOWER, Kind.NOT_HIGHER):
        return percent(value)
    return in_unit(rule, value)


def _made_of(rule: GateRule, given: GateInput) -> str:
    if given.numerator is None:
        return ""
    if rule.kind is Kind.FLOOR and rule.unit == "s":
        return f"{duration(given.numerator)} of {duration(int(rule.threshold))}"
    if rule.kind is Kind.QUANTILE_BELOW and given.denominator:
        return f"{given.denominator:,} runs"
    if rule.kind is Kind.NON_INFERIOR and given.denominator:
        return f"{given.denominator:,} pairs"
    return f"{given.numerator:,} / {given.denominator:,}" if given.denominator is not None else ""


def _bound(rule: GateRule, result: GateResult) -> str:
    if rule.kind in (Kind.RATE_AT_LEAST, Kind.NON_INFERIOR) and result.bound_low is not None:
        return f"at least {in_unit(rule, result.bound_low)}"
    if rule.kind in (Kind.RATE_BELOW, Kind.QUANTILE_BELOW) and result.bound_high is not None:
        return f"up to {in_unit(rule, result.bound_high)}"
    return ""


def _settles(
    rule: GateRule, given: GateInput, result: GateResult, per_hour: Fraction | None
) -> tuple[str, str]:
    """What would settle the gate, and how long that may take."""
    if result.verdict is Verdict.PASS:
        return "Settled", ""
    if rule.kind is Kind.FLOOR and result.verdict is Verdict.INCONCLUSIVE:
        return _still_to_go(rule, given, per_hour), ""
    if result.needed:
        return bookings(result.needed), _at_pace(result.needed, per_hour)
    return result.sentence.rsplit("; ", 1)[-1].split("required. ")[-1], ""


def _still_to_go(rule: GateRule, given: GateInput, per_hour: Fraction | None) -> str:
    left = max(Fraction(0), rule.threshold - (given.numerator or 0))
    if rule.unit == "s":
        return f"{duration(int(left))} to go"
    if rule.unit == "bookings":
        return f"{figure(left)} more bookings{_at_pace(int(left), per_hour, ', ')}"
    return f"{figure(left)} more {rule.unit}".rstrip()


def _at_pace(count: int, per_hour: Fraction | None, before: str = "") -> str:
    """Nothing is said of a pace that is no pace, or of weeks."""
    if not per_hour or count / per_hour > 24 * 14:
        return ""
    return f"{before}about {duration(int(count * 3600 / per_hour) // 60 * 60)} at this pace"
