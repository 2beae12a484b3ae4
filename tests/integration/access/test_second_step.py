"""Signing in with a second step: a code once, recovery codes once, and enrolment ahead of any page."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticToken

from config.access import devices, recovery
from config.access.models import Authenticator
from config.access.sealing import SealError
from observability.models import Event
from tests.integration.access.conftest import Makes, code_of, give_device, give_password, is_signed_in

pytestmark = pytest.mark.django_db


def told() -> list[str]:
    return list(Event.objects.filter(source="access").order_by("id").values_list("event_type", flat=True))


def test_the_password_alone_signs_in_where_nothing_more_is_required(person: Makes) -> None:
    client = Client()
    assert give_password(client, person(), next="/find/").headers["Location"] == "/find/"
    assert is_signed_in(client)
    assert told() == ["sign_in.succeeded"]


def test_whoever_has_a_device_is_asked_for_its_code(person: Makes) -> None:
    client, user = Client(), person(with_device=True)
    answer = give_password(client, user, next="/find/?q=x")
    assert answer.headers["Location"] == "/login/second-step/"
    assert not is_signed_in(client)
    before = client.session.session_key
    code = code_of(Authenticator.objects.get())
    assert client.post("/login/second-step/", {"code": code}).headers["Location"] == "/find/?q=x"
    assert is_signed_in(client)
    assert client.session.session_key != before


def test_a_code_counts_once(person: Makes) -> None:
    user = person(with_device=True)
    code = code_of(Authenticator.objects.get())
    for opened in (True, False):
        client = Client()
        give_password(client, user)
        client.post("/login/second-step/", {"code": code})
        assert is_signed_in(client) == opened


def test_a_clock_that_is_a_step_off_is_forgiven_and_two_are_not(person: Makes) -> None:
    device = give_device(person())
    user, now = User.objects.get(), timezone.now()
    assert not devices.check(user, code_of(device, steps=3), now=now).by
    devices.forgive(user)
    assert devices.check(user, code_of(device, steps=1), now=now).by == devices.AUTHENTICATOR


def test_after_a_wrong_code_none_is_looked_at_for_a_while(person: Makes) -> None:
    user = person(with_device=True)
    client = Client()
    give_password(client, user)
    page = client.post("/login/second-step/", {"code": "000000"}).content.decode()
    assert "no code of yours" in page
    right = code_of(Authenticator.objects.get())
    page = client.post("/login/second-step/", {"code": right}).content.decode()
    assert "none is looked at for a while: try again in 1 s" in page
    assert not is_signed_in(client)


def test_without_the_password_there_is_no_second_step(person: Makes) -> None:
    person(with_device=True)
    answer = Client().post("/login/second-step/", {"code": code_of(Authenticator.objects.get())})
    assert answer.headers["Location"] == "/login/"


@pytest.mark.parametrize(
    "change",
    [{"is_active": False}, {"is_staff": False}, {"password": "!"}],
    ids=["gone", "no staff", "other"],
)
def test_what_changes_between_the_steps_ends_the_sign_in(person: Makes, change: dict[str, Any]) -> None:
    user = person(with_device=True)
    client = Client()
    give_password(client, user)
    User.objects.update(**change)
    answer = client.post("/login/second-step/", {"code": code_of(Authenticator.objects.get())})
    assert answer.headers["Location"] == "/login/"
    assert not is_signed_in(client)


def test_ten_minutes_after_the_password_it_is_asked_for_again(
    person: Makes, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    give_password(client, person(with_device=True))
    later = timezone.now() + timedelta(minutes=11)
    monkeypatch.setattr("config.access.halfway.timezone.now", lambda: later)
    assert client.get("/login/second-step/").headers["Location"] == "/login/"


def test_without_a_device_every_page_leads_to_setting_one_up_where_it_is_required(
    person: Makes, settings: Any
) -> None:
    settings.MFA_REQUIRED = True
    client = Client()
    answer = give_password(client, person(), next="/find/")
    assert answer.headers["Location"] == "/login/set-up/"
    assert "/login/" in client.get("/").headers["Location"]
    page = client.get("/login/set-up/")
    assert "no-store" in page.headers["Cache-Control"]
    assert '<svg viewBox="' in page.content.decode()
    device = Authenticator.objects.get()
    assert not device.confirmed

    shown = client.post("/login/set-up/", {"code": code_of(device)}).content.decode()
    assert len(re.findall(r"<code>[a-z2-7-]{19}</code>", shown)) == recovery.CODES
    assert 'href="/find/"' in shown
    assert is_signed_in(client)
    assert told() == ["sign_in.succeeded", "device.enrolled"] or told() == [
        "device.enrolled",
        "sign_in.succeeded",
    ]
    assert client.get("/login/set-up/").headers["Location"] == "/security/"


def test_a_session_without_a_second_step_ends_once_it_is_required(person: Makes, settings: Any) -> None:
    client = Client()
    give_password(client, person())
    assert is_signed_in(client)
    settings.MFA_REQUIRED = True
    assert not is_signed_in(client)


def test_nobody_sets_up_a_secret_that_another_session_was_shown(person: Makes, settings: Any) -> None:
    settings.MFA_REQUIRED = True
    user, thief, client = person(), Client(), Client()
    for one in (thief, client):
        give_password(one, user)
        one.get("/login/set-up/")
    seen, own = Authenticator.objects.order_by("pk")
    assert seen.bin_key != own.bin_key
    client.post("/login/set-up/", {"code": code_of(seen)})
    assert not is_signed_in(client)
    devices.forgive(user)
    client.post("/login/set-up/", {"code": code_of(own)})
    assert is_signed_in(client)
    thief.post("/login/set-up/", {"code": code_of(seen)})
    assert not is_signed_in(thief)
    assert list(Authenticator.objects.all()) == [own]


def test_a_wrong_first_code_puts_nothing_in_force(person: Makes, settings: Any) -> None:
    settings.MFA_REQUIRED = True
    client = Client()
    give_password(client, person())
    client.get("/login/set-up/")
    page = client.post("/login/set-up/", {"code": "123"}).content.decode()
    assert "no code of yours" in page
    assert not Authenticator.objects.filter(confirmed=True).exists()
    assert not is_signed_in(client)


def test_a_recovery_code_signs_in_once(person: Makes) -> None:
    user = person(with_device=True)
    code = recovery.issue(user)[3]
    for typed, opened in ((code.upper().replace("-", " "), True), (code, False)):
        client = Client()
        give_password(client, user)
        client.post("/login/second-step/", {"code": typed})
        assert is_signed_in(client) == opened
    assert recovery.left(user) == recovery.CODES - 1
    used = Event.objects.get(event_type="recovery_code.used")
    assert used.context == {"user": user.pk, "left": recovery.CODES - 1}


def test_neither_secret_nor_code_can_be_read_from_the_database(person: Makes) -> None:
    user = person()
    device = give_device(user)
    codes = [code.replace("-", "") for code in recovery.issue(user)]
    stored = Authenticator.objects.values_list("key", flat=True)[0]
    assert device.bin_key.hex() not in stored
    assert set(StaticToken.objects.values_list("token", flat=True)).isdisjoint(codes)


def test_a_secret_moved_to_another_account_opens_nothing(person: Makes) -> None:
    mine, theirs = give_device(person()), give_device(person("grace"))
    theirs.key = mine.key
    with pytest.raises(SealError):
        _ = theirs.bin_key


def test_a_device_outlives_a_rotation_and_is_sealed_anew_when_used(person: Makes, settings: Any) -> None:
    device = give_device(person())
    sealed, code = device.key, code_of(device)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, [settings.SECRET_KEY]
    assert devices.check(User.objects.get(), code, now=timezone.now()).by
    settings.SECRET_KEY_FALLBACKS = []
    used = Authenticator.objects.get()
    assert used.key != sealed
    assert len(used.bin_key) == 20


def test_what_was_not_used_in_time_is_sealed_anew_by_the_command(person: Makes, settings: Any) -> None:
    device = give_device(person())
    secret = device.bin_key
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, [settings.SECRET_KEY]
    call_command("mfa", "reseal")
    settings.SECRET_KEY_FALLBACKS = []
    assert Authenticator.objects.get().bin_key == secret


# One's own page -----------------------------------------------------------------------------------


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_device_is_replaced_after_proving_the_old_one_and_other_sessions_end(person: Makes) -> None:
    user = person(with_device=True)
    old = Authenticator.objects.get()
    client, other = signed_in(user), signed_in(user)
    assert client.get("/login/set-up/").headers["Location"] == "/security/"
    answer = client.post("/security/change/", {"then": "device", "proof": "000000"})
    assert answer.status_code == 409
    devices.forgive(user)
    answer = client.post("/security/change/", {"then": "device", "proof": code_of(old)})
    assert answer.headers["Location"] == "/login/set-up/"
    client.get("/login/set-up/")
    new = Authenticator.objects.get(confirmed=False)
    assert client.post("/login/set-up/", {"code": code_of(new)}).status_code == 200
    assert list(Authenticator.objects.values_list("pk", "confirmed")) == [(new.pk, True)]
    assert (is_signed_in(client), is_signed_in(other)) == (True, False)
    assert "device.replaced" in told()


def test_a_first_device_of_ones_own_will_takes_the_password(person: Makes) -> None:
    client = signed_in(person())
    assert client.post("/security/change/", {"then": "device", "proof": "wrong"}).status_code == 409
    answer = client.post("/security/change/", {"then": "device", "proof": "correct horse battery"})
    assert answer.headers["Location"] == "/login/set-up/"


def test_new_recovery_codes_take_a_proof_and_replace_the_old_ones(person: Makes) -> None:
    user = person(with_device=True)
    old = recovery.issue(user)
    client = signed_in(user)
    page = client.post("/security/change/", {"then": "codes", "proof": old[0]}).content.decode()
    assert "Shown this once" in page
    assert not any(devices.check(user, code, now=timezone.now()).by for code in old[1:2])
    assert recovery.left(user) == recovery.CODES


# Helping others -----------------------------------------------------------------------------------


def test_a_colleague_resets_a_device_and_it_is_recorded(person: Makes) -> None:
    user = person(with_device=True)
    theirs = signed_in(user)
    admin = User.objects.create_superuser("root")
    page = signed_in(admin).post(f"/sign-ins/{user.pk}/reset/", follow=True).content.decode()
    assert "second step of ada is taken away" in page
    assert not devices.has_device(user)
    assert not is_signed_in(theirs)
    event = Event.objects.get(event_type="device.reset")
    assert event.context == {"user": user.pk, "actor": admin.pk}
    assert "Reset the second step." in signed_in(admin).get("/audit/").content.decode()


def test_nobody_resets_their_own_device_nor_that_of_somebody_above(person: Makes, access_admin: User) -> None:
    give_device(access_admin)
    boss = User.objects.create_superuser("root")
    give_device(boss)
    client = signed_in(access_admin)
    for target in (access_admin, boss):
        page = client.post(f"/sign-ins/{target.pk}/reset/", follow=True).content.decode()
        assert "Nothing was changed" in page
        assert devices.has_device(target)


def test_the_list_of_people_costs_the_same_for_one_as_for_many(person: Makes) -> None:
    client = signed_in(User.objects.create_superuser("root"))

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/sign-ins/").status_code == 200
        return len(asked)

    person(with_device=True)
    one = queries()
    for number in range(5):
        recovery.issue(person(f"p{number}", with_device=True))
    assert queries() == one


def test_the_command_resets_in_an_emergency(person: Makes) -> None:
    user = person(with_device=True)
    call_command("mfa", "reset", "ada")
    assert not devices.has_device(user)
    assert Event.objects.get(event_type="device.reset").context == {"user": user.pk, "actor": None}
    with pytest.raises(CommandError, match="nobody is called 'eve'"):
        call_command("mfa", "reset", "eve")
