"""What answers show: times in UTC and local to the restaurant, guests only to their own channel."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from bookings.api.requests import GUEST_FIELDS
from bookings.api.scope import is_own, with_seating
from bookings.models import (
    Booking,
    BookingStatus,
    ChannelToken,
    Restaurant,
    TableAttribute,
    ZoneKind,
)
from bookings.models.booking import STATE_CHOICES
from bookings.wishes import Wish, wish_of

_HIDDEN = "Null for a booking of another channel."


def local(moment: datetime, restaurant: Restaurant) -> str:
    """The moment on the restaurant's clock, with its offset."""
    return moment.astimezone(restaurant.tzinfo).isoformat()


class _Guest(serializers.CharField):
    """A field of the guest: null unless the booking is of the token's channel."""

    def __init__(self) -> None:
        super().__init__(allow_null=True, help_text=_HIDDEN)

    def get_attribute(self, instance: Booking) -> str | None:
        return getattr(instance, str(self.field_name)) if is_own(self.context["token"], instance) else None


class StayAnswer(serializers.Serializer[Any]):
    """A size, time and needs that a booking could have."""

    party_size = serializers.IntegerField()
    start = serializers.DateTimeField(help_text="In UTC.")
    end = serializers.DateTimeField(help_text="In UTC.")
    start_local = serializers.DateTimeField(help_text="On the restaurant's clock.")
    end_local = serializers.DateTimeField(help_text="On the restaurant's clock.")
    zone = serializers.CharField(allow_null=True)
    requires = serializers.ListField(child=serializers.ChoiceField(choices=TableAttribute.choices))


class AlternativeAnswer(StayAnswer):
    """A stay near the one that found no table, for which there is one."""

    kind = serializers.ChoiceField(choices=["shift", "zone", "attribute", "shorter"])
    sentence = serializers.CharField(help_text="How it differs.")


def stay_answer(wish: Wish, restaurant: Restaurant, zone: str | None) -> dict[str, Any]:
    """A wish as answers show it; `zone` is the name of its zone."""
    return {
        "party_size": wish.party_size,
        "start": wish.start,
        "end": wish.end,
        "start_local": local(wish.start, restaurant),
        "end_local": local(wish.end, restaurant),
        "zone": zone,
        "requires": sorted(wish.requires),
    }


class BookingAnswer(serializers.Serializer[Booking]):
    """A booking."""

    reference = serializers.CharField(help_text="Public reference; the booking's address ends in it.")
    restaurant = serializers.CharField(source="restaurant.slug")
    channel = serializers.CharField()
    status = serializers.ChoiceField(choices=BookingStatus.choices)
    assignment_state = serializers.ChoiceField(
        choices=STATE_CHOICES, allow_null=True, help_text="manual_review: people are at it. Null: history."
    )
    party_size = serializers.IntegerField()
    start = serializers.DateTimeField(source="start_at", help_text="In UTC.")
    end = serializers.DateTimeField(source="end_at", help_text="In UTC.")
    start_local = serializers.SerializerMethodField(help_text="On the restaurant's clock.")
    end_local = serializers.SerializerMethodField(help_text="On the restaurant's clock.")
    timezone = serializers.CharField(source="restaurant.timezone")
    tables = serializers.SerializerMethodField(help_text="Numbers of the tables held now.")
    zone = serializers.CharField(source="zone.name", default=None, allow_null=True)
    requires = serializers.ListField(child=serializers.ChoiceField(choices=TableAttribute.choices))
    guest_name = _Guest()
    guest_email = _Guest()
    guest_phone = _Guest()
    notes = _Guest()
    pending_change = serializers.SerializerMethodField(
        help_text="A change that found no table and that people look at; null: none."
    )
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    @extend_schema_field({"type": "string", "format": "date-time"})
    def get_start_local(self, booking: Booking) -> str:
        return local(booking.start_at, booking.restaurant)

    @extend_schema_field({"type": "string", "format": "date-time"})
    def get_end_local(self, booking: Booking) -> str:
        return local(booking.end_at, booking.restaurant)

    def get_tables(self, booking: Any) -> list[str]:
        return [allocation.table.number for allocation in booking.held]

    @extend_schema_field(StayAnswer(allow_null=True))
    def get_pending_change(self, booking: Any) -> dict[str, Any] | None:
        if not booking.open_wishes:
            return None
        (wish,) = booking.open_wishes
        zone = wish.zone.name if wish.zone else None
        return dict(StayAnswer(stay_answer(wish_of(wish), booking.restaurant, zone)).data)


def booking_answer(booking: Booking, token: ChannelToken) -> dict[str, Any]:
    """A booking that was read with its tables."""
    return dict(BookingAnswer(booking, context={"token": token}).data)


def booking_answers(bookings: Any, token: ChannelToken) -> Any:
    """Bookings that were read with their tables."""
    return BookingAnswer(bookings, many=True, context={"token": token}).data


def fresh_answer(booking: Booking, token: ChannelToken) -> dict[str, Any]:
    """A booking as it is now, read again."""
    return booking_answer(with_seating(Booking.objects.filter(pk=booking.pk)).get(), token)


def without_guest(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer as it may be kept outside bookings."""
    return {name: value for name, value in answer.items() if name not in GUEST_FIELDS}


def with_guest(answer: Mapping[str, Any], guest: Mapping[str, Any]) -> dict[str, Any]:
    """A kept answer with the guest whom the request named, in the order of the documented fields."""
    whole = {**answer, **{name: guest[name] for name in GUEST_FIELDS}}
    return {str(name): whole[str(name)] for name in BookingAnswer().fields}


class RestaurantAnswer(serializers.Serializer[Restaurant]):
    """A restaurant."""

    id = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()
    timezone = serializers.CharField()
    active = serializers.BooleanField(help_text="Whether it takes bookings at present.")
    max_party_auto = serializers.IntegerField(help_text="Larger parties call the restaurant.")


class ZoneAnswer(serializers.Serializer[Any]):
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=ZoneKind.choices)
    sort_order = serializers.IntegerField()


class TableAnswer(serializers.Serializer[Any]):
    number = serializers.CharField()
    zone = serializers.CharField(source="zone.name")
    capacity = serializers.IntegerField()
    min_party = serializers.IntegerField()
    max_party = serializers.IntegerField()
    movable = serializers.BooleanField()
    attributes = serializers.ListField(child=serializers.ChoiceField(choices=TableAttribute.choices))
    active = serializers.BooleanField()


class CombinationAnswer(serializers.Serializer[Any]):
    name = serializers.CharField()
    capacity = serializers.IntegerField()
    tables = serializers.ListField(child=serializers.CharField())


class FloorPlanAnswer(serializers.Serializer[Any]):
    """Zones, tables, which tables stand together, and named combinations. Tables are named by number."""

    restaurant = serializers.CharField()
    version = serializers.IntegerField(help_text="Counts up with each edit.")
    zones = ZoneAnswer(many=True)
    tables = TableAnswer(many=True)
    adjacencies = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField(), min_length=2, max_length=2)
    )
    combinations = CombinationAnswer(many=True)


def floor_plan_answer(restaurant: Restaurant) -> dict[str, Any]:
    """A restaurant's floor plan, in five queries."""
    tables = list(restaurant.tables.select_related("zone").all())
    number = {table.pk: table.number for table in tables}
    combinations = restaurant.combinations.prefetch_related("tables").order_by("name")
    plan = {
        "restaurant": restaurant.slug,
        "version": restaurant.floor_plan_version,
        "zones": restaurant.zones.all(),
        "tables": tables,
        "adjacencies": [
            [number[link.table_low_id], number[link.table_high_id]]
            for link in restaurant.adjacencies.order_by("table_low", "table_high")
        ],
        "combinations": [
            {"name": one.name, "capacity": one.capacity, "tables": [t.number for t in one.tables.all()]}
            for one in combinations
        ],
    }
    return dict(FloorPlanAnswer(plan).data)
