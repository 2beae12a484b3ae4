"""The circuit is closed again after each test."""

from collections.abc import Iterator

import pytest
from django.core.cache import caches
from django_redis import get_redis_connection


@pytest.fixture(autouse=True)
def closed_circuit() -> Iterator[None]:
    yield
    get_redis_connection().delete(caches["default"].make_key("breaker:assignment"))
