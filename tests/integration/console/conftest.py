"""People with the permissions a test names."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from config.console.local_mailbox import BACKEND
from tests.integration.console.every_address import Address, every_address

#: Signs in a member of staff who has these permissions, such as "bookings.view_booking".
SignIn = Callable[..., Client]


@pytest.fixture
def sign_in(db: None) -> SignIn:
    def as_staff(*permissions: str, name: str = "ada") -> Client:
        user = User.objects.create_user(username=name, password="x", is_staff=True)
        group, _ = Group.objects.get_or_create(name="visitor")
        user.groups.set([group])
        for permission in ("bookings.every_restaurant", *permissions):
            app, codename = permission.split(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
        client = Client()
        client.force_login(user)
        return client

    return as_staff


@pytest.fixture
def addresses(db: None, settings: Any) -> list[Address]:
    """Every named address, about a record of its own where it takes one."""
    settings.EMAIL_BACKEND = BACKEND
    return every_address()
