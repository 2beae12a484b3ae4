"""What tells rows apart, so that importing twice adds nothing.

A row with a reference is that reference of its restaurant. One without is told apart by restaurant,
start, received_at, party size and its count among the rows of the file that are alike so far: rows
that are refused count as well, so that a corrected file finds each of its rows again.
"""

import sqlite3
import uuid
from contextlib import closing
from datetime import datetime
from hashlib import sha256

_SCHEMA = "CREATE TABLE seen (digest BLOB PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID"
_COUNT = "INSERT INTO seen VALUES (?, 1) ON CONFLICT DO UPDATE SET times = times + 1 RETURNING times"


def digest_of(*parts: str | int | datetime | None) -> uuid.UUID:
    """A digest of the parts; the same parts give the same."""
    text = "\x1f".join(part.isoformat() if isinstance(part, datetime) else str(part) for part in parts)
    return uuid.UUID(bytes=sha256(text.encode("utf-8", "surrogatepass")).digest()[:16])


class Alike:
    """Counts rows that are alike, in constant memory: in a temporary file that holds digests only."""

    def __init__(self) -> None:
        # An empty name is SQLite's temporary database, on disk as soon as its cache is full.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA cache_size = -2048")
        self._database.execute(_SCHEMA)
        self._database.execute("BEGIN")

    def count(self, digest: uuid.UUID) -> int:
        """How often this was counted, now included."""
        with closing(self._database.execute(_COUNT, (digest.bytes,))) as found:
            return int(found.fetchone()[0])

    def close(self) -> None:
        self._database.close()
