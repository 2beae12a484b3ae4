"""Who works for one restaurant sees and touches nothing of another, whatever is asked or sent."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from bookings.models import (
    ApiAnswer,
    Booking,
    ChannelToken,
    ImportReject,
    ImportRun,
    Restaurant,
    StaffRestaurant,
    Table,
    TableBlock,
    WebhookEndpoint,
    Zone,
)
from config.roles import OPS_LEAD, ROLES
from observability.admin import RecordAdmin
from tests.factories import serving_restaurant
from tests.integration.admin.addresses import add_to, deletion_of, list_of, page_of
from tests.integration.admin.conftest import logged_in
from tests.integration.admin.rows import make

pytestmark = pytest.mark.django_db

OF_RESTAURANTS = [
    model
    for model, records in admin.site._registry.items()
    if isinstance(records, RecordAdmin) and records.restaurant_path
]
OF_NONE = [
    model
    for model, records in admin.site._registry.items()
    if isinstance(records, RecordAdmin) and not records.restaurant_path
]


@pytest.fixture
def home_restaurant() -> Restaurant:
    return serving_restaurant(4)


@pytest.fixture
def scoped(home_restaurant: Restaurant) -> Client:
    """Everything a lead may do, but at one restaurant."""
    user = User.objects.create(username="scoped", is_staff=True)
    permissions = Group.objects.get(name=OPS_LEAD).permissions.exclude(codename="every_restaurant")
    may_view = Permission.objects.filter(codename__startswith="view_")
    user.user_permissions.set([*permissions, *may_view])
    StaffRestaurant.objects.create(user=user, restaurant=home_restaurant)
    return logged_in(user)


@pytest.mark.parametrize("model", OF_RESTAURANTS, ids=lambda model: model._meta.label)
def test_rows_of_another_restaurant_are_neither_listed_nor_opened(model: type[Model], scoped: Client) -> None:
    row = make(model)
    assert page_of(row) not in scoped.get(list_of(model)).content.decode()
    # Django answers a page that this person has no row for with the way back to the list.
    for address in (page_of(row), deletion_of(row)):
        assert scoped.get(address).status_code in (302, 403)
        assert scoped.post(address, {"post": "yes"}).status_code in (302, 403)
    assert model._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", OF_NONE, ids=lambda model: model._meta.label)
def test_rows_of_no_restaurant_are_for_those_who_work_for_all(model: type[Model], scoped: Client) -> None:
    row = make(model)
    assert page_of(row) not in scoped.get(list_of(model)).content.decode()


def test_rows_of_ones_own_restaurant_are_listed(scoped: Client, home_restaurant: Restaurant) -> None:
    table = home_restaurant.tables.get()
    assert page_of(table) in scoped.get(list_of(Table)).content.decode()
    assert scoped.get(page_of(table)).status_code == 200


def test_another_restaurant_cannot_be_chosen(scoped: Client, home_restaurant: Restaurant) -> None:
    other = serving_restaurant(2)
    zone = Zone.objects.filter(restaurant=other).get()
    answer = scoped.post(
        add_to(Table),
        {
            "restaurant": other.pk,
            "zone": zone.pk,
            "number": "99",
            "capacity": 2,
            "min_party": 1,
            "max_party": 2,
        },
    )
    assert answer.status_code == 200
    assert "That choice is not one of the available choices" in answer.content.decode()
    assert not Table.objects.filter(number="99").exists()


def test_filters_and_autocomplete_name_no_other_restaurant(
    scoped: Client, home_restaurant: Restaurant
) -> None:
    other = serving_restaurant(2)
    Restaurant.objects.filter(pk=other.pk).update(name="Somebody Else's")
    assert "Somebody Else" not in scoped.get(list_of(Table)).content.decode()
    found = scoped.get(
        reverse("admin:autocomplete"),
        {"app_label": "bookings", "model_name": "table", "field_name": "restaurant", "term": ""},
    )
    assert [item["id"] for item in found.json()["results"]] == [str(home_restaurant.pk)]


@pytest.mark.parametrize(
    ("model", "column"),
    [
        (ImportReject, "cells"),
        (ImportRun, "content"),
        (ChannelToken, "digest"),
        (ApiAnswer, "digest"),
        (WebhookEndpoint, "salt"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_what_no_page_shows_cannot_be_guessed_by_narrowing_a_list(
    model: type[Model], column: str, administrator: Client
) -> None:
    make(model)
    assert administrator.get(list_of(model), {f"{column}__gt": "0"}).status_code == 400


def test_actions_reach_only_rows_of_the_scope(scoped: Client) -> None:
    booking = make(Booking)
    chosen = {"action": "cancel_bookings", "_selected_action": [booking.pk], "sure": "yes"}
    scoped.post(list_of(Booking), chosen)
    booking.refresh_from_db()
    assert booking.status != "cancelled"  # type: ignore[attr-defined]


def test_the_home_page_counts_the_scope_only(scoped: Client) -> None:
    make(Booking)
    assert scoped.get(reverse("admin:index")).context["received"].count == 0


def test_new_restaurants_are_for_those_who_work_for_all(scoped: Client) -> None:
    assert scoped.get(add_to(Restaurant)).status_code == 403


def test_blocks_of_ones_own_restaurant_can_be_placed(scoped: Client, home_restaurant: Restaurant) -> None:
    assert scoped.get(add_to(TableBlock)).status_code == 200


def test_inactive_people_and_people_without_restaurants_see_nothing(db: None) -> None:
    table = make(Table)
    user = User.objects.create(username="nobody", is_staff=True)
    user.groups.add(Group.objects.get(name="ops agent"))
    assert page_of(table) not in logged_in(user).get(list_of(Table)).content.decode()


def test_every_record_says_how_it_belongs_to_a_restaurant() -> None:
    """What hangs on a restaurant or a booking must name the way to it."""
    forgotten = [
        model._meta.label
        for model in OF_NONE
        if {"restaurant", "restaurant_id", "booking", "booking_id"}
        & {f.name for f in model._meta.get_fields()}
    ]
    assert forgotten == []


def test_the_table_of_roles_holds_what_the_groups_may(db: None) -> None:
    for name, wanted in ROLES.items():
        held = Group.objects.get(name=name).permissions.values_list("content_type__app_label", "codename")
        assert {".".join(pair) for pair in held} == wanted, name
