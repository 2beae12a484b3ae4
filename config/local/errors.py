"""What goes wrong with an embedded server."""

from pathlib import Path


class LocalServiceError(RuntimeError):
    """An embedded server cannot be started, reached or stopped; the text says how to go on."""


def failure(*, what: str, way_out: str, log: Path | None = None) -> LocalServiceError:
    """A LocalServiceError of the form: what happened, what to do, where the log is and how it ends."""
    text = f"{what}. {way_out}"
    return LocalServiceError(f"{text}\nLog: {log}{_tail(log)}" if log else text)


def _tail(log: Path, *, lines: int = 6) -> str:
    try:
        last = log.read_text(errors="replace").splitlines()[-lines:]
    except OSError:
        return ""
    return "".join(f"\n    {line}" for line in last)
