"""Functions that run with their owner's rights find the owner's tables only, and keep what the owner wants kept."""

from pathlib import Path

from django.db import migrations

STATEMENTS = (Path(__file__).with_name("sql") / "owners_functions.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("observability", "0016_source_access")]

    # Backwards the functions stay as they are: they do for the code before what those before them did.
    operations = [migrations.RunSQL(STATEMENTS, migrations.RunSQL.noop)]
