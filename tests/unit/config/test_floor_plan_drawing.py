"""The picture of a floor plan: who stands next to whom is drawn next to each other, and nothing overlaps."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bookings.models import Table, Zone
from config.console.restaurants.drawing import GLYPH, TALL, ZonePlan, drawn, natural

ZONE = Zone(pk=1, name="Main")


def tables(count: int, **values: object) -> list[Table]:
    return [
        Table(pk=pk, zone_id=1, number=str(pk), **{"capacity": 4, "max_party": 4, **values})
        for pk in range(1, count + 1)
    ]


def plan(count: int, pairs: list[tuple[int, int]], **values: object) -> ZonePlan:
    (zone,) = drawn([ZONE], tables(count, **values), pairs, marked={})
    return zone


@given(count=st.integers(1, 20), links=st.sets(st.tuples(st.integers(1, 20), st.integers(1, 20))))
def test_every_table_is_drawn_once_and_none_over_another(count: int, links: set[tuple[int, int]]) -> None:
    pairs = [(low, high) for low, high in links if low < high <= count]
    zone = plan(count, pairs)
    places = sorted((glyph.y, glyph.x) for glyph in zone.glyphs)
    assert len(set(places)) == len(zone.glyphs) == count
    assert all(
        right - left >= GLYPH for (top, left), (below, right) in pairwise(places) if below - top < TALL
    )
    assert len(zone.lines) == len(pairs)
    assert all(glyph.x + GLYPH <= zone.width and glyph.y + TALL <= zone.height for glyph in zone.glyphs)


def test_a_row_of_tables_is_drawn_in_its_order_from_an_end() -> None:
    zone = plan(4, [(1, 3), (2, 3), (2, 4)])
    assert [glyph.pk for glyph in sorted(zone.glyphs, key=lambda glyph: glyph.x)] == [1, 3, 2, 4]
    assert all("Q" not in line for line in zone.lines)


def test_a_line_between_tables_apart_goes_around_those_between() -> None:
    zone = plan(4, [(1, 2), (2, 3), (3, 4), (1, 4)])
    assert sum("Q" in line for line in zone.lines) == 1


def test_a_table_out_of_service_counts_no_seats() -> None:
    zone = plan(3, [], active=False)
    assert (zone.tables, zone.seats) == (0, 0)
    assert {glyph.tone for glyph in zone.glyphs} == {"out"}


def test_an_empty_zone_is_drawn_empty() -> None:
    zone = plan(0, [])
    assert (zone.glyphs, zone.lines) == ((), ())


def test_numbers_are_read_as_people_read_them() -> None:
    assert sorted(["T10", "T2", "12", "9", "A1"], key=natural) == ["9", "12", "A1", "T2", "T10"]
