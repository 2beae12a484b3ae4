"""Log lines: what is on them, and that an exception's message never is."""

import json
import logging
import sys
from typing import Any

import pytest

from observability import log_context
from observability.log_lines import JsonLines, PlainLines, process_role

GUEST = "Ada Guest"


def failed_record(**extra: Any) -> logging.LogRecord:
    """A record of an exception that led to another, both of which name a guest."""
    nobody: dict[str, int] = {}
    try:
        try:
            nobody[GUEST]
        except KeyError as cause:
            raise ValueError(f"{GUEST} has no table") from cause
    except ValueError:
        record = logging.LogRecord("some", logging.ERROR, __file__, 1, "it %s", ("broke",), sys.exc_info())
    record.__dict__.update(extra)
    return record


@pytest.mark.parametrize("form", [PlainLines(), JsonLines()])
def test_exceptions_tell_classes_and_frames_only(form: logging.Formatter) -> None:
    record = failed_record()
    record.exc_text = "left by another handler: Ada Guest"
    text = form.format(record)
    assert "Ada" not in text
    assert text.index("KeyError") < text.index("ValueError")
    assert "in failed_record" in text


def test_json_has_these_keys_and_nothing_that_callers_attach() -> None:
    log_context.begin_task("5f3a")
    with log_context.about_booking(7):
        line = json.loads(JsonLines().format(failed_record(request="GET /find?q=Ada", status_code=500)))
    log_context.end_task()
    assert set(line) == {
        "time", "level", "logger", "message", "correlation_id", "booking", "process", "pid", "exception",
    }  # fmt: skip
    assert (line["message"], line["correlation_id"], line["booking"]) == ("it broke", "5f3a", 7)
    assert line["time"].endswith("+00:00")


def test_a_message_over_several_lines_is_one_line_of_json() -> None:
    record = logging.LogRecord("some", logging.INFO, __file__, 1, "one\ntwo", (), None)
    assert "\n" not in JsonLines().format(record)


@pytest.mark.parametrize(
    ("arguments", "role"),
    [
        (["/app/manage.py", "qcluster"], "qcluster"),
        (["manage.py"], "web"),
        (["gunicorn", "config.wsgi"], "web"),
        ([], "web"),
    ],
)
def test_the_process_is_named_by_what_it_was_started_as(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], role: str
) -> None:
    monkeypatch.setattr(sys, "argv", arguments)
    assert process_role() == role
