"""What somebody had written in a form that came too late to be taken."""

from dataclasses import dataclass

from django.http import HttpRequest

#: Never shown again: what proves something, and Django's own.
SECRET = frozenset(
    {"csrfmiddlewaretoken", "password", "password1", "password2", "old_password", "code", "proof"}
)

#: Texts shown at most; no form of ours has more that somebody typed.
MOST = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    name: str
    text: str


def written_in(request: HttpRequest) -> list[Written]:
    """The fields with what they held, by name; none of a form that was too big to read."""
    found = [
        Written(name=name.replace("_", " "), text=text)
        for name in request.POST
        if name.rpartition("-")[2] not in SECRET and not name.startswith("_")
        for text in request.POST.getlist(name)
        if text.strip()
    ]
    return found[:MOST]
