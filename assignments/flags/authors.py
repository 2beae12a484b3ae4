"""Who changes flags, and how many characters a name and a reason may have."""

from dataclasses import dataclass

LONGEST_REASON = 500
LONGEST_NAME = 150


@dataclass(frozen=True, kw_only=True, slots=True)
class Author:
    """Who changes a flag: the user's name, or the name of what runs where nobody is logged in."""

    name: str
    user_id: int | None = None
