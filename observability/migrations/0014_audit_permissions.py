"""The rights to see and to export who did what, and the log of actions by time."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("observability", "0013_less_on_disk"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="event",
            options={
                "permissions": [
                    ("export_event", "Can export events as CSV"),
                    ("view_audit", "Can see who did what"),
                    ("export_audit", "Can export who did what as CSV"),
                ]
            },
        ),
        # Django reads its log by person only.
        migrations.RunSQL(
            "CREATE INDEX django_admin_log_time ON django_admin_log (action_time, id)",
            "DROP INDEX django_admin_log_time",
        ),
    ]
