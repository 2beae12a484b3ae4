"""Events about people signing in."""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('observability', '0015_timings'),
    ]

    operations = [
        migrations.RemoveConstraint(model_name='event', name='events_source_known'),
        AddConstraintNotValid(
            model_name='event',
            constraint=models.CheckConstraint(
                name='events_source_known',
                condition=models.Q(
                    source__in=(
                        'access',
                        'allocations',
                        'assignment.coordinator',
                        'assignment.engine',
                        'assignment.shadow',
                        'assignment.state_machine',
                        'auto_assign',
                        'bookings',
                        'cluster',
                        'flags',
                        'observability',
                        'outbox',
                        'review',
                        'rollout',
                        'webhooks',
                    )
                ),
            ),
        ),
        ValidateConstraint(model_name='event', name='events_source_known'),
    ]
