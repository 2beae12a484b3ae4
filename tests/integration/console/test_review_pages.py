"""The review pages: who sees what, what each click does, and what it costs to show them."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assignments.models import CaseNote, QueueView, Resolution, ReviewCase
from assignments.review import best_fixes, claims, resolutions
from assignments.review.fixes import fixes_for
from bookings import state_machine
from bookings.models import Booking, Restaurant, StaffRestaurant
from bookings.state_machine import Step
from bookings.states import State
from config.roles import OPS_AGENT, OPS_LEAD, VIEWER
from tests.factories import receive, serving_restaurant
from tests.integration.assignments.review.scenes import let_window_pass

pytestmark = pytest.mark.django_db

QUEUE = "/review/"


def tomorrow(hour: int = 19) -> object:
    day = timezone.now() + timedelta(days=1)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


def waiting(restaurant: Restaurant, *, hour: int = 19) -> ReviewCase:
    """An open case of a booking that would fit."""
    booking = receive(restaurant, now=timezone.now(), start=tomorrow(hour), guest_email="guest@example.org")
    state_machine.move(
        position=state_machine.position_of(booking),
        steps=[Step(to=State.MANUAL_REVIEW, reason="attempts_exhausted")],
        at=timezone.now(),
    )
    return ReviewCase.objects.get(booking=booking)


def person(group: str, name: str, *restaurants: Restaurant) -> User:
    user = User.objects.create(username=name, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    for restaurant in restaurants:
        StaffRestaurant.objects.create(user=user, restaurant=restaurant)
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def house() -> Restaurant:
    return serving_restaurant(2, 2)


@pytest.fixture
def ada(house: Restaurant) -> User:
    return person(OPS_AGENT, "ada", house)


def case_url(case: ReviewCase, step: str = "case") -> str:
    return reverse(f"admin:review_{step}", args=[case.pk])


def best_key(case: ReviewCase) -> str:
    return fixes_for(booking=case.booking, now=timezone.now())[0].key


def test_the_queue_shows_cases_with_their_best_fix(house: Restaurant, ada: User) -> None:
    case = waiting(house)
    best_fixes.find_fixes(case_id=case.pk, now=timezone.now())
    page = signed_in(ada).get(QUEUE).content.decode()
    assert case.booking.reference in page
    assert "Keep 19:00 at T" in page
    assert "All attempts failed" in page


def test_one_click_in_the_queue_seats_the_party_and_offers_undo(house: Restaurant, ada: User) -> None:
    case, client = waiting(house), signed_in(ada)
    answer = client.post(case_url(case, "quick_fix"), {"key": best_key(case)}, follow=True)
    case.booking.refresh_from_db()
    assert case.booking.assignment_state == State.CONFIRMED
    assert "Confirmation mail goes out" in answer.content.decode()
    undo = reverse("admin:review_undo", args=[Resolution.objects.get().pk])
    answer = client.post(undo, follow=True)
    case.booking.refresh_from_db()
    assert case.booking.assignment_state == State.MANUAL_REVIEW
    assert "No mail was sent" in answer.content.decode()


def test_opening_a_case_claims_it_and_another_person_sees_whose_it_is(house: Restaurant, ada: User) -> None:
    case = waiting(house)
    signed_in(ada).get(case_url(case))
    case.refresh_from_db()
    assert case.owner == ada
    ben = person(OPS_AGENT, "ben", house)
    page = signed_in(ben).get(case_url(case)).content.decode()
    assert "works on this case" in page
    assert "Use this fix" not in page
    signed_in(ben).post(case_url(case, "take_over"))
    case.refresh_from_db()
    assert case.owner == ben


def test_looking_as_a_viewer_claims_nothing_and_offers_nothing(house: Restaurant) -> None:
    case = waiting(house)
    client = signed_in(person(VIEWER, "vera", house))
    page = client.get(case_url(case)).content.decode()
    case.refresh_from_db()
    assert case.owner is None
    assert "Use this fix" not in page
    for step in ("fix", "requeue", "reject", "snooze", "note", "take_over", "quick_fix"):
        assert client.post(case_url(case, step)).status_code == 403, step


def test_a_resolution_keeps_the_note_and_leads_to_the_next_case(house: Restaurant, ada: User) -> None:
    first, second = waiting(house), waiting(house, hour=21)
    client = signed_in(ada)
    client.get(case_url(first))
    answer = client.post(case_url(first, "fix"), {"key": best_key(first), "note": "Called back."})
    assert answer.headers["Location"] == case_url(second)
    assert CaseNote.objects.get().text == "Called back."


def test_a_fix_that_is_gone_answers_409_with_the_note_and_the_present_fixes(
    house: Restaurant, ada: User
) -> None:
    case, client = waiting(house), signed_in(ada)
    client.get(case_url(case))
    answer = client.post(case_url(case, "fix"), {"key": "0" * 16, "note": "Do not lose me"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Nothing was saved" in page
    assert "Do not lose me" in page
    assert best_key(case) in page


def test_whoever_lost_the_case_meanwhile_is_told_and_saves_nothing(house: Restaurant, ada: User) -> None:
    case, client = waiting(house), signed_in(ada)
    client.get(case_url(case))
    ben = person(OPS_AGENT, "ben", house)
    claims.take_over(case_id=case.pk, user=ben, now=timezone.now())
    answer = client.post(case_url(case, "reject"))
    assert answer.status_code == 409
    assert "ben works on" in answer.content.decode()
    assert not Resolution.objects.exists()


def test_an_override_without_a_reason_is_refused(ada: User) -> None:
    restaurant = serving_restaurant(8)
    lead = person(OPS_LEAD, "lead")
    case, client = waiting(restaurant), signed_in(lead)
    client.get(case_url(case))
    key = next(f.key for f in fixes_for(booking=case.booking, now=timezone.now()) if f.kind == "override")
    assert client.post(case_url(case, "fix"), {"key": key}).status_code == 409
    assert client.post(case_url(case, "fix"), {"key": key, "reason": "Regulars"}).status_code == 302


def test_putting_aside_says_until_when_and_why(house: Restaurant, ada: User) -> None:
    case, client = waiting(house), signed_in(ada)
    client.get(case_url(case))
    assert client.post(case_url(case, "snooze"), {"minutes": "7", "reason": "x"}).status_code == 409
    assert client.post(case_url(case, "snooze"), {"minutes": "15"}).status_code == 409
    assert client.post(case_url(case, "snooze"), {"minutes": "15", "reason": "calls back"}).status_code == 302
    assert client.get(QUEUE).context["numbers"]["snoozed"] == 1


def test_undo_after_the_window_says_so(house: Restaurant, ada: User) -> None:
    case, client = waiting(house), signed_in(ada)
    client.get(case_url(case))
    client.post(case_url(case, "reject"))
    resolution = Resolution.objects.get()
    let_window_pass(resolution)
    answer = client.post(reverse("admin:review_undo", args=[resolution.pk]), follow=True)
    assert "stays as it is" in answer.content.decode()


def test_next_leads_to_a_case_or_says_that_nobody_waits(house: Restaurant, ada: User) -> None:
    client = signed_in(ada)
    assert "Nobody waits" in client.post("/review/next/", follow=True).content.decode()
    case = waiting(house)
    assert client.post("/review/next/").headers["Location"] == case_url(case)


def test_many_at_once_are_previewed_and_each_has_its_outcome(house: Restaurant, ada: User) -> None:
    mine, taken = waiting(house), waiting(house, hour=21)
    claims.claim(case_id=taken.pk, user=ada, now=timezone.now())
    client = signed_in(person(OPS_LEAD, "lead"))
    chosen = {"action": "reject", "case": [mine.pk, taken.pk]}
    preview = client.post("/review/bulk/", chosen)
    assert "Nothing has been done yet" in preview.content.decode()
    assert not Resolution.objects.exists()
    done = client.post("/review/bulk/", {**chosen, "sure": "yes"})
    assert [outcome.is_done for outcome in done.context["outcomes"]] == [True, False]
    assert "ada works on" in done.content.decode()
    assert signed_in(ada).post("/review/bulk/", chosen).status_code == 403


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"action": "reject"},
        {"action": "explode", "case": "1"},
        {"case": "x"},
        {"action": "claim", "case": "9" * 5_000},
    ],
)
def test_a_bulk_request_that_names_nothing_leads_back(sent: dict[str, str]) -> None:
    client = signed_in(person(OPS_LEAD, "lead"))
    assert client.post("/review/bulk/", sent).status_code == 302


def test_filters_are_kept_as_a_view_of_ones_own_or_shared(house: Restaurant, ada: User) -> None:
    client, lead = signed_in(ada), signed_in(person(OPS_LEAD, "lead"))
    client.post("/review/views/", {"name": "Large", "query": "party=5&evil=1", "shared": "on"})
    assert (QueueView.objects.get().owner, QueueView.objects.get().query) == (ada, "party=5")
    assert "Large" not in lead.get(QUEUE).content.decode()
    lead.post("/review/views/", {"name": "Large", "query": "party=9", "shared": "on"})
    assert "Large, shared" in client.get(QUEUE).content.decode()
    client.post("/review/views/", {"name": "Large", "query": "party=9"})
    assert QueueView.objects.count() == 2, "a name is taken once"
    client.post("/review/views/drop/", {"name": "Large"})
    client.post("/review/views/drop/", {"name": "Large"})
    assert QueueView.objects.get().owner is None, "a shared view is dropped by who may share"


def test_a_note_of_nothing_that_can_be_kept_is_no_note(house: Restaurant, ada: User) -> None:
    case = waiting(house)
    client = signed_in(ada)
    client.get(case_url(case))
    assert client.post(case_url(case, "reject"), {"note": "\x00 "}).status_code == 302
    assert not CaseNote.objects.exists()


def test_a_reason_to_override_keeps_what_can_be_kept(db: None) -> None:
    case, client = waiting(serving_restaurant(8)), signed_in(person(OPS_LEAD, "lead"))
    client.get(case_url(case))
    fixes = fixes_for(booking=case.booking, now=timezone.now())
    sent = {"key": next(fix.key for fix in fixes if fix.kind == "override"), "reason": "\x00Regulars"}
    assert client.post(case_url(case, "fix"), sent).status_code == 302
    assert Resolution.objects.get().override_reason == "Regulars"


@pytest.mark.parametrize("name", ["\x00", "x" * 500, ""])
def test_a_view_that_nobody_has_can_be_dropped(name: str, ada: User) -> None:
    assert signed_in(ada).post("/review/views/drop/", {"name": name}).status_code == 302


@pytest.mark.parametrize(
    "query", ["view=mine", "view=nonsense", "party=x", "restaurant=999999", "q=%00", "page=99", "within=1"]
)
def test_any_filter_answers(query: str, house: Restaurant, ada: User) -> None:
    waiting(house)
    assert signed_in(ada).get(f"{QUEUE}?{query}").status_code == 200


def test_an_agent_reaches_nothing_of_another_restaurant(house: Restaurant, ada: User) -> None:
    other = waiting(serving_restaurant(2))
    client = signed_in(ada)
    assert other.booking.reference not in client.get(QUEUE).content.decode()
    assert client.get(case_url(other)).status_code == 404
    for step in (
        "fix",
        "quick_fix",
        "requeue",
        "reject",
        "snooze",
        "note",
        "release",
        "take_over",
        "presence",
    ):
        assert client.post(case_url(other, step), {"key": best_key(other)}).status_code == 404, step
    other.refresh_from_db()
    assert other.owner is None


def test_who_stays_on_the_page_keeps_the_claim(house: Restaurant, ada: User) -> None:
    case, client = waiting(house), signed_in(ada)
    client.get(case_url(case))
    ReviewCase.objects.filter(pk=case.pk).update(claimed_until=timezone.now() + timedelta(seconds=10))
    client.post(case_url(case, "presence"))
    case.refresh_from_db()
    assert case.claimed_until
    assert case.claimed_until > timezone.now() + timedelta(minutes=4)


def test_a_closed_case_says_what_became_of_it(house: Restaurant, ada: User) -> None:
    case, client = waiting(house), signed_in(ada)
    client.get(case_url(case))
    client.post(case_url(case, "requeue"))
    page = client.get(case_url(case))
    assert "This case is closed" in page.content.decode()
    assert "became assignment pending by ada" in page.content.decode()


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_pages_cost_the_same_however_many_cases_wait(house: Restaurant, ada: User) -> None:
    client = signed_in(ada)
    case = waiting(house)
    best_fixes.find_fixes(case_id=case.pk, now=timezone.now())
    client.get(QUEUE)
    client.get(case_url(case))
    one = queries(client, QUEUE), queries(client, case_url(case))
    for hour in (17, 18, 20, 21, 22):
        other = waiting(house, hour=hour)
        best_fixes.find_fixes(case_id=other.pk, now=timezone.now())
    assert (queries(client, QUEUE), queries(client, case_url(case))) == one
    assert Booking.objects.count() == 6


def test_a_note_that_comes_when_the_guest_is_forgotten_is_told_and_no_error(
    house: Restaurant, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A case of long ago, closed at this moment, while upkeep forgets its guest."""
    case, reject = waiting(house), resolutions.reject

    def reject_then_forget(**given: Any) -> Resolution:
        done = reject(**given)
        Booking.objects.filter(pk=case.booking_id).update(guest_forgotten_at=timezone.now())
        return done

    client = signed_in(ada)
    client.get(case_url(case))
    monkeypatch.setattr("assignments.review.resolutions.reject", reject_then_forget)
    answer = client.post(case_url(case, "reject"), {"note": "called twice"}, follow=True)
    assert "its guest forgotten" in answer.content.decode()
    assert not CaseNote.objects.exists()
