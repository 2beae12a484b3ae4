"""Markdown to HTML in the console's look. No HTML of a document passes, but anchors of the form GitHub takes.

Links between documents become links between pages of the console; what is no document of the library, such as
a source file, keeps its words and loses its link.
"""

import posixpath
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

from django.urls import reverse
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin

from config.console.help.library import pictures, slugs

_ANCHOR = re.compile(r'<a id="([\w.-]+)"></a>')
_OUTWARD = re.compile(r"[a-z]+:", re.IGNORECASE)
_ARROW = re.compile(r"^\s*(\S+) --> (\w+)(?:: (.+))?$", re.MULTILINE)
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A heading with what stands below it up to the next one, in words; `level` is 1 for a page's title."""

    level: int
    anchor: str
    title: str
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A document's title, its body without it as safe HTML, and its sections in order."""

    title: str
    html: str
    sections: tuple[Section, ...]


def rendered(source: str, *, path: str) -> Text:
    """`path` is the document's own, that its links start from."""
    parser = _parser()
    env: dict[str, Any] = {"folder": posixpath.dirname(path)}
    tokens = parser.parse(source, env)
    sections = tuple(_sections(tokens))
    title, body = _without_title(tokens)
    html = parser.renderer.render(body, parser.options, env)
    return Text(title=title or _named(path), html=html, sections=sections)


def code_text(source: str, *, path: str) -> Text:
    """A file that is no markdown, such as queries."""
    html = f'<pre class="block" tabindex="0"><code>{escape(source)}</code></pre>'
    name = posixpath.basename(path)
    return Text(
        title=name, html=html, sections=(Section(level=1, anchor="", title=name, words=source.lower()),)
    )


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.use(anchors_plugin, max_level=4)
    parser.inline.ruler.before("link", "anchor_tag", _anchor_tag)
    parser.core.ruler.push("library_links", _library_links)
    parser.core.ruler.push("empty_headings", _empty_headings)
    for name in (
        "anchor_tag",
        "table_open",
        "table_close",
        "fence",
        "heading_open",
        "heading_close",
        "image",
    ):
        parser.add_render_rule(name, _RULES[name])
    return parser


def _anchor_tag(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - the parser calls it so
    """`<a id="key"></a>`, the one tag that documents use: it keeps an address while headings change."""
    found = _ANCHOR.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        state.push("anchor_tag", "a", 0).attrSet("id", found[1])
    state.pos = found.end()
    return True


def _library_links(state: StateCore) -> None:
    folder = state.env["folder"]
    for token in state.tokens:
        opened: list[Token] = []
        for child in token.children or ():
            if child.type == "link_open":
                opened.append(child)
                _turn_link(child, folder)
            elif child.type == "link_close":
                child.tag = opened.pop().tag
            elif child.type == "image":
                child.meta["picture"] = _resolved(str(child.attrGet("src")), folder)


def _empty_headings(state: StateCore) -> None:
    """A column without a heading has a plain cell there, which nobody is read."""
    for head, words, end in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        if head.type == "th_open" and not words.content:
            head.tag = end.tag = "td"


def _turn_link(link: Token, folder: str) -> None:
    target = str(link.attrGet("href"))
    if _OUTWARD.match(target):
        link.attrSet("rel", "noreferrer noopener")
    elif not target.startswith("#"):
        file, _, anchor = target.partition("#")
        slug = slugs().get(path := _resolved(file, folder))
        if slug is None:
            link.tag, link.attrs = "span", {"title": path}
        else:
            link.attrSet("href", f"{address(slug)}{'#' if anchor else ''}{anchor}")


def address(slug: str) -> str:
    """Address of a document's page."""
    return reverse("admin:help_page", args=[slug]) if slug else reverse("admin:help")


def _resolved(target: str, folder: str) -> str:
    """A link's file from the project's folder; what leads out of it begins with dots and is in no library."""
    return posixpath.normpath(posixpath.join(folder, unquote(target)))


def _without_title(tokens: list[Token]) -> tuple[str, list[Token]]:
    """Words of the first heading, and the rest; further headings of its level push the others down by one."""
    title = ""
    if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        title, tokens = _words(tokens[1]), tokens[3:]
    if any(token.type == "heading_open" and token.tag == "h1" for token in tokens):
        for token in tokens:
            if token.type in {"heading_open", "heading_close"}:
                token.tag = f"h{int(token.tag[1]) + 1}"
    return title, tokens


def _named(path: str) -> str:
    """Title of a document that gives itself none."""
    return Path(path).stem.replace("-", " ").capitalize()


def _sections(tokens: Sequence[Token]) -> Iterator[Section]:
    """Levels as written. Words are in lower case, for looking things up."""
    starts = [place for place, token in enumerate(tokens) if token.type == "heading_open"]
    for start, end in pairwise([*starts, len(tokens)]):
        words = (_words(token) for token in tokens[start:end] if token.type in {"inline", "fence"})
        yield Section(
            level=int(tokens[start].tag[1]),
            anchor=str(tokens[start].attrGet("id") or ""),
            title=_words(tokens[start + 1]),
            words=" ".join(words).lower(),
        )


def _words(token: Token) -> str:
    """Text of inline content or of a block of code."""
    if not token.children:
        return token.content
    return "".join(" " if child.type == "softbreak" else child.content for child in token.children)


def _fence(_: RendererHTML, tokens: Sequence[Token], place: int, *_rest: object) -> str:
    code, language = tokens[place].content, tokens[place].info.strip()
    block = f'<pre class="block" tabindex="0"><code>{escape(code)}</code></pre>\n'
    if language != "mermaid":
        return block
    if code.startswith("stateDiagram"):
        return _transitions(code)
    return f"<details><summary>The drawing as text (Mermaid)</summary>{block}</details>\n"


def _transitions(code: str) -> str:
    """A state diagram as a table: nothing draws Mermaid here, and who reads on a phone is glad of it."""
    rows = "".join(
        f'<tr><th scope="row">{_state(start)}</th><td>{_state(end)}</td><td>{escape(why)}</td></tr>'
        for start, end, why in _ARROW.findall(code)
    )
    head = '<thead><tr><th scope="col">From</th><th scope="col">To</th><th scope="col">When</th></tr></thead>'
    return (
        f'{_TABLE}<caption class="vh">States and what follows them</caption>{head}<tbody>{rows}</tbody>{_END}'
    )


def _state(name: str) -> str:
    return "<em>start</em>" if name == "[*]" else f"<code>{escape(name)}</code>"


def _heading_open(_: RendererHTML, tokens: Sequence[Token], place: int, *_rest: object) -> str:
    return f'<{tokens[place].tag} id="{escape(str(tokens[place].attrGet("id")))}">'


def _heading_close(_: RendererHTML, tokens: Sequence[Token], place: int, *_rest: object) -> str:
    anchor, title = str(tokens[place - 2].attrGet("id")), _words(tokens[place - 1])
    label = escape(f"Link to: {title}")
    return (
        f' <a class="doc__here" href="#{escape(anchor)}" aria-label="{label}">#</a></{tokens[place].tag}>\n'
    )


def _image(_: RendererHTML, tokens: Sequence[Token], place: int, *_rest: object) -> str:
    """A picture of the library at its own size, which opens alone when clicked; others leave their words."""
    name = str(tokens[place].meta["picture"]).removeprefix("docs/")
    words, file = escape(_words(tokens[place])), pictures().get(name)
    if file is None:
        return words
    url = reverse("admin:help_picture", args=[name])
    size = "".join(
        f' {side}="{pixels}"' for side, pixels in zip(("width", "height"), _size(file), strict=False)
    )
    return f'<a class="doc__shot" href="{url}"><img src="{url}" alt="{words}" loading="lazy"{size}></a>'


def _size(file: Path) -> tuple[int, ...]:
    """Width and height of a PNG in pixels, out of its head; nothing if it is none."""
    with file.open("rb") as opened:
        head = opened.read(24)
    return cast("tuple[int, ...]", struct.unpack(">II", head[16:24])) if head.startswith(_PNG) else ()


def _anchor(_: RendererHTML, tokens: Sequence[Token], place: int, *_rest: object) -> str:
    return f'<a id="{escape(str(tokens[place].attrGet("id")))}"></a>'


_TABLE = (
    '<div class="sheet sheet--scroll" tabindex="0" role="group" aria-label="Table"><table class="ledger">'
)
_END = "</table></div>\n"

_RULES = {
    "anchor_tag": _anchor,
    "table_open": lambda *_: _TABLE,
    "table_close": lambda *_: _END,
    "fence": _fence,
    "heading_open": _heading_open,
    "heading_close": _heading_close,
    "image": _image,
}
