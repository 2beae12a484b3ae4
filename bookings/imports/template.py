"""Restaurants that rows name and nobody created yet: made from a template plan."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.text import slugify

from bookings.imports.errors import FileError, RowError
from bookings.imports.floor_plan.applying import import_plan
from bookings.imports.floor_plan.document import read_plan
from bookings.imports.floor_plan.files import documents
from bookings.imports.floor_plan.reading import PlanError
from bookings.models import Restaurant

#: A plain house, to be corrected in the console.
PLAIN = Path(__file__).with_name("template_plan.json")

_LONGEST = 50


def maker(*, path: Path = PLAIN, timezone: str = "", now: datetime) -> Callable[[str], Restaurant]:
    """What makes the restaurant of a name after the plan in a file, with the time zone if one is given.

    Raises FileError for a file that is no plan of one restaurant.
    """
    template = _template(path)
    changed = {"timezone": timezone} if timezone else {}

    def make(name: str) -> Restaurant:
        slug = slugify(name)[:_LONGEST]
        if not slug:
            raise RowError("restaurant", f"{name!r} gives no slug; use a name with a letter or digit")
        if Restaurant.objects.filter(slug=slug).exists():
            raise RowError("restaurant", f"{name!r} is not known, but its slug {slug} is taken; write that")
        try:
            return import_plan(
                content={**template, **changed, "restaurant": slug, "name": name}, now=now
            ).restaurant
        except PlanError as error:
            raise RowError("restaurant", f"{name!r} cannot be created: {error}") from error

    return make


def _template(path: Path) -> Mapping[str, Any]:
    try:
        found = documents(path.read_bytes(), is_csv=path.suffix.lower() == ".csv")
        read_plan(found[0].content)
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from error
    except (PlanError, IndexError) as error:
        raise FileError(f"{path} is no floor plan: {error}") from error
    content = found[0].content
    if len(found) > 1 or not isinstance(content, dict):
        raise FileError(f"{path} has {len(found)} plans; a template is one")
    return content
