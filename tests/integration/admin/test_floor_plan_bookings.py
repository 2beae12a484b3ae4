"""Edits of the floor plan in the console: what becomes of the bookings, and whom they tell."""

from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from bookings.models import (
    Adjacency,
    Combination,
    CombinationTable,
    Restaurant,
    Table,
    TableBlock,
)
from observability.models import Event
from tests.factories import RestaurantFactory, TableFactory, ZoneFactory, dinner, serving_restaurant
from tests.integration.admin import rows
from tests.integration.admin.addresses import add_to, deletion_of, page_of
from tests.integration.admin.floor_plan_forms import changed, post, restaurant_answers, table_answers
from tests.integration.bookings.evening import confirmed, tables

pytestmark = pytest.mark.django_db


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
