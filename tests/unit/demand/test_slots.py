from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from bookings.demand.floor_plans import BISTRO, BRASSERIE, HALL
from bookings.demand.layout import Service
from bookings.demand.slots import draw_stay, instant, slots_on, stay_at

FRIDAY = date(2026, 6, 12)
CLOCKS_FORWARD = date(2026, 3, 29)
CLOCKS_BACK = date(2026, 10, 25)


def local_starts(day: date) -> list[time]:
    return [slot.start.astimezone(BISTRO.tzinfo).time() for slot in slots_on(layout=BISTRO, day=day)]


def test_starts_are_quarter_hours_from_opening_to_last_seating() -> None:
    starts = local_starts(FRIDAY)
    assert (starts[0], starts[-1]) == (time(12), time(22, 45))
    assert all(start.minute % 15 == 0 for start in starts)
    assert not [start for start in starts if time(14) < start < time(17)]


def test_a_service_after_midnight_closes_on_the_next_day() -> None:
    closes = slots_on(layout=BRASSERIE, day=FRIDAY)[-1].closes
    assert closes.astimezone(BRASSERIE.tzinfo) == datetime(2026, 6, 13, 1, tzinfo=BRASSERIE.tzinfo)


def test_nobody_stays_past_the_end_of_the_service() -> None:
    latest = slots_on(layout=BISTRO, day=FRIDAY)[-1]
    couple = stay_at(layout=BISTRO, slot=latest, party_size=2)
    assert couple is not None
    assert couple.end - couple.start == timedelta(minutes=75)
    assert stay_at(layout=BISTRO, slot=latest, party_size=12) is None


def test_a_party_that_outstays_every_service_has_no_stay() -> None:
    brief = replace(
        BISTRO,
        services=(Service(name="Lunch", weekday=4, start=time(12), last_seating=time(12), end=time(13)),),
    )
    slots = slots_on(layout=brief, day=FRIDAY)
    assert draw_stay(layout=brief, slots=slots, party_size=12, rng=Random(1)) is None
    assert draw_stay(layout=brief, slots=slots, party_size=2, rng=Random(1)) is not None


def test_a_closed_day_has_no_slots() -> None:
    weekdays_only = replace(HALL, services=HALL.services_on(0))
    assert slots_on(layout=weekdays_only, day=FRIDAY) == ()


@pytest.mark.parametrize(("day", "clock"), [(CLOCKS_FORWARD, time(1, 30)), (CLOCKS_BACK, time(1, 30))])
def test_clock_times_that_are_skipped_or_repeated_name_no_instant(day: date, clock: time) -> None:
    assert instant(day, clock, ZoneInfo("Europe/London")) is None


def test_services_keep_their_local_hours_across_a_clock_change() -> None:
    before, after = (local_starts(CLOCKS_BACK + timedelta(days=step)) for step in (-7, 0))
    assert before == after
    assert instant(CLOCKS_BACK, time(17), BISTRO.tzinfo) == datetime(2026, 10, 25, 17, tzinfo=UTC)
