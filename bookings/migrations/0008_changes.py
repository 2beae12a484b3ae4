"""Changes of bookings: revisions for their mails, request digests, and wishes that wait for people.

Mails were numbered by the state version so far: bookings that exist go on from there.
"""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0007_mail_kinds_and_resends'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ChangeWish',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('party_size', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1)])),
                ('start_at', models.DateTimeField()),
                ('end_at', models.DateTimeField()),
                ('requires', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('accessible', 'Accessible'), ('high_chair', 'High chair'), ('window', 'Window'), ('quiet', 'Quiet')], max_length=20), blank=True, default=list, size=None)),
                ('reason', models.CharField(help_text='Why there was no table: a reason code.', max_length=40)),
                ('status', models.CharField(choices=[('open', 'Open'), ('accepted', 'Accepted'), ('declined', 'Declined'), ('withdrawn', 'Withdrawn')], default='open', max_length=16)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('closed_at', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'booking_change_wishes',
                'ordering': ['created_at'],
            },
        ),
        migrations.AddField(
            model_name='booking',
            name='request_digest',
            field=models.CharField(blank=True, db_default='', default='', help_text='SHA-256 of the request, so that the same key with another request is told apart.', max_length=64),
        ),
        migrations.AddField(
            model_name='booking',
            name='revision',
            field=models.PositiveIntegerField(db_default=1, default=1, help_text='Up by one with each change the guest is told; mails are once each.'),
        ),
        migrations.RunSQL(
            "UPDATE bookings SET revision = assignment_state_version WHERE assignment_state_version > 1",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name='booking',
            constraint=models.CheckConstraint(condition=models.Q(('revision__gte', 1)), name='bookings_revision_positive'),
        ),
        migrations.AddField(
            model_name='changewish',
            name='actor',
            field=models.ForeignKey(help_text='Who decided; empty: not yet, or overtaken.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='changewish',
            name='booking',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='change_wishes', to='bookings.booking'),
        ),
        migrations.AddField(
            model_name='changewish',
            name='zone',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='bookings.zone'),
        ),
        migrations.AddConstraint(
            model_name='changewish',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'open')), fields=('booking',), name='change_wishes_one_open'),
        ),
        migrations.AddConstraint(
            model_name='changewish',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['open', 'accepted', 'declined', 'withdrawn'])), name='change_wishes_status_known'),
        ),
        migrations.AddConstraint(
            model_name='changewish',
            constraint=models.CheckConstraint(condition=models.Q(('party_size__gte', 1)), name='change_wishes_party_positive'),
        ),
        migrations.AddConstraint(
            model_name='changewish',
            constraint=models.CheckConstraint(condition=models.Q(('start_at__lt', models.F('end_at'))), name='change_wishes_start_before_end'),
        ),
        migrations.AddConstraint(
            model_name='changewish',
            constraint=models.CheckConstraint(condition=models.Q(('requires__contained_by', ['accessible', 'high_chair', 'window', 'quiet'])), name='change_wishes_requires_known'),
        ),
        migrations.AddConstraint(
            model_name='changewish',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('status', 'open')), models.Q(models.Q(('status', 'open'), _negated=True), ('closed_at__isnull', False)), _connector='OR'), name='change_wishes_closed_has_time'),
        ),
        migrations.AddConstraint(
            model_name='changewish',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='change_wishes_have_a_reason'),
        ),
        migrations.AlterField(
            model_name='outboxmessage',
            name='revision',
            field=models.PositiveIntegerField(help_text='Revision of the booking the mail is about.'),
        ),
    ]
