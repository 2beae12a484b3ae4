"""Production asks for the password again where it counts; wrong ones lock out as at signing in."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from assignments.flags import store
from config.roles import ON_CALL
from tests.integration.access.conftest import PASSWORD, Makes

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(person: Makes, settings: Any) -> Client:
    settings.ENVIRONMENT = "production"
    settings.AXES_FAILURE_LIMIT = 3
    user: User = person()
    user.groups.add(Group.objects.get(name=ON_CALL))
    client = Client()
    client.force_login(user)
    return client


def test_the_kill_switch_takes_the_right_password(client: Client) -> None:
    for given in ({}, {"password": "wrong"}):
        answer = client.post("/flags/kill/", given)
        assert answer.status_code == 409
        assert "takes your password" in answer.content.decode()
        assert not store.read().killed
    assert 'name="password"' in client.get("/flags/").content.decode()
    assert client.post("/flags/kill/", {"password": PASSWORD}).status_code == 302
    assert store.read().killed


def test_guessing_it_locks_out_and_the_right_one_is_refused_then(client: Client) -> None:
    statuses = [client.post("/flags/kill/", {"password": "wrong"}).status_code for _ in range(3)]
    assert statuses == [409, 409, 429]
    assert client.post("/flags/kill/", {"password": PASSWORD}).status_code == 429
    assert not store.read().killed
