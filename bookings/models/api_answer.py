"""Answers given under an idempotency key, so that a repeat is answered the same."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class ApiAnswer(models.Model):
    """The answer to one request of a channel. Neither answer nor digest show a guest's data."""

    channel = models.CharField(max_length=40)
    key = models.CharField(max_length=200, help_text="The channel's Idempotency-Key.")
    digest = models.CharField(max_length=64, help_text="Keyed hash of the request.")
    body = models.JSONField(default=dict, help_text="The answer without the guest's fields.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "api_answers"
        ordering = ["-id"]
        verbose_name = "API answer"
        constraints = [
            models.UniqueConstraint(fields=["channel", "key"], name="api_answers_once"),
            models.CheckConstraint(name="api_answers_named", condition=~Q(channel="") & ~Q(key="")),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.key}"
