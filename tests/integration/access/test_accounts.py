"""Making accounts: nobody raises their own rights, and few touch those of others."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from bookings.models import StaffRestaurant
from config.roles import ACCESS_ADMINISTRATOR, MANAGER, OPS_AGENT
from tests.factories import RestaurantFactory
from tests.integration.access.conftest import Makes

pytestmark = pytest.mark.django_db

ADMIN = {"is_superuser": "on"}


@pytest.fixture
def client(access_admin: User) -> Client:
    client = Client()
    client.force_login(access_admin)
    return client


def form_of(user: User, **more: Any) -> dict[str, Any]:
    """The form of a user's page as it would be sent, with an empty inline."""
    joined = user.date_joined
    form: dict[str, Any] = {
        "username": user.username,
        "is_active": "on",
        "is_staff": "on",
        "date_joined_0": joined.date().isoformat(),
        "date_joined_1": joined.time().isoformat(timespec="seconds"),
    }
    for name, value in (("TOTAL", 0), ("INITIAL", 0), ("MIN_NUM", 0), ("MAX_NUM", 1000)):
        form[f"staff_restaurants-{name}_FORMS"] = value
    return form | more


def group(name: str) -> Group:
    return Group.objects.get(name=name)


def test_an_access_administrator_puts_people_in_groups_and_gives_them_restaurants(
    client: Client, person: Makes
) -> None:
    user, restaurant = person(), RestaurantFactory()
    inline = {
        "staff_restaurants-TOTAL_FORMS": 1,
        "staff_restaurants-0-restaurant": restaurant.pk,
        "staff_restaurants-0-user": user.pk,
    }
    form = form_of(user, groups=[group(OPS_AGENT).pk], **inline)
    answer = client.post(f"/auth/user/{user.pk}/change/", form)
    assert answer.status_code == 302, answer.context["errors"]
    assert list(user.groups.all()) == [group(OPS_AGENT)]
    assert StaffRestaurant.objects.get().user == user


def test_nobody_gives_groups_restaurants_or_rights_to_themselves(client: Client, access_admin: User) -> None:
    form = form_of(access_admin, **ADMIN, groups=[group(MANAGER).pk], user_permissions=[1], first_name="Ann")
    client.post(f"/auth/user/{access_admin.pk}/change/", form)
    access_admin.refresh_from_db()
    assert access_admin.first_name == "Ann"
    assert not access_admin.is_superuser
    assert list(access_admin.groups.all()) == [group(ACCESS_ADMINISTRATOR)]
    assert not access_admin.user_permissions.exists()
    assert client.get("/bookings/staffrestaurant/add/").status_code == 403


def test_administrators_and_single_permissions_are_made_by_administrators(
    client: Client, person: Makes
) -> None:
    user = person()
    right = Permission.objects.get(codename="kill_flags")
    client.post(f"/auth/user/{user.pk}/change/", form_of(user, **ADMIN, user_permissions=[right.pk]))
    user.refresh_from_db()
    assert not user.is_superuser
    assert not user.user_permissions.exists()


def test_rights_over_people_are_given_by_administrators(client: Client, person: Makes) -> None:
    user, wanted = person(), group(ACCESS_ADMINISTRATOR)
    answer = client.post(f"/auth/user/{user.pk}/change/", form_of(user, groups=[wanted.pk]))
    assert answer.status_code == 200
    assert not user.groups.exists()
    boss = Client()
    boss.force_login(User.objects.create_superuser("root"))
    assert boss.post(f"/auth/user/{user.pk}/change/", form_of(user, groups=[wanted.pk])).status_code == 302
    assert list(user.groups.all()) == [wanted]


@pytest.mark.parametrize("above", ["administrator", "colleague", "by name"])
def test_accounts_of_people_with_rights_over_people_are_an_administrators(
    above: str, client: Client, person: Makes
) -> None:
    target = person("above", is_superuser=above == "administrator")
    if above == "colleague":
        target.groups.add(group(ACCESS_ADMINISTRATOR))
    if above == "by name":
        target.user_permissions.add(Permission.objects.get(codename="change_user"))
    assert client.post(f"/auth/user/{target.pk}/change/", form_of(target, first_name="X")).status_code == 403
    new = {"usable_password": "true", "password1": "tables-and-chairs", "password2": "tables-and-chairs"}
    assert client.post(f"/auth/user/{target.pk}/password/", new).status_code == 403
    target.refresh_from_db()
    assert target.first_name == ""
    assert not target.check_password("tables-and-chairs")


@pytest.mark.parametrize("spelled", ["{}", "0{}", "+{}"])
def test_ones_own_password_is_changed_with_the_old_one_only(
    spelled: str, client: Client, access_admin: User
) -> None:
    new = {"usable_password": "true", "password1": "tables-and-chairs", "password2": "tables-and-chairs"}
    answer = client.post(f"/auth/user/{spelled.format(access_admin.pk)}/password/", new)
    assert answer.headers["Location"] == "/password_change/"
    access_admin.refresh_from_db()
    assert not access_admin.check_password("tables-and-chairs")


def test_groups_are_changed_by_administrators_only(client: Client, access_admin: User) -> None:
    access_admin.user_permissions.add(*Permission.objects.filter(content_type__model="group"))
    pk = group(ACCESS_ADMINISTRATOR).pk
    assert client.post(f"/auth/group/{pk}/change/", {"name": "x"}).status_code == 403
    assert client.post("/auth/group/add/", {"name": "x"}).status_code == 403


def test_secrets_of_devices_have_no_page(client: Client) -> None:
    boss = Client()
    boss.force_login(User.objects.create_superuser("root"))
    for path in ("/otp_totp/totpdevice/", "/otp_static/staticdevice/", "/axes/accessattempt/"):
        assert boss.get(path).status_code == 404
