"""What tests of flags share: a cause for changes, and short names for the services."""

from typing import Any

from assignments.flags.authors import Author
from tests.factories import NOW

ENGINEER = Author(name="engineer")

#: Who, when and why of a change no test looks at.
CAUSE: dict[str, Any] = {"reason": "a test", "by": ENGINEER, "now": NOW}
