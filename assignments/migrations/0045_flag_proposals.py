"""Changes of flags that two people make: what one proposes, another decides."""


import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

TWO_PEOPLE = """
CREATE FUNCTION flag_proposals_two_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.actor_id = (SELECT proposer_id FROM assignment_flag_proposals WHERE id = NEW.proposal_id) THEN
        RAISE EXCEPTION 'proposal % is approved by who made it', NEW.proposal_id
            USING ERRCODE = 'restrict_violation', HINT = 'Somebody else has to approve it.';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER flag_proposals_two_people BEFORE INSERT ON assignment_flag_decisions
    FOR EACH ROW WHEN (NEW.outcome = 'approved') EXECUTE FUNCTION flag_proposals_two_people();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('assignments', '0044_guard_and_notices'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='flagstate',
            options={'permissions': [('change_flags', 'Change flags, and propose changes that raise exposure'), ('kill_flags', 'Stop V3 everywhere'), ('approve_flags', 'Decide on changes of flags that somebody else proposed')]},
        ),
        migrations.CreateModel(
            name='FlagProposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('base_version', models.PositiveIntegerField(help_text="The flags' version it was made on.")),
                ('wanted', models.JSONField()),
                ('effect', models.JSONField(help_text='Path before and after, by restaurant.')),
                ('reason', models.CharField(max_length=500)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('proposer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'assignment_flag_proposals',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='FlagDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('outcome', models.CharField(choices=[('approved', 'Approved'), ('rejected', 'Rejected'), ('withdrawn', 'Withdrawn'), ('void', 'Void')], max_length=16)),
                ('version', models.PositiveIntegerField(help_text='The version that approving made.', null=True)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('actor', models.ForeignKey(help_text='Empty: nobody, the proposal became void by itself.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('proposal', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='decision', to='assignments.flagproposal')),
            ],
            options={
                'db_table': 'assignment_flag_decisions',
                'ordering': ['-id'],
            },
        ),
        migrations.AddConstraint(
            model_name='flagproposal',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='flag_proposals_explained'),
        ),
        migrations.AddConstraint(
            model_name='flagdecision',
            constraint=models.CheckConstraint(condition=models.Q(('outcome__in', ['approved', 'rejected', 'withdrawn', 'void'])), name='flag_decisions_outcome_known'),
        ),
        migrations.AddConstraint(
            model_name='flagdecision',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'approved'), ('version__isnull', False)), models.Q(models.Q(('outcome', 'approved'), _negated=True), ('version__isnull', True)), _connector='OR'), name='flag_decisions_approval_makes_a_version'),
        ),
        migrations.AddConstraint(
            model_name='flagdecision',
            constraint=models.CheckConstraint(condition=models.Q(('outcome', 'void'), ('actor__isnull', False), _connector='OR'), name='flag_decisions_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='flagdecision',
            constraint=models.CheckConstraint(condition=models.Q(('outcome__in', ['approved', 'withdrawn']), models.Q(('reason', ''), _negated=True), _connector='OR'), name='flag_decisions_refusal_explained'),
        ),
        migrations.RunSQL(TWO_PEOPLE, "DROP FUNCTION flag_proposals_two_people() CASCADE"),
        *(
            migrations.RunSQL(
                f"SELECT make_append_only('{table}')",
                f"DROP TRIGGER append_only_rows ON {table}; DROP TRIGGER append_only_table ON {table}",
            )
            for table in ("assignment_flag_proposals", "assignment_flag_decisions")
        ),
    ]
