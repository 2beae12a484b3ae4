"""Claims: one person at a time, by a lease; whoever asks too late is told who was faster."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from assignments.models import NowFit, ReviewCase
from assignments.review import claims
from assignments.review.claims import CaseClosedError, NotClaimedError
from assignments.review.queue import open_cases
from bookings.cancellation import cancel
from bookings.models import Booking
from observability.models import Event
from observability.scope import Scope
from tests.factories import NOW, dinner, serving_restaurant
from tests.integration.assignments.review.scenes import agent, case_of, claimed, let_claim_expire, placed
from tests.processes import in_parallel

pytestmark = pytest.mark.django_db

EVERYTHING = Scope(restaurants=None)


@pytest.fixture
def waiting() -> Booking:
    """A booking in review: its party is larger than the house."""
    return placed(serving_restaurant(2), party_size=6)


def test_a_case_opens_with_the_transition_into_review_and_closes_with_the_one_out(waiting: Booking) -> None:
    case = case_of(waiting)
    assert (case.opened_version, case.reason) == (waiting.assignment_state_version, "party_too_large")
    cancel(booking_id=waiting.pk, now=NOW)
    case.refresh_from_db()
    assert (case.closed_at, case.closed_to, case.closed_by) == (NOW, "cancelled", None)


def test_nobody_claims_what_somebody_works_on(waiting: Booking) -> None:
    ada, ben = agent("ada"), agent("ben")
    case = claimed(waiting, ada)
    assert case.owner == ada
    with pytest.raises(NotClaimedError, match="ada works on"):
        claims.claim(case_id=case.pk, user=ben, now=NOW)
    assert claims.claim(case_id=case.pk, user=ada, now=NOW).owner == ada


def test_a_claim_that_is_not_kept_up_runs_out(waiting: Booking) -> None:
    ada, ben = agent("ada"), agent("ben")
    case = claimed(waiting, ada)
    let_claim_expire(case)
    assert claims.claim(case_id=case.pk, user=ben, now=NOW).owner == ben
    assert not claims.keep(case_id=case.pk, user=ada)
    assert claims.keep(case_id=case.pk, user=ben)


def test_who_takes_over_is_told_of_and_the_other_loses_the_claim(waiting: Booking) -> None:
    ada, ben = agent("ada"), agent("ben")
    case = claimed(waiting, ada)
    claims.take_over(case_id=case.pk, user=ben, now=NOW)
    assert Event.objects.filter(event_type="case.taken_over").count() == 1
    with pytest.raises(NotClaimedError, match="ben works on"):
        claims.locked_and_owned(case_id=case.pk, user=ada)


def test_a_released_case_is_anybodys(waiting: Booking) -> None:
    ada, ben = agent("ada"), agent("ben")
    case = claimed(waiting, ada)
    claims.release(case_id=case.pk, user=ben, now=NOW)
    assert case_of(waiting).owner == ada, "only one's own"
    claims.release(case_id=case.pk, user=ada, now=NOW)
    assert case_of(waiting).owner is None


def test_a_closed_case_says_what_became_of_it(waiting: Booking) -> None:
    case, ada = case_of(waiting), agent("ada")
    cancel(booking_id=waiting.pk, now=NOW, actor_id=ada.pk)
    for act in (claims.claim, claims.take_over):
        with pytest.raises(CaseClosedError, match="became cancelled by ada"):
            act(case_id=case.pk, user=ada, now=NOW)


def test_next_is_the_most_pressing_that_nobody_has_and_within_the_scope() -> None:
    restaurant, other = serving_restaurant(2), serving_restaurant(2)
    later = placed(restaurant, party_size=6, start=dinner(18))
    sooner = placed(restaurant, party_size=6, start=dinner(20))
    elsewhere = placed(other, party_size=6, start=dinner(19))
    for booking, minutes in ((sooner, 10), (elsewhere, 20)):
        ReviewCase.objects.filter(booking=booking).update(opened_at=NOW - timedelta(minutes=minutes))
    scope = Scope(restaurants=frozenset({restaurant.pk}))
    ada, ben = agent("ada"), agent("ben")
    first = claims.claim_next(user=ada, scope=scope, now=NOW)
    second = claims.claim_next(user=ben, scope=scope, now=NOW)
    assert first
    assert second
    assert (first.booking, second.booking) == (sooner, later)
    assert claims.claim_next(user=ada, scope=scope, now=NOW) is None


def test_next_is_the_first_of_the_queue_who_fits_by_now_before_who_is_due() -> None:
    restaurant = serving_restaurant(2)
    due, fits = (placed(restaurant, party_size=6, start=dinner(hour)) for hour in (18, 20))
    ReviewCase.objects.filter(booking=due).update(opened_at=NOW - timedelta(minutes=20))
    NowFit.objects.create(booking=fits, tables=[1], strategy="single", found_at=NOW)
    ada = agent("ada")
    queue = list(open_cases(scope=EVERYTHING))
    taken = [claims.claim_next(user=ada, scope=EVERYTHING, now=NOW) for _ in queue]
    assert taken == queue == [case_of(fits), case_of(due)]


def test_people_at_a_case_see_each_other_until_they_leave(waiting: Booking) -> None:
    ada, ben = agent("ada"), agent("ben")
    case = case_of(waiting)
    assert claims.be_present(case_id=case.pk, user=ada) == []
    assert claims.be_present(case_id=case.pk, user=ben) == [ada]
    case.presence.filter(user=ada).update(seen_at=NOW - timedelta(days=365))
    assert claims.be_present(case_id=case.pk, user=ben) == []


def _claim_next(user_id: int) -> int | None:
    case = claims.claim_next(user=User.objects.get(pk=user_id), scope=EVERYTHING, now=NOW)
    return case.pk if case else None


def test_people_who_ask_at_once_get_different_cases(committed_db: None) -> None:
    restaurant = serving_restaurant(2)
    for hour in (18, 19, 20):
        placed(restaurant, party_size=6, start=dinner(hour))
    people = [agent(f"person-{number}").pk for number in range(4)]
    taken = in_parallel(_claim_next, [(pk,) for pk in people])
    got = [case for case in taken if case is not None]
    assert len(got) == len(set(got)) == 3
    assert ReviewCase.objects.filter(owner__isnull=False).count() == 3
