"""An index of attempts by booking goes: the one by booking and number begins like it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('assignments', '0045_flag_proposals'),
        ('bookings', '0018_fewer_indexes'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    'DROP INDEX CONCURRENTLY IF EXISTS booking_assignment_attempts_booking_id_71d6ebd3',
                    'CREATE INDEX CONCURRENTLY IF NOT EXISTS booking_assignment_attempts_booking_id_71d6ebd3'
                    ' ON booking_assignment_attempts (booking_id)',
                ),
            ],
            state_operations=[
                migrations.AlterField(
                    model_name='attempt',
                    name='booking',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='bookings.booking'),
                ),
            ],
        ),
    ]
