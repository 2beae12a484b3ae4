"""Indexes of what people did, by time: the few rows among those of the automation."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0014_channels_and_plans")]

    operations = [
        migrations.AddIndex(
            model_name=model,
            index=models.Index(
                fields=["created_at"], name=name, condition=models.Q(("actor__isnull", False))
            ),
        )
        for model, name in (("statechange", "state_history_people"), ("bookingmove", "moves_people"))
    ]
