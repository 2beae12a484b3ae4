"""Documents, their pictures and the search over them. Everybody who may sign in may read."""

from typing import Any

from django.contrib import admin
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from config.console.help.library import pictures
from config.console.help.markdown import Section, Text
from config.console.help.reading import read, search

#: Levels of headings that the list of contents shows.
_LISTED = 3


@require_safe
def help_page(request: HttpRequest, slug: str = "") -> HttpResponse:
    """A document; without a name the page of all. No query of its own."""
    try:
        text = read(slug)
    except KeyError:
        raise Http404("No document has this name.") from None
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": text.title,
        "slug": slug,
        # Out of our own files by a renderer that lets no HTML of theirs pass.
        "body": mark_safe(text.html),  # noqa: S308
        "contents": _contents(text),
    }
    return TemplateResponse(request, "help/page.html", context)


@require_safe
def help_search(request: HttpRequest) -> HttpResponse:
    """Sections of all documents that have the words looked for."""
    wanted = request.GET.get("q", "").strip()[:100]
    context = {
        **admin.site.each_context(request),
        "title": "Search the help",
        "wanted": wanted,
        "found": search(wanted),
    }
    return TemplateResponse(request, "help/search.html", context)


@require_safe
def help_picture(_request: HttpRequest, name: str) -> FileResponse:
    """A picture that stands in a document."""
    file = pictures().get(name)
    if file is None:
        raise Http404("No picture has this name.")
    answer = FileResponse(file.open("rb"), content_type="image/png")
    answer["Cache-Control"] = "private, max-age=3600"
    return answer


def _contents(text: Text) -> list[Section]:
    """What the page's list of contents shows; none for a page of one or two sections."""
    listed = [s for s in text.sections if s.level <= _LISTED and s.title != text.title]
    return listed if len(listed) > 2 else []
