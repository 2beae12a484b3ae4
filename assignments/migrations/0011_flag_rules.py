"""Flags' cohorts and changes are history, and the version goes up by one with every write."""

from django.db import migrations

VERSION_RULE = """
CREATE FUNCTION flags_version_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Processes look for a new version only: a write that keeps it would never reach them.
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'flags version % follows %, not %', OLD.version + 1, OLD.version, NEW.version
            USING ERRCODE = 'restrict_violation',
                  HINT = 'Write flags through manage.py flags or the console.';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER flags_version_moves BEFORE UPDATE ON assignment_flags
    FOR EACH ROW EXECUTE FUNCTION flags_version_moves();
"""


class Migration(migrations.Migration):
    dependencies = [("assignments", "0010_flags"), ("observability", "0001_initial")]

    operations = [
        migrations.RunSQL(VERSION_RULE, "DROP FUNCTION flags_version_moves() CASCADE"),
        *(
            migrations.RunSQL(
                f"SELECT make_append_only('{table}')",
                f"DROP TRIGGER append_only_rows ON {table}; DROP TRIGGER append_only_table ON {table}",
            )
            for table in ("assignment_flag_cohorts", "assignment_flag_changes")
        ),
    ]
