"""Less on disk: leaner indexes of the events, and narrow buckets of the last days only.

And an index of the few transitions that tell which bookings may have stood still.
"""

from pathlib import Path

from django.db import migrations, models

#: A copy of what `observability.models.event.EVERYDAY` was when this was written.
EVERYDAY = [
    "booking.assignment_state_transition",
    "auto_assign.transition",
    "auto_assign.attempt.start",
    "auto_assign.attempt",
    "auto_assign.summary",
    "coordinator.start",
    "coordinator.lock_acquired",
    "coordinator.rate_permit_acquired",
    "coordinator.confirmed",
    "coordinator.manual_review",
    "coordinator.retry",
    "attempt.success",
    "attempt.failure",
    "shadow.compared",
    "mail.sent",
]


class Migration(migrations.Migration):
    dependencies = [("observability", "0012_alerts")]

    operations = [
        migrations.RemoveIndex(model_name="event", name="events_booking"),
        migrations.RemoveIndex(model_name="event", name="events_type"),
        migrations.RemoveIndex(model_name="event", name="events_restaurant"),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["booking_id"], name="events_booking"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["restaurant_id"], name="events_restaurant"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                fields=["event_type"],
                name="events_rare",
                condition=models.Q(("event_type__in", EVERYDAY), _negated=True),
            ),
        ),
        # What is dropped once it is some days old, in the order of its age.
        migrations.RunSQL(
            "CREATE INDEX rollups_narrow ON observability_rollups (bucket)"
            " WHERE width = 60 OR (width = 3600 AND restaurant_id > 0)",
            "DROP INDEX rollups_narrow",
        ),
        migrations.RunSQL(
            (Path(__file__).with_name("sql") / "detours.sql").read_text(),
            "DROP INDEX outcomes_slow; DROP INDEX events_detours; DROP FUNCTION is_detour(text, jsonb)",
        ),
    ]
