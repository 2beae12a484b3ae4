"""Rollups, retention, the indexes that pages need, and the list of sources the database knows."""

from pathlib import Path

import django.contrib.postgres.indexes
from django.db import migrations, models

SQL = Path(__file__).with_name("sql")


def statements(name):
    return (SQL / name).read_text()


class Migration(migrations.Migration):
    dependencies = [("observability", "0001_initial")]

    operations = [
        migrations.RunSQL(statements("rollups.sql"), statements("rollups_drop.sql")),
        migrations.RunSQL(
            statements("retention.sql"),
            "DROP FUNCTION drop_events_partition(date)",
        ),
        migrations.RemoveIndex(model_name="event", name="events_kind"),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["event_type"], name="events_type"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["restaurant_id", "created_at"], name="events_restaurant"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                fields=["created_at"],
                name="events_failed",
                condition=models.Q(severity__in=["error", "critical"]),
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=django.contrib.postgres.indexes.BrinIndex(
                fields=["created_at"], name="events_time", pages_per_range=32, autosummarize=True
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                name="events_source_known",
                condition=models.Q(
                    source__in=[
                        "allocations",
                        "assignment.coordinator",
                        "assignment.engine",
                        "assignment.shadow",
                        "assignment.state_machine",
                        "auto_assign",
                        "bookings",
                        "cluster",
                        "flags",
                        "observability",
                        "outbox",
                        "review",
                        "rollout",
                        "webhooks",
                    ]
                ),
            ),
        ),
    ]
