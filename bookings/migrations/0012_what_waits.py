"""An index of what waits for people: bookings in review."""

import bookings.states
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0011_imports'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='booking',
            index=models.Index(condition=models.Q(('assignment_state', bookings.states.State['MANUAL_REVIEW'])), fields=['restaurant'], name='bookings_in_review'),
        ),
    ]
