"""Whether what is committed is on disk by then."""

from django.db import connection


def waits_for_disk() -> bool:
    """Whether the transaction at hand will, when it commits."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        return bool(cursor.fetchone()[0] == "on")


def have_it_wait() -> None:
    """Have the transaction at hand wait, unless it says otherwise after this."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit TO on")
