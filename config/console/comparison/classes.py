"""Classes of comparisons: how each is called, shown and explained."""

from collections.abc import Mapping
from dataclasses import dataclass

from assignments.engine.compare import Comparison
from bookings.display.looks import Look


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassLook:
    """`fill` is its colour in the bar of shares; `meaning` is one sentence."""

    look: Look
    fill: str
    meaning: str


CLASSES: Mapping[Comparison, ClassLook] = {
    Comparison.MATCH: ClassLook(
        look=Look(label="Match", icon="ok", tone="good"), fill="c-match", meaning="The same tables."
    ),
    Comparison.EQUIVALENT: ClassLook(
        look=Look(label="Equivalent", icon="ok", tone="good"),
        fill="c-eq",
        meaning="Other tables, same score.",
    ),
    Comparison.BETTER: ClassLook(
        look=Look(label="Better", icon="spark", tone="good"),
        fill="c-better",
        meaning="V3's tables score higher.",
    ),
    Comparison.V3_ONLY: ClassLook(
        look=Look(label="V3 only", icon="plus", tone="moving"),
        fill="c-v3",
        meaning="V3 found a seating, legacy none.",
    ),
    Comparison.WORSE: ClassLook(
        look=Look(label="Worse", icon="warn", tone="watch"),
        fill="c-worse",
        meaning="V3's tables score lower.",
    ),
    Comparison.LEGACY_ONLY: ClassLook(
        look=Look(label="Legacy only", icon="bad", tone="critical"),
        fill="c-leg",
        meaning="Legacy found a seating, V3 none.",
    ),
    Comparison.BOTH_FAILED: ClassLook(
        look=Look(label="Both failed", icon="minus", tone="line"),
        fill="c-both",
        meaning="Neither found a seating.",
    ),
    Comparison.CANDIDATE_ERROR: ClassLook(
        look=Look(label="V3 error", icon="bad", tone="critical"),
        fill="c-leg",
        meaning="V3's run ended in an error.",
    ),
    Comparison.TIMEOUT: ClassLook(
        look=Look(label="V3 too slow", icon="clock", tone="watch"),
        fill="c-worse",
        meaning="V3 took longer than its budget.",
    ),
    Comparison.UNCLASSIFIED: ClassLook(
        look=Look(label="Unclassified", icon="bad", tone="critical"),
        fill="c-leg",
        meaning="The two answers fit no class.",
    ),
    Comparison.SKIPPED: ClassLook(
        look=Look(label="Skipped", icon="ring", tone="unknown"),
        fill="c-both",
        meaning="V3 was not asked, so that nothing is compared.",
    ),
}
