"""A guest planted wherever one can stand, and a search of every table and file."""

import json
from datetime import timedelta
from urllib.parse import urlencode

from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import connection

from assignments.models import CaseNote, QueueView, Resolution, ReviewCase
from bookings.models import (
    ApiAnswer,
    Booking,
    Closure,
    ImportReject,
    ImportRun,
    ImportStatus,
    OutboxMessage,
    TableBlock,
    WebhookDelivery,
    WebhookEndpoint,
)
from bookings.privacy.data_map import GUEST_DATA
from bookings.privacy.identity import guest_of
from tests.factories import NOW

NAME, PHONE, NOTES = "Quirinia Zabransky", "+44 7700 900736", "allergic to xanthorrhoea"
EMAIL = "Quirinia.Z@planted.example"
PLANTED = ("quirinia", "zabransky", "planted.example", "900736", "xanthorrhoea")
AFTER = NOW + timedelta(days=1)

GUEST = guest_of(email=" quirinia.z@PLANTED.example ", phone="0044 7700 900 736")


def mention_in_tables(booking: Booking, actor: User) -> None:
    told = f"{NAME} <{EMAIL}>, {PHONE}"
    OutboxMessage.objects.create(
        booking=booking, kind="confirmation", revision=1, message_id="<1@x>", last_error=told
    )
    endpoint = WebhookEndpoint.objects.create(
        channel="web", url="https://web.example/hook", events=["booking.confirmed"], salt="s"
    )
    WebhookDelivery.objects.create(
        endpoint=endpoint, booking=booking, event="booking.confirmed", version=1, last_error=told,
        start_at=booking.start_at, end_at=booking.end_at, happened_at=NOW,
    )  # fmt: skip
    ApiAnswer.objects.create(
        channel="web", key=f"order-{EMAIL}", digest="d", body={"reference": booking.reference, "for": told}
    )
    case = ReviewCase.objects.create(
        booking=booking,
        opened_version=1,
        opened_at=NOW,
        snoozed_until=NOW,
        fixes=[{"for": told}],
        snooze_reason=f"{NAME} calls back",
    )
    CaseNote.objects.create(case=case, author=actor, text=f"Mrs Zabransky has called: {NOTES}")
    Resolution.objects.create(
        case=case, actor=actor, kind="seated", sentence=f"Seat {NAME}", override_reason=NOTES, version=2,
        before={"note": told},
    )  # fmt: skip
    QueueView.objects.create(name=EMAIL[:40], owner=actor, query=urlencode({"q": f"{EMAIL} {PHONE}"}))
    table = booking.restaurant.tables.first()
    assert table is not None
    TableBlock.objects.create(
        restaurant=booking.restaurant, table=table, reason=f"kept for {EMAIL}",
        start_at=NOW, end_at=AFTER,
    )  # fmt: skip
    Closure.objects.create(
        restaurant=booking.restaurant,
        starts_on="2027-01-01",
        ends_on="2027-01-01",
        reason=f"closed for {EMAIL}",
    )
    LogEntry.objects.create(
        user=actor, content_type=ContentType.objects.get_for_model(Booking), object_id=str(booking.pk),
        object_repr=NAME, action_flag=CHANGE, change_message=f"Changed the name to {NAME}",
    )  # fmt: skip
    LogEntry.objects.create(
        user=actor, object_repr=EMAIL, action_flag=CHANGE, change_message=json.dumps([{"changed": EMAIL}])
    )


def mention_in_imports(actor: User) -> None:
    content = f"name,email\nSomebody,else@example.org\n{NAME},{EMAIL}\n".encode()
    for status, finished in ((ImportStatus.FAILED, NOW), (ImportStatus.DRAFT, None)):
        run = ImportRun.objects.create(
            filename=f"{EMAIL}.csv", content=content, size=len(content), columns=["name", EMAIL],
            mapping={"email": EMAIL},
            status=status, finished_at=finished, created_by=actor, rows=2, rejected=2, problem=EMAIL,
        )  # fmt: skip
        ImportReject.objects.create(
            run=run, line=2, reason="no table", cells=["Somebody", "else@example.org"]
        )
        ImportReject.objects.create(
            run=run, line=3, reason=f"no table for {EMAIL}", cells=[NAME, EMAIL, NOTES]
        )


def planted_in_tables() -> set[str]:
    """Columns of any table in which a planted word stands, binary ones as the text they are."""
    found = set()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c
            JOIN information_schema.tables t USING (table_schema, table_name)
            WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
              AND c.data_type IN ('text', 'character varying', 'json', 'jsonb', 'bytea', 'ARRAY')
            """
        )
        for table, column, kind in cursor.fetchall():
            text = f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text'
            cursor.execute(
                f'SELECT 1 FROM "{table}" WHERE {text} ~* %s LIMIT 1',
                ["|".join(PLANTED)],
            )
            if cursor.fetchone():
                found.add(f"{table}.{column}")
    return found


def places_for_words() -> set[str]:
    """Columns that the data map says may hold a guest's words; digests do not show what they are of."""
    return {
        f"{apps.get_model(label)._meta.db_table}.{column}"
        for label, held in GUEST_DATA.items()
        for column in {*held.guest, *held.words, *held.keys, *held.quoting} - {"digest", "request_digest"}
    }


def planted_in_files() -> list[str]:
    texts = [path.read_text() for path in settings.MAILBOX_DIR.rglob("*") if path.is_file()]
    texts += [json.dumps(session.get_decoded()) for session in Session.objects.all()]
    return [word for word in PLANTED for text in texts if word in text.lower()]
