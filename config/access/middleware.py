"""Every request of somebody signed in: is the session still within its limits?"""

from collections.abc import Callable

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from config.access import records, sessions
from config.access.written import written_in


class SessionLimitsMiddleware:
    """Ends sessions that are idle or old, or lack a second step that is required by now.

    Strangers' requests are left alone, so that their answers do not depend on cookies. Costs no query,
    but one a minute that writes down that the person is there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or SESSION_KEY not in request.session:
            return self._get_response(request)
        why = sessions.why_over(request.session)
        if why:
            return _over(request, why)
        if _is_a_sign_of_the_person(request):
            sessions.note_activity(request.session)
        return self._get_response(request)


def _is_a_sign_of_the_person(request: HttpRequest) -> bool:
    """Not what a page asks for by itself: live parts, and the heartbeat of a review's lease."""
    by_script = request.headers.get("HX-Request") == "true"
    return not (by_script and (request.method == "GET" or request.path.endswith("/presence/")))


def _over(request: HttpRequest, why: str) -> HttpResponse:
    """Lead to the sign-in and from there back; what a form held is shown, so that nothing is lost unseen."""
    records.record("session.ended", user=int(request.session[SESSION_KEY]), reason=why)
    logout(request)
    if request.headers.get("HX-Request") == "true":
        return _over_for_script(request)
    if request.method in ("GET", "HEAD"):
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))
    context = {
        **admin.site.each_context(request),
        "title": "Signed out",
        "why": why,
        "written": written_in(request),
        "back": _page_before(request),
    }
    page = TemplateResponse(request, "access/over.html", context, status=401)
    page.headers["Cache-Control"] = "no-store"
    return page.render()


def _over_for_script(request: HttpRequest) -> HttpResponse:
    """A live part stops and says so; what somebody clicked opens the sign-in."""
    refused = HttpResponse(status=401)
    if request.method != "GET":
        refused.headers["HX-Redirect"] = redirect_to_login(_page_before(request), reverse("admin:login")).url
    return refused


def _page_before(request: HttpRequest) -> str:
    """The page of this site that the request came from, as a path."""
    told = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    here = f"{request.scheme}://{request.get_host()}"
    return told.removeprefix(here) if told.startswith(f"{here}/") else reverse("admin:index")
