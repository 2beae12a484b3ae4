from collections import Counter
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.demand.arrivals import Habits, bookings_for
from bookings.demand.floor_plans import HALL, TEMPLATES
from bookings.demand.later import LAST_CHANGE, NO_SHOW_AFTER, Cancellation, Change, NoShow
from bookings.demand.layout import Layout
from bookings.demand.slots import slots_on

FRIDAY = date(2026, 6, 12)
BUSY = Habits(cancellations=0.5, no_shows=0.5, changes=1)


def test_shares_of_cancellations_no_shows_and_changes_are_as_published() -> None:
    arrivals = bookings_for(layout=HALL, days=[FRIDAY], load=60, rng=Random(3))
    events = Counter(type(event) for arrival in arrivals for event in arrival.later)
    assert 0.10 <= events[Cancellation] / len(arrivals) <= 0.20
    assert 0.05 <= events[NoShow] / len(arrivals) <= 0.15
    assert events[Change] / len(arrivals) == pytest.approx(0.10, abs=0.02)


def test_steadfast_guests_come_as_booked() -> None:
    arrivals = bookings_for(layout=HALL, days=[FRIDAY], load=1, rng=Random(3), habits=Habits.steadfast())
    assert not [arrival for arrival in arrivals if arrival.later]


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(TEMPLATES), st.integers())
def test_later_events_follow_the_booking_in_time(layout: Layout, seed: int) -> None:
    for arrival in bookings_for(layout=layout, days=[FRIDAY], load=0.3, rng=Random(seed), habits=BUSY):
        start, clock = arrival.start, arrival.received_at
        for event in arrival.later:
            assert event.at >= clock
            clock = event.at
            match event:
                case Change():
                    assert event.at <= start - LAST_CHANGE
                    start = event.start
                case Cancellation():
                    assert event.at < start
                case NoShow():
                    assert event.at == start + NO_SHOW_AFTER


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(TEMPLATES), st.integers())
def test_a_change_asks_for_another_stay_that_the_restaurant_serves(layout: Layout, seed: int) -> None:
    slots = {slot.start: slot for slot in slots_on(layout=layout, day=FRIDAY)}
    for arrival in bookings_for(layout=layout, days=[FRIDAY], load=0.3, rng=Random(seed), habits=BUSY):
        for change in (event for event in arrival.later if isinstance(event, Change)):
            assert (change.party_size, change.start) != (arrival.party_size, arrival.start)
            assert change.party_size >= 1
            assert slots[change.start].service == arrival.service
            minutes = layout.turn_minutes(service=arrival.service, party_size=change.party_size)
            assert change.end == change.start + timedelta(minutes=minutes) <= slots[change.start].closes
