"""An index for the order in which the queue's tasks are taken, however many wait."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0012_what_waits'),
        ('django_q', '0018_task_success_index'),
    ]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX queue_order ON django_q_ormq (key, lock)",
            "DROP INDEX queue_order",
        ),
    ]
