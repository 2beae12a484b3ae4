"""Attempts are history too."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("assignments", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "SELECT make_append_only('booking_assignment_attempts')",
            "DROP TRIGGER append_only_rows ON booking_assignment_attempts;"
            "DROP TRIGGER append_only_table ON booking_assignment_attempts",
        ),
    ]
