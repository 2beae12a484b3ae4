"""People who sign in with password and code, as from a browser."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django_otp.oath import TOTP

from config.access.models import Authenticator
from config.roles import ACCESS_ADMINISTRATOR

PASSWORD = "correct horse battery"

#: Makes a member of staff with PASSWORD.
Makes = Callable[..., User]


@pytest.fixture(autouse=True)
def quick_hashes(settings: Any) -> None:
    """What makes guessing slow makes these tests slow, too."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def person(db: None) -> Makes:
    def make(name: str = "ada", *, with_device: bool = False, **more: Any) -> User:
        user = User.objects.create_user(name, password=PASSWORD, is_staff=True, **more)
        if with_device:
            give_device(user)
        return user

    return make


@pytest.fixture
def access_admin(person: Makes) -> User:
    """Who makes accounts, and is no administrator."""
    user = person("access")
    user.groups.add(Group.objects.get(name=ACCESS_ADMINISTRATOR))
    return user


def give_device(user: User) -> Authenticator:
    device = Authenticator.new_for(user)
    device.confirmed = True
    device.save()
    return device


def code_of(device: Authenticator, *, steps: int = 0) -> str:
    """What the device shows, so many steps from now."""
    shown = TOTP(device.bin_key)
    shown.time = time.time() + 30 * steps
    return f"{shown.token():06d}"


def give_password(client: Client, user: User, password: str = PASSWORD, **more: Any) -> Any:
    return client.post("/login/", {"username": user.username, "password": password, **more})


def is_signed_in(client: Client) -> bool:
    return client.get("/security/").status_code == 200
