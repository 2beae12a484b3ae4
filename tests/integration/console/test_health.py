"""The health page: its sentence, its figures, who sees it, and what it costs."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assignments.coordinator import process_booking
from assignments.models import FlagAcknowledgement
from bookings.models import Booking, Restaurant
from config.console.health.sparkline import sparkline
from observability.rollups import roll_up
from tests.factories import receive, serving_restaurant
from tests.integration.console.conftest import SignIn

pytestmark = pytest.mark.django_db

SEES = ("observability.view_event", "bookings.view_booking", "assignments.view_reviewcase")


@pytest.fixture
def client(sign_in: SignIn) -> Client:
    return sign_in(*SEES)


def placed(house: Restaurant, count: int) -> None:
    now = timezone.now()
    start = (now + timedelta(days=1)).replace(hour=19, minute=0, second=0, microsecond=0)
    for _ in range(count):
        booking = receive(house, now=now, start=start)
        process_booking(booking_id=booking.pk, trigger="test")


def test_without_anything_that_happened_there_is_no_verdict_but_no_data(client: Client) -> None:
    page = client.get("/health/").content.decode()
    assert "NO DATA" in page
    assert "No worker was heard of" in page


def test_all_confirmed_is_healthy_and_figures_show_what_they_are_made_of(client: Client) -> None:
    placed(serving_restaurant(2, 2, 2), 3)
    answer = client.get("/health/")
    assert "HEALTHY" in answer.content.decode()
    confirmed = answer.context["tiles"][0]
    assert (confirmed.figure, confirmed.made_of, confirmed.tone) == ("100.0", "3 / 3", "good")


def test_what_found_no_table_makes_it_critical_and_needs_somebody(client: Client) -> None:
    placed(serving_restaurant(2), 3)
    answer = client.get("/health/")
    assert "CRITICAL" in answer.content.decode()
    assert answer.context["tiles"][1].made_of == "2 / 3"
    assert [item.what for item in answer.context["attention"]] == ["2 review cases wait"]


def test_figures_are_the_same_before_and_after_they_are_rolled_up(client: Client) -> None:
    placed(serving_restaurant(2, 2), 3)
    before = [(tile.figure, tile.made_of) for tile in client.get("/health/").context["tiles"]]
    roll_up()
    after = [(tile.figure, tile.made_of) for tile in client.get("/health/").context["tiles"]]
    assert [pair for pair in before if "ms" not in pair[1]] == after


def test_a_silent_worker_and_one_on_old_flags_are_told(client: Client) -> None:
    now = timezone.now()
    for name, age in (("w-1", 1), ("w-2", 60)):
        seen = now - timedelta(seconds=age)
        FlagAcknowledgement.objects.create(
            worker=name, version=0, started_at=seen, acknowledged_at=seen, seen_at=seen
        )
    assert [worker.is_silent for worker in client.get("/health/").context["workers"]] == [False, True]


def test_the_figures_of_all_restaurants_are_for_those_who_work_for_all(db: None, sign_in: SignIn) -> None:
    client = sign_in(*SEES)
    assert client.get("/health/").status_code == 200
    user = User.objects.get(username="ada")
    user.user_permissions.remove(Permission.objects.get(codename="every_restaurant"))
    assert client.get("/health/").status_code == 403
    assert "/health/" not in client.get("/").content.decode()


def test_the_page_costs_the_same_however_much_happened(client: Client) -> None:
    house = serving_restaurant(2)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/health/").status_code == 200
        return len(captured)

    placed(house, 2)
    client.get("/health/")
    one = queries()
    placed(house, 6)
    assert queries() == one
    assert Booking.objects.count() == 8


def test_a_sparkline_parts_where_nothing_was_and_keeps_its_target_in_the_box() -> None:
    drawn = sparkline([0.9, None, 1.0, 0.95], target=0.95)
    assert len(drawn.lines) == 2
    assert drawn.lines[0].count(",") == 2, "a single point is drawn as a short line"
    heights = [float(point.split(",")[1]) for line in drawn.lines for point in line.split()]
    assert all(0 <= height <= 28 for height in (*heights, float(drawn.target)))
    assert sparkline([]).lines == ()
