"""A whole file of floor plans: all of its restaurants become as it says, or none does."""

from collections.abc import Callable
from datetime import datetime

from django.db import IntegrityError, transaction

from bookings.imports.errors import FileError
from bookings.imports.floor_plan.applying import Imported, import_plan
from bookings.imports.floor_plan.document import slug_in
from bookings.imports.floor_plan.files import Document, documents
from bookings.imports.floor_plan.reading import PlanError, Problem
from bookings.models import Restaurant


class PlanFileError(FileError):
    """A file that is no floor plan; `problems` tell each with its line or path. Nothing was changed."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(("nothing was changed", *problems)))
        self.problems = problems


@transaction.atomic
def import_file(
    *,
    content: bytes,
    is_csv: bool,
    now: datetime,
    actor_id: int | None = None,
    may_change: Callable[[int | None], bool] = lambda _: True,
    dry_run: bool = False,
) -> list[Imported]:
    """Create or change the restaurants of a file, in its order.

    `may_change` says whether the restaurant of an id may be changed, or, of None, whether a new one may be
    made. Raises FileError, or PlanFileError with all problems of a restaurant; then nothing is changed.
    """
    imported = []
    for document in documents(content, is_csv=is_csv):
        try:
            _check_allowed(document, may_change)
            imported.append(import_plan(content=document.content, now=now, actor_id=actor_id))
        except PlanError as error:
            raise PlanFileError(*(document.located(problem) for problem in error.problems)) from error
        except IntegrityError as error:
            rule = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
            raise PlanFileError(f"the plan breaks the rule {rule}") from error
    transaction.set_rollback(dry_run)
    return imported


def _check_allowed(document: Document, may_change: Callable[[int | None], bool]) -> None:
    slug = slug_in(document.content)
    known = Restaurant.objects.filter(slug=slug).values_list("pk", flat=True).first()
    if not may_change(known):
        what = f"{slug!r} is no restaurant of yours" + ("" if known else ", nor one that you may create")
        raise PlanError([Problem(path=("restaurant",), reason=what)])
