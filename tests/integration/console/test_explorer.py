"""The metrics explorer: its figures, its filters, who sees whose, and what it costs."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assignments import flags
from assignments.coordinator import process_booking
from assignments.engine.phases import PhaseKey
from assignments.flags.authors import Author
from assignments.models import Phase
from assignments.rollout import phases
from bookings.models import Restaurant, StaffRestaurant
from observability.rollups import roll_up
from tests.factories import receive, serving_restaurant
from tests.integration.assignments.rollout import happenings
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


@pytest.fixture
def nobody_pins_v3(settings: Any) -> Iterator[None]:
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = None
    flags.forget()
    yield
    flags.forget()


@pytest.fixture
def phase(nobody_pins_v3: None) -> Phase:
    """Half of ten restaurants on V3 for a day and two hours; each has decided some bookings."""
    houses = [serving_restaurant(2) for _ in range(10)]
    now = timezone.now()
    began = now - timedelta(hours=26)
    found = phases.enter_first(PhaseKey.PRODUCTION_50, by=Author(name="test"), now=began)
    assert found.cohort is not None
    for house in houses:
        on_v3 = house.pk in found.cohort.restaurants
        happenings.outcomes(house.pk, at=now - timedelta(hours=2), confirmed=3, reviewed=0 if on_v3 else 1)
        happenings.outcomes(house.pk, at=began - timedelta(hours=2), confirmed=5)
    happenings.failures(found.cohort.restaurants[0], at=now - timedelta(hours=2), number=1)
    return found


@pytest.fixture
def lead(sign_in: SignIn) -> Client:
    return sign_in("observability.view_event", "assignments.view_phase", name="lena")


def test_a_phase_is_told_of_its_own_time_and_its_restaurants_beside_the_others(
    lead: Client, phase: Phase
) -> None:
    assert phase.cohort is not None
    on_v3 = len(phase.cohort.restaurants)
    others = 10 - on_v3

    def told() -> dict[str, tuple[str, str]]:
        panels = lead.get(PAGE, {"phase": phase.number}).context["panels"]
        assert panels.figures[1].made_of == f"30 of {30 + others}"
        [table] = [table for table in panels.tables if table.key == "cohort"]
        return {label: (ours, theirs) for label, ours, theirs in table.rows}

    before = told()
    assert before == {
        "Restaurants with bookings": (str(on_v3), str(others)),
        "Received": ("0", "0"),
        "Confirmed": (f"100.0 % of {3 * on_v3}", f"75.0 % of {4 * others}"),
        "Review": (f"0.0 % of {3 * on_v3}", f"25.0 % of {4 * others}"),
        "Review with a proof": (f"0.0 % of {3 * on_v3}", f"0.0 % of {4 * others}"),
        "With an error of V3": (
            f"{100 / (3 * on_v3 + 1):.1f} % of {3 * on_v3 + 1}",
            f"0.0 % of {4 * others}",
        ),
    }
    roll_up()
    assert told() == before


def test_a_phase_draws_both_paths_and_leads_back_to_its_page(lead: Client, phase: Phase) -> None:
    answer = lead.get(PAGE, {"phase": phase.number})
    charts = {chart.key: chart for chart in answer.context["panels"].charts}
    assert [line.label for line in charts["outcomes"].lines] == ["V3 confirmed", "Legacy confirmed"]
    assert {len(chart.rows) for chart in charts.values()} == {26}
    assert f'href="/rollout/phases/{phase.number}/"' in answer.content.decode()
    assert (
        f'href="{PAGE}?phase={phase.number}"' in lead.get(f"/rollout/phases/{phase.number}/").content.decode()
    )


def test_phases_are_there_for_those_who_may_see_them(client: Client, lead: Client, phase: Phase) -> None:
    assert "Nothing to show" in lead.get(PAGE, {"phase": 99}).content.decode()
    without = client.get(PAGE, {"phase": phase.number})
    assert "phase" not in without.context["form"].fields
    assert without.context["choice"].phase is None


def test_a_phase_costs_the_same_however_much_happened(lead: Client, phase: Phase) -> None:
    lead.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        lead.get(PAGE, {"phase": phase.number})
    for house in Restaurant.objects.all():
        happenings.outcomes(house.pk, at=timezone.now() - timedelta(hours=3), confirmed=5, reviewed=2)
    roll_up()
    with CaptureQueriesContext(connection) as many:
        lead.get(PAGE, {"phase": phase.number})
    assert len(many) == len(few) <= 18


def test_it_takes_the_permission_to_view_events(sign_in: SignIn) -> None:
    assert sign_in("bookings.view_booking").get(PAGE).status_code == 403
