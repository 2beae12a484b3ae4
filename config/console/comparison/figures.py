"""Comparisons of a range in figures: classes with their shares, coverage, noise, and one sentence."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from assignments.engine.compare import Comparison
from assignments.shadow.coverage import coverage
from bookings.display.looks import Look
from config.console.comparison.classes import CLASSES
from observability.metrics import comparison as metrics
from observability.metrics.window import Window
from observability.scope import Scope

#: Share of the bookings decided in shadow mode that has to be compared.
LEAST_COVERAGE = 0.99

AT_LEAST_AS_GOOD = (Comparison.MATCH, Comparison.EQUIVALENT, Comparison.BETTER, Comparison.V3_ONLY)
BROKEN = (Comparison.CANDIDATE_ERROR, Comparison.UNCLASSIFIED, Comparison.TIMEOUT)
_BOTH_SEATED = (Comparison.MATCH, Comparison.EQUIVALENT, Comparison.BETTER, Comparison.WORSE)
_NOT_COMPARED = (Comparison.SKIPPED,)


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """Bookings by class, legacy against itself by class, and how many were to be compared."""

    classes: Mapping[str, int]
    noise: Mapping[str, int]
    eligible: int

    @property
    def compared(self) -> int:
        return sum(n for name, n in self.classes.items() if name not in _NOT_COMPARED)

    def of(self, *classes: Comparison) -> int:
        return sum(self.classes.get(name, 0) for name in classes)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassRow:
    """A class with its share; `x` and `width` place it in the bar. `noise`: legacy against itself."""

    name: str
    look: Look
    fill: str
    meaning: str
    count: int
    share: str
    noise: str
    x: str
    width: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    label: str
    tone: str
    icon: str
    figure: str
    unit: str
    made_of: str
    target: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The range in one sentence, and what to do about it."""

    tone: str
    icon: str
    sentence: str
    advice: str


def counts(*, now: datetime, span: timedelta, scope: Scope, restaurant_id: int | None) -> Counts:
    """From the rollups, or from single rows for those who work at a few restaurants and named none."""
    if restaurant_id is None and scope.restaurants is not None:
        found = coverage(since=now - span, until=now, restaurant_ids=scope.restaurants)
        return Counts(classes=_named(found.classes), noise=_named(found.noise), eligible=found.eligible)
    shadow = metrics.shadow(Window.until(now, span, restaurant_id))
    return Counts(classes=shadow.classes, noise=shadow.noise, eligible=shadow.coverage.denominator)


def class_rows(found: Counts) -> list[ClassRow]:
    """Classes in the order of the bar; those without any count are left out."""
    return list(_placed(found))


def tiles(found: Counts) -> list[Tile]:
    """Coverage, both sides' success on the same bookings, where they differ, and the noise floor."""
    decided = found.of(*_BOTH_SEATED, Comparison.LEGACY_ONLY, Comparison.V3_ONLY, Comparison.BOTH_FAILED)
    both = found.of(*_BOTH_SEATED)
    legacy, v3 = both + found.of(Comparison.LEGACY_ONLY), both + found.of(Comparison.V3_ONLY)
    noisy = sum(n for name, n in found.noise.items() if name not in ("match", "both_failed"))
    covered = _share(found.compared, found.eligible)
    return [
        _tile(
            "Coverage", found.compared, found.eligible, "at least 99 %", _at_least(covered, LEAST_COVERAGE)
        ),
        _tile("Seated by legacy", legacy, decided, "the same bookings", "unknown"),
        _tile(
            "Seated by V3", v3, decided, "not below legacy", _at_least(v3, legacy) if decided else "unknown"
        ),
        _tile(
            "V3 broken", found.of(*BROKEN), found.compared, "none", _none(found.of(*BROKEN), found.compared)
        ),
        _tile("Noise floor", noisy, sum(found.noise.values()), "legacy against itself", "unknown"),
    ]


def verdict(found: Counts) -> Verdict:
    """What the range says, the gravest thing first."""
    if not found.compared:
        return Verdict(
            tone="unknown",
            icon="ring",
            sentence="Nothing was compared in this range.",
            advice="Comparisons are made where legacy decides and shadow is on: see the flags.",
        )
    good, judged = found.of(*AT_LEAST_AS_GOOD), found.compared - found.of(Comparison.BOTH_FAILED)
    sentence = (
        f"V3 does as well as legacy or better for {good:,} of {judged:,} bookings that could be seated."
    )
    if broken := found.of(*BROKEN):
        return Verdict(
            tone="critical",
            icon="bad",
            sentence=f"V3 broke on {broken:,} of {found.compared:,} bookings.",
            advice="Errors, time-outs and unclassified answers block a rollout: open them below.",
        )
    if lost := found.of(Comparison.LEGACY_ONLY):
        return Verdict(
            tone="watch",
            icon="warn",
            sentence=sentence,
            advice=f"{lost:,} would have lost their table: open the class “legacy only” for why.",
        )
    return Verdict(tone="good", icon="ok", sentence=sentence, advice="No booking would have lost its table.")


def _named(classes: Mapping[Comparison, int]) -> dict[str, int]:
    return {name.value: count for name, count in classes.items()}


def _placed(found: Counts) -> Iterator[ClassRow]:
    total = sum(found.classes.values())
    compared_noise = sum(found.noise.values())
    x = 0.0
    for name, told in CLASSES.items():
        count = found.classes.get(name, 0)
        if not count:
            continue
        width = 100 * count / total
        noise = found.noise.get(name, 0)
        yield ClassRow(
            name=name.value,
            look=told.look,
            fill=told.fill,
            meaning=told.meaning,
            count=count,
            share=_percent(count, total),
            noise=_percent(noise, compared_noise) if compared_noise else "",
            x=f"{x:.2f}%",
            width=f"{width:.2f}%",
        )
        x += width


def _tile(label: str, part: int, whole: int, target: str, tone: str) -> Tile:
    icons = {"good": "ok", "watch": "warn", "critical": "bad", "unknown": "ring"}
    return Tile(
        label=label,
        tone=tone,
        icon=icons[tone],
        figure=f"{100 * part / whole:.1f}" if whole else "None",
        unit="%" if whole else "yet",
        made_of=f"{part:,} / {whole:,}",
        target=target,
    )


def _at_least(value: float | None, least: float) -> str:
    if value is None:
        return "unknown"
    return "good" if value >= least else "watch"


def _none(count: int, whole: int) -> str:
    return "critical" if count else "good" if whole else "unknown"


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"
