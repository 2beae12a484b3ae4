"""Tokens with which channels use the HTTP API. The secret itself is never kept."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from bookings.models.floor_plan import Restaurant


class TokenRight(models.TextChoices):
    """What a token may do; each right stands for itself."""

    READ = "read"
    WRITE = "write"
    SERVICE = "service"


class ChannelToken(models.Model):
    """One channel's access to the API, for some restaurants or all, until it expires or is revoked.

    The secret has 256 random bits, so a plain SHA-256 of it cannot be turned back; a slow hash would
    cost every request and add nothing. Who finds the table can read prefixes, which open nothing.
    """

    channel = models.CharField(max_length=40, help_text="Bookings made with it come from this channel.")
    label = models.CharField(max_length=80, blank=True, help_text="What it is for, such as: web shop, live.")
    prefix = models.CharField(max_length=8, unique=True, editable=False, help_text="Public part.")
    digest = models.CharField(max_length=64, editable=False)
    restaurants = models.ManyToManyField(Restaurant, blank=True, related_name="channel_tokens")
    all_restaurants = models.BooleanField(default=False, help_text="Those to come included.")
    rights = ArrayField(models.CharField(max_length=8, choices=TokenRight))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+",
        help_text="Empty: made on the command line.",
    )  # fmt: skip
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False, help_text="To the hour.")

    class Meta:
        db_table = "channel_tokens"
        ordering = ["channel", "-id"]
        constraints = [
            models.CheckConstraint(name="channel_tokens_named", condition=~Q(channel="") & ~Q(prefix="")),
            models.CheckConstraint(name="channel_tokens_hashed", condition=Q(digest__regex="^[0-9a-f]{64}$")),
            models.CheckConstraint(
                name="channel_tokens_rights_known",
                condition=~Q(rights__len=0) & Q(rights__contained_by=TokenRight.values),
            ),
            models.CheckConstraint(
                name="channel_tokens_expire_after_creation", condition=Q(expires_at__gt=F("created_at"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.prefix}"
