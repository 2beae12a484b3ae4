"""The explorer's charts and tables: read once step by step, and put together for the whole span."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from config.console.charts.chart import Axis, Chart, Scale, Target, Values, bars, lines
from config.console.explorer.choice import Choice
from config.console.explorer.tables import Table, cohort_table
from observability.metrics.latency import Percentiles, Timing, percentiles_by_step
from observability.metrics.rates import OutcomeRates, Rate, error_rate, error_rates, outcome_rates
from observability.metrics.restaurants import by_restaurant
from observability.metrics.series import Series, merged, read, read_steps
from observability.metrics.window import Window, floor
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

#: Series drawn step by step, and those that are only told of the whole span.
DRAWN = ("received", "outcome")
TOLD = {path: tuple(filter(None, names)) for path, names in SERIES_OF_WORK.items()}
TIMED = {
    None: (Timing.RUN, Timing.LEGACY_RUN, Timing.OUTCOME, Timing.LOCK_WAIT),
    Path.V3: (Timing.RUN, Timing.LOCK_WAIT),
    Path.LEGACY: (Timing.LEGACY_RUN,),
}

#: Percentiles by timing and step.
Times = Mapping[Timing, Mapping[datetime, Percentiles]]

Step = TypeVar("Step")


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A figure of the whole span; `is_known` is false where there was nothing to measure."""

    label: str
    figure: str
    made_of: str
    is_known: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Panels:
    figures: tuple[Figure, ...]
    charts: tuple[Chart, ...]
    tables: tuple[Table, ...]


def panels(choice: Choice, window: Window) -> Panels:
    """Everything the page shows of a window of whole steps, in six queries at most.

    The database puts together what is put together: a row that comes here is a figure that is shown.
    """
    axis = Axis(steps=_steps(window, choice), zone=choice.zone, shown=choice.span.shown)
    found = read_steps(window, *DRAWN, step=choice.span.step)
    times = percentiles_by_step(window, *TIMED[choice.path], step=choice.span.step)
    told = [name for path in _paths(choice) for name in TOLD[path]]
    whole = {**merged(found.values(), *DRAWN), **read(window, *told)}
    is_v3_too = choice.path is not Path.LEGACY
    errors = error_rates(window, step=choice.span.step) if is_v3_too else {}
    return Panels(
        figures=tuple(_figures(choice, whole, _failed(choice, window, errors) if is_v3_too else None)),
        charts=tuple(_charts(choice, axis, found, times, errors)),
        tables=(*_of_phase(choice, window), *_tables(choice, whole)),
    )


def _steps(window: Window, choice: Choice) -> Sequence[datetime]:
    """From the step that holds the start; a window that is no whole steps begins and ends within one."""
    first = floor(window.start, round(choice.span.step.total_seconds()))
    length = window.end - first
    return [first + number * choice.span.step for number in range(-(-length // choice.span.step))]


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
    choice: Choice,
    axis: Axis,
    found: Mapping[datetime, Series],
    times: Times,
    errors: Mapping[datetime, Rate],
) -> list[Chart]:
    charts = [
        _received(axis, found),
        _outcomes(choice, axis, found),
        *([_errors(axis, errors)] if choice.path is not Path.LEGACY else []),
        _runs(choice, axis, times),
    ]
    if choice.path is None:
        charts.append(_timed("waits", "From receipt to outcome", Timing.OUTCOME, axis, times))
    if choice.path is not Path.LEGACY:
        charts.append(_timed("locks", "Lock wait of V3", Timing.LOCK_WAIT, axis, times))
    return charts


def _received(axis: Axis, found: Mapping[datetime, Series]) -> Chart:
    """A count of nothing is 0, while a share of nothing is no data."""
    counts = [float(sum(m.count for m in found[at]["received"].values())) if at in found else 0.0
              for at in axis.steps]  # fmt: skip
    return bars(
        "received", "Bookings received", {"bookings": counts}, axis=axis, scale=COUNT, note="on either path"
    )


def _outcomes(choice: Choice, axis: Axis, found: Mapping[datetime, Series]) -> Chart:
    if choice.phase is not None and choice.path is None:
        sides = {
            f"{NAMES[path]} confirmed": _each(axis, _rates(found, path), lambda rate: rate.confirmation.value)
            for path in Path
        }
        return lines("outcomes", "Confirmed on either path", sides, axis=axis, scale=SHARE, target=CONFIRMED)
    rates = _rates(found, choice.path)
    values = {
        "confirmed": _each(axis, rates, lambda rate: rate.confirmation.value),
        "review": _each(axis, rates, lambda rate: rate.review.value),
    }
    return lines("outcomes", "Confirmed and review", values, axis=axis, scale=SHARE, target=CONFIRMED)


def _rates(found: Mapping[datetime, Series], path: Path | None) -> dict[datetime, OutcomeRates]:
    return {at: outcome_rates(series["outcome"], path=path) for at, series in found.items()}


def _errors(axis: Axis, errors: Mapping[datetime, Rate]) -> Chart:
    values = {"errors": _each(axis, errors, lambda rate: rate.value)}
    return lines(
        "errors", "Bookings with an error of V3", values, axis=axis, scale=SMALL_SHARE, target=FAILED
    )


def _runs(choice: Choice, axis: Axis, times: Times) -> Chart:
    if choice.path is not None:
        return _timed("runs", f"Runs of {NAMES[choice.path]}", RUNS[choice.path], axis, times)
    values = {
        f"{NAMES[path]} p95": _each(axis, times[timing], lambda timed: timed.p95)
        for path, timing in RUNS.items()
    }
    return lines("runs", "Runs", values, axis=axis, scale=MILLISECONDS)


def _timed(key: str, title: str, timing: Timing, axis: Axis, times: Times) -> Chart:
    values = {
        "p95": _each(axis, times[timing], lambda step: step.p95),
        "p50": _each(axis, times[timing], lambda step: step.p50),
    }
    return lines(key, title, values, axis=axis, scale=MILLISECONDS)


def _each(axis: Axis, found: Mapping[datetime, Step], value: Callable[[Step], float | None]) -> Values:
    return [value(found[at]) if at in found else None for at in axis.steps]


def _of_phase(choice: Choice, window: Window) -> list[Table]:
    """The restaurants on V3 in the phase beside those that stayed with legacy (one query)."""
    if choice.phase is None or choice.phase.cohort is None or choice.restaurant is not None:
        return []
    return [cohort_table(by_restaurant(window), frozenset(choice.phase.cohort.restaurants))]


def _tables(choice: Choice, whole: Series) -> list[Table]:
    tables = []
    for path in _paths(choice):
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


def _paths(choice: Choice) -> list[Path]:
    return [choice.path] if choice.path else list(Path)


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
