"""The editor of tables: what it does to bookings is told first, and what it refuses says why."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from bookings.models import (
    Adjacency,
    Combination,
    Restaurant,
    Table,
)
from bookings.states import State
from config.roles import OPS_LEAD
from observability.models import Event
from tests.factories import TableFactory, serving_restaurant
from tests.integration.console.restaurants.editing import opened, post, seated, seen, sure, table_of, values
from tests.integration.console.test_floor import client_of
from tests.invariants import breaches

pytestmark = pytest.mark.django_db


def test_a_smaller_table_first_tells_whom_it_unseats_and_then_plans_him_again(
    lead: Client, house: Restaurant
) -> None:
    booking = seated(house, party_size=4)
    table = table_of(booking)
    address = f"/restaurants/table/{table.pk}/"
    small = values(table, capacity=2, max_party=2)
    preview = post(lead, address, **small)
    page = preview.content.decode()
    assert preview.status_code == 200
    assert booking.reference in page
    assert "1 booking would be touched" in page
    assert "Back into assignment" in page or "Swapped" in page
    table.refresh_from_db()
    booking.refresh_from_db()
    assert (table.capacity, booking.assignment_state) == (4, State.CONFIRMED)
    assert not LogEntry.objects.exists()

    done = lead.post(address, {**small, "seen": seen(page), "sure": sure(page)})
    assert done.status_code == 302
    table.refresh_from_db()
    booking.refresh_from_db()
    assert table.capacity == 2
    assert booking.assignment_state in (State.ASSIGNMENT_PENDING, State.CONFIRMED)
    entry = LogEntry.objects.get(object_id=str(table.pk))
    assert entry.change_message.startswith("Floor plan: changed: seats, largest party alone.")
    assert Event.objects.filter(event_type="floor_plan.edited").count() == 1
    assert breaches(unfinished=True) == {}


def test_what_was_confirmed_for_one_booking_is_asked_again_for_two(lead: Client, house: Restaurant) -> None:
    booking = seated(house, party_size=4)
    table = table_of(booking)
    address, small = f"/restaurants/table/{table.pk}/", values(table, capacity=2, max_party=2)
    page = post(lead, address, **small).content.decode()
    seated(house, party_size=4, start=booking.start_at + timedelta(days=1))
    again = lead.post(address, {**small, "seen": seen(page), "sure": sure(page)})
    assert again.status_code == 200
    assert "2 bookings would be touched" in again.content.decode()
    table.refresh_from_db()
    assert table.capacity == 4


def test_an_edit_that_touches_nobody_is_saved_at_once(lead: Client, house: Restaurant) -> None:
    table = house.tables.get(capacity=2)
    done = post(lead, f"/restaurants/table/{table.pk}/", **values(table, number="Window 1"))
    assert done.status_code == 302
    assert done["Location"] == f"/restaurants/{house.pk}/#tables"
    table.refresh_from_db()
    assert table.number == "Window 1"


def test_the_second_of_two_editors_sees_what_changed_and_keeps_what_he_wrote(
    lead: Client, house: Restaurant
) -> None:
    table = house.tables.get(capacity=2)
    address = f"/restaurants/table/{table.pk}/"
    ben = client_of(OPS_LEAD, name="ben")
    before = opened(lead, address)
    assert post(ben, address, **values(table, capacity=3)).status_code == 302
    refused = lead.post(address, {**before, **values(table, number="Mine")})
    page = refused.content.decode()
    assert refused.status_code == 409
    assert "ben changed it" in page
    assert "<del>2</del>" in page
    assert "<ins>3</ins>" in page
    assert 'value="Mine"' in page
    table.refresh_from_db()
    assert (table.number != "Mine", table.capacity) == (True, 3)
    known = lead.post(address, {**values(table, number="Mine"), "seen": seen(page)})
    assert known.status_code == 302
    table.refresh_from_db()
    assert (table.number, table.capacity) == ("Mine", 3)


def test_a_form_that_carries_no_seal_is_a_conflict(lead: Client, house: Restaurant) -> None:
    table = house.tables.get(capacity=2)
    answer = lead.post(f"/restaurants/table/{table.pk}/", values(table, number="Forged"))
    assert answer.status_code == 409


def test_a_table_is_taken_out_of_service_and_put_back(lead: Client, house: Restaurant) -> None:
    booking = seated(house, party_size=4)
    table = table_of(booking)
    address = f"/restaurants/table/{table.pk}/"
    page = post(lead, address, do="remove").content.decode()
    assert booking.reference in page
    assert lead.post(address, {"do": "remove", "seen": seen(page), "sure": sure(page)}).status_code == 302
    table.refresh_from_db()
    assert not table.active
    assert post(lead, address, do="return").status_code == 302
    table.refresh_from_db()
    assert table.active


def test_taking_out_a_table_nobody_holds_is_asked_about_all_the_same(lead: Client, house: Restaurant) -> None:
    table = house.tables.get(capacity=2)
    page = post(lead, f"/restaurants/table/{table.pk}/", do="remove").content.decode()
    assert "No booking would be touched" in page
    table.refresh_from_db()
    assert table.active


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"number": "taken"}, "There is a table taken already"),
        ({"min_party": 3, "max_party": 2}, "The smallest party, 3, is larger than the largest, 2."),
        ({"max_party": 9}, "A party of 9 does not fit 2 seats."),
        ({"capacity": 0}, "At least 1."),
        ({"capacity": "many"}, "Enter a whole number."),
        ({"zone": 0}, "Select a valid choice"),
    ],
)
def test_a_table_that_makes_no_sense_is_told_why(
    wrong: dict[str, Any], told: str, lead: Client, house: Restaurant
) -> None:
    table = house.tables.get(capacity=2)
    TableFactory(zone=table.zone, number="taken")
    answer = post(lead, f"/restaurants/table/{table.pk}/", **values(table, **wrong))
    assert answer.status_code == 200
    page = answer.content.decode()
    assert told in page
    assert "Nothing was saved" in page
    assert "Constraint" not in page


def test_a_zone_of_another_restaurant_is_no_choice(lead: Client, house: Restaurant) -> None:
    table, other = house.tables.get(capacity=2), serving_restaurant(2).zones.get()
    page = post(lead, f"/restaurants/table/{table.pk}/", **values(table, zone=other.pk)).content.decode()
    assert "Select a valid choice" in page


def test_tables_of_another_restaurant_are_no_choice_in_any_form(lead: Client, house: Restaurant) -> None:
    own, strange = house.tables.earliest("pk"), serving_restaurant(2).tables.get()
    block = {"table": strange.pk, "start_at": "2027-03-05T19:00", "end_at": "2027-03-05T20:00"}
    named = {"name": "Both", "capacity": 4, "tables": [own.pk, strange.pk]}
    for answer in (
        lead.post(f"/restaurants/{house.pk}/block/", block),
        lead.post(f"/restaurants/{house.pk}/combination/", named),
        post(lead, f"/restaurants/neighbours/{own.pk}/", neighbours=[strange.pk]),
    ):
        assert "Select a valid choice" in answer.content.decode()


def test_a_table_is_added(lead: Client, house: Restaurant) -> None:
    zone = house.zones.get()
    sent = {"number": "T99", "zone": zone.pk, "capacity": 6, "min_party": 3, "max_party": 6, "movable": "on",
            "attributes": ["window"]}  # fmt: skip
    assert lead.post(f"/restaurants/{house.pk}/table/", sent).status_code == 302
    added = Table.objects.get(restaurant=house, number="T99")
    assert (added.capacity, added.attributes, added.active) == (6, ["window"], True)
    assert LogEntry.objects.get(object_id=str(added.pk)).change_message == "Floor plan: added."


# Neighbours and combinations


def test_neighbours_are_ticked_and_who_sat_joined_is_told(lead: Client, house: Restaurant) -> None:
    booking = seated(house, party_size=6)
    assert booking.allocations.filter(active=True).count() == 2
    one, other = house.tables.order_by("pk")
    address = f"/restaurants/neighbours/{one.pk}/"
    page = post(lead, address).content.decode()
    assert booking.reference in page
    assert Adjacency.objects.exists()
    assert lead.post(address, {"seen": seen(page), "sure": sure(page)}).status_code == 302
    assert not Adjacency.objects.exists()
    assert post(lead, address, neighbours=[other.pk]).status_code == 302
    assert Adjacency.objects.get().table_low_id == one.pk


def test_a_table_is_never_offered_as_its_own_neighbour(lead: Client, house: Restaurant) -> None:
    one = house.tables.earliest("pk")
    page = post(lead, f"/restaurants/neighbours/{one.pk}/", neighbours=[one.pk]).content.decode()
    assert "is not one of the available choices" in page


def test_a_combination_is_named_only_of_tables_that_join(lead: Client, house: Restaurant) -> None:
    ids = list(house.tables.order_by("pk").values_list("pk", flat=True))
    apart = TableFactory(zone=house.zones.get(), number="far")
    address = f"/restaurants/{house.pk}/combination/"
    alone = lead.post(address, {"name": "Long", "capacity": 7, "tables": ids[:1]}).content.decode()
    assert "at least two tables" in alone
    far = lead.post(address, {"name": "Long", "capacity": 7, "tables": [ids[0], apart.pk]}).content.decode()
    assert "do not all stand next to each other" in far
    assert lead.post(address, {"name": "Long", "capacity": 7, "tables": ids}).status_code == 302
    twice = lead.post(address, {"name": "Again", "capacity": 9, "tables": ids}).content.decode()
    assert "Long joins just these tables already" in twice
    row = Combination.objects.get()
    assert sorted(row.tables.values_list("pk", flat=True)) == ids
    edit = f"/restaurants/combination/{row.pk}/"
    assert post(lead, edit, name="Long", capacity=8, tables=ids).status_code == 302
    page = post(lead, edit, do="remove").content.decode()
    assert lead.post(edit, {"do": "remove", "seen": seen(page), "sure": sure(page)}).status_code == 302
    assert not Combination.objects.exists()
