"""An evening in full swing, the same each time but for the date: seated, late, waiting, in review.

The demo's restaurants stand where it is evening now. Their bookings came in yesterday and were placed then;
what people did since is done at its hour. Everything goes through the use cases, with the time passed in.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from django.contrib.auth.models import Group, User
from django.db import transaction

from assignments.coordinator import process_booking
from assignments.edge import Edge
from assignments.engine.phases import PhaseKey
from assignments.flags.authors import Author
from assignments.models import ReviewCase
from assignments.review import best_fixes, claims, resolutions, waiting
from assignments.review.freed_capacity import plan_reviews_again
from assignments.rollout import phases
from assignments.seats import free_seats
from bookings import service_time
from bookings.cancellation import cancel
from bookings.change_request import BookingChange
from bookings.changes import ChangeError, change
from bookings.demand.arrivals import Arrival, bookings_for
from bookings.demand.floor_plans import TEMPLATES
from bookings.demand.layout import Layout
from bookings.demand.loading import booking_request, create_restaurant
from bookings.demand.published import WEEKDAYS
from bookings.intake import IntakeError, receive
from bookings.models import Booking, BookingStatus, Restaurant, TableBlock
from bookings.seating import NoSeatingError
from bookings.service_time import ServiceTimeError
from config.roles import OPS_LEAD, PRODUCT_OWNER

SEED = 7

#: Busy, so that some find nothing; `late` is what comes in during the evening itself.
LOAD = 0.62
LATE_LOAD = 0.3
LOAD_TOMORROW = 0.68

#: Where it is about this hour the restaurants stand.
EVENING = 20

#: Whoever fits by now does not sit down while the evening is looked at.
TO_LOOK = timedelta(minutes=10)

#: From one look at the clock to the next.
TICK = timedelta(milliseconds=31)

CITIES = (
    "Pacific/Auckland", "Australia/Sydney", "Asia/Tokyo", "Asia/Singapore", "Asia/Bangkok", "Asia/Dhaka",
    "Asia/Karachi", "Asia/Dubai", "Africa/Nairobi", "Europe/Helsinki", "Europe/Berlin", "Europe/London",
    "Atlantic/Azores", "America/Noronha", "America/Sao_Paulo", "America/New_York", "America/Chicago",
    "America/Denver", "America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu", "Pacific/Noumea",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Who looks, and what at: a case worth reading, one that would fit by now, a booking with a story.

    `stay` is the number of the rollout's phase, if one is under way, and `owner` who looks at that.
    """

    viewer: User
    owner: User
    case: ReviewCase
    fits: ReviewCase
    told: Booking
    stay: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Demand:
    day: date
    load: float
    rng: random.Random


class NoSceneError(RuntimeError):
    """The evening came out without a case to show; the message says so."""


def set_scene(*, now: datetime, templates: Sequence[Layout] = TEMPLATES, rollout: bool = False) -> Scene:
    """Make the evening at houses like these, with `rollout` in a phase of it; half a minute of work."""
    rng = random.Random(SEED)  # noqa: S311 - demand, not secrets
    lead, other = _person("ines.duarte", "Ines", "Duarte"), _person("tom.okafor", "Tom", "Okafor")
    owner = _person("maya.lindt", "Maya", "Lindt", group=PRODUCT_OWNER)
    city = min(CITIES, key=lambda name: _from_evening(now.astimezone(ZoneInfo(name))))
    layouts = [replace(layout, timezone=city) for layout in templates]
    houses = {layout.slug: create_restaurant(layout=layout) for layout in layouts}
    if rollout:
        # The one that has V3 decide everything, so that the evening is the same.
        begun = now - timedelta(days=2)
        phases.enter_first(PhaseKey.STAGING_FULL, by=Author(name=other.username), now=begun)
    _block_a_table(houses[layouts[0].slug], now)
    tonight = Demand(day=now.astimezone(ZoneInfo(city)).date(), load=LOAD, rng=rng)
    for booking in _taken(houses, layouts, tonight, at=now - timedelta(days=1)):
        _live_through(booking, now, rng)
    late = list(_taken(houses, layouts, replace(tonight, load=LATE_LOAD), at=now - timedelta(minutes=25)))
    tomorrow = replace(tonight, day=tonight.day + timedelta(days=1), load=LOAD_TOMORROW)
    list(_taken(houses, layouts, tomorrow, at=now - timedelta(minutes=40)))
    _wish_for_more([*late, *Booking.objects.filter(status=BookingStatus.CONFIRMED)], now)
    _settle_the_past(lead, now)
    fits = _make_room(now)
    cases = _aged(now, rng)
    _share_out([case for case in cases if case != fits], lead, other, now)
    return _scene(lead, owner, fits, now)


def _from_evening(local: datetime) -> float:
    return abs(local.hour + local.minute / 60 - EVENING)


def _person(username: str, first: str, last: str, *, group: str = OPS_LEAD) -> User:
    user = User.objects.create(username=username, first_name=first, last_name=last, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    return user


def _block_a_table(house: Restaurant, now: datetime) -> None:
    table = house.tables.order_by("-pk")[0]
    TableBlock.objects.create(
        restaurant=house,
        table=table,
        start_at=now - timedelta(hours=2),
        end_at=now + timedelta(hours=2),
        reason="Wobbly leg",
    )


def _taken(
    houses: Mapping[str, Restaurant], layouts: Sequence[Layout], demand: Demand, *, at: datetime
) -> Iterator[Booking]:
    """Bookings of the evening that came in at that time, each after its first run."""
    ticks = count(1)
    edge = Edge(clock=lambda: at + next(ticks) * TICK, jitter=lambda: 0.0)
    # As on a Saturday, whatever day it is.
    load = demand.load * max(WEEKDAYS.values()) / WEEKDAYS[demand.day.weekday()]
    for layout in layouts:
        for arrival in bookings_for(layout=layout, days=[demand.day], load=load, rng=demand.rng):
            booking = _received(arrival, houses[layout.slug], at + next(ticks) * TICK)
            if booking:
                process_booking(booking_id=booking.pk, trigger="created", edge=edge)
                booking.refresh_from_db()
                yield booking


def _received(arrival: Arrival, house: Restaurant, at: datetime) -> Booking | None:
    try:
        return receive(request=booking_request(arrival=arrival, restaurant=house), now=at)
    except IntakeError:
        return None


def _live_through(booking: Booking, now: datetime, rng: random.Random) -> None:
    """Parties come at their time and leave at their end; a few do not come, a few stay on."""
    if booking.status != BookingStatus.CONFIRMED or booking.start_at > now:
        return
    with suppress(ServiceTimeError):
        if rng.random() < 0.04:
            service_time.mark_no_show(booking_id=booking.pk, now=booking.start_at + timedelta(minutes=15))
            return
        service_time.check_in(booking_id=booking.pk, now=booking.start_at)
        if booking.end_at <= now and rng.random() < 0.93:
            service_time.complete(booking_id=booking.pk, now=booking.end_at)


def _wish_for_more(bookings: Sequence[Booking], now: datetime) -> None:
    """Two guests would come with more people than there is a table for."""
    wishes = 0
    for booking in bookings:
        if wishes == 2:
            return
        larger = BookingChange(party_size=booking.party_size + 4)
        with suppress(NoSeatingError, ChangeError, IntakeError):
            found = change(booking_id=booking.pk, wish=larger, now=now, on_no_seating="review")
            wishes += found.wish is not None


def _settle_the_past(lead: User, now: datetime) -> None:
    """Whoever was to sit by now has been turned down."""
    for case in ReviewCase.objects.filter(closed_at__isnull=True, booking__start_at__lte=now):
        claims.claim(case_id=case.pk, user=lead, now=now)
        resolutions.reject(case_id=case.pk, user=lead, now=now)


def _make_room(now: datetime) -> ReviewCase:
    """Somebody calls off, and one of those who wait would fit."""
    rows = ReviewCase.objects.filter(closed_at__isnull=True, booking__start_at__gt=now + TO_LOOK)
    for case in rows.select_related("booking__restaurant").order_by("booking__start_at"):
        seated = Booking.objects.filter(
            restaurant=case.booking.restaurant,
            status=BookingStatus.CONFIRMED,
            start_at__gt=now,
            start_at__lt=case.booking.end_at,
            end_at__gt=case.booking.start_at,
        )
        for booking in seated.order_by("start_at"):
            with transaction.atomic():
                cancel(booking_id=booking.pk, now=now)
                if free_seats(booking=case.booking, now=now):
                    plan_reviews_again(
                        restaurant_id=booking.restaurant_id,
                        start=booking.start_at,
                        end=booking.end_at,
                        now=now,
                    )
                    return case
                transaction.set_rollback(True)
    raise NoSceneError("nobody who waits would fit if another party called off; change SEED or LOAD")


def _aged(now: datetime, rng: random.Random) -> list[ReviewCase]:
    """The open cases, of some minutes each, with their fixes."""
    rows = ReviewCase.objects.filter(closed_at__isnull=True)
    cases = list(rows.select_related("booking__restaurant").order_by("booking__start_at"))
    for case in cases:
        opened = now - timedelta(minutes=rng.randint(2, 33))
        ReviewCase.objects.filter(pk=case.pk).update(opened_at=opened)
        best_fixes.find_fixes(case_id=case.pk, now=now)
        case.refresh_from_db()
    return sorted(cases, key=lambda case: case.opened_at)


def _share_out(cases: Sequence[ReviewCase], lead: User, other: User, now: datetime) -> None:
    """Some are being worked on, one waits for a call back."""
    busy = cases[1:12:5]
    for case in busy:
        claims.claim(case_id=case.pk, user=other, now=now)
    later = now + timedelta(hours=3)
    asleep = next((case for case in cases if case not in busy and case.booking.start_at > later), None)
    if asleep:
        claims.claim(case_id=asleep.pk, user=lead, now=now)
        until = now + timedelta(minutes=30)
        waiting.snooze(case_id=asleep.pk, user=lead, until=until, reason="Guest calls back", now=now)


def _scene(lead: User, owner: User, fits: ReviewCase, now: datetime) -> Scene:
    free = ReviewCase.objects.filter(closed_at__isnull=True, owner__isnull=True, snoozed_until__isnull=True)
    best = max(free.order_by("booking__start_at"), key=lambda case: len(case.fixes or ()))
    seated = Booking.objects.filter(status=BookingStatus.CHECKED_IN, end_at__gt=now)
    stay = phases.current()
    return Scene(
        viewer=lead,
        owner=owner,
        case=best,
        fits=fits,
        told=seated.order_by("start_at").first() or best.booking,
        stay=stay.number if stay else None,
    )
