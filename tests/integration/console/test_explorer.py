"""The metrics explorer: its figures, its filters, who sees whose, and what it costs."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assignments.coordinator import process_booking
from bookings.models import Restaurant, StaffRestaurant
from observability.rollups import roll_up
from tests.factories import receive, serving_restaurant
from tests.integration.console.conftest import SignIn

pytestmark = pytest.mark.django_db

PAGE = "/explorer/"


@pytest.fixture
def client(sign_in: SignIn) -> Client:
    return sign_in("observability.view_event")


def placed(house: Restaurant, count: int) -> None:
    now = timezone.now()
    start = (now + timedelta(days=1)).replace(hour=19, minute=0, second=0, microsecond=0)
    for _ in range(count):
        process_booking(booking_id=receive(house, now=now, start=start).pk, trigger="test")


def works_at(*houses: Restaurant) -> Client:
    user = User.objects.create_user(username="eve", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_event"))
    for house in houses:
        StaffRestaurant.objects.create(user=user, restaurant=house)
    client = Client()
    client.force_login(user)
    return client


def test_figures_and_charts_tell_of_the_span_and_equal_before_and_after_they_are_counted(
    client: Client,
) -> None:
    placed(serving_restaurant(2, 2), 3)
    before = client.get(PAGE).context["panels"]
    assert [(figure.label, figure.figure, figure.made_of) for figure in before.figures] == [
        ("Received", "3", "6 covers"),
        ("Confirmed", "66.7 %", "2 of 3"),
        ("Review", "33.3 %", "1 of 3"),
        ("Review with a proof", "33.3 %", "1 of 3"),
        ("With an error of V3", "0.0 %", "0 of 3"),
    ]
    received = {chart.key: chart for chart in before.charts}["received"]
    assert [row for row in received.rows if row[1] != ("0",)] == [(received.last, ("3",))]
    roll_up()
    after = client.get(PAGE).context["panels"]
    assert (after.figures, after.tables) == (before.figures, before.tables)


def test_nothing_that_happened_is_no_data_and_not_zero(client: Client) -> None:
    panels = client.get(PAGE).context["panels"]
    figures = {figure.label: (figure.figure, figure.is_known) for figure in panels.figures}
    assert figures["Received"] == ("0", True)
    assert figures["Confirmed"] == ("no data", False)
    empty = {chart.key: chart.is_empty for chart in panels.charts}
    assert empty == {
        "received": False, "outcomes": True, "errors": True, "runs": True, "waits": True, "locks": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "charts", "steps"),
    [
        ({"span": "1h", "path": "v3"}, ["received", "outcomes", "errors", "runs", "locks"], 12),
        ({"span": "6h"}, ["received", "outcomes", "errors", "runs", "waits", "locks"], 24),
        ({"span": "7d", "path": "legacy"}, ["received", "outcomes", "runs"], 7),
        ({"span": "30d", "path": "legacy"}, ["received", "outcomes", "runs"], 30),
    ],
)
def test_span_and_path_are_chosen_in_the_address(
    client: Client, query: dict[str, str], charts: list[str], steps: int
) -> None:
    placed(serving_restaurant(2), 1)
    found = client.get(PAGE, query).context["panels"]
    assert [chart.key for chart in found.charts] == charts
    assert {len(chart.rows) for chart in found.charts} == {steps}
    assert found.figures[0].figure == "1"
    path = query.get("path", "")
    assert found.figures[1].made_of == ("0 of 0" if path == "legacy" else "1 of 1")


def test_a_restaurant_is_told_in_its_own_time_and_alone(client: Client) -> None:
    here, there = serving_restaurant(2), serving_restaurant(2)
    Restaurant.objects.filter(pk=here.pk).update(timezone="Asia/Tokyo")
    placed(here, 2)
    placed(there, 1)
    answer = client.get(PAGE, {"restaurant": here.pk})
    assert answer.context["panels"].figures[0].figure == "2"
    assert answer.context["zone"] == "JST"
    assert client.get(PAGE).context["panels"].figures[0].figure == "3"


def test_whoever_works_for_some_restaurants_sees_one_of_them_at_a_time(db: None) -> None:
    own, other = serving_restaurant(2), serving_restaurant(2)
    placed(own, 1)
    placed(other, 1)
    client = works_at(own)
    assert "panels" not in client.get(PAGE).context
    assert client.get(PAGE, {"restaurant": own.pk}).context["panels"].figures[0].figure == "1"
    foreign = client.get(PAGE, {"restaurant": other.pk})
    assert foreign.status_code == 200
    assert "panels" not in foreign.context
    assert other.name not in foreign.content.decode()


def test_filters_that_name_nothing_show_nothing(client: Client) -> None:
    for query in ({"span": "9y"}, {"restaurant": "x"}, {"path": "v4"}):
        answer = client.get(PAGE, query)
        assert answer.status_code == 200
        assert "Nothing to show" in answer.content.decode()


def test_each_chart_has_its_table_and_no_style_of_its_own(client: Client) -> None:
    placed(serving_restaurant(2), 1)
    text = client.get(PAGE).content.decode()
    assert text.count('<svg class="chart__plot"') == text.count("as a table</summary>") == 6
    assert " style=" not in text.partition("<main")[2]


def test_the_page_costs_the_same_however_much_happened(client: Client) -> None:
    house = serving_restaurant(2, 2, 2)
    client.get(PAGE)
    placed(house, 1)
    with CaptureQueriesContext(connection) as few:
        client.get(PAGE)
    placed(house, 4)
    roll_up()
    with CaptureQueriesContext(connection) as many:
        client.get(PAGE)
    assert len(many) == len(few) <= 14


def test_it_takes_the_permission_to_view_events(sign_in: SignIn) -> None:
    assert sign_in("bookings.view_booking").get(PAGE).status_code == 403
