"""People with the permissions a test names."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

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
