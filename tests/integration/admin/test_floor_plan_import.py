"""Floor plans from a file in the console: a preview that changes nothing, then exactly what it showed."""

import copy
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse, reverse_lazy
from django.utils import timezone

from assignments.coordinator import process_booking
from bookings.models import Booking, Restaurant, StaffRestaurant, Table
from observability.models import Event
from tests.factories import receive
from tests.integration.admin.conftest import logged_in
from tests.integration.bookings.evening import tables

pytestmark = pytest.mark.django_db

ADDRESS = reverse_lazy("admin:bookings_restaurant_import")

PLAN: dict[str, Any] = {
    "restaurant": "bistro",
    "name": "Bistro",
    "timezone": "Europe/London",
    "tables": [{"id": "T1", "zone": "Hall", "capacity": 2}, {"id": "T2", "zone": "Hall", "capacity": 2}],
    "service_periods": [{"name": "Dinner", "opens": "17:00", "closes": "23:30"}],
}


def planner_of(*restaurants: Restaurant) -> Client:
    """Somebody who imports plans: for some restaurants, or for all if none is named."""
    user = User.objects.create(username="planner", is_staff=True)
    rights = ["view_restaurant", "import_floor_plan", *([] if restaurants else ["every_restaurant"])]
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    for restaurant in restaurants:
        StaffRestaurant.objects.create(user=user, restaurant=restaurant)
    return logged_in(user)


@pytest.fixture
def planner(db: None) -> Client:
    return planner_of()


def upload(client: Client, content: Any, name: str = "plan.json") -> str:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return client.post(ADDRESS, {"file": SimpleUploadedFile(name, text)}).content.decode()


def confirm(client: Client, page: str) -> str:
    """Press the preview's button; the page that follows."""
    fields = dict(re.findall(r'<input name="(\w+)" type="hidden" value="([^"]*)"', page))
    [seal] = re.findall(r'name="confirmed" type="submit" value="(\w+)"', page)
    return client.post(ADDRESS, {**fields, "confirmed": seal}, follow=True).content.decode()


def smaller() -> dict[str, Any]:
    """The plan with its first table too small for two."""
    plan = copy.deepcopy(PLAN)
    plan["tables"][0] |= {"capacity": 1}
    return plan


@pytest.fixture
def seated(planner: Client) -> Booking:
    confirm(planner, upload(planner, PLAN))
    start = (timezone.now() + timedelta(days=3)).replace(hour=18, minute=0, second=0, microsecond=0)
    booking = receive(Restaurant.objects.get(), start=start, now=timezone.now())
    Table.objects.filter(number="T2").update(active=False)
    process_booking(booking_id=booking.pk, trigger="test")
    Table.objects.filter(number="T2").update(active=True)
    return booking


def test_a_file_is_shown_first_and_imported_when_confirmed(planner: Client) -> None:
    page = upload(planner, PLAN)
    assert "would be created" in page
    assert "+ table T1" in page
    assert not Restaurant.objects.exists()

    assert "Bistro: created" in confirm(planner, page)
    assert Restaurant.objects.get().tables.count() == 2
    entry = LogEntry.objects.get()
    assert (entry.object_repr, entry.is_addition()) == ("Bistro", True)
    assert "Everything is as the file says already" in upload(planner, PLAN)


def test_a_change_tells_before_and_after_whom_it_displaces(planner: Client, seated: Booking) -> None:
    page = upload(planner, smaller())
    told = f"Moved to other tables: {seated.reference}."
    assert told in page
    assert "capacity 2 → 1" in page
    [held] = tables(seated)
    assert Table.objects.get(pk=held).capacity == 2
    assert told in confirm(planner, page)
    assert tables(seated) != [held]
    event = Event.objects.filter(event_type="floor_plan.edited").latest("id")
    assert event.context["actor"] == User.objects.get(username="planner").pk
    assert LogEntry.objects.filter(change_message__startswith="Imported a floor plan: 1 changes").exists()


def test_what_has_become_another_change_since_is_shown_again(planner: Client, seated: Booking) -> None:
    page = upload(planner, smaller())
    Restaurant.objects.update(buffer_minutes=10)
    Table.objects.filter(number="T2").update(capacity=4, max_party=4)
    again = confirm(planner, page)
    assert "changed since you looked; nothing was done" in again
    assert Table.objects.get(number="T1").capacity == 2
    confirm(planner, again)
    assert Table.objects.get(number="T1").capacity == 1


CSV = "record,restaurant,timezone,id,zone,capacity\nrestaurant,bistro,Europe/London,,,\ntable,,,T1,Hall,{}\n"

BAD: dict[str, tuple[bytes, str, str]] = {
    "no JSON": (b"{", "plan.json", "not JSON: "),
    "a wrong value": (
        json.dumps({**PLAN, "tables": [{"id": "T1", "zone": "Hall", "capacity": 0}]}).encode(),
        "plan.json",
        "$.tables[0].capacity: 0 is not within 1 to 32767",
    ),
    "a wrong line": (CSV.format("many").encode(), "plan.csv", "line 3: capacity: expected a whole number"),
    "too large": (b" " * 1_000_001, "plan.json", "1000001 bytes are too many"),
    "empty": (b"", "plan.json", "empty"),
}


@pytest.mark.parametrize(("content", "name", "why"), BAD.values(), ids=BAD.keys())
def test_a_file_that_cannot_be_used_is_refused_with_line_and_reason(
    content: bytes, name: str, why: str, planner: Client
) -> None:
    page = upload(planner, content, name).replace("&#x27;", "'")
    assert why in page
    assert "confirmed" not in page
    assert not Restaurant.objects.exists()


def test_a_csv_is_imported_too(planner: Client) -> None:
    assert "Bistro: created" in confirm(planner, upload(planner, CSV.format(2).encode(), "plan.CSV"))
    assert Restaurant.objects.get().tables.get().capacity == 2


@pytest.mark.parametrize("forged", [{"content": "%%%"}, {"content": "e30="}, {}], ids=["%", "{}", "none"])
def test_a_confirmation_nobody_was_offered_does_nothing(forged: dict[str, str], planner: Client) -> None:
    page = planner.post(ADDRESS, {**forged, "confirmed": "0" * 64})
    assert page.status_code == 200
    assert "cannot be imported" in page.content.decode()


def test_people_import_for_their_own_restaurants_and_create_none(seated: Booking) -> None:
    User.objects.all().delete()
    client = planner_of(Restaurant.objects.create(slug="other", name="Other", timezone="Europe/London"))
    for plan in (smaller(), {**PLAN, "restaurant": "new"}):
        assert "is no restaurant of yours" in upload(client, plan)
    assert Table.objects.get(number="T1").capacity == 2
    own = {**PLAN, "restaurant": "other", "name": "Other"}
    confirm(client, upload(client, own))
    assert Restaurant.objects.get(slug="other").tables.count() == 2


def test_the_page_needs_the_permission(viewer: Client, planner: Client) -> None:
    assert viewer.get(ADDRESS).status_code == 403
    assert viewer.post(ADDRESS, {"confirmed": "x"}).status_code == 403
    assert planner.get(ADDRESS).status_code == 200
    listed = reverse("admin:bookings_restaurant_changelist")
    assert "import/" in planner.get(listed).content.decode()
