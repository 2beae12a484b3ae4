"""No page fails on what people cannot mean: NUL characters and far too long values, in addresses and forms.

Each page is watched for the names that it reads, and is sent such values under all of them.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.http import QueryDict
from django.test import Client

from tests.integration.console.every_address import Address

pytestmark = pytest.mark.django_db

NUL, LONG = "\x00", "x" * 9_000
FORM = "application/x-www-form-urlencoded"

#: These read no more than the others: a record's page is its form for adding, a history a list, and what
#: lists are searched for and narrowed by is sent to them in tests.integration.admin.test_every_page.
LIKE_OTHERS = ("_change", "_delete", "_history", "_changelist")


#: A way that a page is not asked at all: there is nothing to add, or only to press.
NOT_TAKEN = frozenset({403, 404, 405})


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of fields that were looked up in a query or a form, of that name or not."""
    names: set[str] = set()

    def watched(plain: Any) -> Any:
        def look_up(fields: QueryDict, name: Any, *rest: Any, **more: Any) -> Any:
            if isinstance(name, str):
                names.add(name)
            return plain(fields, name, *rest, **more)

        return look_up

    for way in ("__getitem__", "__contains__", "_getlist"):
        monkeypatch.setattr(QueryDict, way, watched(getattr(QueryDict, way)))
    return names


@pytest.fixture
def everybody(settings: Any) -> Client:
    """Who may do all there is, as administrator and in every group."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    user = User.objects.create_superuser("root")
    user.groups.set(Group.objects.all())
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def test_no_page_fails_on_nul_characters_or_values_without_end(
    addresses: list[Address], everybody: Client, read: set[str]
) -> None:
    asked = [one for one in addresses if not one.name.endswith(LIKE_OTHERS) and one.name != "admin:logout"]
    failed = []
    for address in asked:
        client = Client(raise_request_exception=False) if address.name == "admin:login" else everybody
        for method, fields in _forms(client, address.path, read):
            status = _send(client, method, address.path, fields)
            if status >= 500:
                failed.append((status, method, address.path, {k: v[:1] for k, v in fields.items()}))
    assert failed == []


def _forms(client: Client, path: str, read: set[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """What to send: Django's own names, such as `_saveasnew`, turn a form into another, so once without."""
    read.clear()
    taken = [method for method in ("POST", "GET") if _send(client, method, path, {"": ""}) not in NOT_TAKEN]
    names = sorted(read - {""})
    for method in taken:
        yield method, {name: NUL for name in names if not name.startswith("_")}
        yield method, dict.fromkeys(names, LONG)


def _send(client: Client, method: str, path: str, fields: Mapping[str, str]) -> int:
    """The answer's status; what the request did is undone."""
    with transaction.atomic():
        try:
            if method == "GET":
                return client.get(path, fields).status_code
            return client.generic("POST", path, urlencode(fields), content_type=FORM).status_code
        finally:
            transaction.set_rollback(True)
