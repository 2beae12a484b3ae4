"""The right to act on stuck bookings."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("assignments", "0041_review_cases_follow")]

    operations = [
        migrations.AlterModelOptions(
            name="slot",
            options={"permissions": [("requeue_stuck", "Act on stuck bookings: requeue, send to review")]},
        ),
    ]
