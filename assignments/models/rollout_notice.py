"""Mails to the signers about the rollout."""

from django.conf import settings
from django.db import models

from assignments.models.ledger import LedgerEntry
from observability.models import Notice, due_index, rules_of_notices


class RolloutNotice(Notice):
    """A record that one signer is told of by mail."""

    record = models.ForeignKey(LedgerEntry, on_delete=models.PROTECT, related_name="notices")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "rollout_notices"
        indexes = [due_index("rollout_notices")]
        constraints = [
            models.UniqueConstraint(fields=["record", "user"], name="rollout_notices_once"),
            *rules_of_notices("rollout_notices"),
        ]

    def __str__(self) -> str:
        return f"record {self.record_id} to {self.user_id}"
