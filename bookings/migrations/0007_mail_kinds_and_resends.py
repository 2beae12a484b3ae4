"""Mails of changes and cancellations, mails put aside, resends, and where guests may answer."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0006_staff_restaurants'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='outboxmessage',
            name='outbox_kind_known',
        ),
        migrations.RemoveConstraint(
            model_name='outboxmessage',
            name='outbox_status_known',
        ),
        migrations.AddField(
            model_name='outboxmessage',
            name='resends',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, help_text='How often people had it sent again.'),
        ),
        migrations.AddField(
            model_name='restaurant',
            name='contact_email',
            field=models.EmailField(blank=True, db_default='', default='', help_text="Where guests' answers to our mails go.", max_length=254),
        ),
        migrations.AlterField(
            model_name='outboxmessage',
            name='kind',
            field=models.CharField(choices=[('received', 'Received'), ('confirmation', 'Confirmation'), ('changed', 'Changed'), ('cancelled', 'Cancelled'), ('declined', 'Declined')], max_length=16),
        ),
        migrations.AlterField(
            model_name='outboxmessage',
            name='status',
            field=models.CharField(choices=[('pending', 'Pending'), ('inflight', 'Inflight'), ('sent', 'Sent'), ('unknown', 'Unknown'), ('dead', 'Dead'), ('void', 'Void'), ('suppressed', 'Suppressed')], default='pending', max_length=16),
        ),
        migrations.AddIndex(
            model_name='outboxmessage',
            index=models.Index(condition=models.Q(('status', 'sent'), _negated=True), fields=['status', '-id'], name='outbox_not_sent'),
        ),
        migrations.AddIndex(
            model_name='outboxmessage',
            index=models.Index(condition=models.Q(('status', 'sent')), fields=['sent_at'], name='outbox_sent_at'),
        ),
        migrations.AddConstraint(
            model_name='outboxmessage',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['received', 'confirmation', 'changed', 'cancelled', 'declined'])), name='outbox_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='outboxmessage',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'inflight', 'sent', 'unknown', 'dead', 'void', 'suppressed'])), name='outbox_status_known'),
        ),
    ]
