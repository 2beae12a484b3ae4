"""Calendar: which sitting a moment falls into, how long parties stay, what local times mean."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bookings.calendar import (
    DEFAULT_TURN_MINUTES,
    Calendar,
    LocalTimeError,
    Service,
    Sitting,
    Turn,
    resolve_local,
)

LONDON = ZoneInfo("Europe/London")
ZONES = [
    LONDON,
    ZoneInfo("Europe/Athens"),
    ZoneInfo("America/New_York"),
    ZoneInfo("Australia/Lord_Howe"),  # the clocks go by half an hour
    ZoneInfo("Asia/Kathmandu"),  # three quarters of an hour off, and no clock change
]

#: Days on which the clocks of one of the zones change.
CLOCK_CHANGES = [
    date(2027, 3, 14),
    date(2027, 3, 28),
    date(2027, 4, 4),
    date(2027, 10, 3),
    date(2027, 10, 31),
    date(2027, 11, 7),
]

FRIDAY = date(2027, 3, 5)
DINNER = Service(name="Dinner", weekday=4, opens=time(17), closes=time(0, 30))
LUNCH = Service(name="Lunch", weekday=4, opens=time(12), closes=time(15), last_seating=time(13, 30))


def calendar(
    *services: Service,
    tz: ZoneInfo = LONDON,
    closures: tuple[tuple[date, date], ...] = (),
    turns: tuple[Turn, ...] = (),
) -> Calendar:
    return Calendar(tz=tz, services=services or (LUNCH, DINNER), closures=closures, turns=turns)


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of March 2027, when London's clocks show UTC."""
    return datetime(2027, 3, day, hour, minute, tzinfo=UTC)


#: A local time as people write it, without an offset.
naive = datetime.fromisoformat


def name_at(moment: datetime, found: Calendar) -> str | None:
    sitting = found.sitting_at(moment)
    return sitting.name if sitting else None


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        (utc(5, 11, 59), None),
        (utc(5, 12), "Lunch"),
        (utc(5, 14, 59), "Lunch"),
        (utc(5, 15), None),
        (utc(5, 17), "Dinner"),
        (utc(6, 0, 29), "Dinner"),
        (utc(6, 0, 30), None),
        (utc(6, 17), None),
    ],
)
def test_a_moment_belongs_to_the_service_between_opening_and_closing(
    moment: datetime, name: str | None
) -> None:
    assert name_at(moment, calendar()) == name


def test_a_service_into_the_night_belongs_to_the_day_it_opened_on() -> None:
    sitting = calendar().sitting_at(utc(6, 0, 15))
    assert sitting is not None
    assert (sitting.day, sitting.opens, sitting.closes) == (FRIDAY, utc(5, 17), utc(6, 0, 30))


def test_a_service_that_closes_when_it_opens_lasts_a_day() -> None:
    all_day = Service(name="All day", weekday=4, opens=time(8), closes=time(8))
    found = calendar(all_day)
    assert name_at(utc(5, 8), found) == name_at(utc(6, 7, 59), found) == "All day"
    assert name_at(utc(5, 7, 59), found) is None
    assert name_at(utc(6, 8), found) is None


def test_a_service_until_midnight_ends_with_its_day() -> None:
    found = calendar(Service(name="Dinner", weekday=4, opens=time(17), closes=time(0)))
    assert name_at(utc(5, 23, 59), found) == "Dinner"
    assert name_at(utc(6, 0), found) is None


def test_closed_days_have_no_sitting_and_both_ends_are_closed() -> None:
    closed = calendar(
        *(Service(name="Dinner", weekday=day, opens=time(17), closes=time(0, 30)) for day in range(7)),
        closures=((date(2027, 3, 5), date(2027, 3, 6)),),
    )
    assert [name_at(utc(day, 18), closed) for day in (4, 5, 6, 7)] == ["Dinner", None, None, "Dinner"]


def test_a_night_counts_as_closed_by_its_opening_day() -> None:
    closed = calendar(
        *(Service(name="Dinner", weekday=day, opens=time(17), closes=time(0, 30)) for day in range(7)),
        closures=((date(2027, 3, 5), date(2027, 3, 5)),),
    )
    assert name_at(utc(5, 0, 15), closed) == "Dinner"  # Thursday's guests are still there
    assert name_at(utc(6, 0, 15), closed) is None


@pytest.mark.parametrize(
    ("start", "minutes", "taken"),
    [
        (utc(5, 12), 90, True),
        (utc(5, 13, 30), 90, True),
        (utc(5, 13, 31), 30, False),  # past the last seating
        (utc(5, 13, 30), 91, False),  # past closing
        (utc(5, 11, 59), 60, False),
    ],
)
def test_a_stay_has_to_begin_by_the_last_seating_and_end_by_closing(
    start: datetime, minutes: int, taken: bool
) -> None:
    sitting = calendar().sitting_at(utc(5, 12))
    assert sitting is not None
    assert sitting.takes(start, start + timedelta(minutes=minutes)) is taken


@pytest.mark.parametrize(
    ("minutes", "latest"), [(30, utc(5, 13, 30)), (90, utc(5, 13, 30)), (100, utc(5, 13, 20)), (181, None)]
)
def test_the_latest_start_of_a_stay(minutes: int, latest: datetime | None) -> None:
    sitting = calendar().sitting_at(utc(5, 12))
    assert sitting is not None
    assert sitting.latest_start(timedelta(minutes=minutes)) == latest


def test_a_last_seating_after_midnight_is_one_of_the_same_night() -> None:
    late = Service(name="Dinner", weekday=4, opens=time(20), closes=time(3), last_seating=time(1))
    sitting = calendar(late).sitting_at(utc(5, 22))
    assert sitting is not None
    assert sitting.last_start == utc(6, 1)


@pytest.mark.parametrize(
    ("party", "minutes"),
    [(1, 75), (2, 75), (3, 90), (4, 90), (5, 105), (6, 105), (7, 120), (8, 120), (9, 150), (40, 150)],
)
def test_default_turn_times(party: int, minutes: int) -> None:
    assert calendar().stay(service_name="Dinner", party_size=party) == timedelta(minutes=minutes)


def test_the_default_turn_times_lie_in_the_documented_bands() -> None:
    assert dict(DEFAULT_TURN_MINUTES) == {2: 75, 4: 90, 6: 105, 8: 120}


def test_a_turn_time_of_the_service_wins_over_the_general_one_and_that_over_the_default() -> None:
    found = calendar(
        turns=(
            Turn(service_name="", min_party=1, max_party=4, minutes=80),
            Turn(service_name="Lunch", min_party=1, max_party=2, minutes=45),
        )
    )
    stays = [("Lunch", 2), ("Lunch", 3), ("Dinner", 2), ("Dinner", 5)]
    assert [
        found.stay(service_name=service, party_size=party) // timedelta(minutes=1) for service, party in stays
    ] == [45, 80, 80, 105]


@pytest.mark.parametrize(
    ("zone", "local"),
    [
        ("Europe/London", naive("2027-03-28 01:30")),
        ("Europe/Athens", naive("2027-03-28 03:00")),
        ("America/New_York", naive("2027-03-14 02:59")),
        ("Australia/Lord_Howe", naive("2027-10-03 02:15")),
    ],
)
def test_a_time_the_clocks_skip_is_refused(zone: str, local: datetime) -> None:
    with pytest.raises(LocalTimeError, match=f"{local:%Y-%m-%d %H:%M} does not exist in {zone}"):
        resolve_local(local, ZoneInfo(zone))


@pytest.mark.parametrize(
    ("zone", "local", "first", "second"),
    [
        ("Europe/London", naive("2027-10-31 01:30"), "01:30:00+01:00", "01:30:00+00:00"),
        ("Europe/Athens", naive("2027-10-31 03:00"), "03:00:00+03:00", "03:00:00+02:00"),
        ("America/New_York", naive("2027-11-07 01:59"), "01:59:00-04:00", "01:59:00-05:00"),
        ("Australia/Lord_Howe", naive("2027-04-04 01:45"), "01:45:00+11:00", "01:45:00+10:30"),
    ],
)
def test_a_time_the_clocks_show_twice_is_refused_with_both_ways_to_write_it(
    zone: str, local: datetime, first: str, second: str
) -> None:
    with pytest.raises(LocalTimeError, match="happens twice") as refused:
        resolve_local(local, ZoneInfo(zone))
    assert f"{local:%Y-%m-%d}T{first} or {local:%Y-%m-%d}T{second}" in str(refused.value)


zones = st.sampled_from(ZONES)
minutes_of_day = st.integers(0, 24 * 60 - 1)
days = st.one_of(
    st.builds(lambda day, off: day + timedelta(days=off), st.sampled_from(CLOCK_CHANGES), st.integers(-1, 1)),
    st.dates(date(2024, 1, 1), date(2035, 12, 31)),
)
locals_ = st.builds(
    lambda day, minute: datetime.combine(day, time()) + timedelta(minutes=minute), days, minutes_of_day
)


def instants_of(local: datetime, tz: ZoneInfo) -> list[datetime]:
    """All instants at which clocks of the zone show a local time, found by trying every offset around."""
    around = [local.replace(tzinfo=UTC) + timedelta(hours=hours) for hours in (-36, 36)]
    offsets = {moment.astimezone(tz).utcoffset() or timedelta() for moment in around}
    tried = sorted(local.replace(tzinfo=UTC) - offset for offset in offsets)
    return [moment for moment in tried if moment.astimezone(tz).replace(tzinfo=None) == local]


@given(local=locals_, tz=zones)
def test_a_local_time_is_the_one_instant_it_names_or_it_is_refused(local: datetime, tz: ZoneInfo) -> None:
    instants = instants_of(local, tz)
    if len(instants) == 1:
        assert resolve_local(local, tz) == instants[0]
        return
    with pytest.raises(LocalTimeError) as refused:
        resolve_local(local, tz)
    for instant in instants:
        assert instant.astimezone(tz).isoformat() in str(refused.value)


@given(local=locals_, fold=st.sampled_from([0, 1]), tz=zones)
def test_the_fold_of_a_naive_time_decides_nothing(local: datetime, fold: int, tz: ZoneInfo) -> None:
    assume(len(instants_of(local, tz)) == 1)
    assert resolve_local(local.replace(fold=fold), tz) == resolve_local(local, tz)


@st.composite
def sittings(draw: st.DrawFn) -> tuple[Calendar, Sitting]:
    """A service on one day of the week, and its sitting on one such day."""
    day, opens, closes = draw(days), draw(minutes_of_day), draw(minutes_of_day)
    service = Service(
        name="Service",
        weekday=day.weekday(),
        opens=time(*divmod(opens, 60)),
        closes=time(*divmod(closes, 60)),
    )
    found = calendar(service, tz=draw(zones))
    sitting = next(iter(found.sittings_on(day)))
    assume(sitting.opens < sitting.closes)  # a service within the hour that the clocks skip is none
    return found, sitting


@given(sittings(), st.floats(0, 1))
def test_every_moment_of_a_sitting_leads_back_to_it(drawn: tuple[Calendar, Sitting], share: float) -> None:
    found, sitting = drawn
    last = sitting.closes - timedelta(microseconds=1)
    moment = sitting.opens + (last - sitting.opens) * share
    assert found.sitting_at(moment) == sitting


@given(sittings(), st.timedeltas(timedelta(0), timedelta(days=5)))
def test_moments_around_a_sitting_lead_nowhere(drawn: tuple[Calendar, Sitting], off: timedelta) -> None:
    found, sitting = drawn
    assert found.sitting_at(sitting.closes + off) is None
    assert found.sitting_at(sitting.opens - off - timedelta(microseconds=1)) is None


@given(sittings(), st.integers(15, 720))
def test_the_latest_start_is_the_last_one_that_is_taken(
    drawn: tuple[Calendar, Sitting], minutes: int
) -> None:
    _, sitting = drawn
    stay = timedelta(minutes=minutes)
    latest = sitting.latest_start(stay)
    if latest is None:
        assert sitting.opens + stay > sitting.closes
        return
    assert sitting.takes(latest, latest + stay)
    later = latest + timedelta(microseconds=1)
    assert not sitting.takes(later, later + stay)


@given(tz=zones, day=days, minutes=st.integers(15, 720))
def test_opening_and_closing_are_the_local_clock_and_stays_are_elapsed_time(
    tz: ZoneInfo, day: date, minutes: int
) -> None:
    """A service from 20:00 to 08:00 spans every clock change there is; hours on the clock may differ."""
    found = calendar(Service(name="Night", weekday=day.weekday(), opens=time(20), closes=time(8)), tz=tz)
    (sitting,) = found.sittings_on(day)
    assert sitting.opens.astimezone(tz).time() == time(20)
    assert sitting.closes.astimezone(tz).time() == time(8)
    latest = sitting.latest_start(timedelta(minutes=minutes))
    assert latest is None or sitting.closes - latest == timedelta(minutes=minutes)
