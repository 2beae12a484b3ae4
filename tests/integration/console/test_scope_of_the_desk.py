"""Nothing of another restaurant comes through the desk's filters, forms, lists or conflicts."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from assignments.models import QueueView, ReviewCase
from bookings.models import Booking, Restaurant
from config.roles import OPS_AGENT
from tests.factories import dinner, serving_restaurant
from tests.integration.assignments.review.scenes import placed
from tests.integration.console.test_floor import client_of
from tests.integration.console.test_floor_assign import seat, waiting
from tests.integration.console.test_wishes_page import wished

pytestmark = pytest.mark.django_db

SECRET = "Harbour and Vine"


@pytest.fixture
def mine() -> Restaurant:
    return serving_restaurant(2, 4)


@pytest.fixture
def theirs() -> Restaurant:
    return serving_restaurant(2, 4, name=SECRET)


@pytest.fixture
def agent(mine: Restaurant) -> Client:
    return client_of(OPS_AGENT, mine)


def in_review(house: Restaurant) -> Booking:
    return waiting(house, guest_name="Grace Secret")


def tells_nothing(text: str, booking: Booking) -> bool:
    return not any(
        word in text for word in (SECRET, "Grace Secret", f"/cases/{booking.review_cases.get().pk}/")
    )


def test_filters_and_jumps_that_name_it(agent: Client, mine: Restaurant, theirs: Restaurant) -> None:
    booking = in_review(theirs)
    day = f"{dinner():%Y-%m-%d}"
    for address in (
        "/",
        "/review/",
        f"/review/?restaurant={theirs.pk}",
        f"/review/?q={booking.reference}",
        f"/floor/?r={theirs.pk}&day={day}&b={booking.pk}",
        f"/floor/?r={mine.pk}&day={day}&b={booking.pk}",
        f"/find/?q={booking.reference}",
        f"/find/?q={SECRET}",
        "/stuck/",
        "/review/wishes/",
    ):
        answer = agent.get(address, follow=True)
        told = answer.content.decode().replace(f'value="{SECRET}"', "").replace(f"“{SECRET}”", "")
        assert answer.status_code == 200, address
        assert tells_nothing(told, booking), address


def test_a_wish_of_it(agent: Client, theirs: Restaurant) -> None:
    wish = wished(theirs)
    assert wish.booking.reference not in agent.get("/review/wishes/").content.decode()
    assert "Changes asked for" not in agent.get("/review/").content.decode()


def test_bulk_with_its_case_among_one_s_own(mine: Restaurant, theirs: Restaurant) -> None:
    ours, other = in_review(mine), in_review(theirs)
    local_lead = client_of(OPS_AGENT, mine)
    User.objects.get().user_permissions.add(Permission.objects.get(codename="bulk_review"))
    ids = list(ReviewCase.objects.values_list("pk", flat=True))
    text = local_lead.post("/review/bulk/", {"action": "reject", "case": ids, "sure": "yes"}).content.decode()
    assert ours.reference in text
    assert other.reference not in text
    other.refresh_from_db()
    assert other.assignment_state == "manual_review"


def test_its_tables_in_a_form_of_one_s_own_booking(
    agent: Client, mine: Restaurant, theirs: Restaurant
) -> None:
    ours, other = in_review(mine), placed(theirs)
    status, text = seat(agent, ours, other.allocations.get().table_id)
    assert status == 409
    assert SECRET not in text
    assert other.reference not in text
    ours.refresh_from_db()
    assert ours.assignment_state == "manual_review"


def test_a_shared_view_of_it(agent: Client, mine: Restaurant, theirs: Restaurant) -> None:
    QueueView.objects.create(name="Harbour late", query=f"restaurant={theirs.pk}")
    QueueView.objects.create(name="Ours late", query=f"restaurant={mine.pk}")
    QueueView.objects.create(name="Large everywhere", query="party=5")
    page = agent.get("/review/").content.decode()
    assert "Harbour late" not in page
    assert "Ours late" in page
    assert "Large everywhere" in page
