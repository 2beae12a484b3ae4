"""Every address of the site, asked by everybody: groups reach what `role_matrix` says and nothing else.

Views are asked behind the middleware, and their pages are drawn only where it matters what they show, so
that thousands of requests take seconds. What a POST did is undone after each.
"""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import Http404, HttpResponseBase
from django.test import RequestFactory
from django.urls import resolve, reverse
from django.utils.functional import SimpleLazyObject

from bookings.models import Booking, Restaurant, StaffRestaurant
from bookings.scopes import restaurants_of
from config.roles import ROLES, VIEWER
from observability.admin import RecordAdmin
from tests.factories import RestaurantFactory
from tests.integration.console.every_address import DOOR, Address, named_addresses
from tests.integration.console.role_matrix import ANYBODY, EVERYWHERE, NONE, STAFF, Groups, may

pytestmark = pytest.mark.django_db

METHODS = ("GET", "POST")

#: Every so-many-eth address is asked in a test of its own, so that test processes share them.
PARTS = 6

#: Statuses of a refusal; 429 is how the API answers who asks often without a token.
REFUSED = frozenset({401, 403, 404, 405, 429})

Person = User | AnonymousUser


@pytest.fixture
def people(addresses: list[Address]) -> dict[str, Person]:
    """Nobody, a member of staff, and a member of each group who works wherever the records belong."""
    members = {name: _staff(name) for name in ROLES}
    for name, member in members.items():
        member.groups.add(Group.objects.get(name=name))
        _works_at(member, *Restaurant.objects.all())
    return {ANYBODY: AnonymousUser(), STAFF: _staff("staff"), **members}


@pytest.fixture
def outsider(addresses: list[Address]) -> User:
    """Who may do all that any group may, at a restaurant where none of the records belongs."""
    wanted = {code.partition(".")[2] for codes in ROLES.values() for code in codes} - {"every_restaurant"}
    user = _staff("outsider")
    user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    _works_at(user, RestaurantFactory(name="Elsewhere"))
    return user


def test_somebody_has_said_who_may_open_each_address() -> None:
    silent = sorted({name for name, _ in named_addresses() if may(name) is None})
    assert silent == [], "declare in tests.integration.console.role_matrix who may open these"


@pytest.mark.parametrize("part", range(PARTS))
def test_each_group_reaches_what_is_declared_and_nothing_else(
    addresses: list[Address], people: dict[str, Person], part: int
) -> None:
    wrong = []
    for address in addresses[part::PARTS]:
        for method in _methods(address):
            reached = {name for name, person in people.items() if reaches(person, method, address.path)}
            expected = _expected(address, method)
            if reached != expected:
                wrong.append((method, address.path, sorted(reached - expected), sorted(expected - reached)))
    assert wrong == [], "(method, address, reached against the table, kept out against it)"


def test_records_of_another_restaurant_are_neither_opened_nor_changed(
    addresses: list[Address], outsider: User
) -> None:
    about_rows = [
        address
        for address in addresses
        # Accounts and groups belong to no restaurant; who makes them works for all.
        if address.row is not None
        and not isinstance(address.row, User | Group)
        and _is_of_a_restaurant(address)
    ]
    assert len(about_rows) > 100
    opened = [
        (method, address.path)
        for address in about_rows
        for method in METHODS
        if reaches(outsider, method, address.path)
    ]
    assert opened == []


def test_no_page_names_another_restaurant_its_bookings_or_its_guests(
    addresses: list[Address], outsider: User
) -> None:
    secrets = [
        *Restaurant.objects.exclude(name="Elsewhere").values_list("name", flat=True),
        *Booking.objects.values_list("reference", flat=True),
        "ada@example.org",
    ]
    told = []
    for address in addresses:
        if address.row is None and address.name.startswith("admin:"):
            body = _body(_ask(outsider, "GET", address.path))
            told += [(address.path, secret) for secret in secrets if secret in body]
    assert told == []


def test_forms_of_the_console_are_all_checked_against_forgery(addresses: list[Address]) -> None:
    exempt = {one.name for one in addresses if getattr(resolve(one.path).func, "csrf_exempt", False)}
    assert {name for name in exempt if not name.startswith("api:")} == set()


def test_a_viewer_changes_nothing(addresses: list[Address], people: dict[str, Person]) -> None:
    before, written = _checksums(), []

    def watch(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.lstrip().startswith(("INSERT", "UPDATE", "DELETE")):
            written.append((method, address.path, sql[:60]))
        return execute(sql, *rest)

    with connection.execute_wrapper(watch):
        for address in addresses:
            for method in METHODS:
                _ask(people[VIEWER], method, address.path)
    assert written == []
    assert _checksums() == before


def reaches(person: Person, method: str, path: str) -> bool:
    """Whether a view does its work for this person, rather than refusing or showing the way out."""
    if method == "POST":
        with transaction.atomic():
            answer = _ask(person, method, path)
            transaction.set_rollback(True)
    else:
        answer = _ask(person, method, path)
    if answer is None or answer.status_code in REFUSED:
        return False
    elsewhere = answer.get("Location", "")
    return not (elsewhere == reverse("admin:index") or elsewhere.startswith(reverse("admin:login")))


def _ask(person: Person, method: str, path: str) -> HttpResponseBase | None:
    """The answer as the view gives it, not drawn yet; None where it raises a refusal."""
    request: Any = RequestFactory().generic(method, path, FORM, content_type=FORM_TYPE)
    request._dont_enforce_csrf_checks = True
    request.user = person
    request.session = SessionStore()
    request._messages = CookieStorage(request)
    request.htmx = False
    request.restaurant_scope = SimpleLazyObject(lambda: restaurants_of(person))
    request.resolver_match = match = resolve(path)
    try:
        answer: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    except (PermissionDenied, Http404):
        return None
    return answer


#: What every POST sends: enough for the pages that do something with a word or two.
FORM = urlencode(
    {
        "r": DOOR,
        "action": "claim",
        "case": 1,
        "sure": "yes",
        "name": "Mine",
        "query": "view=mine",
        "note": "Called.",
        "reason": "late",
        "minutes": 15,
        "post": "yes",
    }
)
FORM_TYPE = "application/x-www-form-urlencoded"


def _body(answer: HttpResponseBase | None) -> str:
    if answer is None:
        return ""
    if answer.streaming:
        # Pictures are no text; what they might tell is not looked for.
        return b"".join(answer).decode(errors="replace")
    drawn: Any = answer
    if not getattr(drawn, "is_rendered", True):
        drawn.render()
    return str(drawn.content.decode())


def _expected(address: Address, method: str) -> set[str]:
    who = may(address.name)
    groups: Groups = getattr(who, method.lower(), NONE)
    is_of_none = address.row is not None and not _is_of_a_restaurant(address)
    return set(groups & EVERYWHERE if is_of_none else groups)


def _methods(address: Address) -> tuple[str, ...]:
    """A list and a history take a POST as they take a GET."""
    return ("GET",) if address.name.endswith(("_changelist", "_history")) else METHODS


def _is_of_a_restaurant(address: Address) -> bool:
    records = admin.site._registry.get(type(address.row))  # type: ignore[arg-type]
    return not isinstance(records, RecordAdmin) or records.restaurant_path is not None


def _staff(name: str) -> User:
    return User.objects.create(username=name, is_staff=True)


def _works_at(person: User, *restaurants: Restaurant) -> None:
    StaffRestaurant.objects.bulk_create(StaffRestaurant(user_id=person.pk, restaurant=r) for r in restaurants)


def _checksums() -> dict[str, str]:
    """Of the rows of every table."""
    with connection.cursor() as cursor:
        tables = sorted(connection.introspection.table_names(cursor))
        parts = [
            f"SELECT '{table}', md5(string_agg(t::text, '' ORDER BY t::text)) FROM {quoted} t"
            for table in tables
            if (quoted := connection.ops.quote_name(table))
        ]
        cursor.execute(" UNION ALL ".join(parts))
        return dict(cursor.fetchall())
