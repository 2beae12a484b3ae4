"""Imports in the console: the file while it is needed, how far it got, what was refused."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from bookings.models.floor_plan import Restaurant


class ImportStatus(models.TextChoices):
    """A draft waits for its person; running ones are worked on by tasks."""

    DRAFT = "draft"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ImportRun(models.Model):
    """One uploaded file. Its content holds personal data and goes as soon as the import has ended.

    One that failed keeps it for a while if it can be gone on with.
    """

    filename = models.CharField(max_length=200)
    content = models.BinaryField(null=True)
    size = models.PositiveIntegerField(help_text="Bytes.")
    columns = ArrayField(models.TextField(), help_text="The header.")
    mapping = models.JSONField(default=dict, help_text="Column to field.")
    restaurant = models.ForeignKey(
        Restaurant,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Of all rows; empty: a column says it.",
    )
    timezone = models.CharField(max_length=64, blank=True, help_text="Empty: each restaurant's own.")
    as_history = models.BooleanField(default=False, help_text="Past bookings: not assigned, not mailed.")
    by_staff = models.BooleanField(default=False, help_text="Large parties and arrivals above pacing too.")
    create_restaurants = models.BooleanField(default=False, help_text="Unknown ones, from the template.")
    status = models.CharField(max_length=16, choices=ImportStatus, default=ImportStatus.DRAFT)
    rows = models.PositiveIntegerField(default=0, help_text="Looked at so far.")
    position = models.PositiveIntegerField(default=0, help_text="Bytes read so far.")
    imported = models.PositiveIntegerField(default=0)
    already_there = models.PositiveIntegerField(default=0)
    renamed = models.PositiveIntegerField(default=0, help_text="Imported under a new reference.")
    rejected = models.PositiveIntegerField(default=0)
    restaurants_made = ArrayField(models.TextField(), default=list, blank=True)
    attempts = models.PositiveSmallIntegerField(
        default=0,
        help_text="Slices begun since the last rows were imported; more than one: workers were lost.",
    )
    problem = models.CharField(max_length=500, blank=True, help_text="Why it failed.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "import_runs"
        ordering = ["-created_at"]
        permissions = [("import_booking", "Can import bookings from files")]
        constraints = [
            models.CheckConstraint(
                name="import_runs_content_while_needed",
                condition=Q(status__in=["draft", "running"], content__isnull=False, finished_at__isnull=True)
                | Q(status="done", content__isnull=True, finished_at__isnull=False)
                | Q(status="failed", finished_at__isnull=False),
            ),
            models.CheckConstraint(
                name="import_runs_rows_add_up",
                condition=Q(rows=models.F("imported") + models.F("already_there") + models.F("rejected")),
            ),
        ]

    def __str__(self) -> str:
        return self.filename


class ImportReject(models.Model):
    """A row that was not imported. The cells hold personal data, the reason does not."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="rejects")
    line = models.PositiveIntegerField(help_text="Where the row begins in the file, from 1.")
    reason = models.TextField()
    cells = ArrayField(models.TextField())

    class Meta:
        db_table = "import_rejects"
        ordering = ["run_id", "line"]
        constraints = [
            models.UniqueConstraint(fields=["run", "line"], name="import_rejects_line_once"),
            models.CheckConstraint(name="import_rejects_have_a_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"
