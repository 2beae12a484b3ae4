"""Channel tokens in the console: made and shown once, edited, revoked."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from bookings.models import ChannelToken, Restaurant
from tests.factories import serving_restaurant
from tests.integration.admin.addresses import add_to, deletion_of, list_of, page_of
from tests.integration.bookings.api.conftest import Caller, issue


@pytest.fixture
def restaurant(db: None) -> Restaurant:
    return serving_restaurant(2)


def form(**changes: Any) -> dict[str, Any]:
    return {
        "channel": "web",
        "label": "web shop",
        "rights": ["read"],
        "expires_at_0": "2099-01-01",
        "expires_at_1": "00:00",
        **changes,
    }


def shown_secret(page: Any) -> str:
    return str(page.context["secret"])


def test_a_new_token_is_shown_in_the_answer_and_nowhere_after(
    administrator: Client, restaurant: Restaurant
) -> None:
    page = administrator.post(add_to(ChannelToken), form(restaurants=[restaurant.pk]))
    assert page.status_code == 200
    assert "no-store" in page.headers["Cache-Control"]
    secret = shown_secret(page)
    assert page.content.decode().count(secret) == 1
    assert Caller(secret=secret).get("bookings").status_code == 200
    token = ChannelToken.objects.get()
    assert token.created_by is not None
    assert list(token.restaurants.all()) == [restaurant]
    random_part = secret.split("_", 2)[2]
    for address in (page_of(token), list_of(ChannelToken)):
        assert random_part not in administrator.get(address).content.decode()
    assert random_part not in str(list(LogEntry.objects.values()))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "restaurants"),
        ({"restaurants": "this", "all_restaurants": "on"}, "restaurants"),
        ({"all_restaurants": "on", "rights": []}, "rights"),
        ({"all_restaurants": "on", "rights": ["everything"]}, "rights"),
        ({"all_restaurants": "on", "expires_at_0": "2001-01-01"}, "expires_at"),
        ({"all_restaurants": "on", "channel": ""}, "channel"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused_at_the_form(
    administrator: Client, restaurant: Restaurant, changes: dict[str, Any], field: str
) -> None:
    if changes.get("restaurants"):
        changes = {**changes, "restaurants": [restaurant.pk]}
    page = administrator.post(add_to(ChannelToken), form(**changes))
    assert list(page.context["adminform"].form.errors) == [field]
    assert ChannelToken.objects.count() == 0


def test_scope_and_rights_can_be_changed_but_not_channel_or_secret(
    administrator: Client, restaurant: Restaurant
) -> None:
    issued = issue(restaurant, channel="phone")
    administrator.post(page_of(issued.token), form(all_restaurants="on", rights=["service"]))
    token = ChannelToken.objects.get()
    assert (token.channel, token.rights, token.all_restaurants) == ("phone", ["service"], True)
    assert (token.prefix, token.digest) == (issued.token.prefix, issued.token.digest)


def test_tokens_are_revoked_after_a_question(administrator: Client, restaurant: Restaurant) -> None:
    issued = issue(restaurant)
    chosen = {"action": "revoke", "_selected_action": [issued.token.pk]}
    asked = administrator.post(list_of(ChannelToken), chosen)
    assert issued.token.prefix in asked.content.decode()
    assert Caller(secret=issued.secret).get("bookings").status_code == 200
    administrator.post(list_of(ChannelToken), {**chosen, "sure": "yes"})
    assert Caller(secret=issued.secret).get("bookings").status_code == 401
    assert "Revoked" in administrator.get(list_of(ChannelToken)).content.decode()


def test_a_viewer_makes_and_revokes_nothing(viewer: Client, restaurant: Restaurant) -> None:
    issued = issue(restaurant)
    assert viewer.post(add_to(ChannelToken), form(all_restaurants="on")).status_code == 403
    viewer.post(
        list_of(ChannelToken), {"action": "revoke", "_selected_action": [issued.token.pk], "sure": "yes"}
    )
    assert Caller(secret=issued.secret).get("bookings").status_code == 200


def test_nobody_deletes_a_token(administrator: Client, restaurant: Restaurant) -> None:
    issued = issue(restaurant)
    assert administrator.post(deletion_of(issued.token), {"post": "yes"}).status_code == 403
