"""Wrong guesses lock a name out at an address, and an address; the page says until when, others unlock."""

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.utils import timezone

from config.access import devices, lockout
from config.access.models import Authenticator
from observability.alerts import samples
from observability.alerts.policy import SIGN_INS_LOCKED
from observability.models import Event
from tests.integration.access.conftest import PASSWORD, Makes, code_of, give_password, is_signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def few(settings: Any) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    settings.SIGN_IN_FAILURES_PER_ADDRESS = 5


def guess(user: User, times: int, address: str = "127.0.0.1") -> list[int]:
    client = Client(REMOTE_ADDR=address)
    return [give_password(client, user, "wrong").status_code for _ in range(times)]


def test_the_right_password_is_refused_too_once_there_were_too_many_wrong_ones(person: Makes) -> None:
    user = person()
    assert guess(user, 4) == [200, 200, 429, 429]
    client = Client()
    answer = give_password(client, user)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, str(15 * 60))
    page = answer.content.decode()
    assert "Try again in 15 minutes" in page
    assert "ask a colleague" in page
    assert not is_signed_in(client)


def test_somebody_else_at_another_address_locks_nobody_out(person: Makes) -> None:
    user = person()
    guess(user, 3, address="203.0.113.9")
    client = Client()
    give_password(client, user)
    assert is_signed_in(client)


def test_an_address_is_locked_whatever_the_names(person: Makes) -> None:
    statuses = [guess(person(f"p{number}"), 1, address="203.0.113.9") for number in range(5)]
    assert statuses[-1] == [429]
    assert Event.objects.filter(event_type="sign_in.locked").count() == 1
    client = Client(REMOTE_ADDR="203.0.113.9")
    assert give_password(client, person()).status_code == 429
    assert give_password(Client(), User.objects.get(username="ada")).status_code == 302


def test_attempts_while_locked_out_do_not_make_it_longer(
    person: Makes, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = person()
    guess(user, 3)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14, seconds=30))
    assert guess(user, 1) == [429]
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15, seconds=1))
    client = Client()
    give_password(client, user)
    assert is_signed_in(client)
    assert not AccessAttempt.objects.exists()


def test_attempts_while_locked_out_leave_no_event_each(person: Makes) -> None:
    guess(person(), 9)
    told = Event.objects.filter(source="access").values_list("event_type", flat=True)
    assert sorted(told) == ["sign_in.failed", "sign_in.failed", "sign_in.locked"]


def test_a_wrong_code_counts_as_a_wrong_password(person: Makes) -> None:
    user = person(with_device=True)
    client = Client()
    give_password(client, user)
    statuses = []
    for _ in range(3):
        devices.forgive(user)
        statuses.append(client.post("/login/second-step/", {"code": "000000"}).status_code)
    assert statuses == [200, 200, 429]
    devices.forgive(user)
    right = {"code": code_of(Authenticator.objects.get())}
    assert client.post("/login/second-step/", right).status_code == 429
    assert client.get("/login/second-step/").status_code == 429
    assert not is_signed_in(client)


def test_giving_the_password_again_does_not_forget_wrong_codes(person: Makes) -> None:
    user = person(with_device=True)
    client = Client()
    for _ in range(3):
        devices.forgive(user)
        give_password(client, user)
        status = client.post("/login/second-step/", {"code": "000000"}).status_code
    assert status == 429


def test_signing_in_forgets_wrong_guesses_of_before(person: Makes) -> None:
    user = person()
    guess(user, 2)
    give_password(Client(), user)
    assert guess(user, 2) == [200, 200]


def test_asking_for_the_password_again_locks_out_as_well(person: Makes) -> None:
    user = person()
    client = Client()
    give_password(client, user)
    form = {
        "old_password": "wrong",
        "new_password1": "tables-and-chairs",
        "new_password2": "tables-and-chairs",
    }
    assert [client.post("/password_change/", form).status_code for _ in range(3)] == [200, 200, 429]
    assert client.post("/password_change/", form | {"old_password": PASSWORD}).status_code == 429
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "counted"),
    [
        (0, "203.0.113.9", "10.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "203.0.113.9", "10.0.0.1"),
        (1, "gossip", "10.0.0.1"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "", "10.0.0.1"),
    ],
)
def test_the_address_is_what_our_proxies_saw_and_not_what_the_client_wrote(
    person: Makes, settings: Any, proxies: int, forwarded: str, counted: str
) -> None:
    settings.PROXIES = proxies
    give_password(Client(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded), person(), "wrong")
    assert AccessAttempt.objects.get().ip_address == counted


def test_nothing_of_a_guess_is_kept_but_name_address_and_count(person: Makes) -> None:
    user = person()
    give_password(Client(), user, "my-secret-guess", next="/guests/", code="123456")
    row = AccessAttempt.objects.get()
    assert "my-secret-guess" not in row.post_data
    assert "123456" not in row.post_data
    event = Event.objects.get(event_type="sign_in.failed")
    assert event.context == {"user": user.pk, "step": "password"}


def test_a_name_nobody_has_is_answered_and_counted_alike(person: Makes) -> None:
    client = Client()
    ghost = User(username="ghost\x00")
    assert [give_password(client, ghost, "x").status_code for _ in range(2)] == [200, 200]
    ghost = User(username="ghost")
    assert [give_password(client, ghost, "x").status_code for _ in range(3)] == [200, 200, 429]
    assert Event.objects.filter(event_type="sign_in.failed", context__user=None).count() == 2


def test_a_colleague_unlocks_and_it_is_recorded(person: Makes, access_admin: User) -> None:
    user = person()
    guess(user, 3)
    client = Client()
    client.force_login(access_admin)
    page = client.get("/sign-ins/").content.decode()
    assert "Locked" in page
    assert (
        "may try again at once" in client.post(f"/sign-ins/{user.pk}/unlock/", follow=True).content.decode()
    )
    assert give_password(Client(), user).status_code == 302
    event = Event.objects.get(event_type="sign_in.unlocked")
    assert event.context == {"user": user.pk, "actor": access_admin.pk}


def test_a_colleague_unlocks_an_address_of_which_the_page_tells(person: Makes, access_admin: User) -> None:
    for number in range(5):
        guess(person(f"p{number}"), 1, address="203.0.113.9")
    guess(person("q"), 2, address="2001:db8::7")
    client = Client()
    client.force_login(access_admin)
    page = client.get("/sign-ins/").content.decode()
    assert "for 5 names" in page
    assert "2001:db8::7" not in page
    told = client.post("/sign-ins/unlock-address/", {"address": "203.0.113.9"}, follow=True).content.decode()
    assert "Everybody at 203.0.113.9 may try again at once." in told
    assert "Locked addresses" not in told
    assert give_password(Client(REMOTE_ADDR="203.0.113.9"), person()).status_code == 302
    event = Event.objects.get(event_type="sign_in.unlocked")
    assert event.context == {"user": None, "actor": access_admin.pk}
    assert LogEntry.objects.get(user=access_admin).change_message == "Unlocked the sign-in of an address."


@pytest.mark.parametrize("address", ["", "the bar", "203.0.113.9/24", "203.0.113.9\x00", "'" * 9000])
def test_what_is_no_address_unlocks_nothing(person: Makes, access_admin: User, address: str) -> None:
    guess(person(), 2, address="203.0.113.9")
    client = Client()
    client.force_login(access_admin)
    told = client.post("/sign-ins/unlock-address/", {"address": address}, follow=True)
    assert "is no address" in told.content.decode()
    with pytest.raises(CommandError, match="is no address"):
        call_command("unlock", "--address", address)
    assert AccessAttempt.objects.exists()
    assert not Event.objects.filter(event_type="sign_in.unlocked").exists()


def test_the_command_unlocks_a_person_and_an_address(person: Makes) -> None:
    user = person()
    guess(user, 3)
    call_command("unlock", "ada")
    assert give_password(Client(), user).status_code == 302
    guess(user, 3, address="203.0.113.9")
    call_command("unlock", "--address", "203.0.113.9")
    assert lockout.locked_now(now=timezone.now()) == []


def test_a_name_that_is_longer_than_any_is_a_wrong_one() -> None:
    answer = give_password(Client(), User(username="x" * 9000))
    assert answer.status_code == 200
    assert "correct username and password" in answer.content.decode()
    assert not AccessAttempt.objects.exists()


def test_the_third_lockout_within_half_an_hour_is_an_alert(person: Makes) -> None:
    ada, grace = person(), person("grace")
    for user, address in ((ada, "203.0.113.9"), (grace, "203.0.113.9"), (ada, "203.0.113.10")):
        before = samples.sign_ins_locked(timezone.now()).value
        guess(user, 3, address=address)
    now = timezone.now()
    found = samples.sign_ins_locked(now)
    assert (before, found.value, found.detail) == (2, 3, "3 in 30 min")
    assert (SIGN_INS_LOCKED.is_bad(2), SIGN_INS_LOCKED.is_bad(3)) == (False, True)
    assert samples.sign_ins_locked(now + timedelta(minutes=31)).value == 0
