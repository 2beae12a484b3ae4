"""What Django cannot say: rows of one restaurant refer to rows of the same, and history stays as it is."""

from django.db import migrations

#: (table, column, target): (restaurant_id, column) refers to the target's (restaurant_id, id).
SAME_RESTAURANT = [
    ("tables", "zone_id", "zones"),
    ("table_adjacencies", "table_low_id", "tables"),
    ("table_adjacencies", "table_high_id", "tables"),
    ("table_combination_tables", "combination_id", "table_combinations"),
    ("table_combination_tables", "table_id", "tables"),
    ("table_blocks", "table_id", "tables"),
    ("bookings", "zone_id", "zones"),
    ("booking_table_allocations", "booking_id", "bookings"),
    ("booking_table_allocations", "table_id", "tables"),
]


def same_restaurant(table, column, target):
    name = f"{table}_{column}_same_restaurant"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (restaurant_id, {column}) "
        f"REFERENCES {target} (restaurant_id, id) DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("bookings", "0001_initial")]

    operations = [
        *(same_restaurant(*link) for link in SAME_RESTAURANT),
        migrations.RunSQL(
            "SELECT make_append_only('booking_assignment_state_history')",
            "DROP TRIGGER append_only_rows ON booking_assignment_state_history;"
            "DROP TRIGGER append_only_table ON booking_assignment_state_history",
        ),
    ]
