"""Forms of log lines. Neither shows the message of an exception: it may quote a row, and so a guest."""

import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from psycopg.errors import Error as DatabaseError
from pythonjsonlogger.json import JsonFormatter

from observability import log_context

Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def without_message(error: BaseException) -> str:
    """The exception and those that led to it: frames, class and, of the database's, what rule it broke."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    earlier = f"{without_message(before)}\n\nthen\n\n" if before else ""
    frames = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)))
    return f"{earlier}{frames}{_named(error)}"


def process_role() -> str:
    """What this process was started as: the command of ``manage.py``, else a server of pages."""
    program, *arguments = sys.argv or [""]
    return arguments[0] if arguments and Path(program).name == "manage.py" else "web"


class PlainLines(logging.Formatter):
    """For people: one line a message, frames below it."""

    def format(self, record: logging.LogRecord) -> str:
        # Another handler may have left its own text of the exception on the record.
        record.exc_text = None
        text = super().format(record)
        record.exc_text = None
        return text

    def formatException(self, ei: Raised) -> str:  # noqa: N802 - the library's name
        return without_message(ei[1]) if ei[1] else ""


class JsonLines(JsonFormatter):
    """For machines: an object a line, with these keys alone; what callers attach to a record stays out."""

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        log_data.update(
            time=datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            level=record.levelname,
            logger=record.name,
            message=record.message,
            correlation_id=log_context.correlation_id(),
            booking=log_context.booking(),
            process=process_role(),
            pid=record.process,
        )
        if record.exc_info:
            log_data["exception"] = message_dict["exc_info"]

    def formatException(self, ei: Raised) -> str:  # noqa: N802
        return without_message(ei[1]) if ei[1] else ""


def _named(error: BaseException) -> str:
    name = type(error).__qualname__
    if not isinstance(error, DatabaseError):
        return name
    return " ".join(filter(None, [name, error.sqlstate, error.diag.constraint_name]))


class WithoutStatements(logging.Filter):
    """Keeps Django's DEBUG lines of SQL out: a statement holds what it writes."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.name.startswith("django.db.backends") and record.levelno <= logging.DEBUG)
