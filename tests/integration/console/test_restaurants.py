"""The restaurants' pages: what they show, what their editor does to bookings first, and what it refuses."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assignments import flags
from assignments.coordinator import process_booking
from assignments.flags.services import Author, set_override
from bookings.models import (
    Adjacency,
    Booking,
    Closure,
    Combination,
    PacingLimit,
    Restaurant,
    ServicePeriod,
    Table,
    TableBlock,
    TurnTime,
    Zone,
)
from bookings.states import State
from config.roles import OPS_AGENT, OPS_LEAD, VIEWER
from observability.models import Event
from tests.factories import TableFactory, receive, serving_restaurant
from tests.integration.console.test_floor import client_of
from tests.invariants import breaches

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> Restaurant:
    return serving_restaurant(2, 4, join=True, timezone="UTC")


@pytest.fixture
def lead() -> Client:
    return client_of(OPS_LEAD, name="lead")


def seated(house: Restaurant, **wishes: Any) -> Booking:
    """A confirmed booking tomorrow at seven."""
    start = (timezone.now() + timedelta(days=1)).replace(hour=19, minute=0, second=0, microsecond=0)
    booking = receive(house, now=timezone.now(), **{"start": start, **wishes})
    process_booking(booking_id=booking.pk, trigger="test")
    booking.refresh_from_db()
    assert booking.assignment_state == State.CONFIRMED
    return booking


def table_of(booking: Booking) -> Table:
    return booking.allocations.get(active=True).table


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]*)"', page)
    assert found
    return found.group(1)


def sure(page: str) -> str:
    found = re.search(r'name="sure" value="([^"]*)"', page)
    assert found
    return found.group(1)


def values(table: Table, **other: Any) -> dict[str, Any]:
    return {
        "number": table.number, "zone": table.zone_id, "capacity": table.capacity,
        "min_party": table.min_party, "max_party": table.max_party, "movable": "on", **other,
    }  # fmt: skip


def opened(client: Client, address: str) -> dict[str, str]:
    """What the form at an address carries."""
    return {"seen": seen(client.get(address).content.decode())}


def post(client: Client, address: str, **sent: Any) -> HttpResponse:
    """Open the form and send it."""
    return client.post(address, {**opened(client, address), **sent})  # type: ignore[return-value]


# Pages


def test_the_list_shows_tables_path_and_reviews_of_the_scope(house: Restaurant) -> None:
    other = serving_restaurant(8)
    page = client_of(OPS_AGENT, house).get("/restaurants/").content.decode()
    assert house.name in page
    assert other.name not in page
    assert "Pinned by the environment" in page
    assert "no outcomes" in page


def test_a_restaurant_is_found_by_a_part_of_its_name(lead: Client, house: Restaurant) -> None:
    other = serving_restaurant(2)
    page = lead.get("/restaurants/", {"q": other.name[-4:]}).content.decode()
    assert other.name in page
    assert "No restaurant is called" in lead.get("/restaurants/", {"q": "x\x00y"}).content.decode()


def test_the_page_tells_the_path_and_that_an_override_decided(
    lead: Client, house: Restaurant, settings: Any
) -> None:
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = None
    flags.forget()
    assert "No flag is on for it" in lead.get(f"/restaurants/{house.pk}/").content.decode()
    by = Author(name="ada")
    set_override(restaurant_id=house.pk, percentage=40, reason="half of it", by=by, now=timezone.now())
    flags.forget()
    page = lead.get(f"/restaurants/{house.pk}/").content.decode()
    assert "V3 for 40 %" in page
    assert "own override" in page


def test_gaps_are_starts_at_which_no_table_is_free(lead: Client, house: Restaurant) -> None:
    address = f"/restaurants/{house.pk}/gaps/"
    assert f'hx-get="{address}"' in lead.get(f"/restaurants/{house.pk}/").content.decode()
    assert "always a table" in lead.get(address).content.decode()
    Table.objects.filter(restaurant=house).exclude(capacity=2).update(active=False)
    part = lead.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "none at any of" in part
    assert "<html" not in part


def test_another_restaurant_is_not_found_by_page_or_form(house: Restaurant) -> None:
    other = serving_restaurant(2)
    agent = client_of(OPS_AGENT, house)
    assert agent.get(f"/restaurants/{other.pk}/").status_code == 404
    assert agent.get(f"/restaurants/{other.pk}/block/").status_code == 404


def test_who_only_looks_is_offered_nothing_to_edit(house: Restaurant) -> None:
    client = client_of(VIEWER, house)
    page = client.get(f"/restaurants/{house.pk}/").content.decode()
    assert "/restaurants/table/" not in page
    assert "Block a table" not in page
    table = house.tables.first()
    assert table is not None
    assert client.get(f"/restaurants/table/{table.pk}/").status_code == 403
    assert client.post(f"/restaurants/table/{table.pk}/").status_code == 403


def test_an_agent_blocks_tables_and_edits_nothing_else(house: Restaurant) -> None:
    agent, table = client_of(OPS_AGENT, house), house.tables.earliest("pk")
    assert agent.get(f"/restaurants/{house.pk}/block/").status_code == 200
    assert agent.get(f"/restaurants/table/{table.pk}/").status_code == 403
    assert agent.post(f"/restaurants/{house.pk}/service/").status_code == 403


@pytest.mark.parametrize("path", ["/restaurants/", "/restaurants/{}/", "/restaurants/{}/gaps/"])
def test_the_number_of_queries_does_not_grow(path: str, lead: Client, house: Restaurant) -> None:
    def ask() -> int:
        """Queries of the page itself; the flags are read anew every second, whoever asks."""
        with CaptureQueriesContext(connection) as asked:
            assert lead.get(path.format(house.pk)).status_code == 200
        return sum("flag" not in query["sql"] for query in asked)

    furnish(house, "A")
    ask()
    few = ask()
    for number in range(3):
        furnish(house, f"B{number}")
        serving_restaurant(2)
    seated(house)
    assert ask() == few


def furnish(house: Restaurant, name: str) -> None:
    """Two tables side by side, joined under a name and blocked."""
    tables = [TableFactory(zone=house.zones.get()) for _ in range(2)]
    Adjacency.objects.create(restaurant=house, table_low=tables[0], table_high=tables[1])
    row = Combination.objects.create(restaurant=house, name=name, capacity=8)
    row.tables.set(tables, through_defaults={"restaurant": house})
    now = timezone.now()
    for table in tables:
        TableBlock.objects.create(restaurant=house, table=table, start_at=now, end_at=now + timedelta(days=1))


# Editing tables


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


# Blocks and rules


def test_a_block_is_placed_after_its_preview_and_lifted(house: Restaurant) -> None:
    agent, booking = client_of(OPS_AGENT, house), seated(house)
    table = table_of(booking)
    day = booking.start_at.date().isoformat()
    address = f"/restaurants/{house.pk}/block/"
    sent = {"table": table.pk, "start_at": f"{day}T18:00", "end_at": f"{day}T23:00", "reason": "leak"}
    page = agent.post(address, sent).content.decode()
    assert "Swapped" in page
    assert not TableBlock.objects.exists()
    assert agent.post(address, {**sent, "sure": sure(page)}).status_code == 302
    block = TableBlock.objects.get()
    assert LogEntry.objects.get(object_id=str(block.pk)).change_message.startswith("Floor plan: added.")
    lift = f"/restaurants/block/{block.pk}/"
    page = post(agent, lift, do="remove").content.decode()
    assert agent.post(lift, {"do": "remove", "seen": seen(page), "sure": sure(page)}).status_code == 302
    assert not TableBlock.objects.exists()
    steps = [
        event.context["action"] for event in Event.objects.filter(event_type="house.edited").order_by("id")
    ]
    assert steps == ["added", "removed"]


def test_a_block_that_ends_before_it_starts_or_has_passed_is_told_why(
    lead: Client, house: Restaurant
) -> None:
    address, table = f"/restaurants/{house.pk}/block/", house.tables.earliest("pk")
    sent = {"table": table.pk, "start_at": "2027-03-05T20:00", "end_at": "2027-03-05T19:00"}
    assert "ends before it starts" in lead.post(address, sent).content.decode()
    past = {"table": table.pk, "start_at": "2020-03-05T20:00", "end_at": "2020-03-05T21:00"}
    assert "has passed" in lead.post(address, past).content.decode()


def test_a_service_that_closes_earlier_tells_who_stays_outside_and_leaves_them_be(
    lead: Client, house: Restaurant
) -> None:
    booking = seated(house)
    row = ServicePeriod.objects.get(restaurant=house, weekday=booking.start_at.weekday())
    sent = {"name": "Dinner", "weekday": row.weekday, "opens": "17:00", "closes": "19:30"}
    address = f"/restaurants/service/{row.pk}/"
    page = post(lead, address, **sent).content.decode()
    assert booking.reference in page
    assert "outside the services" in page
    assert lead.post(address, {**sent, "seen": seen(page), "sure": sure(page)}).status_code == 302
    booking.refresh_from_db()
    assert booking.assignment_state == State.CONFIRMED
    assert Event.objects.get(event_type="house.edited").context["fields"] == ["closes"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"opens": "18:00", "closes": "17:00"}, "17:00 is before it opens at 18:00"),
        ({"opens": "17:30", "closes": "22:00"}, "Another service of this day overlaps these hours."),
        ({"opens": "12:00", "closes": "15:00", "last_seating": "16:00"}, "not between 12:00 and 15:00"),
        ({"opens": "", "closes": "15:00"}, "This field is required."),
    ],
)
def test_a_service_that_makes_no_sense_is_told_why(
    wrong: dict[str, str], told: str, lead: Client, house: Restaurant
) -> None:
    answer = lead.post(f"/restaurants/{house.pk}/service/", {"name": "Lunch", "weekday": 4, **wrong})
    assert told in answer.content.decode()
    assert not ServicePeriod.objects.filter(name="Lunch").exists()


def test_turn_times_pacing_closures_and_zones_are_kept_apart_and_saved(
    lead: Client, house: Restaurant
) -> None:
    base = f"/restaurants/{house.pk}"
    band = {"service_name": "Dinner", "min_party": 1, "max_party": 4, "minutes": 90}
    assert lead.post(f"{base}/turntime/", band).status_code == 302
    assert "covers some of these party sizes" in lead.post(f"{base}/turntime/", band).content.decode()
    wrong = {**band, "min_party": 9, "max_party": 5, "minutes": 5}
    page = lead.post(f"{base}/turntime/", wrong).content.decode()
    assert "5 is less than 9" in page
    assert "5 min is not between 15 and 720." in page
    limit = {"max_covers": 20, "interval_minutes": 15}
    assert lead.post(f"{base}/pacing/", limit).status_code == 302
    assert lead.post(f"{base}/pacing/", limit).status_code == 200
    days = {"starts_on": "2027-03-07", "ends_on": "2027-03-05", "reason": "works"}
    assert "before the first day" in lead.post(f"{base}/closure/", days).content.decode()
    assert lead.post(f"{base}/closure/", {**days, "ends_on": "2027-03-08"}).status_code == 302
    zone = {"name": "Terrace", "kind": "outdoor", "sort_order": 2}
    assert lead.post(f"{base}/zone/", zone).status_code == 302
    assert "There is a zone Terrace already" in lead.post(f"{base}/zone/", zone).content.decode()
    page = lead.get(f"{base}/").content.decode()
    for words in ("20 guests", "7 Mar 2027", "Terrace", "1 to 4"):
        assert words in page
    for row in (TurnTime.objects.get(), PacingLimit.objects.get(), Closure.objects.get()):
        slug = {"TurnTime": "turntime", "PacingLimit": "pacing", "Closure": "closure"}[type(row).__name__]
        address = f"/restaurants/{slug}/{row.pk}/"
        page = post(lead, address, do="remove").content.decode()
        assert lead.post(address, {"do": "remove", "seen": seen(page), "sure": sure(page)}).status_code == 302
    assert not TurnTime.objects.exists()
    assert Zone.objects.filter(restaurant=house).count() == 2


def test_what_is_nothing_to_do_changes_nothing(lead: Client, house: Restaurant) -> None:
    zone = house.zones.get()
    page = post(lead, f"/restaurants/zone/{zone.pk}/", do="burn").content.decode()
    assert "nothing that can be done here" in page
    row = house.tables.earliest("pk")
    gone = opened(lead, f"/restaurants/table/{row.pk}/")
    assert lead.post("/restaurants/table/999999/", gone).status_code == 404
