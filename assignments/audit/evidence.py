"""Evidence from outside the database: what a mail server took, what was answered to channels."""

import json
import mailbox
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


class EvidenceError(ValueError):
    """A file that cannot be read as evidence: which, why, and what it should hold."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """Message-IDs a mail server accepted by `mails_read_at`, and references of accepted bookings.

    None stands for "not given".
    """

    mails: Sequence[str] | None = None
    mails_read_at: datetime | None = None
    accepted: Sequence[str] | None = None

    def has(self, option: str) -> bool:
        return {"--mail-log": self.mails, "--accepted": self.accepted}[option] is not None


def read_mail_log(path: Path) -> tuple[Sequence[str], datetime]:
    """The Message-IDs of a Maildir folder or a log with one a line, and the moment reading began.

    A line may be a bare Message-ID, a JSON string, or a JSON object with `message_id`. Raises EvidenceError.
    """
    began = datetime.now(UTC)
    try:
        return list(_maildir(path) if path.is_dir() else _lines(path)), began
    except OSError as error:
        raise EvidenceError(f"--mail-log {path}: {error.strerror}; name a Maildir folder or a log") from error


def read_accepted(path: Path) -> Sequence[str]:
    """The references in a file with one a line; empty lines are passed over. Raises EvidenceError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EvidenceError(f"--accepted {path}: {error}; name a file with one reference a line") from error
    return [line.strip() for line in lines if line.strip()]


def _maildir(path: Path) -> Iterator[str]:
    if not (path / "new").is_dir():
        raise EvidenceError(f"--mail-log {path}: no Maildir, it has no folder 'new'; name the mailbox itself")
    for message in mailbox.Maildir(path, create=False):
        if message["Message-ID"]:
            yield str(message["Message-ID"]).strip()


def _lines(path: Path) -> Iterator[str]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            yield _message_id(line.strip(), f"--mail-log {path}, line {number}")


def _message_id(line: str, where: str) -> str:
    if line.startswith("<"):
        return line
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if isinstance(found, dict):
        found = found.get("message_id") or found.get("Message-ID")
    if not isinstance(found, str):
        raise EvidenceError(f"{where}: no Message-ID; a line is <id>, or JSON with message_id")
    return found.strip()
