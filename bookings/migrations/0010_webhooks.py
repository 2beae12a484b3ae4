"""Webhooks, and the permissions to have mails and webhooks sent again."""

import datetime
import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0009_channel_api'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='outboxmessage',
            options={'ordering': ['-created_at'], 'permissions': [('resend_mail', 'Can decide about mails: send again, mark as delivered')]},
        ),
        migrations.CreateModel(
            name='WebhookEndpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(help_text='Bookings of this channel are told of.', max_length=40)),
                ('url', models.URLField(help_text="An https address of the channel's own.", max_length=500)),
                ('events', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('booking.confirmed', 'Confirmed'), ('booking.manual_review', 'Gone to manual review'), ('booking.cancelled', 'Cancelled'), ('booking.assignment_pending', 'Waiting to be planned again')], max_length=40), size=None)),
                ('active', models.BooleanField(default=True)),
                ('salt', models.CharField(editable=False, max_length=64)),
                ('disabled_reason', models.CharField(blank=True, editable=False, max_length=200)),
                ('failures', models.PositiveIntegerField(default=0, editable=False, help_text='Times in a row that it could not be reached.')),
                ('failing_since', models.DateTimeField(editable=False, null=True)),
                ('retry_at', models.DateTimeField(editable=False, help_text='Left alone until then.', null=True)),
                ('busy_until', models.DateTimeField(editable=False, help_text='Lease of the worker at it.', null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'db_table': 'webhook_endpoints',
                'ordering': ['channel', 'id'],
                'constraints': [models.UniqueConstraint(fields=('channel', 'url'), name='webhook_endpoints_once'), models.CheckConstraint(condition=models.Q(models.Q(('channel', ''), _negated=True), models.Q(('url', ''), _negated=True), models.Q(('salt', ''), _negated=True)), name='webhook_endpoints_named'), models.CheckConstraint(condition=models.Q(models.Q(('events__len', 0), _negated=True), ('events__contained_by', ['booking.confirmed', 'booking.manual_review', 'booking.cancelled', 'booking.assignment_pending'])), name='webhook_endpoints_events_known')],
            },
        ),
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(choices=[('booking.confirmed', 'Confirmed'), ('booking.manual_review', 'Gone to manual review'), ('booking.cancelled', 'Cancelled'), ('booking.assignment_pending', 'Waiting to be planned again'), ('webhook.test', 'Test')], max_length=40)),
                ('version', models.PositiveIntegerField(help_text='State version of the booking; 0 for a test.')),
                ('booking_status', models.CharField(blank=True, max_length=16)),
                ('start_at', models.DateTimeField(null=True)),
                ('end_at', models.DateTimeField(null=True)),
                ('happened_at', models.DateTimeField()),
                ('uid', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), unique=True)),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('inflight', 'Inflight'), ('sent', 'Sent'), ('dead', 'Dead')], db_default='pending', max_length=16)),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text='Not posted before.')),
                ('expires_at', models.DateTimeField(db_default=django.db.models.expressions.CombinedExpression(django.db.models.functions.datetime.Now(), '+', models.Value(datetime.timedelta(days=1))), help_text='Given up then.')),
                ('claimed_at', models.DateTimeField(null=True)),
                ('attempts', models.PositiveSmallIntegerField(db_default=0)),
                ('answer', models.PositiveSmallIntegerField(help_text='HTTP status of the last answer.', null=True)),
                ('last_error', models.CharField(blank=True, db_default='', max_length=200)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('sent_at', models.DateTimeField(null=True)),
                ('booking', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='webhooks', to='bookings.booking')),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='bookings.webhookendpoint')),
            ],
            options={
                'verbose_name_plural': 'webhook deliveries',
                'db_table': 'webhook_deliveries',
                'ordering': ['-id'],
                'permissions': [('resend_webhook', 'Can send webhooks again and test endpoints')],
                'indexes': [models.Index(condition=models.Q(('status__in', ['pending', 'inflight'])), fields=['endpoint', 'due_at'], name='webhook_deliveries_unsent'), models.Index(condition=models.Q(('status', 'dead')), fields=['-id'], name='webhook_deliveries_dead')],
                'constraints': [models.UniqueConstraint(fields=('endpoint', 'booking', 'version'), name='webhook_deliveries_once'), models.CheckConstraint(condition=models.Q(('event__in', ['booking.confirmed', 'booking.manual_review', 'booking.cancelled', 'booking.assignment_pending', 'webhook.test'])), name='webhook_deliveries_event_known'), models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'inflight', 'sent', 'dead'])), name='webhook_deliveries_status_known'), models.CheckConstraint(condition=models.Q(models.Q(('booking__isnull', True), ('event', 'webhook.test')), models.Q(('booking__isnull', False), ('end_at__isnull', False), ('start_at__isnull', False)), _connector='OR'), name='webhook_deliveries_about_a_booking'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'sent'), _negated=True), ('sent_at__isnull', False), _connector='OR'), name='webhook_deliveries_sent_has_time'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'inflight'), _negated=True), ('claimed_at__isnull', False), _connector='OR'), name='webhook_deliveries_inflight_has_time')],
            },
        ),
    ]
