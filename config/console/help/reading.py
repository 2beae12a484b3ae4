"""Documents read, rendered once for each state of their file, and searched."""

from dataclasses import dataclass
from functools import lru_cache

from config.console.help.library import ROOT, documents
from config.console.help.markdown import Section, Text, address, code_text, rendered

#: Most sections that a search lists, those with the words in their heading first.
MOST = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A section that has what was looked for; `of` is its document's title."""

    url: str
    title: str
    of: str


def read(slug: str) -> Text:
    """The document of that name. Raises KeyError if there is none."""
    path = documents()[slug]
    return _rendered(path, (ROOT / path).stat().st_mtime_ns)


def search(wanted: str) -> list[Found]:
    """Sections with all the words, in any order; those with one in their heading first, decisions last."""
    words = wanted.lower().split()
    if not words:
        return []
    hits = [
        (_distance(slug, section, words), _found(slug, text, section))
        for slug in documents()
        for text in [read(slug)]
        for section in text.sections
        if all(word in section.words for word in words)
    ]
    return [found for _, found in sorted(hits, key=lambda hit: hit[0])[:MOST]]


def _distance(slug: str, section: Section, words: list[str]) -> tuple[bool, bool]:
    in_heading = any(word in section.title.lower() for word in words)
    return not in_heading, slug.startswith(("adr", "changelog"))


def _found(slug: str, text: Text, section: Section) -> Found:
    # The title itself is the head of the page, which has no anchor.
    anchor = "" if section.title == text.title else f"#{section.anchor}"
    return Found(url=f"{address(slug)}{anchor}", title=section.title, of=text.title)


@lru_cache(maxsize=256)
def _rendered(path: str, _changed: int) -> Text:
    source = (ROOT / path).read_text(encoding="utf-8")
    return rendered(source, path=path) if path.endswith(".md") else code_text(source, path=path)
