"""Made-up restaurants in the database, and made-up arrivals as requests to intake."""

from django.db import transaction

from bookings.demand.arrivals import Arrival
from bookings.demand.layout import Layout
from bookings.intake import BookingRequest
from bookings.models import (
    Adjacency,
    Combination,
    CombinationTable,
    PacingLimit,
    Restaurant,
    ServicePeriod,
    Table,
    TurnTime,
    Zone,
)


@transaction.atomic
def create_restaurant(*, layout: Layout) -> Restaurant:
    """The restaurant with the layout's slug; if there is none yet, it is made with all that belongs to it.

    One that exists is returned untouched, even if it differs: people may have edited it. Two processes may
    call this at the same time, both get the one restaurant.
    """
    restaurant, created = Restaurant.objects.get_or_create(
        slug=layout.slug,
        defaults={
            "name": layout.name,
            "timezone": layout.timezone,
            "buffer_minutes": layout.buffer_minutes,
            "max_slack": layout.max_slack,
            "max_tables": layout.max_tables,
            "max_party_auto": layout.max_party_auto,
        },
    )
    if created:
        tables = _create_tables(restaurant, layout)
        _create_adjacencies(restaurant, layout, tables)
        _create_combinations(restaurant, layout, tables)
        _create_calendar(restaurant, layout)
    return restaurant


def booking_request(*, arrival: Arrival, restaurant: Restaurant) -> BookingRequest:
    """The arrival as `bookings.intake.receive` wants it.

    The end is left to the restaurant's turn times, as channels do. Calls are entered by staff, who may take
    parties of any size. Raises Zone.DoesNotExist if the zone asked for was removed since.
    """
    return BookingRequest(
        restaurant=restaurant,
        party_size=arrival.party_size,
        start=arrival.start,
        channel=arrival.channel,
        idempotency_key=arrival.key,
        guest_name=arrival.guest.name,
        guest_email=arrival.guest.email,
        guest_phone=arrival.guest.phone,
        notes=arrival.notes,
        zone=restaurant.zones.get(name=arrival.zone) if arrival.zone else None,
        requires=tuple(attribute.value for attribute in arrival.requires),
        by_staff=arrival.channel == "phone",
    )


def _create_tables(restaurant: Restaurant, layout: Layout) -> dict[str, Table]:
    zones = Zone.objects.bulk_create(
        Zone(restaurant=restaurant, name=zone.name, kind=zone.kind.value, sort_order=order)
        for order, zone in enumerate(layout.zones)
    )
    by_name = {zone.name: zone for zone in zones}
    tables = Table.objects.bulk_create(
        Table(
            restaurant=restaurant,
            zone=by_name[table.zone],
            number=table.number,
            capacity=table.capacity,
            min_party=table.min_party,
            max_party=table.max_party,
            movable=table.movable,
            attributes=[attribute.value for attribute in table.attributes],
        )
        for table in layout.tables
    )
    return {table.number: table for table in tables}


def _create_adjacencies(restaurant: Restaurant, layout: Layout, tables: dict[str, Table]) -> None:
    # Undirected pairs are kept with the lower id first.
    pairs = (
        sorted((tables[number] for number in numbers), key=lambda table: table.pk)
        for numbers in layout.adjacencies
    )
    Adjacency.objects.bulk_create(
        Adjacency(restaurant=restaurant, table_low=low, table_high=high) for low, high in pairs
    )


def _create_combinations(restaurant: Restaurant, layout: Layout, tables: dict[str, Table]) -> None:
    for named in layout.combinations:
        combination = Combination.objects.create(
            restaurant=restaurant, name=named.name, capacity=named.capacity
        )
        CombinationTable.objects.bulk_create(
            CombinationTable(restaurant=restaurant, combination=combination, table=tables[number])
            for number in named.tables
        )


def _create_calendar(restaurant: Restaurant, layout: Layout) -> None:
    ServicePeriod.objects.bulk_create(
        ServicePeriod(
            restaurant=restaurant,
            name=service.name,
            weekday=service.weekday,
            opens=service.start,
            closes=service.end,
            last_seating=service.last_seating,
        )
        for service in layout.services
    )
    TurnTime.objects.bulk_create(
        TurnTime(
            restaurant=restaurant,
            service_name=band.service,
            min_party=band.min_party,
            max_party=band.max_party,
            minutes=band.minutes,
        )
        for band in layout.turn_times
    )
    PacingLimit.objects.create(
        restaurant=restaurant, interval_minutes=layout.pacing.minutes, max_covers=layout.pacing.covers
    )
