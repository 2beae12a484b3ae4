"""Who may do what: tokens, their scope and rights, their end, and how often they may ask."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.urls import get_resolver
from django.utils import timezone

from bookings.api import throttling, tokens
from bookings.api.views.base import Operation
from bookings.models import Booking, ChannelToken, Restaurant, TokenRight
from tests.factories import receive, serving_restaurant
from tests.integration.bookings.api.conftest import Caller, issue, refused


@pytest.fixture
def one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """All requests fall into the same minute, which nobody counted in before."""
    window = uuid4().int
    monkeypatch.setattr(throttling, "_window", lambda: window)


def test_the_secret_is_nowhere_in_the_database(restaurant: Restaurant) -> None:
    issued = issue(restaurant)
    _, prefix, secret = issued.secret.split("_", 2)
    assert prefix == issued.token.prefix
    assert len(secret) == 43
    assert secret not in str(ChannelToken.objects.values().get())


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer x", "Basic YTpi", "Bearer ta_PREFIX22_secret", "Bearer ta_\x00_", "Bearer ta__",
     "bearer é"],
)  # fmt: skip
def test_without_a_good_token_nothing_opens(web: Caller, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    response = web.client.get("/api/v1/bookings", headers=headers)
    refused(response, 401)
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="bookings"'


def test_a_secret_with_another_tokens_prefix_opens_nothing(web: Caller, restaurant: Restaurant) -> None:
    other = issue(restaurant)
    secret = web.secret.split("_", 2)[2]
    refused(Caller(secret=f"ta_{other.token.prefix}_{secret}").get("bookings"), 401)


def test_tokens_end_by_time_and_by_hand(restaurant: Restaurant) -> None:
    expired = refused(Caller(secret=issue(restaurant, days=-1).secret).get("bookings"), 401)
    assert "expired" in expired["detail"]
    issued = issue(restaurant)
    caller = Caller(secret=issued.secret)
    assert caller.get("bookings").status_code == 200
    assert tokens.revoke(token_id=issued.token.pk, now=timezone.now())
    assert "revoked" in refused(caller.get("bookings"), 401)["detail"]
    assert not tokens.revoke(token_id=issued.token.pk, now=timezone.now())


def test_use_is_noted_to_the_hour(web: Caller) -> None:
    web.get("bookings")
    first = ChannelToken.objects.get().last_used_at
    web.get("bookings")
    assert first is not None
    assert ChannelToken.objects.get().last_used_at == first
    ChannelToken.objects.update(last_used_at=first - timedelta(hours=2))
    web.get("bookings")
    assert ChannelToken.objects.get().last_used_at >= first  # type: ignore[operator]


HTTP_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

NEEDED = [
    ("GET", "bookings", "read"),
    ("HEAD", "bookings", "read"),
    ("POST", "bookings", "write"),
    ("GET", "bookings/B-222222", "read"),
    ("PATCH", "bookings/B-222222", "write"),
    ("POST", "bookings/B-222222/cancel", "write"),
    ("POST", "bookings/B-222222/check-in", "service"),
    ("POST", "bookings/B-222222/complete", "service"),
    ("POST", "bookings/B-222222/no-show", "service"),
    ("GET", "restaurants", "read"),
    ("GET", "restaurants/anchor", "read"),
    ("GET", "restaurants/anchor/floor-plan", "read"),
    ("GET", "restaurants/anchor/availability", "read"),
    ("POST", "walk-ins", "service"),
]


@pytest.mark.parametrize(("method", "path", "right"), NEEDED)
def test_each_right_opens_its_own_operations_only(
    restaurant: Restaurant, method: str, path: str, right: str
) -> None:
    having = Caller(secret=issue(restaurant, rights=[right]).secret)
    assert having.send(method, path, body=None).status_code not in {401, 403, 405}
    lacking = Caller(secret=issue(restaurant, rights=sorted({*TokenRight.values} - {right})).secret)
    assert lacking.send(method, path, body=None).status_code == 403


def test_every_operation_needs_a_right_and_is_in_the_list_above() -> None:
    patterns = get_resolver("bookings.api.urls").url_patterns
    views = {getattr(pattern.callback, "view_class", None) for pattern in patterns}
    operations = [view for view in views if view and issubclass(view, Operation)]
    taken = [
        (view, method) for view in operations for method in HTTP_METHODS if hasattr(view, method.lower())
    ]
    assert all(method in view.rights for view, method in taken)
    assert len(taken) == len([needed for needed in NEEDED if needed[0] != "HEAD"])


def test_guests_of_other_channels_are_not_shown_and_their_bookings_not_changed(
    web: Caller, restaurant: Restaurant
) -> None:
    other = receive(restaurant, channel="phone", guest_phone="0123", notes="quiet")
    seen = web.get(f"bookings/{other.reference}")
    for value in ("Ada", "ada@example.org", "0123", "quiet"):
        assert value not in seen.content.decode()
        assert value not in web.get("bookings").content.decode()
    assert seen.json()["guest_name"] is None
    refused(web.post(f"bookings/{other.reference}/cancel"), 403)
    refused(web.patch(f"bookings/{other.reference}", {"party_size": 3}), 403)
    Booking.objects.update(status="confirmed")
    checked_in = web.post(f"bookings/{other.reference}/check-in")
    assert checked_in.status_code == 200
    assert "Ada" not in checked_in.content.decode()


def test_a_token_for_all_restaurants_sees_those_to_come(db: None) -> None:
    everywhere = Caller(secret=issue(all_restaurants=True).secret)
    booking = receive(serving_restaurant(2))
    assert everywhere.get(f"bookings/{booking.reference}").json()["guest_name"] == "Ada Guest"
    assert len(everywhere.get("bookings").json()["results"]) == 1


def test_a_restaurant_is_found_by_its_short_name_before_its_number(db: None) -> None:
    first = serving_restaurant(2)
    second = serving_restaurant(2, slug=str(first.pk))
    caller = Caller(secret=issue(all_restaurants=True).secret)
    assert caller.get(f"restaurants/{first.pk}").json()["id"] == second.pk
    assert caller.get(f"restaurants/{second.pk}").json()["id"] == second.pk


def test_a_token_that_asks_too_often_is_told_when_to_come_back(
    web: Caller, settings: Any, one_minute: None
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 3
    assert [web.get("restaurants").status_code for _ in range(3)] == [200] * 3
    late = web.get("restaurants")
    refused(late, 429)
    assert 1 <= int(late.headers["Retry-After"]) <= 60


def test_failures_of_an_address_are_bounded_and_lock_nobody_out(
    web: Caller, settings: Any, one_minute: None
) -> None:
    settings.API_FAILURES_PER_MINUTE = 2
    answers = [web.client.get("/api/v1/bookings") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert answers[2].headers["Retry-After"]
    refused(answers[2], 429)
    assert web.get("bookings").status_code == 200


def test_without_redis_everyone_passes_and_the_log_says_so(
    web: Caller, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 1
    settings.CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
            "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 0.2},
        }
    }
    settings.DJANGO_REDIS_CONNECTION_FACTORY = "django_redis.pool.ConnectionFactory"
    assert [web.get("bookings").status_code for _ in range(3)] == [200] * 3
    assert [record.message for record in caplog.records].count(
        "API requests are not counted: Redis is away"
    ) == 1


def test_an_engineer_makes_a_token_on_the_command_line(
    restaurant: Restaurant, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("channel_token", "partner", restaurants=["anchor"], rights=["read"], days=7, label="trial")
    secret = capsys.readouterr().out.strip().splitlines()[-1]
    assert Caller(secret=secret).get("restaurants").json()[0]["slug"] == "anchor"
    token = ChannelToken.objects.get()
    assert (token.channel, token.label, token.rights, token.created_by) == (
        "partner",
        "trial",
        ["read"],
        None,
    )


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"restaurants": ["nowhere"]}, "nowhere"),
        ({}, "--restaurant"),
        ({"restaurants": ["anchor"], "all_restaurants": True}, "not both"),
        ({"restaurants": ["anchor"], "days": 0}, "days"),
        ({"restaurants": ["anchor"], "label": "x" * 81}, "label"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused_on_the_command_line(
    restaurant: Restaurant, options: dict[str, Any], why: str
) -> None:
    with pytest.raises(CommandError, match=why) as refusal:
        call_command("channel_token", "partner", **options)
    assert refusal.value.returncode == 2
    assert ChannelToken.objects.count() == 0
