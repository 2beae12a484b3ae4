"""Records of the rollout in the console. View-only: its pages and commands change them, with their rules."""

from typing import Any, TypeVar

from django.contrib import admin
from django.db.models import Model
from django.utils.safestring import SafeString

from assignments.models import (
    ChecklistTick,
    GateOverride,
    GatePolicy,
    GuardStanding,
    ImportedEvidence,
    Incident,
    KnownIssue,
    LedgerEntry,
    Phase,
    Remark,
    RolloutNotice,
    Signature,
    SignOff,
    Snapshot,
)
from observability.admin import ViewOnlyAdmin, utc_moment

Row = TypeVar("Row", bound=Model)


class _Dated(ViewOnlyAdmin[Row]):
    """Rows with a moment; `dated` names its column."""

    dated = "created_at"
    list_display: Any = []
    readonly_fields = ["when"]
    ordering = ["-id"]

    @admin.display(description="Time")
    def when(self, row: Row) -> SafeString | str:
        return utc_moment(getattr(row, self.dated))


class _Ended(_Dated[Row]):
    """Rows that end; `ends` names the column."""

    ends = "closed_at"
    readonly_fields = ["when", "ended_when"]

    @admin.display(description="Ended")
    def ended_when(self, row: Row) -> SafeString | str:
        ended = getattr(row, self.ends)
        return utc_moment(ended) if ended else "open"


@admin.register(GatePolicy)
class GatePolicyAdmin(_Dated[GatePolicy]):
    list_display = ["phase", "version", "author", "reason", "when"]
    list_filter = ["phase"]
    search_fields = ["reason", "author"]
    fields = ["phase", "version", "digest", "author", "reason", "when", "rules"]


@admin.register(Phase)
class PhaseAdmin(_Ended[Phase]):
    dated, ends = "entered_at", "left_at"
    list_display = ["number", "key", "environment", "when", "ended_when", "left_how", "by_rollback", "author"]
    list_filter = ["key", "left_how"]
    search_fields = ["author"]
    ordering = ["-number"]
    fields = [
        "number", "key", "environment", "policy", "cohort", "restaurants", "flag_version", "by_rollback",
        "author", "when", "ended_when", "left_how", "baseline",
    ]  # fmt: skip


@admin.register(Snapshot)
class SnapshotAdmin(_Dated[Snapshot]):
    dated = "taken_at"
    list_display = ["phase", "look", "when", "flag_version", "digest"]
    list_select_related = ["phase"]
    search_fields = ["digest"]
    fields = [
        "phase", "look", "when", "window_start", "window_end", "flag_version", "digest", "results", "inputs",
    ]  # fmt: skip


@admin.register(SignOff)
class SignOffAdmin(_Ended[SignOff]):
    dated = "opened_at"
    list_display = ["phase", "decision", "target", "proposed_by", "when", "ended_when", "ended", "ended_why"]
    list_filter = ["decision", "ended"]
    list_select_related = ["phase", "proposed_by"]
    search_fields = ["reason", "ended_why"]
    fields = [
        "phase", "decision", "target", "reason", "proposed_by", "snapshot", "digest", "when", "ended_when",
        "ended", "ended_why",
    ]  # fmt: skip


@admin.register(Signature)
class SignatureAdmin(_Dated[Signature]):
    dated = "signed_at"
    list_display = ["sign_off", "role", "user", "approves", "reason", "when"]
    list_filter = ["role", "approves"]
    list_select_related = ["sign_off", "user"]
    search_fields = ["user__username", "reason"]
    fields = ["sign_off", "role", "user", "approves", "reason", "digest", "reauthenticated", "when"]


@admin.register(GateOverride)
class GateOverrideAdmin(_Dated[GateOverride]):
    list_display = ["sign_off", "gate", "user", "reason", "when"]
    list_select_related = ["sign_off", "user"]
    search_fields = ["gate", "reason"]
    fields = ["sign_off", "gate", "user", "reason", "when"]


@admin.register(ChecklistTick)
class ChecklistTickAdmin(_Dated[ChecklistTick]):
    list_display = ["phase", "item", "done", "note", "user", "when"]
    list_filter = ["done"]
    list_select_related = ["phase", "user"]
    search_fields = ["item", "note"]
    fields = ["phase", "item", "done", "note", "user", "when"]


@admin.register(Incident)
class IncidentAdmin(_Ended[Incident]):
    dated = "opened_at"
    list_display = ["title", "severity", "phase", "opened_by", "when", "ended_when", "closed_by"]
    list_filter = ["severity"]
    list_select_related = ["phase", "opened_by", "closed_by"]
    search_fields = ["title", "detail"]
    fields = [
        "title", "severity", "phase", "detail", "opened_by", "when", "ended_when", "closed_by", "resolution",
    ]  # fmt: skip


@admin.register(KnownIssue)
class KnownIssueAdmin(_Ended[KnownIssue]):
    dated = "opened_at"
    list_display = ["title", "severity", "owner", "phase", "when", "ended_when"]
    list_filter = ["severity"]
    list_select_related = ["phase"]
    search_fields = ["title", "owner"]
    fields = ["title", "severity", "owner", "phase", "opened_by", "when", "ended_when", "resolution"]


@admin.register(Remark)
class RemarkAdmin(_Dated[Remark]):
    list_display = ["phase", "kind", "author", "when"]
    list_filter = ["kind"]
    list_select_related = ["phase", "author"]
    search_fields = ["text"]
    fields = ["phase", "kind", "author", "text", "when"]


@admin.register(LedgerEntry)
class LedgerEntryAdmin(_Dated[LedgerEntry]):
    dated = "at"
    list_display = ["number", "kind", "phase", "author", "when", "digest"]
    list_filter = ["kind"]
    list_select_related = ["phase"]
    search_fields = ["author", "digest"]
    ordering = ["-number"]
    fields = ["number", "kind", "phase", "author", "when", "body", "previous", "digest"]


@admin.register(ImportedEvidence)
class ImportedEvidenceAdmin(_Dated[ImportedEvidence]):
    dated = "imported_at"
    list_display = ["environment", "phase", "chain_head", "imported_by", "when"]
    list_filter = ["environment"]
    list_select_related = ["imported_by"]
    search_fields = ["chain_head", "file_digest"]
    fields = ["environment", "phase", "chain_head", "file_digest", "imported_by", "when", "summary"]


@admin.register(GuardStanding)
class GuardStandingAdmin(_Dated[GuardStanding]):
    dated = "looked_at"
    list_display = ["phase", "when", "evidence", "blind_to"]
    list_select_related = ["phase"]
    fields = ["phase", "when", "evidence", "blind_to", "given"]


@admin.register(RolloutNotice)
class RolloutNoticeAdmin(_Dated[RolloutNotice]):
    list_display = ["record", "user", "status", "attempts", "when", "last_error"]
    list_filter = ["status"]
    list_select_related = ["record", "user"]
    fields = ["record", "user", "status", "attempts", "when", "due_at", "sent_at", "last_error"]
