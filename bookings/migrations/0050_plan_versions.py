from django.db import migrations

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
    dependencies = [("bookings", "0012_what_waits")]

    operations = [migrations.RunSQL(DRAWN, COUNTED)]
