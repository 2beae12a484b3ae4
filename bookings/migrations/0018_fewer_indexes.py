"""Indexes that others stand in for go: a booking's way writes to each of them, several times."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def in_place_of(old, new):
    """SQL that builds `new`, if any, and drops the index `old` = (name, what it is on); and the way back.

    May be run again after it was interrupted: what was begun is begun anew.
    """
    name, on = old
    forth, back = [f'DROP INDEX CONCURRENTLY IF EXISTS {name}'], [
        f'DROP INDEX CONCURRENTLY IF EXISTS {name}',
        f'CREATE INDEX CONCURRENTLY {name} ON {on}',
    ]
    if new:
        forth = [*_built(*new), *forth]
        back = [*back, f'DROP INDEX CONCURRENTLY IF EXISTS {new[0]}']
    return migrations.RunSQL(forth, back)


def once_as(old, new):
    """The same where `old` = (constraint, table, column) is a unique constraint, and `new` a unique index."""
    name, table, column = old
    return migrations.RunSQL(
        [*_built(*new, unique=True), f'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}'],
        [
            f'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}',
            f'DROP INDEX CONCURRENTLY IF EXISTS {name}',
            f'CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({column})',
            f'ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}',
            f'DROP INDEX CONCURRENTLY IF EXISTS {new[0]}',
        ],
    )


def _built(name, on, unique=False):
    kind = 'UNIQUE INDEX' if unique else 'INDEX'
    return [f'DROP INDEX CONCURRENTLY IF EXISTS {name}', f'CREATE {kind} CONCURRENTLY {name} ON {on}']


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('bookings', '0017_guest_forgotten'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                # Begun by (restaurant_id, start_at) and (restaurant_id, id).
                in_place_of(('bookings_restaurant_id_9afcc68b', 'bookings (restaurant_id)'), None),
                in_place_of(
                    ('bookings_zone_id_89fa1f25', 'bookings (zone_id)'),
                    ('bookings_zone_wished', 'bookings (zone_id) WHERE zone_id IS NOT NULL'),
                ),
                once_as(
                    ('bookings_reference_key', 'bookings', 'reference'),
                    ('bookings_reference_unique', 'bookings (reference varchar_pattern_ops)'),
                ),
                in_place_of(
                    ('bookings_reference_2af8917e_like', 'bookings (reference varchar_pattern_ops)'), None
                ),
                once_as(
                    ('bookings_import_key_key', 'bookings', 'import_key'),
                    ('bookings_import_key_unique', 'bookings (import_key) WHERE import_key IS NOT NULL'),
                ),
            ],
            state_operations=[
                migrations.AlterField(
                    model_name='booking',
                    name='restaurant',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='bookings', to='bookings.restaurant'),
                ),
                migrations.AlterField(
                    model_name='booking',
                    name='zone',
                    field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='bookings.zone'),
                ),
                migrations.AddIndex(
                    model_name='booking',
                    index=models.Index(condition=models.Q(('zone__isnull', False)), fields=['zone'], name='bookings_zone_wished'),
                ),
                migrations.AlterField(
                    model_name='booking',
                    name='reference',
                    field=models.CharField(help_text='Public reference, such as B-7KQ4M2.', max_length=16),
                ),
                migrations.AddConstraint(
                    model_name='booking',
                    constraint=models.UniqueConstraint(fields=('reference',), name='bookings_reference_unique', opclasses=['varchar_pattern_ops']),
                ),
                migrations.AlterField(
                    model_name='booking',
                    name='import_key',
                    field=models.UUIDField(editable=False, help_text='Digest of what tells an imported row apart; the same row is imported once.', null=True),
                ),
                migrations.AddConstraint(
                    model_name='booking',
                    constraint=models.UniqueConstraint(condition=models.Q(('import_key__isnull', False)), fields=('import_key',), name='bookings_import_key_unique'),
                ),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                # Begun by (booking_id, version).
                in_place_of(
                    (
                        'booking_assignment_state_history_booking_id_c557d199',
                        'booking_assignment_state_history (booking_id)',
                    ),
                    None,
                ),
                in_place_of(
                    (
                        'booking_assignment_state_history_actor_id_9bd771d0',
                        'booking_assignment_state_history (actor_id)',
                    ),
                    (
                        'state_history_actor',
                        'booking_assignment_state_history (actor_id) WHERE actor_id IS NOT NULL',
                    ),
                ),
            ],
            state_operations=[
                migrations.AlterField(
                    model_name='statechange',
                    name='booking',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='state_history', to='bookings.booking'),
                ),
                migrations.AlterField(
                    model_name='statechange',
                    name='actor',
                    field=models.ForeignKey(db_index=False, help_text='Empty: automation.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
                ),
                migrations.AddIndex(
                    model_name='statechange',
                    index=models.Index(condition=models.Q(('actor__isnull', False)), fields=['actor'], name='state_history_actor'),
                ),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                # Begun by (booking_id, kind, revision).
                in_place_of(('outbox_messages_booking_id_de2e5777', 'outbox_messages (booking_id)'), None),
                once_as(
                    ('outbox_messages_message_id_key', 'outbox_messages', 'message_id'),
                    ('outbox_message_id_unique', 'outbox_messages (message_id)'),
                ),
                in_place_of(
                    (
                        'outbox_messages_message_id_14d5cfca_like',
                        'outbox_messages (message_id varchar_pattern_ops)',
                    ),
                    None,
                ),
            ],
            state_operations=[
                migrations.AlterField(
                    model_name='outboxmessage',
                    name='booking',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='mails', to='bookings.booking'),
                ),
                migrations.AlterField(
                    model_name='outboxmessage',
                    name='message_id',
                    field=models.CharField(max_length=200),
                ),
                migrations.AddConstraint(
                    model_name='outboxmessage',
                    constraint=models.UniqueConstraint(fields=('message_id',), name='outbox_message_id_unique'),
                ),
            ],
        ),
    ]
