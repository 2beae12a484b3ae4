"""The data map: what every text, JSON and binary column of every table may hold.

Data, not code: floors above are named by their models' labels. A test compares it with the models, so that
a new column has to be classified. `docs/data-protection.md` tells it to people.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from django.db.models import Q

from bookings.privacy.identity import ERASED


@dataclass(frozen=True, kw_only=True, slots=True)
class Theirs:
    """The guest's bookings, and the words on them that tell who the guest is."""

    ids: tuple[int, ...]
    references: tuple[str, ...]
    emails: frozenset[str]
    phones: frozenset[str]
    names: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A table that holds guests' data or may, and what becomes of each column.

    `theirs` finds the rows about the guest's bookings; without it a row is found by what it quotes.
    `guest` columns are replaced whole, with what is given, in rows of theirs and where `quoting` columns
    quote the guest. In `words` the guest's words are replaced, in every row; `keys` that quote the guest are
    replaced whole, and stay unique. `facts` are handed out with the rest.
    """

    name: str
    theirs: Callable[[Theirs], Q] | None = None
    guest: Mapping[str, object] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    quoting: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()


def _of_bookings(path: str) -> Callable[[Theirs], Q]:
    return lambda theirs: Q(**{f"{path}__in": theirs.ids})


def _log_of_bookings(theirs: Theirs) -> Q:
    """Django's log names objects by text."""
    return Q(
        content_type__app_label="bookings",
        content_type__model="booking",
        object_id__in=[str(pk) for pk in theirs.ids],
    )


#: Tables with guests' data, by model.
GUEST_DATA: Mapping[str, Held] = MappingProxyType(
    {
        "bookings.OutboxMessage": Held(
            name="mails",
            theirs=_of_bookings("booking"),
            words=("last_error",),
            facts=("booking__reference", "kind", "status", "created_at", "sent_at"),
        ),
        "bookings.WebhookDelivery": Held(
            name="webhook deliveries",
            theirs=_of_bookings("booking"),
            words=("last_error",),
            facts=("booking__reference", "event", "endpoint__channel", "status", "sent_at"),
        ),
        "bookings.ChangeWish": Held(
            name="change wishes",
            theirs=_of_bookings("booking"),
            facts=("booking__reference", "party_size", "start_at", "end_at", "status", "created_at"),
        ),
        "bookings.ApiAnswer": Held(
            name="kept API answers",
            theirs=lambda theirs: Q(body__reference__in=theirs.references),
            # A repeat of the request no longer fits it and is refused rather than booked again.
            guest={"digest": ERASED},
            words=("body",),
            keys=("key",),
            facts=("channel", "created_at"),
        ),
        "bookings.ImportReject": Held(
            name="rejected rows of imports",
            guest={"cells": []},
            words=("reason",),
            quoting=("cells",),
            facts=("run__filename", "line"),
        ),
        "bookings.ImportRun": Held(name="imports", words=("filename", "columns", "mapping", "problem")),
        "assignments.CaseNote": Held(
            name="notes on reviews",
            theirs=_of_bookings("case__booking"),
            guest={"text": ERASED},
            words=("text",),
            facts=("case__booking__reference", "created_at"),
        ),
        "assignments.ReviewCase": Held(
            name="reviews",
            theirs=_of_bookings("booking"),
            guest={"snooze_reason": ERASED},
            words=("snooze_reason", "fixes"),
            facts=("booking__reference", "opened_at", "closed_at"),
        ),
        "assignments.Resolution": Held(
            name="outcomes of reviews",
            theirs=_of_bookings("case__booking"),
            guest={"override_reason": ERASED},
            words=("override_reason", "sentence", "before"),
            facts=("case__booking__reference", "kind", "created_at"),
        ),
        "assignments.QueueView": Held(name="saved views of the queue", words=("query",), keys=("name",)),
        "bookings.TableBlock": Held(name="blocked tables", words=("reason",)),
        "bookings.Closure": Held(name="closures", words=("reason",)),
        "admin.LogEntry": Held(
            name="log of actions",
            theirs=_log_of_bookings,
            words=("object_repr", "change_message"),
            facts=("action_time",),
        ),
        "bookings.Booking": Held(
            name="bookings",
            theirs=_of_bookings("pk"),
            guest={"guest_name": "", "guest_email": "", "guest_phone": "", "notes": "", "request_digest": ""},
            words=("notes",),
            keys=("idempotency_key",),
            facts=(
                "reference", "restaurant__name", "party_size", "start_at", "end_at", "status", "channel",
                "requires", "created_at",
            ),
        ),
    }
)  # fmt: skip

#: Columns with guests' data that are no text to search: `files` sees to them.
IN_FILES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"bookings.ImportRun": ("content",), "sessions.Session": ("session_data",)}
)

#: Columns about people who work here: names, and what they give as reasons for what they decide about
#: flags, the rollout and alerts. No guest belongs there, and most of it can never be changed.
STAFF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "auth.User": ("password", "username", "first_name", "last_name", "email"),
        # Gone once the lock is over and somebody signs in or out.
        "axes.AccessAttempt": ("username", "user_agent"),
        "assignments.FlagOverride": ("reason", "author"),
        "assignments.FlagChange": ("reason", "author"),
        "assignments.FlagProposal": ("reason",),
        "assignments.FlagDecision": ("reason",),
        "assignments.GatePolicy": ("reason", "author"),
        "assignments.Phase": ("author",),
        "assignments.ChecklistTick": ("note",),
        "assignments.Incident": ("title", "detail", "resolution"),
        "assignments.KnownIssue": ("title", "owner", "resolution"),
        "assignments.Remark": ("text",),
        "assignments.LedgerEntry": ("author", "body"),
        "assignments.SignOff": ("reason", "ended_why"),
        "assignments.Signature": ("reason",),
        "assignments.GateOverride": ("reason",),
    }
)

#: Codes, ids, figures, settings of ours and of channels: nobody is told by them.
PLAIN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "bookings.ApiAnswer": ("channel",),
        "bookings.Restaurant": ("slug", "name", "timezone", "contact_email"),
        "bookings.Zone": ("name", "kind"),
        "bookings.Table": ("number", "attributes"),
        "bookings.Combination": ("name",),
        "bookings.Booking": (
            "reference", "status", "channel", "requires", "assignment_state", "assignment_strategy",
            "assignment_path", "auto_assign_last_result",
        ),
        "bookings.StateChange": ("from_state", "to_state", "reason", "metadata"),
        "bookings.BookingMove": ("from_tables", "to_tables", "cause"),
        "bookings.ServicePeriod": ("name",),
        "bookings.TurnTime": ("service_name",),
        "bookings.ChannelToken": ("channel", "label", "prefix", "digest", "rights"),
        "bookings.ImportRun": ("timezone", "status", "restaurants_made"),
        "bookings.OutboxMessage": ("kind", "status", "message_id"),
        "bookings.WebhookEndpoint": ("channel", "url", "events", "salt", "disabled_reason"),
        "bookings.WebhookDelivery": ("event", "booking_status", "status"),
        "bookings.ChangeWish": ("requires", "reason", "status"),
        "bookings.GuestErasure": ("proofs", "rows"),
        "assignments.Attempt": ("strategy", "result", "reason", "metadata"),
        "assignments.ShadowComparison": (
            "class", "noise_class", "detail", "legacy_outcome", "legacy_reason", "legacy_tables",
            "v3_outcome", "v3_reason", "v3_tables", "v3_moves", "v3_strategy", "v3_rung",
        ),
        "assignments.Cohort": ("label", "salt", "restaurants"),
        "assignments.FlagOverride": ("flag",),
        "assignments.FlagChange": ("flag", "from_value", "to_value"),
        "assignments.FlagAcknowledgement": ("worker", "pins"),
        "assignments.FlagProposal": ("wanted", "effect"),
        "assignments.FlagDecision": ("outcome",),
        "assignments.GatePolicy": ("phase", "rules", "digest"),
        "assignments.Phase": ("key", "environment", "baseline", "left_how"),
        "assignments.Snapshot": ("inputs", "results", "digest"),
        "assignments.ChecklistTick": ("item",),
        "assignments.Incident": ("severity",),
        "assignments.KnownIssue": ("severity",),
        "assignments.Remark": ("kind",),
        "assignments.LedgerEntry": ("kind", "previous", "digest"),
        "assignments.ImportedEvidence": ("environment", "phase", "chain_head", "file_digest", "summary"),
        "assignments.GuardStanding": ("given", "evidence", "blind_to"),
        "assignments.NowFit": ("tables", "strategy"),
        "assignments.ReviewCase": ("reason", "closed_to"),
        "assignments.Resolution": ("kind", "fix", "moves"),
        "assignments.RolloutNotice": ("status", "last_error"),
        "assignments.SignOff": ("decision", "target", "digest", "ended"),
        "assignments.Signature": ("role", "digest"),
        "assignments.GateOverride": ("gate",),
        "observability.RuleStanding": ("rule", "state", "detail"),
        "observability.Alert": ("rule", "priority", "state", "detail"),
        "observability.AlertChange": ("to_state",),
        "observability.AlertNotice": ("channel", "status", "last_error"),
        "observability.Event": ("source", "event_type", "severity", "context"),
        "observability.ServiceTiming": ("kind",),
        "admin.LogEntry": ("object_id",),
        "auth.Permission": ("name", "codename"),
        "auth.Group": ("name",),
        "contenttypes.ContentType": ("app_label", "model"),
        "sessions.Session": ("session_key",),
        # Secrets are sealed, codes are hashes.
        **dict.fromkeys(("access.Authenticator", "otp_totp.TOTPDevice"), ("name", "key")),
        "otp_static.StaticDevice": ("name",),
        "otp_static.StaticToken": ("token",),
        "axes.AccessAttempt": ("http_accept", "path_info", "get_data", "post_data"),
        # Switched off.
        "axes.AccessLog": (
            "username", "user_agent", "http_accept", "path_info", "session_hash",
        ),
        "axes.AccessFailureLog": ("username", "user_agent", "http_accept", "path_info"),
        # Tasks carry ids; of one that failed `task_failures` keeps no message.
        **dict.fromkeys(
            ("django_q.Task", "django_q.Success", "django_q.Failure"),
            ("id", "name", "func", "hook", "args", "kwargs", "result", "group", "cluster"),
        ),
        "django_q.Schedule": (
            "name", "func", "hook", "args", "kwargs", "schedule_type", "cron", "task", "cluster",
            "intended_date_kwarg",
        ),
        "django_q.OrmQ": ("key", "payload"),
    }
)  # fmt: skip
