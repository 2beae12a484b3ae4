"""That guests were erased: a table that is only added to."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bookings', '0015_what_people_did'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='GuestErasure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('proofs', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), size=None)),
                ('rows', models.JSONField(help_text='Rows and files changed, by what people call the place.')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('actor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'guest_erasures',
                'ordering': ['-id'],
                'permissions': [('erase_guest', "Can export and erase a guest's data")],
                'constraints': [models.CheckConstraint(condition=models.Q(('proofs__len', 0), _negated=True), name='guest_erasures_proven')],
            },
        ),
        migrations.RunSQL(
            "SELECT make_append_only('guest_erasures')",
            "DROP TRIGGER append_only_rows ON guest_erasures; DROP TRIGGER append_only_table ON guest_erasures",
        ),
    ]
