"""Intake: what is accepted is there with its task, what is not says which field and what to do."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django_q.models import OrmQ
from django_q.signing import SignedPackage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookings import references
from bookings.intake import BookingRequest, IntakeError
from bookings.intake import receive as take_in
from bookings.models import (
    Booking,
    BookingStatus,
    PacingLimit,
    Restaurant,
    ServicePeriod,
    StateChange,
    TurnTime,
)
from observability.models import Event
from tests.factories import NOW, ServicePeriodFactory, dinner, receive, serving_restaurant
from tests.integration.bookings.asking import naive, refusal, saved


@pytest.fixture
def restaurant(db: None) -> Restaurant:
    return serving_restaurant(4, name="Bistro")


# Happy path ---------------------------------------------------------------------------------------


def test_a_booking_is_saved_as_asked(restaurant: Restaurant) -> None:
    zone = restaurant.zones.get()
    booking = receive(
        restaurant,
        party_size=3,
        zone=zone,
        requires=("window", "quiet", "window"),
        guest_phone="+44 20 7946 0000",
        notes="Birthday 🎂",
        idempotency_key="shop-1",
    )
    booking.refresh_from_db()
    assert booking.reference.startswith("B-")
    assert (booking.party_size, booking.zone, booking.requires) == (3, zone, ["quiet", "window"])
    assert (booking.start_at, booking.end_at) == (dinner(), dinner(20, 30))
    assert (booking.guest_name, booking.guest_email) == ("Ada Guest", "ada@example.org")
    assert (booking.guest_phone, booking.notes) == ("+44 20 7946 0000", "Birthday 🎂")
    assert (booking.channel, booking.idempotency_key) == ("web", "shop-1")
    assert (booking.status, booking.locked) == (BookingStatus.PENDING, False)
    assert (booking.assignment_state, booking.assignment_state_version) == ("created", 1)
    assert booking.created_at == booking.updated_at == NOW


def test_its_history_begins_with_version_one_and_no_event(restaurant: Restaurant) -> None:
    booking = receive(restaurant)
    assert list(StateChange.objects.values_list("booking", "version", "from_state", "to_state")) == [
        (booking.pk, 1, None, "created")
    ]
    assert Event.objects.count() == 0


def test_its_task_carries_the_booking_by_id_only(restaurant: Restaurant) -> None:
    booking = receive(restaurant)
    task = SignedPackage.loads(OrmQ.objects.get().payload)
    assert (task["func"], task["args"]) == ("assignments.tasks.assign", (booking.pk, "intake"))
    # Whole values: the queue names its tasks with random words, and one of those is "nevada".
    assert booking.guest_name not in repr(task)
    assert booking.guest_email not in repr(task)


def test_booking_history_and_task_are_one_transaction(committed_db: None) -> None:
    receive(serving_restaurant(4))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT xmin::text FROM bookings UNION ALL
            SELECT xmin::text FROM booking_assignment_state_history UNION ALL
            SELECT xmin::text FROM django_q_ormq
            """
        )
        written_by = [xid for (xid,) in cursor.fetchall()]
    assert len(written_by) == 3
    assert len(set(written_by)) == 1


@pytest.mark.parametrize("table", ["booking_assignment_state_history", "django_q_ormq"])
def test_what_fails_after_the_booking_takes_the_booking_along(table: str, restaurant: Restaurant) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE FUNCTION refuse_insert() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'disk full'; END $$
            """
        )
        cursor.execute(
            f"CREATE TRIGGER failing BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_insert()"
        )
    # No transaction around it: intake's own is what must undo the booking.
    with pytest.raises(DatabaseError, match="disk full"):
        receive(restaurant)
    assert saved() == (0, 0, 0)


def test_the_callers_rollback_leaves_neither_booking_nor_task(restaurant: Restaurant) -> None:
    with transaction.atomic():
        receive(restaurant)
        transaction.set_rollback(True)
    assert saved() == (0, 0, 0)


# Times --------------------------------------------------------------------------------------------


def test_a_naive_start_is_the_restaurants_local_time(db: None) -> None:
    booking = receive(serving_restaurant(4, timezone="Asia/Kathmandu"), start=naive("2027-03-06 19:00"))
    assert booking.start_at == datetime(2027, 3, 6, 13, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Europe/London", "2027-10-31 00:30"),
        ("Europe/London", "2027-03-28 00:30"),
        ("Europe/Athens", "2027-10-31 02:30"),
        ("America/New_York", "2027-11-07 00:45"),
        ("Australia/Lord_Howe", "2027-10-03 01:30"),
        ("Asia/Kathmandu", "2027-10-03 01:30"),
    ],
)
@pytest.mark.parametrize("written", ["naive", "with the zone", "with an offset", "in UTC"])
def test_a_stay_across_a_clock_change_keeps_its_length(zone: str, start: str, written: str, db: None) -> None:
    tz = ZoneInfo(zone)
    place = serving_restaurant(10, timezone=zone)
    ServicePeriod.objects.filter(restaurant=place).update(closes=time(6))
    local = naive(start).replace(tzinfo=tz)
    moment = {
        "naive": naive(start),
        "with the zone": local,
        "with an offset": datetime.fromisoformat(local.isoformat()),
        "in UTC": local.astimezone(UTC),
    }[written]
    booking = receive(place, party_size=10, start=moment)
    booking.refresh_from_db()
    assert booking.start_at == local.astimezone(UTC)
    assert booking.end_at - booking.start_at == timedelta(minutes=150)


def test_a_time_the_clocks_skip_is_refused(db: None) -> None:
    place = serving_restaurant(4)
    ServicePeriod.objects.filter(restaurant=place).update(closes=time(6))
    refused = refusal(place, start=naive("2027-03-28 01:30"))
    assert refused.field == "start"
    assert "does not exist in Europe/London" in refused.message


def test_a_time_shown_twice_is_refused_until_it_has_an_offset(db: None) -> None:
    place = serving_restaurant(4)
    ServicePeriod.objects.filter(restaurant=place).update(closes=time(6))
    refused = refusal(place, start=naive("2027-10-31 01:30"))
    assert refused.field == "start"
    offers = [word.strip(",") for word in refused.message.split() if word.startswith("2027-10-31T")]
    taken = [receive(place, start=datetime.fromisoformat(offer)).start_at for offer in offers]
    assert taken == [datetime(2027, 10, 31, hour, 30, tzinfo=UTC) for hour in (0, 1)]


def test_an_end_that_the_clocks_show_twice_names_the_end(db: None) -> None:
    place = serving_restaurant(4)
    ServicePeriod.objects.filter(restaurant=place).update(closes=time(6))
    refused = refusal(place, start=naive("2027-10-31 00:30"), end=naive("2027-10-31 01:30"))
    assert refused.field == "end"


def test_the_stay_follows_the_restaurants_turn_times(restaurant: Restaurant) -> None:
    TurnTime.objects.create(
        restaurant=restaurant, service_name="Dinner", min_party=2, max_party=2, minutes=60
    )
    assert receive(restaurant).end_at == dinner(20)


def test_an_end_of_the_guests_own_is_kept(restaurant: Restaurant) -> None:
    assert receive(restaurant, end=dinner(22)).end_at == dinner(22)


def test_a_start_after_midnight_belongs_to_the_evening_before(db: None) -> None:
    place = serving_restaurant(4)
    ServicePeriod.objects.filter(restaurant=place).exclude(weekday=4).delete()
    ServicePeriod.objects.filter(restaurant=place).update(closes=time(3))
    assert receive(place, start=dinner(0, 30, day=1)).start_at == dinner(0, 30, day=1)
    refusal(place, start=dinner(0, 30, day=2))


# The same request twice ---------------------------------------------------------------------------


def test_a_repeated_key_is_answered_with_the_first_booking(restaurant: Restaurant) -> None:
    first = receive(restaurant, idempotency_key="shop-1")
    assert receive(restaurant, idempotency_key="shop-1") == first
    assert saved() == (1, 1, 1)


def test_a_repeat_is_answered_even_when_it_could_not_be_booked_any_more(restaurant: Restaurant) -> None:
    first = receive(restaurant, idempotency_key="shop-1")
    assert receive(restaurant, idempotency_key="shop-1", now=dinner(23)) == first


def test_a_key_belongs_to_its_channel_and_no_key_to_nobody(restaurant: Restaurant) -> None:
    keys = [("web", "1"), ("phone", "1"), ("web", None), ("web", None)]
    bookings = {receive(restaurant, channel=c, idempotency_key=k).pk for c, k in keys}
    assert len(bookings) == 4


def test_one_key_sent_eight_times_at_once_gives_one_booking(committed_db: None) -> None:
    place = serving_restaurant(4)
    together = threading.Barrier(8)

    def send() -> int:
        try:
            together.wait(timeout=10)
            return receive(place, idempotency_key="shop-1").pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=8) as senders:
        answers = [sent.result() for sent in [senders.submit(send) for _ in range(8)]]

    assert len(set(answers)) == 1
    assert saved() == (1, 1, 1)


def test_a_reference_that_is_taken_is_drawn_again_and_then_given_up(
    restaurant: Restaurant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "ALPHABET", "7")
    assert receive(restaurant).reference == "B-777777"
    refused = refusal(restaurant)
    assert refused.field == "reference"
    assert refused.message.endswith("send the booking again")


# Whatever is sent ---------------------------------------------------------------------------------

FIELDS = set(BookingRequest.__dataclass_fields__)

any_text = st.text(st.characters(exclude_categories=()), max_size=300)
any_offset = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)
any_moment = st.one_of(
    st.datetimes(),
    st.datetimes(timezones=st.timezones() | any_offset),
    st.datetimes(NOW.replace(tzinfo=None), NOW.replace(year=2028, tzinfo=None)),
    st.timedeltas(timedelta(days=-1), timedelta(days=9)).map(lambda ahead: NOW + ahead),
    st.integers(0, 60).map(lambda quarters: dinner(17) + quarters * timedelta(minutes=15)),
)
any_request = st.fixed_dictionaries(
    {
        "party_size": st.integers(1, 12) | st.integers(),
        "start": any_moment,
        "channel": st.just("web") | any_text,
    },
    optional={
        "end": any_moment,
        "idempotency_key": any_text,
        "guest_name": any_text,
        "guest_email": st.emails() | any_text,
        "guest_phone": any_text,
        "notes": any_text,
        "requires": st.lists(st.sampled_from(["quiet", "window"]) | any_text).map(tuple),
        "by_staff": st.booleans(),
    },
)


@pytest.fixture
def places(db: None) -> list[Restaurant]:
    """Restaurants of several time zones, open into the night; every other one has a pacing limit."""
    found = []
    for number, zone in enumerate(
        ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Kiritimati", "Etc/GMT+12"]
    ):
        place = serving_restaurant(4, timezone=zone)
        ServicePeriodFactory(restaurant=place, weekday=6, name="Brunch", opens=time(0, 30), closes=time(15))
        if number % 2:
            PacingLimit.objects.create(restaurant=place, max_covers=8)
        found.append(place)
    return found


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wishes=any_request, place=st.integers(0, 4))
def test_whatever_is_sent_becomes_a_booking_or_is_refused_by_field(
    places: list[Restaurant], wishes: dict[str, Any], place: int
) -> None:
    with transaction.atomic():
        before = saved()
        try:
            booking = take_in(request=BookingRequest(restaurant=places[place], **wishes), now=NOW)
        except IntakeError as error:
            field, told = error.field, error.message
            assert (field in FIELDS, told != "", saved()) == (True, True, before)
        else:
            booking.refresh_from_db()
            assert NOW <= booking.start_at < booking.end_at
            assert saved() == tuple(count + 1 for count in before)
            check_the_guest_could_be_served(booking)
        transaction.set_rollback(True)


def check_the_guest_could_be_served(booking: Booking) -> None:
    """Said anew, in the restaurant's own minutes: it opens before the start and closes after the end."""
    tz = booking.restaurant.tzinfo
    start = booking.start_at.astimezone(tz)
    evening = start.time() >= time(17) or start.time() < time(0, 30)
    assert evening or (start.weekday() == 6 and start.time() < time(15))
