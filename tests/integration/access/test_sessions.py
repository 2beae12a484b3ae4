"""Sessions end: idle, old, or with a new password; what a form held is not lost unseen."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.access import sessions
from observability.models import Event
from tests.integration.access.conftest import PASSWORD, Makes, give_password, is_signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(person: Makes) -> Client:
    client = Client()
    give_password(client, person())
    return client


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets so many minutes pass, for sessions."""
    start = timezone.now()

    def go(minutes: float) -> None:
        at = start + timedelta(minutes=minutes)
        monkeypatch.setattr("config.access.sessions.timezone.now", lambda: at)

    return go


def test_a_session_ends_an_hour_after_the_last_sign_of_the_person(client: Client, later: Any) -> None:
    for minutes in (59, 118):
        later(minutes)
        assert is_signed_in(client)
    later(118 + 60)
    answer = client.get("/find/?q=B-1")
    assert answer.headers["Location"] == "/login/?next=/find/%3Fq%3DB-1"
    assert Event.objects.get(event_type="session.ended").context["reason"] == "idle"


def test_a_session_ends_after_twelve_hours_whatever_is_done(client: Client, later: Any) -> None:
    for minutes in range(0, 720, 50):
        later(minutes)
        assert is_signed_in(client)
    later(720)
    assert not is_signed_in(client)
    assert Event.objects.get(event_type="session.ended").context["reason"] == "age"


def test_what_a_page_asks_for_by_itself_is_no_sign_of_the_person(client: Client, later: Any) -> None:
    for minutes in (30, 59):
        later(minutes)
        assert client.get("/", headers={"HX-Request": "true"}).status_code == 200
    later(61)
    answer = client.get("/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (401, b"")


def test_a_form_sent_too_late_shows_what_was_written_and_the_way_back(client: Client, later: Any) -> None:
    later(61)
    form = {"note": "Called <twice>.", "password": "secret", "csrfmiddlewaretoken": "t", "empty": " "}
    here = "http://testserver/review/7/?tab=1"
    answer = client.post("/review/7/note/", form, headers={"Referer": here})
    page = answer.content.decode()
    assert (answer.status_code, answer.headers["Cache-Control"]) == (401, "no-store")
    assert "Called &lt;twice&gt;." in page
    assert "secret" not in page
    assert "next=%2Freview%2F7%2F%3Ftab%3D1" in page


def test_a_way_back_never_leads_to_another_site(client: Client, later: Any) -> None:
    later(61)
    answer = client.post("/", {"a": "b"}, headers={"Referer": "http://testserver.evil.example/x"})
    assert "evil" not in answer.content.decode()


def test_a_click_that_comes_too_late_opens_the_sign_in(client: Client, later: Any) -> None:
    later(61)
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/review/7/"}
    answer = client.post("/review/7/fix/", headers=headers)
    assert answer.headers["HX-Redirect"] == "/login/?next=/review/7/"


def test_a_new_password_ends_every_other_session(client: Client) -> None:
    other = Client()
    give_password(other, User.objects.get())
    new = "tables-and-chairs"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert client.post("/password_change/", form).status_code == 302
    assert (is_signed_in(client), is_signed_in(other)) == (True, False)
    assert Event.objects.filter(event_type="password.changed").count() == 1


def test_signing_in_changes_the_key_of_the_session(person: Makes) -> None:
    client = Client()
    session = client.session
    session["planted"] = "by somebody"
    session.save()
    client.cookies["sessionid"] = str(session.session_key)
    give_password(client, person())
    assert client.session.session_key != session.session_key


def test_ending_all_sessions_of_a_person_leaves_those_of_others(client: Client, person: Makes) -> None:
    grace = person("grace")
    others = Client()
    give_password(others, grace)
    assert sessions.end_all(User.objects.get(username="ada").pk) == 1
    assert (is_signed_in(client), is_signed_in(others)) == (False, True)


def test_limits_cost_no_query(client: Client) -> None:
    client.get("/security/")
    with CaptureQueriesContext(connection) as asked:
        client.get("/security/")
    assert [q["sql"] for q in asked if "session" in q["sql"].lower()] == []


def test_strangers_answers_do_not_depend_on_cookies(db: None) -> None:
    assert "Cookie" not in Client().get("/api/v1/openapi.json").headers.get("Vary", "")
