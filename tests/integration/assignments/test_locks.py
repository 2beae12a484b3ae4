"""The booking lock on the real Redis-compatible server."""

from typing import Any

import pytest
from django.core.cache import caches
from django_redis import get_redis_connection

from assignments.protection.locks import TTL_SECONDS, booking_lock
from assignments.protection.redis_access import end_pause


def key(booking_id: int) -> str:
    return str(caches["default"].make_key(f"booking:{booking_id}"))


def test_the_lock_is_held_by_one_and_free_again_afterwards() -> None:
    with booking_lock(1) as first:
        with booking_lock(1) as second:
            assert (first.held, second.held) == (True, False)
        assert get_redis_connection().exists(key(1)), "the loser must not release the holder's lock"
    assert not get_redis_connection().exists(key(1))


def test_bookings_do_not_share_a_lock() -> None:
    with booking_lock(1) as first, booking_lock(2) as second:
        assert first.held
        assert second.held


def test_the_lock_is_released_when_the_run_fails() -> None:
    with pytest.raises(ZeroDivisionError), booking_lock(1):
        raise ZeroDivisionError
    assert not get_redis_connection().exists(key(1))


def test_a_lock_taken_over_by_another_owner_is_not_released() -> None:
    with booking_lock(1):
        get_redis_connection().set(key(1), "another owner's token")
    assert get_redis_connection().get(key(1)) == b"another owner's token"
    get_redis_connection().delete(key(1))


def test_a_lock_lost_by_a_flush_does_not_fail_its_run() -> None:
    with booking_lock(1):
        get_redis_connection().delete(key(1))  # the rest of the server is of tests that run beside this one


def test_without_redis_the_run_goes_on(settings: Any) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
            "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 1},
        }
    }
    settings.DJANGO_REDIS_CONNECTION_FACTORY = "django_redis.pool.ConnectionFactory"
    try:
        with booking_lock(1) as grant, booking_lock(1) as again:
            assert grant.held
            assert again.held
    finally:
        end_pause()


def test_a_lock_that_lasts_longer_than_any_is_nobodys() -> None:
    """The server's clock has stepped back: its owner may be dead for long, and nobody would plan."""
    get_redis_connection().set(key(1), "dead", px=TTL_SECONDS * 1000 + 3_600_000)
    with booking_lock(1) as first, booking_lock(1) as second:
        assert (first.held, second.held) == (True, False)
    assert not get_redis_connection().exists(key(1))
