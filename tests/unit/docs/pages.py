"""The documents as tests read them: links, anchors, and what stands in code spans and blocks."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
PAGES = sorted(
    [*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")],
    key=lambda page: page.relative_to(PROJECT).as_posix(),
)

_FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_ANCHOR = re.compile(r'<a id="([^"]+)"></a>')


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def named(page: Path) -> str:
    """How a failure names a page."""
    return page.relative_to(PROJECT).as_posix()


def links(page: Path) -> Iterator[tuple[str, str]]:
    """File and anchor of each relative link; either may be empty."""
    for target in _LINK.findall(_SPAN.sub("", _FENCE.sub("", text_of(page)))):
        if "://" not in target and not target.startswith("mailto:"):
            file, _, anchor = target.partition("#")
            yield file, anchor


@cache
def anchors(page: Path) -> frozenset[str]:
    """What a link may name: explicit anchors, and headings the way GitHub and GitLab make anchors of them."""
    text = _FENCE.sub("", text_of(page))
    return frozenset(_ANCHOR.findall(text)) | {_slug(heading) for heading in _HEADING.findall(text)}


def spans(page: Path) -> list[str]:
    """What stands in backticks, outside of blocks."""
    return [" ".join(span.split()) for span in _SPAN.findall(_FENCE.sub("", text_of(page)))]


def code_lines(page: Path) -> list[str]:
    """Spans, and the lines of blocks without their comments."""
    blocks = (line for block in _FENCE.findall(text_of(page)) for line in block.splitlines())
    return [*spans(page), *(line.split(" #")[0].strip() for line in blocks)]


def _slug(heading: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", ""))
    return kept.replace(" ", "-")
