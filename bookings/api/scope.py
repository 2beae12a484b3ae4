"""What a token may see and touch.

A token sees the bookings of its restaurants, whatever their channel, but guest data only of its own
channel's. Anything of other restaurants does not exist for it.
"""

import re

from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404

from bookings.api.problems import Kind, problem
from bookings.models import Allocation, Booking, ChangeWish, ChannelToken, Restaurant, WishStatus

#: What can be a number of a row at all.
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


NO_BOOKING = "no booking of this reference is open to the token; check the reference"
NO_RESTAURANT = (
    "no restaurant of this name or number is open to the token; GET /api/v1/restaurants lists those that are"
)


def restaurants_of(token: ChannelToken) -> QuerySet[Restaurant]:
    """The token's restaurants."""
    return Restaurant.objects.all() if token.all_restaurants else token.restaurants.all()


def find_restaurant(token: ChannelToken, named: str) -> Restaurant:
    """The restaurant of that short name or number. Raises Http404 for one the token does not have."""
    if "\x00" in named:
        raise Http404(NO_RESTAURANT)
    wanted = Q(slug=named)
    if _NUMBER.fullmatch(named):
        wanted |= Q(pk=int(named))
    found = sorted(restaurants_of(token).filter(wanted), key=lambda one: one.slug != named)
    if not found:
        raise Http404(NO_RESTAURANT)
    return found[0]


def bookings_of(token: ChannelToken) -> QuerySet[Booking]:
    """The bookings of the token's restaurants."""
    if token.all_restaurants:
        return Booking.objects.all()
    return Booking.objects.filter(restaurant__in=token.restaurants.all())


def with_seating(bookings: QuerySet[Booking]) -> QuerySet[Booking]:
    """The bookings with all an answer shows, in three queries however many they are."""
    held = Allocation.objects.filter(active=True).select_related("table").order_by("table__number")
    wishes = ChangeWish.objects.filter(status=WishStatus.OPEN).select_related("zone")
    return bookings.select_related("restaurant", "zone").prefetch_related(
        Prefetch("allocations", queryset=held, to_attr="held"),
        Prefetch("change_wishes", queryset=wishes, to_attr="open_wishes"),
    )


def find_booking(token: ChannelToken, reference: str) -> Booking:
    """The booking of that reference. Raises Http404 for one the token does not see."""
    if "\x00" in reference:
        raise Http404(NO_BOOKING)
    booking = with_seating(bookings_of(token)).filter(reference=reference).first()
    if booking is None:
        raise Http404(NO_BOOKING)
    return booking


def is_own(token: ChannelToken, booking: Booking) -> bool:
    """Whether the booking came from the token's channel, whose guest it may read and change."""
    return booking.channel == token.channel


def find_own(token: ChannelToken, reference: str) -> Booking:
    """A booking the token may change. Raises Http404, or Problem for one of another channel."""
    booking = find_booking(token, reference)
    if not is_own(token, booking):
        raise problem(
            Kind.FORBIDDEN, f"{reference} came from another channel; ask that one, or the restaurant"
        )
    return booking
