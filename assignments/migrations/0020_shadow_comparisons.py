"""The comparisons of the shadow runs; append-only."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assignments', '0011_flag_rules'),
        ('bookings', '0003_paths_and_moves'),
    ]

    operations = [
        migrations.CreateModel(
            name='ShadowComparison',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('comparison', models.CharField(choices=[('match', 'match'), ('equivalent', 'equivalent'), ('better', 'better'), ('worse', 'worse'), ('legacy_only', 'legacy only'), ('v3_only', 'v3 only'), ('both_failed', 'both failed'), ('candidate_error', 'candidate error'), ('timeout', 'timeout'), ('skipped', 'skipped'), ('unclassified', 'unclassified')], db_column='class', max_length=20)),
                ('noise', models.CharField(choices=[('match', 'match'), ('equivalent', 'equivalent'), ('better', 'better'), ('worse', 'worse'), ('legacy_only', 'legacy only'), ('v3_only', 'v3 only'), ('both_failed', 'both failed'), ('candidate_error', 'candidate error'), ('timeout', 'timeout'), ('skipped', 'skipped'), ('unclassified', 'unclassified')], db_column='noise_class', help_text='Legacy against legacy on the same facts; empty if there were none.', max_length=20, null=True)),
                ('detail', models.CharField(help_text="Why V3's answer is missing.", max_length=80, null=True)),
                ('legacy_outcome', models.CharField(choices=[('confirmed', 'confirmed'), ('manual_review', 'manual review')], max_length=16, null=True)),
                ('legacy_reason', models.CharField(max_length=40, null=True)),
                ('legacy_tables', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('legacy_score', models.FloatField(help_text="V3's score of legacy's plan.", null=True)),
                ('v3_outcome', models.CharField(choices=[('confirmed', 'confirmed'), ('manual_review', 'manual review')], max_length=16, null=True)),
                ('v3_reason', models.CharField(max_length=40, null=True)),
                ('v3_tables', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('v3_moves', models.JSONField(default=list, help_text='Bookings it would have moved: booking, from, to.')),
                ('v3_score', models.FloatField(null=True)),
                ('v3_strategy', models.CharField(max_length=40, null=True)),
                ('v3_rung', models.CharField(help_text='Step of the ladder that decided.', max_length=16, null=True)),
                ('duration_ms', models.FloatField(help_text="V3's time.", null=True)),
                ('flag_version', models.PositiveIntegerField(null=True)),
                ('facts_at', models.DateTimeField(help_text='When the facts were frozen.', null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('booking', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='comparison', to='bookings.booking')),
                ('restaurant', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='bookings.restaurant')),
            ],
            options={
                'db_table': 'shadow_comparisons',
                'ordering': ['-created_at'],
                'indexes': [models.Index(fields=['restaurant', 'created_at'], name='comparisons_restaurant'), models.Index(fields=['comparison', 'created_at'], name='comparisons_class')],
                'constraints': [models.CheckConstraint(condition=models.Q(('comparison__in', ['match', 'equivalent', 'better', 'worse', 'legacy_only', 'v3_only', 'both_failed', 'candidate_error', 'timeout', 'skipped', 'unclassified'])), name='comparisons_class_known'), models.CheckConstraint(condition=models.Q(('noise__isnull', True), ('noise__in', ['match', 'equivalent', 'better', 'worse', 'legacy_only', 'v3_only', 'both_failed', 'candidate_error', 'timeout', 'skipped', 'unclassified']), _connector='OR'), name='comparisons_noise_known'), models.CheckConstraint(condition=models.Q(models.Q(('legacy_outcome', 'confirmed'), ('legacy_outcome__isnull', False), ('legacy_score__isnull', False)), models.Q(('legacy_outcome', 'manual_review'), ('legacy_score__isnull', True)), models.Q(('legacy_outcome__isnull', True), ('legacy_score__isnull', True)), _connector='OR'), name='comparisons_legacy_scored'), models.CheckConstraint(condition=models.Q(models.Q(('v3_outcome', 'confirmed'), ('v3_outcome__isnull', False), ('v3_score__isnull', False)), models.Q(('v3_outcome', 'manual_review'), ('v3_score__isnull', True)), models.Q(('v3_outcome__isnull', True), ('v3_score__isnull', True)), _connector='OR'), name='comparisons_v3_scored')],
            },
        ),
        migrations.RunSQL(
            "SELECT make_append_only('shadow_comparisons')",
            "DROP TRIGGER append_only_rows ON shadow_comparisons; DROP TRIGGER append_only_table ON shadow_comparisons",
        ),
    ]
