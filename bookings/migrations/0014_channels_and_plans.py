import django.contrib.postgres.fields
from django.conf import settings
from django.db import migrations, models


#: From one sequence for all, since that never gives a number twice, not even after a rollback: processes keep
#: floor plans by their version, also one that was only tried out in a preview.
DRAWN = """
CREATE SEQUENCE floor_plan_versions AS integer;
SELECT setval('floor_plan_versions', (SELECT coalesce(max(floor_plan_version), 0) + 1 FROM restaurants));
CREATE OR REPLACE FUNCTION count_floor_plan_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE restaurants SET floor_plan_version = nextval('floor_plan_versions')
    WHERE id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.restaurant_id END,
                 CASE WHEN TG_OP <> 'DELETE' THEN NEW.restaurant_id END);
    RETURN NULL;
END
$$
"""

COUNTED = """
CREATE OR REPLACE FUNCTION count_floor_plan_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE restaurants SET floor_plan_version = floor_plan_version + 1
    WHERE id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.restaurant_id END,
                 CASE WHEN TG_OP <> 'DELETE' THEN NEW.restaurant_id END);
    RETURN NULL;
END
$$;
DROP SEQUENCE floor_plan_versions
"""


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0013_queue_order'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(DRAWN, COUNTED),
        migrations.AlterModelOptions(
            name='restaurant',
            options={'ordering': ['name'], 'permissions': [('every_restaurant', 'Work for every restaurant'), ('import_floor_plan', 'Can import floor plans from files')]},
        ),
        migrations.RemoveConstraint(
            model_name='importrun',
            name='import_runs_content_while_needed',
        ),
        migrations.RemoveConstraint(
            model_name='webhookdelivery',
            name='webhook_deliveries_once',
        ),
        migrations.RemoveConstraint(
            model_name='webhookdelivery',
            name='webhook_deliveries_event_known',
        ),
        migrations.RemoveConstraint(
            model_name='webhookendpoint',
            name='webhook_endpoints_events_known',
        ),
        migrations.AddField(
            model_name='importrun',
            name='attempts',
            field=models.PositiveSmallIntegerField(default=0, help_text='Slices begun since the last rows were imported; more than one: workers were lost.'),
        ),
        migrations.AlterField(
            model_name='webhookdelivery',
            name='event',
            field=models.CharField(choices=[('booking.confirmed', 'Confirmed'), ('booking.manual_review', 'Gone to manual review'), ('booking.cancelled', 'Cancelled'), ('booking.assignment_pending', 'Waiting to be planned again'), ('booking.checked_in', 'Checked in'), ('booking.completed', 'Completed'), ('booking.no_show', 'No-show'), ('webhook.test', 'Test')], max_length=40),
        ),
        migrations.AlterField(
            model_name='webhookendpoint',
            name='events',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('booking.confirmed', 'Confirmed'), ('booking.manual_review', 'Gone to manual review'), ('booking.cancelled', 'Cancelled'), ('booking.assignment_pending', 'Waiting to be planned again'), ('booking.checked_in', 'Checked in'), ('booking.completed', 'Completed'), ('booking.no_show', 'No-show')], max_length=40), size=None),
        ),
        migrations.AddConstraint(
            model_name='importrun',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('content__isnull', False), ('finished_at__isnull', True), ('status__in', ['draft', 'running'])), models.Q(('content__isnull', True), ('finished_at__isnull', False), ('status', 'done')), models.Q(('finished_at__isnull', False), ('status', 'failed')), _connector='OR'), name='import_runs_content_while_needed'),
        ),
        migrations.AddConstraint(
            model_name='webhookdelivery',
            constraint=models.UniqueConstraint(fields=('endpoint', 'booking', 'version', 'event'), name='webhook_deliveries_once'),
        ),
        migrations.AddConstraint(
            model_name='webhookdelivery',
            constraint=models.CheckConstraint(condition=models.Q(('event__in', ['booking.confirmed', 'booking.manual_review', 'booking.cancelled', 'booking.assignment_pending', 'booking.checked_in', 'booking.completed', 'booking.no_show', 'webhook.test'])), name='webhook_deliveries_event_known'),
        ),
        migrations.AddConstraint(
            model_name='webhookendpoint',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('events__len', 0), _negated=True), ('events__contained_by', ['booking.confirmed', 'booking.manual_review', 'booking.cancelled', 'booking.assignment_pending', 'booking.checked_in', 'booking.completed', 'booking.no_show'])), name='webhook_endpoints_events_known'),
        ),
    ]
