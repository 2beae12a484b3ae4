"""Where the audit reads from. Each source is a statement with the same columns; a new one is one entry more.

Columns: id, at, actor, kind, about, reference, restaurant_id, what, flag, before, after, reason. `flag` is
that of Django's log of actions, whose messages are rendered, and null elsewhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.admin.models import LogEntry

from observability.named_sql import Folder, ask

_SQL = Folder(__file__)

#: Names of the sources as the address and the files have them, and as people read them. Their order is
#: part of the key of a page: two rows of one instant follow it.
SOURCES: Mapping[str, str] = {
    "actions": "Action",
    "flags": "Flag",
    "proposals": "Proposal",
    "decisions": "Decision",
    "rollout": "Rollout",
    "states": "State",
    "moves": "Move",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What to look for; empty fields and None leave all in. `restaurants` None: of all and of none."""

    source: str = ""
    who: str = ""
    about: str = ""
    since: datetime | None = None
    restaurants: frozenset[int] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """Where a page ends: rows strictly below follow. Written as text in addresses."""

    at: datetime
    source: str
    id: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.source}~{self.id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Something somebody did; `reference` is the booking's, where it was about one."""

    key: Key
    actor: str
    kind: str
    about: str
    reference: str
    restaurant_id: int | None
    what: str
    before: str
    after: str
    reason: str


def key_of(text: str) -> Key | None:
    """The key a page's address names; None for what is none."""
    parts = text.split("~")
    if len(parts) != 3 or parts[1] not in SOURCES or not parts[2].isdecimal() or len(parts[2]) > 18:
        return None
    try:
        at = datetime.fromisoformat(parts[0])
    except ValueError:
        return None
    return Key(at=at, source=parts[1], id=int(parts[2])) if at.tzinfo else None


def entries(wanted: Wanted, *, below: Key | None, most: int) -> list[Entry]:
    """The newest entries below a key (one query)."""
    names = [wanted.source] if wanted.source in SOURCES else list(SOURCES)
    parts = " UNION ALL ".join(f"({_narrowed(name)})" for name in names)
    statement = f"SELECT * FROM ({parts}) rows ORDER BY at DESC, source DESC, id DESC LIMIT %(most)s"  # noqa: S608 - names are ours
    found = ask(statement, _given(wanted, below, most))
    return [_entry(row) for row in found]


def every_entry(wanted: Wanted, *, chunk: int) -> Iterator[Entry]:
    """All of them, a chunk at a time: rows that are added meanwhile neither repeat nor hide one."""
    below = None
    while page := entries(wanted, below=below, most=chunk):
        yield from page
        below = page[-1].key


def _narrowed(name: str) -> str:
    """One source, cut to a page of its own, so that it is read by its index on time."""
    return f"""
        SELECT '{name}'::text AS source, s.* FROM ({_SQL[name]}) s
        WHERE (%(since)s::timestamptz IS NULL OR s.at >= %(since)s)
          AND (%(at)s::timestamptz IS NULL OR s.at <= %(at)s)
          AND (%(at)s::timestamptz IS NULL OR (s.at, '{name}'::text, s.id) < (%(at)s, %(source)s, %(id)s))
          AND (%(restaurants)s::bigint[] IS NULL OR s.restaurant_id = ANY (%(restaurants)s))
          AND (%(who)s = '' OR strpos(lower(s.actor), lower(%(who)s)) > 0)
          AND (%(about)s = '' OR strpos(lower(s.about), lower(%(about)s)) > 0)
        ORDER BY s.at DESC, s.id DESC LIMIT %(most)s"""  # noqa: S608 - names are ours


def _given(wanted: Wanted, below: Key | None, most: int) -> dict[str, Any]:
    return {
        "since": wanted.since,
        "restaurants": None if wanted.restaurants is None else sorted(wanted.restaurants),
        "who": wanted.who,
        "about": wanted.about,
        "at": below.at if below else None,
        "source": below.source if below else "",
        "id": below.id if below else 0,
        "most": most,
    }


def _entry(row: Any) -> Entry:
    return Entry(
        key=Key(at=row.at, source=row.source, id=row.id),
        actor=row.actor,
        kind=row.kind or "",
        about=row.about,
        reference=row.reference or "",
        restaurant_id=row.restaurant_id,
        what=row.what if row.flag is None else _action(row),
        before=row.before or "",
        after=row.after or "",
        reason=row.reason or "",
    )


def _action(row: Any) -> str:
    """What Django's log says; added, changed and deleted records have messages of its own."""
    logged = LogEntry(action_flag=row.flag, change_message=row.what, object_repr=row.about)
    return logged.get_change_message() or str(logged.get_action_flag_display())
