"""The local mailbox: who may read it, what it lists, how it treats what is in the mails."""

import os
import re
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from assignments.coordinator import process_booking
from bookings.models import Booking, MailKind, OutboxMessage
from bookings.outbox.by_hand import resend
from bookings.outbox.delivery import send
from bookings.outbox.maildir import open_mailbox
from config.console import local_mailbox
from tests.factories import NOW, receive, serving_restaurant
from tests.integration.console.conftest import SignIn

pytestmark = pytest.mark.django_db

MAY_READ = "bookings.view_outboxmessage"


@pytest.fixture(autouse=True)
def _local_backend(settings: Any) -> None:
    settings.EMAIL_BACKEND = local_mailbox.BACKEND


def put(subject: str, *, text: str = "Hello", html: bool = False, age: int = 0, **headers: str) -> str:
    """Deliver a mail and return its key; `age` in seconds makes it that much older."""
    message = EmailMessage()
    for name, value in {"Subject": subject, "To": "ada@example.org", **headers}.items():
        message[name.replace("_", "-")] = value
    message.set_content(text, subtype="html" if html else "plain")
    box = open_mailbox()
    key = box.add(message.as_bytes())
    path = next(path for path in Path(box._path).glob(f"*/{key}*"))
    os.utime(path, (path.stat().st_mtime - age,) * 2)
    return key


def confirmed_booking() -> Booking:
    booking = receive(serving_restaurant(4))
    process_booking(booking_id=booking.pk, trigger="test")
    for message in OutboxMessage.objects.all():
        send(message.pk)
    return booking


def subjects(html: str) -> list[str]:
    return re.findall(r'<a href="/mailbox/[^"]+">([^<]+)</a>', html)


@pytest.mark.parametrize("address", ["/mailbox/", "/mailbox/anything/"])
def test_strangers_are_sent_to_the_login(address: str, client: Client) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/login/?next={address}")


def test_the_permission_to_see_mails_is_needed(sign_in: SignIn) -> None:
    key = put("Hello")
    client = sign_in("bookings.view_booking")
    assert [client.get(a).status_code for a in ("/mailbox/", f"/mailbox/{key}/")] == [403, 403]


def test_there_is_no_mailbox_where_mails_are_sent(sign_in: SignIn, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    client = sign_in(MAY_READ)
    assert client.get("/mailbox/").status_code == 404
    assert 'href="/mailbox/"' not in client.get("/").content.decode()


def test_it_only_answers_reading(sign_in: SignIn) -> None:
    client = sign_in(MAY_READ)
    assert client.post("/mailbox/").status_code == 405


def test_an_empty_mailbox_says_so(sign_in: SignIn) -> None:
    assert "No mail yet" in sign_in(MAY_READ).get("/mailbox/").content.decode()


def test_mails_are_listed_newest_first_a_page_at_a_time(sign_in: SignIn) -> None:
    for number in range(30):
        put(f"Mail {number:02}", age=60 * number)
    client = sign_in(MAY_READ)
    first = subjects(client.get("/mailbox/").content.decode())
    second = subjects(client.get("/mailbox/?p=2").content.decode())
    assert first == [f"Mail {number:02}" for number in range(25)]
    assert second == [f"Mail {number:02}" for number in range(25, 30)]


def test_only_the_mails_of_a_page_are_opened(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        put(f"Mail {number}", age=number)
    opened: list[Path] = []
    real_open = Path.open

    def counting_open(path: Path, *args: Any, **options: Any) -> Any:
        if path.is_relative_to(Path(open_mailbox()._path)):
            opened.append(path)
        return real_open(path, *args, **options)

    client = sign_in(MAY_READ)
    monkeypatch.setattr(Path, "open", counting_open)
    client.get("/mailbox/")
    assert len(opened) == 25


def test_a_mail_leads_to_its_booking_by_message_id(sign_in: SignIn) -> None:
    booking = confirmed_booking()
    message = booking.mails.get(kind=MailKind.CONFIRMATION)
    client = sign_in(MAY_READ, "bookings.view_booking")
    html = client.get("/mailbox/").content.decode()
    assert f'<a href="/bookings/booking/{booking.pk}/change/">{booking.reference}</a>' in html
    letter = next(s for s in local_mailbox.peek(local_mailbox.slips()) if s.message_id == message.message_id)
    html = client.get(f"/mailbox/{letter.key}/").content.decode()
    assert f'<a href="/bookings/booking/{booking.pk}/change/">{booking.reference}</a>' in html


def test_a_mail_that_people_sent_again_leads_to_its_booking_too(sign_in: SignIn) -> None:
    booking = confirmed_booking()
    message = booking.mails.get(kind=MailKind.CONFIRMATION)
    resend(message_id=message.pk, seen_resends=0, now=NOW)
    send(message.pk)
    html = sign_in(MAY_READ, "bookings.view_booking").get("/mailbox/").content.decode()
    assert html.count(f'<a href="/bookings/booking/{booking.pk}/change/">{booking.reference}</a>') == 2


def test_without_the_permission_to_see_bookings_the_reference_is_no_link(sign_in: SignIn) -> None:
    booking = confirmed_booking()
    html = sign_in(MAY_READ).get("/mailbox/").content.decode()
    assert booking.reference in html
    assert f"/bookings/booking/{booking.pk}/" not in html


def test_a_mail_of_no_known_booking_is_listed_too(sign_in: SignIn) -> None:
    put("From elsewhere", Message_ID="<unknown@example.org>")
    html = sign_in(MAY_READ).get("/mailbox/").content.decode()
    assert subjects(html) == ["From elsewhere"]
    assert "none known" in html


def test_one_mail_shows_headers_and_text(sign_in: SignIn) -> None:
    key = put("Ihr Tisch für zwei", text="Grüße", From="Café <cafe@example.org>")
    html = sign_in(MAY_READ).get(f"/mailbox/{key}/").content.decode()
    assert "Ihr Tisch für zwei" in html
    assert "Café &lt;cafe@example.org&gt;" in html
    assert "Grüße" in html


@pytest.mark.parametrize("html_mail", [True, False])
def test_markup_in_a_mail_is_shown_as_written(sign_in: SignIn, html_mail: bool) -> None:
    key = put("<b>bold</b>", text="<img src=x onerror=alert(1)>", html=html_mail)
    html = sign_in(MAY_READ).get(f"/mailbox/{key}/").content.decode()
    assert "<img" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert "&lt;b&gt;bold&lt;/b&gt;" in html


@pytest.mark.parametrize("key", ["none", "..", "%2e%2e%2fsecret", ".", "1.M2P3Q4.host:2,S", "a%00b"])
def test_unknown_and_forged_keys_are_not_found(key: str, sign_in: SignIn) -> None:
    put("Hello")
    folder = Path(open_mailbox()._path)
    (folder / "secret").write_text("Subject: secret\n\n")
    (folder.parent / "secret").write_text("Subject: secret\n\n")
    assert sign_in(MAY_READ).get(f"/mailbox/{key}/").status_code == 404


def test_a_mail_that_a_reader_marked_as_seen_is_found_under_its_key(sign_in: SignIn) -> None:
    key = put("Hello")
    box = open_mailbox()
    seen = box[key]
    seen.set_subdir("cur")
    seen.set_flags("S")
    box[key] = seen
    assert sign_in(MAY_READ).get(f"/mailbox/{key}/").status_code == 200


def test_a_very_long_mail_is_cut_and_says_so(sign_in: SignIn) -> None:
    key = put("Long", text="word " * 300_000)
    page = sign_in(MAY_READ).get(f"/mailbox/{key}/")
    assert "longer than shown here" in page.content.decode()
    assert len(page.content) < 2 * local_mailbox.LETTER_BYTES


def test_the_number_of_queries_does_not_grow_with_mails(
    sign_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    client = sign_in(MAY_READ, "bookings.view_booking")

    def queries() -> int:
        with django_assert_max_num_queries(9) as captured:
            assert client.get("/mailbox/").status_code == 200
        return len(captured)

    confirmed_booking()
    few = queries()
    for _ in range(3):
        confirmed_booking()
    assert queries() == few
