"""The data map is whole, and true of the database."""

from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection

from bookings.privacy.data_map import GUEST_DATA, IN_FILES, PLAIN, STAFF


@pytest.mark.django_db
def test_every_column_that_can_hold_text_is_classified() -> None:
    for model in apps.get_models(include_auto_created=True):
        label, held = model._meta.label, GUEST_DATA.get(model._meta.label)
        known = [*PLAIN.get(label, ()), *STAFF.get(label, ()), *IN_FILES.get(label, ())]
        if held:
            known += {*held.guest, *held.words, *held.keys, *held.quoting}
        assert len(known) == len(set(known)), f"{label}: a column has two classes"
        columns = {field.column for field in model._meta.concrete_fields if _holds_text(field)}
        assert columns == set(known), f"{label}: classify its columns in bookings.privacy.data_map"


def _holds_text(field: Any) -> bool:
    kind = field.db_type(connection) or ""
    return "[]" in kind or kind.startswith(("varchar", "text", "json", "bytea"))


@pytest.mark.django_db
def test_tables_that_are_only_added_to_hold_no_guest() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgfoid='refuse_change'::regproc"
        )
        fixed = {name for (name,) in cursor.fetchall()}
    holding = {apps.get_model(label)._meta.db_table for label in (*GUEST_DATA, *IN_FILES)}
    assert "observability_events" in fixed
    assert not fixed & holding


def test_the_docs_name_every_table_that_may_hold_a_guest() -> None:
    page = (settings.BASE_DIR / "docs/data-protection.md").read_text()
    for label in (*GUEST_DATA, *IN_FILES):
        assert f"`{apps.get_model(label)._meta.db_table}`" in page, f"docs/data-protection.md lacks {label}"
