"""That a guest's data was erased: who did it, when and how much of it. Nothing tells whose it was."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class GuestErasure(models.Model):
    """One erasure. Append-only.

    `proofs` are keyed hashes of what identified the guest: who is given the e-mail address, phone number or
    reference again can tell that it was erased; who reads the table cannot try addresses against it.
    """

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proofs = ArrayField(models.CharField(max_length=64))
    rows = models.JSONField(help_text="Rows and files changed, by what people call the place.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "guest_erasures"
        ordering = ["-id"]
        permissions = [("erase_guest", "Can export and erase a guest's data")]
        constraints = [models.CheckConstraint(name="guest_erasures_proven", condition=~Q(proofs__len=0))]

    def __str__(self) -> str:
        return f"guest erasure {self.pk}"
