"""Bodies of requests: their form only. What a restaurant can take is for the use cases to say."""

from rest_framework import serializers

from bookings.api.fields import Choice, Day, Moment, StrictSerializer, Text, Whole, WrittenWhole
from bookings.api.problems import FieldError, Kind, problem
from bookings.intake_rules import LONGEST_TEXT, MOST_GUESTS
from bookings.models import Restaurant, TableAttribute, Zone

#: Fields of a guest, which only the booking's own channel reads.
GUEST_FIELDS = ("guest_name", "guest_email", "guest_phone", "notes")


def _guest_text(name: str, about: str) -> Text:
    return Text(required=False, allow_blank=True, default="", max_length=LONGEST_TEXT[name], help_text=about)


def _changed_text(name: str) -> Text:
    return Text(required=False, allow_blank=True, max_length=LONGEST_TEXT[name])


class Attributes(serializers.ListField):
    """Attributes that every table of the booking must have."""

    child = Choice(
        choices=TableAttribute.choices,
        error_messages={
            "invalid_choice": f'"{{input}}" is not offered; known: {", ".join(TableAttribute.values)}'
        },
    )


class NeedsBody(StrictSerializer):
    """What every body that books has in common."""

    restaurant = Text(help_text="Short name or number.")
    party_size = Whole(min_value=1, max_value=MOST_GUESTS)
    zone = Text(required=False, allow_null=True, default=None, help_text="Name of the zone to sit in.")
    requires = Attributes(required=False, default=list)
    guest_name = _guest_text("guest_name", "")
    guest_email = _guest_text("guest_email", "Confirmation and changes are sent there.")
    guest_phone = _guest_text("guest_phone", "")
    notes = _guest_text("notes", "What the restaurant should know.")


class BookingBody(NeedsBody):
    """A booking to make."""

    start = Moment(help_text="With an offset, or local to the restaurant.")
    end = Moment(
        required=False, allow_null=True, default=None, help_text="Left out: the restaurant's turn time."
    )


class WalkInBody(NeedsBody):
    """A party at the door."""

    end = Moment(
        required=False, allow_null=True, default=None, help_text="Left out: the restaurant's turn time."
    )


class ChangeBody(StrictSerializer):
    """What is to change; what is left out stays."""

    party_size = Whole(required=False, min_value=1, max_value=MOST_GUESTS)
    start = Moment(required=False)
    end = Moment(required=False, allow_null=True, help_text="Null: the restaurant's turn time.")
    zone = Text(required=False, allow_null=True, help_text="Null: any zone.")
    requires = Attributes(required=False)
    guest_name = _changed_text("guest_name")
    guest_email = _changed_text("guest_email")
    guest_phone = _changed_text("guest_phone")
    notes = _changed_text("notes")
    on_no_seating = Choice(
        choices=["refuse", "review"],
        default="refuse",
        help_text="review: people look at a change that finds no table; the booking stays valid meanwhile.",
    )


class AvailabilityQuery(StrictSerializer):
    """What to look for."""

    party_size = WrittenWhole(min_value=1, max_value=MOST_GUESTS)
    date = Day(help_text="The day the service opens on, local to the restaurant.")
    zone = Text(required=False, default=None, help_text="Name of the zone to sit in.")
    requires = Attributes(required=False, default=list, help_text="May be given several times.")


def chosen_zone(restaurant: Restaurant, name: str | None) -> Zone | None:
    """The restaurant's zone of that name. Raises Problem naming those there are."""
    if name is None:
        return None
    zones = list(restaurant.zones.all())
    for zone in zones:
        if zone.name == name:
            return zone
    known = ", ".join(zone.name for zone in zones) or "none"
    message = f'"{name}" is no zone of {restaurant.name}; there are: {known}'
    raise problem(Kind.REFUSED, f"zone: {message}", FieldError(field="zone", message=message, code="unknown"))
