"""The floor page: what it draws, what each click does, and what it refuses."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assignments.coordinator import process_booking
from bookings.allocations import held_tables
from bookings.models import Booking, BookingMove, Restaurant, StaffRestaurant, TableBlock
from config.console.floor.evening import evening_of
from config.console.floor.plot import plot_of
from config.roles import OPS_AGENT, VIEWER
from tests.factories import ServicePeriodFactory, dinner, receive, serving_restaurant
from tests.integration.assignments.review.scenes import placed
from tests.invariants import breaches

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> Restaurant:
    return serving_restaurant(2, 2, 4, join=True)


def client_of(group: str, *restaurants: Restaurant, name: str = "ada") -> Client:
    user = User.objects.create(username=name, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    for restaurant in restaurants:
        StaffRestaurant.objects.create(user=user, restaurant=restaurant)
    client = Client()
    client.force_login(user)
    return client


def evening(house: Restaurant, now: datetime | None = None):  # type: ignore[no-untyped-def]
    return evening_of(restaurant=house, opens=dinner(17), closes=dinner(23, 30), now=now or dinner(19, 10))


def page(client: Client, house: Restaurant, booking: Booking | None = None) -> str:
    address = f"/floor/?r={house.pk}&day={dinner():%Y-%m-%d}" + (f"&b={booking.pk}" if booking else "")
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def act(client: Client, booking: Booking, step: str, **sent: str) -> int:
    return client.post(reverse(f"admin:floor_{step}", args=[booking.pk]), sent).status_code


def test_bars_stand_where_their_time_and_tables_are(house: Restaurant) -> None:
    booking = placed(house, start=dinner(17))
    plot = plot_of(evening(house))
    (bar,) = plot.bars
    assert (bar.x, bar.tone, bar.party) == ("0.000%", "confirmed", 2)
    lane = next(lane for lane in plot.lanes if lane.number == booking.allocations.get().table.number)
    assert bar.y == lane.y + 2
    assert [tick.label for tick in plot.ticks][:2] == ["17:00", "18:00"]


def test_joined_neighbours_share_one_bar(house: Restaurant) -> None:
    placed(house, party_size=6)
    bars = plot_of(evening(house)).bars
    assert sum((bar.height + 4) // 26 for bar in bars) == len(bars[0].label.split("+"))
    assert all("joined" in bar.label for bar in bars)


def test_who_has_no_table_stands_above(house: Restaurant) -> None:
    booking = placed(house, party_size=20, by_staff=True)
    (bar,) = plot_of(evening(house)).bars
    assert (bar.pk, bar.tone) == (booking.pk, "crit")
    assert bar.y < plot_of(evening(house)).lanes[0].y


def test_a_party_past_its_end_puts_the_next_one_in_conflict() -> None:
    house = serving_restaurant(2)
    sitting = placed(house, start=dinner(17))
    waiting = placed(house, start=sitting.end_at + timedelta(minutes=5))
    Booking.objects.filter(pk=sitting.pk).update(status="checked_in")
    late = evening(house, sitting.end_at + timedelta(minutes=3))
    assert {pk: party.pk for pk, party in late.conflicts().items()} == {waiting.pk: sitting.pk}
    tones = {bar.pk: bar.tone for bar in plot_of(late).bars}
    assert tones == {sitting.pk: "in", waiting.pk: "crit"}
    assert evening(house, sitting.end_at - timedelta(minutes=1)).conflicts() == {}


def test_blocks_are_drawn_and_who_left_stays_to_be_seen(house: Restaurant) -> None:
    booking = placed(house)
    table = booking.allocations.get().table
    Booking.objects.filter(pk=booking.pk).update(status="completed")
    booking.allocations.update(active=False)
    TableBlock.objects.create(
        restaurant=house, table=table, start_at=dinner(21), end_at=dinner(22), reason="broken leg"
    )
    plot = plot_of(evening(house))
    assert [bar.tone for bar in plot.bars] == ["done"]
    assert plot.blocks[0].label == "Out of service: broken leg"


def test_a_chosen_booking_is_moved_to_the_seat_that_is_clicked(house: Restaurant) -> None:
    booking = placed(house)
    client = client_of(OPS_AGENT, house)
    before = held_tables(booking)
    assert "Move to" in page(client, house, booking)
    other = house.tables.filter(capacity=2).exclude(pk__in=before).get()
    assert act(client, booking, "move", tables=str(other.pk)) == 302
    assert held_tables(booking) == (other.pk,)
    assert BookingMove.objects.get().actor == User.objects.get(username="ada")
    assert LogEntry.objects.get().change_message == "Floor: sits elsewhere now."
    assert breaches(unfinished=True) == {}


@pytest.mark.parametrize("tables", ["", "x", "1,x", "999999999", "0", "9" * 30])
def test_tables_that_do_not_suit_change_nothing(tables: str, house: Restaurant) -> None:
    booking = placed(house)
    before = held_tables(booking)
    assert act(client_of(OPS_AGENT, house), booking, "move", tables=tables, r=str(house.pk)) == 409
    assert held_tables(booking) == before
    assert not LogEntry.objects.exists()


def test_a_taken_table_is_refused_with_words(house: Restaurant) -> None:
    booking, other = placed(house), placed(house)
    client = client_of(OPS_AGENT, house)
    (taken,) = held_tables(other)
    answer = client.post(
        reverse("admin:floor_move", args=[booking.pk]),
        {"tables": str(taken), "r": str(house.pk), "day": f"{dinner():%Y-%m-%d}"},
    )
    assert answer.status_code == 409
    assert "Nothing was changed" in answer.content.decode()
    assert "somebody has taken them" in answer.content.decode()


def test_the_steps_of_an_evening(house: Restaurant) -> None:
    booking, client = placed(house), client_of(OPS_AGENT, house)
    assert act(client, booking, "lock") == 302
    booking.refresh_from_db()
    assert booking.locked
    assert act(client, booking, "unlock") == 302
    assert act(client, booking, "no_show", r=str(house.pk)) == 409, "it has not begun"
    assert act(client, booking, "check_in") == 302
    assert act(client, booking, "complete") == 302
    booking.refresh_from_db()
    assert booking.status == "completed"
    assert act(client, booking, "lock", r=str(house.pk)) == 409
    assert LogEntry.objects.count() == 4


def test_a_walk_in_is_seated_or_told_why_not() -> None:
    house = serving_restaurant(2)
    client = client_of(OPS_AGENT, house)
    now = timezone.now()
    for weekday in range(7):
        house.service_periods.filter(weekday=weekday).delete()
        ServicePeriodFactory(restaurant=house, weekday=weekday, name="All day", opens="00:00", closes="23:59")
    answer = client.post("/floor/walk-in/", {"r": house.pk, "party": "40"})
    assert answer.status_code == 409
    answer = client.post("/floor/walk-in/", {"r": house.pk, "party": ""})
    assert answer.status_code == 409
    local = now.astimezone(house.tzinfo)
    if local.hour < 22:  # later the turn does not end before the service does
        answer = client.post("/floor/walk-in/", {"r": house.pk, "party": "2", "name": "At the door"})
        assert answer.status_code == 302, answer.content.decode()[-3000:]
        assert Booking.objects.get().status == "checked_in"


@pytest.fixture
def open_house() -> Restaurant:
    """Tables for two, at noon or so, whenever the test runs."""
    house = serving_restaurant(2, 2)
    ahead = 12 - timezone.now().hour
    Restaurant.objects.filter(pk=house.pk).update(timezone=f"Etc/GMT{-ahead:+d}")
    house.service_periods.all().delete()
    for weekday in range(7):
        ServicePeriodFactory(restaurant=house, weekday=weekday, name="All day", opens="00:00", closes="23:59")
    return house


def test_a_walk_in_that_is_sent_twice_is_seated_once(open_house: Restaurant) -> None:
    client = client_of(OPS_AGENT, open_house)
    form = {"r": open_house.pk, "party": "2", "form_id": form_id_of(client)}
    client.post("/floor/walk-in/", form)
    again = client.post("/floor/walk-in/", form, follow=True)
    assert f"sent before and seated {Booking.objects.get().reference}" in again.content.decode()
    client.post("/floor/walk-in/", {**form, "form_id": form_id_of(client)})
    assert Booking.objects.filter(status="checked_in").count() == 2


@pytest.mark.parametrize("form_id", ["", "\x00", "x" * 5_000])
def test_a_walk_in_from_a_page_of_before_is_seated(form_id: str, open_house: Restaurant) -> None:
    form = {"r": open_house.pk, "party": "2", "form_id": form_id}
    assert client_of(OPS_AGENT, open_house).post("/floor/walk-in/", form).status_code == 302


def test_two_clicks_at_once_seat_one_party(committed_db: None, open_house: Restaurant) -> None:
    client = client_of(OPS_AGENT, open_house)
    form = {"r": open_house.pk, "party": "2", "form_id": form_id_of(client)}

    def click() -> int:
        try:
            other = Client()
            other.cookies = client.cookies
            return other.post("/floor/walk-in/", form).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        clicks = [pool.submit(click) for _ in range(2)]
        assert [clicked.result(timeout=30) for clicked in clicks] == [302, 302]
    assert Booking.objects.count() == 1


def form_id_of(client: Client) -> str:
    found = re.search(r'name="form_id" value="([^"]+)"', client.get("/floor/").content.decode())
    assert found
    return found[1]


def test_a_viewer_looks_and_touches_nothing(house: Restaurant) -> None:
    booking, client = placed(house), client_of(VIEWER, house)
    assert "Check in" not in page(client, house, booking)
    for step in ("check_in", "complete", "no_show", "lock", "unlock", "move"):
        assert act(client, booking, step) == 403, step
    assert client.post("/floor/walk-in/", {"r": house.pk, "party": "2"}).status_code == 403


def test_nothing_of_another_restaurant_is_shown_or_moved(house: Restaurant) -> None:
    booking = placed(house)
    other = serving_restaurant(2)
    client = client_of(OPS_AGENT, other)
    shown = page(client, house, booking)
    assert booking.reference not in shown
    assert house.name not in shown
    for step in ("check_in", "lock", "move"):
        assert act(client, booking, step) == 404, step
    assert client.post("/floor/walk-in/", {"r": house.pk, "party": "2"}).status_code == 404


@pytest.mark.parametrize(
    "query",
    ["", "r=x", "day=nonsense", "day=0001-01-01", "day=9999-12-31", "service=%00", "b=x", "b=" + "9" * 40],
)
def test_any_address_answers(query: str, house: Restaurant) -> None:
    assert client_of(OPS_AGENT, house).get(f"/floor/?{query}").status_code == 200


def test_who_works_nowhere_is_told_so(db: None) -> None:
    assert "No restaurant to show" in client_of(OPS_AGENT).get("/floor/").content.decode()


def test_the_page_costs_the_same_however_full_the_house_is(house: Restaurant) -> None:
    client = client_of(OPS_AGENT, house)
    booking = placed(house)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(client, house, booking)
        return len(captured)

    page(client, house, booking)
    one = queries()
    for hour in (17, 19, 21):
        process_booking(booking_id=receive(house, start=dinner(hour)).pk, trigger="test")
    assert queries() == one
