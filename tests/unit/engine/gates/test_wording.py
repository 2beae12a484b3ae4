"""Figures as people read them."""

from fractions import Fraction

import pytest

from assignments.engine.gates.wording import bookings, duration, figure, part, percent, points


@pytest.mark.parametrize(
    ("value", "text"),
    [("1204/1243", "96.86"), ("95", "95"), ("1200", "1,200"), ("0", "0"), ("-5/4", "-1.25"), ("100", "100")],
)
def test_a_figure_has_two_digits_at_most(value: str, text: str) -> None:
    assert figure(Fraction(value) * (100 if "/1243" in value else 1)) == text


def test_a_bound_never_reads_as_the_threshold_it_misses() -> None:
    threshold = Fraction("0.01")
    assert percent(Fraction("0.010002"), unlike=threshold) == "1.0002 %"
    assert percent(Fraction("0.009998"), unlike=threshold) == "0.9998 %"
    assert percent(threshold, unlike=threshold) == "1 %"
    assert percent(Fraction("0.011583"), unlike=threshold) == "1.16 %"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(42, "42 s"), (300, "5 min"), (301, "5 min 1 s"), (63_720, "17 h 42 min"), (604_800, "168 h")],
)
def test_a_duration_has_two_units_at_most(seconds: int, text: str) -> None:
    assert duration(seconds) == text


def test_counts_and_differences_read_as_words() -> None:
    assert part(1204, 1243) == "1,204 of 1,243"
    assert (bookings(1), bookings(1198)) == ("1 more clean booking", "1,198 more clean bookings")
    assert [points(Fraction(text)) for text in ("0.0436", "-0.05", "0")] == [
        "+4.36 points", "-5 points", "0 points",
    ]  # fmt: skip
