"""Intake: what is accepted is there with its task, what is not says which field and what to do."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django_q.models import OrmQ
from django_q.signing import SignedPackage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookings import references
from bookings.intake import LONGEST_TEXT, MOST_GUESTS, BookingRequest, IntakeError
from bookings.intake import receive as take_in
from bookings.models import (
    Booking,
    BookingStatus,
    Closure,
    PacingLimit,
    Restaurant,
    ServicePeriod,
    StateChange,
    TurnTime,
)
from observability.models import Event
from tests.factories import NOW, ServicePeriodFactory, ZoneFactory, dinner, receive, serving_restaurant

naive = datetime.fromisoformat
WEST, EAST = timezone(timedelta(hours=-5)), timezone(timedelta(hours=5))


@pytest.fixture
def restaurant(db: None) -> Restaurant:
    return serving_restaurant(4, name="Bistro")


def refusal(restaurant: Restaurant, **wishes: Any) -> IntakeError:
    """The refusal of a request; nothing of it may have been saved."""
    before = saved()
    with pytest.raises(IntakeError) as refused:
        receive(restaurant, **wishes)
    assert saved() == before
    assert str(refused.value) == f"{refused.value.field}: {refused.value.message}"
    return refused.value


def saved() -> tuple[int, int, int]:
    return Booking.objects.count(), StateChange.objects.count(), OrmQ.objects.count()


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


# Refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wishes", "field", "told"),
    [
        ({"party_size": 0}, "party_size", "0 is no party; give the number of guests"),
        ({"party_size": -3}, "party_size", "-3 is no party; give the number of guests"),
        (
            {"party_size": 13},
            "party_size",
            "13 guests are more than Bistro seats without a call (12); call the restaurant",
        ),
        ({"party_size": MOST_GUESTS + 1, "by_staff": True}, "party_size", "check the number"),
        ({"channel": ""}, "channel", "name where the booking comes from"),
        ({"channel": "  "}, "channel", "name where the booking comes from"),
        ({"guest_email": "ada"}, "guest_email", "write it like name@example.org"),
        ({"guest_email": "a@example.org\nBcc: b@example.org"}, "guest_email", "write it like"),
        ({"requires": ("sea_view",)}, "requires", "known: accessible, high_chair, window, quiet"),
        ({"idempotency_key": ""}, "idempotency_key", "leave it out or send one of the booking's own"),
        ({"guest_name": "Ada\x00"}, "guest_name", "cannot be stored"),
        ({"notes": "\ud83c"}, "notes", "cannot be stored"),
        ({"start": dinner(11)}, "start", "11:00 UTC has passed; choose a later time"),
        (
            {"start": dinner(16, 59)},
            "start",
            "Bistro does not serve at 2027-03-05 16:59; that day it serves: Dinner 17:00-00:30",
        ),
        (
            {"start": dinner(23, 30)},
            "start",
            "23:30 is too late for 75 minutes at Dinner, which closes at 00:30; the latest start is 23:15",
        ),
        (
            {"end": dinner(1, day=1)},
            "start",
            "19:00 is too late for 360 minutes at Dinner, which closes at 00:30; the latest start is 18:30",
        ),
        (
            {"end": dinner(3, day=1)},
            "end",
            "480 minutes are longer than Dinner lasts; give an end no later than 00:30",
        ),
        ({"end": dinner()}, "end", "is not after the start; give a later one or leave it out"),
        ({"end": dinner(18)}, "end", "is not after the start"),
        ({"start": dinner().replace(year=2207)}, "start", "the year 2207 is too far ahead; check the date"),
        ({"start": naive("9999-12-31 23:59")}, "start", "year 9999"),
        ({"start": naive("0001-01-01 00:00")}, "start", "passed"),
        ({"end": datetime(9999, 12, 31, 23, tzinfo=UTC)}, "end", "no later than 00:30"),
        # The ends of Python's calendar: in UTC these fall off it.
        ({"start": datetime(9999, 12, 31, 23, tzinfo=WEST)}, "start", "the year 9999 is out of range"),
        ({"start": datetime(1, 1, 1, 1, tzinfo=EAST)}, "start", "the year 1 is out of range"),
        ({"end": datetime(9999, 12, 31, 23, tzinfo=WEST)}, "end", "the year 9999 is out of range"),
    ],
)
def test_a_refusal_names_the_field_and_the_way_out(
    restaurant: Restaurant, wishes: dict[str, Any], field: str, told: str
) -> None:
    refused = refusal(restaurant, **wishes)
    assert refused.field == field
    assert told in refused.message


@pytest.mark.parametrize("field", LONGEST_TEXT)
def test_texts_may_be_as_long_as_said_and_no_longer(restaurant: Restaurant, field: str) -> None:
    longest = LONGEST_TEXT[field]
    assert longest <= (Booking._meta.get_field(field).max_length or longest)  # type: ignore[union-attr]
    address = f"{'a' * 59}@{'.'.join(['b' * 60] * 3)}.example.org"
    text = {"guest_email": address}.get(field, "🎂" * longest)
    assert len(text) == longest
    wishes: dict[str, Any] = {field: text}
    receive(restaurant, **wishes)
    refused = refusal(restaurant, **{field: text + "g"})
    assert refused.field == field
    assert f"{longest + 1} characters are too many; write at most {longest}" in refused.message


def test_a_restaurant_that_takes_no_bookings_is_refused(db: None) -> None:
    refused = refusal(serving_restaurant(4, active=False, name="Old Bistro"))
    assert (refused.field, refused.message) == ("restaurant", "Old Bistro takes no bookings at present")


def test_a_zone_of_another_restaurant_is_refused(restaurant: Restaurant) -> None:
    refused = refusal(restaurant, zone=ZoneFactory(name="Terrace"))
    assert (refused.field, refused.message) == ("zone", "Terrace is not a zone of Bistro")


def test_a_closed_day_is_refused_with_the_advice_to_choose_another(restaurant: Restaurant) -> None:
    Closure.objects.create(restaurant=restaurant, starts_on=date(2027, 3, 5), ends_on=date(2027, 3, 5))
    refused = refusal(restaurant)
    assert refused.field == "start"
    assert refused.message.endswith("that day it serves: nothing, so choose another day")


def test_a_start_past_the_last_seating_is_told_the_last_seating(restaurant: Restaurant) -> None:
    ServicePeriod.objects.filter(restaurant=restaurant).update(last_seating=time(20, 30))
    receive(restaurant, start=dinner(20, 30))
    refused = refusal(restaurant, start=dinner(20, 31))
    assert refused.field == "start"
    assert refused.message.endswith("the latest start is 20:30")


def test_no_start_in_the_past_is_offered(restaurant: Restaurant) -> None:
    ServicePeriod.objects.filter(restaurant=restaurant).update(last_seating=time(20))
    refused = refusal(restaurant, start=dinner(21), now=dinner(20, 30))
    assert refused.message.endswith("choose another day")


def test_staff_may_enter_parties_that_are_too_large_for_automatic_seating(restaurant: Restaurant) -> None:
    assert receive(restaurant, party_size=40, by_staff=True).party_size == 40


# Pacing -------------------------------------------------------------------------------------------


@pytest.fixture
def paced(restaurant: Restaurant) -> Restaurant:
    """A restaurant where six guests may arrive in a quarter of an hour."""
    PacingLimit.objects.create(restaurant=restaurant, interval_minutes=15, max_covers=6)
    return restaurant


def test_guests_may_arrive_up_to_the_limit_of_an_interval(paced: Restaurant) -> None:
    for minute in (0, 5, 14):
        receive(paced, start=dinner(19, minute))
    refused = refusal(paced, start=dinner(19, 7), party_size=1)
    assert refused.field == "start"
    assert refused.message == "too many guests arrive at 19:07 already; the nearest free time is 18:52"
    receive(paced, start=dinner(18, 52), party_size=1)


def test_the_nearest_free_time_is_earlier_or_later_whichever_is_nearer(paced: Restaurant) -> None:
    for minutes in (0, -15, 15, -30):
        receive(paced, start=dinner() + timedelta(minutes=minutes), party_size=6)
    assert refusal(paced).message.endswith("the nearest free time is 19:30")


def test_no_free_time_in_the_past_is_offered(paced: Restaurant) -> None:
    receive(paced, party_size=6)
    refused = refusal(paced, now=dinner(18, 50))
    assert refused.message.endswith("the nearest free time is 19:15")


def test_no_free_time_outside_the_service_is_offered(paced: Restaurant) -> None:
    ServicePeriod.objects.filter(restaurant=paced).update(opens=time(19), last_seating=time(19, 10))
    receive(paced, party_size=6)
    assert refusal(paced).message.endswith("choose another day")


def test_guests_who_do_not_come_make_room(paced: Restaurant) -> None:
    booking = receive(paced, party_size=6)
    Booking.objects.filter(pk=booking.pk).update(status=BookingStatus.NO_SHOW)
    receive(paced)


def test_other_restaurants_guests_do_not_count(paced: Restaurant) -> None:
    receive(serving_restaurant(8), party_size=6)
    receive(paced, party_size=6)


def test_a_party_no_interval_can_take_is_told_so_and_not_sent_from_day_to_day(paced: Restaurant) -> None:
    refused = refusal(paced, party_size=7)
    assert refused.field == "party_size"
    assert "7 guests are more than Bistro lets arrive at once (6)" in refused.message


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
