"""Reads JSON objects key by key and notes everything that is wrong with them, each with its path."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, TypeVar

Found = TypeVar("Found")
Path = tuple[str | int, ...]

#: What the columns hold.
MOST = 32_767

#: Stands for a moment that could not be read.
NO_MOMENT = datetime(1, 1, 1)  # noqa: DTZ001 - a clock time, as those of the document

_REQUIRED: Any = object()


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """What is wrong at a path of the document."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{written(self.path)}: {self.reason}"


def written(path: Path) -> str:
    """`$.tables[3].capacity`."""
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


class PlanError(ValueError):
    """A document that is no floor plan; `problems` has all that was found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class ObjectReader:
    """An object of the document. Each method reads a key; one that is wrong is noted and read as its default.

    Keys nobody asked for are noted by `nothing_else`.
    """

    def __init__(self, content: object, path: Path, problems: list[Problem]) -> None:
        self.path = path
        self.problems = problems
        self.content: Mapping[str, Any] = content if isinstance(content, dict) else {}
        self.asked: set[str] = set()
        if not isinstance(content, dict):
            self.note(f"expected an object, not {shown(content)}")

    def note(self, reason: str, *path: str | int) -> None:
        self.problems.append(Problem(path=(*self.path, *path), reason=reason))

    def has(self, key: str) -> bool:
        self.asked.add(key)
        return key in self.content

    def text(self, key: str, default: str = _REQUIRED, *, longest: int, empty: bool = False) -> str:
        value = str(self._read(key, default, "", lambda v: isinstance(v, str), "a text")).strip()
        if not value and not empty and isinstance(self.content.get(key), str):
            self.note("is empty", key)
        if len(value) > longest:
            self.note(f"{len(value)} characters are too many; write at most {longest}", key)
        if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
            self.note("has a character that cannot be stored", key)
        return value

    def whole(self, key: str, default: int = _REQUIRED, *, least: int = 0, most: int = MOST) -> int:
        value: int = self._read(key, default, least, _is_whole, "a whole number")
        if not least <= value <= most:
            self.note(f"{value} is not within {least} to {most}", key)
            return least
        return value

    def truth(self, key: str, *, default: bool) -> bool:
        value: bool = self._read(key, default, default, lambda v: isinstance(v, bool), "true or false")
        return value

    def choice(self, key: str, allowed: Sequence[str], default: str = _REQUIRED) -> str:
        value = self.text(key, default, longest=40)
        if value and value not in allowed:
            self.note(f"{value!r} is not known; known: {', '.join(allowed)}", key)
        return value

    def choices(self, key: str, allowed: Sequence[str]) -> tuple[str, ...]:
        """A list of words, each once, in order."""
        found = {str(word) for word in self.items(key)}
        for word in sorted(found.difference(allowed)):
            self.note(f"{word!r} is not known; known: {', '.join(allowed)}", key)
        return tuple(sorted(found))

    def clock(self, key: str, default: time | None = _REQUIRED) -> time:
        return self._parsed(key, default, time(0), _clock, "a time such as 18:30")

    def day(self, key: str, default: date = _REQUIRED) -> date:
        return self._parsed(key, default, date.min, date.fromisoformat, "a day such as 2026-12-24")

    def moment(self, key: str) -> datetime:
        return self._parsed(
            key, _REQUIRED, NO_MOMENT, datetime.fromisoformat, "a time such as 2026-11-21T17:00"
        )

    def items(self, key: str) -> Sequence[object]:
        """The items of a list; none where the key is absent."""
        value: Sequence[object] = self._read(key, [], [], lambda v: isinstance(v, list), "a list")
        return value

    def objects(self, key: str) -> Iterator["ObjectReader"]:
        """A reader for each item of a list of objects; what it leaves unread is noted."""
        for place, item in enumerate(self.items(key)):
            reader = ObjectReader(item, (*self.path, key, place), self.problems)
            yield reader
            reader.nothing_else()

    def nothing_else(self) -> None:
        for key in sorted(set(self.content) - self.asked):
            self.note(f"unknown key; known are {', '.join(sorted(self.asked))}", key)

    def _read(self, key: str, default: Any, fallback: Any, fits: Callable[[Any], bool], expected: str) -> Any:
        self.asked.add(key)
        if key not in self.content:
            if default is _REQUIRED:
                self.note("missing", key)
                return fallback
            return default
        if not fits(self.content[key]):
            self.note(f"expected {expected}, not {shown(self.content[key])}", key)
            return fallback
        return self.content[key]

    def _parsed(
        self, key: str, default: Any, fallback: Found, parse: Callable[[str], Found], expected: str
    ) -> Found:
        text = self._read(key, default, None, lambda v: isinstance(v, str), expected)
        if not isinstance(text, str):
            return default if text is default and default is not _REQUIRED else fallback
        try:
            return parse(text.strip())
        except ValueError:
            self.note(f"expected {expected}, not {shown(text)}", key)
            return fallback


def shown(value: object) -> str:
    """The value as a message names it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else f"{value[:40]}…")
    return str(value)[:40] if isinstance(value, int | float) else f"a {type(value).__name__}"


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _clock(text: str) -> time:
    if not re.fullmatch(r"\d\d:\d\d", text, re.ASCII):
        raise ValueError(text)
    return time.fromisoformat(text)
