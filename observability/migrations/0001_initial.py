"""Append-only rule, the events table in daily partitions, and `time_bucket`."""

from pathlib import Path

import django.db.models.functions
from django.db import migrations, models

SQL = Path(__file__).with_name("sql")


def statements(name):
    return (SQL / name).read_text()


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.RunSQL(statements("append_only.sql"), "DROP FUNCTION make_append_only(regclass); DROP FUNCTION refuse_change() CASCADE"),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(statements("events.sql"), statements("events_drop.sql")),
            ],
            state_operations=[
                migrations.CreateModel(
                    name="Event",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("source", models.CharField(max_length=64)),
                        ("event_type", models.CharField(max_length=64)),
                        (
                            "severity",
                            models.CharField(
                                max_length=16,
                                choices=[
                                    ("info", "Info"),
                                    ("notice", "Notice"),
                                    ("warning", "Warning"),
                                    ("error", "Error"),
                                    ("critical", "Critical"),
                                ],
                                default="info",
                            ),
                        ),
                        ("context", models.JSONField(default=dict)),
                        ("restaurant_id", models.BigIntegerField(null=True)),
                        ("booking_id", models.BigIntegerField(null=True)),
                        ("created_at", models.DateTimeField(db_default=django.db.models.functions.Now())),
                    ],
                    options={
                        "db_table": "observability_events",
                        "indexes": [
                            models.Index(fields=["booking_id", "created_at"], name="events_booking"),
                            models.Index(fields=["source", "event_type", "created_at"], name="events_kind"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                name="events_severity_known",
                                condition=models.Q(
                                    severity__in=["info", "notice", "warning", "error", "critical"]
                                ),
                            )
                        ],
                    },
                ),
            ],
        ),
        migrations.RunSQL(
            statements("time_bucket.sql"), "DROP FUNCTION IF EXISTS time_bucket(interval, timestamptz)"
        ),
    ]
