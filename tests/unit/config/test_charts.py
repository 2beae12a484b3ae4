"""Charts: where lines and bars run, where they break, and the table that says the same."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from config.console.charts.chart import Axis, Scale, Target, Values, bars, lines

NOON = datetime(2027, 3, 5, 12, tzinfo=UTC)
SHARE = Scale(shown="{:.1%}", least_top=1.0)
COUNT = Scale(shown="{:,.0f}", least_top=4)


def axis(count: int) -> Axis:
    return Axis(steps=[NOON + number * timedelta(hours=1) for number in range(count)], zone=UTC)


def test_a_line_runs_from_left_to_right_and_up() -> None:
    drawn = lines(
        "k", "K", {"a": [0.0, 0.5, 1.0]}, axis=axis(3), scale=SHARE, target=Target(value=0.75, label="t")
    )
    assert drawn.lines[0].parts == ("0.0,100.0 50.0,50.0 100.0,0.0",)
    assert (drawn.target, drawn.target_label, drawn.top) == ("25.0", "t", "100.0 %")


def test_nothing_measured_is_a_gap_and_not_a_zero() -> None:
    drawn = lines("k", "K", {"a": [1.0, 1.0, None, 0.0, None]}, axis=axis(5), scale=SHARE)
    assert drawn.lines[0].parts == ("0.0,0.0 25.0,0.0", "74.4,100.0 75.6,100.0")
    assert [said for _, (said,) in drawn.rows] == ["100.0 %", "100.0 %", "no data", "0.0 %", "no data"]


def test_a_chart_without_any_value_is_empty_and_one_of_zeros_is_not() -> None:
    assert lines("k", "K", {"a": [None, None]}, axis=axis(2), scale=SHARE).is_empty
    assert not bars("k", "K", {"a": [0.0, 0.0]}, axis=axis(2), scale=COUNT).is_empty


def test_a_bar_stands_on_the_bottom_and_nothing_stands_for_zero() -> None:
    drawn = bars("k", "K", {"a": [2.0, 0.0]}, axis=axis(2), scale=COUNT)
    (bar,) = drawn.lines[0].bars
    assert (bar.x, bar.y, bar.width, bar.height) == ("5.0", "50.0", "40.0", "50.0")


def test_times_are_those_of_the_zone() -> None:
    here = Axis(steps=[NOON], zone=ZoneInfo("Asia/Tokyo"))
    drawn = lines("k", "K", {"a": [0.5], "b": [None]}, axis=here, scale=SHARE)
    assert drawn.rows == (("05 Mar 21:00", ("50.0 %", "no data")),)
    assert (drawn.first, drawn.last) == ("05 Mar 21:00", "05 Mar 21:00")


@given(st.lists(st.none() | st.floats(0, 1e9), min_size=1, max_size=40))
def test_whatever_the_values_are_the_drawing_stays_in_its_box(values: Values) -> None:
    drawn = lines("k", "K", {"a": values}, axis=axis(len(values)), scale=COUNT).lines[0]
    points = [point for part in drawn.parts for point in part.split()]
    assert all(0 <= float(number) <= 100 for point in points for number in point.split(","))
    assert len(drawn.parts) <= sum(value is not None for value in values)
    blocks = bars("k", "K", {"a": values}, axis=axis(len(values)), scale=COUNT).lines[0].bars
    assert all(float(bar.x) + float(bar.width) <= 100.1 and float(bar.y) >= 0 for bar in blocks)
