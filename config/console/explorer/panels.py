"""The explorer's charts and tables: read once step by step, and put together for the whole span."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from config.console.charts.chart import Axis, Chart, Scale, Target, Values, bars, lines
from config.console.explorer.choice import Choice
from observability.metrics.latency import Percentiles, Timing, of_bins
from observability.metrics.rates import Rate, error_rate, error_rates, outcome_rates
from observability.metrics.series import Series, merged, read_steps
from observability.metrics.window import Window
from observability.metrics.work import SERIES_OF_WORK, Path, Work, work_of

#: Rows of a table; there are hardly ever more.
MOST_ROWS = 12

SHARE = Scale(shown="{:.1%}", least_top=1.0)
SMALL_SHARE = Scale(shown="{:.1%}", least_top=0.1)
COUNT = Scale(shown="{:,.0f}", least_top=4)
MILLISECONDS = Scale(shown="{:,.0f} ms", least_top=20)

CONFIRMED = Target(value=0.95, label="confirmed ≥ 95 %")
FAILED = Target(value=0.05, label="alert above 5 %")

RUNS = {Path.V3: Timing.RUN, Path.LEGACY: Timing.LEGACY_RUN}
NAMES = {Path.V3: "V3", Path.LEGACY: "Legacy"}

#: Series that are counted over the whole span, and those that are only drawn step by step.
COUNTED = ("received", "outcome", *(name for names in SERIES_OF_WORK.values() for name in names if name))
DRAWN = (Timing.RUN, Timing.LEGACY_RUN, Timing.OUTCOME, Timing.LOCK_WAIT)
SERIES = (*COUNTED, *(timing.value for timing in DRAWN))

Step = TypeVar("Step")


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A figure of the whole span; `is_known` is false where there was nothing to measure."""

    label: str
    figure: str
    made_of: str
    is_known: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Counts of the whole span; `none` says what it means that there is no row."""

    key: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    none: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Panels:
    figures: tuple[Figure, ...]
    charts: tuple[Chart, ...]
    tables: tuple[Table, ...]


def panels(choice: Choice, window: Window) -> Panels:
    """Everything the page shows of a window of whole steps; three queries at most."""
    axis = Axis(steps=_steps(window, choice), zone=choice.zone, shown=choice.span.shown)
    found = read_steps(window, *SERIES, step=choice.span.step)
    whole = merged(found.values(), *COUNTED)
    is_v3_too = choice.path is not Path.LEGACY
    errors = error_rates(window, step=choice.span.step) if is_v3_too else {}
    return Panels(
        figures=tuple(_figures(choice, whole, _failed(choice, window, errors) if is_v3_too else None)),
        charts=tuple(_charts(choice, axis, found, errors)),
        tables=tuple(_tables(choice, whole)),
    )


def _steps(window: Window, choice: Choice) -> Sequence[datetime]:
    return [window.start + number * choice.span.step for number in range(window.steps(choice.span.step))]


def _figures(choice: Choice, whole: Series, errors: Rate | None) -> list[Figure]:
    received = sum(measure.count for measure in whole["received"].values())
    covers = round(sum(measure.total for measure in whole["received"].values()))
    outcomes = outcome_rates(whole["outcome"], path=choice.path)
    return [
        Figure(label="Received", figure=f"{received:,}", made_of=f"{covers:,} covers"),
        _share("Confirmed", outcomes.confirmation),
        _share("Review", outcomes.review),
        _share("Review with a proof", outcomes.proven_review),
        *([_share("With an error of V3", errors)] if errors is not None else []),
    ]


def _failed(choice: Choice, window: Window, errors: Mapping[datetime, Rate]) -> Rate:
    """Bookings that failed of those started, each once; where days are drawn, once a day.

    To tell who was started on an earlier day of a month means reading all that were started twice.
    """
    if choice.span.step < timedelta(days=1):
        return error_rate(window)
    return Rate(
        numerator=sum(rate.numerator for rate in errors.values()),
        denominator=sum(rate.denominator for rate in errors.values()),
    )


def _share(label: str, rate: Rate) -> Figure:
    return Figure(
        label=label,
        figure=SHARE.say(rate.value),
        made_of=f"{rate.numerator:,} of {rate.denominator:,}",
        is_known=rate.value is not None,
    )


def _charts(
    choice: Choice, axis: Axis, found: Mapping[datetime, Series], errors: Mapping[datetime, Rate]
) -> list[Chart]:
    charts = [
        _received(axis, found),
        _outcomes(choice, axis, found),
        *([_errors(axis, errors)] if choice.path is not Path.LEGACY else []),
        _runs(choice, axis, found),
    ]
    if choice.path is None:
        charts.append(_timed("waits", "From receipt to outcome", Timing.OUTCOME, axis, found))
    if choice.path is not Path.LEGACY:
        charts.append(_timed("locks", "Lock wait of V3", Timing.LOCK_WAIT, axis, found))
    return charts


def _received(axis: Axis, found: Mapping[datetime, Series]) -> Chart:
    """A count of nothing is 0, while a share of nothing is no data."""
    counts = [float(sum(m.count for m in found[at]["received"].values())) if at in found else 0.0
              for at in axis.steps]  # fmt: skip
    return bars(
        "received", "Bookings received", {"bookings": counts}, axis=axis, scale=COUNT, note="on either path"
    )


def _outcomes(choice: Choice, axis: Axis, found: Mapping[datetime, Series]) -> Chart:
    rates = {at: outcome_rates(series["outcome"], path=choice.path) for at, series in found.items()}
    values = {
        "confirmed": _each(axis, rates, lambda rate: rate.confirmation.value),
        "review": _each(axis, rates, lambda rate: rate.review.value),
    }
    return lines("outcomes", "Confirmed and review", values, axis=axis, scale=SHARE, target=CONFIRMED)


def _errors(axis: Axis, errors: Mapping[datetime, Rate]) -> Chart:
    values = {"errors": _each(axis, errors, lambda rate: rate.value)}
    return lines(
        "errors", "Bookings with an error of V3", values, axis=axis, scale=SMALL_SHARE, target=FAILED
    )


def _runs(choice: Choice, axis: Axis, found: Mapping[datetime, Series]) -> Chart:
    if choice.path is not None:
        return _timed("runs", f"Runs of {NAMES[choice.path]}", RUNS[choice.path], axis, found)
    values = {
        f"{NAMES[path]} p95": _each(axis, _percentiles(found, timing), lambda timed: timed.p95)
        for path, timing in RUNS.items()
    }
    return lines("runs", "Runs", values, axis=axis, scale=MILLISECONDS)


def _timed(key: str, title: str, timing: Timing, axis: Axis, found: Mapping[datetime, Series]) -> Chart:
    timed = _percentiles(found, timing)
    values = {
        "p95": _each(axis, timed, lambda step: step.p95),
        "p50": _each(axis, timed, lambda step: step.p50),
    }
    return lines(key, title, values, axis=axis, scale=MILLISECONDS)


def _percentiles(found: Mapping[datetime, Series], timing: Timing) -> dict[datetime, Percentiles]:
    return {at: of_bins(series[timing.value]) for at, series in found.items()}


def _each(axis: Axis, found: Mapping[datetime, Step], value: Callable[[Step], float | None]) -> Values:
    return [value(found[at]) if at in found else None for at in axis.steps]


def _tables(choice: Choice, whole: Series) -> list[Table]:
    paths = [choice.path] if choice.path else list(Path)
    tables = []
    for path in paths:
        name, done = NAMES[path], work_of(whole, path)
        tables += [
            _counts(f"reviews-{path}", f"Why {name} left bookings to people", "Reason", done.reviews),
            _retries(path, name, done),
            _counts(
                f"attempts-{path}",
                f"Attempts {name} took to decide",
                "Attempts",
                {str(number): count for number, count in done.attempts.items()},
            ),
            _counts(f"strategies-{path}", f"How {name} placed bookings", "Strategy", done.strategies),
        ]
    return tables


def _counts(key: str, title: str, head: str, counts: Mapping[str, int]) -> Table:
    return Table(
        key=key,
        title=title,
        heads=(head, "Bookings"),
        rows=tuple((_words(name), f"{count:,}") for name, count in list(counts.items())[:MOST_ROWS]),
        none="None in this time.",
    )


def _retries(path: Path, name: str, done: Work) -> Table:
    rows = [
        (
            _words(reason),
            f"{retry.count:,}",
            f"{retry.mean_delay_ms:,.0f} ms",
            f"{retry.longest_delay_ms:,.0f} ms",
        )
        for reason, retry in list(done.retries.items())[:MOST_ROWS]
    ]
    return Table(
        key=f"retries-{path}",
        title=f"Why {name} tried again",
        heads=("Reason", "Times", "Mean delay", "Longest"),
        rows=tuple(rows),
        none="Nothing was tried again.",
    )


def _words(code: str) -> str:
    return code.replace("_", " ").capitalize() if code else "Not told"
