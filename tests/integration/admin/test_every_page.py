"""Every list and page of the registry: it answers, and costs the same however many rows there are."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext

from assignments.models import FlagState, GuardStanding
from observability.admin import ViewOnlyAdmin
from tests.integration.admin.addresses import add_to, deletion_of, list_of, page_of
from tests.integration.admin.conftest import APPS
from tests.integration.admin.rows import make

pytestmark = pytest.mark.django_db

OURS = ("assignments", "bookings", "observability")
REGISTERED = [model for model in admin.site._registry if model._meta.app_label in APPS]
VIEW_ONLY = [model for model in REGISTERED if isinstance(admin.site._registry[model], ViewOnlyAdmin)]

each_model = pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
each_history = pytest.mark.parametrize("model", VIEW_ONLY, ids=lambda model: model._meta.label)


def queries_of(client: Client, address: str) -> int:
    client.get(address)  # warms what a process reads once: content types
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_every_model_of_ours_is_registered() -> None:
    ours = [model for name in OURS for model in apps.get_app_config(name).get_models()]
    missing = [model._meta.label for model in ours if not admin.site.is_registered(model)]
    assert missing == []


def test_history_and_what_only_workers_write_is_view_only() -> None:
    names = {model._meta.label for model in VIEW_ONLY}
    assert names >= {
        "bookings.StateChange",
        "bookings.BookingMove",
        "bookings.Allocation",
        "bookings.OutboxMessage",
        "bookings.WebhookDelivery",
        "assignments.Attempt",
        "assignments.Slot",
        "assignments.NowFit",
        "assignments.ShadowComparison",
        "observability.Event",
        "django_q.OrmQ",
        "django_q.Success",
        "django_q.Failure",
        "django_q.Schedule",
    }


@each_model
@pytest.mark.parametrize("person", ["administrator", "viewer"])
def test_lists_and_pages_answer_with_their_rows(
    model: type[Model], person: str, request: pytest.FixtureRequest
) -> None:
    client: Client = request.getfixturevalue(person)
    row = make(model)
    listed = client.get(list_of(model))
    assert listed.status_code == 200
    assert page_of(row) in listed.content.decode()
    page = client.get(page_of(row))
    assert page.status_code == 200
    assert ("_save" in page.content.decode()) == (person == "administrator" and model not in VIEW_ONLY)


@each_model
def test_lists_and_pages_are_refused_without_permission(model: type[Model], stranger: Client) -> None:
    row = make(model)
    assert stranger.get(list_of(model)).status_code == 403
    assert stranger.get(page_of(row)).status_code == 403


@each_model
def test_searching_answers(model: type[Model], administrator: Client) -> None:
    row = make(model)
    for term in (str(row.pk), "O'Hara \"x", "9" * 30, "B-7KQ4M2", "\x00", "x" * 9_000):
        assert administrator.get(list_of(model), {"q": term}).status_code == 200


@each_model
def test_every_filter_answers(model: type[Model], administrator: Client) -> None:
    make(model)
    changelist = administrator.get(list_of(model)).context["cl"]
    for spec in changelist.filter_specs:
        for choice in spec.choices(changelist):
            assert administrator.get(list_of(model) + choice["query_string"]).status_code == 200


@each_model
def test_a_list_asks_as_often_for_one_row_as_for_twenty(model: type[Model], administrator: Client) -> None:
    if model in (FlagState, GuardStanding):
        pytest.skip("the flags have one row by constraint")
    make(model)
    one = queries_of(administrator, list_of(model))
    for _ in range(19):
        make(model)
    assert model._default_manager.count() >= 20
    assert queries_of(administrator, list_of(model)) == one


@each_model
def test_a_page_asks_as_often_beside_twenty_other_rows(model: type[Model], administrator: Client) -> None:
    if model in (FlagState, GuardStanding):
        pytest.skip("the flags have one row by constraint")
    row = make(model)
    alone = queries_of(administrator, page_of(row))
    for _ in range(19):
        make(model)
    assert queries_of(administrator, page_of(row)) == alone


@each_history
def test_view_only_records_refuse_every_change(model: type[Model], administrator: Client) -> None:
    row = make(model)
    for address in (add_to(model), page_of(row), deletion_of(row)):
        assert administrator.post(address, {"post": "yes"}).status_code == 403, address
    chosen = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    administrator.post(list_of(model), chosen)
    assert model._default_manager.filter(pk=row.pk).exists()
