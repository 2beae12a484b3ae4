"""Floor plan and calendar in the console: what cannot be is told at its field, never by the database."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.db import connection, transaction
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
from observability.models import Event
from observability.scope import Scope
from tests.factories import RestaurantFactory, TableFactory, ZoneFactory, dinner, serving_restaurant
from tests.integration.admin import rows
from tests.integration.admin.addresses import add_to, deletion_of, page_of
from tests.integration.admin.test_every_page import queries_of
from tests.integration.bookings.evening import confirmed, tables

pytestmark = pytest.mark.django_db


def post(client: Client, address: str, **answers: Any) -> dict[str, list[str]]:
    """The form's errors by field; none if it was saved. What is due at commit is checked at once."""
    response = client.post(address, answers)
    if response.status_code == 302:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        return {}
    assert response.status_code == 200
    found = dict(response.context["adminform"].form.errors)
    for inline in response.context["inline_admin_formsets"]:
        for form in inline.formset.forms:
            found.update(form.errors)
    return found


def table_answers(table: Table, **answers: Any) -> dict[str, Any]:
    return {
        "restaurant": table.restaurant_id,
        "zone": table.zone_id,
        "number": "N1",
        "capacity": 4,
        "min_party": 1,
        "max_party": 4,
        "active": "on",
        **answers,
    }


def inline(prefix: str, *forms: dict[str, Any]) -> dict[str, Any]:
    """The answers of one inline: its management form and new rows."""
    answers: dict[str, Any] = {f"{prefix}-TOTAL_FORMS": len(forms), f"{prefix}-INITIAL_FORMS": 0}
    for number, form in enumerate(forms):
        answers |= {f"{prefix}-{number}-{name}": value for name, value in form.items()}
    return answers


def restaurant_answers(**inlines: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    answers: dict[str, Any] = {
        "name": "Bistro", "slug": "bistro", "timezone": "Europe/London", "active": "on", "buffer_minutes": 5,
        "max_slack": 4, "max_tables": 3, "max_party_auto": 12, "freeze_minutes": 120,
    }  # fmt: skip
    for prefix in ("zones", "service_periods", "turn_times", "pacing", "closures"):
        answers |= inline(prefix, *inlines.get(prefix, ()))
    return answers


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


# Blocks


def block_answers(table: Table, start: str, end: str) -> dict[str, Any]:
    return {"restaurant": table.restaurant_id, "table": table.pk, "start_at": start, "end_at": end}


def test_a_block_is_entered_on_the_restaurants_clock(administrator: Client) -> None:
    table = TableFactory(zone=ZoneFactory(restaurant=RestaurantFactory(timezone="Europe/Madrid")))
    answers = block_answers(table, "2027-03-05 20:00", "2027-03-05 21:00")
    assert post(administrator, add_to(TableBlock), **answers) == {}
    assert TableBlock.objects.get().start_at == dinner(19)


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        ("2027-03-28 01:30", "2027-03-28 04:00", "start_at"),  # the clocks skip it
        ("2027-10-30 12:00", "2027-10-31 01:30", "end_at"),  # the clocks show it twice
        ("2027-03-05 20:00", "2027-03-05 20:00", "__all__"),
        ("0001-01-01 00:00+14:00", "2027-03-05 20:00", "start_at"),
    ],
)
def test_a_period_that_is_none_is_refused_in_the_form(
    administrator: Client, start: str, end: str, field: str
) -> None:
    assert field in post(administrator, add_to(TableBlock), **block_answers(TableFactory(), start, end))


def test_a_block_finds_its_bookings_other_tables_and_tells_which(administrator: Client) -> None:
    booking = confirmed(serving_restaurant(2, 2, timezone="Europe/Madrid"))
    (held,) = tables(booking)
    table = Table.objects.get(pk=held)
    answers = block_answers(table, "2027-03-05 20:30", "2027-03-05 21:00")
    response = administrator.post(add_to(TableBlock), answers, follow=True)
    assert f"Moved to other tables: {booking.reference}." in response.content.decode()
    assert held not in tables(booking)


def test_a_block_that_is_over_is_refused_at_its_end(administrator: Client) -> None:
    answers = block_answers(TableFactory(), "2020-03-05 20:30", "2020-03-05 21:00")
    assert "end_at" in post(administrator, add_to(TableBlock), **answers)


def test_a_table_that_is_taken_out_finds_its_bookings_other_tables(administrator: Client) -> None:
    booking = confirmed(serving_restaurant(2, 2))
    table = Table.objects.get(pk=tables(booking)[0])
    answers = table_answers(table, number=table.number, capacity=2, max_party=2)
    del answers["active"], answers["restaurant"]
    response = administrator.post(page_of(table), answers, follow=True)
    assert f"Moved to other tables: {booking.reference}." in response.content.decode()
    assert not Table.objects.filter(pk=table.pk, active=True).exists()
    assert post(administrator, page_of(table), **{**answers, "active": "on"}) == {}
    assert Table.objects.filter(pk=table.pk, active=True).exists()
    assert Event.objects.filter(event_type="table.returned").exists()


def test_only_the_reason_of_a_block_is_edited(administrator: Client) -> None:
    block = rows.make(TableBlock)
    assert isinstance(block, TableBlock)
    later = {"reason": "paint", "start_at": "2028-01-01 19:00", "end_at": "2028-01-01 20:00"}
    assert post(administrator, page_of(block), **later) == {}
    start = block.start_at
    block.refresh_from_db()
    assert (block.reason, block.start_at) == ("paint", start)


@pytest.mark.parametrize("by_list", [False, True])
def test_deleting_a_block_lifts_it_and_announces_the_seats(administrator: Client, *, by_list: bool) -> None:
    block = rows.make(TableBlock)
    waiting = apps.get_model("django_q", "OrmQ").objects
    before = waiting.count()
    if by_list:
        chosen = {"action": "delete_selected", "_selected_action": [block.pk], "post": "yes"}
        administrator.post(add_to(TableBlock).replace("add/", ""), chosen)
    else:
        administrator.post(deletion_of(block), {"post": "yes"})
    assert not TableBlock.objects.exists()
    assert waiting.count() == before + 1


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


def changed(table: Table, **answers: Any) -> dict[str, Any]:
    """The form of a table as it is, but for `answers`."""
    now_is = {
        "number": table.number,
        "capacity": table.capacity,
        "max_party": table.max_party,
        "movable": "on",
    }
    return {name: value for name, value in table_answers(table, **{**now_is, **answers}).items() if value}


def pair_of(restaurant: Restaurant) -> Combination:
    named = Combination.objects.create(restaurant=restaurant, name="Pair", capacity=5)
    CombinationTable.objects.bulk_create(
        CombinationTable(restaurant=restaurant, combination=named, table=table)
        for table in restaurant.tables.all()
    )
    return named


def test_a_table_that_becomes_too_small_finds_its_bookings_other_tables(administrator: Client) -> None:
    booking = confirmed(serving_restaurant(2, 2))
    table = Table.objects.get(pk=tables(booking)[0])
    response = administrator.post(page_of(table), changed(table, capacity=1, max_party=1), follow=True)
    assert f"Moved to other tables: {booking.reference}." in response.content.decode()
    assert table.pk not in tables(booking)
    table.refresh_from_db()
    assert table.capacity == 1


def test_a_link_that_a_combination_needs_is_not_deleted(administrator: Client) -> None:
    named = pair_of(serving_restaurant(2, 2, join=True))
    link = Adjacency.objects.get()
    page = administrator.post(deletion_of(link), {"post": "yes"})
    assert "not all connected by adjacencies" in page.content.decode()
    assert Adjacency.objects.exists()
    administrator.post(deletion_of(named), {"post": "yes"})
    administrator.post(deletion_of(link), {"post": "yes"})
    assert not Adjacency.objects.exists()


def test_a_table_that_a_combination_needs_as_it_is_says_so_in_the_form(administrator: Client) -> None:
    restaurant = serving_restaurant(2, 2, join=True)
    pair_of(restaurant)
    table = restaurant.tables.earliest("pk")
    page = administrator.post(page_of(table), changed(table, movable=""))
    assert "cannot be moved, so not joined" in page.content.decode()


def test_a_combination_that_takes_fewer_or_goes_has_its_bookings_planned_again(administrator: Client) -> None:
    restaurant = serving_restaurant(2, 2, join=True)
    named = pair_of(restaurant)
    booking = confirmed(restaurant, party_size=5)
    members = {"combinationtable_set-TOTAL_FORMS": 0, "combinationtable_set-INITIAL_FORMS": 0}
    answers = {"name": "Pair", "capacity": 4, **members}
    response = administrator.post(page_of(named), answers, follow=True)
    assert f"being planned again: {booking.reference}." in response.content.decode()
    booking.refresh_from_db()
    assert booking.assignment_state == "assignment_pending"


def test_a_restaurant_that_is_deactivated_tells_which_bookings_go_on(administrator: Client) -> None:
    restaurant = serving_restaurant(2)
    confirmed(restaurant)
    form = {name: value for name, value in restaurant_answers().items() if name != "active"}
    for prefix in ("zones", "service_periods"):
        form |= {f"{prefix}-TOTAL_FORMS": 0}
    page = administrator.post(page_of(restaurant), form, follow=True).content.decode()
    assert "Bistro takes no new bookings. 1 that are coming stay and are worked on" in page
    assert not Restaurant.objects.get().active
