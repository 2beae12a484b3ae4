"""When a booking's guest was forgotten for its age, and an index of those that were not."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('bookings', '0016_guest_erasures'),
    ]

    operations = [
        migrations.AddField(
            model_name='booking',
            name='guest_forgotten_at',
            field=models.DateTimeField(editable=False, help_text='When its guest was taken out because of its age.', null=True),
        ),
        AddIndexConcurrently(
            model_name='booking',
            index=models.Index(condition=models.Q(('guest_forgotten_at__isnull', True)), fields=['end_at'], name='bookings_guest_kept'),
        ),
    ]
