"""Many cases at once: each in a transaction of its own, with an outcome of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.contrib.auth.models import User

from assignments.models import ReviewCase
from assignments.review import claims, resolutions, waiting
from assignments.review.claims import CaseError
from observability.scope import Scope

Action = Literal["claim", "requeue", "snooze", "reject"]

#: Most cases in one go: beyond it nobody reads the preview.
MOST = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one case; `refusal` says why nothing did."""

    case: ReviewCase
    refusal: str = ""

    @property
    def is_done(self) -> bool:
        return not self.refusal


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What to do with each case. Snoozing takes `snooze_for` and a reason."""

    action: Action
    user: User
    now: datetime
    snooze_for: timedelta = timedelta(minutes=15)
    reason: str = ""


def chosen(case_ids: Sequence[int], *, scope: Scope) -> list[ReviewCase]:
    """The cases meant, of the scope only, in the order of their bookings' start.

    Raises CaseError for more than anybody would look through.
    """
    if len(case_ids) > MOST:
        raise CaseError(f"{len(case_ids)} cases are too many at once; tick at most {MOST}.")
    rows = scope.narrow(ReviewCase.objects.filter(pk__in=case_ids), "booking__restaurant")
    return list(rows.select_related("booking__restaurant", "owner").order_by("booking__start_at", "pk"))


def carry_out(order: Order, cases: Sequence[ReviewCase]) -> list[Outcome]:
    """Do it to each case; what one is refused does not keep the others from it."""
    return [_outcome(case, order) for case in cases]


def _outcome(case: ReviewCase, order: Order) -> Outcome:
    try:
        _ACTIONS[order.action](case, order)
    except CaseError as refusal:
        return Outcome(case=case, refusal=str(refusal))
    return Outcome(case=case)


def _claim(case: ReviewCase, order: Order) -> None:
    claims.claim(case_id=case.pk, user=order.user, now=order.now)


def _requeue(case: ReviewCase, order: Order) -> None:
    _claim(case, order)
    resolutions.requeue(case_id=case.pk, user=order.user, now=order.now)


def _reject(case: ReviewCase, order: Order) -> None:
    _claim(case, order)
    resolutions.reject(case_id=case.pk, user=order.user, now=order.now)


def _snooze(case: ReviewCase, order: Order) -> None:
    """Where it is refused, a claim that was taken for it is given back, and one that was there is kept."""
    was_theirs = case.owner_id == order.user.pk
    _claim(case, order)
    try:
        waiting.snooze(
            case_id=case.pk,
            user=order.user,
            until=order.now + order.snooze_for,
            reason=order.reason,
            now=order.now,
        )
    except CaseError:
        if not was_theirs:
            claims.release(case_id=case.pk, user=order.user, now=order.now)
        raise


_ACTIONS: dict[Action, Callable[[ReviewCase, Order], None]] = {
    "claim": _claim,
    "requeue": _requeue,
    "snooze": _snooze,
    "reject": _reject,
}
