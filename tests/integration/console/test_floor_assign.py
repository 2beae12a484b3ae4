"""A party without a table gets one by a click on the floor: its case is resolved as on its own page."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from assignments.models import Resolution, ReviewCase
from assignments.review.claims import claim
from bookings import service_time, state_machine
from bookings.allocations import held_tables
from bookings.models import Booking, OutboxMessage, Restaurant
from bookings.state_machine import Step
from bookings.states import State
from config.console.floor.choice import choose
from config.console.floor.evening import evening_of
from config.console.floor.picked import candidate_of, picked_booking
from config.console.floor.plot import plot_of
from config.roles import OPS_AGENT, VIEWER
from tests.factories import NOW, dinner, receive, serving_restaurant
from tests.integration.assignments.review.scenes import placed
from tests.integration.console.test_floor import client_of, page
from tests.invariants import breaches

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> Restaurant:
    return serving_restaurant(2, 2, 4, join=True)


def waiting(house: Restaurant, **wishes: Any) -> Booking:
    """A booking in review that a free table would settle."""
    booking = receive(house, guest_email="guest@example.org", **wishes)
    state_machine.move(
        position=state_machine.position_of(booking),
        steps=[Step(to=State.MANUAL_REVIEW, reason="attempts_exhausted")],
        at=NOW,
    )
    booking.refresh_from_db()
    return booking


def seat(client: Client, booking: Booking, *tables: int | str) -> tuple[int, str]:
    address = reverse("admin:floor_assign", args=[booking.pk])
    sent = {"tables": ",".join(map(str, tables)), "r": booking.restaurant_id, "day": f"{dinner():%Y-%m-%d}"}
    answer = client.post(address, {**sent, "b": booking.pk})
    return answer.status_code, answer.content.decode()


def test_a_click_seats_the_party_and_resolves_its_case(house: Restaurant) -> None:
    booking, client = waiting(house), client_of(OPS_AGENT, house)
    table = house.tables.filter(capacity=2).first()
    assert table
    assert f'data-takes="{table.pk}"' in page(client, house, booking)
    assert seat(client, booking, table.pk)[0] == 302
    booking.refresh_from_db()
    assert (booking.assignment_state, held_tables(booking)) == (State.CONFIRMED, (table.pk,))
    found = Resolution.objects.get()
    assert (found.kind, found.fix, found.rank) == ("seated", "seat", None)
    assert ReviewCase.objects.get().closed_by == User.objects.get(username="ada")
    assert OutboxMessage.objects.get().due_at > timezone.now() + timedelta(seconds=5)
    assert breaches(unfinished=True) == {}


def test_the_floor_offers_to_undo_it(house: Restaurant) -> None:
    booking, client = waiting(house), client_of(OPS_AGENT, house)
    seat(client, booking, house.tables.values_list("pk", flat=True)[0])
    undo = reverse("admin:review_undo", args=[Resolution.objects.get().pk])
    assert undo in page(client, house, booking)
    client.post(undo)
    booking.refresh_from_db()
    assert (booking.assignment_state, held_tables(booking)) == (State.MANUAL_REVIEW, ())
    assert breaches(unfinished=True) == {}


def test_a_table_taken_meanwhile_is_refused_with_who_has_it_and_the_claim_given_back(
    house: Restaurant,
) -> None:
    booking, client = waiting(house), client_of(OPS_AGENT, house)
    other = placed(house)
    (taken,) = held_tables(other)
    status, text = seat(client, booking, taken)
    assert status == 409
    assert "Nothing was changed" in text
    assert f"held by another booking ({other.reference}, until" in text
    assert "Seat at" in text, "what is free now is offered"
    case = ReviewCase.objects.get()
    assert (case.owner, case.closed_at) == (None, None)


def test_one_s_own_claim_outlives_a_refusal(house: Restaurant) -> None:
    booking, client = waiting(house), client_of(OPS_AGENT, house)
    ada = User.objects.get(username="ada")
    claim(case_id=ReviewCase.objects.get().pk, user=ada, now=NOW)
    assert seat(client, booking, 0)[0] == 409
    assert ReviewCase.objects.get().owner == ada


def test_a_case_somebody_works_on_is_left_to_them(house: Restaurant) -> None:
    booking, client = waiting(house), client_of(OPS_AGENT, house)
    ben = User.objects.create(username="ben", is_staff=True)
    claim(case_id=ReviewCase.objects.get().pk, user=ben, now=NOW)
    status, text = seat(client, booking, house.tables.values_list("pk", flat=True)[0])
    assert status == 409
    assert "ben works on" in text
    assert ReviewCase.objects.get().owner == ben


@pytest.mark.parametrize("tables", ["", "x", "0", "1,x", "9" * 30])
def test_tables_that_are_none_change_nothing(tables: str, house: Restaurant) -> None:
    booking = waiting(house)
    assert seat(client_of(OPS_AGENT, house), booking, tables)[0] == 409
    booking.refresh_from_db()
    assert booking.assignment_state == State.MANUAL_REVIEW


def test_who_does_not_wait_for_people_is_not_seated_by_hand(house: Restaurant) -> None:
    booking, client = receive(house), client_of(OPS_AGENT, house)
    text = page(client, house, booking)
    assert "A worker is planning it" in text
    assert "data-takes" not in text
    status, text = seat(client, booking, house.tables.values_list("pk", flat=True)[0])
    assert status == 409
    assert "does not wait for people" in text


def test_a_viewer_and_people_of_other_houses_seat_nobody(house: Restaurant) -> None:
    booking = waiting(house)
    table = house.tables.values_list("pk", flat=True)[0]
    viewer = client_of(VIEWER, house, name="vera")
    assert "Seat at" not in page(viewer, house, booking)
    assert seat(viewer, booking, table)[0] == 403
    assert seat(client_of(OPS_AGENT, serving_restaurant(2)), booking, table)[0] == 404
    assert held_tables(booking) == ()


def test_who_sits_already_is_offered_other_tables_from_now_on(house: Restaurant) -> None:
    booking, later = placed(house), dinner(19, 30)
    service_time.check_in(booking_id=booking.pk, now=dinner())
    choice = choose(house, {"day": f"{dinner():%Y-%m-%d}"}, now=later)  # type: ignore[arg-type]
    evening = evening_of(restaurant=house, opens=choice.opens, closes=choice.closes, now=later)
    picked = picked_booking(house, evening, str(booking.pk), now=later)
    assert picked
    plot = plot_of(evening, candidate=candidate_of(picked))
    assert plot.ghost
    assert {bar.x for bar in plot.ghost} == {plot.now_x}


def test_ghosts_stand_wherever_the_party_could_sit_and_never_on_one_another(house: Restaurant) -> None:
    booking = waiting(house, party_size=4)
    choice = choose(house, {"day": f"{dinner():%Y-%m-%d}"}, now=NOW)  # type: ignore[arg-type]
    evening = evening_of(restaurant=house, opens=choice.opens, closes=choice.closes, now=NOW)
    picked = picked_booking(house, evening, str(booking.pk), now=NOW)
    assert picked
    assert len(picked.offers) == 2, "the table of four, and the tables of two joined"
    ghosts = plot_of(evening, candidate=candidate_of(picked)).ghost
    assert {bar.takes for bar in ghosts} == {offer.value for offer in picked.offers}
    assert [bar.tone for bar in ghosts].count("ghost") >= 1
    rows = [(bar.y, bar.y + bar.height) for bar in ghosts]
    assert all(a[1] <= b[0] or b[1] <= a[0] for a in rows for b in rows if a is not b)
