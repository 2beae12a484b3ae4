"""Runs the candidate on frozen facts: in a read-only transaction, and for no longer than its budget.

It runs on a thread of its own with a connection of its own. A candidate that overstays is left
behind, where it can write nothing; until it ends no other is started in this process, so that
however slow V3 gets, legacy keeps its workers.
"""

import threading
import time
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection

from assignments.engine.compare import Answer, Ending, answer_of
from assignments.engine.plans import Decision
from assignments.engine.policies import Decide
from assignments.legacy import Frozen
from assignments.read_only import read_only

#: The ladder's slowest rung has a limit of its own; this one is for what nobody foresaw.
BUDGET = timedelta(seconds=2)

_one_at_a_time = threading.Lock()


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """How the candidate's run ended, after how long, and in `detail` why there is no decision."""

    ending: Ending
    decision: Decision | None = None
    error: Exception | None = None
    detail: str | None = None
    duration_ms: float | None = None

    @property
    def answer(self) -> Answer:
        return answer_of(self.decision.plan) if self.decision else Answer(ending=self.ending)


def try_candidate(candidate: Decide, frozen: Frozen, budget: timedelta) -> Trial:
    """The candidate's decision on the frozen facts, or why there is none; never raises for it."""
    if not _one_at_a_time.acquire(blocking=False):
        return Trial(ending=Ending.NOT_RUN, detail="an earlier candidate is still running")
    ended: list[Trial] = []
    thread = threading.Thread(
        target=_run, args=(candidate, frozen, ended), name="shadow candidate", daemon=True
    )
    try:
        thread.start()
    except BaseException:
        _one_at_a_time.release()
        raise
    thread.join(budget.total_seconds())
    if ended:
        return ended[0]
    if thread.is_alive():
        milliseconds = budget.total_seconds() * 1000
        return Trial(ending=Ending.TIMEOUT, detail=f"over {milliseconds:.0f} ms", duration_ms=milliseconds)
    return Trial(ending=Ending.ERROR, detail="the candidate ended its thread")


def _run(candidate: Decide, frozen: Frozen, ended: list[Trial]) -> None:
    try:
        ended.append(_planned(candidate, frozen))
    except Exception as error:  # noqa: BLE001 - the database is away: that is not the candidate's fault
        ended.append(Trial(ending=Ending.NOT_RUN, error=error, detail=type(error).__name__))
    finally:
        connection.close()
        _one_at_a_time.release()


def _planned(candidate: Decide, frozen: Frozen) -> Trial:
    with read_only():
        began = time.perf_counter()
        try:
            decision = candidate(frozen.facts, frozen.request)
        except Exception as error:  # noqa: BLE001 - whatever V3 does wrong is a result
            return Trial(
                ending=Ending.ERROR, error=error, detail=type(error).__name__, duration_ms=_since(began)
            )
        ending = Ending.SEATED if decision.plan else Ending.UNSEATED
        return Trial(ending=ending, decision=decision, duration_ms=_since(began))


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)
