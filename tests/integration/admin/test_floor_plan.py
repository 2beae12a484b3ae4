"""Floor plan and calendar in the console: what cannot be is told at its field, never by the database."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.db import transaction
from django.test import Client, RequestFactory

from bookings.models import (
    Adjacency,
    Combination,
    CombinationTable,
    Restaurant,
    ServicePeriod,
    Table,
    TableBlock,
    TurnTime,
    Zone,
)
from observability.admin import RecordAdmin, RecordForm
from observability.scope import Scope
from tests.factories import RestaurantFactory, TableFactory, ZoneFactory
from tests.integration.admin import rows
from tests.integration.admin.addresses import add_to, deletion_of, page_of
from tests.integration.admin.floor_plan_forms import inline, post, restaurant_answers, table_answers
from tests.integration.admin.test_every_page import queries_of

pytestmark = pytest.mark.django_db


# Choices of another restaurant


def test_a_table_does_not_take_a_zone_of_another_restaurant(administrator: Client) -> None:
    here, elsewhere = TableFactory(), ZoneFactory()
    errors = post(administrator, add_to(Table), **table_answers(here, zone=elsewhere.pk))
    assert "belongs to" in errors["zone"][0]
    errors = post(administrator, page_of(here), **table_answers(here, zone=elsewhere.pk))
    assert "belongs to" in errors["zone"][0]


def test_a_table_stays_with_its_restaurant(administrator: Client) -> None:
    table, elsewhere = TableFactory(), RestaurantFactory()
    home = table.restaurant_id
    assert post(administrator, page_of(table), **table_answers(table, restaurant=elsewhere.pk)) == {}
    table.refresh_from_db()
    assert (table.restaurant_id, table.number) == (home, "N1")


def test_tables_of_two_restaurants_are_not_adjacent(administrator: Client) -> None:
    here, elsewhere = TableFactory(), TableFactory()
    answers = {"restaurant": here.restaurant_id, "table_low": here.pk, "table_high": elsewhere.pk}
    assert "belongs to" in post(administrator, add_to(Adjacency), **answers)["table_high"][0]
    assert not Adjacency.objects.exists()


def test_a_combination_refuses_a_table_of_another_restaurant(administrator: Client) -> None:
    here, elsewhere = TableFactory(), TableFactory()
    answers = {"restaurant": here.restaurant_id, "name": "Long", "capacity": 8}
    tables = inline("combinationtable_set", {"table": here.pk}, {"table": elsewhere.pk})
    assert "belongs to" in post(administrator, add_to(Combination), **answers, **tables)["table"][0]
    assert not Combination.objects.exists()
    member = rows.make(CombinationTable)
    assert isinstance(member, CombinationTable)
    answers = {
        "restaurant": member.restaurant_id,
        "combination": member.combination_id,
        "table": elsewhere.pk,
    }
    assert "belongs to" in post(administrator, add_to(CombinationTable), **answers)["table"][0]


def test_a_block_refuses_a_table_of_another_restaurant(administrator: Client) -> None:
    elsewhere = TableFactory()
    answers = {
        "restaurant": RestaurantFactory().pk,
        "table": elsewhere.pk,
        "start_at": "2027-03-05 19:00",
        "end_at": "2027-03-05 20:00",
    }
    assert "belongs to" in post(administrator, add_to(TableBlock), **answers)["table"][0]


# Adjacencies and combinations


@pytest.mark.parametrize("turned", [False, True])
def test_adjacent_tables_are_taken_in_any_order(administrator: Client, *, turned: bool) -> None:
    zone = ZoneFactory()
    low, high = TableFactory(zone=zone), TableFactory(zone=zone)
    one, other = (high, low) if turned else (low, high)
    answers = {"restaurant": zone.restaurant_id, "table_low": one.pk, "table_high": other.pk}
    assert post(administrator, add_to(Adjacency), **answers) == {}
    kept = Adjacency.objects.get()
    assert (kept.table_low_id, kept.table_high_id) == (low.pk, high.pk)
    assert "already exists" in post(administrator, add_to(Adjacency), **answers)["__all__"][0]


def test_a_table_is_not_adjacent_to_itself(administrator: Client) -> None:
    table = TableFactory()
    answers = {"restaurant": table.restaurant_id, "table_low": table.pk, "table_high": table.pk}
    assert "next to itself" in post(administrator, add_to(Adjacency), **answers)["table_high"][0]


def test_a_combination_is_saved_with_its_tables(administrator: Client) -> None:
    zone = ZoneFactory()
    tables = [TableFactory(zone=zone), TableFactory(zone=zone)]
    members = inline("combinationtable_set", *({"table": table.pk} for table in tables))
    answers = {"restaurant": zone.restaurant_id, "name": "Long", "capacity": 8}
    assert post(administrator, add_to(Combination), **answers, **members) == {}
    assert set(Combination.objects.get().tables.all()) == set(tables)


def test_a_combinations_page_asks_as_often_for_one_table_as_for_six(administrator: Client) -> None:
    zone = ZoneFactory()
    combination = Combination.objects.create(restaurant=zone.restaurant, name="Long", capacity=8)

    def put_in() -> None:
        CombinationTable.objects.create(
            restaurant=zone.restaurant, combination=combination, table=TableFactory(zone=zone)
        )

    put_in()
    one = queries_of(administrator, page_of(combination))
    for _ in range(5):
        put_in()
    assert queries_of(administrator, page_of(combination)) == one


# Rules of a row


@pytest.mark.parametrize(
    "answers",
    [{"min_party": 5}, {"max_party": 5}, {"capacity": 0}, {"min_party": 0}, {"attributes": ["swing"]}],
    ids=str,
)
def test_a_table_that_cannot_be_is_refused_in_the_form(
    administrator: Client, answers: dict[str, Any]
) -> None:
    table = TableFactory()
    assert post(administrator, add_to(Table), **table_answers(table, **answers)) != {}
    assert Table.objects.count() == 1


def test_a_table_number_is_given_once(administrator: Client) -> None:
    table = TableFactory(number="N1")
    assert post(administrator, add_to(Table), **table_answers(table)) != {}


def test_a_restaurant_is_saved_with_its_zones_and_calendar(administrator: Client) -> None:
    dinner_time = {"name": "Dinner", "weekday": 4, "opens": "17:00", "closes": "00:30"}
    answers = restaurant_answers(
        zones=({"name": "Room", "kind": "indoor", "sort_order": 0},),
        service_periods=(dinner_time, {**dinner_time, "weekday": 5}),
        turn_times=({"min_party": 1, "max_party": 2, "minutes": 75},),
        pacing=({"interval_minutes": 15, "max_covers": 20},),
        closures=({"starts_on": "2027-12-24", "ends_on": "2027-12-26"},),
    )
    assert post(administrator, add_to(Restaurant), **answers) == {}
    restaurant = Restaurant.objects.get()
    assert (restaurant.zones.count(), restaurant.service_periods.count(), restaurant.closures.count()) == (
        1,
        2,
        1,
    )


@pytest.mark.parametrize(
    "inlines",
    [
        {"turn_times": (
            {"min_party": 1, "max_party": 4, "minutes": 75},
            {"min_party": 4, "max_party": 6, "minutes": 90},
        )},
        {"service_periods": (
            {"name": "Lunch", "weekday": 4, "opens": "11:00", "closes": "15:00"},
            {"name": "Tea", "weekday": 4, "opens": "14:59", "closes": "16:00"},
        )},
        {"service_periods": (
            {"name": "Late", "weekday": 4, "opens": "22:00", "closes": "02:00"},
            {"name": "Later", "weekday": 4, "opens": "23:00", "closes": "23:30"},
        )},
        {"turn_times": ({"min_party": 3, "max_party": 2, "minutes": 75},)},
        {"closures": ({"starts_on": "2027-12-26", "ends_on": "2027-12-24"},)},
        {"pacing": ({"interval_minutes": 7, "max_covers": 20},)},
        {"zones": ({"name": "Room", "kind": "indoor", "sort_order": 0},) * 2},
    ],
)  # fmt: skip
def test_a_calendar_that_contradicts_itself_is_refused_in_the_form(
    administrator: Client, inlines: dict[str, Any]
) -> None:
    response = administrator.post(add_to(Restaurant), restaurant_answers(**inlines))
    assert response.status_code == 200
    assert not Restaurant.objects.exists()


def test_services_that_meet_are_no_overlap(administrator: Client) -> None:
    lunch = {"name": "Lunch", "weekday": 4, "opens": "11:00", "closes": "15:00"}
    tea = {"name": "Tea", "weekday": 4, "opens": "15:00", "closes": "16:00"}
    assert post(administrator, add_to(Restaurant), **restaurant_answers(service_periods=(lunch, tea))) == {}
    assert ServicePeriod.objects.count() == 2


def test_a_band_that_overlaps_a_saved_one_is_refused_in_the_form(administrator: Client) -> None:
    saved = rows.make(TurnTime)
    assert isinstance(saved, TurnTime)
    answers = {"restaurant": saved.restaurant_id, "min_party": 2, "max_party": 4, "minutes": 90}
    errors = post(administrator, add_to(TurnTime), **answers)
    assert errors["__all__"] == ["Another turn time covers some of these party sizes."]


def test_a_zone_with_tables_is_not_deleted(administrator: Client) -> None:
    table = TableFactory()
    administrator.post(deletion_of(table.zone), {"post": "yes"})
    assert Zone.objects.filter(pk=table.zone_id).exists()


def test_a_restaurants_page_asks_as_often_for_one_service_as_for_many(administrator: Client) -> None:
    restaurant = RestaurantFactory()
    ServicePeriod.objects.create(restaurant=restaurant, name="D", weekday=0, opens="17:00", closes="23:00")
    Zone.objects.create(restaurant=restaurant, name="Z")
    one = queries_of(administrator, page_of(restaurant))
    for weekday in range(1, 7):
        ServicePeriod.objects.create(
            restaurant=restaurant, name="D", weekday=weekday, opens="17:00", closes="23:00"
        )
        Zone.objects.create(restaurant=restaurant, name=f"Z{weekday}")
    assert queries_of(administrator, page_of(restaurant)) == one


class UnawareForm(RecordForm[Zone]):
    """Checks as if nobody else had saved anything."""

    class Meta:
        model = Zone
        fields = ["restaurant", "name", "kind", "sort_order"]

    def _get_validation_exclusions(self) -> set[str]:
        return {field.name for field in Zone._meta.fields}


class UnawareAdmin(RecordAdmin[Zone]):
    form = UnawareForm


def test_what_only_the_database_notices_is_told_and_nothing_saved(administrator: Client) -> None:
    zone = ZoneFactory(name="Room")
    answers = {"restaurant": zone.restaurant_id, "name": "Room", "kind": "indoor", "sort_order": 0}
    request = RequestFactory().post(add_to(Zone), answers)
    request.user = User.objects.get(username="administrator")
    request.restaurant_scope = Scope(restaurants=None)  # type: ignore[attr-defined]
    request.session = {}  # type: ignore[assignment]
    request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]
    with transaction.atomic():
        response = UnawareAdmin(Zone, admin.site).changeform_view(request)
    assert response.status_code == 302
    assert "zones_name_unique" in str(next(iter(get_messages(request))))
    assert Zone.objects.count() == 1
