"""A version of each restaurant's floor plan, counted by the database whoever edits it."""

from django.db import migrations, models

TABLES = ("tables", "table_adjacencies", "table_combinations", "table_combination_tables")

FUNCTION = """
CREATE FUNCTION count_floor_plan_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE restaurants SET floor_plan_version = floor_plan_version + 1
    WHERE id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.restaurant_id END,
                 CASE WHEN TG_OP <> 'DELETE' THEN NEW.restaurant_id END);
    RETURN NULL;
END
$$
"""

#: A form that was opened before an edit saves the count it read: it must not take it back.
NEVER_BACK = """
CREATE FUNCTION keep_floor_plan_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.floor_plan_version := greatest(NEW.floor_plan_version, OLD.floor_plan_version);
    RETURN NEW;
END
$$;
CREATE TRIGGER floor_plan_count BEFORE UPDATE ON restaurants
    FOR EACH ROW EXECUTE FUNCTION keep_floor_plan_count();
"""


def trigger(table):
    return migrations.RunSQL(
        f"CREATE TRIGGER floor_plan_edit AFTER INSERT OR UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION count_floor_plan_edit()",
        f"DROP TRIGGER floor_plan_edit ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("bookings", "0004_place_from_review")]

    operations = [
        migrations.AddField(
            model_name="restaurant",
            name="floor_plan_version",
            field=models.PositiveIntegerField(default=1, editable=False, help_text="Counted by the database at each edit of the floor plan."),
        ),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION count_floor_plan_edit()"),
        *(trigger(table) for table in TABLES),
        migrations.RunSQL(NEVER_BACK, "DROP FUNCTION keep_floor_plan_count() CASCADE"),
    ]
