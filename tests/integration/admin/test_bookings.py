"""Bookings in the console: the list, the page, taking one in, editing, and the steps staff take."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client, RequestFactory
from django.utils import timezone

from bookings.admin.booking import BookingAdmin
from bookings.admin.booking_forms import GuestForm
from bookings.models import Booking, BookingStatus, Restaurant, StateChange
from bookings.states import State
from tests.factories import receive, serving_restaurant
from tests.integration.admin import booking_rows
from tests.integration.admin.addresses import add_to, deletion_of, list_of, page_of
from tests.integration.admin.conftest import logged_in
from tests.integration.admin.test_every_page import queries_of

pytestmark = pytest.mark.django_db

NIGHT = (timezone.now() + timedelta(days=10)).replace(hour=19, minute=0, second=0, microsecond=0)


@pytest.fixture
def agent() -> Client:
    """Somebody who may take in and edit bookings."""
    user = User.objects.create(username="agent", is_staff=True)
    names = [
        "view_booking",
        "add_booking",
        "change_booking",
        "view_restaurant",
        "view_zone",
        "every_restaurant",
    ]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return logged_in(user)


def form_of(restaurant: Restaurant, /, **answers: Any) -> dict[str, Any]:
    return {
        "restaurant": restaurant.pk,
        "party_size": 2,
        "start": f"{NIGHT:%Y-%m-%d} 19:00",
        "guest_name": "Ada Guest",
        "guest_email": "ada@example.org",
        "form_id": "5b2a5f8e-3f0e-4df0-9a4c-4d7f1f0f0b01",
        **answers,
    }


def seated(restaurant: Restaurant, **changes: Any) -> Booking:
    """A confirmed booking that began an hour ago, at the restaurant's first table."""
    booking = receive(restaurant)
    start = timezone.now() - timedelta(hours=1)
    values = {
        "status": BookingStatus.CONFIRMED,
        "assignment_state": State.CONFIRMED,
        "start_at": start,
        "end_at": start + timedelta(hours=2),
        **changes,
    }
    for name, value in values.items():
        setattr(booking, name, value)
    booking.save()
    booking_rows.hold(booking, restaurant.tables.first())  # type: ignore[arg-type]
    return booking


def act(client: Client, action: str, *bookings: Booking, **more: str) -> Any:
    chosen = {"action": action, "_selected_action": [booking.pk for booking in bookings], **more}
    return client.post(list_of(Booking), chosen, follow=True)


def messages_of(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


# List and page


def test_the_list_shows_state_tables_needs_and_local_time(administrator: Client) -> None:
    booking = booking_rows.seated_booking()
    Restaurant.objects.filter(pk=booking.restaurant_id).update(timezone="Europe/Madrid")
    shown = administrator.get(list_of(Booking)).content.decode()
    numbers = " + ".join(sorted(booking.restaurant.tables.values_list("number", flat=True)))
    assert numbers in shown
    assert 'title="2027-03-05 19:00:00 UTC, Europe/Madrid"' in shown
    assert "20:00" in shown
    assert "CET" in shown
    assert f"{booking.zone}, window" in shown
    assert "Received" in shown
    assert "#i-ring" in shown


def test_a_reference_finds_its_booking_in_any_case(administrator: Client) -> None:
    one, other = booking_rows.seated_booking(), booking_rows.seated_booking()
    shown = administrator.get(list_of(Booking), {"q": f" {one.reference.lower()} "}).content.decode()
    assert one.reference in shown
    assert other.reference not in shown


def test_the_page_tells_the_whole_story(administrator: Client) -> None:
    booking = booking_rows.seated_booking()
    booking_rows.state_change(booking)
    booking_rows.attempt(booking)
    booking_rows.mail(booking)
    booking_rows.event(booking)
    moved = booking_rows.move(booking)
    shown = administrator.get(page_of(booking)).content.decode()
    one, other = (table.number for table in booking.restaurant.tables.order_by("pk"))
    for told in (
        "no_capacity_at_time",
        "of 3 bookings that would have to be seated at once, at most 2 can be",
        f"{one} + {other}",
        "0.912",
        "slack 0.500",
        "held by another booking",
        f"{booking.reference}: {one} to {other}",
        "coordinator.noop",
        "Confirmation",
        moved.for_booking.reference if moved.for_booking else "",
        "Manual review",
    ):
        assert told in shown, told


def test_the_page_asks_as_often_for_one_row_of_history_as_for_twenty(administrator: Client) -> None:
    booking = booking_rows.seated_booking()

    def history(number: int) -> None:
        booking_rows.state_change(booking, version=number + 2)
        booking_rows.attempt(booking, number=number + 1)
        booking_rows.mail(booking, revision=number + 2)
        booking_rows.event(booking)
        booking_rows.move(booking)
        booking_rows.hold(booking, booking.restaurant.tables.first(), active=False)  # type: ignore[arg-type]

    history(0)
    one = queries_of(administrator, page_of(booking))
    for number in range(1, 20):
        history(number)
    assert queries_of(administrator, page_of(booking)) == one


def test_a_section_shows_the_latest_fifty_and_where_the_rest_is(administrator: Client) -> None:
    booking = booking_rows.seated_booking()
    for version in range(2, 60):
        booking_rows.state_change(booking, version=version)
    shown = administrator.get(page_of(booking)).content.decode()
    assert "The latest 50 of more" in shown
    assert f"/bookings/statechange/?q={booking.reference}" in shown


def test_an_attempt_that_ended_without_a_decision_is_shown(administrator: Client) -> None:
    booking = booking_rows.seated_booking()
    row = booking_rows.attempt(booking)
    row.__class__.objects.bulk_create(
        [row.__class__(booking=booking, attempt_no=2, result="lost", reason="error", metadata={})]
    )
    lost = row.__class__.objects.get(booking=booking, attempt_no=2)
    assert "No plan was made." in administrator.get(page_of(booking)).content.decode()
    assert "No plan was made." in administrator.get(page_of(lost)).content.decode()


# Taking in


def test_a_booking_is_taken_in_by_the_intake_at_the_restaurants_time(agent: Client) -> None:
    restaurant = serving_restaurant(4, timezone="Europe/Madrid")
    zone = restaurant.zones.get()
    response = agent.post(add_to(Booking), form_of(restaurant, zone=zone.pk, requires=["window", "quiet"]))
    assert response.status_code == 302
    booking = Booking.objects.get()
    assert booking.start_at.astimezone(restaurant.tzinfo).strftime("%H:%M") == "19:00"
    assert (booking.channel, booking.assignment_state) == ("console", State.CREATED)
    assert booking.requires == ["quiet", "window"]
    assert booking.zone == zone
    assert StateChange.objects.filter(booking=booking, version=1).exists()
    assert LogEntry.objects.get().object_id == str(booking.pk)


def test_staff_may_take_in_a_party_that_guests_may_not_book(agent: Client) -> None:
    restaurant = serving_restaurant(4, max_party_auto=6)
    agent.post(add_to(Booking), form_of(restaurant, party_size=9))
    assert Booking.objects.get().party_size == 9


@pytest.mark.parametrize(
    ("answers", "field", "told"),
    [
        ({"start": "2020-01-01 19:00"}, "start", "has passed"),
        ({"start": f"{NIGHT:%Y-%m-%d} 09:00"}, "start", "does not serve at"),
        ({"start": "next Friday"}, "start", "Enter a valid date/time."),
        ({"end": f"{NIGHT:%Y-%m-%d} 18:00"}, "end", "is not after the start"),
        ({"party_size": 0}, "party_size", "greater than or equal to 1"),
        ({"guest_email": "ada"}, "guest_email", "valid email"),
        ({"notes": "x" * 2001}, "notes", "at most 2000"),
        ({"restaurant": ""}, "restaurant", "required"),
    ],
)
def test_a_refusal_stands_at_its_field(agent: Client, answers: dict[str, Any], field: str, told: str) -> None:
    response = agent.post(add_to(Booking), form_of(serving_restaurant(4), **answers))
    assert response.status_code == 200
    errors = response.context["adminform"].form.errors
    assert list(errors) == [field]
    assert told in errors[field][0]
    assert not Booking.objects.exists()


def test_a_zone_of_another_restaurant_is_refused(agent: Client) -> None:
    elsewhere = serving_restaurant(2).zones.get()
    response = agent.post(add_to(Booking), form_of(serving_restaurant(4), zone=elsewhere.pk))
    assert "is not a zone of" in response.context["adminform"].form.errors["zone"][0]
    assert not Booking.objects.exists()


def test_an_hour_that_the_clocks_show_twice_needs_the_offset(agent: Client) -> None:
    restaurant = serving_restaurant(4, timezone="Europe/London")
    restaurant.service_periods.update(closes="03:00", opens="17:00")
    twice = "2027-10-31 01:30"
    response = agent.post(add_to(Booking), form_of(restaurant, start=twice))
    assert "write it with an offset" in response.context["adminform"].form.errors["start"][0]
    assert agent.post(add_to(Booking), form_of(restaurant, start="2027-10-31T01:30+01:00")).status_code == 302
    assert f"{Booking.objects.get().start_at:%H:%M}" == "00:30"


def test_a_form_sent_twice_is_one_booking(agent: Client) -> None:
    restaurant = serving_restaurant(4)
    agent.post(add_to(Booking), form_of(restaurant))
    again = agent.post(add_to(Booking), form_of(restaurant))
    assert "was sent before and is booking" in again.content.decode()
    assert Booking.objects.count() == 1


def test_each_new_form_has_an_identity_of_its_own(agent: Client) -> None:
    ids = {agent.get(add_to(Booking)).context["adminform"].form["form_id"].value() for _ in range(2)}
    assert len(ids) == 2


def test_taking_in_needs_the_permission(viewer: Client) -> None:
    assert viewer.post(add_to(Booking), form_of(serving_restaurant(4))).status_code == 403
    assert not Booking.objects.exists()


# Editing


def test_guest_data_notes_and_the_pin_can_be_edited_and_nothing_else(agent: Client) -> None:
    booking = booking_rows.seated_booking()
    answers = {
        "guest_name": "Bo", "guest_email": "bo@example.org", "guest_phone": "1", "notes": "cake",
        "locked": "on", "party_size": 9, "status": "cancelled", "assignment_state": "confirmed",
        "restaurant": 0,
    }  # fmt: skip
    assert agent.post(page_of(booking), answers).status_code == 302
    before = (booking.party_size, booking.status, booking.assignment_state, booking.restaurant_id)
    booking.refresh_from_db()
    assert (booking.guest_name, booking.guest_email, booking.notes, booking.locked) == (
        "Bo", "bo@example.org", "cake", True,
    )  # fmt: skip
    assert (booking.party_size, booking.status, booking.assignment_state, booking.restaurant_id) == before


def test_editing_leaves_what_a_worker_wrote_meanwhile(agent: Client) -> None:
    booking = booking_rows.seated_booking()

    form = GuestForm({"guest_name": "Bo"}, instance=Booking.objects.get(pk=booking.pk))
    assert form.is_valid()
    Booking.objects.filter(pk=booking.pk).update(assignment_state=State.CONFIRMED, assignment_state_version=6)
    request = RequestFactory().post("/")
    request.user = User.objects.get()
    BookingAdmin(Booking, admin.site).save_model(request, form.instance, form, True)
    booking.refresh_from_db()
    assert (booking.guest_name, booking.assignment_state_version) == ("Bo", 6)


def test_bookings_are_never_deleted(administrator: Client) -> None:
    booking = booking_rows.seated_booking()
    assert administrator.post(deletion_of(booking), {"post": "yes"}).status_code == 403
    act(administrator, "delete_selected", booking, post="yes")
    assert Booking.objects.filter(pk=booking.pk).exists()


# Steps


def test_cancelling_asks_first_and_then_releases_the_tables(agent: Client) -> None:
    booking = seated(serving_restaurant(4))
    asked = act(agent, "cancel_bookings", booking)
    assert "Cancel these bookings?" in asked.content.decode()
    assert booking.reference in asked.content.decode()
    assert Booking.objects.get().status == BookingStatus.CONFIRMED
    done = act(agent, "cancel_bookings", booking, sure="yes")
    assert messages_of(done) == [f"Cancelled: {booking.reference}."]
    booking.refresh_from_db()
    assert (booking.status, booking.assignment_state) == (BookingStatus.CANCELLED, State.CANCELLED)
    assert not booking.allocations.filter(active=True).exists()
    assert StateChange.objects.get(booking=booking, to_state=State.CANCELLED).actor == User.objects.get()
    assert LogEntry.objects.get().change_message == "Cancelled."


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("check_in", BookingStatus.CONFIRMED, BookingStatus.CHECKED_IN),
        ("complete", BookingStatus.CHECKED_IN, BookingStatus.COMPLETED),
        ("mark_no_show", BookingStatus.CONFIRMED, BookingStatus.NO_SHOW),
    ],
)
def test_service_steps_are_taken_and_logged(
    agent: Client, action: str, before: BookingStatus, after: BookingStatus
) -> None:
    booking = seated(serving_restaurant(4), status=before)
    act(agent, action, booking)
    booking.refresh_from_db()
    assert booking.status == after
    assert LogEntry.objects.get().object_id == str(booking.pk)


def test_each_row_has_its_own_outcome(agent: Client) -> None:
    restaurant = serving_restaurant(4)
    here, gone = seated(restaurant), receive(restaurant)
    told = messages_of(act(agent, "check_in", here, gone))
    assert f"{gone.reference} is pending; only a confirmed booking can be checked in." in told
    assert f"Checked in: {here.reference}." in told
    assert [entry.object_id for entry in LogEntry.objects.all()] == [str(here.pk)]


def test_a_repeated_step_says_so_and_is_not_logged(agent: Client) -> None:
    booking = seated(serving_restaurant(4), status=BookingStatus.CHECKED_IN)
    assert messages_of(act(agent, "check_in", booking)) == [f"{booking.reference} was checked in before."]
    assert not LogEntry.objects.exists()


def test_imported_history_takes_no_steps(agent: Client) -> None:
    booking = seated(serving_restaurant(4), assignment_state=None, assignment_state_version=0)
    told = messages_of(act(agent, "cancel_bookings", booking, sure="yes"))
    assert told == [f"{booking.reference} is imported history and stays as it is."]


@pytest.mark.parametrize("action", ["cancel_bookings", "check_in", "complete", "mark_no_show"])
def test_steps_are_refused_without_permission(viewer: Client, action: str) -> None:
    booking = seated(serving_restaurant(4))
    act(viewer, action, booking, sure="yes")
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CONFIRMED
    assert not LogEntry.objects.exists()
