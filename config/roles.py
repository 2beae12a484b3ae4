"""The groups people work in, and what each may do. Written here, kept true by `migrate`.

A person may be in several groups. Which restaurants somebody works for is kept apart from what they may
do there (`bookings.scopes`); groups that answer for all restaurants hold the right to every one.
Groups of one's own are left alone, so a mix that is missing here is made as another group.
"""

from collections.abc import Mapping
from types import MappingProxyType

from django.apps import AppConfig
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

OPS_AGENT = "ops agent"
OPS_LEAD = "ops lead"
PRODUCT_OWNER = "product owner"
QA_LEAD = "QA lead"
ENGINEERING_LEAD = "engineering lead"
ON_CALL = "on-call engineer"
MANAGER = "engineering manager"
VIEWER = "viewer"
#: No role of the product's: it makes accounts and puts people in groups, and does nothing else.
ACCESS_ADMINISTRATOR = "access administrator"


def _all(app: str, models: str, actions: str = "view") -> frozenset[str]:
    """Every action on every model, such as `bookings.add_zone`."""
    return frozenset(f"{app}.{action}_{model}" for model in models.split() for action in actions.split())


_EVERYWHERE = frozenset({"bookings.every_restaurant"})
_FLOOR_PLAN = (
    "restaurant zone table adjacency combination combinationtable serviceperiod closure turntime pacinglimit"
)
_VIEW_SERVICE = (
    _all(
        "bookings",
        f"{_FLOOR_PLAN} tableblock booking allocation statechange bookingmove changewish outboxmessage",
    )
    | _all("assignments", "attempt nowfit slot reviewcase casenote casepresence resolution queueview")
    | _all("observability", "event")
)
_VIEW_ROLLOUT = _all(
    "assignments",
    "shadowcomparison cohort flagstate flagoverride flagchange flagacknowledgement flagproposal flagdecision"
    " gatepolicy phase snapshot checklisttick incident knownissue remark ledgerentry importedevidence"
    " signoff signature gateoverride guardstanding rolloutnotice",
)
_ROLL_OUT = frozenset({"assignments.propose_phase", "assignments.work_rollout"})
_ROLL_BACK = frozenset({"assignments.roll_back"})
_EDIT_POLICY = frozenset({"assignments.edit_policy"})
_VIEW_WEBHOOKS = _all("bookings", "webhookendpoint webhookdelivery")
_OPEN_ENDPOINTS = _all("bookings", "webhookendpoint", "add change")
_CHANNELS = _all("bookings", "channeltoken", "view add change") | _all("bookings", "apianswer")
_IMPORT = _all("bookings", "importrun importreject") | {"bookings.import_booking"}
_EXPORT = frozenset({"bookings.export_booking", "observability.export_event"})
_ERASE_GUESTS = frozenset({"bookings.erase_guest", "bookings.view_guesterasure"})
_DECIDE_MAILS = frozenset({"bookings.resend_mail"})
_DECIDE_WEBHOOKS = frozenset({"bookings.resend_webhook"})
_VIEW_QUEUE = _all("django_q", "ormq success failure schedule")
_VIEW_ALERTS = _all("observability", "alert alertchange alertnotice rulestanding servicetiming")
_ACKNOWLEDGE = _VIEW_ALERTS | {"observability.acknowledge_alert"}
_REVIEW = frozenset({"assignments.work_review", "assignments.takeover_review"})
_LEAD_REVIEW = _REVIEW | {
    "assignments.override_review", "assignments.bulk_review", "assignments.share_review_view",
}  # fmt: skip
_RESCUE = frozenset({"assignments.requeue_stuck"})
_SEE_AUDIT = frozenset({"observability.view_audit"})
_EXPORT_AUDIT = _SEE_AUDIT | {"observability.export_audit"}
_KILL_FLAGS = frozenset({"assignments.kill_flags"})
_DECIDE_FLAGS = _KILL_FLAGS | {"assignments.approve_flags"}
_CHANGE_FLAGS = _DECIDE_FLAGS | {"assignments.change_flags"}
_SERVE = _all("bookings", "booking", "add change") | _all("bookings", "tableblock", "add change delete")
_PLAN_FLOORS = _all("bookings", _FLOOR_PLAN, "add change delete") | {"bookings.import_floor_plan"}

_ACCOUNTS = (
    _all("auth", "user", "view add change")
    | _all("auth", "group")
    | _all("bookings", "staffrestaurant", "view add change delete")
    | _all("bookings", "restaurant")
    | {"access.manage_sign_in"}
)

#: Permissions of each group, as `app.codename`.
ROLES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        OPS_AGENT: _VIEW_SERVICE | _SERVE | _REVIEW,
        OPS_LEAD: _VIEW_SERVICE
        | _VIEW_WEBHOOKS
        | _SERVE
        | _LEAD_REVIEW
        | _PLAN_FLOORS
        | _DECIDE_MAILS
        | _DECIDE_WEBHOOKS
        | _RESCUE
        | _IMPORT
        | _EXPORT
        | _ERASE_GUESTS
        | _ACKNOWLEDGE
        | _EXPORT_AUDIT
        | _EVERYWHERE,
        PRODUCT_OWNER: _VIEW_SERVICE
        | _VIEW_ROLLOUT
        | _VIEW_ALERTS
        | _EXPORT
        | _EXPORT_AUDIT
        | _EVERYWHERE
        | _ROLL_OUT
        | {"assignments.sign_as_product_owner"},
        QA_LEAD: _VIEW_SERVICE
        | _VIEW_ROLLOUT
        | _VIEW_ALERTS
        | _SEE_AUDIT
        | _EVERYWHERE
        | _ROLL_OUT
        | {"assignments.sign_as_qa_lead"},
        ENGINEERING_LEAD: _VIEW_SERVICE
        | _VIEW_WEBHOOKS
        | _VIEW_ROLLOUT
        | _VIEW_QUEUE
        | _OPEN_ENDPOINTS
        | _CHANNELS
        | _DECIDE_WEBHOOKS
        | _ACKNOWLEDGE
        | _CHANGE_FLAGS
        | _EXPORT_AUDIT
        | _EVERYWHERE
        | _ROLL_OUT
        | _ROLL_BACK
        | _EDIT_POLICY
        | {"assignments.sign_as_engineering_lead"},
        ON_CALL: _VIEW_SERVICE
        | _VIEW_WEBHOOKS
        | _VIEW_ROLLOUT
        | _VIEW_QUEUE
        | _DECIDE_MAILS
        | _DECIDE_WEBHOOKS
        | _RESCUE
        | _ACKNOWLEDGE
        | _CHANGE_FLAGS
        | _SEE_AUDIT
        | _EVERYWHERE
        | _ROLL_OUT
        | _ROLL_BACK
        | {"assignments.sign_as_on_call"},
        MANAGER: _VIEW_SERVICE
        | _VIEW_ROLLOUT
        | _VIEW_QUEUE
        | _ACKNOWLEDGE
        | _DECIDE_FLAGS
        | _ERASE_GUESTS
        | _EXPORT_AUDIT
        | _EVERYWHERE
        | _ROLL_OUT
        | _ROLL_BACK
        | _EDIT_POLICY
        | {"assignments.sign_as_manager", "assignments.override_gate"},
        VIEWER: _VIEW_SERVICE | _VIEW_ROLLOUT | _VIEW_ALERTS | _SEE_AUDIT,
        ACCESS_ADMINISTRATOR: _ACCOUNTS | _EVERYWHERE,
    }
)


_APPS = {code.split(".")[0] for codes in ROLES.values() for code in codes}


def grant(sender: AppConfig, using: str, **_: object) -> None:
    """Give each group exactly its permissions of one app, which are made first where they are missing."""
    if sender.label not in _APPS:
        return
    create_permissions(sender, using=using, verbosity=0)
    known = {
        f"{sender.label}.{permission.codename}": permission
        for permission in Permission.objects.using(using).filter(content_type__app_label=sender.label)
    }
    for name, wanted in ROLES.items():
        group, _created = Group.objects.using(using).get_or_create(name=name)
        held = set(group.permissions.filter(content_type__app_label=sender.label))
        right = {known[code] for code in wanted & known.keys()}
        if held != right:
            group.permissions.remove(*(held - right))
            group.permissions.add(*(right - held))
