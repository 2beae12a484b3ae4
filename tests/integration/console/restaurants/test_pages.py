"""The restaurants' pages: what they show, and to whom."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assignments import flags
from assignments.flags.authors import Author
from assignments.flags.services import set_override
from bookings.models import (
    Adjacency,
    Combination,
    Restaurant,
    Table,
    TableBlock,
)
from config.roles import OPS_AGENT, VIEWER
from tests.factories import TableFactory, serving_restaurant
from tests.integration.console.restaurants.editing import seated
from tests.integration.console.test_floor import client_of

pytestmark = pytest.mark.django_db


def test_the_list_shows_tables_path_and_reviews_of_the_scope(house: Restaurant) -> None:
    other = serving_restaurant(8)
    page = client_of(OPS_AGENT, house).get("/restaurants/").content.decode()
    assert house.name in page
    assert other.name not in page
    assert "Pinned by the environment" in page
    assert "no outcomes" in page


def test_a_restaurant_is_found_by_a_part_of_its_name(lead: Client, house: Restaurant) -> None:
    other = serving_restaurant(2)
    page = lead.get("/restaurants/", {"q": other.name[-4:]}).content.decode()
    assert other.name in page
    assert "No restaurant is called" in lead.get("/restaurants/", {"q": "x\x00y"}).content.decode()


def test_the_page_tells_the_path_and_that_an_override_decided(
    lead: Client, house: Restaurant, settings: Any
) -> None:
    settings.FEATURE_ASSIGNMENT_PIPELINE_V3 = None
    flags.forget()
    assert "No flag is on for it" in lead.get(f"/restaurants/{house.pk}/").content.decode()
    by = Author(name="ada")
    set_override(restaurant_id=house.pk, percentage=40, reason="half of it", by=by, now=timezone.now())
    flags.forget()
    page = lead.get(f"/restaurants/{house.pk}/").content.decode()
    assert "V3 for 40 %" in page
    assert "own override" in page


def test_gaps_are_starts_at_which_no_table_is_free(lead: Client, house: Restaurant) -> None:
    address = f"/restaurants/{house.pk}/gaps/"
    assert f'hx-get="{address}"' in lead.get(f"/restaurants/{house.pk}/").content.decode()
    assert "always a table" in lead.get(address).content.decode()
    Table.objects.filter(restaurant=house).exclude(capacity=2).update(active=False)
    part = lead.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "none at any of" in part
    assert "<html" not in part


def test_another_restaurant_is_not_found_by_page_or_form(house: Restaurant) -> None:
    other = serving_restaurant(2)
    agent = client_of(OPS_AGENT, house)
    assert agent.get(f"/restaurants/{other.pk}/").status_code == 404
    assert agent.get(f"/restaurants/{other.pk}/block/").status_code == 404


def test_who_only_looks_is_offered_nothing_to_edit(house: Restaurant) -> None:
    client = client_of(VIEWER, house)
    page = client.get(f"/restaurants/{house.pk}/").content.decode()
    assert "/restaurants/table/" not in page
    assert "Block a table" not in page
    table = house.tables.first()
    assert table is not None
    assert client.get(f"/restaurants/table/{table.pk}/").status_code == 403
    assert client.post(f"/restaurants/table/{table.pk}/").status_code == 403


def test_an_agent_blocks_tables_and_edits_nothing_else(house: Restaurant) -> None:
    agent, table = client_of(OPS_AGENT, house), house.tables.earliest("pk")
    assert agent.get(f"/restaurants/{house.pk}/block/").status_code == 200
    assert agent.get(f"/restaurants/table/{table.pk}/").status_code == 403
    assert agent.post(f"/restaurants/{house.pk}/service/").status_code == 403


@pytest.mark.parametrize("path", ["/restaurants/", "/restaurants/{}/", "/restaurants/{}/gaps/"])
def test_the_number_of_queries_does_not_grow(path: str, lead: Client, house: Restaurant) -> None:
    def ask() -> int:
        """Queries of the page itself; the flags are read anew every second, whoever asks."""
        with CaptureQueriesContext(connection) as asked:
            assert lead.get(path.format(house.pk)).status_code == 200
        return sum("flag" not in query["sql"] for query in asked)

    furnish(house, "A")
    ask()
    few = ask()
    for number in range(3):
        furnish(house, f"B{number}")
        serving_restaurant(2)
    seated(house)
    assert ask() == few


def furnish(house: Restaurant, name: str) -> None:
    """Two tables side by side, joined under a name and blocked."""
    tables = [TableFactory(zone=house.zones.get()) for _ in range(2)]
    Adjacency.objects.create(restaurant=house, table_low=tables[0], table_high=tables[1])
    row = Combination.objects.create(restaurant=house, name=name, capacity=8)
    row.tables.set(tables, through_defaults={"restaurant": house})
    now = timezone.now()
    for table in tables:
        TableBlock.objects.create(restaurant=house, table=table, start_at=now, end_at=now + timedelta(days=1))
