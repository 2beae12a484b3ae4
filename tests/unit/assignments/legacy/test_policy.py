"""How long the legacy planner goes on."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.engine.reasons import Reason
from assignments.legacy.policy import CUTOFF, MAX_ATTEMPTS, RETRY_DELAYS, give_up_reason, summary_result

NOW = datetime(2027, 3, 5, 12, 0, tzinfo=UTC)
LATER = timedelta(hours=5)


def verdict(cause: Reason = Reason.NO_ASSIGNMENT, *, attempts: int = 1, ahead: timedelta = LATER) -> object:
    return give_up_reason(cause, attempts=attempts, start=NOW + ahead, now=NOW)


def test_the_delays_are_5_15_and_45_seconds_for_four_attempts() -> None:
    assert [delay.total_seconds() for delay in RETRY_DELAYS] == [5, 15, 45]
    assert [verdict(attempts=n) for n in (1, 2, 3, 4)] == [None, None, None, Reason.ATTEMPTS_EXHAUSTED]


def test_attempts_of_another_path_count_and_never_raise() -> None:
    assert verdict(attempts=MAX_ATTEMPTS + 9) == Reason.ATTEMPTS_EXHAUSTED


@given(
    attempts=st.integers(1, MAX_ATTEMPTS - 1),
    ahead=st.timedeltas(min_value=-LATER, max_value=LATER),
    cause=st.sampled_from([Reason.NO_ASSIGNMENT, Reason.ERROR, Reason.ALLOCATION_LOST]),
)
def test_no_retry_is_made_within_ten_minutes_of_the_start(
    attempts: int, ahead: timedelta, cause: Reason
) -> None:
    retried_at = NOW + RETRY_DELAYS[attempts - 1]
    goes_on = verdict(cause, attempts=attempts, ahead=ahead) is None
    assert goes_on == (NOW + ahead - retried_at >= CUTOFF)


@pytest.mark.parametrize("attempts", range(1, 7))
def test_what_kills_its_workers_goes_to_people_at_once(attempts: int) -> None:
    assert verdict(Reason.POISONED, attempts=attempts) == Reason.POISONED


@pytest.mark.parametrize(
    ("verdict", "cause", "result"),
    [
        (Reason.ATTEMPTS_EXHAUSTED, Reason.NO_ASSIGNMENT, "exhausted"),
        (Reason.ATTEMPTS_EXHAUSTED, Reason.ALLOCATION_LOST, "exhausted"),
        (Reason.TOO_CLOSE_TO_START, Reason.NO_ASSIGNMENT, "cutoff"),
        (Reason.ATTEMPTS_EXHAUSTED, Reason.ERROR, "error"),
        (Reason.POISONED, Reason.POISONED, "error"),
    ],
)
def test_the_summary_tells_how_the_loop_ended(verdict: Reason, cause: Reason, result: str) -> None:
    assert summary_result(verdict, cause) == result
