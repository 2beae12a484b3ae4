"""The editor of blocks and of the rules: whom an edit leaves outside, and what makes no sense."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from bookings.models import (
    Closure,
    PacingLimit,
    Restaurant,
    ServicePeriod,
    TableBlock,
    TurnTime,
    Zone,
)
from bookings.states import State
from config.roles import OPS_AGENT
from observability.models import Event
from tests.integration.console.restaurants.editing import opened, post, seated, seen, sure, table_of
from tests.integration.console.test_floor import client_of

pytestmark = pytest.mark.django_db


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
