from random import Random
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.demand.floor_plans import BISTRO, BRASSERIE, HALL, TEMPLATES
from bookings.demand.layout import Layout, LayoutError, ZoneKind
from bookings.demand.seatings import seatings_by_party, seatings_of
from bookings.demand.variants import slug_of, variant

from .engine_days import engine_plan


def test_the_bistro_is_small_tables() -> None:
    assert len(BISTRO.tables) == 18
    assert max(table.capacity for table in BISTRO.tables) == 6


def test_the_brasserie_has_a_terrace() -> None:
    terrace = {zone.name for zone in BRASSERIE.zones if zone.kind is ZoneKind.OUTDOOR}
    assert len(BRASSERIE.tables) == 30
    assert sum(table.zone in terrace for table in BRASSERIE.tables) == 8


def test_the_hall_is_mostly_fixed_four_tops() -> None:
    four_tops = [table for table in HALL.tables if table.capacity == 4]
    assert len(HALL.tables) == 40
    assert len(four_tops) == 16
    assert not any(table.movable for table in four_tops)


def test_the_templates_stand_in_different_time_zones() -> None:
    assert len({layout.timezone for layout in TEMPLATES} & available_timezones()) == 3


@pytest.mark.parametrize("layout", TEMPLATES, ids=lambda layout: layout.slug)
def test_every_day_has_lunch_and_dinner_and_some_end_after_midnight(layout: Layout) -> None:
    for weekday in range(7):
        assert [service.name for service in layout.services_on(weekday)] == ["Lunch", "Dinner"]
    assert any(service.ends_next_day for service in layout.services)


@pytest.mark.parametrize("layout", TEMPLATES, ids=lambda layout: layout.slug)
def test_every_party_up_to_the_limit_can_be_seated(layout: Layout) -> None:
    assert set(range(1, layout.max_party_auto + 1)) <= set(seatings_by_party(layout))


@pytest.mark.parametrize("layout", TEMPLATES, ids=lambda layout: layout.slug)
def test_every_table_and_every_named_combination_seats_somebody(layout: Layout) -> None:
    used = {frozenset(seating.tables) for seating in seatings_of(layout)}
    assert {frozenset((table.number,)) for table in layout.tables} <= used
    assert {frozenset(named.tables) for named in layout.combinations} <= used


@given(st.integers(), st.sampled_from(TEMPLATES))
def test_a_variant_is_a_restaurant_that_the_engine_accepts(seed: int, template: Layout) -> None:
    layout = variant(template, Random(seed), "Chez Zoë")
    assert len(engine_plan(layout).tables) == len(layout.tables) >= 0.85 * len(template.tables) - 1
    assert set(range(1, layout.max_party_auto + 1)) <= set(seatings_by_party(layout))


def test_thirty_variants_are_thirty_different_restaurants() -> None:
    rng = Random(1)
    made = [variant(TEMPLATES[number % 3], rng, f"House {number}") for number in range(30)]
    assert len({layout.slug for layout in made}) == 30
    assert (
        len({(layout.timezone, layout.tables, layout.services, layout.turn_times) for layout in made}) == 30
    )


def test_one_seed_gives_one_variant() -> None:
    assert variant(HALL, Random(5), "Twin") == variant(HALL, Random(5), "Twin")


def test_a_slug_is_plain_ascii() -> None:
    assert slug_of("Café de l'Été 2") == "cafe-de-l-ete-2"


def test_a_name_without_letters_gives_no_slug() -> None:
    with pytest.raises(LayoutError, match="gives no slug"):
        slug_of("!?")
