"""Which documents and pictures there are. An address is looked up among them, never put together."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from django.conf import settings

#: Where the documents lie; paths below are relative to it, as links between documents are resolved.
ROOT = Path(settings.BASE_DIR)

#: The page of all documents.
INDEX = "docs/README.md"

#: Documents beside the folder of documents.
_OUTSIDE = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")


@cache
def documents() -> Mapping[str, str]:
    """Path of each document by the name that it has in addresses; the index has none ("")."""
    return MappingProxyType({_slug(path): path for path in _paths() if (ROOT / path).is_file()})


@cache
def slugs() -> Mapping[str, str]:
    """Name in addresses of each document by its path."""
    return MappingProxyType({path: slug for slug, path in documents().items()})


@cache
def pictures() -> Mapping[str, Path]:
    """File of each picture by its path below the folder of documents."""
    folder = ROOT / "docs"
    return MappingProxyType({file.relative_to(folder).as_posix(): file for file in folder.rglob("*.png")})


def _paths() -> Iterator[str]:
    yield from _OUTSIDE
    for pattern in ("*.md", "*.sql"):
        for file in sorted((ROOT / "docs").rglob(pattern)):
            yield file.relative_to(ROOT).as_posix()


def _slug(path: str) -> str:
    """`runbook` of `docs/runbook.md`, `adr` of `docs/adr/README.md`, `readme` of the project's own."""
    if path == INDEX:
        return ""
    if path in _OUTSIDE:
        return path.removesuffix(".md").lower()
    return PurePosixPath(path).relative_to("docs").as_posix().removesuffix(".md").removesuffix("/README")
