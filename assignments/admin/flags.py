"""Flags in the console's records. View-only: their use cases change them and tell the workers."""

from django.contrib import admin
from django.utils.safestring import SafeString

from assignments.models import (
    Cohort,
    FlagAcknowledgement,
    FlagChange,
    FlagDecision,
    FlagOverride,
    FlagProposal,
    FlagState,
)
from observability.admin import ViewOnlyAdmin, utc_moment


@admin.register(Cohort)
class CohortAdmin(ViewOnlyAdmin[Cohort]):
    list_display = ["label", "percentage", "size", "created"]
    search_fields = ["label"]
    ordering = ["-id"]
    fields = ["label", "percentage", "salt", "restaurants", "created"]
    readonly_fields = ["created"]

    @admin.display(description="Restaurants")
    def size(self, cohort: Cohort) -> int:
        return len(cohort.restaurants)

    @admin.display(description="Frozen")
    def created(self, cohort: Cohort) -> SafeString | str:
        return utc_moment(cohort.created_at)


@admin.register(FlagState)
class FlagStateAdmin(ViewOnlyAdmin[FlagState]):
    list_display = ["version", "cohort", "shadow", "killed", "max_parallel", "changed"]
    list_select_related = ["cohort"]
    ordering = ["id"]
    fields = ["version", "cohort", "shadow", "killed", "max_parallel", "changed"]
    readonly_fields = ["changed"]

    @admin.display(description="Changed")
    def changed(self, state: FlagState) -> SafeString | str:
        return utc_moment(state.changed_at)


@admin.register(FlagOverride)
class FlagOverrideAdmin(ViewOnlyAdmin[FlagOverride]):
    restaurant_path = "restaurant"
    list_display = ["flag", "restaurant", "percentage", "reason", "author", "expires", "created"]
    list_filter = ["flag"]
    list_select_related = ["restaurant"]
    search_fields = ["restaurant__name", "reason"]
    ordering = ["-id"]
    fields = ["flag", "restaurant", "percentage", "reason", "author", "expires", "created"]
    readonly_fields = ["expires", "created"]

    @admin.display(description="Until", ordering="expires_at")
    def expires(self, override: FlagOverride) -> SafeString | str:
        return utc_moment(override.expires_at) if override.expires_at else "cleared"

    @admin.display(description="Set")
    def created(self, override: FlagOverride) -> SafeString | str:
        return utc_moment(override.created_at)


@admin.register(FlagChange)
class FlagChangeAdmin(ViewOnlyAdmin[FlagChange]):
    restaurant_path = "restaurant_id"
    list_display = ["version", "flag", "restaurant", "from_value", "to_value", "reason", "author", "created"]
    list_filter = ["flag"]
    list_select_related = ["restaurant"]
    search_fields = ["restaurant__name", "reason", "author"]
    ordering = ["-version"]
    fields = ["version", "flag", "restaurant", "from_value", "to_value", "reason", "author", "created"]
    readonly_fields = ["created"]

    @admin.display(description="Changed")
    def created(self, change: FlagChange) -> SafeString | str:
        return utc_moment(change.created_at)


@admin.register(FlagAcknowledgement)
class FlagAcknowledgementAdmin(ViewOnlyAdmin[FlagAcknowledgement]):
    list_display = ["worker", "version", "acknowledged", "seen", "started"]
    search_fields = ["worker"]
    ordering = ["-seen_at"]
    fields = ["worker", "version", "pins", "acknowledged", "seen", "started"]
    readonly_fields = ["acknowledged", "seen", "started"]

    @admin.display(description="Runs it since")
    def acknowledged(self, worker: FlagAcknowledgement) -> SafeString | str:
        return utc_moment(worker.acknowledged_at)

    @admin.display(description="Last heard of", ordering="seen_at")
    def seen(self, worker: FlagAcknowledgement) -> SafeString | str:
        return utc_moment(worker.seen_at)

    @admin.display(description="Started")
    def started(self, worker: FlagAcknowledgement) -> SafeString | str:
        return utc_moment(worker.started_at)


@admin.register(FlagProposal)
class FlagProposalAdmin(ViewOnlyAdmin[FlagProposal]):
    list_display = ["id", "base_version", "wanted", "reason", "proposer", "created"]
    list_select_related = ["proposer"]
    search_fields = ["reason", "proposer__username"]
    ordering = ["-id"]
    fields = ["base_version", "wanted", "effect", "reason", "proposer", "created"]
    readonly_fields = ["created"]

    @admin.display(description="Proposed")
    def created(self, proposal: FlagProposal) -> SafeString | str:
        return utc_moment(proposal.created_at)


@admin.register(FlagDecision)
class FlagDecisionAdmin(ViewOnlyAdmin[FlagDecision]):
    list_display = ["proposal", "outcome", "version", "reason", "actor", "created"]
    list_filter = ["outcome"]
    list_select_related = ["proposal", "actor"]
    search_fields = ["reason", "actor__username"]
    ordering = ["-id"]
    fields = ["proposal", "outcome", "version", "reason", "actor", "created"]
    readonly_fields = ["created"]

    @admin.display(description="Decided")
    def created(self, decision: FlagDecision) -> SafeString | str:
        return utc_moment(decision.created_at)
