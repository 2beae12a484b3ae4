"""When a look is due, and what it may spend."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from assignments.engine.gates.looks import SINGLE_LOOK, Look, look_at, next_due

REACHED = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_no_look_is_due_before_the_minimum_is_reached() -> None:
    assert next_due(reached_at=None, taken=[]) is None
    assert look_at(reached_at=None, taken=[], now=REACHED) == Look(number=1, open=False)


def test_the_first_look_is_due_when_the_minimum_is_reached_and_then_one_a_day() -> None:
    assert look_at(reached_at=REACHED, taken=[], now=REACHED) == Look(number=1, open=True)
    taken = [REACHED + HOUR]
    assert look_at(reached_at=REACHED, taken=taken, now=REACHED + 23 * HOUR) == Look(number=2, open=False)
    assert look_at(reached_at=REACHED, taken=taken, now=REACHED + 24 * HOUR) == Look(number=2, open=True)


def test_a_look_nobody_took_is_not_made_up_for_and_spends_nothing() -> None:
    taken = [REACHED]
    assert look_at(reached_at=REACHED, taken=taken, now=REACHED + 80 * HOUR) == Look(number=2, open=True)
    taken.append(REACHED + 80 * HOUR)
    assert next_due(reached_at=REACHED, taken=taken) == REACHED + 96 * HOUR


def test_all_looks_together_spend_alpha_and_no_more() -> None:
    spent = sum(Look(number=number, open=True).share for number in range(1, 1001))
    assert spent == 1 - Fraction(1, 1001)
    assert sum(Look(number=number, open=True, planned=7).share for number in range(1, 8)) == 1
    assert SINGLE_LOOK.share == 1


@pytest.mark.parametrize(("number", "planned"), [(0, None), (3, 2)])
def test_a_look_outside_its_schedule_is_refused(number: int, planned: int | None) -> None:
    with pytest.raises(ValueError, match=f"Look {number}"):
        Look(number=number, open=True, planned=planned)
