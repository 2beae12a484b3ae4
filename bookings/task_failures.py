"""What may be kept of a task that failed: where and with what, not the exception's message.

A message may quote the row it was about, and with it the guest.
"""

import re

_HEAD = "Traceback (most recent call last):"
_FRAME = re.compile(r'  File "[^"]+", line \d+, in \S+')
_CLASS = re.compile(r"([A-Za-z_][\w.]*)(:|$)")


def without_messages(result: object) -> str:
    """django-q2's "message : traceback" of a failure as its frames and the exception's class.

    Of exceptions one after another the first is kept, which is the cause of the others.
    """
    _, head, after = str(result).partition(_HEAD)
    if not head:
        return "failed; it left no traceback"
    kept = [_HEAD]
    for line in after.splitlines()[1:]:
        if not line.startswith(" "):
            raised = _CLASS.match(line)
            kept.append(raised[1] if raised else "an exception")
            break
        if _FRAME.fullmatch(line):
            kept.append(line)
    return "\n".join(kept)
