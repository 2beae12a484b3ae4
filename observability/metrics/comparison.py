"""Legacy against V3: paths side by side, and shadow runs booking by booking."""

from collections.abc import Mapping
from dataclasses import dataclass

from observability.metrics.latency import Percentiles, Timing, of_bins
from observability.metrics.rates import OutcomeRates, Rate, outcome_rates
from observability.metrics.series import Labels, read
from observability.metrics.volumes import counts
from observability.metrics.window import Window


@dataclass(frozen=True, kw_only=True, slots=True)
class PathFigures:
    """One path's outcomes, the time of its deciding runs, and from receipt to outcome (mean, ms)."""

    outcomes: OutcomeRates
    run_ms: Percentiles
    mean_wait_ms: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Paths:
    """Both paths over the same window. They had different bookings, so that only rates compare."""

    legacy: PathFigures
    v3: PathFigures


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairs:
    """The same bookings on both paths, by what each made of them."""

    both_confirmed: int
    only_legacy: int
    only_v3: int
    neither: int

    @property
    def legacy(self) -> Rate:
        return Rate(numerator=self.both_confirmed + self.only_legacy, denominator=self.total)

    @property
    def v3(self) -> Rate:
        return Rate(numerator=self.both_confirmed + self.only_v3, denominator=self.total)

    @property
    def total(self) -> int:
        return self.both_confirmed + self.only_legacy + self.only_v3 + self.neither


@dataclass(frozen=True, kw_only=True, slots=True)
class Shadow:
    """Shadow runs of a window: comparisons by class, legacy against itself, pairs and coverage.

    Coverage is comparisons (skipped ones are none) of bookings that legacy decided in shadow mode.
    """

    classes: Mapping[str, int]
    noise: Mapping[str, int]
    pairs: Pairs
    coverage: Rate
    run_ms: Percentiles


def paths(window: Window) -> Paths:
    found = read(window, "outcome", Timing.RUN.value, Timing.LEGACY_RUN.value)
    return Paths(
        legacy=_figures(found["outcome"], "legacy", found[Timing.LEGACY_RUN.value]),
        v3=_figures(found["outcome"], "v3", found[Timing.RUN.value]),
    )


def shadow(window: Window) -> Shadow:
    found = read(window, "shadow", "shadow_noise", "shadow_pair", "legacy", Timing.SHADOW_RUN.value)
    classes = counts(found["shadow"])
    pairs = counts(found["shadow_pair"])
    eligible = sum(m.count for label, m in found["legacy"].items() if label.startswith("shadow>"))
    return Shadow(
        classes=classes,
        noise=counts(found["shadow_noise"]),
        pairs=Pairs(
            both_confirmed=pairs.get("confirmed>confirmed", 0),
            only_legacy=pairs.get("confirmed>review", 0),
            only_v3=pairs.get("review>confirmed", 0),
            neither=pairs.get("review>review", 0),
        ),
        coverage=Rate(numerator=sum(classes.values()) - classes.get("skipped", 0), denominator=eligible),
        run_ms=of_bins(found[Timing.SHADOW_RUN.value]),
    )


def _figures(outcomes: Labels, path: str, runs: Labels) -> PathFigures:
    own = [measure for label, measure in outcomes.items() if label.startswith(f"{path}>")]
    count = sum(measure.count for measure in own)
    return PathFigures(
        outcomes=outcome_rates(outcomes, path=path),
        run_ms=of_bins(runs),
        mean_wait_ms=sum(measure.total for measure in own) / count if count else None,
    )
