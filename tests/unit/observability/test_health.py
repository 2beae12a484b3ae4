"""The verdict follows the success criteria to the booking."""

import pytest

from observability.health import Figures, Level, judge
from observability.metrics.rates import Rate


def figures(confirmed: int, reviewed: int, *, errors: int = 0, stuck: int = 0) -> Figures:
    of = confirmed + reviewed
    return Figures(
        confirmation=Rate(numerator=confirmed, denominator=of),
        review=Rate(numerator=reviewed, denominator=of),
        errors=errors,
        stuck=stuck,
    )


@pytest.mark.parametrize(
    ("judged", "level", "sentence"),
    [
        (
            figures(95, 5),
            Level.HEALTHY,
            "HEALTHY: 95.0 % confirmed (95 of 100), 5.0 % in review (5 of 100), nothing stuck, no errors.",
        ),
        (figures(949, 51), Level.WARNING, "WARNING: 94.9 % confirmed (949 of 1000)."),
        (figures(1899, 101), Level.WARNING, "WARNING: 94.9 % confirmed (1899 of 2000)."),
        (
            figures(90, 10),
            Level.WARNING,
            "WARNING: 90.0 % confirmed (90 of 100), 10.0 % in review (10 of 100).",
        ),
        (
            figures(899, 101),
            Level.CRITICAL,
            "CRITICAL: 89.9 % confirmed (899 of 1000), 10.1 % in review (101 of 1000).",
        ),
        (figures(100, 0, errors=1), Level.WARNING, "WARNING: 1 error."),
        (figures(100, 0, errors=10), Level.WARNING, "WARNING: 10 errors."),
        (figures(100, 0, errors=11, stuck=2), Level.CRITICAL, "CRITICAL: 11 errors, 2 stuck."),
        (figures(0, 0, stuck=1), Level.WARNING, "WARNING: no booking was decided, 1 stuck."),
        (figures(0, 0), Level.NO_DATA, "NO DATA: no booking was decided, none is stuck."),
    ],
)
def test_each_level_with_its_reasons(judged: Figures, level: Level, sentence: str) -> None:
    assert (judge(judged).level, judge(judged).sentence) == (level, sentence)
