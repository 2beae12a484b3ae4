"""Nobody chooses a password for somebody else: its owner does, by a mailed link that counts once."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.auth.tokens import default_token_generator
from django.core import mail
from django.test import Client

from config.access.models import Authenticator
from config.roles import ACCESS_ADMINISTRATOR
from observability.models import Event
from tests.integration.access.conftest import PASSWORD, Makes, give_device, give_password, is_signed_in

pytestmark = pytest.mark.django_db

NEW = "tables-and-chairs"


@pytest.fixture
def helper(access_admin: User) -> Client:
    client = Client()
    client.force_login(access_admin)
    return client


@pytest.fixture
def ada(person: Makes) -> User:
    return person(email="ada@example.org")


def send(helper: Client, user: User) -> Any:
    return helper.post(f"/sign-ins/{user.pk}/link/", follow=True)


def link() -> str:
    """The path in the mail that was sent last."""
    found = re.search(r"https?://[^/]+(/login/new-password/\S+)", str(mail.outbox[-1].body))
    assert found, mail.outbox[-1].body
    return found[1]


def choose(path: str, password: str = NEW) -> Any:
    """Follow the link as a stranger and give a password twice."""
    client = Client()
    page = client.get(path, follow=True)
    form = {"new_password1": password, "new_password2": password}
    return client.post(page.request["PATH_INFO"], form)


def test_who_helps_has_the_link_mailed_and_never_sees_it(helper: Client, ada: User) -> None:
    told = send(helper, ada)
    assert [message.to for message in mail.outbox] == [["ada@example.org"]]
    assert link().encode() not in told.content
    ada.refresh_from_db()
    assert not ada.has_usable_password()
    event = Event.objects.get(event_type="password.link_sent")
    assert event.context["user"] == ada.pk
    assert choose(link()).headers["Location"] == "/login/"
    ada.refresh_from_db()
    assert ada.check_password(NEW)


def test_the_old_password_and_every_session_end_with_the_link(helper: Client, ada: User) -> None:
    theirs = Client()
    give_password(theirs, ada)
    assert is_signed_in(theirs)
    send(helper, ada)
    assert not is_signed_in(theirs)
    give_password(theirs, ada, PASSWORD)
    assert not is_signed_in(theirs)


def test_a_link_counts_once_for_a_day_and_until_the_next(
    helper: Client, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(helper, ada)
    first = link()
    send(helper, ada)
    assert choose(first).status_code == 200
    second = link()
    choose(second)
    choose(second, "another-password")
    ada.refresh_from_db()
    assert ada.check_password(NEW)
    send(helper, ada)
    tomorrow = datetime.now() + timedelta(hours=25)  # noqa: DTZ005 - as Django counts
    monkeypatch.setattr(default_token_generator, "_now", lambda: tomorrow)
    choose(link(), "too-late-for-it")
    ada.refresh_from_db()
    assert not ada.has_usable_password()


def test_the_link_does_not_open_the_second_step(helper: Client, ada: User) -> None:
    give_device(ada)
    send(helper, ada)
    choose(link())
    theirs = Client()
    assert give_password(theirs, ada, NEW).headers["Location"] == "/login/second-step/"
    assert not is_signed_in(theirs)


def test_no_page_takes_a_password_for_somebody_else(ada: User) -> None:
    boss = Client()
    boss.force_login(User.objects.create_superuser("root"))
    form = {"usable_password": "true", "password1": NEW, "password2": NEW}
    assert boss.post(f"/auth/user/{ada.pk}/password/", form).headers["Location"] == "/sign-ins/"
    boss.post("/auth/user/add/", {**form, "username": "bob", "email": "bob@example.org"})
    for user in User.objects.filter(username__in=["ada", "bob"]):
        assert not user.check_password(NEW)


def test_somebody_new_is_sent_a_link_and_is_staff(helper: Client) -> None:
    helper.post("/auth/user/add/", {"username": "bob", "email": "bob@example.org"})
    choose(link())
    theirs = Client()
    give_password(theirs, User.objects.get(username="bob"), NEW)
    assert is_signed_in(theirs)


def test_an_account_needs_an_address_and_a_name_of_its_own(helper: Client, ada: User) -> None:
    for form in ({"username": "bob"}, {"username": "ADA", "email": "bob@example.org"}):
        assert helper.post("/auth/user/add/", form).status_code == 200
    assert User.objects.exclude(username="access").get() == ada


def test_who_helps_cannot_turn_the_link_to_themselves(helper: Client, ada: User) -> None:
    """By putting their own address into the account, or by taking its name for another."""
    joined = ada.date_joined
    form = {
        "username": "somebody", "email": "mine@example.org", "first_name": "X",
        "is_active": "on", "is_staff": "on",
        "date_joined_0": f"{joined:%Y-%m-%d}", "date_joined_1": f"{joined:%H:%M:%S}",
        "staff_restaurants-TOTAL_FORMS": 0, "staff_restaurants-INITIAL_FORMS": 0,
    }  # fmt: skip
    assert helper.post(f"/auth/user/{ada.pk}/change/", form).status_code == 302
    ada.refresh_from_db()
    assert (ada.username, ada.email, ada.first_name) == ("ada", "ada@example.org", "X")


def test_of_a_new_address_both_are_told(ada: User, django_capture_on_commit_callbacks: Any) -> None:
    boss = Client()
    boss.force_login(User.objects.create_superuser("root"))
    page = boss.get(f"/auth/user/{ada.pk}/change/")
    form = {name: value for name, value in page.context["adminform"].form.initial.items() if value}
    form |= {"email": "new@example.org", "date_joined_0": "2026-01-01", "date_joined_1": "10:00:00"}
    form |= {"staff_restaurants-TOTAL_FORMS": 0, "staff_restaurants-INITIAL_FORMS": 0}
    with django_capture_on_commit_callbacks(execute=True):
        boss.post(f"/auth/user/{ada.pk}/change/", form)
    assert {message.to[0] for message in mail.outbox} == {"ada@example.org", "new@example.org"}


@pytest.mark.parametrize("lacking", ["address", "staff", "active"])
def test_no_link_where_none_would_help(lacking: str, helper: Client, ada: User) -> None:
    changed: dict[str, Any] = {
        "address": {"email": ""},
        "staff": {"is_staff": False},
        "active": {"is_active": False},
    }
    User.objects.filter(pk=ada.pk).update(**changed[lacking])
    assert b"Nothing was changed." in send(helper, ada).content
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)
    assert not mail.outbox


def test_a_mail_server_that_is_down_changes_nothing(helper: Client, ada: User, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert b"Try again later" in send(helper, ada).content
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)
    assert not Event.objects.filter(event_type="password.link_sent").exists()


def test_accounts_with_rights_over_people_get_links_from_administrators(
    helper: Client, person: Makes
) -> None:
    above = person("above", email="above@example.org")
    above.groups.add(Group.objects.get(name=ACCESS_ADMINISTRATOR))
    send(helper, above)
    above.refresh_from_db()
    assert above.check_password(PASSWORD)


def test_both_resets_by_one_colleague_let_nobody_in_but_who_reads_the_mail(helper: Client, ada: User) -> None:
    give_device(ada)
    send(helper, ada)
    helper.post(f"/sign-ins/{ada.pk}/reset/")
    assert not Authenticator.objects.filter(user=ada).exists()
    thief = Client()
    for password in (PASSWORD, NEW, ""):
        give_password(thief, ada, password)
        assert not is_signed_in(thief)


def test_a_reset_of_the_second_step_is_told_to_its_owner(
    helper: Client, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    give_device(ada)
    with django_capture_on_commit_callbacks(execute=True):
        helper.post(f"/sign-ins/{ada.pk}/reset/")
    (notice,) = mail.outbox
    assert notice.to == ["ada@example.org"]
    assert "second step was taken away" in notice.body
    assert "by access" in notice.body


def test_a_notice_that_is_not_taken_undoes_nothing(
    helper: Client, ada: User, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    give_device(ada)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    with django_capture_on_commit_callbacks(execute=True):
        assert helper.post(f"/sign-ins/{ada.pk}/reset/").status_code == 302
    assert not Authenticator.objects.filter(user=ada).exists()


@pytest.mark.parametrize(
    "path", ["x/y", "MQ/set-password", "OTk5OTk5OTk5OTk5/x-y", "%00/x", "4p-T/set-password"]
)
def test_links_that_were_made_up_are_told_so(path: str) -> None:
    answer = Client().get(f"/login/new-password/{path}/")
    assert (answer.status_code, b"counts no more" in answer.content) == (200, True)
