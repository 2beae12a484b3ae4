"""A new SECRET_KEY: while the old one is a fallback nothing that was signed or derived with it is lost."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from bookings.api.idempotency import answered_once
from bookings.api.tokens import issue, recognise
from bookings.models import ChannelToken, GuestErasure
from bookings.privacy.identity import guest_of
from bookings.queue.broker import ClusterBroker
from bookings.queue.tasks import URGENT, enqueue
from bookings.webhooks.signing import new_salt, secret_of, signed_headers

pytestmark = pytest.mark.django_db

OLD, NEW = "old-key-" * 8, "new-key-" * 8

#: Changes the key; True keeps the old one as a fallback.
Rotate = Callable[[bool], None]


@pytest.fixture
def rotate(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Rotate:
    def use(key: str, *fallbacks: str) -> None:
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = key, list(fallbacks)
        # django-q2 takes the key when it is imported, as a process that starts with a new one does.
        monkeypatch.setattr("django_q.conf.Conf.SECRET_KEY", key)

    use(OLD)
    return lambda keep: use(NEW, OLD) if keep else use(NEW)


@pytest.mark.parametrize("keep", [True, False])
def test_people_stay_signed_in(rotate: Rotate, keep: bool) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    rotate(keep)
    assert (client.get("/").status_code == 200) == keep


@pytest.mark.parametrize("keep", [True, False])
def test_waiting_tasks_are_still_read(rotate: Rotate, keep: bool) -> None:
    enqueue("some.task", 7)
    rotate(keep)
    [(_, payload)] = ClusterBroker(URGENT).dequeue()
    if keep:
        assert SignedPackage.loads(payload)["args"] == (7,)
    else:
        with pytest.raises(signing.BadSignature):
            SignedPackage.loads(payload)


def test_a_payload_that_no_key_of_ours_signed_stays_refused(rotate: Rotate) -> None:
    OrmQ.objects.create(key=URGENT, payload="gARLAS4:1abc:forged", lock=timezone.now() - timedelta(minutes=1))
    rotate(True)
    [(_, payload)] = ClusterBroker(URGENT).dequeue()
    assert payload == "gARLAS4:1abc:forged"


@pytest.mark.parametrize("keep", [True, False])
def test_an_erased_guest_is_still_recognised(rotate: Rotate, keep: bool) -> None:
    guest = guest_of(email="ada@example.org")
    user = User.objects.create(username="ada")
    GuestErasure.objects.create(actor=user, proofs=guest.proofs, rows={})
    rotate(keep)
    known = [*guest.proofs, *guest.proofs_of_before]
    assert GuestErasure.objects.filter(proofs__overlap=known).exists() == keep


def test_a_repeated_api_request_gets_its_first_answer(rotate: Rotate) -> None:
    def ask(wishes: dict[str, int]) -> dict[str, Any]:
        return answered_once(
            channel="web", key="k1", path="/walk-ins", wishes=wishes, work=lambda: {"made": wishes["party"]}
        )

    assert ask({"party": 2}) == {"made": 2}
    rotate(True)
    assert ask({"party": 2}) == {"made": 2}
    with pytest.raises(Exception, match="another request"):
        ask({"party": 3})


def test_webhooks_carry_the_old_signature_beside_the_new_one(rotate: Rotate) -> None:
    salt, now = new_salt(), timezone.now()
    old_secret = secret_of(salt)
    old = signed_headers(salt=salt, uid="u", body=b"{}", at=now)["webhook-signature"]
    rotate(True)
    both = signed_headers(salt=salt, uid="u", body=b"{}", at=now)["webhook-signature"].split()
    assert secret_of(salt) != old_secret
    assert len(both) == 2
    assert old in both


def test_what_forms_carry_signed_is_still_read(rotate: Rotate) -> None:
    signed = signing.dumps({"a": 1}, salt="s")
    rotate(True)
    assert signing.loads(signed, salt="s") == {"a": 1}


def test_channel_tokens_do_not_depend_on_the_key(rotate: Rotate) -> None:
    now = timezone.now()
    token = ChannelToken(channel="web", label="web", rights=["read"], expires_at=now + timedelta(days=1))
    issued = issue(token=token)
    rotate(False)
    assert recognise(presented=issued.secret, now=now) == token
