import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("assignments", "0020_shadow_comparisons"), ("bookings", "0004_place_from_review")]

    operations = [
        migrations.CreateModel(
            name="NowFit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tables", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ("strategy", models.CharField(max_length=40)),
                ("found_at", models.DateTimeField()),
                (
                    "booking",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="now_fit", to="bookings.booking"
                    ),
                ),
            ],
            options={
                "db_table": "review_now_fits",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("tables__len", 0), _negated=True), name="now_fits_somewhere"
                    )
                ],
            },
        ),
    ]
