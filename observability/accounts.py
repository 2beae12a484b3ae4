"""What a worker knows of people's accounts: whom to name and to write to, and no secret.

The database shows workers these columns alone (config/database_roles.py), so that what they load of a
person has the others deferred.
"""

from django.contrib.auth.models import User

SHOWN = frozenset({"id", "username", "email", "is_active"})


def hidden(path: str = "") -> list[str]:
    """The other columns, to be deferred; `path` leads from the rows that are loaded to the person."""
    lead = f"{path}__" if path else ""
    return [f"{lead}{field.name}" for field in User._meta.concrete_fields if field.column not in SHOWN]  # noqa: SLF001 - documented
