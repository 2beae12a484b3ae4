"""The metrics explorer reads a replica that keeps up and says how old its figures are; else the database."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test import Client
from django.test.utils import CaptureQueriesContext

from observability import replica
from observability.metrics.volumes import volumes
from observability.metrics.window import Window
from tests.factories import NOW
from tests.integration.console.conftest import SignIn

PAGE = "/explorer/"


@pytest.fixture
def client(committed_db: None, sign_in: SignIn) -> Client:
    return sign_in("observability.view_event")


@pytest.fixture
def settled() -> dict[str, Any]:
    """The replica's settings: a second connection to the same server, which refuses to write."""
    own = connection.settings_dict
    return own | {"OPTIONS": {**own["OPTIONS"], "options": "-c default_transaction_read_only=on"}}


@pytest.fixture
def second(client: Client, settled: dict[str, Any]) -> Iterator[None]:
    connections.databases[replica.ALIAS] = settled
    # Named like the other, since Django's tests open no connection of a name they were not told.
    connections[replica.ALIAS] = DatabaseWrapper(settled, alias="default")
    yield
    connections[replica.ALIAS].close()
    del connections[replica.ALIAS]
    del connections.databases[replica.ALIAS]


def asked(client: Client) -> tuple[str, int, int]:
    """What the page says, and how many statements about figures each of the two was asked."""
    with (
        CaptureQueriesContext(connections[replica.ALIAS]) as there,
        CaptureQueriesContext(connection) as here,
    ):
        text = client.get(PAGE).content.decode()
    of_figures = [
        sum("observability_rollups" in query["sql"] for query in queries.captured_queries)
        for queries in (there, here)
    ]
    return text, of_figures[0], of_figures[1]


def test_figures_come_from_a_replica_that_keeps_up(client: Client, second: None) -> None:
    text, there, here = asked(client)
    assert "from the replica, 0 s behind" in text
    assert (there > 0, here) == (True, 0)


def test_a_replica_that_is_behind_is_told_and_not_read(
    client: Client, second: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "lag", lambda: timedelta(minutes=5))
    text, there, here = asked(client)
    assert "from the database itself: the replica is 300 s behind" in text
    assert (there, here > 0) == (0, True)


def test_a_replica_that_is_away_costs_no_page(client: Client, second: None) -> None:
    connections[replica.ALIAS].settings_dict["HOST"] = "/nowhere"
    answer = client.get(PAGE)
    assert answer.status_code == 200
    assert "from the database itself: the replica does not answer" in answer.content.decode()


def test_without_a_replica_nothing_is_said_of_one(client: Client) -> None:
    assert "replica" not in client.get(PAGE).content.decode()


def test_it_cannot_be_written_to_and_is_left_when_the_block_ends(second: None) -> None:
    with replica.reading() as read:
        assert read.behind == timedelta(0)
        with pytest.raises(DatabaseError, match="read-only"), connections[replica.ALIAS].cursor() as cursor:
            cursor.execute("DELETE FROM bookings")
    with CaptureQueriesContext(connection) as here:
        volumes(Window(start=NOW, end=NOW + timedelta(days=1)))
    assert here.captured_queries
