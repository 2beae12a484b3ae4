"""Navigation, environment banner and the pages for errors."""

import re
from typing import Any

import pytest
from django.test import Client, RequestFactory

from config.console.error_pages import bad_request, server_error
from tests.integration.console.conftest import SignIn

pytestmark = pytest.mark.django_db


def rail_of(html: str) -> list[str]:
    """Names of the rail's pages in their order."""
    rail = html.partition('<nav class="rail"')[2].partition("</nav>")[0]
    return re.findall(r"</svg><span>([^<]+)</span>(?:<span class=\"badges\">.*?)?</a></li>", rail)


def test_the_rail_shows_only_what_the_person_may_view(sign_in: SignIn) -> None:
    client = sign_in("bookings.view_booking", "bookings.view_table")
    assert rail_of(client.get("/").content.decode()) == [
        "Today",
        "Floor",
        "Bookings",
        "Stuck",
        "Tables",
        "Documents",
    ]


def test_the_rail_of_somebody_without_permissions_leads_home_and_to_the_documents(sign_in: SignIn) -> None:
    assert rail_of(sign_in().get("/").content.decode()) == ["Today", "Documents"]


def test_every_page_of_an_administrators_rail_opens(admin_client: Client) -> None:
    html = admin_client.get("/").content.decode()
    rail = html.partition('<nav class="rail"')[2].partition("</nav>")[0]
    addresses = re.findall(r'<li><a href="([^"]+)"', rail)
    assert len(addresses) >= 10
    assert [(a, admin_client.get(a).status_code) for a in addresses] == [(a, 200) for a in addresses]


def test_the_rail_marks_the_page_one_is_on_and_no_other(admin_client: Client) -> None:
    html = admin_client.get("/auth/user/").content.decode()
    rail = html.partition('<nav class="rail"')[2].partition("</nav>")[0]
    assert re.findall(r'<a href="([^"]+)" aria-current="page"', rail) == ["/auth/user/"]


def test_strangers_get_the_login_without_navigation(client: Client) -> None:
    html = client.get("/", follow=True).content.decode()
    assert 'id="login-form"' in html
    assert rail_of(html) == []


@pytest.mark.parametrize("environment", ["local", "staging", "production"])
def test_the_banner_names_the_environment_on_the_login_and_inside(
    environment: str, admin_client: Client, settings: Any
) -> None:
    settings.ENVIRONMENT = environment
    for page in (Client().get("/login/"), admin_client.get("/")):
        html = page.content.decode()
        assert f'class="env env--{environment}"' in html
        assert f"<b>{environment.upper()}</b>" in html


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/login/",
        "/password_change/",
        "/auth/user/",
        "/auth/user/add/",
        "/auth/group/",
        "/auth/",
        "/none/",
    ],
)
def test_pages_need_no_inline_style_or_script_and_nothing_from_outside(
    address: str, admin_client: Client
) -> None:
    client = Client() if address == "/login/" else admin_client
    html = client.get(address).content.decode()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"|<script(?![^>]*(src=|application/json))", html)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', html)


def test_a_missing_page_keeps_the_navigation(admin_client: Client) -> None:
    page = admin_client.get("/nothing/here/")
    assert page.status_code == 404
    assert "Bookings" in rail_of(page.content.decode())


def test_a_refused_page_says_who_one_is(sign_in: SignIn) -> None:
    page = sign_in().get("/auth/user/")
    assert page.status_code == 403
    assert "You are signed in as ada (visitor)." in page.content.decode()


def test_a_post_without_its_token_is_told_that_nothing_was_saved() -> None:
    page = Client(enforce_csrf_checks=True).post("/login/", {"username": "a", "password": "b"})
    assert page.status_code == 403
    assert "Nothing was saved" in page.content.decode()


def test_pages_for_server_errors_ask_the_database_nothing(django_assert_num_queries: Any) -> None:
    request = RequestFactory().get("/")
    with django_assert_num_queries(0):
        assert server_error(request).status_code == 500
        assert bad_request(request, ValueError()).status_code == 400
