"""People who look at records, each logged in."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

APPS = ("assignments", "bookings", "observability", "django_q")

PersonMaker = Callable[..., Client]


@pytest.fixture
def administrator(db: None) -> Client:
    return logged_in(User.objects.create_superuser("administrator"))


@pytest.fixture
def viewer(db: None) -> Client:
    """Somebody who may view all records of every restaurant and nothing else."""
    user = User.objects.create(username="viewer", is_staff=True)
    may_view = Permission.objects.filter(content_type__app_label__in=APPS, codename__startswith="view_")
    everywhere = Permission.objects.filter(codename="every_restaurant")
    user.user_permissions.set(may_view | everywhere)
    return logged_in(user)


@pytest.fixture
def stranger(db: None) -> Client:
    """Staff without any permission."""
    return logged_in(User.objects.create(username="stranger", is_staff=True))


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
