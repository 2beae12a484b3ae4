"""What the database lets the web processes and the workers do; migrations run as the tables' owner.

The rights follow from what the database has: a table that can only be added to is one that its trigger keeps
so, and whose a table is, its model tells. So a new table needs a line here only if workers write it, or if
the web must not. See docs/adr/0100-database-rights.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.apps import apps
from django.db import connection
from psycopg import sql

from observability.accounts import SHOWN

READ = frozenset({"SELECT"})
ADD = READ | {"INSERT"}
#: Rows that others make are kept up to date.
KEEP = READ | {"UPDATE"}
CHANGE = ADD | {"UPDATE"}
#: Rows that others make are removed when their time is over.
CLEAR = READ | {"DELETE"}
EVERYTHING = CHANGE | {"DELETE"}

#: Written by migrations or by workers; the web reads them.
_WEB_READS = frozenset(
    {
        "django_migrations",
        "django_content_type",
        "auth_permission",
        "observability_feeds",
        "observability_rollups",
        "observability_outcomes",
        "observability_runs",
    }
)

#: The project's own apps, whose tables workers may read. Of others they get what is named below: neither
#: sessions nor second factors nor the log of actions.
_OWN_APPS = frozenset({"assignments", "bookings", "observability"})

#: Secrets of channels, and proofs that no task asks for.
_NOT_FOR_WORKERS = frozenset({"channel_tokens", "channel_tokens_restaurants", "guest_erasures"})

#: What workers do beyond reading. A table that can only be added to is never changed, whatever stands here.
_WORKERS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        # Runs.
        "bookings": CHANGE,
        "booking_table_allocations": CHANGE,
        "booking_assignment_state_history": ADD,
        "booking_assignment_attempts": ADD,
        "booking_moves": ADD,
        "booking_change_wishes": KEEP,
        "assignment_slots": CHANGE,
        "shadow_comparisons": ADD,
        "review_cases": CHANGE,
        "review_now_fits": EVERYTHING,
        # What is sent and what is taken in.
        "outbox_messages": CHANGE,
        "webhook_deliveries": CHANGE,
        "webhook_endpoints": KEEP,
        "import_runs": KEEP | CLEAR,
        "import_rejects": ADD | CLEAR,
        "api_answers": CLEAR,
        # What was seen, counted and told.
        "observability_events": ADD,
        "observability_timings": EVERYTHING,
        "observability_alerts": CHANGE,
        "observability_alert_changes": ADD,
        "observability_alert_notices": CHANGE,
        "observability_rule_standings": CHANGE,
        "observability_feeds": KEEP,
        "observability_rollups": EVERYTHING,
        "observability_outcomes": CHANGE,
        "observability_runs": CHANGE,
        # The guard stops a rollout; a decision that is signed is carried out though its last signer is gone.
        "assignment_flags": CHANGE,
        "assignment_flag_acknowledgements": EVERYTHING,
        "assignment_flag_changes": ADD,
        "assignment_flag_cohorts": ADD,
        "assignment_flag_overrides": EVERYTHING,
        "rollout_guard": CHANGE,
        "rollout_incidents": ADD,
        "rollout_ledger": ADD,
        "rollout_notices": CHANGE,
        "rollout_phases": CHANGE,
        "rollout_policies": ADD,
        "rollout_snapshots": ADD,
        # Who may do what; of people themselves see below.
        "auth_user_groups": READ,
        "auth_user_user_permissions": READ,
        "auth_group": READ,
        "auth_group_permissions": READ,
        "auth_permission": READ,
        "django_content_type": READ,
        # The queue.
        "django_q_ormq": EVERYTHING,
        "django_q_schedule": KEEP,
        "django_q_task": CHANGE,
    }
)

#: Columns that workers change of rows that are people's: a sign-off is closed, what was signed stays; words
#: about a guest go when the guest is forgotten.
_WORKERS_CHANGE_OF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "rollout_sign_offs": ("ended", "ended_why", "closed_at"),
        "review_notes": ("text",),
        "review_resolutions": ("override_reason", "sentence", "before"),
    }
)

#: Columns that workers read of tables whose others are not for them: whom to name and to tell.
_WORKERS_READ_OF: Mapping[str, tuple[str, ...]] = MappingProxyType({"auth_user": tuple(sorted(SHOWN))})

#: Functions that run with their owner's rights: partitions are made and dropped by them alone.
WORKERS_CALL = ("ensure_events_partition(date)", "drop_events_partition(date)")

#: Read by name, for what has no day of its own.
_EVENTS_DEFAULT = "observability_events_default"


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table of the database: the app of its model (none has ""), and whether it can only be added to."""

    name: str
    app: str
    append_only: bool


def tables() -> list[Table]:
    """The tables of this database, partitions aside, by name."""
    metas = [model._meta for model in apps.get_models(include_auto_created=True)]  # noqa: SLF001 - documented
    app_of = {meta.db_table: meta.app_label for meta in metas}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT relname, EXISTS (SELECT FROM pg_trigger
                                    WHERE tgrelid = pg_class.oid AND tgfoid = 'refuse_change'::regproc)
            FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
            ORDER BY relname
            """
        )
        found = cursor.fetchall()
    return [Table(name=name, app=app_of.get(name, ""), append_only=only) for name, only in found]


def named() -> frozenset[str]:
    """The tables whose rights are written here by name."""
    return (
        _WEB_READS | _NOT_FOR_WORKERS | _WORKERS.keys() | _WORKERS_CHANGE_OF.keys() | _WORKERS_READ_OF.keys()
    )


def rights_of_web(table: Table) -> frozenset[str]:
    """What web processes may do with a table."""
    if table.name in _WEB_READS:
        return READ
    return ADD if table.append_only else EVERYTHING


def rights_of_worker(table: Table) -> frozenset[str]:
    """What workers may do with a table."""
    read = READ if table.app in _OWN_APPS and table.name not in _NOT_FOR_WORKERS else frozenset()
    rights = _WORKERS.get(table.name, read)
    return rights & ADD if table.append_only else rights


def statements(*, web: str, worker: str, keep_events_days: int) -> Iterator[str]:
    """SQL that gives the two roles exactly their rights; run again, it changes nothing.

    Missing roles are made, able to log in and without a password. No day of events younger than
    `keep_events_days` can be dropped from then on, whoever asks. Asks the database what tables it has.
    """
    both = f"{_name(web)}, {_name(worker)}"
    for role in (web, worker):
        yield (
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {_text(role)})"
            f" THEN CREATE ROLE {_name(role)} LOGIN; END IF;"
            # Another process made it meanwhile.
            " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
    yield from (
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {both}",
        f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {both}",
        f"GRANT USAGE ON SCHEMA public TO {both}",
        # Ids are taken and looked at; setting a sequence back needs more.
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {both}",
    )
    found = tables()
    yield from _grants(web, ((table.name, rights_of_web(table)) for table in found))
    yield from _grants(worker, ((table.name, rights_of_worker(table)) for table in found))
    for table, columns in _WORKERS_CHANGE_OF.items():
        yield f"GRANT UPDATE ({', '.join(columns)}) ON {_name(table)} TO {_name(worker)}"
    for table, columns in _WORKERS_READ_OF.items():
        yield f"GRANT SELECT ({', '.join(columns)}) ON {_name(table)} TO {_name(worker)}"
    yield f"GRANT SELECT ON {_EVENTS_DEFAULT} TO {_name(worker)}"
    for function in WORKERS_CALL:
        yield f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC, {_name(web)}"
        yield f"GRANT EXECUTE ON FUNCTION {function} TO {_name(worker)}"
    yield (
        "CREATE OR REPLACE FUNCTION events_kept_days() RETURNS integer LANGUAGE sql IMMUTABLE"
        f" AS 'SELECT {keep_events_days:d}'"
    )


def _grants(role: str, rights: Iterable[tuple[str, frozenset[str]]]) -> Iterator[str]:
    """One statement for all tables with the same rights."""
    alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for table, granted in rights:
        if granted:
            alike[tuple(sorted(granted))].append(_name(table))
    for granted_to_all, names in sorted(alike.items()):
        yield f"GRANT {', '.join(granted_to_all)} ON {', '.join(names)} TO {_name(role)}"


def _name(name: str) -> str:
    return sql.Identifier(name).as_string()


def _text(value: str) -> str:
    return sql.Literal(value).as_string()
