"""Functions that run with their owner's rights find the owner's tables only, and keep what the owner wants kept."""

from pathlib import Path

from django.db import migrations

STATEMENTS = (Path(__file__).with_name("sql") / "owners_functions.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("observability", "0016_source_access")]

    # The functions before stay right for the code before: nothing to take back.
    operations = [migrations.RunSQL(STATEMENTS, migrations.RunSQL.noop)]
