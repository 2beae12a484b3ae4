"""Compares one booking that legacy decided with what V3 makes of the same facts.

Called after the booking's lock is released and its final commit is done. Nothing that goes wrong
here reaches the booking: it keeps what legacy gave it.
"""

from datetime import datetime, timedelta

from django.db import transaction

from assignments.engine.compare import Answer, Comparison, Ending, answer_of, classify
from assignments.engine.decide import decide
from assignments.engine.plans import Decision
from assignments.engine.policies import Decide
from assignments.engine.policies import legacy as quote
from assignments.engine.reasons import Reason
from assignments.legacy import Deciding
from assignments.records import log_error
from assignments.shadow.fence import write_fence
from assignments.shadow.rows import Compared, insert, records_of, row_of
from assignments.shadow.trial import BUDGET, Trial, try_candidate
from observability import events

#: Legacy failures that tell nothing about its plan on these facts.
_NO_ANSWER = frozenset({Reason.ERROR, Reason.ALLOCATION_LOST, Reason.POISONED})


def compare(
    *, deciding: Deciding, now: datetime, candidate: Decide = decide, budget: timedelta = BUDGET
) -> Comparison | None:
    """Have the candidate plan on the deciding attempt's facts and store the comparison; return its class.

    None if the booking has a comparison already, or if something went wrong on the way; then the
    booking's settling task closes it as skipped. Never raises for what the candidate or the database does.
    """
    try:
        with write_fence():
            compared = _compared(deciding, candidate, budget)
            return compared.comparison if _store(compared, now) else None
    except Exception as error:  # noqa: BLE001 - the booking is decided; its comparison must not cost it
        log_error(error, f"the shadow run of booking {deciding.position.booking_id}")
        return None


def _compared(deciding: Deciding, candidate: Decide, budget: timedelta) -> Compared:
    trial = _trial(deciding, candidate, budget)
    legacy = _legacy_answer(deciding)
    subject = f"the shadow run of booking {deciding.position.booking_id}"
    return Compared(
        deciding=deciding,
        trial=trial,
        comparison=classify(legacy=legacy, v3=trial.answer),
        noise=_noise(deciding, legacy),
        error_id=log_error(trial.error, subject) if trial.error else None,
    )


def _trial(deciding: Deciding, candidate: Decide, budget: timedelta) -> Trial:
    if deciding.refused:
        # The house's rule comes before any planner, so V3's answer to it is the same.
        return Trial(ending=Ending.UNSEATED, decision=Decision(reason=deciding.reason, rung="rules"))
    if deciding.frozen is None:
        return Trial(ending=Ending.NOT_RUN, detail="legacy had no facts")
    return try_candidate(candidate, deciding.frozen, budget)


def _legacy_answer(deciding: Deciding) -> Answer:
    if deciding.reason in _NO_ANSWER:
        return Answer(ending=Ending.ERROR)
    return answer_of(deciding.plan)


def _noise(deciding: Deciding, legacy: Answer) -> Comparison | None:
    """Legacy asked once more: what differs here differs for no reason of V3's."""
    if deciding.frozen is None:
        return None
    again = quote(deciding.frozen.facts, deciding.frozen.request)
    return classify(legacy=legacy, v3=answer_of(again.plan))


def _store(compared: Compared, now: datetime) -> bool:
    with transaction.atomic(durable=True):
        if not insert(row_of(compared, now)):
            return False
        events.record(records_of(compared, now))
    return True
