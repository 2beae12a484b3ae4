"""``manage.py audit``: its lines, its exit status, what it refuses, and that it changes nothing."""

import json
import mailbox
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from assignments.audit import Verdict, audit
from assignments.audit.invariants import INVARIANTS
from assignments.coordinator import process_booking
from bookings.models import Booking, OutboxMessage
from bookings.outbox import delivery
from tests.factories import receive, serving_restaurant

pytestmark = pytest.mark.django_db


def run(*options: str) -> tuple[str, int]:
    """What `manage.py audit` prints, and its exit status."""
    output = StringIO()
    try:
        call_command("audit", *options, stdout=output)
    except SystemExit as ended:
        return output.getvalue(), int(ended.code or 0)
    return output.getvalue(), 0


@pytest.fixture
def booking() -> Booking:
    booking = receive(serving_restaurant(2))
    process_booking(booking_id=booking.pk, trigger="test")
    for mail in OutboxMessage.objects.all():
        delivery.send(mail.pk)
    return booking


def test_each_invariant_has_a_line_and_what_is_not_checked_says_why(booking: Booking) -> None:
    output, status = run()

    lines = output.splitlines()
    assert [line[:2] for line in lines] == [invariant.name for invariant in INVARIANTS]
    assert "NOT CHECKED" in lines[2]
    assert "--mail-log" in lines[2]
    assert "NOT CHECKED" in lines[6]
    assert "--accepted" in lines[6]
    assert status == 0


def test_the_files_given_are_checked_too(booking: Booking, tmp_path: Path) -> None:
    log, accepted = tmp_path / "log", tmp_path / "accepted"
    mail = OutboxMessage.objects.get()
    log.write_text(json.dumps({"message_id": mail.message_id, "at": "…"}) + "\n")
    accepted.write_text(f"{booking.reference}\n\n")

    output, status = run("--mail-log", str(log), "--accepted", str(accepted))

    assert output.count(" ok ") == len(INVARIANTS)
    assert status == 0


@pytest.mark.parametrize("line", ["<{}>", '"<{}>"', '{{"Message-ID": "<{}>"}}'])
def test_a_line_of_the_log_may_be_bare_or_json(booking: Booking, tmp_path: Path, line: str) -> None:
    log = tmp_path / "log"
    log.write_text(line.format(OutboxMessage.objects.get().message_id.strip("<>")) + "\n")

    output, _ = run("--mail-log", str(log))

    assert output.splitlines()[2].split()[1] == "ok"


def test_a_maildir_is_a_mail_log(booking: Booking, tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "box")
    for _ in range(2):
        box.add(f"Message-ID: {OutboxMessage.objects.get().message_id}\n\n".encode())

    output, status = run("--mail-log", str(tmp_path / "box"))

    assert "BREACH" in output.splitlines()[2]
    assert status == 1


def test_a_breach_is_told_as_json_with_its_ids(booking: Booking) -> None:
    Booking.objects.filter(pk=booking.pk).update(assignment_state_version=9)

    output, status = run("--json")

    told = json.loads(output)
    assert status == 1
    assert told["ok"] is False
    (broken,) = [finding for finding in told["findings"] if finding["invariant"] == "I4"]
    assert broken["verdict"] == "BREACH"
    assert broken["breaches"][0]["ids"] == [booking.pk]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--mail-log", "{}/nothing"], "name a Maildir folder or a log"),
        (["--mail-log", "{}"], "no Maildir"),
        (["--mail-log", "{}/words"], "line 1"),
        (["--accepted", "{}/nothing"], "one reference a line"),
        (["--within", "soon"], "no number of seconds"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_way_out(
    tmp_path: Path, options: list[str], message: str
) -> None:
    (tmp_path / "words").write_text("not an id\n")

    with pytest.raises(CommandError, match=message):
        run(*(option.format(tmp_path) for option in options))


def test_nothing_is_written_and_the_callers_transaction_stays_writable(booking: Booking) -> None:
    audit()

    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        assert cursor.fetchone()[0] == "off"
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone()[0] == "0"


def test_a_check_that_takes_too_long_is_not_vouched_for(booking: Booking, monkeypatch: Any) -> None:
    slow = "-- it sleeps (bookings)\nSELECT 1 FROM pg_sleep(30)"
    monkeypatch.setitem(INVARIANTS[4].checks[0].__dict__, "query", slow)

    output, status = run("--timeout", "0.1")

    assert "NOT CHECKED" in output.splitlines()[4]
    assert "raise --timeout" in output.splitlines()[4]
    assert status == 0
    assert audit(timeout=timedelta(seconds=1))[3].verdict is Verdict.OK
