"""Alerts: standings of the rules, alerts with their steps, and notices."""

import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('observability', '0011_export_permission'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rule', models.CharField(max_length=40)),
                ('priority', models.CharField(choices=[('P1', 'P1'), ('P2', 'P2')], max_length=2)),
                ('state', models.CharField(choices=[('firing', 'Firing'), ('acknowledged', 'Acknowledged'), ('resolved', 'Resolved')], default='firing', max_length=16)),
                ('breaching_since', models.DateTimeField()),
                ('fired_at', models.DateTimeField()),
                ('acknowledged_at', models.DateTimeField(null=True)),
                ('resolved_at', models.DateTimeField(null=True)),
                ('value', models.FloatField(help_text='As it fired.')),
                ('threshold', models.FloatField(help_text='As it was when it fired.')),
                ('detail', models.CharField(max_length=200)),
                ('acknowledged_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'observability_alerts',
                'permissions': [('acknowledge_alert', 'Can acknowledge alerts')],
            },
        ),
        migrations.CreateModel(
            name='AlertChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('to_state', models.CharField(choices=[('firing', 'Firing'), ('acknowledged', 'Acknowledged'), ('resolved', 'Resolved')], max_length=16)),
                ('value', models.FloatField(help_text='Of the rule at that moment; empty if there was no data.', null=True)),
                ('created_at', models.DateTimeField()),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('alert', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='observability.alert')),
            ],
            options={
                'db_table': 'observability_alert_changes',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='AlertNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('channel', models.CharField(choices=[('mail', 'Mail'), ('webhook', 'Webhook')], max_length=16)),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('sent', 'Sent'), ('dead', 'Dead')], default='pending', max_length=16)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('sent_at', models.DateTimeField(null=True)),
                ('last_error', models.CharField(blank=True, default='', max_length=100)),
                ('change', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='observability.alertchange')),
            ],
            options={
                'db_table': 'observability_alert_notices',
            },
        ),
        migrations.CreateModel(
            name='RuleStanding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rule', models.CharField(max_length=40, unique=True)),
                ('state', models.CharField(choices=[('quiet', 'Quiet'), ('pending', 'Pending'), ('firing', 'Firing'), ('no_data', 'No data')], max_length=16)),
                ('since', models.DateTimeField(help_text='When it came into this state.')),
                ('breaching_since', models.DateTimeField(null=True)),
                ('clear_since', models.DateTimeField(help_text='While it fires: since when it has been good.', null=True)),
                ('value', models.FloatField(null=True)),
                ('detail', models.CharField(max_length=200)),
                ('evaluated_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'observability_rule_standings',
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['quiet', 'pending', 'firing', 'no_data'])), name='rule_standings_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'pending'), _negated=True), ('breaching_since__isnull', False), _connector='OR'), name='rule_standings_breach_dated')],
            },
        ),
        migrations.AddIndex(
            model_name='alert',
            index=models.Index(fields=['-fired_at'], name='alerts_newest'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.UniqueConstraint(condition=models.Q(('resolved_at__isnull', True)), fields=('rule',), name='alerts_one_open'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.CheckConstraint(condition=models.Q(('priority__in', ['P1', 'P2'])), name='alerts_priority_known'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('acknowledged_at__isnull', True), ('resolved_at__isnull', True), ('state', 'firing')), models.Q(('acknowledged_at__isnull', False), ('resolved_at__isnull', True), ('state', 'acknowledged')), models.Q(('resolved_at__isnull', False), ('state', 'resolved')), _connector='OR'), name='alerts_state_dated'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('acknowledged_at__isnull', True), ('acknowledged_by__isnull', True)), models.Q(('acknowledged_at__isnull', False), ('acknowledged_by__isnull', False)), _connector='OR'), name='alerts_acknowledged_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='alertchange',
            constraint=models.UniqueConstraint(fields=('alert', 'to_state'), name='alert_changes_once'),
        ),
        migrations.AddConstraint(
            model_name='alertchange',
            constraint=models.CheckConstraint(condition=models.Q(('to_state__in', ['firing', 'acknowledged', 'resolved'])), name='alert_changes_state_known'),
        ),
        migrations.AddConstraint(
            model_name='alertchange',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('to_state', 'acknowledged'), _negated=True), ('actor__isnull', False), _connector='OR'), name='alert_changes_acknowledged_by_somebody'),
        ),
        migrations.AddIndex(
            model_name='alertnotice',
            index=models.Index(condition=models.Q(('status', 'pending')), fields=['due_at'], name='alert_notices_due'),
        ),
        migrations.AddConstraint(
            model_name='alertnotice',
            constraint=models.UniqueConstraint(fields=('change', 'channel'), name='alert_notices_once'),
        ),
        migrations.AddConstraint(
            model_name='alertnotice',
            constraint=models.CheckConstraint(condition=models.Q(('channel__in', ['mail', 'webhook'])), name='alert_notices_channel_known'),
        ),
        migrations.AddConstraint(
            model_name='alertnotice',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'sent', 'dead'])), name='alert_notices_status_known'),
        ),
        migrations.AddConstraint(
            model_name='alertnotice',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('sent_at__isnull', False), ('status', 'sent')), models.Q(models.Q(('status', 'sent'), _negated=True), ('sent_at__isnull', True)), _connector='OR'), name='alert_notices_sent_has_time'),
        ),
        migrations.RunSQL(
            "SELECT make_append_only('observability_alert_changes')",
            "DROP TRIGGER append_only_rows ON observability_alert_changes;"
            "DROP TRIGGER append_only_table ON observability_alert_changes",
        ),
    ]
