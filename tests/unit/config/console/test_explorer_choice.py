"""Which part of a phase the explorer shows: whole steps within it, or all of it where it is short."""

from datetime import UTC, datetime, timedelta

import pytest

from assignments.models import Phase
from config.console.explorer.choice import Choice, span_of

NOON = datetime(2027, 3, 5, 12, 0, tzinfo=UTC)
ODD = timedelta(minutes=13, seconds=7)


def shown(
    entered_at: datetime, left_at: datetime | None, now: datetime
) -> tuple[datetime, datetime, timedelta]:
    phase = Phase(number=2, key="production_50", entered_at=entered_at, left_at=left_at)
    span = span_of(phase, now)
    window = Choice(span=span, restaurant=None, path=None, phase=phase).window(now)
    return window.start, window.end, span.step


@pytest.mark.parametrize(
    ("lasted", "start", "end", "step"),
    [
        (
            timedelta(days=7),
            NOON + timedelta(hours=12),
            NOON + timedelta(days=6, hours=12),
            timedelta(days=1),
        ),
        (timedelta(hours=30), NOON + timedelta(hours=1), NOON + timedelta(hours=30), timedelta(hours=1)),
        (timedelta(hours=2), NOON + ODD, NOON + timedelta(hours=2) + ODD, timedelta(minutes=5)),
        (timedelta(0), NOON + ODD, NOON + ODD + timedelta(microseconds=1), timedelta(minutes=5)),
    ],
)
def test_of_a_phase_that_was_left_the_whole_steps_within(
    lasted: timedelta, start: datetime, end: datetime, step: timedelta
) -> None:
    entered = NOON + ODD
    assert shown(entered, entered + lasted, NOON + timedelta(days=90)) == (start, end, step)


def test_of_one_under_way_the_last_step_has_begun() -> None:
    now = NOON + timedelta(hours=26) + ODD
    assert shown(NOON + ODD, None, now) == (
        NOON + timedelta(hours=1),
        NOON + timedelta(hours=27),
        timedelta(hours=1),
    )
