"""Made-up restaurants and arrivals, put into the real database and through the real intake."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random

import pytest
from django.db import connection

from bookings import intake
from bookings.demand.arrivals import bookings_for
from bookings.demand.floor_plans import BISTRO, BRASSERIE, TEMPLATES
from bookings.demand.layout import Layout
from bookings.demand.load import next_peak_day
from bookings.demand.loading import booking_request, create_restaurant
from bookings.demand.variants import variant
from bookings.models import Combination, Restaurant, Zone
from tests.factories import NOW

FRIDAY = next_peak_day(NOW.date())

every_template = pytest.mark.parametrize("layout", TEMPLATES, ids=lambda layout: layout.slug)


@pytest.mark.django_db
@every_template
def test_a_restaurant_is_stored_with_all_that_belongs_to_it(layout: Layout) -> None:
    restaurant = create_restaurant(layout=layout)

    assert (restaurant.name, restaurant.timezone) == (layout.name, layout.timezone)
    assert restaurant.max_party_auto == layout.max_party_auto
    assert [(zone.name, zone.kind) for zone in restaurant.zones.all()] == [
        (zone.name, zone.kind) for zone in layout.zones
    ]
    assert {
        (t.number, t.zone.name, t.capacity, t.min_party, t.max_party, t.movable, tuple(t.attributes))
        for t in restaurant.tables.select_related("zone")
    } == {
        (t.number, t.zone, t.capacity, t.min_party, t.max_party, t.movable, t.attributes)
        for t in layout.tables
    }
    pairs = restaurant.adjacencies.values_list("table_low__number", "table_high__number")
    assert {frozenset(pair) for pair in pairs} == {frozenset(pair) for pair in layout.adjacencies}


@pytest.mark.django_db
@every_template
def test_combinations_and_calendar_are_stored_too(layout: Layout) -> None:
    restaurant = create_restaurant(layout=layout)

    assert {
        (named.name, named.capacity, frozenset(table.number for table in named.tables.all()))
        for named in Combination.objects.filter(restaurant=restaurant)
    } == {(named.name, named.capacity, frozenset(named.tables)) for named in layout.combinations}
    assert set(
        restaurant.service_periods.values_list("name", "weekday", "opens", "last_seating", "closes")
    ) == {(s.name, s.weekday, s.start, s.last_seating, s.end) for s in layout.services}
    assert set(restaurant.turn_times.values_list("service_name", "min_party", "max_party", "minutes")) == {
        (band.service, band.min_party, band.max_party, band.minutes) for band in layout.turn_times
    }
    assert restaurant.pacing.max_covers == layout.pacing.covers


@pytest.mark.django_db
def test_a_restaurant_that_exists_is_left_as_people_edited_it() -> None:
    first = create_restaurant(layout=BISTRO)
    Restaurant.objects.filter(pk=first.pk).update(max_party_auto=6)
    first.tables.filter(number="1").update(active=False)

    again = create_restaurant(layout=BISTRO)

    assert again.pk == first.pk
    assert again.max_party_auto == 6
    assert again.tables.filter(active=True).count() == len(BISTRO.tables) - 1


def test_two_processes_creating_it_at_once_get_one_restaurant(committed_db: None) -> None:
    def create(_: int) -> int:
        try:
            return create_restaurant(layout=BISTRO).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=4) as pool:
        made = set(pool.map(create, range(4)))

    assert len(made) == 1
    assert Restaurant.objects.get().tables.count() == len(BISTRO.tables)


@pytest.mark.django_db
def test_variants_can_be_stored_side_by_side() -> None:
    rng = Random(4)
    for number in range(6):
        create_restaurant(layout=variant(TEMPLATES[number % 3], rng, f"House {number}"))
    assert Restaurant.objects.count() == 6


@pytest.mark.django_db
@every_template
def test_intake_takes_every_arrival_of_a_quiet_evening_as_drawn(layout: Layout) -> None:
    restaurant = create_restaurant(layout=layout)
    arrivals = bookings_for(layout=layout, days=[FRIDAY], load=0.3, rng=Random(11))

    for arrival in arrivals:
        booking = intake.receive(request=booking_request(arrival=arrival, restaurant=restaurant), now=NOW)
        assert (booking.start_at, booking.end_at) == (arrival.start, arrival.end)
        assert booking.zone == restaurant.zones.filter(name=arrival.zone).first()
        assert booking.requires == list(arrival.requires)
        assert booking.guest_email == arrival.guest.email

    assert restaurant.bookings.count() == len(arrivals) > 5


@pytest.mark.django_db
def test_the_same_arrival_sent_twice_is_one_booking() -> None:
    restaurant = create_restaurant(layout=BRASSERIE)
    arrival = bookings_for(layout=BRASSERIE, days=[FRIDAY], load=0.3, rng=Random(11))[0]
    request = booking_request(arrival=arrival, restaurant=restaurant)

    first = intake.receive(request=request, now=NOW)
    second = intake.receive(request=request, now=NOW + timedelta(minutes=1))

    assert first.pk == second.pk


@pytest.mark.django_db
def test_a_zone_that_was_removed_is_reported() -> None:
    restaurant = create_restaurant(layout=BRASSERIE)
    arrivals = bookings_for(layout=BRASSERIE, days=[FRIDAY], load=1, rng=Random(11))
    wish = next(arrival for arrival in arrivals if arrival.zone)
    restaurant.zones.filter(name=wish.zone).update(name="Elsewhere")

    with pytest.raises(Zone.DoesNotExist):
        booking_request(arrival=wish, restaurant=restaurant)
